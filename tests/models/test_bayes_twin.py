"""The posterior by brute force: simulation from the prior, and a dense grid."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit, gammaln, log_expit
from study_tables import table_of

from metadx.errors import OptionError
from metadx.models.bayes import fit_bayes
from metadx.models.design import build_design
from metadx.models.prior import Prior

ROWS = [(18, 4, 2, 30), (9, 2, 4, 25), (12, None, 3, None)]
PRIOR = Prior(mu_mean=(1.0, 1.5), mu_sd=(1.0, 1.2), tau_sd=(0.8, 1.0), rho_shape=(2.0, 3.0))


def weighted(values, weights, share):
    order = np.argsort(values)
    return np.interp(share, np.cumsum(weights[order]), values[order])


def simulate(n=400_000, rounds=3):
    """Draw parameters and study effects from the prior, weigh by the binomial likelihood.

    No quadrature, no mode, no change of variables: the definition of a posterior.
    """
    rng = np.random.default_rng(20)
    parameters, log_weights = [], []
    for _ in range(rounds):
        mu = rng.normal((1.0, 1.5), (1.0, 1.2), (n, 2))
        tau = np.abs(rng.normal(0.0, (0.8, 1.0), (n, 2)))
        rho = 2.0 * rng.beta(2.0, 3.0, n) - 1.0
        log_weight = np.zeros(n)
        for tp, fp, fn, tn in ROWS:
            z1, z2 = rng.standard_normal((2, n))
            eta1 = mu[:, 0] + tau[:, 0] * z1
            eta2 = mu[:, 1] + tau[:, 1] * (rho * z1 + np.sqrt(1.0 - rho**2) * z2)
            log_weight += tp * log_expit(eta1) + fn * log_expit(-eta1)
            if tn is not None:
                log_weight += tn * log_expit(eta2) + fp * log_expit(-eta2)
        parameters.append(np.column_stack([mu, tau, rho]))
        log_weights.append(log_weight)
    weights = np.exp(np.concatenate(log_weights) - np.max(log_weights))
    return np.concatenate(parameters), weights / weights.sum()


def test_the_five_dimensional_posterior_is_that_of_simulation_from_the_prior():
    values, weights = simulate()
    effective = 1.0 / np.square(weights).sum()
    assert effective > 50_000  # standard error of a mean: 0.4 % of the posterior sd
    table = table_of(ROWS)
    found = fit_bayes(table, build_design(table), PRIOR).posterior_table()
    for i, name in enumerate(found.index):
        mean = weights @ values[:, i]
        sd = np.sqrt(weights @ (values[:, i] - mean) ** 2)
        assert found.loc[name, "mean"] == pytest.approx(mean, abs=0.03 * sd)
        assert found.loc[name, "sd"] == pytest.approx(sd, rel=0.03)
        for column, share in (("q2.5", 0.025), ("q50", 0.5), ("q97.5", 0.975)):
            expected = weighted(values[:, i], weights, share)
            # Four standard errors of a 95 % end, which has 2.7 times the mean's.
            assert found.loc[name, column] == pytest.approx(expected, abs=0.08 * sd)


def grid_posterior(counts, prior, points=400):
    """Density of (mu, tau) of one margin on a grid, study effects summed over a dense one."""
    mu = np.linspace(-6.0, 9.0, 301)
    tau = np.linspace(0.0125, 4.9875, 200)
    z = np.linspace(-8.0, 8.0, points)
    normal = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi) * (z[1] - z[0])
    log_density = np.empty((mu.size, tau.size))
    for j, t in enumerate(tau):
        eta = mu[:, None] + t * z[None, :]
        total = np.zeros(mu.size)
        for y, n in counts:
            total += np.log(np.exp(y * log_expit(eta) + (n - y) * log_expit(-eta)) @ normal)
        log_density[:, j] = total
    log_density += prior.log_mu(mu, 0)[:, None] + prior.log_tau(tau, 0)[None, :]
    density = np.exp(log_density - log_density.max())
    return mu, tau, density / density.sum()


def test_the_posterior_of_one_margin_is_that_of_a_grid():
    counts = [(9, 10), (15, 15), (7, 12)]
    prior = Prior(mu_sd=2.0, tau_sd=1.0)
    mu, tau, density = grid_posterior(counts, prior)
    table = table_of([(y, None, n - y, None) for y, n in counts])
    found = fit_bayes(table, build_design(table), prior).posterior_table()
    for name, axis, values in (("mu_sens", 1, mu), ("tau_sens", 0, tau)):
        share = density.sum(axis=axis)
        mean = share @ values
        sd = np.sqrt(share @ (values - mean) ** 2)
        # Deterministic on one side: only the sampler's error remains.
        assert found.loc[name, "mean"] == pytest.approx(mean, abs=0.01 * sd)
        assert found.loc[name, "sd"] == pytest.approx(sd, rel=0.01)
        below = np.cumsum(share) - 0.5 * share
        for column, p in (("q2.5", 0.025), ("q50", 0.5), ("q97.5", 0.975)):
            assert found.loc[name, column] == pytest.approx(
                np.interp(p, below, values), abs=0.04 * sd
            )


def test_the_densities_of_the_prior_integrate_to_one():
    prior = Prior(mu_mean=0.5, mu_sd=1.5, tau_sd=0.7, rho_shape=(1.5, 2.5))
    for density, low in (
        (lambda x: np.exp(prior.log_mu(x, 0)), -30.0),
        (lambda x: np.exp(prior.log_tau(x, 1)), 0.0),
        (lambda x: np.exp(prior.log_fisher_z(x)), -30.0),
    ):
        assert quad(density, low, 30.0, limit=200)[0] == pytest.approx(1.0, abs=1e-7)


def test_the_density_of_fisher_z_is_beta_carried_over():
    prior = Prior(rho_shape=(2.0, 3.0))
    z = np.array([-2.0, -0.3, 0.0, 1.1])
    share = expit(2.0 * z)  # (1 + rho) / 2
    beta = np.log(share) + 2.0 * np.log1p(-share) - gammaln(2) - gammaln(3) + gammaln(5)
    jacobian = np.log(2.0 * share * (1.0 - share))
    np.testing.assert_allclose(prior.log_fisher_z(z), beta + jacobian, rtol=1e-12)
    assert np.isfinite(prior.log_fisher_z(np.array([-400.0, 400.0]))).all()


def test_one_number_stands_for_both_margins_and_every_fault_is_named():
    assert Prior(mu_sd=3) == Prior(mu_sd=(3.0, 3.0))
    assert str(Prior()) == (
        "mean logit ~ N(0, sd 2); between-study sd (logit) ~ half-N(0, sd 1); "
        "correlation of the logits ~ U(-1, 1)"
    )
    assert "LKJ(2)" in str(Prior(rho_shape=2))
    assert "of sensitivity ~ N(1, sd 2); mean logit of specificity ~ N(2, sd 2)" in str(
        Prior(mu_mean=(1, 2))
    )
    with pytest.raises(OptionError) as caught:
        Prior(mu_mean=np.nan, mu_sd=0, tau_sd=(1, -1), rho_shape="flat")
    for name in ("mu_mean", "mu_sd", "tau_sd", "rho_shape"):
        assert name in str(caught.value)
    assert Prior().scaled(tau=0.5) == Prior(tau_sd=0.5)
