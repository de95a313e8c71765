from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reference_values import cases, table

from metadx.errors import OptionError
from metadx.models.measures import (
    MEASURES,
    correct_zero_cells,
    counts_of,
    has_zero_cell,
    proportion,
    ratios,
    study_measures,
)
from metadx.tables import StudyTable

# Closed forms on both sides; R wrote 15 digits.
CLOSED_FORM = 1e-10

MADAD = cases("mada_madad")
MADA_RATIO = {"dor": "DOR", "lr_positive": "posLR", "lr_negative": "negLR"}


def as_mada_counts(name: str, zero_cell: str) -> np.ndarray:
    """Corrected counts as mada has them: an arm of nobody counts as a zero cell too.

    metadx takes such an arm (edge_no_diseased_study, S4) for a margin that is not there.
    """
    tp, n1, tn, n0 = counts_of(table(name)).T
    zero = (tp == 0) | (n1 - tp == 0) | (tn == 0) | (n0 - tn == 0)
    if zero_cell == "all":
        zero[:] = zero.any()
    add = 0.5 * zero
    return np.column_stack([tp + add, n1 + 2 * add, tn + add, n0 + 2 * add])


def make(**columns: list[int | None]) -> StudyTable:
    frame = pd.DataFrame(columns).astype("Int64")
    frame.insert(0, "study", [f"s{i}" for i in range(len(frame))])
    return StudyTable.from_frame(frame)


@pytest.mark.parametrize("case", MADAD, ids=lambda c: f"{c['dataset']}-{c['zero_cell']}")
def test_proportions_are_those_of_mada_on_its_corrected_counts(case):
    counts = as_mada_counts(case["dataset"], case["zero_cell"])
    for at, name in ((0, "sens"), (2, "spec")):
        found = proportion(counts[:, at], counts[:, at + 1])
        np.testing.assert_allclose(found.value, case[name], rtol=CLOSED_FORM)
        ends = np.column_stack([found.low, found.high])
        np.testing.assert_allclose(ends, case[f"{name}.ci"], rtol=CLOSED_FORM, atol=1e-14)


@pytest.mark.parametrize("case", MADAD, ids=lambda c: f"{c['dataset']}-{c['zero_cell']}")
def test_ratios_are_those_of_mada(case):
    counts = as_mada_counts(case["dataset"], case["zero_cell"])
    ours = study_measures(table(case["dataset"]), zero_cell=case["zero_cell"])
    # An arm of nobody is the one place where mada prints a ratio and metadx has none.
    there = ours["dor"].notna().to_numpy()
    assert there.sum() >= len(ours) - (case["dataset"] == "edge_no_diseased_study")
    for name, theirs in MADA_RATIO.items():
        expected = np.column_stack([case[theirs], case[f"{theirs}.ci"]])
        direct = np.column_stack(ratios(counts)[name])
        np.testing.assert_allclose(direct, expected, rtol=CLOSED_FORM)
        public = ours[[name, f"{name}_low", f"{name}_high"]].to_numpy(dtype=float)
        if case["dataset"] != "edge_no_diseased_study":
            np.testing.assert_allclose(public, expected, rtol=CLOSED_FORM)


def test_every_small_reference_set_is_compared():
    assert len({case["dataset"] for case in MADAD}) == 25
    assert {case["zero_cell"] for case in MADAD} == {"all", "single"}


def test_an_arm_of_nobody_is_a_missing_margin_and_not_half_a_patient():
    """S4 has no diseased patient. mada prints sensitivity 0.5, interval 0.05 to 0.95."""
    case = next(c for c in MADAD if c["dataset"] == "edge_no_diseased_study")
    assert case["sens"][3] == 0.5
    found = study_measures(table("edge_no_diseased_study")).iloc[3]
    assert pd.isna(found["sensitivity"]) and pd.isna(found["dor"]) and pd.isna(found["ppv"])
    assert found["specificity"] == pytest.approx(40 / 48)


def test_proportions_stay_those_of_the_counts_whatever_the_correction():
    studies = make(tp=[12], fp=[0], fn=[0], tn=[30])
    for policy in ("single", "all", "none"):
        row = study_measures(studies, zero_cell=policy).iloc[0]
        assert (row["sensitivity"], row["specificity"], row["youden"]) == (1.0, 1.0, 1.0)
        assert row["corrected"] == (policy != "none")


