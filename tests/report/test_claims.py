"""The claims check: its rule as a table, and what it compares with what."""

from __future__ import annotations

from dataclasses import replace
from math import hypot
from pathlib import Path

import pytest
from strata_records import margin, record

from metadx.errors import StudyTableError
from metadx.report.claims import (
    COLUMNS,
    CONTRADICTED,
    SUPPORTED,
    UNDECIDED,
    check_claims,
    claim_rows,
    difference,
    judge,
    overall,
)
from metadx.report.claims_table import NOT_ACCURACY, Claim, read_claims
from metadx.report.claims_words import counted_words, evidence_label
from metadx.report.estimates import Interval, StratumRecord
from metadx.report.output import csv_text

SHIPPED = Path(__file__).parents[2] / "studies" / "claims.csv"
HIP = "ct/hip/patient/radiograph_negative"


def claim(**changes: object) -> Claim:
    made = Claim(
        claim_id="C1", subject="CT", modality="ct", site="hip", quantity="sensitivity",
        relation="at least", low=0.9, high=None, testable="yes",
        population="radiograph_negative", statement="CT finds 90 percent",
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def checked(one: Claim, *records: StratumRecord, studies: dict[str, frozenset[str]] | None = None):  # type: ignore[no-untyped-def]
    return check_claims([one], records, studies or {})[0]


@pytest.mark.parametrize(
    ("relation", "bounds", "interval", "verdict"),
    [
        ("at least", (0.9, None), (0.90, 0.97), SUPPORTED),
        ("at least", (0.9, None), (0.89, 0.97), UNDECIDED),
        ("at least", (0.9, None), (0.70, 0.90), UNDECIDED),
        ("at least", (0.9, None), (0.70, 0.89), CONTRADICTED),
        ("above", (0.5, None), (0.51, 0.80), SUPPORTED),
        ("above", (0.5, None), (0.50, 0.80), UNDECIDED),
        ("above", (0.5, None), (0.20, 0.50), CONTRADICTED),
        ("below", (None, 0.3), (0.10, 0.29), SUPPORTED),
        ("below", (None, 0.3), (0.10, 0.31), UNDECIDED),
        ("below", (None, 0.3), (0.30, 0.40), CONTRADICTED),
        ("between", (0.4, 0.6), (0.40, 0.60), SUPPORTED),
        ("between", (0.4, 0.6), (0.35, 0.55), UNDECIDED),
        ("between", (0.4, 0.6), (0.30, 0.70), UNDECIDED),
        ("between", (0.4, 0.6), (0.61, 0.70), CONTRADICTED),
        ("between", (0.4, 0.6), (0.10, 0.39), CONTRADICTED),
        ("equals", (0.956, 0.956), (0.93, 0.98), SUPPORTED),
        ("equals", (0.956, 0.956), (0.80, 0.98), UNDECIDED),
        ("equals", (0.956, 0.956), (0.80, 0.95), CONTRADICTED),
    ],
)
def test_a_value_is_judged_by_its_whole_interval(
    relation: str,
    bounds: tuple[float | None, float | None],
    interval: tuple[float, float],
    verdict: str,
) -> None:
    one = claim(relation=relation, low=bounds[0], high=bounds[1])
    middle = sum(interval) / 2
    assert judge(one, Interval(middle, *interval)) == verdict


def test_no_interval_decides_nothing() -> None:
    assert judge(claim(), Interval()) == UNDECIDED


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], UNDECIDED),
        ([SUPPORTED, SUPPORTED], SUPPORTED),
        ([SUPPORTED, UNDECIDED], UNDECIDED),
        ([SUPPORTED, CONTRADICTED], CONTRADICTED),
        ([UNDECIDED, CONTRADICTED], CONTRADICTED),
    ],
)
def test_a_claim_about_all_sites_fails_with_one_of_them(verdicts: list[str], expected: str) -> None:
    assert overall(verdicts) == expected


def test_a_pooled_interval_inside_the_claim_supports_it() -> None:
    found = checked(claim(), record(HIP, margin((0.95, 0.92, 0.98))))
    assert found.verdict == SUPPORTED
    assert found.evidence[0].interval == Interval(0.95, 0.92, 0.98)
    assert found.evidence[0].basis == "pooled"


