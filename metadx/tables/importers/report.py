"""What an import found: the table it would make, and everything that has to be known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from metadx.errors import Fault, StudyTableError
from metadx.estimate import NotApplicable
from metadx.tables.quadas import QuadasTable
from metadx.tables.table import StudyTable


@dataclass(frozen=True)
class ImportReport:
    """What was read and what is wrong with it.

    Attributes
    ----------
    file : str
        Path as the user named it.
    format : str
        Format that was found, a name of `metadx.tables.importers.FORMATS`.
    columns : mapping of str to str
        Their column and ours, for each column that got another name or a meaning.
    kept : tuple of str
        Columns that the schema does not know; they are kept under their own names.
    rows : int
        Rows that were read, one a 2x2 table.
    notes : tuple of str
        How the file was read.
    faults : tuple of Fault
        Everything that has to be put right before there is a table.
    """

    file: str
    format: str
    columns: Mapping[str, str]
    kept: tuple[str, ...]
    rows: int
    notes: tuple[str, ...]
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        """Whether a table could be made."""
        return not self.faults

    @property
    def exit_code(self) -> int:
        """0 where a table could be made, else 1."""
        return 0 if self.ok else 1

    def text(self) -> str:
        """Write the report for the terminal."""
        lines = [f"{self.file}: {self.format}, {self.rows} rows"]
        lines += [f"  {theirs} is {ours}" for theirs, ours in self.columns.items()]
        if self.kept:
            lines.append(f"  kept under their own names: {', '.join(self.kept)}")
        lines += [f"  {note}" for note in self.notes]
        lines += [str(fault) for fault in self.faults]
        count = len(self.faults)
        verdict = "no problem" if not count else f"{count} problem{'' if count == 1 else 's'}"
        return "\n".join([*lines, verdict])

    def __str__(self) -> str:
        return self.text()


@dataclass(frozen=True)
class Imported:
    """The result of `import_table`.

    Attributes
    ----------
    report : ImportReport
    frame : DataFrame
        The rows as text cells under our names, also where there are faults.
    quadas : QuadasTable or NotApplicable
        Judgements that stood in columns of the file.
    """

    report: ImportReport
    frame: pd.DataFrame
    quadas: QuadasTable | NotApplicable
    _table: StudyTable | None = None

    @property
    def table(self) -> StudyTable:
        """The study table.

        Raises
        ------
        StudyTableError
            With every fault of the report.
        """
        if self._table is None:
            raise StudyTableError(self.report.faults)
        return self._table
