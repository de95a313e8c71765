"""A fit with heavy-tailed study effects, which a deviating study moves less.

The effects follow a bivariate Student t distribution with four degrees of freedom in place of
the normal one: a study far out is taken as one that the wider tail produces, and not as a
reason to move the centre. The t distribution was chosen over density-power weights because
the pooled values keep their meaning (the centre of the distribution of true values), the
likelihood stays that of the counts, partial studies enter as before, and the weight that each
study ends up with has an interpretation. Its price is a degree of freedom that a few studies
cannot estimate, so that it is fixed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammainccinv, gammaincinv, logsumexp

from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.kernels.likelihood import study_logliks
from metadx.kernels.quadrature import level_for
from metadx.models import BivariateResults, SummaryPoint, delta
from metadx.models.design import MARGINS, Design
from metadx.models.margins import fit_margin
from metadx.models.summary_point import L11, L22, MU1

FloatArray = NDArray[np.float64]

#: Heavy enough for a study three standard deviations out to lose most of its weight; what
#: Lange, Little & Taylor recommend where the degrees of freedom cannot be estimated.
DEGREES: Final = 4.0
#: With fewer studies of a margin nobody can say which of them deviates.
FEWEST_STUDIES: Final = 5
#: Nodes of the mixture over scales, and of the integral over the effects. Against 64 and 44
#: nodes they move the pooled logits by less than 1e-3 (a test asserts it).
SCALES: Final = 16
NODES: Final = 16
#: Probability left out at either end of the mixture.
TAIL: Final = 1e-7
#: Steps of the differences that give score and curvature.
SCORE_STEP: Final = 1e-5
CURVATURE_STEP: Final = 1e-3
VALUES: Final = ("sensitivity", "specificity", "dor")
#: Below this a standard deviation counts as 0 and has no curvature of its own.
FLAT: Final = 1e-2
#: Weight below which a study is named: the model gives it less than half of a typical one's.
LITTLE_WEIGHT: Final = 0.5


@dataclass(frozen=True)
class RobustFit:
    """Estimates with heavy-tailed study effects.

    Attributes
    ----------
    sensitivity, specificity : Estimate or NotApplicable
        Centre of the distribution of true values (probability), Wald intervals.
    dor : Estimate or NotApplicable
        Diagnostic odds ratio at the centre.
    degrees : float
        Degrees of freedom of the study effects.
    weights : dict of float
        Posterior mean of the mixing weight by study identifier: about 1 for a study in the
        middle, towards 0 for one far out.
    labels : dict of str
        Labels by identifier.
    loglik : float
        Maximised log-likelihood with binomial coefficients.
    loglik_normal : float
        That of the normal model, which has as many parameters.
    k : int
        Studies.
    """

    sensitivity: Estimate | NotApplicable
    specificity: Estimate | NotApplicable
    dor: Estimate | NotApplicable
    degrees: float
    weights: dict[str, float]
    labels: dict[str, str]
    loglik: float
    loglik_normal: float
    k: int

    @property
    def down_weighted(self) -> tuple[str, ...]:
        """Labels of the studies with a weight below one half, the smallest first."""
        found = {s: w for s, w in self.weights.items() if w < LITTLE_WEIGHT}
        return tuple(self.labels[s] for s in sorted(found, key=lambda s: found[s]))

    def summary(self) -> str:
        """Return the fit as text."""
        out = [f"Study effects from a t distribution with {self.degrees:g} degrees of freedom"]
        for name in MARGINS:
            value = getattr(self, name)
            out.append(f"  {name} {value.format(3) if isinstance(value, Estimate) else value}")
        gain = self.loglik - self.loglik_normal
        out.append(f"  log-likelihood {gain:+.2f} against normal effects")
        named = ", ".join(self.down_weighted) or "no study"
        out.append(f"  given less than half of a typical study's weight: {named}")
        return "\n".join(out)


def robust_fit(fit: BivariateResults, degrees: float = DEGREES) -> RobustFit | NotApplicable:
    """Refit with t-distributed study effects.

    Parameters
    ----------
    fit : BivariateResults
        Fit of the exact model without covariates.
    degrees : float
        Degrees of freedom, above 2.

    Returns
    -------
    RobustFit or NotApplicable
        A margin with fewer than five studies, or one that the normal model does not pool, has
        a reason in place of its estimate; not applicable where neither margin is left.

    Raises
    ------
    OptionError
        If the degrees of freedom are not above 2.

    Notes
    -----
    ``u_i ~ N(0, Sigma / w_i)``, ``w_i ~ Gamma(nu / 2, nu / 2)``: the likelihood of a study is
    the mean of the normal model's over w, by the trapezoidal rule on log w, whose integrand
    is smooth and vanishes at both ends.

    References
    ----------
    Lange, Little & Taylor 1989, J Am Stat Assoc, doi:10.1080/01621459.1989.10478852.
    """
    if not degrees > 2.0:
        raise OptionError(f"degrees is {degrees}; it has to be above 2")
    if fit.method != "exact" or not fit.design.intercept_only:
        return NotApplicable("the robust fit is made for the exact model without covariates")
    psi, _, known = fit.margin_parameters()
    reasons = [_reason(fit, j, known[j]) for j in (0, 1)]
    if all(reasons):
        return NotApplicable("; ".join(dict.fromkeys(reasons)))
    if fit.model_path == "bivariate" and not any(reasons):
        found = _climb(fit.design, fit.maxima[0].theta, np.arange(5), degrees)
        point = SummaryPoint(found.theta, found.cov, fit.k, fit.level, fit.interval)
        values = {name: getattr(point, name) for name in VALUES}
        return _packed(fit, [found], values, degrees, fit.maxima[0].loglik)
    values = {"dor": NotApplicable("the margins were fitted one by one")}
    alone, normal = [], 0.0
    for j, (name, reason) in enumerate(zip(MARGINS, reasons, strict=True)):
        if reason:
            values[name] = NotApplicable(reason)
            continue
        own, maximum = fit_margin(fit.design, j)
        start = np.array([psi[j], 0.0, maximum.theta[L11], 0.0, 0.0])
        alone.append(_climb(own, start, np.array([MU1, L11]), degrees))
        normal += maximum.loglik
        se, q = float(np.sqrt(alone[-1].cov[MU1, MU1])), delta.quantile(fit.level)
        values[name] = delta.on_scale(
            float(alone[-1].theta[MU1]), se, fit.level, "wald", q, "logit"
        )
    return _packed(fit, alone, values, degrees, normal)


def _reason(fit: BivariateResults, j: int, known: bool) -> str:
    """Why a margin has no robust estimate, or an empty string."""
    margin = fit.margins[MARGINS[j]]
    if not known:
        return margin.reason or f"{margin.name} is not pooled by a random-effects model"
    if margin.k < FEWEST_STUDIES:
        return (
            f"with {margin.k} studies of {margin.name} nobody can say which one deviates (the "
            f"robust fit asks for {FEWEST_STUDIES})"
        )
    return ""


@dataclass(frozen=True, slots=True)
class _Found:
    """A maximum: parameters, covariance, log-likelihood, weights and rows of the studies."""

    theta: FloatArray
    cov: FloatArray
    loglik: float
    weights: FloatArray
    rows: NDArray[np.int64]


def _packed(
    fit: BivariateResults,
    found: list[_Found],
    values: dict[str, Any],
    degrees: float,
    normal: float,
) -> RobustFit:
    ids = fit.table.frame["study_id"].astype(str).tolist()
    weights: dict[str, float] = {}
    for one in found:
        for row, weight in zip(one.rows, one.weights, strict=True):
            weights[ids[row]] = min(weights.get(ids[row], np.inf), float(weight))
    return RobustFit(
        **{name: values[name] for name in VALUES},
        degrees=degrees,
        weights=weights,
        labels=dict(zip(ids, fit.table.labels, strict=True)),
        loglik=sum(one.loglik for one in found),
        loglik_normal=normal,
        k=fit.k,
    )


class _Mixture:
    """The likelihood with t-distributed effects, a mean over scales of the normal one."""

    def __init__(self, design: Design, degrees: float, scales: int, nodes: int) -> None:
        self.design = design
        half = 0.5 * degrees
        low, high = np.log(gammaincinv(half, TAIL)), np.log(gammainccinv(half, TAIL))
        log_x = np.linspace(low, high, scales)
        self.precision: FloatArray = np.exp(log_x) / half
        share = half * log_x - np.exp(log_x)
        self.log_share = share - logsumexp(share)
        self.levels = np.full(design.start.size - 1, level_for(nodes), dtype=np.int64)

    def parts(self, theta: FloatArray) -> FloatArray:
        """Log-likelihood of each study at each scale, its share included, (scales, studies)."""
        studies = self.design.start.size - 1
        out = np.empty((self.precision.size, studies))
        for m, precision in enumerate(self.precision):
            scaled = theta.copy()
            scaled[L11:] /= np.sqrt(precision)
            # Modes from another scale would put their own tolerance into the differences.
            study_logliks(
                scaled, self.design.counts, self.design.start, self.design.group,
                *self.design.columns, self.levels, np.zeros((studies, 2)), out[m],
            )  # fmt: skip
        return np.asarray(out + self.log_share[:, None])

    def loglik(self, theta: FloatArray) -> float:
        return float(logsumexp(self.parts(theta), axis=0).sum())

    def weights(self, theta: FloatArray) -> FloatArray:
        """Posterior mean of each study's precision, (studies,)."""
        parts = self.parts(theta)
        share = np.exp(parts - logsumexp(parts, axis=0))
        found: FloatArray = self.precision @ share
        return found


