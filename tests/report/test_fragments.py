"""The parts of the report for one stratum: there, small, well formed, or with a reason."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from study_tables import fit, table_of

from metadx.report.fragments import references_html, stratum_fragments
from metadx.report.prevalences import known_inputs
from metadx.tables import StudyTable, read_studies

STUDIES = Path(__file__).parents[2] / "studies"


class Balance(HTMLParser):
    """Counts what is open, so that a part cannot break the page around it."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def assert_balanced(text: str) -> None:
    parser = Balance()
    parser.feed(text)
    assert parser.open == []


@pytest.fixture(scope="module")
def hip() -> StudyTable:
    return read_studies(STUDIES / "ct" / "hip.csv").strata()["ct/hip/patient/radiograph_negative"]


def test_a_stratum_of_the_review_has_every_part(hip):
    found = stratum_fragments(fit(hip), hip, inputs=known_inputs(STUDIES))
    assert found.reasons == {}
    for part in (found.appraisal, found.findings, found.paragraphs):
        assert_balanced(part)
        assert "<html" not in part
        # 105 strata stand in the report.
        assert len(part.encode()) < 16_000
    assert "<strong>Robustness</strong>" in found.appraisal
    assert "(PREV" in found.findings
    assert found.to_dict()["paragraphs"] == found.paragraphs


def test_one_study_has_no_appraisal_and_no_prevalence_no_findings():
    table = table_of([[20, 1, 3, 40]], "one <b>")
    found = stratum_fragments(fit(table), table)
    assert found.appraisal == "" and found.findings == ""
    assert set(found.reasons) == {"appraisal", "findings"}
    assert "one &lt;b&gt;" in found.paragraphs


def test_references_stand_once():
    text = references_html()
    assert_balanced(text)
    assert text.count("<li>") == 10 and "Clopper, Pearson" in text
