"""A new study: one row in its table and its reference in the bibliography, both or neither."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from metadx.errors import Fault, StudyTableError
from metadx.tables.check import all_faults, inspect
from metadx.tables.citations import Citation
from metadx.tables.draft import Known, bibtex_entry, completed
from metadx.tables.reading import RawTable, raw_from_bytes
from metadx.tables.reconstruct import Reconstruction
from metadx.tables.record import Record, counts_of
from metadx.tables.references import BIB_FILE, bibtex_entries, read_references
from metadx.tables.schema import COLUMN_NAMES, COUNT_COLUMNS, STRATUM_COLUMNS
from metadx.tables.transaction import Change, commit, locked

_MARKS: Final = {"utf-16": (b"\xff\xfe", "utf-16-le", "utf-16-be"), "utf-8-sig": (b"", "utf-8", "")}


@dataclass(frozen=True)
class Draft:
    """A new study that passes every rule and is not written yet.

    Attributes
    ----------
    cells : mapping of str to str
        The row.
    file : str
        Its table, below the folder of study tables.
    row : int
        Its line there, as a spreadsheet numbers it.
    entry : str
        BibTeX of its reference; empty where the bibliography has it.
    found : Reconstruction or None
        How the counts follow from what is printed.
    changes : mapping of str to Change
        What is to be written.
    """

    cells: Mapping[str, str]
    file: str
    row: int
    entry: str
    found: Reconstruction | None
    changes: Mapping[str, Change]

    def summary(self) -> str:
        """Say what will be written where, one line a cell that is not empty."""
        width = max(len(name) for name in self.cells)
        lines = [f"{self.file}, row {self.row}"]
        lines += [f"  {name:<{width}}  {text}" for name, text in self.cells.items() if text]
        if self.found is not None:
            lines.append(self.found.sentence)
        key = self.cells["citation_key"]
        lines.append(f"{BIB_FILE}: {key} {'is new' if self.entry else 'is there already'}")
        return "\n".join(lines)

    def told(self) -> str:
        """Say what was written, once it is."""
        cells = self.cells
        pooled = "pooled" if cells["pool"] == "yes" else "kept, not pooled"
        stratum = "/".join(cells[name] for name in STRATUM_COLUMNS)
        lines = [f"{self.file}: {cells['study_id']} is row {self.row} ({stratum}, {pooled})"]
        if self.entry:
            lines.append(f"{BIB_FILE}: {cells['citation_key']} was added")
        if self.found is not None:
            lines.append(self.found.sentence)
        return "\n".join(lines)


def draft_study(
    studies: str | Path, place: tuple[str, str], record: Record, citation: Citation | None = None
) -> Draft:
    """Make the row and the reference of a new study and apply every rule to them.

    Parameters
    ----------
    studies : str or Path
        Folder of study tables.
    place : tuple of str
        Modality and site.
    record : Record
    citation : Citation, optional

    Raises
    ------
    StudyTableError
        With all faults of the record and of the row at once.
    """
    folder = Path(studies)
    file = folder / place[0] / f"{place[1]}.csv"
    known, tables, before = inventory(folder)
    derived, found, faults = counts_of(record)
    stated = {name: text for name, text in record.cells.items() if text}
    cells = completed({**derived, **stated, **_notes(derived)}, place, citation, known)
    entry = "" if cells["citation_key"] in known.references else bibtex_entry(cells, citation)
    old = file.read_bytes() if file.is_file() else None
    new, problem = with_row(old, file.as_posix(), cells)
    raw = raw_from_bytes(new, file.as_posix())
    drafted = [(table, ours) for table, ours in tables if table.file != raw.file]
    after = all_faults(sorted([*drafted, (raw, True)], key=lambda pair: pair[0].file))
    line = raw.lines[-1] if raw.lines else 2
    faults += problem
    faults += [
        _of_record(fault, record.source, file.as_posix(), line)
        for fault in set(after) - set(before)
        if not (fault.rule == "citation" and fault.found == cells["citation_key"] and entry)
        and not (fault.rule == "bibliography" and not (folder / BIB_FILE).is_file())
    ]
    faults += _citation_faults(cells, known, record)
    if faults:
        # What is wrong with the printed figures is said already; their cells are empty for it.
        silent = ("derivation", "+".join(COUNT_COLUMNS)) if record.printed and not derived else ()
        raise StudyTableError([fault for fault in faults if fault.column not in silent])
    changes = {}
    if entry:
        changes[BIB_FILE] = _with_entry(folder / BIB_FILE, entry)
    name = file.relative_to(folder).as_posix()
    changes[name] = Change(old, new)
    return Draft(cells, name, line, entry, found, changes)


def add_study(
    studies: str | Path, place: tuple[str, str], record: Record, citation: Citation | None = None
) -> Draft:
    """Add a study to its table and to the bibliography, both or neither.

    Every other row keeps its place and its bytes. While this runs no other `add_study` writes to
    the folder; killed at any moment, the next reader finds the tables as before or as after.

    Parameters
    ----------
    studies, place, record, citation
        As for `draft_study`.

    Returns
    -------
    Draft
        What was written.

    Raises
    ------
    StudyTableError
        With all faults at once; nothing is written.
    OptionError
        The folder cannot be written.
    """
    folder = Path(studies)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        draft = draft_study(folder, place, record, citation)
        commit(folder, draft.changes)
    return draft


def with_row(data: bytes | None, file: str, cells: Mapping[str, str]) -> tuple[bytes, list[Fault]]:
    """Append a row to the content of a table, in its own encoding, separator and line end.

    Parameters
    ----------
    data : bytes or None
        The table; None for a new one.
    file : str
        What a message calls it.
    cells : mapping of str to str
        By column.

    Returns
    -------
    bytes
        The old content, byte for byte, and the new row; the old content alone where the table
        cannot take one.
    list of Fault
        Why not.
    """
    if data is None:
        return (_line(COLUMN_NAMES, ",", "\n") + _line(cells.values(), ",", "\n")).encode(), []
    raw = raw_from_bytes(data, file)
    if raw.faults:
        return data, list(raw.faults)
    text = data.decode(raw.encoding)
    newline = "\r\n" if "\r\n" in text.partition("\n")[0] + "\n" else "\n"
    row = [cells.get(name, "") for name in raw.header]
    added = ("" if text.endswith("\n") else newline) + _line(row, raw.separator, newline)
    little, encoding, big = _MARKS.get(raw.encoding, (b"", raw.encoding, ""))
    if little and not data.startswith(little):
        encoding = big
    try:
        return data + added.encode(encoding), []
    except UnicodeEncodeError as error:
        found = error.object[error.start : error.end]
        expected = f"characters that {raw.encoding} has, as this file uses; save it as CSV UTF-8"
        return data, [Fault(file, None, cells["study_id"], "", found, expected, "encoding")]


def _line(cells: Iterable[str], separator: str, newline: str) -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator, lineterminator=newline).writerow(cells)
    return stream.getvalue()


def inventory(folder: Path) -> tuple[Known, list[tuple[RawTable, bool]], tuple[Fault, ...]]:
    """Return what a folder of study tables holds, its tables and the faults they have already."""
    inspection = inspect(folder)
    rows = tuple(
        dict(zip(raw.header, row, strict=True)) for raw, _ in inspection.tables for row in raw.rows
    )
    path = folder / BIB_FILE
    references = read_references(path) if path.is_file() else {}
    return Known(rows, references), list(inspection.tables), inspection.faults


def _notes(derived: Mapping[str, str]) -> dict[str, str]:
    """The note on a reconstruction contains what the person noted."""
    return {name: text for name, text in derived.items() if name == "notes"}


def _of_record(fault: Fault, source: str, file: str, line: int) -> Fault:
    """Name the record where the fault is that of the new row."""
    mine = (fault.file, fault.row) == (file, line)
    return replace(fault, file=source, row=None) if mine else fault


def _citation_faults(cells: Mapping[str, str], known: Known, record: Record) -> list[Fault]:
    """A key belongs to one publication, and a publication to one key."""
    key = cells["citation_key"]
    reference = known.references.get(key)
    if reference is None:
        other = known.reference_of(cells)
        if not other:
            return []
        expected = f"{other}, under which the bibliography has this publication"
        return [record.fault("citation_key", key, expected, "citation")]
    return [
        record.fault(name, cells[name], f"{known_value}, as {BIB_FILE} says of {key}", "citation")
        for name in ("doi", "pmid")
        if (known_value := getattr(reference, name)) and cells[name] not in ("", known_value)
    ]


def _with_entry(path: Path, entry: str) -> Change:
    before = path.read_bytes() if path.is_file() else None
    text = (before or b"").decode("utf-8-sig")
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text.strip() else newline if text.endswith("\n") else 2 * newline
    after = (before or b"") + (gap + entry.replace("\n", newline)).encode()
    # The entry is read back alone: what stands before it was read with the tables.
    if len(bibtex_entries(entry)) != 1:
        found = entry.partition("\n")[0]
        expected = "an entry that can be read back"
        raise StudyTableError(
            [Fault(path.as_posix(), None, "", "", found, expected, "bibliography")]
        )
    return Change(before, after)
