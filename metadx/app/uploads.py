"""Somebody's file: unpacked no further than is safe, read by the importers, never run."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path, PureWindowsPath
from typing import Any, Final

from metadx.app.sessions import Session
from metadx.app.sheet import Sheet
from metadx.errors import Fault, OptionError, StudyTableError
from metadx.tables.frames import cell_text
from metadx.tables.importers import import_table

#: A packed file that grows beyond this is no table of studies (bytes).
MOST_UNPACKED: Final = 20 * 2**20
MOST_ROWS: Final = 2000
MOST_COLUMNS: Final = 200
_PACKED: Final[dict[bytes, Callable[[Any], Any]]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_UNSAFE: Final = re.compile(r"[^\w .()+-]+")


def opened(data: bytes, filename: str) -> Session:
    """Read an uploaded file.

    Parameters
    ----------
    data : bytes
    filename : str
        As the browser calls it; only its last part counts.

    Returns
    -------
    Session
        Also where cells have faults or columns are missing: those can be put right here.

    Raises
    ------
    OptionError
        The file is too large, or of a kind that is not read.
    StudyTableError
        It cannot be read as a table at all.
    """
    name = plain_name(filename)
    if not data:
        raise OptionError(f"{name} is empty; choose a file with a table")
    _refuse_bombs(data, name)
    with tempfile.TemporaryDirectory(prefix="metadx-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            imported = import_table(path)
        except OptionError as error:
            raise OptionError(str(error).replace(f"{folder}/", "")) from error
    report = imported.report
    faults = tuple(_without(fault, folder) for fault in report.faults)
    frame = imported.frame
    if not len(frame.columns) or not len(frame):
        raise StudyTableError(faults or [Fault(name, None, "", "", "", "a table", "no_rows")])
    if len(frame) > MOST_ROWS or len(frame.columns) > MOST_COLUMNS:
        raise OptionError(
            f"{name} has {len(frame)} rows and {len(frame.columns)} columns; "
            f"up to {MOST_ROWS} and {MOST_COLUMNS} can be worked on here"
        )
    cells = frame.map(cell_text).itertuples(index=False, name=None)
    sheet = Sheet(Path(name).stem, name, tuple(map(str, frame.columns)), tuple(cells))
    sheet = replace(sheet, ours=sheet.has_whole_schema)
    _refuse_unread(faults, sheet)
    notes = [f"{theirs} is read as {ours}" for theirs, ours in report.columns.items()]
    notes += [note.replace(f"{folder}/", "") for note in report.notes]
    return Session(sheet, notes=tuple(notes))


def _refuse_unread(faults: tuple[Fault, ...], sheet: Sheet) -> None:
    """Refuse a file of which something is lost; cells and names can be put right on the page."""
    here = {"missing_column", *(fault.rule for fault in sheet.faults)}
    unread = [fault for fault in faults if fault.rule not in here]
    if unread:
        raise StudyTableError(unread)


def plain_name(filename: str) -> str:
    """Return the last part of a file name without anything that leads elsewhere."""
    last = PureWindowsPath(filename.replace("\0", "")).name
    path = Path(_UNSAFE.sub("_", last).strip(" ."))
    return f"{path.stem[:60] or 'table'}{path.suffix[:10].lower()}"


def _without(fault: Fault, folder: str) -> Fault:
    return replace(fault, file=fault.file.replace(f"{folder}/", ""))


def _refuse_bombs(data: bytes, name: str) -> None:
    """Refuse what is small on the way and huge when it is read."""
    if data.startswith(b"PK"):
        try:
            with zipfile.ZipFile(BytesIO(data)) as archive:
                size = sum(entry.file_size for entry in archive.infolist())
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise OptionError(f"{name} is a damaged workbook ({error})") from error
    else:
        unpack = next((one for mark, one in _PACKED.items() if data.startswith(mark)), None)
        size = _unpacked_size(unpack(BytesIO(data)), name) if unpack else 0
    if size > MOST_UNPACKED:
        raise OptionError(
            f"{name} unpacks to more than {MOST_UNPACKED // 2**20} MB; a table of studies has less"
        )


def _unpacked_size(stream: Any, name: str) -> int:
    size = 0
    try:
        with stream:
            while size <= MOST_UNPACKED and (part := stream.read(2**20)):
                size += len(part)
    except (OSError, EOFError, lzma.LZMAError, ValueError) as error:
        raise OptionError(f"{name} is a damaged file ({error})") from error
    return size
