"""The Excel template: one column a column of the schema, with drop-downs and number rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pandas as pd

from metadx.errors import OptionError
from metadx.tables import kinds
from metadx.tables.exporters.writers import book_bytes, fill_sheet
from metadx.tables.files import write_bytes
from metadx.tables.importers.excel import STUDIES_SHEET
from metadx.tables.schema import COLUMN_NAMES, COLUMNS, Column

#: Rows that carry the rules; a review rarely has more, and more may be copied down.
RULED_ROWS: Final = 1000
_REQUIRED_FILL: Final = "FFF2CC"
_WIDTHS: Final = {"tp": 6, "fp": 6, "fn": 6, "tn": 6, "year": 7, "title": 40, "notes": 40}


def write_template(path: str | Path, overwrite: bool = False) -> Path:
    """Write an empty template.

    Parameters
    ----------
    path : str or Path
        An .xlsx file.
    overwrite : bool
        Whether a file that exists may be replaced.

    Raises
    ------
    OptionError
        The file exists, or its ending is another one.
    """
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise OptionError(f"{path.name}: the template is an .xlsx file")
    if path.exists() and not overwrite:
        raise OptionError(f"{path} exists; choose another name or allow to replace it (--force)")
    write_bytes(path, template_bytes(pd.DataFrame(columns=list(COLUMN_NAMES), dtype=object)))
    return path


def template_bytes(frame: pd.DataFrame) -> bytes:
    """Return a template filled with the rows of a frame.

    Parameters
    ----------
    frame : DataFrame
        Under our names; columns that the schema does not know follow without rules.
    """
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = STUDIES_SHEET
    known = [name for name in COLUMN_NAMES if name in frame.columns]
    rest = [name for name in frame.columns if name not in known]
    fill_sheet(sheet, frame[[*known, *rest]])
    _add_codes(book)
    _add_description(book)
    for position, name in enumerate(known, start=1):
        _add_rule(sheet, position, COLUMNS[COLUMN_NAMES.index(name)])
    sheet.freeze_panes = "B2"
    return book_bytes(book)


def _add_rule(sheet: Any, position: int, column: Column) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter

    letter = get_column_letter(position)
    head = sheet.cell(1, position)
    head.font = Font(bold=True)
    if column.required:
        head.fill = PatternFill("solid", start_color=_REQUIRED_FILL)
    head.comment = Comment(f"{column.title}. {column.description}", "metadx")
    sheet.column_dimensions[letter].width = _WIDTHS.get(column.name, 16)
    rule = _rule(column)
    if rule is not None:
        sheet.add_data_validation(rule)
        rule.add(f"{letter}2:{letter}{RULED_ROWS + 1}")


def _rule(column: Column) -> Any:
    """The data validation of a column, None for text."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    if column.codes:
        letter = get_column_letter(_coded().index(column) + 1)
        listed = f"codes!${letter}$2:${letter}${len(column.codes) + 1}"
        rule = DataValidation(type="list", formula1=listed, allow_blank=True)
    elif column.kind is kinds.COUNT:
        rule = DataValidation(
            type="whole", operator="between", formula1="0", formula2=str(kinds.MAX_COUNT)
        )
    elif column.kind is kinds.YEAR:
        first, last = str(kinds.MIN_YEAR), str(kinds.max_year())
        rule = DataValidation(type="whole", operator="between", formula1=first, formula2=last)
    elif column.kind in (kinds.PERCENT, kinds.AGE):
        top = "100" if column.kind is kinds.PERCENT else "120"
        rule = DataValidation(type="decimal", operator="between", formula1="0", formula2=top)
    else:
        return None
    rule.showErrorMessage = True
    rule.errorTitle = column.title
    rule.error = column.expected if len(column.expected) < 225 else "a code from the list"
    return rule


def _coded() -> list[Column]:
    return [column for column in COLUMNS if column.codes]


def _add_codes(book: Any) -> None:
    """A hidden sheet with the lists behind the drop-downs."""
    sheet = book.create_sheet("codes")
    sheet.sheet_state = "hidden"
    for position, column in enumerate(_coded(), start=1):
        for row, text in enumerate((column.name, *column.allowed), start=1):
            sheet.cell(row, position, text)


def _add_description(book: Any) -> None:
    """A sheet that explains every column and code."""
    sheet = book.create_sheet("columns")
    lines = [("column", "title", "required", "what it holds", "example")]
    for column in COLUMNS:
        required = "yes" if column.required else ""
        lines.append((column.name, column.title, required, column.description, column.example))
        lines += [("", code.code, "", code.description, "") for code in column.codes]
    for row, cells in enumerate(lines, start=1):
        for position, text in enumerate(cells, start=1):
            sheet.cell(row, position, text)
    for letter, width in zip("ABCDE", (24, 24, 10, 90, 40), strict=True):
        sheet.column_dimensions[letter].width = width