def _climb(
    design: Design,
    start: FloatArray,
    free: NDArray[np.int64],
    degrees: float,
    scales: int = SCALES,
    nodes: int = NODES,
) -> _Found:
    mixture = _Mixture(design, degrees, scales, nodes)
    begin = start.copy()
    tau = free[(free == L11) | (free == L22)]
    begin[tau] = np.maximum(np.abs(begin[tau]), 0.1)

    def full(x: FloatArray) -> FloatArray:
        theta = begin.copy()
        theta[free] = x
        return theta

    def slope(x: FloatArray) -> FloatArray:
        steps = SCORE_STEP * np.eye(x.size)
        return np.array(
            [
                (mixture.loglik(full(x + h)) - mixture.loglik(full(x - h))) / (2 * SCORE_STEP)
                for h in steps
            ]
        )

    found = minimize(
        lambda x: -mixture.loglik(full(x)), begin[free], jac=lambda x: -slope(x),
        method="BFGS", options={"gtol": 1e-4, "maxiter": 100},
    )  # fmt: skip
    theta = full(found.x)
    # A standard deviation at its bound has no curvature; the rest has that of the model with
    # the parameter fixed there, as in the normal fit.
    held = [i for i in (L11, L22) if i in free and abs(theta[i]) < FLAT]
    theta[held] = 0.0
    rest = np.setdiff1d(free, held)
    block = np.ix_(np.isin(free, rest), np.isin(free, rest))
    steps = CURVATURE_STEP * np.eye(free.size)
    x = theta[free]
    curvature = np.array([(slope(x + h) - slope(x - h)) / (2 * CURVATURE_STEP) for h in steps])
    information = -0.5 * (curvature + curvature.T)
    cov = np.zeros((5, 5))
    cov[np.ix_(rest, rest)] = np.linalg.pinv(information[block], hermitian=True)
    theta[[L11, L22]] = np.abs(theta[[L11, L22]]) if theta[L11] >= 0 else theta[[L11, L22]]
    return _Found(
        theta,
        cov,
        mixture.loglik(theta) + design.log_binomial_coefficients(),
        mixture.weights(theta),
        design.order,
    )
