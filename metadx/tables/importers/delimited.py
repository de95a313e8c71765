"""Comma-, semicolon- and tab-separated files: mada, MetaDTA, metadta, RevMan and anybody's."""

from __future__ import annotations

import csv
import io
from itertools import islice
from pathlib import Path

from metadx.tables.importers.grid import Grid
from metadx.tables.reading import RawTable, read_raw


def read_delimited(path: Path) -> Grid:
    """Read a text file in any of the encodings and separators that metadx knows."""
    raw = read_raw(path)
    notes = (raw.note.removeprefix(f"{raw.file}: "),) if raw.encoding and raw.note else ()
    names = _names_as_found(path, raw) if raw.header else ()
    return Grid(raw.file, names, raw.rows, raw.lines, raw.decimal_comma, notes, raw.faults)


def _names_as_found(path: Path, raw: RawTable) -> tuple[str, ...]:
    """The header in its own spelling; `read_raw` spells the names of the schema its way."""
    text = path.read_bytes().decode(raw.encoding).removeprefix("\ufeff")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=raw.separator)
    header = next(islice(reader, raw.header_line - 1, None))
    return tuple(cell.strip() for cell in header[: len(raw.header)])
