"""A table under the column names of another program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from metadx.tables.schema import COUNT_COLUMNS


@dataclass(frozen=True, eq=False)
class Sheet:
    """What is written to the file.

    Attributes
    ----------
    frame : DataFrame
        Rows under the names of the other program.
    columns : mapping of str to str
        Our name and theirs, where they differ.
    notes : tuple of str
        What the other program does not know or cannot hold.
    """

    frame: pd.DataFrame
    columns: Mapping[str, str]
    notes: tuple[str, ...] = ()


def ordered(frame: pd.DataFrame, first: Mapping[str, str]) -> Sheet:
    """Rename some columns, put them first, and append all others as they are.

    Parameters
    ----------
    frame : DataFrame
        Under our names.
    first : mapping of str to str
        Our name and theirs, in the order of the other program; those that are missing are
        passed over.
    """
    there = {ours: theirs for ours, theirs in first.items() if ours in frame.columns}
    rest = [name for name in frame.columns if name not in there]
    renamed = {ours: theirs for ours, theirs in there.items() if ours != theirs}
    return Sheet(frame[[*there, *rest]].rename(columns=there), renamed)


def incomplete_rows(frame: pd.DataFrame, program: str) -> tuple[str, ...]:
    """Say how many rows lack a margin, which other programs do not use."""
    count = int(frame[list(COUNT_COLUMNS)].isna().any(axis=1).sum())
    if not count:
        return ()
    rows = "1 row has" if count == 1 else f"{count} rows have"
    return (f"{rows} one margin only; {program} cannot use empty counts",)
