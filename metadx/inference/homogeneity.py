"""The likelihood-ratio test of no differences between studies, and its null distribution.

The hypothesis puts the between-study covariance on the tip of the cone of covariance matrices,
so that twice the gain in log-likelihood is not chi-squared with three degrees of freedom: it
is distributed as the squared length of the projection of a standard normal vector onto that
cone, a mixture of chi-squared distributions with 0 to 3 degrees of freedom (Self & Liang 1987;
Shapiro 1988). The weights are derived here and not simulated.

At Sigma = 0 the efficient information of the three elements (variance of sensitivity,
covariance, variance of specificity) is diagonal, say a, b, d. In coordinates in which it is
the identity the cone is ``z2^2 <= b / sqrt(a d) z1 z3``: an elliptical cone, whose axes at
unit height are 1 and ``sqrt(kappa)``, ``kappa = b / (2 sqrt(a d))``. Its share of the sphere is
the weight of three degrees of freedom, that of its polar cone (axes 1 and 1 / sqrt(kappa)) the
weight of none, and by the theorem of Gauss and Bonnet the weights of odd and of even degrees
each sum to one half.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, logit, xlogy

from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.inference.bootstrap import MOST_STEPS, NODES, TOLERANCE
from metadx.kernels.quadrature import level_for
from metadx.kernels.refit import refit
from metadx.models import BivariateResults
from metadx.models.design import MARGINS, Design
from metadx.models.margins import is_perfect, margin_design, margin_free
from metadx.models.search import QUADRATURE_ERROR

FloatArray = NDArray[np.float64]

#: Points of the integral over the circle; the integrand is smooth and periodic, so that the
#: trapezoidal rule converges geometrically.
POINTS: Final = 720
REPLICATES: Final = 499
#: Between-study standard deviations at which the search in a simulated table starts.
START: Final = 0.3
#: Twice the quadrature's error in a log-likelihood; a gain below it is none.
ROUNDING: Final = 2.0 * QUADRATURE_ERROR


@dataclass(frozen=True, slots=True)
class HomogeneityTest:
    """Test that the studies share one sensitivity and one specificity.

    Attributes
    ----------
    chi2 : float
        Twice the gain in log-likelihood over fixed effects.
    weights : tuple of float
        Weights of chi-squared with 0, 1, 2, ... degrees of freedom under the hypothesis.
    p : float
        Upper tail of that mixture. Valid for many studies; with few it is too large (with 30
        studies of 80 to 160 people it falls below 0.2 in 13 % of tables without differences).
    p_simulated : float
        Share of tables drawn from the fixed-effect model whose gain is as large.
    replicates : int
        Such tables.
    loglik_fixed, loglik : float
        Log-likelihoods with binomial coefficients, without and with random effects.
    k : int
        Studies.
    """

    chi2: float
    weights: tuple[float, ...]
    p: float
    loglik_fixed: float
    loglik: float
    k: int
    p_simulated: float
    replicates: int

    @property
    def sentence(self) -> str:
        """The result in one sentence, null distribution included."""
        mixture = ", ".join(
            f"{weight:.3f} on {df}" for df, weight in enumerate(self.weights) if weight > 0.0
        )
        return (
            f"likelihood-ratio test of no differences between studies: chi2 = {self.chi2:.2f}, "
            f"{_said(self.p_simulated)} from {self.replicates} tables simulated without "
            f"differences; {_said(self.p)} from the limit for many studies, a mixture of "
            f"chi-squared distributions (weights {mixture} degrees of freedom)"
        )


def _said(p: float) -> str:
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.4f}"


def homogeneity_test(
    fit: BivariateResults, replicates: int = REPLICATES, seed: int = 1
) -> HomogeneityTest | NotApplicable:
    """Test Sigma = 0 by the likelihood ratio.

    Parameters
    ----------
    fit : BivariateResults
        Fit of the exact model without covariates.
    replicates : int
        Tables simulated without differences between studies.
    seed : int
        Same seed, same tables, whatever the number of threads.

    Returns
    -------
    HomogeneityTest or NotApplicable
        Not applicable without a random-effects likelihood.

    Raises
    ------
    OptionError
        If there is no replicate.

    References
    ----------
    Self & Liang 1987, J Am Stat Assoc, doi:10.1080/01621459.1987.10478472.
    Shapiro 1988, Int Stat Rev, doi:10.2307/1403361.
    """
    if replicates < 1:
        raise OptionError(f"replicates is {replicates}; at least one is needed")
    if fit.method != "exact" or not fit.design.intercept_only:
        return NotApplicable("the test compares exact models without covariates")
    if not fit.maxima or isinstance(fit.llf, NotApplicable):
        return NotApplicable("no random-effects model was fitted")
    margins = [
        j
        for j, name in enumerate(MARGINS)
        if fit.margins[name].k > 1 and not is_perfect(fit.design, j)
    ]
    fixed = sum(_fixed_loglik(margin_design(fit.design, j)) for j in margins)
    chi2 = _gain(fit.llf, fixed)
    rng = np.random.default_rng(seed)
    if fit.model_path == "bivariate":
        weights: tuple[float, ...] = cone_weights(kappa(fit.design))
        simulated = _simulated(fit.design, np.arange(5), replicates, rng)
    else:
        weights = half_lines(len(margins))
        own = [margin_design(fit.design, j) for j in margins]
        parts = [_simulated(one, margin_free(one), replicates, rng) for one in own]
        simulated = np.sum(parts, axis=0)
    # The observed table counts as one of those that could have been drawn.
    share = (1.0 + float((simulated >= chi2 - ROUNDING).sum())) / (1.0 + replicates)
    return HomogeneityTest(
        chi2, weights, mixture_tail(chi2, weights), fixed, fit.llf, fit.k, share, replicates
    )


def _gain(loglik: float, fixed: float) -> float:
    chi2 = 2.0 * (loglik - fixed)
    return chi2 if chi2 > ROUNDING else 0.0


def _simulated(
    design: Design, free: NDArray[np.int64], n: int, rng: np.random.Generator
) -> FloatArray:
    """Twice the gain of random effects in `n` tables drawn without them, shape (n,)."""
    totals = design.counts[:, 1::2]
    n_all = np.maximum(totals.sum(axis=0), 1.0)
    share = design.counts[:, 0::2].sum(axis=0) / n_all
    counts = np.broadcast_to(design.counts, (n, *design.counts.shape)).copy()
    counts[..., 0::2] = rng.binomial(totals.astype(np.int64), share, (n, *totals.shape))
    start = np.array([*logit(np.clip(share, 1e-6, 1.0 - 1e-6)), START, 0.0, START])
    start[np.setdiff1d(np.arange(5), free)] = 0.0
    thetas, covs = np.empty((n, 5)), np.zeros((n, 2, 2))
    values, status = np.empty(n), np.empty(n, dtype=np.int64)
    levels = np.full(design.start.size - 1, level_for(NODES), dtype=np.int64)
    refit(
        start, free, counts, design.start, design.group, *design.columns, levels,
        TOLERANCE, MOST_STEPS, thetas, covs, values, status,
    )  # fmt: skip
    fixed = np.zeros(n)
    for j in (0, 2):
        y, of = counts[..., j].sum(axis=1), n_all[j // 2]
        fixed += xlogy(y, y / of) + xlogy(of - y, 1.0 - y / of)
    return np.maximum(2.0 * (values - fixed), 0.0)


def mixture_tail(x: float, weights: tuple[float, ...]) -> float:
    """Upper tail of a mixture of chi-squared distributions with 0, 1, 2, ... degrees."""
    if x <= 0.0:
        return 1.0
    return float(sum(w * chdtrc(df, x) for df, w in enumerate(weights) if df))


def half_lines(n: int) -> tuple[float, ...]:
    """Weights for `n` independent variances, each of which cannot be negative."""
    weights = np.array([1.0])
    for _ in range(n):
        weights = np.convolve(weights, [0.5, 0.5])
    return tuple(weights.tolist())


def cone_weights(shape: float) -> tuple[float, float, float, float]:
    """Weights for a two-by-two covariance matrix.

    Parameters
    ----------
    shape : float
        kappa; 1 where the two margins have the same pattern of study sizes, which gives
        0.146, 0.354, 0.354 and 0.146.
    """
    three, none = _share(1.0, shape), _share(1.0, 1.0 / shape)
    return none, 0.5 - three, 0.5 - none, three


def _share(first: float, second: float) -> float:
    """Share of the sphere inside an elliptical cone with these squared axes at unit height."""
    angle = np.linspace(0.0, 2.0 * np.pi, POINTS, endpoint=False)
    inverse = np.cos(angle) ** 2 / first + np.sin(angle) ** 2 / second
    height = 1.0 / np.sqrt(1.0 + 1.0 / inverse)
    return float(np.mean(1.0 - height)) / 2.0


def kappa(design: Design) -> float:
    """Shape of the cone from the information at fixed effects.

    With ``v = n p (1 - p)`` of each study the efficient information of a variance is
    ``sum (v^2 / 2 + v (1 - 6 p q) / 4) - (sum v (q - p) / 2)^2 / sum v`` and that of the
    covariance ``sum v_sens v_spec``.
    """
    n = design.counts[:, 1::2]
    p = design.counts[:, 0::2].sum(axis=0) / n.sum(axis=0)
    v, pq = n * p * (1.0 - p), p * (1.0 - p)
    variance = (v**2 / 2.0 + v * (1.0 - 6.0 * pq) / 4.0).sum(axis=0)
    variance -= (v * (1.0 - 2.0 * p) / 2.0).sum(axis=0) ** 2 / v.sum(axis=0)
    covariance = float((v[:, 0] * v[:, 1]).sum())
    return covariance / (2.0 * float(np.sqrt(variance[0] * variance[1])))


def _fixed_loglik(own: Design) -> float:
    """Log-likelihood of one margin with a common proportion, binomial coefficients included."""
    y, n = own.counts[:, 0].sum(), own.counts[:, 1].sum()
    return float(xlogy(y, y / n) + xlogy(n - y, 1.0 - y / n)) + own.log_binomial_coefficients()