@pytest.mark.parametrize(
    ("given", "basis"),
    [
        (margin((0.95, 0.92, 0.98), k=1), "one study"),
        (margin((0.95, 0.92, 0.98), state="not_estimable"), "summed counts"),
    ],
)
def test_what_cannot_be_pooled_decides_nothing_but_is_printed(given, basis: str) -> None:  # type: ignore[no-untyped-def]
    found = checked(claim(), record(HIP, given))
    assert found.verdict == UNDECIDED
    assert found.evidence[0].basis == basis
    assert found.evidence[0].interval == Interval(0.95, 0.92, 0.98)
    assert found.evidence[0].reason


def test_another_population_is_shown_and_not_counted() -> None:
    other = record("ct/hip/patient/all_suspected", margin((0.5, 0.4, 0.6)))
    own = record(HIP, margin((0.95, 0.92, 0.98)))
    found = checked(claim(), other, own)
    assert found.verdict == SUPPORTED
    assert [item.stratum for item in found.counted] == [HIP]
    assert [item.stratum for item in found.evidence if not item.counted] == [other.stratum]
    alone = checked(claim(), other)
    assert alone.verdict == UNDECIDED
    assert "no pooled study of CT of the hip" in alone.reason


def test_a_claim_about_all_sites_names_them_by_verdict() -> None:
    found = checked(
        claim(site="all"),
        record(HIP, margin((0.95, 0.92, 0.98))),
        record("ct/knee/patient/radiograph_negative", margin((0.7, 0.6, 0.8))),
        record("mri/hip/patient/radiograph_negative", margin((0.1, 0.05, 0.2))),
    )
    assert found.verdict == CONTRADICTED
    assert found.reason == "contradicted: knee per patient; supported: hip per patient"


def test_difference_agrees_with_its_formula() -> None:
    first, second = Interval(0.95, 0.90, 0.98), Interval(0.80, 0.70, 0.88)
    gap = difference(first, second)
    # doi:10.1002/sim.3095, equation for the difference of two parameters.
    assert gap.low == pytest.approx(0.15 - hypot(0.05, 0.08), abs=1e-12)
    assert gap.high == pytest.approx(0.15 + hypot(0.03, 0.10), abs=1e-12)
    mirrored = difference(second, first)
    assert (mirrored.low, mirrored.high) == pytest.approx((-gap.high, -gap.low))
    assert not difference(first, Interval())


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        ((0.60, 0.50, 0.70), SUPPORTED),
        ((0.93, 0.85, 0.97), UNDECIDED),
        ((0.995, 0.99, 0.999), CONTRADICTED),
    ],
)
def test_a_difference_is_judged_by_its_interval(other, verdict: str) -> None:  # type: ignore[no-untyped-def]
    one = claim(
        quantity="sensitivity difference", relation="above", low=0.0, population="any",
        comparator="xray",
    )  # fmt: skip
    film = "xray/hip/patient/radiograph_negative"
    found = checked(
        one,
        record(HIP, margin((0.95, 0.92, 0.97))),
        record(film, margin(other)),
        record("xray/hip/fracture/radiograph_negative", margin((0.1, 0.05, 0.2))),
        record("xray/hip/patient/all_suspected", margin((0.1, 0.05, 0.2))),
        record("mri/hip/patient/radiograph_negative", margin((0.1, 0.05, 0.2))),
        studies={HIP: frozenset("abc"), film: frozenset("bcd")},
    )
    assert found.verdict == verdict
    assert [(item.comparator, item.shared) for item in found.evidence] == [(film, 2)]


def test_a_difference_of_single_studies_is_printed_and_undecided() -> None:
    one = claim(quantity="sensitivity difference", relation="above", low=0.0, comparator="xray")
    found = checked(
        one,
        record(HIP, margin((0.9, 0.8, 0.95), k=1)),
        record("xray/hip/patient/radiograph_negative", margin((0.1, 0.05, 0.2), k=1)),
    )
    assert found.verdict == UNDECIDED
    assert found.evidence[0].interval.value == pytest.approx(0.8)
    assert found.evidence[0].reason.startswith("both tests: one study")


