"""Read study tables, whole and checked, or not at all; write them back."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from metadx.tables.check import inspect, refuse
from metadx.tables.files import write_text
from metadx.tables.frames import typed_frame
from metadx.tables.reading import RawTable
from metadx.tables.table import StudyTable, to_csv


def read_studies(path: str | Path = "studies") -> StudyTable:
    """Read a study table, or all tables of a folder into one.

    Parameters
    ----------
    path : str or Path
        A file with at least study, tp, fp, fn and tn (comma, semicolon or tab;
        UTF-8, UTF-16, GB18030 or Windows-1252), or a folder of study tables. The
        rows of ``removed.csv`` are read too; they are never pooled.

    Returns
    -------
    StudyTable
        Named ``"ct/hip"`` for ``studies/ct/hip.csv``, else after the file or folder.

    Raises
    ------
    StudyTableError
        With all faults of all files, as `check` lists them.
    """
    inspection = inspect(path)
    refuse(inspection.faults, ours=any(ours for _, ours in inspection.tables))
    frames = [typed_frame(raw, ours) for raw, ours in inspection.tables]
    return StudyTable.from_checked(_joined(frames), _name(Path(path), inspection.tables))


def write_studies(table: StudyTable, path: str | Path) -> None:
    """Write a table as UTF-8 with commas, whole or not at all.

    Parameters
    ----------
    table : StudyTable
    path : str or Path
        The file; it is replaced if it exists.
    """
    write_text(Path(path), to_csv(table))


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    if len(frames) == 1:
        return frames[0]
    joined = pd.concat(frames, ignore_index=True)
    for name in joined.columns:
        if joined[name].dtype == object:
            joined[name] = joined[name].where(joined[name].notna(), "")
    return joined


def _name(path: Path, tables: tuple[tuple[RawTable, bool], ...]) -> str:
    if path.is_dir():
        return path.resolve().name
    raw, ours = tables[0]
    file = Path(raw.file).resolve()
    return f"{file.parent.name}/{file.stem}" if ours and file.parent.name else file.stem
