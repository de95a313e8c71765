"""What an export wrote, and what the other program makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ExportReport:
    """What was written.

    Attributes
    ----------
    file : str
        Path of the file.
    format : str
        A name of `metadx.tables.importers.FORMATS`.
    rows : int
        Rows that were written.
    columns : mapping of str to str
        Our column and the name it got, where it got another one.
    notes : tuple of str
        What the other program does not know or cannot hold.
    """

    file: str
    format: str
    rows: int
    columns: Mapping[str, str]
    notes: tuple[str, ...]

    def text(self) -> str:
        """Write the report for the terminal."""
        lines = [f"{self.file}: {self.format}, {self.rows} rows"]
        lines += [f"  {ours} is called {theirs}" for ours, theirs in self.columns.items()]
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def __str__(self) -> str:
        return self.text()
