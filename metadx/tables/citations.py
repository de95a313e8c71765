"""Citations as databases and reference managers export them: RIS, PubMed (NBIB), BibTeX."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import rispy

from metadx.errors import Fault, StudyTableError
from metadx.tables.kinds import DOI, PMID
from metadx.tables.reading import guess_encoding
from metadx.tables.references import bibtex_entries

FORMATS: Final = "a RIS, BibTeX or PubMed (NBIB) file"
_NBIB_LINE: Final = re.compile(r"([A-Z]{2,4}) *- (.*)")
_NBIB_START: Final = re.compile(r"^PMID ?- ", re.M)
_RIS_START: Final = re.compile(r"^\s*TY  - ", re.M)
_BIB_START: Final = re.compile(r"^\s*@\w+\s*[{(]", re.M)
_MEDLINE: Final = re.compile(r"pubmed|medline|nlm", re.I)
_YEAR: Final = re.compile(r"(?<!\d)((?:18|19|20)\d\d)(?=\d{4}(?!\d)|(?!\d))")


@dataclass(frozen=True, slots=True)
class Citation:
    """One publication; a field that the file does not state is empty.

    Attributes
    ----------
    authors : tuple of str
        ``"Family, Given"`` in the order of the paper.
    title, year, journal : str
    doi : str
        Bare and in lower case.
    pmid, url : str
    line : int
        Where its record begins in the file.
    """

    authors: tuple[str, ...] = ()
    title: str = ""
    year: str = ""
    journal: str = ""
    doi: str = ""
    pmid: str = ""
    url: str = ""
    line: int = 1

    @property
    def first_author(self) -> str:
        """Family name of the first author."""
        return self.authors[0].partition(",")[0].strip() if self.authors else ""


def read_citations(path: str | Path) -> list[Citation]:
    """Read the citations of a file, whichever of the three formats it has.

    Parameters
    ----------
    path : str or Path
        The format is told from the content, not from the name.

    Returns
    -------
    list of Citation
        In the order of the file, at least one.

    Raises
    ------
    StudyTableError
        The file cannot be read, is of another format, or holds no citation.
    """
    file = Path(path)
    text = _text(file)
    found: list[Citation]
    if _NBIB_START.search(text):
        found = _nbib(text)
    elif _RIS_START.search(text):
        found = _ris(file, text)
    elif _BIB_START.search(text):
        found = _bibtex(file, text)
    else:
        raise _fault(file, " ".join(text.split())[:40], FORMATS)
    if not found:
        raise _fault(file, "no citation", FORMATS)
    return found


def one_citation(path: str | Path) -> Citation:
    """Read a file that holds a single citation.

    Raises
    ------
    StudyTableError
        As `read_citations`, or the file holds several citations.
    """
    found = read_citations(path)
    if len(found) > 1:
        titles = "; ".join(citation.title[:50] or "no title" for citation in found[:3])
        more = "; ..." if len(found) > 3 else ""
        expected = "a file with one citation; export the record of this study alone"
        raise _fault(Path(path), f"{len(found)} citations ({titles}{more})", expected)
    return found[0]


def plain_doi(text: str) -> str:
    """Return a DOI without what is written around it, in lower case; empty for anything else."""
    bare = re.sub(r"^(https?://(dx\.)?doi\.org/|doi:?\s*)", "", text.strip(), flags=re.I)
    bare = bare.split()[0].rstrip(".,;").lower() if bare.split() else ""
    return bare if DOI.accepts(bare) else ""


def _fault(file: Path, found: str, expected: str) -> StudyTableError:
    return StudyTableError([Fault(file.as_posix(), None, "", "", found, expected, "citation_file")])


def _text(file: Path) -> str:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise _fault(file, error.strerror or type(error).__name__, FORMATS) from error
    encoding = guess_encoding(data)
    if not encoding:
        raise _fault(file, "bytes that no known encoding explains", f"{FORMATS} in UTF-8")
    return data.decode(encoding).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _nbib(text: str) -> list[Citation]:
    """Read PubMed's own format: a tag of four places, a record ends where the next PMID is."""
    records: list[tuple[int, dict[str, list[str]]]] = []
    last: list[str] | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        match = _NBIB_LINE.fullmatch(line)
        if match:
            tag, value = match.groups()
            if tag == "PMID":
                records.append((number, {}))
            if records:
                last = records[-1][1].setdefault(tag, [])
                last.append(value.strip())
        elif line.startswith("      ") and last:
            last[-1] = f"{last[-1]} {line.strip()}"
    return [_from_nbib(number, fields) for number, fields in records]


