"""Read somebody else's table: the file, its columns, its layout, then every rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from metadx.errors import Fault, StudyTableError
from metadx.estimate import NotApplicable
from metadx.tables.check import checked_frame
from metadx.tables.frames import COMMON_COLUMNS, MISSING_WORDS, cell_text
from metadx.tables.importers.columns import (
    METADTA_ITEMS,
    METADTA_JUDGEMENTS,
    STAND_INS,
    map_columns,
    tidy,
)
from metadx.tables.importers.delimited import read_delimited
from metadx.tables.importers.excel import read_excel
from metadx.tables.importers.formats import format_named, format_of, kind_of_file
from metadx.tables.importers.grid import Grid, unreadable
from metadx.tables.importers.layout import one_row_a_test
from metadx.tables.importers.metadta_app import without_made_columns
from metadx.tables.importers.r_data import read_r
from metadx.tables.importers.report import Imported, ImportReport
from metadx.tables.importers.revman import read_revman
from metadx.tables.importers.stata import read_stata
from metadx.tables.kinds import number, plain_number
from metadx.tables.quadas import QuadasTable
from metadx.tables.quadas_reading import quadas_from_columns
from metadx.tables.schema import COLUMN_NAMES, COUNT_COLUMNS, column
from metadx.tables.table import StudyTable


def import_table(
    path: str | Path,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    dataset: str | None = None,
) -> Imported:
    """Read a table that another program wrote.

    Nothing is guessed: a column is known by an exact name of a stated list or by `columns`,
    and every problem is listed with its file, row and column.

    Parameters
    ----------
    path : str or Path
        A .csv, .tsv or .txt file, an Excel workbook, a data set of Stata or R, or a RevMan 5
        review file.
    format : str, optional
        A name of `FORMATS`; None recognises it.
    columns : mapping of str to str, optional
        ``{"theirs": "ours"}`` for columns with other names.
    dataset : str, optional
        Sheet of a workbook or data frame of an R file.

    Returns
    -------
    Imported
        With `table`, `report` and `quadas`; asking for `table` raises where there are faults.

    Raises
    ------
    OptionError
        The format, the ending of the file or a name in `columns` does not exist.
    """
    path = Path(path)
    wanted = format_named(format) if format else None
    reader = kind_of_file(path, wanted)
    problem = unreadable(path)
    file = path.as_posix()
    grid = Grid(file, faults=(problem,)) if problem else _READERS[reader](path, dataset)
    found = wanted.name if wanted else format_of(grid.names, reader)
    return _imported(grid, found, columns, path.stem)


_READERS: dict[str, Callable[[Path, str | None], Grid]] = {
    "text": lambda path, _: read_delimited(path),
    "excel": read_excel,
    "stata": lambda path, _: read_stata(path),
    "r": read_r,
    "rm5": lambda path, _: read_revman(path),
}


def _imported(grid: Grid, found: str, columns: Mapping[str, str] | None, name: str) -> Imported:
    if not grid.names:
        report = ImportReport(grid.file, found, {}, (), 0, grid.notes, grid.faults)
        return Imported(report, pd.DataFrame(), NotApplicable("the file was not read"))
    long = one_row_a_test(grid)
    mapped = map_columns(long.names, long.file, 1, columns)
    renamed = replace(long, names=mapped.ours, faults=(*long.faults, *mapped.faults))
    theirs = dict(zip(mapped.ours, long.names, strict=True))
    if not mapped.faults:
        renamed = _with_study(renamed)
    missing = [] if mapped.faults else list(_missing(renamed, long.names))
    frame = pd.DataFrame(list(renamed.rows), columns=list(renamed.names), dtype=object)
    frame = _plain_numbers(frame, grid.decimal_comma) if not mapped.faults else frame
    faults: Sequence[Fault] = (*renamed.faults, *missing)
    table = None
    notes = renamed.notes
    if not faults:
        table, faults = _checked(frame, renamed, theirs, name)
    if table is not None and found == "metadta-app" and "study_id" in mapped.ours:
        plain, dropped = without_made_columns(table.frame)
        table, notes = StudyTable.from_checked(plain, name), (*notes, *dropped)
    meant = {theirs[own]: own for own in mapped.ours if own in theirs and own != theirs[own]}
    kept = tuple(own for own in renamed.names if own not in COLUMN_NAMES)
    report = ImportReport(grid.file, found, meant, kept, len(renamed.rows), notes, tuple(faults))
    return Imported(report, frame, _quadas(table, grid.file), table)


def _with_study(grid: Grid) -> Grid:
    """Name the studies by author and year, or by row names, where no column does."""
    if "study_id" in grid.names:
        return grid
    plain = [tidy(name) for name in grid.names]
    stand_in = next((name for name in STAND_INS if name in plain), None)
    if stand_in is None:
        return grid
    at = plain.index(stand_in)
    if stand_in == "rownames":
        names = [name if i != at else "study_id" for i, name in enumerate(grid.names)]
        return replace(grid, names=tuple(names), notes=(*grid.notes, "row names name the study"))
    names = [name if i != at else "first_author" for i, name in enumerate(grid.names)]
    with_year = "year" in grid.names
    parts = [at, grid.names.index("year")] if with_year else [at]
    studies = [" ".join(row[i] for i in parts).strip() for row in grid.rows]
    note = f"the study is named by {grid.names[at]}{' and year' if with_year else ''}"
    rows = tuple((study, *row) for study, row in zip(studies, grid.rows, strict=True))
    return replace(grid, names=("study_id", *names), rows=rows, notes=(*grid.notes, note))


def _missing(grid: Grid, names: Sequence[str]) -> list[Fault]:
    faults = []
    for name in ("study_id", *COUNT_COLUMNS):
        if name not in grid.names:
            expected = (
                f"a column {name} ({column(name).title.lower()}), or columns={{'theirs': "
                f"{name!r}}} with one of: {', '.join(names)}"
            )
            faults.append(Fault(grid.file, 1, "", name, "", expected, "missing_column"))
    if not grid.rows:
        faults.append(Fault(grid.file, None, "", "", "", "at least one study", "no_rows"))
    return faults


def _plain_numbers(frame: pd.DataFrame, decimal_comma: bool) -> pd.DataFrame:
    plain = frame.copy()
    for name in plain.columns:
        if name in COMMON_COLUMNS and column(name).kind.numeric:
            plain[name] = [plain_number(cell, decimal_comma) for cell in plain[name]]
    return plain


def _checked(
    frame: pd.DataFrame, grid: Grid, theirs: Mapping[str, str], name: str
) -> tuple[StudyTable | None, tuple[Fault, ...]]:
    try:
        typed = checked_frame(frame, grid.file)
    except StudyTableError as error:
        return None, tuple(_in_their_words(fault, grid, theirs) for fault in error.faults)
    for extra in typed.columns:
        if extra not in COMMON_COLUMNS:
            typed[extra] = _typed(typed[extra])
    return StudyTable.from_checked(typed, name), ()


def _in_their_words(fault: Fault, grid: Grid, theirs: Mapping[str, str]) -> Fault:
    """Rows and columns as the file has them."""
    row = grid.lines[fault.row - 2] if fault.row and fault.row >= 2 else fault.row
    return replace(fault, row=row, column=theirs.get(fault.column, fault.column))


def _typed(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Numbers where every cell is one and no digit would be lost, else text as it is."""
    texts = [str(cell) for cell in cells]
    blank = [not text or text in MISSING_WORDS for text in texts]
    plain = all(b or _is_plain(text) for b, text in zip(blank, texts, strict=True))
    if all(blank) or not plain:
        return pd.Series(texts, index=cells.index, dtype=object)
    values = [float("nan") if b else float(text) for b, text in zip(blank, texts, strict=True)]
    return pd.Series(values, index=cells.index, dtype="float64")


def _is_plain(text: str) -> bool:
    return number(text) is not None and cell_text(float(text)) == text


def _quadas(table: StudyTable | None, file: str) -> QuadasTable | NotApplicable:
    if table is None or not set(METADTA_ITEMS) <= set(table.columns):
        return NotApplicable("the file has no columns of QUADAS-2 judgements")
    frame = table.frame.drop_duplicates("study_id")
    return quadas_from_columns(frame, METADTA_ITEMS, METADTA_JUDGEMENTS, "QUADAS-2", file)
