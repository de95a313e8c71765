"""Read QUADAS judgements: a file beside the studies, or columns of somebody else's table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from metadx.errors import Fault, OptionError, StudyTableError
from metadx.tables import codes
from metadx.tables.frames import MISSING_WORDS, cell_text
from metadx.tables.quadas import KEY, PLACE, QUADAS_COLUMNS, QuadasTable, empty_quadas
from metadx.tables.quadas_domains import (
    DOMAIN_SETS,
    JUDGEMENTS,
    QUESTIONS,
    domain_set,
)
from metadx.tables.reading import RawTable, read_raw
from metadx.tables.schema import did_you_mean
from metadx.tables.table import IN_MEMORY, StudyTable

QUADAS_FILE: Final = "quadas.csv"
_PLACES: Final = {
    "modality": tuple(code.code for code in codes.MODALITY),
    "site": tuple(code.code for code in codes.SITE),
}


def read_quadas(path: str | Path = "studies", studies: StudyTable | None = None) -> QuadasTable:
    """Read judgements, all of them checked, or none.

    Parameters
    ----------
    path : str or Path
        A file with the columns of `QUADAS_COLUMNS`, or a folder of study tables with
        ``quadas.csv`` in it; a folder without that file has no judgements.
    studies : StudyTable, optional
        Where given, a judgement of a study (or of its test or site) that this table does not
        have is a fault.

    Raises
    ------
    StudyTableError
        With all faults at once.
    """
    place = Path(path)
    file = place / QUADAS_FILE if place.is_dir() else place
    if place.is_dir() and not file.exists():
        return empty_quadas()
    raw = read_raw(file)
    faults = quadas_faults(raw, studies)
    if faults:
        raise StudyTableError(faults)
    positions = [raw.header.index(name) for name in QUADAS_COLUMNS]
    rows = [[row[position] for position in positions] for row in raw.rows]
    return QuadasTable(pd.DataFrame(rows, columns=list(QUADAS_COLUMNS), dtype=object))


def quadas_faults(raw: RawTable, studies: StudyTable | None = None) -> list[Fault]:
    """Find everything that is wrong with a file of judgements.

    Parameters
    ----------
    raw : RawTable
        The file as text.
    studies : StudyTable, optional
        As for `read_quadas`.
    """
    faults = list(raw.faults)
    missing = [name for name in QUADAS_COLUMNS if name not in raw.header]
    if missing:
        if raw.header:
            expected = f"the columns {', '.join(QUADAS_COLUMNS)}"
            faults += [
                Fault(raw.file, raw.header_line, "", name, "", expected, "missing_column")
                for name in missing
            ]
        return faults
    known = _places_of(studies)
    seen: dict[tuple[str, ...], int] = {}
    for line, cells in zip(raw.lines, raw.rows, strict=True):
        row = dict(zip(raw.header, cells, strict=True))
        faults += [
            Fault(raw.file, line, row["study_id"], column, found, expected, rule)
            for column, found, expected, rule in (*_cell_faults(row), *_unknown(row, known))
        ]
        key = tuple(row[name] for name in KEY)
        if key in seen:
            expected = f"each judgement once (the first is in row {seen[key]})"
            faults.append(
                Fault(raw.file, line, row["study_id"], "+".join(KEY), row["judgement"], expected,
                      "duplicate_judgement")
            )  # fmt: skip
        seen.setdefault(key, line)
    return faults


#: Column, value found, what would be right, name of the rule.
_Finding = tuple[str, str, str, str]


def _cell_faults(row: Mapping[str, str]) -> Iterator[_Finding]:
    for name in ("study_id", "source"):
        if not row[name]:
            what = "a study of the tables" if name == "study_id" else "who judged, or a DOI"
            yield name, "", what, "required"
    for name, allowed in _PLACES.items():
        if row[name] and row[name] not in allowed:
            yield name, row[name], f"empty or {_one_of(row[name], allowed)}", "code"
    if row["judgement"] and row["judgement"] not in JUDGEMENTS:
        expected = f"{_one_of(row['judgement'], JUDGEMENTS)}, or empty where nobody judged"
        yield "judgement", row["judgement"], expected, "code"
    if row["question"] not in QUESTIONS:
        yield "question", row["question"], _one_of(row["question"], QUESTIONS), "code"
    if row["version"] not in DOMAIN_SETS:
        yield "version", row["version"], _one_of(row["version"], tuple(DOMAIN_SETS)), "code"
        return
    yield from _domain_faults(row)


def _domain_faults(row: Mapping[str, str]) -> Iterator[_Finding]:
    chosen = domain_set(row["version"])
    if row["domain"] not in chosen.codes:
        expected = f"a domain of {chosen.version}: {_one_of(row['domain'], chosen.codes)}"
        yield "domain", row["domain"], expected, "code"
    elif row["question"] in QUESTIONS and (row["question"], row["domain"]) not in chosen.items:
        where = ", ".join(chosen.applicability) or "no domain"
        yield (
            "question",
            row["question"],
            f"risk_of_bias; {chosen.version} judges applicability in {where}",
            "no_such_item",
        )
    if chosen.compares and not row["compared_with"]:
        expected = f"the test with which {row['modality'] or 'the index test'} is compared"
        yield "compared_with", "", expected, "required"
    if not chosen.compares and row["compared_with"]:
        expected = f"nothing; {chosen.version} judges one test"
        yield "compared_with", row["compared_with"], expected, "no_comparison"


def _one_of(found: str, allowed: tuple[str, ...]) -> str:
    return f"one of {', '.join(allowed)}{did_you_mean(found, allowed)}"


def _places_of(studies: StudyTable | None) -> dict[str, set[tuple[str, ...]]] | None:
    """Return modality and site of the rows of each study."""
    if studies is None:
        return None
    found: dict[str, set[tuple[str, ...]]] = {}
    for row in studies.frame.to_dict("records"):
        place = tuple(str(row.get(name, "")) for name in PLACE)
        found.setdefault(str(row["study_id"]), set()).add(place)
    return found


def _unknown(
    row: Mapping[str, str], known: Mapping[str, set[tuple[str, ...]]] | None
) -> Iterator[_Finding]:
    if known is None or not row["study_id"]:
        return
    if row["study_id"] not in known:
        hint = did_you_mean(row["study_id"], sorted(known))
        yield "study_id", row["study_id"], f"a study of the tables{hint}", "unknown_study"
        return
    places = known[row["study_id"]]
    for i, name in enumerate(PLACE):
        there = sorted({place[i] for place in places})
        if row[name] and row[name] not in there:
            expected = f"empty or one of this study's own: {', '.join(there)}"
            yield name, row[name], expected, "unknown_place"


def quadas_from_columns(
    frame: pd.DataFrame,
    columns: Mapping[str, tuple[str, str]],
    judgements: Mapping[str, str],
    version: str,
    source: str,
) -> QuadasTable:
    """Take judgements from the columns of a table that has one per item.

    Parameters
    ----------
    frame : DataFrame
        With ``study`` or ``study_id`` and the columns named here.
    columns : mapping of str to (str, str)
        Question and domain of each column: ``{"rob_PS": ("risk_of_bias", "patient_selection")}``.
    judgements : mapping of str to str
        Low, unclear or high for each word or number in those columns: ``{"1": "low"}``.
    version : str
        Version of the tool.
    source : str
        Who judged, or a DOI.

    Raises
    ------
    OptionError
        If a column is missing or an item does not belong to the version.
    StudyTableError
        If cells hold other words; all of them at once.
    """
    chosen = domain_set(version)
    study = "study_id" if "study_id" in frame.columns else "study"
    absent = [name for name in (study, *columns) if name not in frame.columns]
    if absent:
        raise OptionError(f"the table has no column {', '.join(absent)}")
    wrong = [item for item in columns.values() if item not in chosen.items]
    if wrong:
        raise OptionError(f"{version} has no item {', '.join(map(str, wrong))}")
    rows, faults = [], []
    for i, cells in enumerate(frame.to_dict("records"), start=2):
        name = cell_text(cells[study])
        for column, (question, domain) in columns.items():
            found = cell_text(cells[column])
            judged = "" if found in MISSING_WORDS or not found else judgements.get(found)
            if judged not in (*JUDGEMENTS, ""):
                expected = f"one of {', '.join(judgements)}, or empty where nobody judged"
                faults.append(Fault(IN_MEMORY, i, name, column, found, expected, "code"))
            rows.append([name, "", "", version, "", domain, question, judged, source])
    if faults:
        raise StudyTableError(faults)
    return QuadasTable(pd.DataFrame(rows, columns=list(QUADAS_COLUMNS), dtype=object))
