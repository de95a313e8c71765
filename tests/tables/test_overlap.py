"""Studies that may share patients, flagged for a person, whose decision is respected."""

from __future__ import annotations

from pathlib import Path

import pytest

from metadx.errors import OptionError, StudyTableError
from metadx.tables import check
from metadx.tables.overlap import (
    REVIEWED_FILE,
    decide,
    read_decisions,
    suspicions,
    suspicions_among,
    suspicions_frame,
    suspicions_text,
    title_likeness,
)

#: Nothing in common but the stratum.
OTHER = {
    "first_author": "Okada", "year": "2020", "title": "Magnetic imaging of painful knees",
    "doi": "10.1000/okada", "pmid": "222", "tp": "11", "fp": "3", "fn": "5", "tn": "29",
    "reported_sensitivity": "", "reported_specificity": "",
}  # fmt: skip


def reasons(one: dict[str, str], other: dict[str, str]) -> list[str]:
    return [why for found in suspicions_among([one, other]) for why in found.reasons]


def test_different_studies_are_not_suspected(row) -> None:
    assert reasons(row(), row("Okada2020", **OTHER)) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"doi": "10.1000/mueller"}, "the same DOI, 10.1000/mueller"),
        ({"pmid": "12345678"}, "the same PubMed number, 12345678"),
        ({"title": "CT of the Occult Hip-Fracture."}, "the same title"),
        ({"title": "CT of the occult hip fractures"}, "titles 98 % alike"),
        ({"tp": "38", "fp": "2", "fn": "4", "tn": "38"}, "the same counts, tp 38, fp 2, fn 4"),
        (
            {"first_author": "müller", "year": "2016", "country": "Germany"},
            "the same first author on the same site (hip), 2 years apart, Germany",
        ),
    ],
)
def test_each_reason(row, changes: dict[str, str], expected: str) -> None:
    (why,) = reasons(row(), row("Okada2020", **{**OTHER, **changes}))
    assert expected in why


@pytest.mark.parametrize(
    "changes",
    [
        {"tp": "3", "fp": "2", "fn": "4", "tn": "3"},
        {"first_author": "Müller", "year": "2022"},
        {"first_author": "Müller", "year": ""},
        {"first_author": "Müller", "year": "2015", "site": "knee"},
        {"title": "CT of the occult knee fracture in children"},
    ],
)
def test_what_is_alike_by_chance_is_no_reason(row, changes: dict[str, str]) -> None:
    small = {"tp": "3", "fp": "2", "fn": "4", "tn": "3"} if "tp" in changes else {}
    assert reasons(row(**small), row("Okada2020", **{**OTHER, **changes})) == []


def test_authors_of_two_countries_are_two_people(row) -> None:
    one = row(country="Germany")
    assert reasons(one, row("O", **{**OTHER, "first_author": "Müller", "year": "2015",
                                    "country": "Japan"})) == []  # fmt: skip


def test_short_and_paraphrased_titles_do_not_count(row) -> None:
    for title in ("[CT of the occult hip fracture]", "CT of hips"):
        one, other = row(title=title), row("Okada2020", **{**OTHER, "title": title})
        assert reasons(one, other) == []


def test_the_bound_on_likeness_never_hides_a_likeness() -> None:
    import difflib

    pairs = [("ct of the hip", "ct of the hips"), ("abc def", "fed cba"), ("a" * 30, "a" * 29)]
    for one, other in pairs:
        exact = difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()
        found = title_likeness(one, other)
        assert found == exact or (found >= exact and found < 0.9)


@pytest.fixture
def folder(studies, row) -> Path:
    same = {**OTHER, "title": "CT of the occult hip fracture"}
    third = {
        **OTHER, "doi": "10.1000/silva", "pmid": "", "first_author": "Silva", "tp": "38",
        "fp": "2", "fn": "4", "tn": "38", "pool": "no", "pool_reason": "overlapping_cohort",
        "pool_note": "Part of Müller's patients.", "title": "Knees and elbows in the cold",
    }  # fmt: skip
    return studies({"ct/hip.csv": [row(), row("Okada2020", **same), row("Silva2020", **third)]})


def test_pairs_pooled_together_come_first_and_admitted_ones_are_settled(folder: Path) -> None:
    first, second = suspicions(folder)
    assert (first.study_a, first.study_b) == ("Mueller2014", "Okada2020")
    assert first.pooled_together == ("ct/hip/patient/radiograph_negative",)
    assert not first.settled
    assert "kept out of the pool" in second.settled
    text = suspicions_text((first, second))
    assert "both pooled in ct/hip" in text
    assert "Silva2020" not in text
    assert text.endswith("1 pair to look at, 1 settled")
    assert "Silva2020" in suspicions_text((first, second), everything=True)
    assert len(suspicions_frame((first, second))) == 2


def test_a_decision_is_respected(folder: Path) -> None:
    decide(folder, "Okada2020", "Mueller2014", "different", "Other hospitals.", "AB")
    assert check(folder).ok
    assert all(one.settled for one in suspicions(folder))
    assert "different by AB: Other hospitals." in suspicions_text(suspicions(folder), True)
    with pytest.raises(OptionError, match="says already"):
        decide(folder, "Mueller2014", "Okada2020", "same_patients", "No.")
    decide(folder, "Mueller2014", "Silva2020", "same_patients", "One series.")
    assert len(read_decisions(folder)) == 2
    assert (folder / REVIEWED_FILE).read_text(encoding="utf-8").count("study_a") == 1


def test_the_same_patients_pooled_twice_stay_open(folder: Path) -> None:
    decide(folder, "Mueller2014", "Okada2020", "same_patients", "One series.")
    assert not suspicions(folder)[0].settled


def test_wrong_decisions_are_refused(folder: Path) -> None:
    with pytest.raises(OptionError, match="did you mean 'Okada2020'"):
        decide(folder, "Okada2021", "Mueller2014", "different", "x")
    with pytest.raises(OptionError, match="different or same_patients"):
        decide(folder, "Okada2020", "Mueller2014", "maybe", "x")
    with pytest.raises(OptionError, match="needs its reason"):
        decide(folder, "Okada2020", "Mueller2014", "different", "")
    assert not (folder / REVIEWED_FILE).exists()
    text = "study_a,study_b,decision,reason\nA,B,diferent,\n"
    (folder / REVIEWED_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(StudyTableError) as caught:
        suspicions(folder)
    assert {fault.column for fault in caught.value.faults} == {"decision", "reason"}
    (folder / REVIEWED_FILE).write_text("study_a\nA\n", encoding="utf-8")
    with pytest.raises(StudyTableError, match="study_b"):
        read_decisions(folder)
