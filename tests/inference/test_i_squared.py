"""I-squared of the bivariate model: the published formula, and the number one R package prints."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from reference_values import cases, table

from metadx.inference.heterogeneity import i_squared
from metadx.models.approximate import fit_approximate
from metadx.models.design import build_design
from metadx.models.results import BivariateResults

CASES = cases("mada_reitsma", estimator="reml")
# The formula at mada's own estimates, which stop 1e-6 to 4e-5 from the optimum.
PEER_STOPS = 1e-5
#: At a correlation of -1 or 1 the determinant is 0 and its root takes the root of mada's error.
AT_BOUNDARY = 2e-4


@cache
def fit(name: str) -> BivariateResults:
    design = build_design(table(name), independent_rows=True)
    return fit_approximate(table(name), design, ("~ 1", "~ 1"), "reml", "all")


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["dataset"])
def test_published_formula(case):
    found, theirs = i_squared(fit(case["dataset"])), case["I2_zhou_own"]
    tolerance = AT_BOUNDARY if fit(case["dataset"]).at_boundary else PEER_STOPS
    assert found.bivariate == pytest.approx(theirs["I2_bivariate"], abs=tolerance)
    assert found.sensitivity == pytest.approx(theirs["I2_sens"], abs=tolerance)
    assert found.specificity == pytest.approx(theirs["I2_spec"], abs=tolerance)


INTERIOR = [case for case in CASES if not fit(case["dataset"]).at_boundary]


@pytest.mark.parametrize("case", INTERIOR, ids=lambda c: c["dataset"])
def test_what_mada_prints_is_another_quantity(case):
    """mada feeds the formula with the squared standard errors of the means in place of tau
    squared, and with the test-positive and test-negative totals in place of the diseased and
    the non-diseased. Done so by hand, it gives what mada prints."""
    results = fit(case["dataset"])
    frame = table(case["dataset"]).frame
    totals = (frame["tp"] + frame["fp"], frame["tn"] + frame["fn"])
    wrong, within = np.diag(results.mean_logit_cov), []
    for mu, v, n in zip(results.mean_logit, wrong, totals, strict=True):
        spread = np.exp(v / 2 + mu) + np.exp(v / 2 - mu) + 2
        within.append(spread * (1 / n.to_numpy(dtype=float)).mean())
    root = np.sqrt(wrong[0] * wrong[1] * (1 - results.correlation**2))
    printed = case["I2_as_printed_by_mada"]["Zhou"]
    assert root / (root + np.sqrt(within[0] * within[1])) == pytest.approx(printed, abs=2e-5)
    if case["dataset"] != "edge_huge_n":  # arms of a million: all variation is between studies
        assert i_squared(results).bivariate - printed > 0.3


def test_auditc_is_84_per_cent_and_not_40():
    (case,) = [c for c in CASES if c["dataset"] == "auditc"]
    assert case["I2_as_printed_by_mada"]["Zhou"] == pytest.approx(0.404, abs=5e-4)
    assert i_squared(fit("auditc")).bivariate == pytest.approx(0.841, abs=5e-4)
