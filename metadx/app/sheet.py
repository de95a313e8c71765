"""A table while somebody works on it: cells as text, faults and all, never changed in place."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from metadx.errors import Fault, OptionError, StudyTableError
from metadx.tables import StudyTable
from metadx.tables.check import all_faults, refuse
from metadx.tables.frames import typed_frame
from metadx.tables.reading import RawTable
from metadx.tables.schema import COLUMN_NAMES, COUNT_COLUMNS

#: Columns without which there is no table of studies.
NEEDED = ("study_id", *COUNT_COLUMNS)


@dataclass(frozen=True)
class Sheet:
    """A study table as text.

    Attributes
    ----------
    name : str
        What figures call it, ``"ct/hip"``.
    file : str
        What messages call it.
    header : tuple of str
        Column names.
    rows : tuple of tuple of str
        Cells, each row as long as the header.
    ours : bool
        Whether every rule of the study tables applies, or only those for anybody's table.
    """

    name: str
    file: str
    header: tuple[str, ...] = NEEDED
    rows: tuple[tuple[str, ...], ...] = ()
    ours: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def missing(self) -> tuple[str, ...]:
        """Needed columns that are not there."""
        return tuple(name for name in NEEDED if name not in self.header)

    @property
    def has_whole_schema(self) -> bool:
        """Whether it has every column of the study tables."""
        return set(COLUMN_NAMES) <= set(self.header)

    @property
    def size(self) -> int:
        """Characters in it."""
        return sum(len(cell) for row in (self.header, *self.rows) for cell in row)

    @cached_property
    def raw(self) -> RawTable:
        """The table as the checks read it; its header is line 1."""
        lines = tuple(range(2, len(self.rows) + 2))
        return RawTable(self.file, self.header, self.rows, lines)

    @cached_property
    def faults(self) -> tuple[Fault, ...]:
        """Everything that has to be put right before the table can be analysed."""
        try:
            refuse(all_faults([(self.raw, self.ours)]), self.ours)
        except StudyTableError as error:
            return error.faults
        return ()

    @cached_property
    def table(self) -> StudyTable:
        """The study table.

        Raises
        ------
        StudyTableError
            Where the sheet has faults.
        """
        if self.faults:
            raise StudyTableError(self.faults)
        return StudyTable.from_checked(typed_frame(self.raw, self.ours), self.name)

    def cells(self, position: int) -> dict[str, str]:
        """Return a row by column; 0 is the first study.

        Raises
        ------
        OptionError
            There is no such row.
        """
        if not 0 <= position < len(self.rows):
            raise OptionError(f"the table has no row {position + 2}")
        return dict(zip(self.header, self.rows[position], strict=True))

    def with_row(self, cells: Mapping[str, str]) -> Sheet:
        """Return the table with a study below the others."""
        return replace(self, rows=(*self.rows, self._row(cells)))

    def with_changed_row(self, position: int, cells: Mapping[str, str]) -> Sheet:
        """Return the table with other cells in a row; what is not named stays."""
        row = self._row({**self.cells(position), **cells})
        return replace(self, rows=(*self.rows[:position], row, *self.rows[position + 1 :]))

    def without_row(self, position: int) -> Sheet:
        """Return the table without a row."""
        self.cells(position)
        return replace(self, rows=(*self.rows[:position], *self.rows[position + 1 :]))

    def with_names(self, ours: Mapping[str, str]) -> Sheet:
        """Return the table with other column names, ``{"their name": "our name"}``."""
        return replace(self, header=tuple(ours.get(name, name) for name in self.header))

    def _row(self, cells: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(" ".join(cells.get(name, "").split()) for name in self.header)

    def text(self, separator: str = ",", newline: str = "\n") -> str:
        """Write the table as the text of a file."""
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=separator, lineterminator=newline)
        writer.writerows([self.header, *self.rows])
        return stream.getvalue()
