"""The bytes of a file: text, workbook, data set of Stata or of R."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from metadx.tables.frames import cell_text

#: Name of the data frame in an R file.
R_NAME: Final = "studies"
#: Longest text that Stata keeps in a plain variable.
_STATA_TEXT: Final = 2045


def csv_bytes(frame: pd.DataFrame, separator: str = ",") -> bytes:
    """Write UTF-8 text, empty where missing."""
    cells = frame.map(cell_text)
    text: str = cells.to_csv(index=False, lineterminator="\n", sep=separator)
    return text.encode()


def workbook_bytes(frame: pd.DataFrame) -> bytes:
    """Write a workbook with one plain sheet."""
    from openpyxl import Workbook

    book = Workbook()
    fill_sheet(book.active, frame)
    return book_bytes(book)


def fill_sheet(sheet: Any, frame: pd.DataFrame) -> None:
    """Write header and rows; numbers as numbers, all else as text and never as a formula."""
    for column, name in enumerate(frame.columns, start=1):
        _text_cell(sheet.cell(1, column), str(name))
    for column, name in enumerate(frame.columns, start=1):
        numeric = is_numeric_dtype(frame[name].dtype)
        for row, value in enumerate(frame[name], start=2):
            text = cell_text(value)
            if not text:
                continue
            if numeric:
                sheet.cell(row, column).value = int(value) if float(value).is_integer() else value
            else:
                _text_cell(sheet.cell(row, column), text)


def _text_cell(cell: Any, text: str) -> None:
    cell.value = text
    cell.data_type = "s"


def book_bytes(book: Any) -> bytes:
    """Return a workbook as the bytes of its file."""
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def stata_bytes(frame: pd.DataFrame, labels: Mapping[str, str]) -> bytes:
    """Write a data set for Stata 14 and later.

    Parameters
    ----------
    frame : DataFrame
    labels : mapping of str to str
        Label of each variable that has one.
    """
    plain = plain_types(frame)
    long = [
        name
        for name in plain.columns
        if plain[name].dtype == object and plain[name].str.len().max() > _STATA_TEXT
    ]
    stream = io.BytesIO()
    plain.to_stata(
        stream, write_index=False, version=118, convert_strl=long, variable_labels=dict(labels)
    )
    return stream.getvalue()


def r_bytes(frame: pd.DataFrame, single: bool = False) -> bytes:
    """Write an .rda file with the data frame ``studies``, or an .rds file with it alone."""
    import rdata

    plain = plain_types(frame)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "studies.rda"
        if single:
            rdata.write_rds(path, plain)
        else:
            rdata.write_rda(path, {R_NAME: plain})
        return path.read_bytes()


def plain_types(frame: pd.DataFrame) -> pd.DataFrame:
    """Return floats with NaN and text, which is all that Stata and R share."""
    columns: dict[str, pd.Series[Any]] = {}
    for name in frame.columns:
        if is_numeric_dtype(frame[name].dtype):
            values = frame[name].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
            columns[str(name)] = pd.Series(values)
        else:
            texts = [cell_text(value) for value in frame[name]]
            columns[str(name)] = pd.Series(texts, dtype=object)
    return pd.DataFrame(columns)
