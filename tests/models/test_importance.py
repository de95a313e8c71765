"""The sampler on densities whose answers are known, and the smoothing of its weights."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln, psi

from metadx.models import importance as imp
from metadx.models import mixture as mix
from metadx.models.ascent import climb
from metadx.models.pareto import effective_size, fit_generalised_pareto, smooth_weights

PLAN = imp.Plan(
    draws_a_round=1024, draws=8192, most_draws=16384, least_effective=2000, most_shape=0.7
)


def sample(log_density, start, plan=PLAN, seed=0):
    first = mix.around_mode(*climb(log_density, np.asarray(start, dtype=float)))
    return imp.adaptive_sample(log_density, first, plan, np.random.default_rng(seed))


def log_gamma(x):
    """Logarithms of two gamma variates, shapes 1.5 and 4: skewed, one tail exponential."""
    shapes = np.array([1.5, 4.0])
    return (shapes * x - np.exp(x)).sum(axis=1)


def test_moments_of_a_skewed_density():
    found = sample(log_gamma, [0.0, 0.0])
    mean, cov = mix.weighted_moments(found.x, found.weights)
    # Mean and variance of a log gamma variate are the digamma and trigamma functions; 0.01 is
    # one standard error of as many independent draws, and Sobol points do better.
    np.testing.assert_allclose(mean, psi([1.5, 4.0]), atol=0.01)
    np.testing.assert_allclose(np.diag(cov), [0.934802, 0.283823], rtol=0.03)
    assert found.pareto_k < 0.7
    assert found.effective > 0.8 * len(found.x)


def test_two_modes_are_both_found():
    def log_density(x):
        left = -0.5 * ((x[:, 0] + 2.0) / 0.7) ** 2
        right = -0.5 * ((x[:, 0] - 2.0) / 0.7) ** 2 + np.log(3.0)
        return np.logaddexp(left, right) - 0.5 * x[:, 1] ** 2

    found = sample(log_density, [-1.0, 0.0])
    assert found.weights[found.x[:, 0] > 0.0].sum() == pytest.approx(0.75, abs=0.01)


def test_a_region_of_density_zero_is_left_out():
    def half_normal(x):
        return np.where(x[:, 0] > 0.0, -0.5 * x[:, 0] ** 2, -np.inf)

    first = mix.around_mode(np.ones(1), np.eye(1))
    found = imp.adaptive_sample(half_normal, first, PLAN, np.random.default_rng(0))
    assert (found.x[found.weights > 0.0] > 0.0).all()
    mean, _ = mix.weighted_moments(found.x, found.weights)
    assert mean[0] == pytest.approx(np.sqrt(2.0 / np.pi), abs=0.01)


def test_what_cannot_be_sampled_says_so():
    """A funnel whose neck is a thousand times narrower than its mouth, with few draws."""

    def funnel(x):
        width = 3.0 * x[:, 0]
        return -0.5 * x[:, 0] ** 2 - 0.5 * (x[:, 1:] ** 2).sum(axis=1) / np.exp(width) - 2.0 * width

    found = sample(funnel, np.zeros(5))
    assert found.pareto_k > 0.7 or found.effective < 2000


def test_the_climb_finds_mode_and_curvature():
    matrix = np.array([[2.0, 0.8], [0.8, 1.0]])
    centre = np.array([30.0, -4.0])

    def log_density(x):
        away = x - centre
        return -0.5 * np.einsum("ni,ij,nj->n", away, matrix, away)

    mode, covariance = climb(log_density, np.zeros(2))
    np.testing.assert_allclose(mode, centre, atol=1e-3)
    np.testing.assert_allclose(covariance, np.linalg.inv(matrix), rtol=1e-6)


def test_a_first_proposal_far_off_is_drawn_to_the_mass():
    def log_density(x):
        return -0.5 * np.square((x - 12.0) / 0.2).sum(axis=1)

    first = mix.around_mode(np.zeros(2), np.eye(2))
    found = imp.adaptive_sample(log_density, first, PLAN, np.random.default_rng(0))
    mean, cov = mix.weighted_moments(found.x, found.weights)
    np.testing.assert_allclose(mean, 12.0, atol=0.01)
    np.testing.assert_allclose(cov, 0.04 * np.eye(2), atol=0.002)
    assert found.pareto_k < 0.7


def test_a_mixture_is_a_density_and_draws_from_it():
    mixture = mix.Mixture(
        np.array([0.3, 0.7]), np.array([[-1.0], [2.0]]), np.array([[[0.5]], [[1.5]]])
    )
    total, _ = quad(lambda x: np.exp(mixture.log_density(np.array([[x]]))[0]), -200, 200, limit=400)
    assert total == pytest.approx(1.0, abs=1e-6)
    draws = mixture.draw(8192, np.random.default_rng(1))[:, 0]
    below, _ = quad(lambda x: np.exp(mixture.log_density(np.array([[x]]))[0]), -200, 0.5, limit=400)
    assert (draws < 0.5).mean() == pytest.approx(below, abs=0.003)


def test_the_smallest_case_of_the_t_density_by_hand():
    mixture = mix.Mixture(np.ones(1), np.zeros((1, 2)), np.eye(2)[None])
    nu = mix.DEGREES
    constant = gammaln(nu / 2 + 1) - gammaln(nu / 2) - np.log(nu * np.pi)
    expected = constant - (nu / 2 + 1) * np.log1p(5.0 / nu)
    assert mixture.log_density(np.array([[1.0, 2.0]]))[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("shape", [-0.3, 0.2, 0.8])
def test_the_pareto_fit_recovers_shape_and_scale(shape):
    n = 4000
    quantiles = ((1.0 - (np.arange(n) + 0.5) / n) ** -shape - 1.0) * 2.0 / shape
    found, scale = fit_generalised_pareto(quantiles)
    # The prior pulls by ten draws in n; the estimator's own error at exact quantiles is small.
    assert found == pytest.approx((n * shape + 5.0) / (n + 10.0), abs=0.02)
    assert scale == pytest.approx(2.0, rel=0.03)


def test_smoothing_shortens_the_tail_and_keeps_the_order_of_the_rest():
    rng = np.random.default_rng(3)
    log_weights = 0.9 * rng.exponential(size=4000)
    weights, shape = smooth_weights(log_weights)
    assert weights.sum() == pytest.approx(1.0)
    # Weights exp(0.9 E) with E exponential are Pareto with shape 0.9.
    assert shape == pytest.approx(0.9, abs=0.15)
    raw = np.exp(log_weights) / np.exp(log_weights).sum()
    assert weights.max() <= raw.max() * (1.0 + 1e-9) * (raw.sum() / weights.sum()) * 1.2
    tail = np.argsort(log_weights)[-190:]
    rest = np.setdiff1d(np.arange(4000), tail)
    np.testing.assert_allclose(weights[rest] / weights[rest[0]], raw[rest] / raw[rest[0]])


def test_equal_weights_have_no_tail():
    weights, shape = smooth_weights(np.zeros(1000))
    assert shape == -np.inf
    assert effective_size(weights) == pytest.approx(1000.0)
