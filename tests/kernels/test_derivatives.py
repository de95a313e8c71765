"""Score and Hessian against central differences of the kernel's own value."""

from __future__ import annotations

import numpy as np
import pytest
from study_tables import table_of
from test_likelihood import PAIRED, POINTS, ROWS, theta_of

from metadx.models.design import build_design
from metadx.tables import StudyTable

#: Step of the differences of the value and of the score. Their error is about step**2 times
#: a third derivative (below 1e3 here) plus rounding (1e-12) divided by the step.
STEP = 1e-5
SCORE_TOLERANCE = 1e-6
HESSIAN_TOLERANCE = 1e-5


def difference(function, theta):
    """Central differences of `function`, one row a parameter."""
    steps = STEP * np.eye(theta.size)
    return np.array([(function(theta + h) - function(theta - h)) / (2 * STEP) for h in steps])


def check(kernel, design, theta, nodes=60):
    found = kernel(design, theta, nodes)
    scale = 1.0 + np.abs(found.hessian).max()
    slope = difference(lambda x: kernel(design, x, nodes).value, theta)
    np.testing.assert_allclose(found.score, slope, atol=SCORE_TOLERANCE * scale)
    bend = difference(lambda x: kernel(design, x, nodes).score, theta)
    np.testing.assert_allclose(found.hessian, bend, atol=HESSIAN_TOLERANCE * scale)
    np.testing.assert_allclose(found.hessian, found.hessian.T, atol=1e-12 * scale)


@pytest.mark.parametrize(("mu", "tau", "rho"), POINTS)
def test_one_row_a_study(kernel, mu, tau, rho):
    check(kernel, build_design(table_of(ROWS)), theta_of(mu, tau, rho))


@pytest.mark.parametrize(
    "factor",
    [(0.8, -0.4, 0.0), (0.8, 0.4, 0.0), (0.0, 0.0, 0.7), (0.9, 0.0, 0.0), (0.0, 0.0, 0.0)],
)
def test_on_the_boundary_the_likelihood_is_as_smooth_as_inside(kernel, factor):
    design = build_design(table_of(ROWS))
    theta = np.array([1.2, 2.5, *factor])
    check(kernel, design, theta)
    if factor[2] == 0.0:
        # l22 enters squared: at 0 its score vanishes whatever the data.
        assert kernel(design, theta).score[4] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("formula", ["~ C(test)", "~ 0 + C(test)"])
def test_paired_rows_with_covariates(kernel, formula):
    design = build_design(StudyTable.from_frame(PAIRED), formula, formula)
    check(kernel, design, np.array([1.2, 0.3, 2.5, -0.5, 0.8, -0.4, 0.9]))


def test_covariates_on_one_margin_only(kernel):
    design = build_design(StudyTable.from_frame(PAIRED), "~ C(test)", "~ 1")
    check(kernel, design, np.array([1.2, 0.3, 2.5, 0.8, -0.4, 0.9]))


def test_variances_by_group(kernel):
    design = build_design(
        StudyTable.from_frame(PAIRED), "~ C(test)", "~ C(test)", "test", independent_rows=True
    )
    theta = np.array([1.2, 0.3, 2.5, -0.5, 0.8, -0.4, 0.9, 0.5, 0.4, 1.3])
    check(kernel, design, theta)
    # The groups' parameters do not meet in the second derivatives.
    assert np.abs(kernel(design, theta).hessian[4:7, 7:10]).max() == 0.0


def test_a_missing_margin_says_nothing_about_the_other(kernel):
    only_sens = build_design(table_of([(30, None, 6, None), (11, None, 1, None)]))
    found = kernel(only_sens, theta_of((1.2, 2.5), (0.8, 1.0), -0.4))
    np.testing.assert_allclose(found.score[[1, 3, 4]], 0.0, atol=1e-12)
    np.testing.assert_allclose(found.hessian[[1, 3, 4]], 0.0, atol=1e-12)