def test_measures_by_hand():
    row = study_measures(make(tp=[18], fp=[4], fn=[2], tn=[36])).iloc[0]
    assert row["ppv"] == pytest.approx(18 / 22)
    assert row["npv"] == pytest.approx(36 / 38)
    assert row["accuracy"] == pytest.approx(54 / 60)
    assert row["prevalence"] == pytest.approx(20 / 60)
    assert row["youden"] == pytest.approx(0.8)
    assert row["lr_positive"] == pytest.approx(9.0)
    assert row["dor"] == pytest.approx(18 * 36 / (2 * 4))
    # Wilson for 18 of 20, by the formula: (p + z2/2n +- z sqrt(pq/n + z2/4n2)) / (1 + z2/n).
    z, p, n = 1.959963984540054, 0.9, 20
    middle, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert row["sensitivity_low"] == pytest.approx((middle - half) / (1 + z**2 / n))
    assert row["sensitivity_high"] == pytest.approx((middle + half) / (1 + z**2 / n))


def test_youden_interval_is_newcombes_of_the_difference_of_two_proportions():
    """Newcombe 1998, table II, method 10: 56/70 - 48/80 is 0.20, 0.0524 to 0.3339."""
    row = study_measures(make(tp=[56], fp=[48], fn=[14], tn=[32])).iloc[0]
    assert row["youden"] == pytest.approx(0.20)
    assert row["youden_low"] == pytest.approx(0.0524, abs=5e-5)
    assert row["youden_high"] == pytest.approx(0.3339, abs=5e-5)


def test_exact_intervals_end_at_the_edge():
    row = study_measures(make(tp=[10], fp=[20], fn=[0], tn=[0]), interval="clopper_pearson").iloc[0]
    assert row["sensitivity_high"] == 1.0
    assert row["sensitivity_low"] == pytest.approx(0.025 ** (1 / 10))  # (alpha/2)^(1/n)
    assert (row["specificity"], row["specificity_low"]) == (0.0, 0.0)
    assert row["specificity_high"] == pytest.approx(1 - 0.025 ** (1 / 20))


def test_partial_studies_have_what_their_margin_gives():
    studies = make(tp=[18, None, 9], fp=[None, 4, 1], fn=[2, None, 1], tn=[None, 36, 19])
    found = study_measures(studies)
    assert found["sensitivity"].isna().to_list() == [False, True, False]
    assert found["specificity"].isna().to_list() == [True, False, False]
    for name in MEASURES[2:]:
        for tail in ("", "_low", "_high"):
            assert found[name + tail].isna().to_list() == [True, True, False]
    assert all(found[name].dtype == "Float64" for name in MEASURES)


def test_policies_correct_whom_they_say():
    studies = make(tp=[5, 5, None], fp=[0, 2, 3], fn=[1, 1, None], tn=[9, 9, 9])
    counts = counts_of(studies)
    single, who = correct_zero_cells(counts, "single")
    assert who.tolist() == [True, False, False]
    np.testing.assert_array_equal(single[0], [5.5, 7, 9.5, 10])
    np.testing.assert_array_equal(single[1:], counts[1:])
    everybody, who = correct_zero_cells(counts, "all", 0.25)
    assert who.all()
    np.testing.assert_array_equal(everybody[2], [0, 0, 9.25, 12.5])
    nobody, who = correct_zero_cells(counts, "none")
    assert not who.any() and nobody is not counts
    np.testing.assert_array_equal(nobody, counts)
    assert has_zero_cell(counts).tolist() == [True, False, False]
    assert not correct_zero_cells(counts[1:], "all")[1].any()  # nothing to correct


def test_without_a_correction_a_boundless_ratio_is_missing():
    row = study_measures(make(tp=[5], fp=[0], fn=[1], tn=[9]), zero_cell="none").iloc[0]
    assert pd.isna(row["lr_positive"]) and pd.isna(row["dor_low"])
    assert row["lr_negative"] == pytest.approx(1 / 6)


def test_a_predictive_value_of_nobody_is_missing():
    row = study_measures(make(tp=[0], fp=[0], fn=[6], tn=[9])).iloc[0]
    assert pd.isna(row["ppv"]) and row["npv"] == pytest.approx(9 / 15)


def test_wider_level_wider_interval():
    studies = make(tp=[18], fp=[4], fn=[2], tn=[36])
    narrow, wide = study_measures(studies, level=0.8), study_measures(studies, level=0.99)
    for name in MEASURES:
        assert wide[f"{name}_low"][0] < narrow[f"{name}_low"][0]
        assert wide[f"{name}_high"][0] > narrow[f"{name}_high"][0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"zero_cell": "some"}, "single, all, none"),
        ({"correction": 0.0}, "positive"),
        ({"correction": float("nan")}, "positive"),
        ({"level": 95}, "between 0 and 1"),
        ({"interval": "wald"}, "wilson, clopper_pearson"),
    ],
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        study_measures(make(tp=[18], fp=[4], fn=[2], tn=[36]), **options)