def _from_nbib(line: int, fields: Mapping[str, list[str]]) -> Citation:
    def first(*names: str) -> str:
        return next((fields[name][0] for name in names if fields.get(name)), "")

    identifiers = [*fields.get("LID", ()), *fields.get("AID", ())]
    dois = [plain_doi(text.removesuffix("[doi]")) for text in identifiers if "[doi]" in text]
    short = tuple(re.sub(r"^(.+) (\S+)$", r"\1, \2", name) for name in fields.get("AU", ()))
    return Citation(
        authors=tuple(fields.get("FAU", ())) or short,
        title=_sentence(first("TI", "BTI")),
        year=_year(first("DP", "DEP")),
        journal=first("JT", "TA"),
        doi=next(filter(None, dois), ""),
        pmid=first("PMID"),
        line=line,
    )


def _ris(file: Path, text: str) -> list[Citation]:
    lines = [text[: match.start()].count("\n") + 1 for match in re.finditer("(?m)^ *TY  - ", text)]
    try:
        records = rispy.loads(text)
    except Exception as error:  # rispy lets through what an incomplete record makes it stumble on
        raise _fault(file, str(error).strip("'\" "), "a RIS file whose records all end") from error
    if len(lines) != len(records):
        lines = [1] * len(records)
    return [_from_ris(line, record) for line, record in zip(lines, records, strict=True)]


def _from_ris(line: int, record: Mapping[str, Any]) -> Citation:
    def first(*names: str) -> str:
        return next((str(record[name]).strip() for name in names if record.get(name)), "")

    notes = " ".join(str(note) for note in record.get("notes", ()))
    stated = re.search(r"PMID:?\s*(\d{1,8})", notes)
    database = first("name_of_database", "database_provider")
    pmid = stated.group(1) if stated else ""
    if not pmid and _MEDLINE.search(database) and PMID.accepts(first("accession_number")):
        pmid = first("accession_number")
    urls = [url for url in map(str, record.get("urls", ())) if url.startswith("http")]
    return Citation(
        authors=tuple(record.get("authors") or record.get("first_authors") or ()),
        title=_sentence(first("title", "primary_title")),
        year=_year(first("year", "publication_year", "date")),
        journal=first("journal_name", "alternate_title3", "secondary_title", "alternate_title1"),
        doi=plain_doi(first("doi")),
        pmid=pmid,
        url=urls[0] if urls else "",
        line=line,
    )


def _bibtex(file: Path, text: str) -> list[Citation]:
    try:
        entries = bibtex_entries(text)
    except Exception as error:  # the parser lets through what its grammar library raises
        raise _fault(file, str(error) or type(error).__name__, "valid BibTeX") from error
    return [_from_bibtex(entry) for entry in entries]


def _from_bibtex(entry: Mapping[str, str]) -> Citation:
    def get(*names: str) -> str:
        found = next((entry[name] for name in names if entry.get(name)), "")
        return " ".join(found.replace("{", "").replace("}", "").split())

    names = [name.strip() for name in re.split(r"\s+and\s+", get("author")) if name.strip()]
    return Citation(
        authors=tuple(_family_first(name) for name in names),
        title=_sentence(get("title")),
        year=_year(get("year", "date")),
        journal=get("journal", "journaltitle", "booktitle"),
        doi=plain_doi(get("doi")),
        pmid=get("pmid"),
        url=get("url"),
    )


def _family_first(name: str) -> str:
    """Turn ``"Hans Müller"`` into ``"Müller, Hans"``; a name of one word stays."""
    if "," in name or " " not in name:
        return name
    given, _, family = name.rpartition(" ")
    return f"{family}, {given}"


def _sentence(title: str) -> str:
    return " ".join(title.split()).removesuffix(".")


def _year(text: str) -> str:
    match = _YEAR.search(text)
    return match.group(1) if match else ""
