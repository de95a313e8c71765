"""Group comparisons against an independent program, and against themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reference_values import cases, frame, table

from metadx.errors import ModelError, OptionError
from metadx.estimate import NotApplicable
from metadx.inference import Comparison, LikelihoodRatioTest, auc_differences, compare
from metadx.tables import StudyTable

#: Two quadratures, 25 nodes there and adaptive ones here, each good to about 1e-6.
LOGLIK = 5e-6
#: Two searches that end at scores of 1e-6 and 1e-9.
RELATIVE = 1e-4

#: What a fit warns of is asserted in the tests of the models.
pytestmark = pytest.mark.filterwarnings("ignore::metadx.errors.MetadxWarning")

COLUMNS = {"anti_ccp": "generation", "catheter_ivd": "type", "smoking": "type",
           "diabetes_hba1c_fpg": "test"}  # fmt: skip
LADDER = {"null": "exact_null", "sensitivity": "exact_sens_only", "specificity": "exact_spec_only",
          "both": "exact_common", "variances": "exact_separate"}  # fmt: skip
CASES = cases("compare")


def made(case: dict, **options: object) -> Comparison:
    return compare(
        table(case["dataset"]),
        COLUMNS[case["dataset"]],
        independent_rows=not case["shared_random_effects_by_study"],
        **options,
    )


def test_the_reference_has_shared_and_independent_rows() -> None:
    assert {c["shared_random_effects_by_study"] for c in CASES} == {True, False}
    assert {c["dataset"] for c in CASES} >= set(COLUMNS)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["dataset"])
def test_the_ladder_agrees(case: dict) -> None:
    found = made(case)
    for name, theirs in LADDER.items():
        expected = case[theirs]
        assert found.fits[name].llf == pytest.approx(expected["logLik"], abs=LOGLIK), name
        assert found.fits[name].n_parameters == expected["npar"], name
    tests = {t.hypothesis: t for t in found.tests if isinstance(t, LikelihoodRatioTest)}
    names = {"both": "both", "sensitivity": "sens", "specificity": "spec"}
    for ours, theirs in names.items():
        expected = case["exact_LRT"][theirs]
        assert tests[ours].chi2 == pytest.approx(expected["chisq"], abs=4 * LOGLIK)
        assert tests[ours].df == expected["df"]
        # A chi-squared of 127 carries the likelihoods' rounding into the p value.
        assert tests[ours].p == pytest.approx(expected["p"], rel=1e-3)
    if case["exact_LRT"]["separate_vs_common"] is None:
        assert isinstance(found.tests[3], NotApplicable)
        assert "not nested" in found.tests[3].reason
    else:
        expected = case["exact_LRT"]["separate_vs_common"]
        assert tests["variances"].chi2 == pytest.approx(expected["chisq"], abs=4 * LOGLIK)
        assert tests["variances"].df == 3


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["dataset"])
@pytest.mark.parametrize("variances", ["common", "by_group"])
def test_ratios_and_differences_agree(case: dict, variances: str) -> None:
    found = made(case, variances=variances)
    key = "exact_relative_common" if variances == "common" else "exact_relative_separate"
    expected = case[key]
    (pair,) = found.pairs
    sign = 1.0 if (pair.a, pair.b) == (case["comparator"], case["reference"]) else -1.0
    for ours, theirs in (("sens", "rel_sens"), ("spec", "rel_spec")):
        ratio = getattr(pair, f"{ours}_ratio")
        ends = (ratio.value, ratio.low, ratio.high)
        if sign < 0:
            ends = (1 / ratio.value, 1 / ratio.high, 1 / ratio.low)
        wanted = expected[theirs]
        assert ends == pytest.approx((wanted["est"], wanted["lb"], wanted["ub"]), rel=RELATIVE)
        difference = getattr(pair, f"{ours}_difference")
        wanted = expected[f"diff_{ours}"]
        se = (difference.high - difference.low) / (2 * 1.959963984540054)
        assert sign * difference.value == pytest.approx(wanted["est"], abs=1e-5)
        assert se == pytest.approx(wanted["se"], rel=1e-3)


def test_paired_studies_are_recognised_and_share_their_effects() -> None:
    paired = made(next(c for c in CASES if c["dataset"] == "diabetes_hba1c_fpg"))
    assert paired.k_paired == 38
    assert paired.pairs[0].k_direct == 38
    assert paired.fits["null"].k == 38
    assert paired.fits["variances"].k == 76
    alone = compare(table("diabetes_hba1c_fpg"), "test", independent_rows=True)
    assert alone.fits["both"].k == 76
    # Sharing the effects makes the comparison a within-study one: its interval is shorter.
    widths = [p.pairs[0].sens_difference.high - p.pairs[0].sens_difference.low
              for p in (paired, alone)]  # fmt: skip
    assert widths[0] < 0.5 * widths[1]


def test_more_than_two_groups_are_adjusted_for_multiplicity() -> None:
    data = frame("smoking").drop(columns="study_id")
    data["group"] = np.array(["a", "b", "c"])[np.arange(len(data)) % 3]
    found = compare(StudyTable.from_frame(data, "smoking"), "group")
    assert [(p.a, p.b) for p in found.pairs] == [("b", "a"), ("c", "a"), ("c", "b")]
    raw = sorted(p.p_sensitivity for p in found.pairs)
    holm = sorted(p.p_sensitivity_adjusted for p in found.pairs)
    running = np.maximum.accumulate([min(1.0, (3 - i) * p) for i, p in enumerate(raw)])
    assert holm == pytest.approx(running)
    assert [t.df for t in found.tests if isinstance(t, LikelihoodRatioTest)] == [2, 2, 4, 6]


def test_two_equal_groups_do_not_differ() -> None:
    data = frame("dementia_csf")
    twice = data.assign(group="x"), data.assign(group="y", study=data["study"] + " again")
    found = compare(StudyTable.from_frame(pd.concat(twice), "twice"), "group")
    (pair,) = found.pairs
    assert pair.sens_ratio.value == pytest.approx(1.0, abs=1e-6)
    assert pair.spec_difference.value == pytest.approx(0.0, abs=1e-6)
    assert pair.p_sensitivity == pytest.approx(1.0, abs=1e-4)
    for test in found.tests:
        assert isinstance(test, LikelihoodRatioTest)
        assert test.chi2 == pytest.approx(0.0, abs=1e-5)


def test_restricted_likelihoods_are_not_compared() -> None:
    found = compare(table("anti_ccp"), "generation", method="reml")
    assert all(isinstance(t, NotApplicable) and "restricted" in t.reason for t in found.tests)
    assert found.pairs[0].sens_ratio.value > 1.2


@pytest.mark.parametrize(
    ("column", "error", "words"),
    [("nothing", OptionError, "no column"), ("one", ModelError, "nothing to compare")],
)
def test_what_cannot_be_compared_says_why(column: str, error: type, words: str) -> None:
    data = frame("dementia_csf").assign(one="same")
    with pytest.raises(error, match=words):
        compare(StudyTable.from_frame(data, "t"), column)


@pytest.mark.parametrize("codes", [(1, 2), (1.0, 2.0), (True, False), ("1", "2")])
def test_groups_coded_by_numbers_are_those_coded_by_words(codes: tuple[object, object]) -> None:
    data = frame("anti_ccp")
    coded = data.assign(
        code=data["generation"].map(dict(zip(("CCP1", "CCP2"), codes, strict=True)))
    )
    words = compare(table("anti_ccp"), "generation").points
    found = compare(StudyTable.from_frame(coded, "t"), "code")
    for code, word in zip(codes, ("CCP1", "CCP2"), strict=True):
        name = str(int(code)) if isinstance(code, float) else str(code)
        # The same model with its columns in another order.
        np.testing.assert_allclose(
            found.points[name].sensitivity.value, words[word].sensitivity.value, atol=1e-6
        )
    assert found.pairs[0].p_sensitivity == pytest.approx(
        compare(table("anti_ccp"), "generation").pairs[0].p_sensitivity, rel=1e-3
    )


def test_studies_without_a_group_are_left_out_and_named() -> None:
    data = frame("anti_ccp")
    data.loc[:1, "generation"] = None
    found = compare(StudyTable.from_frame(data, "t"), "generation")
    alone = compare(StudyTable.from_frame(data.iloc[2:], "t"), "generation")
    assert found.left_out == tuple(data["study"].head(2))
    assert found.groups == ("CCP1", "CCP2")
    assert found.fit.llf == alone.fit.llf
    assert f"left out, without generation: {found.left_out[0]}" in found.summary()


def test_a_group_that_never_reports_a_margin_is_given_no_value_of_it() -> None:
    data = frame("anti_ccp").astype({"fp": "Int64", "tn": "Int64"})
    data.loc[data["generation"] == "CCP1", ["fp", "tn"]] = pd.NA
    with pytest.raises(ModelError, match=r"specificity is not reported often enough.*CCP1"):
        compare(StudyTable.from_frame(data, "t"), "generation")


def test_fixed_effects_are_compared_without_likelihood_ratios() -> None:
    found = compare(table("anti_ccp"), "generation", method="fixed")
    assert all(isinstance(t, NotApplicable) and "fixed-effect" in t.reason for t in found.tests)


def test_quadrature_and_continuity_correction_reach_the_comparison() -> None:
    data = frame("auditc")
    data["half"] = np.where(np.arange(len(data)) % 2, "x", "y")
    halves = StudyTable.from_frame(data, "t")
    single, every = (
        compare(halves, "half", method="ml", zero_cell=z).points["x"].sensitivity.value
        for z in ("single", "all")
    )
    assert abs(single - every) > 1e-3
    assert {r.nodes for r in compare(halves, "half", nodes=8).fit.optimizer} == {(8, 8)}


def test_a_group_without_a_finite_maximum_is_refused_with_the_reason() -> None:
    data = frame("anti_ccp").assign(group="x")
    perfect = data.head(5).assign(group="y", fp=0, study=lambda d: d["study"] + " y")
    with pytest.raises(ModelError, match="100%"):
        compare(StudyTable.from_frame(pd.concat([data, perfect]), "t"), "group")


def test_summary_names_direct_and_indirect() -> None:
    assert "indirect" in compare(table("anti_ccp"), "generation").summary()
    paired = made(next(c for c in CASES if c["dataset"] == "diabetes_hba1c_fpg"))
    assert "38 studies measured more than one group (direct" in paired.summary()


def test_differences_of_areas_are_bootstrapped_in_the_model_of_the_comparison() -> None:
    found = compare(table("anti_ccp"), "generation")
    first = auc_differences(found, 400, seed=2)
    (pair,) = first
    assert pair == ("CCP2", "CCP1")
    points = found.points
    difference = first[pair]
    assert difference.value == pytest.approx(points["CCP2"].auc.value - points["CCP1"].auc.value)
    assert difference.low < difference.value < difference.high
    assert auc_differences(found, 400, seed=2) == first
    # The delta-method standard errors of the two areas bound the spread of their difference.
    widths = [p.auc.high - p.auc.low for p in points.values()]
    assert 0.3 * max(widths) < difference.high - difference.low < 1.5 * sum(widths)


def test_differences_of_areas_of_equal_groups_hold_zero() -> None:
    data = frame("dementia_csf")
    twice = data.assign(group="x"), data.assign(group="y", study=data["study"] + " again")
    found = compare(StudyTable.from_frame(pd.concat(twice), "twice"), "group")
    (difference,) = auc_differences(found, 300).values()
    assert difference.value == pytest.approx(0.0, abs=1e-6)
    assert difference.low < 0.0 < difference.high


def test_areas_are_not_compared_by_another_method() -> None:
    found = compare(table("anti_ccp"), "generation", method="ml")
    (difference,) = auc_differences(found, 10).values()
    assert isinstance(difference, NotApplicable)
