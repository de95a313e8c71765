"""New records against the bibliography, the tables and each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from metadx.tables.screening import CITED, KNOWN, LOOK, NEW, REPEATED, screen, screening_frame
from metadx.tables.screening import screening_text as text_of

BIB = """@article{Mueller2014, author = {Müller, H}, title = {{CT} of the occult hip fracture},
  year = {2014}, doi = {10.1000/mueller}, pmid = {12345678}}
@article{Okada2020, title = {Magnetic imaging of painful knees}, year = {2020}}
@article{Unread2021, title = {Cited in the discussion of the painful knee}, year = {2021}}
"""


def ris(title: str, year: str = "2026", doi: str = "", note: str = "") -> str:
    lines = ["TY  - JOUR", "AU  - Nowak, Ewa", f"TI  - {title}", f"PY  - {year}"]
    lines += [f"DO  - {doi}"] if doi else []
    lines += [f"N1  - {note}"] if note else []
    return "\n".join([*lines, "ER  -", "", ""])


@pytest.fixture
def folder(studies, row) -> Path:
    okada = {"doi": "", "fp": "", "tn": "", "derivation": "sensitivity_only"}
    root = studies({"ct/hip.csv": [row(), row("Okada2020", audit="extracted", **okada)]})
    (root / "references.bib").write_text(BIB, encoding="utf-8")
    return root


def screened(folder: Path, *records: str):
    path = folder.parent / "new.ris"
    path.write_text("".join(records), encoding="utf-8")
    return screen(path, folder)


def test_each_status_with_its_reason(folder: Path) -> None:
    found = screened(
        folder,
        ris("Something else", doi="https://doi.org/10.1000/MUELLER"),
        ris("Other words", note="PMID: 12345678"),
        ris("Magnetic Imaging of Painful Knees.", "2021"),
        ris("Cited in the discussion of the painful knee", "2021"),
        ris("Magnetic imaging of a painful knee", "2020"),
        ris("Magnetic imaging of painful knees", "2026"),
        ris("A new way to see ribs", doi="10.1000/new"),
        ris("A new way to see ribs!"),
    )
    assert [one.status for one in found] == [
        KNOWN, KNOWN, KNOWN, CITED, LOOK, LOOK, NEW, REPEATED,
    ]  # fmt: skip
    assert [one.matches for one in found] == [
        "Mueller2014", "Mueller2014", "Okada2020", "Unread2021", "Okada2020", "Okada2020", "",
        "record 7",
    ]  # fmt: skip
    assert [one.because for one in found[:3]] == [
        "the same DOI", "the same PubMed number", "the same title",
    ]  # fmt: skip
    assert found[5].because == "the same title; 6 years apart"
    assert found[6].to_extract == "the citation and the counts"


def test_what_is_still_to_be_extracted(folder: Path) -> None:
    complete, partial, cited = screened(
        folder,
        ris("x", doi="10.1000/mueller"),
        ris("Magnetic imaging of painful knees", "2020"),
        ris("Cited in the discussion of the painful knee", "2021"),
    )
    assert complete.to_extract == ""
    assert partial.to_extract == "fp, tn (no row has them); a second look"
    assert cited.to_extract == "the counts"


def test_another_doi_leaves_the_same_title_to_a_person(folder: Path) -> None:
    (one,) = screened(folder, ris("CT of the occult hip fracture", "2014", "10.1000/other"))
    assert (one.status, one.because) == (LOOK, "the same title; another DOI")


def test_text_and_table(folder: Path) -> None:
    found = screened(folder, ris("A new way to see ribs"), ris("x", doi="10.1000/mueller"))
    text = text_of(found)
    assert text.startswith("new (1)\n  1. Nowak 2026. A new way to see ribs")
    assert text.endswith("2 records: 1 new; 0 perhaps known; 0 cited, not extracted; "
                         "1 in the tables; 0 twice in the file")  # fmt: skip
    frame = screening_frame(found)
    assert frame["status"].tolist() == [NEW, KNOWN]
    assert frame["record"].tolist() == [1, 2]


def test_without_a_bibliography_everything_is_new(tmp_path: Path) -> None:
    (tmp_path / "studies").mkdir()
    assert [one.status for one in screened(tmp_path / "studies", ris("CT of hips"))] == [NEW]
