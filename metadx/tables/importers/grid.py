"""What every reader hands on: cells as text, with the row numbers that a spreadsheet shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from metadx.errors import Fault
from metadx.tables.frames import cell_text

#: The study tables of the largest reviews have a few hundred kilobytes. A file beyond this is
#: something else, and reading it whole would take the machine down.
MAX_BYTES: Final = 50 * 2**20


@dataclass(frozen=True)
class Grid:
    """A sheet of text cells.

    Attributes
    ----------
    file : str
        Path as the user named it.
    names : tuple of str
        Column names as found.
    rows : tuple of tuple of str
        Cells, each row as long as the names.
    lines : tuple of int
        Row numbers as a spreadsheet shows them.
    decimal_comma : bool
        Whether ``88,6`` is a number here.
    notes : tuple of str
        What a reader of the report has to know about how the file was read.
    faults : tuple of Fault
        What is wrong with the file as a file.
    """

    file: str
    names: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    lines: tuple[int, ...] = ()
    decimal_comma: bool = False
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


def file_fault(path: Path, found: str, expected: str, rule: str = "file") -> Fault:
    """Make a fault that concerns a whole file."""
    return Fault(path.as_posix(), None, "", "", found, expected, rule)


def unreadable(path: Path) -> Fault | None:
    """Tell why a file is not read at all, or return None."""
    try:
        size = path.stat().st_size
        if path.is_dir():
            return file_fault(path, "a folder", "one file")
    except OSError as error:
        return file_fault(path, error.strerror or type(error).__name__, "a file that can be read")
    if not size:
        return file_fault(path, "an empty file", "a table", "empty_file")
    if size > MAX_BYTES:
        found = f"{size / 2**20:.0f} MB"
        return file_fault(path, found, f"at most {MAX_BYTES // 2**20} MB", "file_size")
    return None


def grid_from_frame(
    frame: pd.DataFrame, file: str, first_line: int = 2, notes: tuple[str, ...] = ()
) -> Grid:
    """Write the cells of a frame as text.

    Parameters
    ----------
    frame : DataFrame
    file : str
        What a message calls it.
    first_line : int
        Number of the first row in the messages.
    notes : tuple of str
        Handed on.
    """
    columns = [[_text(value) for value in frame.iloc[:, i]] for i in range(frame.shape[1])]
    rows = tuple(zip(*columns, strict=True)) if columns else ()
    lines = tuple(range(first_line, first_line + len(rows)))
    return Grid(file, tuple(str(name) for name in frame.columns), rows, lines, notes=notes)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return cell_text(value)
