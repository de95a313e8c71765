"""Between text and types: the cells of a table file, and the frame in memory."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pandas as pd

from metadx.tables import kinds
from metadx.tables.reading import RawTable, canonical_header, header_faults
from metadx.tables.schema import COLUMN_NAMES, COUNT_COLUMNS, column

#: What R, Stata and pandas write into an empty cell.
MISSING_WORDS: Final = frozenset({"NA", "N/A", "NaN", "nan", "<NA>", "None", "NULL", "."})
#: Columns that mean the same in anybody's table; the others are only ours.
COMMON_COLUMNS: Final = (
    "study_id",
    "year",
    *COUNT_COLUMNS,
    "reported_sensitivity",
    "reported_specificity",
)
_WHOLE_KINDS: Final = (kinds.COUNT, kinds.YEAR)


def plain_cell(name: str, text: str, decimal_comma: bool, ours: bool) -> str:
    """Return the cell of a schema column as it is checked and stored.

    Parameters
    ----------
    name : str
        Column of the schema.
    text : str
        The cell as found.
    decimal_comma : bool
        Whether ``88,6`` is a number in this file.
    ours : bool
        Whether the table follows the whole schema; in anybody else's ``NA`` in a
        column of numbers is an empty cell.
    """
    if not column(name).kind.numeric:
        return text
    if not ours and text in MISSING_WORDS:
        return ""
    return kinds.plain_number(text, decimal_comma)


def typed_frame(raw: RawTable, ours: bool) -> pd.DataFrame:
    """Turn a table without faults into a frame.

    Parameters
    ----------
    raw : RawTable
        Cells that passed every check.
    ours : bool
        Whether the table follows the whole schema.

    Returns
    -------
    DataFrame
        Columns of the schema first, in its order: counts and year nullable ``Int64``,
        percentages and age nullable ``Float64``, the rest text, empty where missing.
        Other columns follow, as floats where every cell is a number.
    """
    known = [name for name in COLUMN_NAMES if name in raw.header]
    extra = [name for name in raw.header if name not in known]
    data: dict[str, Any] = {}
    for name in known + extra:
        position = raw.header.index(name)
        cells = [row[position] for row in raw.rows]
        if name in known and (ours or name in COMMON_COLUMNS):
            plain = [plain_cell(name, cell, raw.decimal_comma, ours) for cell in cells]
            data[name] = _typed(name, plain)
        else:
            data[name] = _guessed(cells)
    return pd.DataFrame(data)


def _typed(name: str, cells: Sequence[str]) -> pd.Series[Any]:
    kind = column(name).kind
    if kind in _WHOLE_KINDS:
        return pd.Series([int(Decimal(cell)) if cell else None for cell in cells], dtype="Int64")
    if kind.numeric:
        return pd.Series([float(cell) if cell else None for cell in cells], dtype="Float64")
    return pd.Series(list(cells), dtype=object)


def _guessed(cells: Sequence[str]) -> pd.Series[Any]:
    blank = [not cell or cell in MISSING_WORDS for cell in cells]
    numbers = [kinds.number(cell) is not None for cell in cells]
    if not all(blank) and all(b or n for b, n in zip(blank, numbers, strict=True)):
        values = [None if b else float(cell) for b, cell in zip(blank, cells, strict=True)]
        return pd.Series(values, dtype="float64")
    return pd.Series(list(cells), dtype=object)


def study_as_column(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the study in a column where it stands in the index."""
    name = frame.index.name
    if name is not None and canonical_header([str(name)]) == ("study_id",):
        return frame.reset_index()
    return frame


def raw_from_frame(frame: pd.DataFrame, file: str) -> RawTable:
    """Write the cells of a frame as text, so that one set of rules checks everything.

    Parameters
    ----------
    frame : DataFrame
        A user's frame.
    file : str
        What a message calls it.
    """
    header = canonical_header([str(name) for name in frame.columns])
    columns = [[cell_text(value) for value in frame.iloc[:, i]] for i in range(len(header))]
    rows = tuple(zip(*columns, strict=True)) if columns else ()
    lines = tuple(range(2, len(rows) + 2))
    return RawTable(file, header, rows, lines, faults=tuple(header_faults(header, file)))


def cell_text(value: Any) -> str:
    """Write one cell of a frame as a table file has it: empty where missing, 40 for 40.0."""
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, float | np.floating):
        if value != value:
            return ""
        return str(int(value)) if value.is_integer() else repr(float(value))
    return str(value).strip()
