"""What metadx raises and warns with: one root, one class a stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class MetadxError(Exception):
    """Root of every error that metadx raises on purpose."""


class ModelError(MetadxError):
    """A model cannot be fitted to this table; the message says what is missing."""


class OptionError(MetadxError):
    """An argument has a value outside the allowed ones, which the message lists."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault of one cell, row or file of a study table.

    Attributes
    ----------
    file : str
        File as the user named it, or ``"<table>"`` for data given in memory.
    row : int or None
        Line in the file as a spreadsheet numbers it (the header is line 1);
        None where the fault concerns the whole file.
    study : str
        Study identifier of the row, empty where there is none.
    column : str
        Column, or columns joined by ``+``; empty for a fault of the file.
    found : str
        The offending value as it stands in the file.
    expected : str
        What would be right.
    rule : str
        Short name of the broken rule, e.g. ``"count"`` or ``"duplicate_row"``.
    """

    file: str
    row: int | None
    study: str
    column: str
    found: str
    expected: str
    rule: str = ""

    def __str__(self) -> str:
        place = self.file
        if self.row is not None:
            place += f", row {self.row}"
        if self.study:
            place += f" ({self.study})"
        if self.column:
            place += f", column {self.column}"
        found = f"found {self.found!r}" if self.found else "found nothing"
        return f"{place}: {found}; expected {self.expected}"


class StudyTableError(MetadxError):
    """One or more faults of study tables, all of them at once.

    Attributes
    ----------
    faults : tuple of Fault
        Sorted by file and row.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda f: (f.file, f.row or 0, f.column)))
        count = len(self.faults)
        head = f"{count} fault{'' if count == 1 else 's'} in the study tables"
        super().__init__("\n".join([head, *(str(fault) for fault in self.faults)]))


class MetadxWarning(UserWarning):
    """Root of the warnings; each is also recorded on the result it concerns."""


class BoundaryWarning(MetadxWarning):
    """A between-study variance is 0 or the correlation is -1 or 1."""


class SparseDataWarning(MetadxWarning):
    """Too few or too sparse studies for the model that was asked for."""


class ThresholdEffectWarning(MetadxWarning):
    """The SROC curve's slope has no meaning for these studies."""
