"""Several files of a folder change together or not at all, and one writer at a time.

What is to be written goes into a journal first. Once the journal stands, the change is decided:
whoever opens the tables next finishes it, should the writer have been stopped half-way. Before
that, nothing has happened.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from metadx.errors import Fault, OptionError, StudyTableError
from metadx.tables.files import write_bytes

LOCK_FILE: Final = ".metadx.lock"
JOURNAL_FILE: Final = ".metadx.journal"
#: A person waits no longer than this for another program to finish (seconds).
PATIENCE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Change:
    """The new content of one file.

    Attributes
    ----------
    before : bytes or None
        What the writer read; None where there was no file.
    after : bytes
        What it shall hold.
    """

    before: bytes | None
    after: bytes


@contextmanager
def locked(folder: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Keep other writers out of a folder; finish first what an interrupted one began.

    Parameters
    ----------
    folder : Path
        Of the study tables.
    patience : float
        Seconds to wait for another writer.

    Raises
    ------
    OptionError
        The folder cannot be written, or another program did not finish in time.
    StudyTableError
        An interrupted change cannot be finished, because somebody edited its files since.
    """
    lock = FileLock(folder / LOCK_FILE)
    try:
        lock.acquire(timeout=patience)
    except Timeout as error:
        raise OptionError(
            f"{folder.as_posix()}: another program has been writing here for {patience:.0f} s; "
            "try again when it has finished"
        ) from error
    except OSError as error:
        raise OptionError(
            f"{folder.as_posix()} cannot be written: {error.strerror or error}"
        ) from error
    try:
        _finish(folder)
        yield
    finally:
        lock.release()


def commit(folder: Path, changes: Mapping[str, Change]) -> None:
    """Write all files or none; call it while the folder is `locked`.

    Parameters
    ----------
    folder : Path
        Of the study tables.
    changes : mapping of str to Change
        By path below the folder, in the order in which they may become visible.

    Raises
    ------
    OptionError
        A file no longer holds what the writer read; nothing is written.
    """
    for name, change in changes.items():
        if _content(folder / name) != change.before:
            raise OptionError(
                f"{(folder / name).as_posix()} was changed by another program in the meantime; "
                "nothing was written, try again"
            )
    entries = [
        {
            "path": name,
            "before": _digest(change.before),
            "after": _digest(change.after),
            "content": base64.b64encode(change.after).decode("ascii"),
        }
        for name, change in changes.items()
    ]
    text = json.dumps({"files": entries}, indent=1)
    write_bytes(folder / JOURNAL_FILE, text.encode(), durable=True)
    _finish(folder)


def finish_interrupted(folder: Path) -> None:
    """Finish a change that was decided and not completed; does nothing where there is none.

    Parameters
    ----------
    folder : Path
        Of the study tables; readers call it before they read.
    """
    if (folder / JOURNAL_FILE).is_file():
        with locked(folder):
            pass


def _finish(folder: Path) -> None:
    journal = folder / JOURNAL_FILE
    _sweep(journal)
    if not journal.is_file():
        return
    entries = _entries(journal)
    edited = [
        entry["path"]
        for entry in entries
        if _digest(_content(folder / entry["path"])) not in (entry["before"], entry["after"])
    ]
    if edited:
        expected = (
            f"the file as it was when a change of it was interrupted; look whether the new row is "
            f"in {', '.join(entry['path'] for entry in entries)}, then delete {journal.name}"
        )
        found = f"{', '.join(edited)} edited since"
        raise StudyTableError([Fault(journal.as_posix(), None, "", "", found, expected, "journal")])
    for entry in entries:
        path = folder / entry["path"]
        if _digest(_content(path)) != entry["after"]:
            write_bytes(path, base64.b64decode(entry["content"]), durable=True)
        _sweep(path)
    journal.unlink()


def _sweep(path: Path) -> None:
    """Remove what a killed writer of this file left beside it; the lock keeps others away."""
    for temporary in path.parent.glob(f".{path.name}.*"):
        temporary.unlink(missing_ok=True)


def _entries(journal: Path) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads(journal.read_text(encoding="utf-8"))["files"]
        for entry in found:
            if _digest(base64.b64decode(entry["content"])) != entry["after"]:
                raise ValueError
            if Path(entry["path"]).is_absolute() or ".." in Path(entry["path"]).parts:
                raise ValueError
    except (OSError, ValueError, TypeError, KeyError) as error:
        expected = "a journal of metadx; it was damaged, delete it and look at the last row added"
        fault = Fault(journal.as_posix(), None, "", "", "something else", expected, "journal")
        raise StudyTableError([fault]) from error
    return found


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _digest(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()
