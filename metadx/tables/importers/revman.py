"""RevMan 5 review files (.rm5), diagnostic test accuracy.

The format has no public description. What is read is what such a file must hold in some
form: elements that carry TP, FP, FN and TN, the study they name, and the test they stand
under. Whatever else hangs on such an element is kept as a column; what is not read is listed.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from xml.parsers import expat

from metadx.errors import Fault
from metadx.tables.importers.grid import Grid, file_fault

_COUNTS: Final = ("TP", "FP", "FN", "TN")
_OWN: Final = (*_COUNTS, "STUDY_ID", "TEST_ID")


class _DocumentType(Exception):
    """The file declares a document type, with which entities and other files come in."""


def read_revman(path: Path) -> Grid:
    """Read the 2x2 tables of a .rm5 file, one row a study and test."""
    file = path.as_posix()
    data = path.read_bytes()
    problem = _unsafe(path, data)
    if problem:
        return Grid(file, faults=(problem,))
    root = ET.fromstring(data)
    studies = {e.get("ID", ""): e for e in root.iter("STUDY") if e.get("ID")}
    tests = {e.get("ID", ""): _name(e) for e in root.iter() if e.get("ID") and "TEST" in e.tag}
    records: list[dict[str, str]] = []
    faults: list[Fault] = []
    for number, (element, above) in enumerate(_with_ancestors(root), start=1):
        cells = _cells(element)
        if not all(name in cells for name in _COUNTS):
            continue
        study = cells.get("STUDY_ID") or _inherited(above, "STUDY_ID") or _enclosing(above, "STUDY")
        if study not in studies:
            expected = "the ID of a study of this review"
            faults.append(Fault(file, number, study, "STUDY_ID", study, expected, "study"))
        records.append(_record(cells, study, studies, tests, above))
    if not records:
        fault = file_fault(path, "no element with TP, FP, FN and TN", "a diagnostic review", "rm5")
        return Grid(file, faults=(fault,))
    names = tuple(dict.fromkeys(name for record in records for name in record))
    rows = tuple(tuple(record.get(name, "") for name in names) for record in records)
    return Grid(
        file, names, rows, tuple(range(1, len(rows) + 1)), notes=tuple(_notes(root)),
        faults=tuple(faults),
    )  # fmt: skip


def _unsafe(path: Path, data: bytes) -> Fault | None:
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise _DocumentType

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except _DocumentType:
        found = "a document type declaration"
        return file_fault(path, found, "a review file without one; RevMan writes none", "xml")
    except expat.ExpatError as error:
        found = f"XML that is broken in line {error.lineno}"
        return file_fault(path, found, "a review file as RevMan saves it", "xml")
    return None


def _with_ancestors(
    root: ET.Element, above: tuple[ET.Element, ...] = ()
) -> Iterator[tuple[ET.Element, tuple[ET.Element, ...]]]:
    stack = [(root, above)]
    while stack:
        element, path = stack.pop()
        yield element, path
        stack.extend((child, (*path, element)) for child in reversed(element))


def _cells(element: ET.Element) -> dict[str, str]:
    """Values of an element, whether they stand in attributes or in elements below it."""
    below = {child.tag.upper(): (child.text or "").strip() for child in element}
    return below | {name.upper(): value.strip() for name, value in element.attrib.items()}


def _record(
    cells: dict[str, str],
    study: str,
    studies: dict[str, ET.Element],
    tests: dict[str, str],
    above: tuple[ET.Element, ...],
) -> dict[str, str]:
    known = studies.get(study)
    test = cells.get("TEST_ID") or _inherited(above, "TEST_ID") or _enclosing(above, "TEST")
    record = {"study": known.get("NAME", study) if known is not None else study}
    year = known.get("YEAR", "") if known is not None else ""
    if year:
        record["year"] = year
    if test:
        record["test"] = tests.get(test, "") or test
    record |= {name.lower(): cells[name] for name in _COUNTS}
    rest = {name.lower(): value for name, value in cells.items() if name not in _OWN}
    return record | {name: value for name, value in rest.items() if name not in record}


def _inherited(above: tuple[ET.Element, ...], name: str) -> str:
    return next((e.get(name, "") for e in reversed(above) if e.get(name)), "")


def _enclosing(above: tuple[ET.Element, ...], tag: str) -> str:
    return next((e.get("ID", "") for e in reversed(above) if e.tag == tag), "")


def _name(element: ET.Element) -> str:
    child = element.find("NAME")
    if child is not None:
        return "".join(child.itertext()).strip()
    return element.get("NAME", "")


def _notes(root: ET.Element) -> Iterator[str]:
    quality = sum(1 for e in root.iter() if e.tag.startswith("QUALITY_ITEM"))
    if quality:
        yield f"{quality} elements of the quality assessment are not read"
    covariates = sum(1 for e in root.iter() if e.tag.startswith("COVARIATE"))
    if covariates:
        yield f"{covariates} elements about covariates are not read"
