"""The summary of findings: whole numbers that add up, gaps that are said, four formats."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import reference_values as rv
from docx import Document
from scipy.special import expit
from study_tables import fit, table_of

from metadx.decision import accuracy_draws
from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.inference.small_study import deeks_test
from metadx.models import BivariateResults
from metadx.report.findings import Findings, findings, inconclusive_results
from metadx.report.findings_output import CSV_COLUMNS, judgements_of
from metadx.report.findings_output import table_of as cells_of
from metadx.report.judgements import GRADE_DOMAINS, OPEN
from metadx.report.prevalences import known_inputs, site_findings
from metadx.tables import StudyTable, quadas_from_columns, read_studies

REGULAR = [
    [45, 7, 5, 60], [30, 4, 9, 52], [88, 30, 6, 140], [15, 1, 4, 22], [70, 16, 22, 81],
]  # fmt: skip
SENSITIVITY_ONLY = [[20, None, 3, None], [11, None, 2, None], [30, None, 9, None]]
STUDIES = Path(__file__).parents[2] / "studies"


def reference(name: str) -> StudyTable:
    frame = pd.read_csv(rv.FOLDER / "datasets" / f"{name}.csv")
    return StudyTable.from_frame(frame, name)


@pytest.fixture(scope="module")
def regular() -> BivariateResults:
    return fit(table_of(REGULAR, "regular"))


@pytest.fixture(scope="module")
def auditc() -> BivariateResults:
    return fit(reference("auditc"))


@pytest.fixture(scope="module")
def partial() -> BivariateResults:
    return fit(table_of(SENSITIVITY_ONLY, "partial"))


def values(found: Findings, column: int) -> list[float]:
    counts = [outcome.counts[column] for outcome in found.outcomes]
    assert all(isinstance(count, Estimate) for count in counts)
    return [count.value for count in counts]


def test_the_four_numbers_are_whole_and_add_up(auditc):
    found = findings(auditc, [0.004, 0.123, 0.5])
    for column in range(3):
        numbers = values(found, column)
        assert sum(numbers) == 1000
        assert all(number == int(number) for number in numbers)


def test_the_numbers_are_those_of_the_summary_point(auditc):
    """By hand: 1,000 x prevalence x sensitivity, from the fit and not from the draws."""
    found = findings(auditc, [0.2])
    sens, spec = (getattr(auditc, name).value for name in ("sensitivity", "specificity"))
    tp, fn, tn, fp = values(found, 0)
    assert tp == round(200 * sens) and fn == 200 - tp
    assert tn == round(800 * spec) and fp == 800 - tn


def test_the_intervals_are_quantiles_of_the_draws(auditc):
    found = findings(auditc, [0.2], seed=3)
    draws = accuracy_draws(auditc, seed=3)
    for logits, name in ((draws.mean, "counts"), (draws.new_setting, "new_setting")):
        low, high = np.quantile(200 * expit(logits[:, 0]), [0.025, 0.975])
        (count,) = getattr(found.outcomes[0], name)
        # Half a person: the ends are rounded.
        assert count.low == pytest.approx(low, abs=0.5)
        assert count.high == pytest.approx(high, abs=0.5)
    assert all(new.high - new.low >= mean.high - mean.low
               for outcome in found.outcomes
               for mean, new in zip(outcome.counts, outcome.new_setting, strict=True))  # fmt: skip


def test_a_margin_without_studies_is_not_estimable_with_its_reason(partial):
    found = findings(partial, [0.1, 0.4])
    assert values_of_margin(found, "sensitivity")
    for outcome in found.outcomes:
        if outcome.margin == "specificity":
            assert all(isinstance(count, NotApplicable) for count in outcome.counts)
    _, rows = cells_of(found)
    assert rows[2][1] == "not estimable: no study of partial reports specificity"
    _, judged_rows = judgements_of(found)
    assert "No study reports specificity." in judged_rows[1][3]
    assert not re.search(r"\bnan\b", found.to_html().lower())


def values_of_margin(found: Findings, margin: str) -> bool:
    return all(
        isinstance(count, Estimate)
        for outcome in found.outcomes
        for count in outcome.counts
        if outcome.margin == margin
    )


@pytest.mark.parametrize("rows", [[[20, 1, 3, 40]], [[18, 0, 0, 30], [9, 0, 0, 21]]])
def test_one_study_and_perfect_studies_have_a_table(rows):
    found = findings(fit(table_of(rows, "thin")), [0.3])
    assert sum(values(found, 0)) == 1000
    assert any("draws (posterior" in note for note in found.notes)


def test_judgements_are_left_open(auditc):
    found = findings(auditc, [0.1])
    for domains in found.domains.values():
        assert [one.domain for one in domains] == [code for code, _ in GRADE_DOMAINS]
        assert all(one.decision == OPEN for one in domains)
    header, rows = cells_of(found)
    assert header[-1] == "Certainty"
    assert [row[-1] for row in rows[:4]] == [OPEN] * 4


def test_the_domains_say_the_numbers_of_the_fit(auditc):
    found = findings(auditc, [0.1])
    said = {one.domain: one.evidence for one in found.domains["sensitivity"]}
    margin = auditc.margins["sensitivity"]
    new = auditc.prediction_sensitivity
    assert f"sd {margin.tau.format(2)} on" in said["inconsistency"]
    assert f"from {new.low:.2f} to {new.high:.2f}" in said["inconsistency"]
    assert f"14 studies, {auditc.n_diseased:,} patients with" in said["imprecision"]
    width = 100 * (margin.estimate.high - margin.estimate.low)
    assert f"{width:.0f} points wide" in said["imprecision"]
    # 14 complete studies: Deeks' test is there.
    assert said["publication_bias"] == f"{deeks_test(auditc.table).sentence}."


def test_small_study_effects_are_not_tested_below_ten_studies(regular):
    found = findings(regular, [0.1])
    said = {one.domain: one.evidence for one in found.domains["specificity"]}
    assert said["publication_bias"] == (
        "Not tested: 5 studies report both sensitivity and specificity; the test needs 10."
    )
    assert said["risk_of_bias"] == "No QUADAS judgement of these studies is in the tables."


def test_risk_of_bias_counts_the_judgements():
    table = reference("iqcode_metadta")
    items = {f"rob_{short}": ("risk_of_bias", domain) for short, domain in (
        ("PS", "patient_selection"), ("IT", "index_test"),
        ("RS", "reference_standard"), ("FT", "flow_and_timing"))}  # fmt: skip
    codes = {"1": "low", "2": "high", "3": "unclear"}
    quadas = quadas_from_columns(table.frame, items, codes, "QUADAS-2", "MetaDTA")
    found = findings(fit(table), [0.1], quadas=quadas)
    said = {one.domain: one.evidence for one in found.domains["sensitivity"]}
    high = (table.frame[list(items)] == 2).any(axis=1).sum()
    assert said["risk_of_bias"] == (
        f"QUADAS-2, 13 rows: 0 low in all domains, {high} high in one or more."
    )


def test_inconclusive_results_are_counted_or_said_to_be_missing(regular):
    assert inconclusive_results(regular.table) == "not reported"
    frame = regular.table.frame.assign(inconclusive=[3, None, 4, 0, 1])
    counted = StudyTable.from_frame(frame, "counted")
    assert inconclusive_results(counted) == "8 in 4 of 5 rows"


def test_the_population_of_a_stratum_is_said():
    table = read_studies(STUDIES / "ct" / "hip.csv").select(population="radiograph_negative")
    found = findings(fit(table), {"emergency department": 0.1})
    assert found.title == "CT, hip, per patient, radiograph negative"
    assert found.prevalences == ("emergency department",)
    said = {one.domain: one.evidence for one in found.domains["sensitivity"]}
    assert "the occult fracture proper. Each patient counts once." in said["indirectness"]


def test_csv_has_one_row_for_each_outcome_and_prevalence(auditc):
    found = findings(auditc, [0.1, 0.4])
    rows = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert len(rows) == 9
    for prevalence in found.prevalences:
        own = [int(row["count"]) for row in rows if row["prevalence"] == prevalence]
        assert len(own) == 4 and sum(own) == 1000


def test_word_document_has_both_tables(auditc):
    found = findings(auditc, [0.1, 0.4])
    document = Document(io.BytesIO(found.to_docx()))
    numbers, judgements = document.tables
    header, rows = cells_of(found)
    assert [cell.text for cell in numbers.rows[0].cells] == header
    assert [[cell.text for cell in row.cells] for row in numbers.rows[1:]] == rows
    assert [cell.text for cell in judgements.rows[0].cells][1:6] == [w for _, w in GRADE_DOMAINS]
    assert document.core_properties.title == "Summary of findings: auditc"


def test_latex_rows_have_as_many_cells_as_columns_and_nothing_unescaped(auditc):
    text = findings(auditc, [0.1, 0.4]).to_latex()
    for columns, body in re.findall(r"\{\*\{(\d)\}\{p.*?\\midrule\n(.*?)\\bottomrule", text, re.S):
        for line in body.strip().splitlines():
            assert line.endswith(r"\\")
            assert len(re.findall(r"(?<!\\)&", line)) == int(columns) - 1
    assert not re.search(r"(?<!\\)[%#$_]", text)


def test_html_is_a_page_or_a_small_part_of_one(auditc):
    found = findings(auditc, [0.1, 0.4])
    part = found.to_html(fragment=True)
    assert found.to_html().startswith("<!doctype html>")
    assert part.startswith('<div class="sof">') and "<html" not in part
    assert part.count("<table>") == 2
    # 105 of them stand in the report.
    assert len(part.encode()) < 6000


def test_names_from_elsewhere_are_escaped():
    table = table_of(REGULAR, "<script>&_x")
    found = findings(fit(table), [0.1])
    assert "<script>" not in found.to_html()
    assert r"\textless{}script\textgreater{}\&\_x" in found.to_latex()


@pytest.mark.parametrize("given", [[], [0.1, 0.2, 0.3, 0.4], [0.0], [10.0]])
def test_prevalences_are_one_to_three_probabilities(regular, given):
    with pytest.raises(OptionError):
        findings(regular, given)


def fact(found: Findings) -> str:
    return dict(found.facts)["Numbers from"]


def test_a_reader_sees_why_the_numbers_differ_from_the_table_of_estimates(regular):
    text = fact(findings(regular, 0.3))
    assert text.startswith(
        "posterior medians, because with fewer than 10 studies of a margin (sensitivity 5, "
        "specificity 5)"
    )
    for name in ("sensitivity", "specificity"):
        assert f"{name} {getattr(regular, name).format(2)}" in text
    asked = findings(regular, 0.3, source="maximum likelihood")
    assert fact(asked) == "maximum likelihood (as asked for), as in the table of estimates"


def test_numbers_of_many_studies_are_those_of_the_table_of_estimates(auditc):
    found = findings(auditc, 0.3)
    assert fact(found) == (
        "maximum likelihood (10 studies or more of each margin), as in the table of estimates"
    )
    assert "as asked for; the table" in fact(findings(auditc, 0.3, source="posterior"))
    assert fact(findings(auditc.bayesian, 0.3)) == "posterior medians"


def test_every_format_names_source_and_model(regular):
    found = findings(regular, 0.3)
    told = fact(found)
    document = Document(io.BytesIO(found.to_docx()))
    assert told in "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert told in found.to_latex() and told in found.to_html(fragment=True)
    rows = list(csv.DictReader(io.StringIO(found.to_csv())))[:-1]
    draws = accuracy_draws(regular)
    assert {(row["source"], row["model"]) for row in rows} == {("posterior", draws.model)}
    assert all("posterior median" in row[0] for row in judgements_of(found)[1])


def test_a_margin_that_is_not_pooled_shows_its_summed_counts():
    perfect = fit(table_of([[9, 1, 0, 20], [12, 4, 0, 31], [7, 0, 0, 12], [30, 6, 0, 41]]))
    text = fact(findings(perfect, 0.3))
    assert f"sensitivity {perfect.sensitivity.format(2)} (summed counts)" in text


def test_one_study_is_not_said_to_have_too_narrow_an_interval():
    text = fact(findings(fit(table_of([[10, 2, 3, 20]])), 0.3))
    assert "one study by itself says nothing about other hospitals" in text
    assert "too narrow" not in text and "(one study)" in text


def test_a_known_prevalence_says_of_which_people_it_is():
    inputs = known_inputs(STUDIES)
    table = read_studies(STUDIES / "ct" / "hip.csv").strata()["ct/hip/patient/radiograph_negative"]
    found = site_findings(fit(table), inputs)
    frame = pd.read_csv(STUDIES / "strategy_inputs.csv", dtype=str).set_index("input_id")
    for heading in found.prevalences:
        code = re.search(r"PREV\d+", heading)[0]
        (note,) = [one for one in found.notes if one.startswith(f"{code}: ")]
        assert frame.loc[code, "population"] in note and frame.loc[code, "source_title"] in note
