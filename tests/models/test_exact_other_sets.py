"""Data sets without a reference answer: the literal integral and brute force are the judges."""

from __future__ import annotations

import brute_force
import literal
import numpy as np
import pytest
import reference_values as rv
from study_tables import fit as quiet_fit

KNOWN = {c["dataset"] for c in rv.cases("exact_ml")} | {c["dataset"] for c in rv.cases("compare")}
OTHERS = sorted(
    path.stem for path in (rv.FOLDER / "datasets").glob("*.csv") if path.stem not in KNOWN
)


def test_the_other_sets_are_there():
    assert len(OTHERS) == 12


@pytest.mark.parametrize("dataset", OTHERS)
def test_the_maximum_is_what_the_literal_integral_says(dataset):
    fit = quiet_fit(rv.table(dataset), independent_rows=True)
    assert fit.model_path == "bivariate"
    assert fit.converged
    rows = fit.design.counts.tolist()
    mu1, mu2, l11, l21, l22 = fit.joint.theta
    if fit.at_boundary == ("rho",):
        value = literal.line_loglik(rows, (mu1, mu2), (l11, abs(l21)), int(np.sign(l21)))
    else:
        assert fit.at_boundary == ()
        factor = np.array([[l11, 0.0], [l21, l22]])
        value = literal.loglik(rows, (mu1, mu2), factor @ factor.T, points=401)
    # 2e-6: the fit's quadrature error is below 1e-6; 401 points against 801 move 1e-9.
    assert fit.llf == pytest.approx(value, abs=2e-6)


@pytest.mark.parametrize("dataset", [d for d in OTHERS if len(rv.frame(d)) < 20])
def test_no_start_of_a_grid_reaches_higher(dataset):
    fit = quiet_fit(rv.table(dataset), independent_rows=True)
    tried = brute_force.profile(fit.design)
    assert fit.llf == pytest.approx(tried.top, abs=1e-5)
    assert not tried.is_clear or fit.at_boundary == tried.flag


def test_partial_rows_enter_their_margin():
    """Kearon 1998 has rows of one margin, and two rows without any counts."""
    fit = quiet_fit(rv.table("kearon1998_dvt_us"), independent_rows=True)
    frame = rv.frame("kearon1998_dvt_us")
    sens, spec = frame[["tp", "fn"]].notna().all(axis=1), frame[["fp", "tn"]].notna().all(axis=1)
    assert fit.k == (sens | spec).sum() == len(frame) - 2
    assert fit.k_complete == (sens & spec).sum()
    assert (fit.k_sens_only, fit.k_spec_only) == ((sens & ~spec).sum(), (spec & ~sens).sum())
    (told,) = [text for text in fit.warnings if "left out" in text]
    assert "Atri" in told
    assert "Lensing" in told
