"""The literature behind the tables: references.bib, read for citations and checks."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import bibtexparser
from bibtexparser.bparser import BibTexParser

from metadx.errors import Fault, StudyTableError
from metadx.tables.labels import AUTHOR_NOT_STATED, author_year
from metadx.tables.rules import Row
from metadx.tables.schema import did_you_mean

BIB_FILE: Final = "references.bib"
_ENTRY: Final = re.compile(
    r"^[ \t]*@(?!comment\b|string\b|preamble\b)\w+[ \t]*[{(][ \t]*([^,\s}]*)", re.I | re.M
)


@dataclass(frozen=True, slots=True)
class Reference:
    """One entry of the bibliography; a field that is not known is empty.

    Attributes
    ----------
    key : str
        Citation key.
    authors : tuple of str
        Family names, as far as known.
    title, year, journal, doi, pmid, url : str
    """

    key: str
    authors: tuple[str, ...] = ()
    title: str = ""
    year: str = ""
    journal: str = ""
    doi: str = ""
    pmid: str = ""
    url: str = ""

    @property
    def citation(self) -> str:
        """``"Müller 2014"``, ``"author not stated, 2014"``."""
        return author_year(self.authors[0] if self.authors else "", self.year)

    def line(self) -> str:
        """Write the reference for a list: authors, title, journal, year, identifiers."""
        parts = [", ".join(self.authors) or AUTHOR_NOT_STATED, self.title or "title not stated"]
        parts.append(", ".join(part for part in (self.journal, self.year) if part))
        text = " ".join(part if part[-1] in ".?!" else f"{part}." for part in parts if part)
        if self.doi:
            return f"{text} https://doi.org/{self.doi}"
        if self.pmid:
            return f"{text} PubMed {self.pmid}"
        return f"{text} {self.url}".strip()


def read_references(path: str | Path) -> dict[str, Reference]:
    """Read a BibTeX file.

    Parameters
    ----------
    path : str or Path
        UTF-8, with or without BOM.

    Returns
    -------
    dict of str to Reference
        By citation key, in the order of the file.

    Raises
    ------
    StudyTableError
        The file cannot be read, an entry cannot be parsed, a key stands twice.
    """
    references, faults = _parse(Path(path))
    if faults:
        raise StudyTableError(faults)
    return references


def _parse(path: Path) -> tuple[dict[str, Reference], list[Fault]]:
    file = path.as_posix()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        found = getattr(error, "strerror", None) or "bytes that are not UTF-8"
        return {}, [Fault(file, None, "", "", found, "a BibTeX file in UTF-8", "bibliography")]
    try:
        entries = bibtex_entries(text)
    except Exception as error:  # the parser lets through what its grammar library raises
        found = str(error) or type(error).__name__
        return {}, [Fault(file, None, "", "", found, "valid BibTeX", "bibliography")]
    references = {entry["ID"]: _reference(entry) for entry in entries}
    return references, list(_entry_faults(text, file, references))


def bibtex_entries(text: str) -> list[dict[str, str]]:
    """Return the fields of each BibTeX entry, its key under ``"ID"``.

    Raises
    ------
    Exception
        Whatever the parser's grammar library raises for text that is not BibTeX.
    """
    return [dict(entry) for entry in _parsed(text)]


@lru_cache(maxsize=4)
def _parsed(text: str) -> list[dict[str, str]]:
    """Parse BibTeX; kept, because one command reads the same file more than once."""
    with warnings.catch_warnings():
        # The grammar library warns about how the parser is written, not about the file.
        warnings.simplefilter("ignore")
        parser = BibTexParser(common_strings=True, ignore_nonstandard_types=False)
        entries: list[dict[str, str]] = bibtexparser.loads(text, parser).entries
    return entries


def _entry_faults(text: str, file: str, references: dict[str, Reference]) -> Iterator[Fault]:
    """Compare the entries that were written with those the parser understood.

    The parser leaves out what it cannot read and merges what stands twice, in silence.
    """
    seen: set[str] = set()
    for match in _ENTRY.finditer(text):
        key = match.group(1)
        line = text[: match.start()].count("\n") + 1
        if key in seen:
            yield Fault(file, line, "", "", key, "each key once", "bibliography")
        elif key not in references:
            expected = "an entry with all braces closed and a comma after each field"
            yield Fault(file, line, "", "", key, expected, "bibliography")
        seen.add(key)


def _reference(fields: dict[str, str]) -> Reference:

    def get(*names: str) -> str:
        found = next((fields[name] for name in names if fields.get(name)), "")
        return " ".join(found.replace("{", "").replace("}", "").split())

    names = re.split(r"\s+and\s+", get("author"))
    authors = tuple(name.partition(",")[0].strip() for name in names if name.strip())
    return Reference(
        key=fields["ID"],
        authors=authors,
        title=get("title"),
        year=get("year"),
        journal=get("journal", "booktitle"),
        doi=get("doi").lower(),
        pmid=get("pmid"),
        url=get("url"),
    )


def citation_faults(rows: Sequence[Row]) -> Iterator[Fault]:
    """Find citation keys that the bibliography beside the tables does not have."""
    by_file: dict[str, list[Row]] = {}
    for row in rows:
        if row.ours:
            by_file.setdefault(row.file, []).append(row)
    read: dict[Path, dict[str, Reference]] = {}
    for file, own in by_file.items():
        path = bibliography(file)
        if path is None:
            # A single file outside the folders of the study tables may do without.
            if own[0].place:
                expected = f"{BIB_FILE} in the folder of the study tables"
                yield Fault(file, None, "", "", "", expected, "bibliography")
            continue
        if path not in read:
            read[path], faults = _parse(path)
            yield from faults
        yield from _unknown_keys(own, path, read[path])


def _unknown_keys(
    rows: Sequence[Row], path: Path, references: dict[str, Reference]
) -> Iterator[Fault]:
    for row in rows:
        key = row.plain.get("citation_key", "")
        if key and key not in references:
            hint = did_you_mean(key, tuple(references))
            yield row.fault("citation", "citation_key", f"a key of {path.as_posix()}{hint}")


def bibliography(file: str) -> Path | None:
    """Return references.bib beside a table or in the folder above; None where there is none."""
    folder = Path(file).parent
    candidates = (folder / BIB_FILE, Path(os.path.normpath(folder / "..")) / BIB_FILE)
    return next((path for path in candidates if path.is_file()), None)
