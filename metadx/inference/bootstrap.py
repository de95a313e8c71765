"""Parametric bootstrap: new tables from the fitted model, refitted, all in compiled code."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.kernels import newton
from metadx.kernels.quadrature import level_for
from metadx.kernels.refit import refit
from metadx.models import BivariateResults, quantities
from metadx.models.design import MARGINS, Design
from metadx.models.margins import margin_design, margin_free
from metadx.models.search import Maximum

FloatArray = NDArray[np.float64]

#: Nodes a dimension of the refits. Against 32 nodes they move half of the replicates' mean logits
#: by less than 0.001 standard errors and 99 % by less than 0.05 (a test asserts it), below what
#: the number of replicates leaves open.
NODES: Final = 8
TOLERANCE: Final = 1e-4
MOST_STEPS: Final = 60
REPLICATES: Final = 2000
#: Quantities whose replicates are studentised; the others use percentiles.
STUDENTISED: Final = ("sensitivity", "specificity", "lr_positive", "lr_negative", "dor")


@dataclass(frozen=True)
class Bootstrap:
    """Replicates of a fit.

    Attributes
    ----------
    fit : BivariateResults
        The fit that was resampled.
    thetas : ndarray of shape (n, p)
        Kernel parameters of each replicate.
    covs : ndarray of shape (n, m, m)
        Covariance of the mean logits in each replicate, NaN where singular.
    seed : int
        Seed of the counts.
    n_diverging : int
        Replicates with a margin at 100 % or 0 % in every study, whose mean logit is infinite
        and enters at the value where the search stopped.
    """

    fit: BivariateResults
    thetas: FloatArray
    covs: FloatArray
    seed: int
    n_diverging: int

    def __len__(self) -> int:
        return len(self.thetas)

    def interval(self, name: str, level: float | None = None) -> Estimate | NotApplicable:
        """Return the bootstrap interval of a quantity.

        Parameters
        ----------
        name : str
            A quantity of :mod:`metadx.models.quantities`.
        level : float, optional
            Nominal coverage, that of the fit by default.

        Returns
        -------
        Estimate or NotApplicable
            Means and what follows from them: studentised on the free scale (method
            ``"bootstrap_t"``), because percentiles of maximum-likelihood replicates inherit
            its too small variances. Areas, standard deviations and the correlation:
            percentiles (method ``"bootstrap"``).
        """
        level = self.fit.level if level is None else level
        if not 0.0 < level < 1.0:
            raise OptionError(f"level is {level}; it has to lie between 0 and 1")
        chosen = quantities.quantity(name, self.fit.observed_fpr)
        if isinstance(chosen, NotApplicable):
            return chosen
        reason = self._missing(name)
        if reason is not None:
            return reason
        psi, cov, _ = self.fit.margin_parameters()
        centre, tail = chosen.function(psi), 0.5 * (1.0 - level)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            values = np.array([chosen.function(theta) for theta in self.thetas])
        if name in STUDENTISED:
            errors = _standard_errors(name, self.thetas, self.covs)
            own = _standard_errors(name, psi[None, :], cov[None, :2, :2])[0]
            below, above = np.nanquantile((values - centre) / errors, [tail, 1.0 - tail])
            low, high, method = centre - above * own, centre - below * own, "bootstrap_t"
        else:
            low, high = np.nanquantile(values, [tail, 1.0 - tail])
            method = "bootstrap"
        back = chosen.back
        return Estimate(back(centre), back(float(low)), back(float(high)), level, method)

    def _missing(self, name: str) -> NotApplicable | None:
        """Why a quantity has no interval here, or None."""
        _, _, known = self.fit.margin_parameters()
        margin = quantities.ONE_MARGIN.get(name)
        for j in (0, 1) if margin is None else (margin,):
            own = self.fit.margins[MARGINS[j]]
            if not known[j]:
                return NotApplicable(own.reason or f"{own.name} is not pooled")
        if name in quantities.NEED_CURVE and isinstance(self.fit.hsroc, NotApplicable):
            return self.fit.hsroc
        return None

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Sensitivity and specificity (probability) of each replicate."""
        return pd.DataFrame(
            {"sensitivity": expit(self.thetas[:, 0]), "specificity": expit(self.thetas[:, 1])}
        )


def _standard_errors(name: str, thetas: FloatArray, covs: FloatArray) -> FloatArray:
    """Delta-method standard errors of a quantity of the means, one for each row."""
    sens, spec = expit(thetas[:, 0]), expit(thetas[:, 1])
    one, zero = np.ones_like(sens), np.zeros_like(sens)
    slopes = {
        "sensitivity": (one, zero),
        "specificity": (zero, one),
        "lr_positive": (1.0 - sens, spec),
        "lr_negative": (-sens, -(1.0 - spec)),
        "dor": (one, one),
    }
    slope = np.stack(slopes[name], axis=1)
    return np.asarray(np.sqrt(np.einsum("ni,nij,nj->n", slope, covs, slope)))


