from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reference_values import cases, table

from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.inference import small_study
from metadx.inference.small_study import DeeksTest, deeks_test
from metadx.models.measures import counts_of
from metadx.tables import StudyTable

# Weighted least squares on both sides, R's lm and ours; 15 digits were written.
RTOL = 1e-8
CASES = cases("deeks_test")


def has_zero(name: str) -> bool:
    return bool((table(name).frame[["tp", "fp", "fn", "tn"]] == 0).to_numpy().any())


EVERY = [case for case in CASES if case["dataset"] != "edge_tiny_n"]


def test_every_reference_set_is_compared():
    assert len(CASES) == 19 and len(EVERY) == 18


@pytest.mark.parametrize("case", EVERY, ids=lambda c: c["dataset"])
def test_correcting_the_studies_with_a_zero_cell_is_what_meta_does(case):
    theirs = case["meta_metabias_Deeks"]
    found = deeks_test(table(case["dataset"]), any_number=True)
    assert found.slope.value == pytest.approx(theirs["estimate"]["bias"], rel=RTOL)
    assert found.intercept.value == pytest.approx(theirs["estimate"]["intercept"], rel=RTOL)
    assert found.t == pytest.approx(theirs["statistic"]["t"], rel=RTOL)
    assert found.p == pytest.approx(theirs["p"], rel=RTOL)
    assert found.degrees == theirs["df"]


@pytest.mark.parametrize("case", EVERY, ids=lambda c: c["dataset"])
def test_other_policies(case):
    studies = table(case["dataset"])
    if has_zero(case["dataset"]):
        found, theirs = (
            deeks_test(studies, "all", any_number=True),
            case["own_cc_0.5_lnDOR_raw_ESS"],
        )
    else:
        found, theirs = deeks_test(studies, "none", any_number=True), case["own_no_cc"]
    assert found.intercept.value == pytest.approx(theirs["intercept"], rel=RTOL)
    assert found.slope.value == pytest.approx(theirs["slope"], rel=RTOL)
    assert found.p == pytest.approx(theirs["p"], rel=RTOL)


@pytest.mark.parametrize("case", EVERY, ids=lambda c: c["dataset"])
def test_half_a_patient_everywhere_in_the_sizes_too(case, monkeypatch):
    """A variant that metadx does not offer: its counts take the place of the observed ones."""
    more = counts_of(table(case["dataset"])) + np.array([0.5, 1.0, 0.5, 1.0])
    monkeypatch.setattr(small_study, "counts_of", lambda _: more)
    found = deeks_test(table(case["dataset"]), "none", any_number=True)
    theirs = case["own_cc_0.5_all_cells"]
    assert found.slope.value == pytest.approx(theirs["slope"], rel=RTOL)
    assert found.p == pytest.approx(theirs["p"], rel=RTOL)


def test_published_values():
    """The two tables of the reference page: slope, standard error and p, both policies."""
    for name, slope, se, p, p_all in (
        ("auditc", -57.321, 23.542, 0.0315, 0.0251),
        ("anti_ccp", -8.347, 5.835, 0.161, 0.087),
    ):
        found = deeks_test(table(name))
        assert found.slope.value == pytest.approx(slope, abs=5e-4)
        assert found.slope.value / found.t == pytest.approx(se, abs=5e-4)
        assert found.p == pytest.approx(p, abs=5e-4)
        assert deeks_test(table(name), zero_cell="all").p == pytest.approx(p_all, abs=6e-4)


def test_few_studies_are_refused_unless_asked_for():
    refused = deeks_test(table("sim_boundary_k8"))
    assert isinstance(refused, NotApplicable) and "8 studies" in refused.reason
    assert isinstance(deeks_test(table("sim_boundary_k8"), any_number=True), DeeksTest)
    assert isinstance(deeks_test(table("sim_k10")), DeeksTest)
    assert isinstance(deeks_test(table("edge_k2"), any_number=True), NotApplicable)


def test_equal_sizes_have_no_slope():
    found = deeks_test(table("edge_identical"), any_number=True)
    assert isinstance(deeks_test(table("edge_tiny_n"), any_number=True), NotApplicable)
    assert isinstance(found, NotApplicable) and "same effective sample size" in found.reason


def test_zero_cells_without_a_correction():
    assert "zero cell" in deeks_test(table("auditc"), zero_cell="none").reason


def test_partial_studies_are_left_out_and_counted():
    known = table("auditc").frame
    more = pd.DataFrame({"study_id": ["only"], "tp": [9], "fn": [1], "fp": [pd.NA], "tn": [pd.NA]})
    found = deeks_test(StudyTable.from_frame(pd.concat([known, more], ignore_index=True)))
    assert (found.k, found.left_out) == (14, 1)
    assert found.p == deeks_test(table("auditc")).p


def test_the_sentence_names_the_correction():
    for policy, words in (("single", "the studies with a zero cell"), ("all", "all studies if")):
        found = deeks_test(table("auditc"), zero_cell=policy)
        assert words in found.sentence and "asymmetry" in found.sentence
    assert "no evidence of asymmetry" in deeks_test(table("anti_ccp")).sentence
    with pytest.raises(OptionError, match="single, all, none"):
        deeks_test(table("auditc"), zero_cell="never")
    with pytest.raises(OptionError, match="between 0 and 1"):
        deeks_test(table("auditc"), level=0)


def test_level_widens_the_interval():
    narrow, wide = (deeks_test(table("auditc"), level=level).slope for level in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high
