"""The climb to the maximum and the choice of nodes, through the function that fits use."""

from __future__ import annotations

import numpy as np
import pytest
import reference_values as rv
from study_tables import table_of

from metadx.kernels.newton import solve_positive
from metadx.models.design import build_design
from metadx.models.search import climb

INTERIOR = [c["dataset"] for c in rv.cases("exact_ml", singular=False)]
ALL_FIVE = np.arange(5)


def design_of(dataset):
    return build_design(rv.table(dataset), independent_rows=True)


def test_solve_positive_solves():
    rng = np.random.default_rng(1)
    root = rng.standard_normal((6, 6))
    a, b = root @ root.T + 0.1 * np.eye(6), rng.standard_normal(6)
    x = np.empty(6)
    assert solve_positive(a.copy(), b, x)
    np.testing.assert_allclose(x, np.linalg.solve(a, b), rtol=1e-9)


@pytest.mark.parametrize("a", [np.diag([1.0, -1.0]), np.zeros((2, 2)), np.diag([1.0, np.nan])])
def test_solve_positive_refuses_what_is_not_positive_definite(a):
    assert not solve_positive(a.copy(), np.ones(2), np.empty(2))


@pytest.mark.parametrize("dataset", INTERIOR)
def test_doubling_the_nodes_moves_the_log_likelihood_by_less_than_1e_6(kernel, dataset):
    design = design_of(dataset)
    found = climb(design, np.array([1.0, 1.5, 0.8, -0.3, 0.8]), ALL_FIVE)
    assert found.loglik == pytest.approx(kernel(design, found.theta, 84).value, abs=1e-6)
    assert found.record.quadrature_error < 1e-6


@pytest.mark.parametrize(
    "start",
    [(0.0, 0.0, 0.1, 0.0, 0.1), (5.0, -3.0, 1.0, 0.9, 0.2), (-4.0, 6.0, 3.0, -2.0, 2.0),
     (1.0, 1.0, -0.8, 0.4, -0.9)],
)  # fmt: skip
def test_every_start_ends_at_the_same_maximum(start):
    design = design_of("dementia_csf")
    reference = rv.case("exact_ml", "dementia_csf")
    found = climb(design, np.array(start, dtype=float), ALL_FIVE)
    assert found.converged
    assert found.record.gradient_norm < 1e-6
    assert found.loglik == pytest.approx(reference["logLik"], abs=2e-6)
    assert found.theta[2] >= 0
    assert found.theta[4] >= 0


def test_parameters_that_are_not_free_stay():
    found = climb(design_of("dementia_csf"), np.array([1.0, 0.7, 0.5, 0.0, 0.9]), np.array([0, 1]))
    np.testing.assert_array_equal(found.theta[2:], [0.5, 0.0, 0.9])
    assert found.converged
    np.testing.assert_array_equal(found.covariance()[2:], 0.0)


@pytest.mark.parametrize("nodes", [12, 24, 44])
def test_a_fixed_number_of_nodes_is_kept(nodes):
    found = climb(design_of("auditc"), np.array([2.0, 1.0, 1.0, -0.3, 0.5]), ALL_FIVE, nodes)
    assert found.record.nodes == (nodes, nodes)


def test_a_margin_of_100_percent_runs_away():
    """There is no maximum; the ladder never asks, and the kernel must not settle near 5."""
    design = build_design(table_of([(18, 0, 2, 40), (9, 0, 3, 22), (9, 0, 1, 15), (20, 0, 9, 9)]))
    found = climb(design, np.array([1.0, 3.0, 0.5, 0.0, 0.5]), ALL_FIVE)
    assert found.theta[1] > 12.0
    # All the specificity data can say is a probability of 1, that is, a log-likelihood of 0.
    sens = build_design(table_of([(18, None, 2, None), (9, None, 3, None), (9, None, 1, None),
                                  (20, None, 9, None)]))  # fmt: skip
    alone = climb(sens, np.array([1.0, 0.0, 0.5, 0.0, 0.0]), np.array([0, 2]))
    assert found.loglik == pytest.approx(alone.loglik, abs=1e-4)


@pytest.mark.parametrize("dataset", INTERIOR)
def test_laplace_mode_gives_the_answer_of_glmmtmb(dataset):
    """One node is Laplace's approximation; both programs then maximise the same function."""
    reference = rv.case("glmmtmb_laplace", dataset)
    design = design_of(dataset)
    found = climb(design, np.array([*reference["mu"].values(), 0.7, -0.2, 0.7]), ALL_FIVE, 1)
    # glmmTMB stops at a gradient of 1e-3; in 1,000 studies that leaves 4e-6.
    assert found.loglik == pytest.approx(reference["logLik"], abs=1e-5)
    np.testing.assert_allclose(found.theta[:2], list(reference["mu"].values()), atol=1e-4)
    factor = np.array([[found.theta[2], 0.0], found.theta[3:]])
    np.testing.assert_allclose(factor @ factor.T, reference["Sigma"], atol=1e-3)
    se = np.sqrt(np.diag(found.covariance())[:2])
    np.testing.assert_allclose(se, np.sqrt(np.diag(reference["vcov_mu"])), rtol=2e-3)


@pytest.mark.parametrize("dataset", INTERIOR)
def test_lme4_stops_below_the_same_laplace_maximum(dataset):
    """lme4's optimiser ends at its own tolerance: never above, 0.012 below in 1,000 studies."""
    reference = rv.case("lme4_laplace", dataset)
    start = np.array([*reference["mu"].values(), 0.7, -0.2, 0.7])
    found = climb(design_of(dataset), start, ALL_FIVE, 1)
    assert -1e-6 < found.loglik - reference["logLik"] < 2e-5 * reference["k"] + 1e-3
    np.testing.assert_allclose(found.theta[:2], list(reference["mu"].values()), atol=2e-3)
