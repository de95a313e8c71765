"""The folder of study tables: what may be opened, how a study joins it, how it is written."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from metadx.app.sessions import Origin, Session
from metadx.app.sheet import Sheet
from metadx.errors import Fault, OptionError, StudyTableError
from metadx.tables.add import draft_study
from metadx.tables.check import follows_schema, inspect
from metadx.tables.reading import raw_from_bytes, read_raw
from metadx.tables.record import place_of, record_from
from metadx.tables.references import BIB_FILE
from metadx.tables.transaction import Change, commit, locked

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_TABLES: Final = (".csv", ".tsv")


@dataclass(frozen=True)
class Added:
    """A study that passed every rule of the folder.

    Attributes
    ----------
    sheet : Sheet
        The table with its row.
    entry : tuple of str or None
        Citation key and BibTeX of a reference that is new.
    told : str
        How the counts follow from what the paper prints, empty where they were given.
    """

    sheet: Sheet
    entry: tuple[str, str] | None = None
    told: str = ""


def tables_in(folder: Path) -> dict[str, Path]:
    """Return the study tables that may be opened: ``"ct/hip"`` and the file of each."""
    root = folder.resolve()
    found = {}
    for file in sorted([*folder.glob("*/*"), *folder.glob("*")]):
        plain = file.suffix.lower() in _TABLES and not file.name.startswith(".")
        # A link may lead out of the folder, and nobody asked to read what is there.
        if plain and file.is_file() and file.resolve().is_relative_to(root):
            raw = read_raw(file) if file.parent == folder else None
            if raw is None or {"tp", "fn"} <= set(raw.header):
                found[file.relative_to(folder).with_suffix("").as_posix()] = file
    return found


def open_table(folder: Path, name: str) -> Session:
    """Open a table of the folder.

    Raises
    ------
    OptionError
        The folder has no such table.
    StudyTableError
        The file cannot be read as a table at all.
    """
    listed = tables_in(folder)
    if name not in listed:
        raise OptionError(f"{folder.as_posix()} has no table {name!r}")
    file = listed[name]
    data = file.read_bytes()
    raw = raw_from_bytes(data, file.as_posix())
    if raw.faults:
        raise StudyTableError(raw.faults)
    notes = (raw.note,) if raw.note else ()
    sheet = Sheet(name, file.as_posix(), raw.header, raw.rows, follows_schema(raw))
    newline = "\r\n" if b"\r\n" in data else "\n"
    encoding = raw.encoding.removesuffix("-sig") if data[:3] != b"\xef\xbb\xbf" else "utf-8-sig"
    origin = Origin(file.relative_to(folder), data, encoding, raw.separator, newline)
    return Session(sheet, origin, notes)


def place_in(session: Session) -> tuple[str, str] | None:
    """Return modality and site where the table is one of the folder's, ``ct/hip.csv``."""
    path = session.origin.path
    if path is None or not session.sheet.ours or len(path.parts) != 2:
        return None
    try:
        return place_of(path.as_posix())
    except OptionError:
        return None


def with_study(folder: Path, session: Session, found: Mapping[str, Any]) -> Added:
    """Add a study as ``metadx add`` does, on a copy of the folder that is thrown away.

    Parameters
    ----------
    folder : Path
    session : Session
        With a table that has a place in the folder.
    found : mapping
        A record, see `metadx.tables.record.read_record`.

    Raises
    ------
    StudyTableError
        With all faults at once.
    """
    place, sheet = place_in(session), session.sheet
    if place is None or session.origin.path is None:
        raise OptionError(f"{sheet.name} is no table of {folder.as_posix()}")
    record = record_from(found, "the study")
    with _copy(folder, session, sheet) as copied, _named(copied, folder):
        draft = draft_study(copied, place, record)
        change = draft.changes[session.origin.path.as_posix()]
        raw = raw_from_bytes(change.after, sheet.file)
    entry = (draft.cells["citation_key"], draft.entry) if draft.entry else None
    told = draft.found.sentence if draft.found is not None else ""
    return Added(replace(sheet, rows=raw.rows), entry, told)


def faults_in_folder(folder: Path, session: Session, sheet: Sheet) -> tuple[Fault, ...]:
    """Return every fault of the folder as it would be with a sheet in the place of its file."""
    with _copy(folder, session, sheet) as copied:
        found = inspect(copied).faults
    return tuple(_renamed(fault, copied, folder) for fault in found)


