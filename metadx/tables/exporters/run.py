"""Write a study table for another program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pandas as pd

from metadx.errors import OptionError
from metadx.tables.exporters.mada import mada
from metadx.tables.exporters.metadta_app import metadta_app
from metadx.tables.exporters.report import ExportReport
from metadx.tables.exporters.revman import revman
from metadx.tables.exporters.sheet import Sheet
from metadx.tables.exporters.stata import stata
from metadx.tables.exporters.template import template_bytes
from metadx.tables.exporters.writers import csv_bytes, r_bytes, stata_bytes, workbook_bytes
from metadx.tables.files import write_bytes
from metadx.tables.importers.columns import METADTA_ITEMS, METADTA_JUDGEMENTS
from metadx.tables.importers.formats import FORMATS, Format, format_named
from metadx.tables.quadas import QuadasTable
from metadx.tables.table import StudyTable

_SHEETS: Final[dict[str, Callable[[pd.DataFrame], Sheet]]] = {
    "mada": mada,
    "metadta-app": metadta_app,
    "stata": stata,
    "revman": revman,
    "csv": lambda frame: Sheet(frame, {}),
    "excel": lambda frame: Sheet(frame, {}),
    "r": lambda frame: Sheet(frame, {}),
}


def export_table(
    table: StudyTable,
    format: str,
    path: str | Path,
    pooled_only: bool = False,
    quadas: QuadasTable | None = None,
    overwrite: bool = False,
) -> ExportReport:
    """Write a table for another program; columns it does not know are appended.

    Parameters
    ----------
    table : StudyTable
    format : str
        A name of `metadx.tables.importers.FORMATS`, or mada, MetaDTA, metandi, metadta, midas.
    path : str or Path
        The file; its ending says in which form, .csv, .xlsx, .dta or .rda.
    pooled_only : bool
        Leave out the rows that metadx does not pool; no other program knows the column pool.
    quadas : QuadasTable, optional
        QUADAS-2 judgements for MetaDTA.
    overwrite : bool
        Whether a file that exists may be replaced.

    Returns
    -------
    ExportReport

    Raises
    ------
    OptionError
        The format is not written, does not have that ending, or the file exists.
    """
    chosen, path = format_named(format), Path(path)
    _require_writable(chosen, path, overwrite)
    rows = table.pooled() if pooled_only else table
    frame = rows.frame
    if quadas is not None and chosen.name == "metadta-app":
        frame = _with_judgements(frame, rows, quadas)
    sheet = _SHEETS[chosen.name](frame)
    if chosen.name == "excel":
        write_bytes(path, template_bytes(sheet.frame))
    else:
        write_bytes(path, _bytes(sheet, path.suffix.lower()))
    notes = (*sheet.notes, *_pool_note(rows, pooled_only))
    return ExportReport(path.as_posix(), chosen.title, len(frame), sheet.columns, notes)


def _require_writable(chosen: Format, path: Path, overwrite: bool) -> None:
    if not chosen.exported:
        written = ", ".join(one.name for one in FORMATS.values() if one.exported)
        raise OptionError(
            f"{chosen.title} is read and not written: the format has no public description, and "
            f"a file that RevMan might refuse helps nobody; written are {written}"
        )
    if path.suffix.lower() not in chosen.suffixes:
        raise OptionError(f"{path.name}: {chosen.title} ends in {' or '.join(chosen.suffixes)}")
    if path.exists() and not overwrite:
        raise OptionError(f"{path} exists; choose another name or allow to replace it (--force)")


def _bytes(sheet: Sheet, suffix: str) -> bytes:
    frame = sheet.frame
    if suffix in (".xlsx", ".xlsm"):
        return workbook_bytes(frame)
    if suffix == ".dta":
        # A label keeps the name that Stata does not take.
        return stata_bytes(frame, {theirs: ours[:80] for ours, theirs in sheet.columns.items()})
    if suffix in (".rda", ".rdata", ".rds"):
        return r_bytes(frame, single=suffix == ".rds")
    return csv_bytes(frame, "\t" if suffix == ".tsv" else ",")


def _pool_note(rows: StudyTable, pooled_only: bool) -> tuple[str, ...]:
    count = len(rows) - len(rows.pooled())
    if pooled_only or not count:
        return ()
    rows_are = "1 row is" if count == 1 else f"{count} rows are"
    return (f"{rows_are} not pooled here (pool = no); another program would pool them",)


def _with_judgements(frame: pd.DataFrame, rows: StudyTable, quadas: QuadasTable) -> pd.DataFrame:
    judged = quadas.judgements(rows, "QUADAS-2")
    codes = {word: int(number) for number, word in METADTA_JUDGEMENTS.items()}
    columns = {
        name: pd.Series([codes.get(word) for word in judged[item]], dtype="Int64")
        for name, item in METADTA_ITEMS.items()
    }
    return frame.assign(**columns)
