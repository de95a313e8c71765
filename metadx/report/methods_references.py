"""The references of the methods that a generated text cites."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import as_file, files

from metadx.tables import Reference, read_references


@lru_cache(maxsize=1)
def _file() -> tuple[dict[str, Reference], str]:
    place = files("metadx.report").joinpath("templates", "appraisal", "methods.bib")
    with as_file(place) as path:
        return read_references(path), path.read_text(encoding="utf-8")


def references(keys: Iterable[str]) -> dict[str, Reference]:
    """Return references by key, each once, sorted by key."""
    known, _ = _file()
    return {key: known[key] for key in sorted(set(keys))}


def all_references() -> tuple[Reference, ...]:
    """Return every reference of the bibliography, sorted by key."""
    known, _ = _file()
    return tuple(known[key] for key in sorted(known))


def citation(key: str) -> str:
    """Write ``"Chu & Cole 2006"``, from three authors on ``"Reitsma et al. 2005"``."""
    one = references([key])[key]
    names = " & ".join(one.authors) if len(one.authors) < 3 else f"{one.authors[0]} et al."
    return f"{names} {one.year}"


def cited(keys: Iterable[str]) -> str:
    """Write citations in brackets; nothing for no key."""
    found = "; ".join(citation(key) for key in keys)
    return f" ({found})" if found else ""


def bibtex(keys: Iterable[str]) -> str:
    """Return the BibTeX entries of some keys."""
    wanted = set(keys)
    _, text = _file()
    entries = [part.strip() for part in re.split(r"(?m)^(?=@)", text) if part.strip()]
    chosen = [part for part in entries if part[part.index("{") + 1 : part.index(",")] in wanted]
    return "\n\n".join(chosen) + "\n"
