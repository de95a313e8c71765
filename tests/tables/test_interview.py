"""The questions of guided adding, answered without a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from metadx.tables import check, read_studies
from metadx.tables.add import add_study, inventory
from metadx.tables.interview import Interview, conduct
from metadx.tables.schema import COLUMN_NAMES

RIS = """TY  - JOUR
AU  - Nowak, Ewa
TI  - CT of hips
PY  - 2026
DO  - 10.1000/nowak
ER  -
"""
#: Answers by question; anything else is left empty.
TYPED = {
    "first_author": "Nowak",
    "year": "2026",
    "title": "CT of hips",
    "source_url": "https://example.org/nowak",
    "unit": "patient",
    "population": "radiograph_negative",
    "radiograph_negative": "yes",
    "osteoporotic": "unclear",
    "design": "prospective",
    "tp": "20",
    "fp": "1",
    "fn": "2",
    "tn": "30",
}


@pytest.fixture
def folder(studies, row) -> Path:
    return studies({"ct/hip.csv": [row(), row("Okada2020")]})


@pytest.fixture
def interview(folder: Path) -> Interview:
    return Interview(("ct", "hip"), inventory(folder)[0])


def go_on(interview: Interview, **answers: str) -> list[str]:
    """Answer everything; return the names of the questions."""
    asked = []
    while question := interview.question():
        asked.append(question.name)
        wrong = interview.answer(answers.get(question.name, ""))
        assert not wrong, f"{question.name}: {wrong}"
    return asked


def until(interview: Interview, name: str, **answers: str) -> None:
    while (question := interview.question()) and question.name != name:
        assert not interview.answer(answers.get(question.name, TYPED.get(question.name, "")))


def test_every_column_is_asked_or_derived(interview: Interview) -> None:
    asked = go_on(interview, **TYPED)
    derived = {"citation_key", "site", "modality", "derivation", "pool_reason", "pool_note"}
    assert {*asked, *derived} >= set(COLUMN_NAMES)
    assert len(asked) == len(set(asked))
    assert asked[0] == "citation"
    assert not [name for name in asked if name.startswith("printed") or name == "solution"]


def test_typed_answers_become_a_row(interview: Interview, folder: Path) -> None:
    go_on(interview, **TYPED)
    add_study(folder, ("ct", "hip"), interview.record(), interview.citation)
    row = read_studies(folder).frame.iloc[-1]
    assert (row["study_id"], row["tp"], row["derivation"]) == ("Nowak2026", 20, "counts")
    assert check(folder).ok


def test_a_citation_fills_the_first_questions(interview: Interview, tmp_path: Path) -> None:
    path = tmp_path / "nowak.ris"
    path.write_text(RIS, encoding="utf-8")
    assert "No such file" in interview.answer(str(tmp_path / "none.ris"))
    assert not interview.answer(f"'{path}'")
    defaults = {}
    while (question := interview.question()) and question.name != "subsite":
        defaults[question.name] = question.default
        assert not interview.answer("")
    assert defaults == {
        "doi": "10.1000/nowak", "pmid": "", "first_author": "Nowak", "year": "2026",
        "title": "CT of hips", "study_id": "Nowak2026",
        "source_url": "https://doi.org/10.1000/nowak",
    }  # fmt: skip
    assert interview.answers["study_id"] == "Nowak2026"


def test_a_study_that_the_tables_have_is_recognised_by_its_doi(interview: Interview) -> None:
    until(interview, "doi")
    assert not interview.answer("10.1000/okada2020")
    question = interview.question()
    assert question is not None
    until(interview, "study_id", first_author="Okada2020")
    question = interview.question()
    assert question is not None
    assert question.default == "Okada2020"


@pytest.mark.parametrize(
    ("name", "answer", "message"),
    [
        ("doi", "10.1000/ABC", "a bare DOI in lower case"),
        ("year", "20", "a year of four digits"),
        ("unit", "patien", "did you mean 'patient'"),
        ("unit", "", "a value is needed"),
        ("unit", "skip", "cannot be empty"),
        ("tp", "-1", "a whole number from 0 up"),
        ("mean_age", "old", "a number of years"),
        ("figures", "x", "counts or printed"),
        ("reported_sensitivity", "101", "from 0 to 100"),
        ("pool", "maybe", "one of yes, no"),
    ],
)
def test_a_wrong_answer_is_said_at_once(
    interview: Interview, name: str, answer: str, message: str
) -> None:
    until(interview, name)
    assert message in interview.answer(answer)
    question = interview.question()
    assert question is not None
    assert question.name == name


def test_half_a_margin_is_asked_again(interview: Interview) -> None:
    until(interview, "tn", fn="")
    assert "tp stands with fn" in interview.answer("30")
    question = interview.question()
    assert question is not None
    assert question.name == "tp"


def test_skip_empties_a_default_and_quotes_make_a_command_an_answer(interview: Interview) -> None:
    until(interview, "subsite")
    assert not interview.answer('"back"')
    assert interview.answers["subsite"] == "back"
    until(interview, "audit")
    assert "cannot be empty" in interview.answer("skip")


def test_printed_figures_are_reconstructed_or_contradicted_at_once(interview: Interview) -> None:
    until(interview, "figures")
    assert not interview.answer("printed")
    figures = {"printed.sensitivity": "93.3", "printed.specificity": "88.2",
               "printed.n_diseased": "45", "printed.n_nondiseased": "51"}  # fmt: skip
    until(interview, "printed.n_diseased", **figures)
    assert not interview.answer("44")
    until(interview, "printed.specificity_interval", **figures)
    assert "contradict" in interview.answer("")
    question = interview.question()
    assert question is not None
    assert question.name == "figures"
    asked = go_on(interview, **figures, figures="printed", evidence="table 2")
    assert "solution" not in asked
    assert "tp" not in asked
    found = interview.found()
    assert found is not None
    assert found.unique


def test_one_of_several_tables_is_chosen(interview: Interview, folder: Path) -> None:
    figures = {"figures": "printed", "printed.sensitivity": "93", "printed.n_diseased": "150"}
    until(interview, "solution", **figures)
    question = interview.question()
    assert question is not None
    assert [code for code, _ in question.options] == ["1", "2"]
    assert question.options[0][1] == "tp 139, fn 11"
    assert "from 1 to 2" in interview.answer("3")
    go_on(interview, solution="2")
    draft = add_study(folder, ("ct", "hip"), interview.record())
    interview.back("printed.sensitivity_interval")
    assert not interview.answer("88 to 96")
    found = interview.found()
    assert found is not None
    assert found.unique
    assert (draft.cells["tp"], draft.cells["fn"]) == ("140", "10")


@pytest.mark.parametrize(("name", "answer"), [("n", "many"), ("sensitivity_interval", "90")])
def test_a_printed_figure_is_a_number(interview: Interview, name: str, answer: str) -> None:
    until(interview, f"printed.{name}", figures="printed")
    assert "expected" in interview.answer(answer)


def test_a_row_that_is_not_pooled_needs_its_reason(interview: Interview) -> None:
    until(interview, "pool")
    assert not interview.answer("no")
    question = interview.question()
    assert question is not None
    assert question.name == "pool_reason"
    assert question.required
    assert "secondary_reader" in dict(question.options)


def test_back_and_quit(interview: Interview) -> None:
    script = iter(["", "skip", "back", "back", "", "", "quit"])
    asked: list[str] = []
    said: list[str] = []

    def ask(question) -> str:
        asked.append(question.name)
        return next(script)

    assert not conduct(interview, ask, said.append)
    assert asked == ["citation", "doi", "pmid", "doi", "citation", "doi", "pmid"]
    assert said == []
    interview.back("citation")
    assert interview.answers == {}
