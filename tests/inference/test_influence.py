from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from edge_tables import ONE, SENSITIVITY_ONLY, THREE, TWO
from reference_values import table
from study_tables import fit, simulate, table_of

from metadx.errors import OptionError, SparseDataWarning
from metadx.estimate import Estimate, NotApplicable
from metadx.inference import influence, leave_one_out
from metadx.inference.headline import POSTTEST, QUANTITIES
from metadx.inference.influence import Influence
from metadx.models import BivariateModel, BivariateResults
from metadx.models.search import Likelihood

# Both searches stop at a score of 1e-6; divided by the curvature that is a distance far below
# this, and the quadrature's own error of 1e-6 in the log-likelihood moves the maximum by less.
ATOL = 2e-6
EVERY = ("auditc", "dementia_csf", "anti_ccp", "sim_boundary_k8", "sim_sparse_k20")


def brute_force(studies, left_out: str) -> BivariateResults:
    frame = studies.frame
    rest = frame[frame["study_id"].astype(str) != left_out].reset_index(drop=True)
    return fit(type(studies).from_frame(rest, studies.name))


@pytest.mark.parametrize("name", EVERY)
def test_every_quantity_is_that_of_a_refit_from_scratch(name):
    studies = table(name)
    found = leave_one_out(fit(studies), pretest=0.3)
    assert len(found) == len(studies)
    for study in list(found.studies)[::3]:
        alone = brute_force(studies, study)
        for quantity in QUANTITIES:
            mine, theirs = found.without[study][quantity], getattr(alone, quantity)
            assert type(mine) is type(theirs), (study, quantity)
            if isinstance(mine, Estimate):
                scale = max(theirs.value, 1.0)
                got, wanted = (np.array([x.value, x.low, x.high]) for x in (mine, theirs))
                assert got == pytest.approx(wanted, abs=1e2 * ATOL * scale), (study, quantity)


@pytest.mark.parametrize("name", ["auditc", "dementia_csf"])
def test_cook_and_displacement_from_their_formulas(name):
    full = fit(table(name))
    found = leave_one_out(full)
    for study in list(found.studies)[::4]:
        alone = brute_force(table(name), study)
        shift = full.mean_logit - alone.mean_logit
        wanted = shift @ np.linalg.inv(full.mean_logit_cov) @ shift
        assert found.cook[study] == pytest.approx(wanted, rel=1e-4)
        likelihood = Likelihood(full.design, full.maxima[0].levels)
        fall = 2.0 * (full.llf - likelihood(alone.joint.theta)[0])
        assert found.displacement[study] == pytest.approx(fall, rel=1e-3, abs=1e-6)


def test_displacement_is_never_negative_and_small_for_a_typical_study():
    found = leave_one_out(fit(table("sim_k30")))
    values = np.array(list(found.displacement.values()))
    assert (values >= 0).all() and np.median(values) < 0.3


def test_a_planted_outlier_has_the_largest_distance(monkeypatch):
    rows = [(45, 5, 5, 45)] * 4 + [(40, 8, 10, 42), (44, 3, 6, 47), (42, 6, 8, 44), (47, 9, 3, 41)]
    found = leave_one_out(fit(table_of([*rows, (5, 45, 45, 5)])))
    assert max(found.cook, key=found.cook.get) == "S9"
    assert max(found.displacement, key=found.displacement.get) == "S9"
    # The outlier widens the covariance that its own distance is measured by.
    assert found.influential == () and "without S9; no study" in found.summary()
    monkeypatch.setattr(influence, "INFLUENTIAL_SHARE", 0.3)
    assert found.influential == ("S9",) and "beyond 0.71: S9" in found.summary()


def test_forty_studies_in_a_moment():
    full = fit(simulate(np.random.default_rng(3), 40, sens=0.85, spec=0.9, arms=(30, 200)))
    leave_one_out(full, pretest=0.3)  # compiled code is loaded once
    # Seconds of the processor: nothing here runs in parallel, and other work on the machine
    # does not count.
    assert min(_timed(full) for _ in range(3)) < 0.3


def _timed(full: BivariateResults) -> float:
    begun = time.process_time()
    found = leave_one_out(full, pretest=0.3)
    assert len(found.frame) == 40
    return time.process_time() - begun


