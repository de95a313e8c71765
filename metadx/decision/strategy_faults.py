"""What is wrong with a strategy file: every fault with its place, all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from metadx.errors import MetadxError
from metadx.tables.schema import did_you_mean


@dataclass(frozen=True, slots=True, order=True)
class FileFault:
    """One fault of a strategy file.

    Attributes
    ----------
    file : str
        File as the user named it.
    place : str
        Keys from the top of the file, joined by dots; empty for the whole file.
    found, expected : str
        What stands there, and what would be right.
    rule : str
        Short name of the broken rule, e.g. ``"cycle"``.
    """

    file: str
    place: str
    found: str
    expected: str
    rule: str

    def __str__(self) -> str:
        place = f"{self.file}, {self.place}" if self.place else self.file
        found = f"found {self.found!r}" if self.found else "found nothing"
        return f"{place}: {found}; expected {self.expected}"


class StrategyError(MetadxError):
    """One or more faults of a strategy file, all of them at once.

    Attributes
    ----------
    faults : tuple of FileFault
        In the order of the file's parts.
    """

    def __init__(self, faults: Sequence[FileFault]) -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        head = f"{count} fault{'' if count == 1 else 's'} in the strategy file"
        super().__init__("\n".join([head, *(str(fault) for fault in self.faults)]))


@dataclass
class Findings:
    """Collects faults while a file is read."""

    file: str
    faults: list[FileFault] = field(default_factory=list)

    def add(self, place: str, found: object, expected: str, rule: str) -> None:
        """Note a fault."""
        self.faults.append(FileFault(self.file, place, str(found), expected, rule))

    def keys(self, place: str, table: Mapping[str, Any], allowed: Iterable[str]) -> None:
        """Note every key that is not allowed here."""
        known = tuple(allowed)
        for key in table:
            if key not in known:
                expected = f"one of {', '.join(known)}{did_you_mean(key, known)}"
                self.add(f"{place}.{key}" if place else key, key, expected, "unknown_key")

    def one_of(self, place: str, found: Any, allowed: Iterable[str], rule: str) -> bool:
        """Tell whether a word is among the allowed ones, and note it where it is not."""
        known = tuple(allowed)
        if isinstance(found, str) and found in known:
            return True
        hint = did_you_mean(found, known) if isinstance(found, str) else ""
        self.add(place, "" if found is None else found, f"one of {', '.join(known)}{hint}", rule)
        return False

    def text(self, place: str, table: Mapping[str, Any], key: str, default: str = "") -> str:
        """Return a text of a table, with a fault where something else stands there."""
        found = table.get(key, default)
        if isinstance(found, str):
            return found
        self.add(f"{place}.{key}" if place else key, found, "text in quotes", "type")
        return default

    def table(self, place: str, found: Any) -> dict[str, Any]:
        """Return a table, with a fault where something else stands there."""
        if isinstance(found, dict):
            return found
        if found is not None:
            self.add(place, found, "a table of keys and values", "type")
        return {}
