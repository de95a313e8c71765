"""Excel workbooks: the template of metadx, or any sheet with one row a 2x2 table."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from metadx.errors import Fault
from metadx.tables.frames import cell_text
from metadx.tables.importers.columns import names_counts
from metadx.tables.importers.grid import MAX_BYTES, Grid, file_fault

#: Sheet of the template that holds the rows.
STUDIES_SHEET: Final = "studies"
#: A workbook is an archive; what it unpacks to is limited too.
_UNPACKED: Final = 10 * MAX_BYTES
#: Rows and columns of a sheet that a person filled in.
_MAX_ROWS: Final = 100_000
_MAX_COLUMNS: Final = 1_000


def read_excel(path: Path, sheet: str | None = None) -> Grid:
    """Read one sheet of a workbook.

    Parameters
    ----------
    path : Path
    sheet : str, optional
        Name of the sheet; None takes the sheet ``studies``, or else the only visible sheet
        whose first row names the four counts.
    """
    file = path.as_posix()
    problem = _not_a_workbook(path)
    if problem:
        return Grid(file, faults=(problem,))
    from openpyxl import load_workbook

    try:
        values = load_workbook(path, data_only=True)
        written = load_workbook(path, data_only=False)
    except (KeyError, ValueError, OSError, TypeError, AttributeError, SyntaxError) as error:
        found = f"a workbook that cannot be opened ({type(error).__name__})"
        return Grid(file, faults=(file_fault(path, found, "an .xlsx workbook"),))
    chosen, notes, fault = _choose(values, sheet, path)
    if fault:
        return Grid(file, notes=notes, faults=(fault,))
    return _read(file, values[chosen], written[chosen], notes)


def _not_a_workbook(path: Path) -> Fault | None:
    expected = "an .xlsx workbook; save an old one as .xlsx"
    if not zipfile.is_zipfile(path):
        return file_fault(path, "not a workbook in the format .xlsx", expected, "binary_file")
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
        if size > _UNPACKED:
            found = f"an archive that unpacks to {size / 2**20:.0f} MB"
            return file_fault(path, found, f"at most {_UNPACKED // 2**20} MB", "file_size")
        if "xl/workbook.xml" not in archive.namelist():
            return file_fault(path, "an archive that is no workbook", expected, "binary_file")
    return None


def _choose(
    workbook: Any, sheet: str | None, path: Path
) -> tuple[str, tuple[str, ...], Fault | None]:
    hidden = [ws.title for ws in workbook.worksheets if ws.sheet_state != "visible"]
    notes = (f"hidden sheets are not read: {', '.join(hidden)}",) if hidden else ()
    visible = [ws for ws in workbook.worksheets if ws.title not in hidden]
    names = [ws.title for ws in visible]
    if sheet is not None:
        if sheet in names:
            return sheet, notes, None
        expected = f"one of the visible sheets: {', '.join(names)}"
        return "", notes, file_fault(path, f"no sheet {sheet!r}", expected, "sheet")
    if STUDIES_SHEET in names:
        return STUDIES_SHEET, notes, None
    fitting = [ws.title for ws in visible if names_counts(_header(ws)[1])]
    if len(fitting) == 1:
        return fitting[0], (*notes, f"sheet {fitting[0]!r} was read"), None
    found = f"{len(fitting)} sheets" if fitting else "no sheet"
    expected = (
        f"one sheet whose first row names study, tp, fp, fn and tn, or the name of the sheet to "
        f"read; there are {', '.join(fitting or names) or 'none'}"
    )
    return "", notes, file_fault(path, f"{found} with the four counts", expected, "sheet")


def _header(sheet: Any) -> tuple[int, tuple[str, ...]]:
    """Row number and cells of the first row that holds anything."""
    for row in sheet.iter_rows(max_row=20, max_col=_MAX_COLUMNS):
        texts = [cell_text(cell.value) for cell in row]
        if any(texts):
            width = max(i for i, text in enumerate(texts, start=1) if text)
            return row[0].row, tuple(texts[:width])
    return 1, ()


def _read(file: str, values: Any, written: Any, notes: tuple[str, ...]) -> Grid:
    start, names = _header(values)
    faults = list(_merged(file, values))
    if values.max_row > _MAX_ROWS:
        found = f"{values.max_row} rows"
        faults.append(Fault(file, None, "", "", found, f"at most {_MAX_ROWS} rows", "file_size"))
        return Grid(file, names, notes=notes, faults=tuple(faults))
    rows, lines, formulas = [], [], []
    width = max(len(names), 1)
    pairs = zip(
        values.iter_rows(min_row=start + 1, max_col=width),
        written.iter_rows(min_row=start + 1, max_col=width),
        strict=True,
    )
    for shown, source in pairs:
        texts = tuple(cell_text(cell.value) for cell in shown)
        is_formula = [cell.data_type == "f" for cell in source]
        if not any(texts) and not any(is_formula):
            continue
        rows.append(texts)
        lines.append(shown[0].row)
        for cell, name, text, formula in zip(shown, names, texts, is_formula, strict=True):
            if formula and text:
                formulas.append(cell.coordinate)
            elif formula:
                expected = "the number itself; the file does not hold the formula's result"
                faults.append(Fault(file, cell.row, "", name, "a formula", expected, "formula"))
    if formulas:
        shown_cells = ", ".join(formulas[:5]) + (", ..." if len(formulas) > 5 else "")
        notes = (*notes, f"formulas were read by the result they had when saved: {shown_cells}")
    return Grid(file, names, tuple(rows), tuple(lines), notes=notes, faults=tuple(faults))


def _merged(file: str, sheet: Any) -> Iterator[Fault]:
    ranges: Sequence[Any] = sheet.merged_cells.ranges
    for merged in ranges:
        expected = "a value in every cell; unmerge the cells"
        found = f"merged cells {merged.coord}"
        yield Fault(file, merged.min_row, "", "", found, expected, "merged_cells")
