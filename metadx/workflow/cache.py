"""What earlier runs computed: one JSON file each, believed only if everything in it holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from metadx.report.links import slug
from metadx.tables.files import write_bytes


@dataclass(frozen=True)
class Entry:
    """One computed result with its figures.

    Attributes
    ----------
    key : str
        From `metadx.workflow.options.cache_key`.
    record : dict or None
        Numbers, as `StratumRecord.to_dict` gives them.
    images : dict of str to str
        SVG of the figures for the page.
    drawing : dict
        Lines that the page's script draws, from `metadx.report.drawing`.
    fragments : dict
        Parts of the page about the stratum, from `metadx.report.fragments`.
    files : dict of str to str
        SHA-256 of each file written, by its path below the output folder.
    seconds : float
        Time that it took.
    notes : tuple of str
        Warnings for the person who runs it.
    """

    key: str
    record: Mapping[str, Any] | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    drawing: Mapping[str, Any] = field(default_factory=dict)
    fragments: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


class Cache:
    """A folder of entries below the output folder.

    Parameters
    ----------
    out : Path
        Output folder.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out / "results" / ".cache"

    def _path(self, name: str) -> Path:
        return self.folder / f"{slug(name)}.json"

    def load(self, name: str, key: str) -> Entry | None:
        """Return the entry of a name, or None where it is absent, stale or damaged.

        Parameters
        ----------
        name : str
            What was computed.
        key : str
            What it must have been computed from.
        """
        try:
            data = json.loads(self._path(name).read_text(encoding="utf-8"))
            entry = Entry(**{**data, "notes": tuple(data["notes"])})
            whole = entry.key == key and all(
                sha256(self.out / path) == digest for path, digest in entry.files.items()
            )
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        return entry if whole else None

    def save(self, name: str, entry: Entry) -> None:
        """Keep an entry, whole or not at all."""
        text = json.dumps(asdict(entry), ensure_ascii=False)
        write_bytes(self._path(name), text.encode())

    def prune(self, names: Iterable[str]) -> None:
        """Remove the entries of everything but `names`."""
        wanted = {self._path(name) for name in names}
        for path in self.folder.glob("*.json"):
            if path not in wanted:
                path.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """Hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
