"""From a record to the row and the reference that will stand in the tables."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from metadx.tables.citations import Citation
from metadx.tables.references import Reference
from metadx.tables.schema import COLUMN_NAMES

#: What every row of a study says alike, taken over from the rows that stand already.
OF_THE_STUDY: Final = ("first_author", "year", "title", "doi", "pmid", "citation_key")
#: A new row is pooled unless the person says why not, and nobody has looked at it twice.
DEFAULTS: Final = {"pool": "yes", "audit": "extracted"}
#: Letters that have a customary spelling in ASCII.
_SPELT: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ø": "o",
     "Ø": "O", "æ": "ae", "Æ": "Ae", "å": "a", "Å": "A", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
)  # fmt: skip


@dataclass(frozen=True)
class Known:
    """What the tables and the bibliography hold already.

    Attributes
    ----------
    rows : tuple of mapping of str to str
        All rows, cells as text.
    references : mapping of str to Reference
        By citation key.
    """

    rows: tuple[Mapping[str, str], ...]
    references: Mapping[str, Reference]

    def study_of(self, cells: Mapping[str, str]) -> Mapping[str, str] | None:
        """Return a row of the same publication: same identifier, DOI or PubMed number."""
        for name in ("study_id", "doi", "pmid"):
            wanted = cells.get(name, "").lower()
            found = [row for row in self.rows if wanted and row.get(name, "").lower() == wanted]
            if found:
                return found[0]
        return None

    def reference_of(self, cells: Mapping[str, str]) -> str:
        """Return the key of the publication in the bibliography, empty where it is new."""
        for name in ("doi", "pmid"):
            wanted = cells.get(name, "")
            for reference in self.references.values():
                if wanted and getattr(reference, name) == wanted:
                    return reference.key
        return ""


def completed(
    cells: Mapping[str, str], place: tuple[str, str], citation: Citation | None, known: Known
) -> dict[str, str]:
    """Fill in what follows from the citation, the place and the rows that stand already.

    Nothing that the person stated is changed.

    Parameters
    ----------
    cells : mapping of str to str
        What the person stated.
    place : tuple of str
        Modality and site.
    citation : Citation or None
    known : Known

    Returns
    -------
    dict of str to str
        A cell for every column of the schema.
    """
    stated = {name: text for name, text in cells.items() if text}
    row = {**DEFAULTS, "modality": place[0], "site": place[1], **_of_citation(citation), **stated}
    same = known.study_of(row)
    if same:
        row = {
            **row,
            **{name: same.get(name, "") for name in ("study_id", *OF_THE_STUDY)},
            **stated,
        }
    if not row.get("study_id"):
        taken = {str(one.get("study_id")) for one in known.rows} | set(known.references)
        row["study_id"] = suggested_identifier(
            row.get("first_author", ""), row.get("year", ""), taken
        )
    if not row.get("citation_key"):
        row["citation_key"] = known.reference_of(row) or row["study_id"]
    return {name: row.get(name, "") for name in COLUMN_NAMES}


def suggested_identifier(author: str, year: str, taken: Iterable[str] = ()) -> str:
    """Make an identifier of author and year, with a letter where another study has it.

    Parameters
    ----------
    author : str
        Family name; without one there is no suggestion.
    year : str
    taken : iterable of str
        Identifiers of other studies.

    Returns
    -------
    str
        ``"Mueller2026"``, ``"Mueller2026b"``; empty without an author.
    """
    plain = unicodedata.normalize("NFKD", author.translate(_SPELT)).encode("ascii", "ignore")
    stem = re.sub(r"[^A-Za-z0-9]", "", plain.decode())
    if not stem:
        return ""
    used = set(taken)
    letters = ["", *"bcdefghijklmnopqrstuvwxyz"]
    names = (f"{stem}{year}{letter}" for letter in letters)
    return next((name for name in names if name not in used), "")


def bibtex_entry(cells: Mapping[str, str], citation: Citation | None) -> str:
    """Write the reference of a row as BibTeX, in the form of the shipped bibliography.

    Parameters
    ----------
    cells : mapping of str to str
        The row.
    citation : Citation or None
        Adds the other authors and the journal.
    """
    authors = " and ".join(citation.authors) if citation else ""
    values = {
        "author": authors or cells["first_author"],
        "title": cells["title"].strip("[]"),
        "year": cells["year"],
        "journal": citation.journal if citation else "",
        "doi": cells["doi"],
        "pmid": cells["pmid"],
        "url": cells["source_url"],
    }
    kind = "article" if values["journal"] else "misc"
    fields = [f"  {name} = {{{_plain(value)}}}," for name, value in values.items() if value]
    return "\n".join([f"@{kind}{{{cells['citation_key']},", *fields, "}"]) + "\n"


def _of_citation(citation: Citation | None) -> dict[str, str]:
    if citation is None:
        return {}
    found = {
        "first_author": citation.first_author,
        "year": citation.year,
        "title": citation.title,
        "doi": citation.doi,
        "pmid": citation.pmid,
    }
    return {name: text for name, text in found.items() if text}


def _plain(text: str) -> str:
    """Keep a value from ending its entry: braces must pair and a backslash escapes."""
    return " ".join(re.sub(r"[{}\\]", "", text).split())