def save(folder: Path, session: Session, name: str, overwrite: bool) -> Path:
    """Write a table and its new references into the folder, all files or none.

    Parameters
    ----------
    folder : Path
    session : Session
    name : str
        Of the file without ending; ``"ct/hip"`` only for a table with the whole schema.
    overwrite : bool
        Whether the file that was opened may be replaced. No other file ever is.

    Raises
    ------
    OptionError
        The name is not allowed, or the file exists or was changed meanwhile.
    StudyTableError
        The folder would have faults that it does not have now.
    """
    path, before = _target(folder, session, name, overwrite)
    origin = session.origin if path == session.origin.path else Origin(path)
    try:
        text = session.sheet.text(origin.separator, origin.newline).encode(origin.encoding)
    except UnicodeEncodeError as error:
        lacking = error.object[error.start : error.end]
        raise OptionError(
            f"{path} is written in {origin.encoding}, which lacks {lacking!r}; choose a new name"
        ) from error
    written = replace(origin, path=path, before=text)
    saved = Session(session.sheet, written, entries=session.entries)
    _refuse_new_faults(folder, saved)
    changes = {path.as_posix(): Change(before, text)}
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        if session.entries:
            bib = folder / BIB_FILE
            known = bib.read_bytes() if bib.is_file() else None
            new = session.bibliography((known or b"").decode("utf-8-sig")).encode()
            changes = {BIB_FILE: Change(known, new), **changes}
        commit(folder, changes)
    with session.lock:
        session.origin, session.saved = written, session.version
        session.entries.clear()
    return folder / path


def _target(
    folder: Path, session: Session, name: str, overwrite: bool
) -> tuple[Path, bytes | None]:
    own = session.origin.path
    if own is not None and name == own.with_suffix("").as_posix():
        if not overwrite:
            raise OptionError(
                f"{own.as_posix()} exists; tick that it may be replaced, or choose another name"
            )
        return own, session.origin.before
    if not _NAME.fullmatch(name) and not _is_place(session, name):
        raise OptionError(
            f"{name[:80]!r} is no name for a table; letters, digits, _ and - make one, up to 64"
        )
    path = Path(f"{name}.csv")
    if (folder / path).exists():
        raise OptionError(f"{path} exists in {folder.as_posix()}; choose another name")
    return path, None


def _is_place(session: Session, name: str) -> bool:
    """Tell whether a table with the whole schema may stand under modality and site."""
    if not session.sheet.ours or name.endswith(".csv"):
        return False
    try:
        return "/".join(place_of(name)) == name
    except OptionError:
        return False


def _refuse_new_faults(folder: Path, saved: Session) -> None:
    known = {_key(fault) for fault in inspect(folder).faults} if folder.is_dir() else set()
    found = faults_in_folder(folder, saved, saved.sheet)
    new = [fault for fault in found if _key(fault) not in known]
    # A table from elsewhere answers for itself alone; one of the folder for all that it touches.
    serious = new if saved.sheet.ours else saved.sheet.faults
    if serious:
        raise StudyTableError(serious)


def _key(fault: Fault) -> tuple[str, ...]:
    return (Path(fault.file).name, fault.study, fault.column, fault.found, fault.rule)


@contextmanager
def _copy(folder: Path, session: Session, sheet: Sheet) -> Iterator[Path]:
    """Lay out the tables and the bibliography as saving would leave them."""
    with tempfile.TemporaryDirectory(prefix="metadx-") as name:
        copied = Path(name) / "studies"
        copied.mkdir()
        for file in [*folder.glob("*/*"), *folder.glob("*")]:
            wanted = file.suffix.lower() in _TABLES or file == folder / BIB_FILE
            if wanted and file.is_file() and not file.name.startswith("."):
                target = copied / file.relative_to(folder)
                target.parent.mkdir(exist_ok=True)
                shutil.copyfile(file, target)
        bib = copied / BIB_FILE
        if session.entries:
            text = bib.read_text(encoding="utf-8-sig") if bib.is_file() else ""
            bib.write_text(session.bibliography(text), encoding="utf-8")
        path = session.origin.path
        if path is not None:
            (copied / path).parent.mkdir(exist_ok=True)
            (copied / path).write_text(sheet.text(), encoding="utf-8")
        yield copied


@contextmanager
def _named(copied: Path, folder: Path) -> Iterator[None]:
    """Say the folder's name, not the copy's, in every fault."""
    try:
        yield
    except StudyTableError as error:
        faults = [_renamed(fault, copied, folder) for fault in error.faults]
        raise StudyTableError(faults) from error


def _renamed(fault: Fault, copied: Path, folder: Path) -> Fault:
    own, real = copied.as_posix(), folder.as_posix()
    return replace(
        fault, file=fault.file.replace(own, real), expected=fault.expected.replace(own, real)
    )