def test_rank_one_needs_a_lead_over_every_other_test() -> None:
    one = claim(modality="mri", site="all", quantity="sensitivity rank", relation="equals", low=1.0)
    mri = record("mri/hip/patient/radiograph_negative", margin((0.98, 0.96, 0.99)))
    worse = record(HIP, margin((0.80, 0.70, 0.88)))
    near = record("bone_scan/hip/patient/radiograph_negative", margin((0.97, 0.93, 0.99)))
    assert checked(one, mri, worse).verdict == SUPPORTED
    assert checked(one, mri, worse, near).verdict == UNDECIDED
    weak = record("mri/hip/patient/radiograph_negative", margin((0.60, 0.50, 0.65)))
    assert checked(one, weak, worse).verdict == CONTRADICTED


def test_specificity_is_compared_with_specificity() -> None:
    one = claim(quantity="specificity")
    held = record(HIP, margin((0.2, 0.1, 0.3)), margin((0.95, 0.92, 0.98)))
    assert checked(one, held).verdict == SUPPORTED
    silent = checked(one, record(HIP, margin((0.95, 0.92, 0.98))))
    assert silent.verdict == UNDECIDED
    assert silent.evidence[0].reason == "no study reports specificity"


def test_claims_that_the_tables_cannot_test() -> None:
    held = record(HIP, margin((0.95, 0.92, 0.98)))
    physics = claim(testable=NOT_ACCURACY, quantity="bone loss needed")
    assert checked(physics, held).verdict == NOT_ACCURACY
    later = checked(claim(testable="by strategy model"), held)
    assert (later.verdict, later.evidence) == (UNDECIDED, ())
    assert "by strategy model" in later.reason


def test_a_stratum_that_failed_is_no_evidence() -> None:
    held = replace(record(HIP, margin((0.95, 0.92, 0.98))), failure="no")
    assert checked(claim(), held).evidence == ()


def test_a_posterior_that_would_not_decide_is_named() -> None:
    given = margin((0.95, 0.92, 0.98), k=3, bayesian=(0.94, 0.80, 0.98))
    found = checked(claim(), record(HIP, given))
    assert found.verdict == SUPPORTED
    assert found.reason == "on 3 studies; the Bayesian interval, 0.80 to 0.98, leaves it open"


def test_the_table_has_a_row_for_each_stratum_and_for_claims_without_one() -> None:
    own, other = record(HIP, margin((0.95, 0.92, 0.98))), claim(claim_id="C2", site="rib")
    rows = claim_rows(check_claims([claim(), other], [own], {}))
    assert [tuple(row) for row in rows] == [COLUMNS, COLUMNS]
    assert rows[0]["low"] == 0.92
    assert rows[0]["stratum_verdict"] == SUPPORTED
    assert rows[1]["stratum"] == ""
    assert rows[1]["k"] is None
    assert "nan" not in csv_text(rows, COLUMNS).lower()


def test_words_say_what_was_compared() -> None:
    one = claim(quantity="sensitivity difference", relation="above", low=0.0, comparator="xray")
    film = "xray/hip/patient/radiograph_negative"
    found = checked(
        one,
        record(HIP, margin((0.9, 0.8, 0.95), state="not_estimable")),
        record(film, margin((0.1, 0.05, 0.2))),
        studies={HIP: frozenset("a"), film: frozenset("a")},
    )
    item = found.evidence[0]
    assert (
        str(evidence_label(item)) == "CT, hip, per patient, radiograph negative, against radiograph"
    )
    assert str(counted_words(item)) == "5 studies, summed against 5 studies; 1 in both"


def test_shipped_claims_are_read_as_probabilities() -> None:
    claims = {one.claim_id: one for one in read_claims(SHIPPED)}
    assert len(claims) == 21
    assert (claims["C01"].low, claims["C01"].high) == (0.4, 0.6)
    assert claims["C05"].form == "difference"
    assert claims["C19"].testable == NOT_ACCURACY


def test_all_faults_of_a_file_of_claims_at_once(tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8").splitlines()
    path = tmp_path / "claims.csv"
    lines = [text[0], text[1].replace("between", "about"), text[1].replace(",40,", ",x,"), text[3]]
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(StudyTableError) as caught:
        read_claims(path)
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [
        (2, "relation"),
        (3, "claim_id"),
        (3, "low"),
    ]
    path.write_text("claim_id,subject\nC1,x\n", encoding="utf-8")
    with pytest.raises(StudyTableError, match="modality"):
        read_claims(path)