def simulate(
    design: Design, maximum: Maximum, n: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw `n` tables of counts from a fitted model, study sizes and gaps as observed.

    Returns
    -------
    ndarray of shape (n, n_rows, 4)
        TP, n_1, TN, n_0.
    """
    p1, p2 = (columns.shape[1] for columns in design.columns)
    theta = maximum.theta
    study = np.repeat(np.arange(design.start.size - 1), np.diff(design.start))
    z = rng.standard_normal((n, design.start.size - 1, 2))[:, study]
    factor = theta[p1 + p2 :].reshape(-1, 3)[design.group]
    eta1 = design.columns[0] @ theta[:p1] + factor[:, 0] * z[..., 0]
    eta2 = (
        design.columns[1] @ theta[p1 : p1 + p2]
        + factor[:, 1] * z[..., 0]
        + factor[:, 2] * z[..., 1]
    )
    counts = np.broadcast_to(design.counts, (n, *design.counts.shape)).copy()
    counts[..., 0] = rng.binomial(design.counts[:, 1].astype(np.int64), expit(eta1))
    counts[..., 2] = rng.binomial(design.counts[:, 3].astype(np.int64), expit(eta2))
    return counts


def bootstrap(
    fit: BivariateResults, n: int = REPLICATES, seed: int = 1
) -> Bootstrap | NotApplicable:
    """Resample a fit parametrically.

    Parameters
    ----------
    fit : BivariateResults
        Fit of the exact model with one joint likelihood, without covariates.
    n : int
        Replicates.
    seed : int
        The same seed gives the same replicates for any number of threads: the counts are
        drawn before the parallel part begins.

    Returns
    -------
    Bootstrap or NotApplicable
        Replicates, or the reason why there are none.
    """
    if n < 1:
        raise OptionError(f"n is {n}; at least one replicate is needed")
    if fit.method != "exact" or not fit.design.intercept_only:
        return NotApplicable("the bootstrap resamples the exact model without covariates")
    if not fit.maxima:
        return NotApplicable("no random-effects model was fitted that could be resampled")
    if seed < 0:
        raise OptionError(f"seed is {seed}; it is a whole number from 0 up")
    rng = np.random.default_rng(seed)
    if fit.model_path == "bivariate":
        thetas, covs, diverging = _replicates(fit.design, fit.maxima[0], np.arange(5), n, rng)
        return Bootstrap(fit, thetas, covs, seed, diverging)
    thetas, covs, diverging = np.zeros((n, 5)), np.zeros((n, 2, 2)), 0
    for j, name in enumerate(MARGINS):
        if fit.margins[name].path != "univariate":
            continue
        own = margin_design(fit.design, j)
        found, spread, more = _replicates(own, fit.own_maximum(name), margin_free(own), n, rng)
        thetas[:, [j, 2 + 2 * j]] = found[:, [0, 2]]
        covs[:, j, j] = spread[:, 0, 0]
        diverging += more
    return Bootstrap(fit, thetas, covs, seed, diverging)


def resample(
    design: Design, maximum: Maximum, free: NDArray[np.int64], n: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, int]:
    """Simulate and refit any design.

    Returns
    -------
    thetas : ndarray of shape (n, p)
        Kernel parameters of each replicate, signs as the search left them.
    covs : ndarray of shape (n, m, m)
        Covariance of the m regression coefficients, NaN where singular.
    diverging : int
        Replicates in which a mean ran to infinity.
    """
    counts = simulate(design, maximum, n, rng)
    thetas, covs, _, status = refit_tables(design, maximum.theta, free, counts)
    return thetas, covs, int((status == newton.DIVERGING).sum())


def refit_tables(
    design: Design, theta: FloatArray, free: NDArray[np.int64], counts: NDArray[np.float64]
) -> tuple[FloatArray, FloatArray, FloatArray, NDArray[np.int64]]:
    """Refit many tables of counts from the same start.

    Parameters
    ----------
    design : Design
        The model's arrays.
    theta : ndarray of shape (p,)
        Start, pushed off a boundary; parameters outside `free` keep its values.
    free : ndarray of shape (n_free,)
        Parameters to estimate.
    counts : ndarray of shape (n, n_rows, 4)
        From :func:`simulate`.

    Returns
    -------
    thetas, covs, values, status
        As :func:`metadx.kernels.refit.refit` fills them.
    """
    start = theta.copy()
    means = design.columns[0].shape[1] + design.columns[1].shape[1]
    factor = free[free >= means]
    start[factor] = np.where(start[factor] == 0.0, 0.1, start[factor])
    n = len(counts)
    thetas, covs = np.empty((n, start.size)), np.zeros((n, means, means))
    values, status = np.empty(n), np.empty(n, dtype=np.int64)
    levels = np.full(design.start.size - 1, level_for(NODES), dtype=np.int64)
    refit(
        start, free, counts, design.start, design.group, *design.columns, levels,
        TOLERANCE, MOST_STEPS, thetas, covs, values, status,
    )  # fmt: skip
    return thetas, covs, values, status


def _replicates(
    design: Design, maximum: Maximum, free: NDArray[np.int64], n: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, int]:
    """Resample an intercept-only design; l11 and l22 are made positive, as in a fit."""
    thetas, covs, diverging = resample(design, maximum, free, n, rng)
    thetas[:, 2:4] *= np.where(thetas[:, 2:3] < 0, -1.0, 1.0)
    thetas[:, 4] = np.abs(thetas[:, 4])
    return thetas, covs, diverging
