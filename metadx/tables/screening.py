"""New records against what the tables have: what is known, and what is still to be extracted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from metadx.errors import OptionError
from metadx.tables.add import inventory
from metadx.tables.changes import Row
from metadx.tables.citations import Citation, read_citations
from metadx.tables.files import write_text
from metadx.tables.kinds import whole
from metadx.tables.labels import author_year
from metadx.tables.overlap import TITLE_LIKENESS, plain_title, title_likeness
from metadx.tables.references import Reference
from metadx.tables.schema import COUNT_COLUMNS

NEW: Final = "new"
KNOWN: Final = "in the tables"
CITED: Final = "cited, not extracted"
REPEATED: Final = "twice in the file"
LOOK: Final = "perhaps known"
#: In the order in which a reviewer works.
STATUSES: Final = (NEW, LOOK, CITED, KNOWN, REPEATED)
COLUMNS: Final = (
    "record", "status", "matches", "because", "to_extract", "author", "year", "title", "journal",
    "doi", "pmid",
)  # fmt: skip
#: A paper ahead of print has another year than the printed one.
_YEARS_APART: Final = 1


@dataclass(frozen=True, slots=True)
class Screened:
    """One record of the file.

    Attributes
    ----------
    number : int
        Place in the file, from 1.
    citation : Citation
    status : str
        One of `STATUSES`.
    matches : str
        Citation key, or number of the earlier record; empty for a new one.
    because : str
        What is the same.
    to_extract : str
        What the tables do not have yet.
    """

    number: int
    citation: Citation
    status: str
    matches: str = ""
    because: str = ""
    to_extract: str = ""


def screen(path: str | Path, studies: str | Path = "studies") -> tuple[Screened, ...]:
    """Compare the records of a file with the bibliography, the tables and each other.

    Parameters
    ----------
    path : str or Path
        RIS, BibTeX or NBIB.
    studies : str or Path
        Folder of study tables with ``references.bib``.

    Returns
    -------
    tuple of Screened
        One for each record, in the order of the file. A record with a similar title and another
        DOI, or years apart, is not decided but left to a person.

    Raises
    ------
    StudyTableError
        The file or the bibliography cannot be read.
    """
    known = inventory(Path(studies))[0]
    rows: dict[str, list[Row]] = {}
    for row in known.rows:
        rows.setdefault(row.get("citation_key", ""), []).append(row)
    found: list[Screened] = []
    for number, citation in enumerate(read_citations(path), start=1):
        earlier = _earlier(citation, found)
        if earlier is not None:
            found.append(earlier_of(number, citation, *earlier))
            continue
        found.append(_against(number, citation, known.references, rows))
    return tuple(found)


def screening_frame(found: Sequence[Screened]) -> pd.DataFrame:
    """Lay the records out as a table, in the order in which a reviewer works."""
    ordered = sorted(found, key=lambda one: (STATUSES.index(one.status), one.number))
    rows = [
        {
            "record": one.number,
            "status": one.status,
            "matches": one.matches,
            "because": one.because,
            "to_extract": one.to_extract,
            "author": one.citation.first_author,
            "year": one.citation.year,
            "title": one.citation.title,
            "journal": one.citation.journal,
            "doi": one.citation.doi,
            "pmid": one.citation.pmid,
        }
        for one in ordered
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def screening_text(found: Sequence[Screened]) -> str:
    """Write the records for the terminal, by what is to be done with them."""
    lines: list[str] = []
    for status in STATUSES:
        own = [one for one in found if one.status == status]
        if not own:
            continue
        lines.append(f"{status} ({len(own)})")
        for one in own:
            lines.append(f"  {one.number}. {_named(one.citation)}")
            if one.matches:
                lines.append(f"      {one.matches}: {one.because}")
            if one.to_extract:
                lines.append(f"      to extract: {one.to_extract}")
    counts = [f"{sum(o.status == s for o in found)} {s}" for s in STATUSES]
    return "\n".join([*lines, f"{len(found)} records: {'; '.join(counts)}"])


def save_screening(found: Sequence[Screened], path: Path) -> str:
    """Write the records as a CSV file that a spreadsheet opens with every letter right.

    Raises
    ------
    OptionError
        The file is there already: somebody may have worked in it.
    """
    if path.exists():
        raise OptionError(f"{path.as_posix()} exists already; choose another name or remove it")
    text = screening_frame(found).to_csv(index=False, lineterminator="\n")
    # Spreadsheets take a file for UTF-8 only if it begins with the mark.
    write_text(path, "\ufeff" + text)
    return f"wrote {path.as_posix()}"


def earlier_of(number: int, citation: Citation, earlier: Screened, because: str) -> Screened:
    """Return a record that repeats an earlier one."""
    return Screened(number, citation, REPEATED, f"record {earlier.number}", because)


def _earlier(citation: Citation, found: Sequence[Screened]) -> tuple[Screened, str] | None:
    for one in found:
        because, sure = _alike(citation, one.citation)
        if because and sure and one.status != REPEATED:
            return one, because
    return None


def _against(
    number: int,
    citation: Citation,
    references: Mapping[str, Reference],
    rows: Mapping[str, Sequence[Row]],
) -> Screened:
    doubtful: Screened | None = None
    for key, reference in references.items():
        because, sure = _alike(citation, reference)
        if not because:
            continue
        if not sure:
            doubtful = doubtful or Screened(
                number, citation, LOOK, key, because, "look whether it is the same publication"
            )
            continue
        own = rows.get(key, ())
        status = KNOWN if own else CITED
        return Screened(number, citation, status, key, because, _missing(own))
    return doubtful or Screened(number, citation, NEW, to_extract="the citation and the counts")


def _alike(one: Citation, other: Citation | Reference) -> tuple[str, bool]:
    """Say what two records have in common, and whether they are surely the same."""
    for name, words in (("doi", "the same DOI"), ("pmid", "the same PubMed number")):
        if getattr(one, name) and getattr(one, name) == getattr(other, name):
            return words, True
    likeness = title_likeness(one.title, other.title)
    if likeness < TITLE_LIKENESS:
        return "", False
    same = plain_title(one.title) == plain_title(other.title)
    words = "the same title" if same else f"titles {100 * likeness:.0f} % alike"
    years = [whole(text) if text else None for text in (one.year, other.year)]
    apart = abs(years[0] - years[1]) if years[0] is not None and years[1] is not None else 0
    others = [
        f"another {label}"
        for name, label in (("doi", "DOI"), ("pmid", "PubMed number"))
        if getattr(one, name) and getattr(other, name)
    ]
    if apart > _YEARS_APART:
        others.append(f"{apart} years apart")
    return "; ".join([words, *others]), same and not others


def _missing(rows: Sequence[Row]) -> str:
    """Say what the rows of a study lack."""
    if not rows:
        return "the counts"
    lacking = [name for name in COUNT_COLUMNS if not any(row.get(name) for row in rows)]
    parts = [f"{', '.join(lacking)} (no row has them)"] if lacking else []
    if all(row.get("audit") == "extracted" for row in rows):
        parts.append("a second look")
    return "; ".join(parts)


def _named(citation: Citation) -> str:
    who = author_year(citation.first_author, citation.year)
    return f"{who}. {citation.title or 'title not stated'}"
