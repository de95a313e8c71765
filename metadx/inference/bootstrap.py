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
from metadx.models import BivariateResults, SummaryPoint, quantities
from metadx.models.design import Design
from metadx.models.search import Maximum

FloatArray = NDArray[np.float64]

#: Nodes a dimension of the refits. Against 31 nodes they move a replicate's mean logits by
#: less than 0.003 standard errors, far below the bootstrap's own error.
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

    def values(self, name: str) -> FloatArray | NotApplicable:
        """Return a quantity of each replicate on its free scale, shape (n,)."""
        chosen = quantities.quantity(name, self.fit.observed_fpr)
        if isinstance(chosen, NotApplicable):
            return chosen
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return np.array([chosen.function(theta) for theta in self.thetas])

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
        point = self.fit.point
        if isinstance(point, NotApplicable):
            return point
        chosen = quantities.quantity(name, self.fit.observed_fpr)
        values = self.values(name)
        if isinstance(chosen, NotApplicable) or isinstance(values, NotApplicable):
            return chosen if isinstance(chosen, NotApplicable) else values  # type: ignore[return-value]
        if name in quantities.NEED_CURVE and isinstance(point.hsroc, NotApplicable):
            return point.hsroc
        centre = chosen.function(point.psi)
        tail = 0.5 * (1.0 - level)
        if name in STUDENTISED:
            low, high = self._studentised(name, values, centre, point, tail)
            return Estimate(
                chosen.back(centre), chosen.back(low), chosen.back(high), level, "bootstrap_t"
            )
        low, high = np.nanquantile(values, [tail, 1.0 - tail])
        return Estimate(
            chosen.back(centre), chosen.back(float(low)), chosen.back(float(high)), level,
            "bootstrap",
        )  # fmt: skip

    def _studentised(
        self, name: str, values: FloatArray, centre: float, point: SummaryPoint, tail: float
    ) -> tuple[float, float]:
        errors = _standard_errors(name, self.thetas, self.covs)
        own = _standard_errors(name, point.psi[None, :], point.cov[None, :2, :2])[0]
        pivot = (values - centre) / errors
        low, high = np.nanquantile(pivot, [tail, 1.0 - tail])
        return float(centre - high * own), float(centre - low * own)

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
    if isinstance(fit.point, NotApplicable):
        return fit.point
    if fit.method != "exact" or len(fit.maxima) != 1:
        return NotApplicable(
            f"the bootstrap resamples one joint likelihood, not {fit.method}, {fit.model_path}"
        )
    design, maximum = fit.design, fit.maxima[0]
    counts = simulate(design, maximum, n, np.random.default_rng(seed))
    size = maximum.theta.size
    start = maximum.theta.copy()
    start[2:] = np.where(start[2:] == 0.0, 0.1, start[2:])
    thetas, covs = np.empty((n, size)), np.empty((n, 2, 2))
    values, status = np.empty(n), np.empty(n, dtype=np.int64)
    levels = np.full(design.start.size - 1, level_for(NODES), dtype=np.int64)
    refit(
        start, np.arange(size), counts, design.start, design.group, *design.columns, levels,
        TOLERANCE, MOST_STEPS, thetas, covs, values, status,
    )  # fmt: skip
    thetas[:, 2:4] *= np.where(thetas[:, 2:3] < 0, -1.0, 1.0)
    thetas[:, 4] = np.abs(thetas[:, 4])
    return Bootstrap(fit, thetas, covs, seed, int((status == newton.DIVERGING).sum()))
