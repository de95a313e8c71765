from __future__ import annotations

from pathlib import Path

import pytest

from metadx.errors import StudyTableError
from metadx.tables import Reference, read_references, read_studies

SHIPPED = Path(__file__).parents[2] / "studies"

BIB = """\
@article{Mueller2014,
  author = {Müller, Hans and Zhang, Li},
  title = {{CT} of the
    occult hip fracture},
  journal = {Radiology},
  year = {2014},
  doi = {10.1000/ABC}
}
@misc{Nobody, title = {A poster?}, pmid = {123}, year = 2001}
@inproceedings{Late, author = {Lee}, booktitle = {Proceedings}, url = {https://example.org}}
"""


def _write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "references.bib"
    path.write_text(text, encoding="utf-8")
    return path


def test_fields_and_citations(tmp_path: Path):
    read = read_references(_write(tmp_path, BIB))
    assert list(read) == ["Mueller2014", "Nobody", "Late"]
    mueller = read["Mueller2014"]
    assert mueller.authors == ("Müller", "Zhang")
    assert mueller.title == "CT of the occult hip fracture"
    assert [reference.citation for reference in read.values()] == [
        "Müller 2014",
        "author not stated, 2001",
        "Lee, year not stated",
    ]


def test_reference_lines(tmp_path: Path):
    lines = [reference.line() for reference in read_references(_write(tmp_path, BIB)).values()]
    assert lines == [
        "Müller, Zhang. CT of the occult hip fracture. Radiology, 2014. "
        "https://doi.org/10.1000/abc",
        "author not stated. A poster? 2001. PubMed 123",
        "Lee. title not stated. Proceedings. https://example.org",
    ]
    assert Reference("x").line() == "author not stated. title not stated."


@pytest.mark.parametrize("head", ["", "\ufeff", "% a comment\n", "@comment{x}\n"])
def test_what_may_stand_before_the_entries(tmp_path: Path, head: str):
    assert len(read_references(_write(tmp_path, head + BIB))) == 3


def test_an_empty_bibliography(tmp_path: Path):
    assert read_references(_write(tmp_path, "")) == {}


def test_faults_of_a_bibliography_come_all_at_once(tmp_path: Path):
    text = "@misc{A, title = {x}}\n@misc{A, title = {y}}\n@misc{B, title = {open\n@misc{C,x={y}}\n"
    with pytest.raises(StudyTableError) as caught:
        read_references(_write(tmp_path, text))
    assert [(fault.row, fault.found) for fault in caught.value.faults] == [(2, "A"), (3, "B")]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", "@misc{Ü, title={x}}".encode("cp1252")])
def test_bytes_that_are_not_utf8(tmp_path: Path, content: bytes):
    path = tmp_path / "references.bib"
    path.write_bytes(content)
    with pytest.raises(StudyTableError, match="not UTF-8"):
        read_references(path)


def test_no_such_file(tmp_path: Path):
    with pytest.raises(StudyTableError, match="No such file"):
        read_references(tmp_path / "none.bib")


def test_every_shipped_study_has_its_reference():
    references = read_references(SHIPPED / "references.bib")
    frame = read_studies(SHIPPED).frame
    assert set(frame["citation_key"]) <= set(references)
    for key, doi in zip(frame["citation_key"], frame["doi"], strict=True):
        assert references[key].doi in {"", doi}, key
        assert references[key].line()
