"""Every rule over every table: one pass, all faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from metadx.errors import Fault, StudyTableError
from metadx.tables import codes
from metadx.tables.duplicates import comparisons
from metadx.tables.frames import (
    COMMON_COLUMNS,
    plain_cell,
    raw_from_frame,
    study_as_column,
    typed_frame,
)
from metadx.tables.reading import RawTable, read_raw
from metadx.tables.references import bibliography, citation_faults
from metadx.tables.rules import REMOVED_FILE, ROW_RULES, Row
from metadx.tables.schema import COLUMN_NAMES, COUNT_COLUMNS, column, did_you_mean
from metadx.tables.transaction import finish_interrupted
from metadx.tables.validation import REQUIRED, broken_cells

_MODALITIES: Final = tuple(code.code for code in codes.MODALITY)
_SITES: Final = tuple(code.code for code in codes.SITE)
#: Columns by which a table shows that it means to follow the whole schema.
_OURS: Final = frozenset(COLUMN_NAMES) - {*COMMON_COLUMNS, "title", "doi", "pmid", "country"}
_OURS_FROM: Final = 6
_TEXT_FILES: Final = (".csv", ".tsv")
_WORKBOOKS: Final = (".xlsx", ".xls", ".ods")
#: Faults that a table from elsewhere may have: the models leave out a margin without anybody, and
#: refuse a study that repeats unless something tells its rows apart.
_HARMLESS_ELSEWHERE: Final = ("empty_margin", "no_counts", "duplicate_study")


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What `check` found.

    Attributes
    ----------
    faults : tuple of Fault
        Sorted by file, row and column.
    files : tuple of str
        The tables that were read.
    rows : int
        Rows in them.
    notes : tuple of str
        Encoding and separator of each file that is not UTF-8 with commas.
    """

    faults: tuple[Fault, ...]
    files: tuple[str, ...]
    rows: int
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether no rule is broken."""
        return not self.faults

    @property
    def exit_code(self) -> int:
        """0 where nothing is wrong, else 1."""
        return 0 if self.ok else 1

    def text(self) -> str:
        """Write a line per fault and a line that sums up."""
        tables = f"{len(self.files)} table{'' if len(self.files) == 1 else 's'}"
        count = len(self.faults)
        verdict = "no fault" if not count else f"{count} fault{'' if count == 1 else 's'}"
        lines = [str(fault) for fault in self.faults]
        return "\n".join([*lines, *self.notes, f"{tables}, {self.rows} rows: {verdict}"])

    def __str__(self) -> str:
        return self.text()


@dataclass(frozen=True, slots=True)
class Inspection:
    """Tables as read, with everything that is wrong with them."""

    tables: tuple[tuple[RawTable, bool], ...]
    faults: tuple[Fault, ...]


def check(path: str | Path = "studies") -> CheckReport:
    """Apply every rule to a table or to a folder of tables.

    Parameters
    ----------
    path : str or Path
        A file, or a folder with ``<modality>/<site>.csv`` and ``references.bib``.
        A table that holds little more than study, tp, fp, fn and tn is checked by
        the rules that make sense for it.

    Returns
    -------
    CheckReport
        All faults at once; never an exception for something in the data.
    """
    inspection = inspect(path)
    raws = [raw for raw, _ in inspection.tables]
    return CheckReport(
        faults=inspection.faults,
        files=tuple(raw.file for raw in raws),
        rows=sum(len(raw.rows) for raw in raws),
        notes=tuple(raw.note for raw in raws if raw.note),
    )


def inspect(path: str | Path) -> Inspection:
    """Read the tables under a path and find all their faults."""
    root = Path(path)
    beside = None if root.is_dir() else bibliography(root.as_posix())
    finish_interrupted(beside.parent if beside else root)
    tables, faults = [], []
    found, problem = _table_files(root)
    if problem:
        faults.append(problem)
    for file in found:
        raw = read_raw(file)
        if root.is_dir() and file.parent == root and not _is_study_table(file, raw):
            continue
        tables.append((raw, follows_schema(raw)))
    faults += all_faults(tables)
    return Inspection(tuple(tables), tuple(sorted(faults, key=_order)))


def all_faults(tables: Sequence[tuple[RawTable, bool]]) -> list[Fault]:
    """Apply every rule to tables that were read, or that are about to be written.

    Parameters
    ----------
    tables : sequence of (RawTable, bool)
        Each with whether the whole schema applies to it.
    """
    faults: list[Fault] = []
    rows: list[Row] = []
    for raw, ours in tables:
        faults += [*raw.faults, *_table_faults(raw, ours), *_place_faults(raw, ours)]
        rows += _rows(raw, ours)
    faults += _cell_faults(rows)
    faults += [fault for row in rows for rule in ROW_RULES for fault in rule(row)]
    return [*faults, *comparisons(rows), *citation_faults(rows)]


def checked_frame(frame: pd.DataFrame, file: str) -> pd.DataFrame:
    """Check a frame that a user made and return it typed, other columns as they were.

    Parameters
    ----------
    frame : DataFrame
        With study, tp, fp, fn and tn in any case.
    file : str
        What a message calls it.

    Raises
    ------
    StudyTableError
        All faults at once.
    """
    source = study_as_column(frame)
    raw = raw_from_frame(source, file)
    refuse(all_faults([(raw, False)]), ours=False)
    typed = typed_frame(raw, False)
    for position, name in enumerate(raw.header):
        if name not in COMMON_COLUMNS:
            typed[name] = source.iloc[:, position].to_numpy(copy=True)
    return typed


def refuse(faults: Sequence[Fault], ours: bool) -> None:
    """Raise what makes a table unusable."""
    serious = [fault for fault in faults if ours or fault.rule not in _HARMLESS_ELSEWHERE]
    if serious:
        raise StudyTableError(serious)


def follows_schema(raw: RawTable) -> bool:
    """Tell whether a table means to follow the whole schema."""
    if len(_OURS & set(raw.header)) >= _OURS_FROM:
        return True
    path = Path(raw.file)
    return bool(_place(raw) or path.name == REMOVED_FILE) and bibliography(raw.file) is not None


def _table_files(root: Path) -> tuple[list[Path], Fault | None]:
    def fault(found: str, expected: str) -> Fault:
        return Fault(root.as_posix(), None, "", "", found, expected, "file")

    if not root.exists():
        return [], fault("no such file or folder", "a study table or a folder of them")
    if not root.is_dir():
        return [root], None
    wanted = (*_TEXT_FILES, *_WORKBOOKS)
    files = sorted(
        file
        for file in root.rglob("*")
        if file.suffix.lower() in wanted and not file.name.startswith((".", "~$"))
    )
    if not files:
        return [], fault("", "at least one table, <modality>/<site>.csv")
    return files, None


def _is_study_table(file: Path, raw: RawTable) -> bool:
    if file.name == REMOVED_FILE:
        return True
    return {"tp", "fn"} <= set(raw.header) or (bool(raw.faults) and not raw.header)


def _table_faults(raw: RawTable, ours: bool) -> list[Fault]:
    if not raw.header and raw.faults:
        return []
    faults = _header_faults(raw, ours)
    if not raw.rows and not raw.faults:
        faults.append(Fault(raw.file, None, "", "", "", "at least one study", "no_rows"))
    return faults


def _cell_faults(rows: Sequence[Row]) -> list[Fault]:
    """Check the cells of all tables with the same columns at once: that costs as much as one."""
    alike: dict[tuple[bool, tuple[str, ...]], list[Row]] = {}
    for row in rows:
        alike.setdefault((row.ours, tuple(row.plain)), []).append(row)
    faults = []
    for (ours, header), own in alike.items():
        names = [name for name in header if name in COLUMN_NAMES]
        cells = pd.DataFrame([row.plain for row in own], columns=names, dtype=object)
        for position, name, rule in broken_cells(cells, ours):
            row = own[position]
            faults.append(row.fault(rule, name, _expected(name, row.found[name], rule)))
    return faults


def _expected(name: str, found: str, rule: str) -> str:
    declared = column(name)
    if rule == REQUIRED:
        return f"a value: {declared.expected}"
    return declared.expected + (did_you_mean(found, declared.allowed) if declared.codes else "")


def _header_faults(raw: RawTable, ours: bool) -> list[Fault]:
    def fault(name: str, found: str, expected: str, rule: str) -> Fault:
        return Fault(raw.file, raw.header_line, "", name, found, expected, rule)

    needed = COLUMN_NAMES if ours else ("study_id", *COUNT_COLUMNS)
    missing = [name for name in needed if name not in raw.header]
    faults = []
    for name in missing:
        called = name if ours or name != "study_id" else "study"
        what = column(name).description[:-1]
        faults.append(fault(called, "", f"a column {called} ({what})", "missing_column"))
    for name in raw.header if ours else ():
        if name and name not in COLUMN_NAMES:
            hint = did_you_mean(name, tuple(missing) or COLUMN_NAMES)
            expected = f"a column of the codebook{hint}"
            faults.append(fault(name, name, expected, "unknown_column"))
    return faults


def _place(raw: RawTable) -> tuple[str, str] | None:
    path = Path(raw.file).resolve()
    if path.parent.name in _MODALITIES and path.stem in _SITES:
        return path.parent.name, path.stem
    return None


def _place_faults(raw: RawTable, ours: bool) -> list[Fault]:
    """Among the study tables, that is near their bibliography, folder and file have a code."""
    path = Path(raw.file).resolve()
    if not ours or path.name == REMOVED_FILE or _place(raw) or bibliography(raw.file) is None:
        return []
    faults = []
    for found, allowed, what in (
        (path.parent.name, _MODALITIES, "a folder named after a modality"),
        (path.stem, _SITES, "a file named after a site"),
    ):
        if found not in allowed:
            expected = f"{what}: {', '.join(allowed)}{did_you_mean(found, allowed)}"
            faults.append(Fault(raw.file, None, "", "", found, expected, "place"))
    return faults


def _plain(raw: RawTable, row: tuple[str, ...], ours: bool) -> dict[str, str]:
    return {
        name: plain_cell(name, cell, raw.decimal_comma, ours) if _is_known(name, ours) else cell
        for name, cell in zip(raw.header, row, strict=True)
    }


def _is_known(name: str, ours: bool) -> bool:
    return name in (COLUMN_NAMES if ours else COMMON_COLUMNS)


def _rows(raw: RawTable, ours: bool) -> list[Row]:
    place = _place(raw) if ours else None
    return [
        Row(
            raw.file,
            line,
            dict(zip(raw.header, row, strict=True)),
            _plain(raw, row, ours),
            ours,
            place,
        )
        for line, row in zip(raw.lines, raw.rows, strict=True)
    ]


def _order(fault: Fault) -> tuple[Any, ...]:
    return (fault.file, fault.row or 0, fault.column, fault.rule)
