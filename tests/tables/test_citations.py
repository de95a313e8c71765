"""Citations as databases export them, read into the same fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from metadx.errors import StudyTableError
from metadx.tables.citations import Citation, one_citation, plain_doi, read_citations

NBIB = """
PMID- 39000001
OWN - NLM
DP  - 2026 Jan 3
TI  - Computed tomography of the occult fracture of the hip: a prospective study of
      two hospitals.
LID - 10.1000/XYZ.2026 [doi]
LID - e0123 [pii]
FAU - Müller-Łukasz, Anna
AU  - Muller-Lukasz A
FAU - Zhang, Li
AU  - Zhang L
JT  - European radiology

PMID- 39000002
DEP - 20251231
TI  - Second.
AU  - van der Berg JK
TA  - Eur Radiol
"""
RIS = """TY  - JOUR
AU  - Müller-Łukasz, Anna
AU  - Zhang, Li
TI  - Computed tomography of the occult fracture of the hip: a prospective study of two hospitals.
JO  - European radiology
PY  - 2026/01/03/
DO  - https://doi.org/10.1000/XYZ.2026
UR  - https://example.org/paper
AN  - 39000001
DB  - PubMed
ER  -

TY  - JOUR
A1  - Berg, J. K.
T1  - Second
T2  - Eur Radiol
Y1  - 2025
N1  - PMID: 39000002
AN  - WOS:0001
ER  -
"""
BIB = """@article{x,
  author = {Anna M{\\"u}ller and Zhang, Li and WHO},
  title = {{CT} of the
     hip},
  journaltitle = {European radiology}, date = {2026-01-03},
  doi = {10.1000/XYZ.2026}, pmid = {39000001}
}
"""
TITLE = (
    "Computed tomography of the occult fracture of the hip: a prospective study of two hospitals"
)
FIRST = Citation(
    ("Müller-Łukasz, Anna", "Zhang, Li"), TITLE, "2026", "European radiology",
    "10.1000/xyz.2026", "39000001",
)  # fmt: skip


def read(tmp_path: Path, text: str, encoding: str = "utf-8") -> list[Citation]:
    path = tmp_path / "export.txt"
    path.write_bytes(text.encode(encoding))
    return read_citations(path)


def fields(citation: Citation) -> tuple[str | tuple[str, ...], ...]:
    return (citation.authors, citation.title, citation.year, citation.journal, citation.doi,
            citation.pmid)  # fmt: skip


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("text", [NBIB, RIS], ids=["nbib", "ris"])
def test_pubmed_and_ris_say_the_same(tmp_path: Path, text: str, newline: str) -> None:
    first, second = read(tmp_path, text.replace("\n", newline))
    assert fields(first) == fields(FIRST)
    assert first.first_author == "Müller-Łukasz"
    assert (second.title, second.year, second.pmid) == ("Second", "2025", "39000002")
    assert second.journal == "Eur Radiol"
    assert (first.line, second.line)[0] < second.line


def test_a_short_author_of_pubmed_is_split_before_the_initials(tmp_path: Path) -> None:
    assert read(tmp_path, NBIB)[1].first_author == "van der Berg"


def test_an_accession_number_of_another_database_is_no_pubmed_number(tmp_path: Path) -> None:
    text = RIS.replace("DB  - PubMed", "DB  - Embase")
    assert read(tmp_path, text)[0].pmid == ""


def test_bibtex(tmp_path: Path) -> None:
    (one,) = read(tmp_path, BIB)
    assert (one.title, one.year, one.journal) == ("CT of the hip", "2026", "European radiology")
    assert (one.doi, one.pmid) == ("10.1000/xyz.2026", "39000001")
    assert one.authors[1:] == ("Zhang, Li", "WHO")


def test_other_encodings(tmp_path: Path) -> None:
    assert read(tmp_path, RIS.replace("Ł", "L"), "cp1252")[0].first_author == "Müller-Lukasz"
    assert read(tmp_path, NBIB, "utf-8-sig")[0].first_author == "Müller-Łukasz"
    assert read(tmp_path, RIS, "utf-16")[0].first_author == "Müller-Łukasz"


@pytest.mark.parametrize(
    ("text", "found"),
    [("", "found nothing"), ("study,tp\nA,1\n", "study,tp"), ("PMID 3", "PMID 3")],
)
def test_what_is_no_citation_is_refused(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(StudyTableError, match=found):
        read(tmp_path, text)


def test_a_missing_file_and_several_citations(tmp_path: Path) -> None:
    with pytest.raises(StudyTableError, match="No such file"):
        read_citations(tmp_path / "none.ris")
    path = tmp_path / "two.nbib"
    path.write_text(NBIB, encoding="utf-8")
    with pytest.raises(StudyTableError, match=r"found '2 citations .*expected a file with one"):
        one_citation(path)


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("https://doi.org/10.1000/ABC", "10.1000/abc"),
        ("doi: 10.1000/abc.", "10.1000/abc"),
        ("10.1000/abc", "10.1000/abc"),
        ("S0140-6736", ""),
        ("", ""),
    ],
)
def test_a_doi_is_bare(text: str, doi: str) -> None:
    assert plain_doi(text) == doi