def test_post_test_probabilities_by_bayes():
    found = leave_one_out(fit(table("auditc")), pretest=0.25)
    for values in found.without.values():
        ratio, after = values["lr_positive"], values["posttest_positive"]
        odds = 0.25 / 0.75 * ratio.value
        assert after.value == pytest.approx(odds / (1 + odds))
        assert after.low < after.value < after.high
        assert values["posttest_negative"].value < 0.25 < after.value
    with pytest.raises(OptionError, match="between 0 and 1"):
        leave_one_out(fit(table("auditc")), pretest=1.2)


def test_further_quantities_are_followed():
    def preferred(one: BivariateResults) -> str:
        return "test all" if one.lr_positive.value > 4.0 else "treat all"

    found = leave_one_out(fit(table("auditc")), also={"preferred strategy": preferred})
    assert set(found.frame["preferred strategy"]) == {"test all", "treat all"}
    line = next(one for one in found.summary().splitlines() if "preferred strategy" in one)
    other = [
        label
        for study, label in found.studies.items()
        if found.without[study]["preferred strategy"] != found.full["preferred strategy"]
    ]
    assert (
        line.strip() == f"preferred strategy 'test all'; 'treat all' without {' or '.join(other)}"
    )


def test_a_margin_that_no_study_moves_is_not_given_a_lowest_and_a_highest():
    found = leave_one_out(
        fit(table_of([(9, 1, 1, 20), (8, 2, 2, 30), (9, 0, 2, 25), (9, 1, 3, 9)]))
    )
    value = found.full["sensitivity"]
    same = {one: values | {"sensitivity": value} for one, values in found.without.items()}
    said = replace(found, without=same).summary()
    assert f"sensitivity {value.format(3)}: {value.value:.3f} whichever study is left out" in said


def test_the_frame_has_a_row_a_study_and_says_why_a_cell_is_empty():
    found = leave_one_out(fit(table_of(THREE)), pretest=0.5)
    frame = found.frame
    assert list(frame["study_id"]) == ["S1", "S2", "S3"]
    for name in (*QUANTITIES, *POSTTEST):
        assert {name, f"{name}_low", f"{name}_high"} <= set(frame.columns)
    assert frame["auc"].isna().all() and frame["reason"].str.len().min() > 10
    assert frame["sensitivity"].notna().all()


def test_one_study_leaves_nothing():
    found = leave_one_out(fit(table_of(ONE)))
    assert isinstance(found, NotApplicable) and "nothing is left" in found.reason


def test_two_studies_leave_one():
    found = leave_one_out(fit(table_of(TWO)))
    assert isinstance(found, Influence)
    assert set(found.frame["model_path"]) == {"single_study"}
    assert not any(isinstance(value, float) for value in found.cook.values())
    assert "Cook's distance not applicable" in found.summary()


def test_one_margin_has_a_distance_of_its_own():
    found = leave_one_out(fit(table_of(SENSITIVITY_ONLY)))
    assert all(isinstance(value, float) for value in found.cook.values())
    assert found.cook_limit == pytest.approx(0.4549, abs=1e-4)  # median of chi-squared, 1 df
    assert isinstance(found.full["specificity"], NotApplicable)


def test_all_perfect():
    found = leave_one_out(fit(table_of([(18, 0, 0, 30), (25, 0, 0, 44), (9, 0, 0, 21)])))
    assert found.full["sensitivity"].value == 1.0
    assert "not applicable" in found.summary()


def test_a_study_that_carries_a_margin_alone():
    rows = [(18, 2, 2, 30), (25, None, 5, None), (9, None, 3, None)]
    found = leave_one_out(fit(table_of(rows)))
    assert "without S1: no study reports specificity" in found.summary()


def test_other_models_are_refused_with_the_reason():
    full = fit(table("auditc"))
    with pytest.warns(SparseDataWarning, match="0.5 was added"):
        reml = BivariateModel(table("dementia_csf")).fit("reml")
    assert "exact model" in leave_one_out(reml).reason
    studies = table("auditc").frame.assign(group=["a", "b"] * 7)
    with_covariate = fit(type(full.table).from_frame(studies), sens="~ group")
    assert "without covariates" in leave_one_out(with_covariate).reason


def test_extremes():
    found = leave_one_out(fit(table("auditc")))
    (_, least), (_, most) = found.extremes("sensitivity")
    assert least.value == pd.Series(found.frame["sensitivity"]).min()
    assert least.value < found.full["sensitivity"].value < most.value
    assert leave_one_out(fit(table_of(TWO))).extremes("auc") is None
