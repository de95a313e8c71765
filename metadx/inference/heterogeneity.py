"""Share of the variation that lies between studies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metadx.estimate import NotApplicable
from metadx.models import BivariateResults, SummaryPoint


@dataclass(frozen=True, slots=True)
class ISquared:
    """I-squared of both margins and of each (shares, 0 to 1).

    It does not account for a threshold effect: studies that differ in their threshold alone
    raise it as real differences in accuracy do.

    Attributes
    ----------
    bivariate : float
        ``sqrt|Sigma| / (sqrt|Sigma| + sqrt(E_sens E_spec))``.
    sensitivity, specificity : float
        ``tau2 / (tau2 + E)`` of each margin.
    """

    bivariate: float
    sensitivity: float
    specificity: float


def i_squared(fit: BivariateResults) -> ISquared | NotApplicable:
    """Compute I-squared after Zhou and Dendukuri.

    The typical within-study variance of a margin is
    ``E = (exp(tau2 / 2 + mu) + exp(tau2 / 2 - mu) + 2) mean(1 / n)``, with n the diseased for
    sensitivity and the non-diseased for specificity.

    Returns
    -------
    ISquared or NotApplicable
        Not applicable without a summary point.

    References
    ----------
    Zhou & Dendukuri 2014, Stat Med, doi:10.1002/sim.6115.
    """
    point = fit.point
    if not isinstance(point, SummaryPoint):
        return point
    cov = point.between_study_cov
    within = []
    for j in (0, 1):
        n = fit.design.counts[:, 2 * j + 1]
        mu, tau2 = float(point.psi[j]), float(cov[j, j])
        spread = np.exp(tau2 / 2.0 + mu) + np.exp(tau2 / 2.0 - mu) + 2.0
        within.append(float(spread * np.mean(1.0 / n[n > 0])))
    root = float(np.sqrt(max(np.linalg.det(cov), 0.0)))
    return ISquared(
        bivariate=root / (root + float(np.sqrt(within[0] * within[1]))),
        sensitivity=float(cov[0, 0] / (cov[0, 0] + within[0])),
        specificity=float(cov[1, 1] / (cov[1, 1] + within[1])),
    )
