"""What each browser tab works on: tables in memory, each under an identifier nobody can guess."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from metadx.app.sheet import Sheet
from metadx.errors import MetadxError
from metadx.tables.references import BIB_FILE

#: Tables that are kept at the same time; the one that was not used for longest goes first.
MOST_SESSIONS: Final = 24
#: Characters of all tables together.
MOST_CHARACTERS: Final = 64 * 2**20
#: Fits that a tab keeps, so that figures and downloads need no new one.
MOST_FITS: Final = 6


class SessionEnded(MetadxError):
    """No tab has this identifier any more."""


class StaleTable(MetadxError):
    """The table was changed elsewhere since this page showed it."""


@dataclass(frozen=True)
class Origin:
    """Where a table came from, for saving it back.

    Attributes
    ----------
    path : Path or None
        File below the folder of study tables; None for an upload.
    before : bytes
        What that file held when it was read.
    encoding, separator, newline : str
        How it was written.
    """

    path: Path | None = None
    before: bytes = b""
    encoding: str = "utf-8"
    separator: str = ","
    newline: str = "\n"


@dataclass
class Session:
    """One open table.

    Attributes
    ----------
    sheet : Sheet
        As it is now.
    origin : Origin
    notes : tuple of str
        How it was read.
    entries : dict of str to str
        References of studies that were added, BibTeX by citation key.
    version : int
        Counts the changes; a page says on which one it rests.
    saved : int
        The version that was saved last, or was opened.
    """

    sheet: Sheet
    origin: Origin = field(default_factory=Origin)
    notes: tuple[str, ...] = ()
    entries: dict[str, str] = field(default_factory=dict)
    version: int = 1
    saved: int = 1
    id: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _fits: OrderedDict[Any, Any] = field(default_factory=OrderedDict, repr=False)

    @property
    def changed(self) -> bool:
        """Whether something was changed that is not saved."""
        return self.version != self.saved

    def require(self, version: int) -> None:
        """Refuse a request that rests on another version.

        Raises
        ------
        StaleTable
        """
        if version != self.version:
            raise StaleTable(
                "the table was changed in another tab or window since this page showed it; "
                "nothing was done. Load the page again to go on with the table as it is now"
            )

    def change(
        self, version: int, edit: Callable[[Sheet], Sheet], entry: tuple[str, str] | None = None
    ) -> None:
        """Put another sheet in place, if nobody did so since `version`.

        Parameters
        ----------
        version : int
            On which the change rests.
        edit : callable
            Returns the new sheet; what it raises leaves everything as it was.
        entry : tuple of str, optional
            Citation key and BibTeX of a reference that the change needs.

        Raises
        ------
        StaleTable
        """
        with self.lock:
            self.require(version)
            self.sheet = edit(self.sheet)
            if entry is not None:
                self.entries[entry[0]] = entry[1]
            self.version += 1
            self._fits.clear()

    def remembered(self, key: Any, make: Callable[[Sheet], Any]) -> Any:
        """Return what was computed of this version and key before, or compute it now."""
        with self.lock:
            whole, sheet = (self.version, key), self.sheet
            if whole in self._fits:
                self._fits.move_to_end(whole)
                return self._fits[whole]
        made = make(sheet)
        with self.lock:
            if whole[0] == self.version:
                self._fits[whole] = made
                while len(self._fits) > MOST_FITS:
                    self._fits.popitem(last=False)
        return made

    def bibliography(self, text: str) -> str:
        """Return a bibliography with the references that were added."""
        new = [entry for key, entry in self.entries.items() if f"{{{key}," not in text]
        return "\n".join([text.rstrip("\n") + "\n", *new]) if new else text

    @property
    def files(self) -> tuple[str, ...]:
        """Files below the folder of study tables that saving would write."""
        return (str(self.origin.path), *([BIB_FILE] if self.entries else []))


class Sessions:
    """All open tables of the running application."""

    def __init__(self, most: int = MOST_SESSIONS, characters: int = MOST_CHARACTERS) -> None:
        self._most, self._characters = most, characters
        self._open: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, session: Session) -> Session:
        """Keep a table; those that were not used for longest make room."""
        with self._lock:
            self._open[session.id] = session
            while len(self._open) > 1 and self._full():
                self._open.popitem(last=False)
        return session

    def _full(self) -> bool:
        if len(self._open) > self._most:
            return True
        return sum(one.sheet.size for one in self._open.values()) > self._characters

    def get(self, identifier: str) -> Session:
        """Return an open table.

        Raises
        ------
        SessionEnded
        """
        with self._lock:
            if identifier not in self._open:
                raise SessionEnded(
                    "this table is no longer open here: the application was started again, or "
                    f"more than {self._most} tables were open. Open it again from the first page"
                )
            self._open.move_to_end(identifier)
            return self._open[identifier]
