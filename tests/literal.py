"""The likelihood as the paper writes it, by brute force: slow, literal, nothing shared.

``TP ~ Bin(n1, expit(mu1 + u1))``, ``TN ~ Bin(n0, expit(mu2 + u2))``, ``u ~ N(0, Sigma)``
(Chu & Cole 2006, J Clin Epidemiol, doi:10.1016/j.jclinepi.2006.06.011). The integral over u
is a sum over a dense regular grid in the effects themselves: no change of variable, no mode,
no Cholesky factor. For a smooth integrand that vanishes at the ends such a sum is exact to
rounding once the step is below the integrand's narrowest width.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import binom, multivariate_normal, norm

#: Half width of the grid in standard deviations: the normal density outside is below 1e-22.
HALF_WIDTH = 10.0
#: TP, n1, TN, n0 of one row; n = 0 where the margin is missing.
Row = Sequence[float]


def expit(x):
    return 1.0 / (1.0 + np.exp(-x))


def study_likelihood(rows: list[Row], means: list[Sequence[float]], sigma, points: int = 801):
    """Likelihood of one study, whose rows share the effects u; `sigma` is positive definite."""
    sigma = np.asarray(sigma, dtype=float)
    u1, u2 = (np.linspace(-HALF_WIDTH, HALF_WIDTH, points) * np.sqrt(sigma[j, j]) for j in (0, 1))
    effects = np.dstack(np.meshgrid(u1, u2, indexing="ij"))
    integrand = multivariate_normal([0.0, 0.0], sigma).pdf(effects)
    for (tp, n1, tn, n0), (mu1, mu2) in zip(rows, means, strict=True):
        if n1 > 0:
            integrand = integrand * binom.pmf(tp, n1, expit(mu1 + u1))[:, None]
        if n0 > 0:
            integrand = integrand * binom.pmf(tn, n0, expit(mu2 + u2))[None, :]
    return integrand.sum() * (u1[1] - u1[0]) * (u2[1] - u2[0])


def loglik(rows: list[Row], mu: Sequence[float], sigma, points: int = 801) -> float:
    """Log-likelihood of studies of one row each, binomial coefficients included."""
    return sum(float(np.log(study_likelihood([row], [mu], sigma, points))) for row in rows)


def margin_likelihood(y: float, n: float, mu: float, tau: float, points: int = 4001) -> float:
    """Likelihood of one margin of one study, the same dense sum in one dimension."""
    if tau == 0.0:
        return float(binom.pmf(y, n, expit(mu)))
    z = np.linspace(-HALF_WIDTH, HALF_WIDTH, points)
    return float((binom.pmf(y, n, expit(mu + tau * z)) * norm.pdf(z)).sum() * (z[1] - z[0]))


def margin_loglik(y: Sequence[float], n: Sequence[float], mu: float, tau: float) -> float:
    return sum(np.log(margin_likelihood(a, b, mu, tau)) for a, b in zip(y, n, strict=True) if b)


def line_loglik(rows: list[Row], mu: Sequence[float], tau: Sequence[float], sign: int) -> float:
    """Log-likelihood with a correlation of -1 or 1: one effect moves both margins."""
    total = 0.0
    z = np.linspace(-HALF_WIDTH, HALF_WIDTH, 20_001)
    for tp, n1, tn, n0 in rows:
        values = norm.pdf(z)
        if n1 > 0:
            values = values * binom.pmf(tp, n1, expit(mu[0] + tau[0] * z))
        if n0 > 0:
            values = values * binom.pmf(tn, n0, expit(mu[1] + sign * tau[1] * z))
        total += float(np.log(values.sum() * (z[1] - z[0])))
    return total
