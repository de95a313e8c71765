"""Where an imported table goes: a CSV file, or a new table among the studies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from metadx.errors import OptionError
from metadx.tables import codes
from metadx.tables.check import check
from metadx.tables.files import write_text
from metadx.tables.frames import cell_text
from metadx.tables.importers.report import Imported
from metadx.tables.schema import COLUMN_NAMES
from metadx.tables.table import StudyTable, to_csv

#: Faults that are shown after a table was put among the studies; `metadx check` shows all.
_SHOWN = 10


def parsed_mapping(pairs: Sequence[str]) -> dict[str, str]:
    """Read ``THEIRS=OURS`` pairs.

    Raises
    ------
    OptionError
        A pair has no equals sign or an empty side.
    """
    found = {}
    for pair in pairs:
        theirs, _, ours = pair.rpartition("=")
        if not theirs.strip() or not ours.strip():
            raise OptionError(f"--map {pair!r}: write THEIRS=OURS, for example --map cases=tp")
        found[theirs.strip()] = ours.strip()
    return found


def keep(found: Imported, to: str, studies: str | Path, overwrite: bool = False) -> str:
    """Write an imported table and say where it went.

    Parameters
    ----------
    found : Imported
    to : str
        A .csv file, or ``MODALITY/SITE`` for a new table of the folder `studies`, which gets
        every column of the schema, empty where the file said nothing.
    studies : str or Path
        Folder of study tables.
    overwrite : bool
        Whether a .csv file that exists may be replaced; a table of studies never is.

    Raises
    ------
    OptionError
        The place exists or is none, or the schema has no place for a column.
    StudyTableError
        The import had faults.
    """
    table = found.table
    path = Path(to)
    if path.suffix.lower() == ".csv":
        if path.exists() and not overwrite:
            raise OptionError(
                f"{path} exists; choose another name or allow to replace it (--force)"
            )
        write_text(path, to_csv(table))
        return f"{path}: {len(table)} rows written"
    return _among_the_studies(table, to, Path(studies))


def _among_the_studies(table: StudyTable, to: str, studies: Path) -> str:
    modality, _, site = to.partition("/")
    known = ([code.code for code in codes.MODALITY], [code.code for code in codes.SITE])
    for value, allowed in zip((modality, site), known, strict=True):
        if value not in allowed:
            raise OptionError(f"{to!r} is MODALITY/SITE or ends in .csv; {value!r} is not one of "
                              f"{', '.join(allowed)}")  # fmt: skip
    path = studies / modality / f"{site}.csv"
    if path.exists():
        raise OptionError(f"{path} exists and is not touched; write to a .csv file and compare")
    extra = [name for name in table.columns if name not in COLUMN_NAMES]
    if extra:
        raise OptionError(
            f"the schema has no column for {', '.join(extra)}; map each with --map THEIRS=OURS "
            f"to one of {', '.join(COLUMN_NAMES)}, or write to a .csv file"
        )
    write_text(path, to_csv(StudyTable.from_checked(_whole(table, modality, site), to)))
    faults = [fault for fault in check(studies).faults if fault.file == path.as_posix()]
    lines = [f"{path}: {len(table)} rows written", *(str(fault) for fault in faults[:_SHOWN])]
    if faults:
        lines.append(f"{len(faults)} cells are to be filled in; metadx check lists all")
    return "\n".join(lines)


def _whole(table: StudyTable, modality: str, site: str) -> pd.DataFrame:
    """All columns of the schema in its order, with the place that was given."""
    frame = table.frame
    for name, value in (("modality", modality), ("site", site)):
        if name not in frame:
            frame[name] = value
        elif {cell_text(cell) for cell in frame[name]} != {value}:
            raise OptionError(f"the file has other values than {value!r} in its column {name}")
    for name in COLUMN_NAMES:
        if name not in frame:
            frame[name] = ""
    return frame[list(COLUMN_NAMES)]
