"""Profile-likelihood intervals of any function of the parameters.

An end of the interval is the largest (or smallest) value of the quantity on the surface where
the log-likelihood has fallen by half a chi-squared quantile; it is found by steps that solve
the problem for the likelihood's quadratic model (Venzon & Moolgavkar 1988, Appl Stat,
doi:10.2307/2347496), with the exact score and Hessian.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import chdtri, fdtri

from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.inference.bootstrap import REPLICATES, refit_tables, simulate
from metadx.models import BivariateResults, delta, quantities
from metadx.models.design import MARGINS, Design
from metadx.models.margins import margin_design, margin_free
from metadx.models.search import Likelihood, Maximum, climb

FloatArray = NDArray[np.float64]
Function = Callable[[FloatArray], float]

#: How far the log-likelihood falls to the ends of an interval.
KINDS: Final = ("chi2", "f", "bootstrap")
MOST_STEPS: Final = 60
#: Log-likelihood units. Its slope at an end is about two per standard error, so that an end is
#: found to a small part of a millionth of a standard error.
CLOSE: Final = 1e-7
#: A step is shortened so that no parameter moves by more than this (logit scale).
LONGEST: Final = 1.5
#: On a boundary (l22 = 0) the search is pushed off it by this much to see whether it climbs.
PUSH: Final = 0.05
#: A parameter this far out (logit scale) has no end: the interval is open.
FARTHEST: Final = 40.0


def drop(level: float, k: int, kind: str = "chi2") -> float:
    """Fall of the log-likelihood at the ends of the interval.

    Parameters
    ----------
    level : float
        Nominal coverage.
    k : int
        Number of studies.
    kind : {"chi2", "f"}
        ``"chi2"``: half the chi-squared quantile; ``"f"``: half the F(1, k - 2) quantile,
        which allows for the few studies that the variances rest on.
    """
    if not 0.0 < level < 1.0:
        raise OptionError(f"level is {level}; it has to lie between 0 and 1, for example 0.95")
    if kind not in KINDS[:2]:
        raise OptionError(f"kind is {kind!r}; it is one of {', '.join(KINDS)}")
    if kind == "f" and k > 2:
        return 0.5 * float(fdtri(1.0, k - 2.0, level))
    return 0.5 * float(chdtri(1.0, 1.0 - level))


def profile_interval(
    likelihood: Likelihood,
    maximum: Maximum,
    function: Function,
    fall: float,
    free: NDArray[np.int64] | None = None,
) -> tuple[float | None, float | None]:
    """Return the ends of the profile interval of ``function(theta)``; None where it is open.

    Parameters
    ----------
    likelihood : Likelihood
        Log-likelihood with score and Hessian.
    maximum : Maximum
        Its maximum.
    function : callable
        Scalar function of the kernel's parameters.
    fall : float
        From :func:`drop`.
    free : ndarray, optional
        Parameters that may move; by default all that the model has, those that ended on a
        boundary included.
    """
    free = np.arange(maximum.theta.size) if free is None else free
    target = maximum.loglik - fall
    ends = []
    for sign in (-1.0, 1.0):
        end = _end(likelihood, maximum.theta, function, target, free, sign)
        if end is None:
            end = _general_end(likelihood, maximum.theta, function, target, free, sign)
        ends.append(end)
    return ends[0], ends[1]


def _end(
    likelihood: Likelihood,
    start: FloatArray,
    function: Function,
    target: float,
    free: NDArray[np.int64],
    sign: float,
) -> float | None:
    theta = start.copy()
    for step in range(MOST_STEPS):
        value, score, hessian = likelihood(theta)
        moves = np.zeros(theta.size, dtype=bool)
        moves[free] = True
        slope = sign * delta.gradient(function, theta, moves)[free]
        move = _step(score[free], -hessian[np.ix_(free, free)], slope, value - target)
        longest = float(np.abs(move).max())
        if abs(value - target) < CLOSE and longest < 1e-4 and step:
            pushed = _push(likelihood, theta, free, value)
            if pushed is None:
                return function(theta)
            theta = pushed
            continue
        theta[free] += move * min(1.0, LONGEST / max(longest, 1e-12))
        if np.abs(theta).max() > FARTHEST:
            return None
    return None


def _general_end(
    likelihood: Likelihood,
    start: FloatArray,
    function: Function,
    target: float,
    free: NDArray[np.int64],
    sign: float,
) -> float | None:
    """Find an end by sequential quadratic programming, for quantities that bend strongly."""
    moves = np.zeros(start.size, dtype=bool)
    moves[free] = True

    def full(x: FloatArray) -> FloatArray:
        theta = start.copy()
        theta[free] = x
        return theta

    slope = delta.gradient(function, start, moves)[free]
    if not slope.any():
        start = start.copy()
        start[free] += np.where(start[free] == 0.0, PUSH, 0.0)
        slope = delta.gradient(function, start, moves)[free]
    information = -likelihood(start)[2][np.ix_(free, free)]
    found = minimize(
        lambda x: -sign * function(full(x)),
        start[free] + 0.5 * _step(np.zeros(free.size), information, sign * slope, -0.5),
        jac=lambda x: -sign * delta.gradient(function, full(x), moves)[free],
        constraints={
            "type": "ineq",
            "fun": lambda x: likelihood(full(x))[0] - target,
            "jac": lambda x: likelihood(full(x))[1][free],
        },
        bounds=[(-FARTHEST, FARTHEST)] * free.size,
        method="SLSQP",
        options={"maxiter": 200, "ftol": 1e-10},
    )
    theta = full(found.x)
    on_surface = abs(likelihood(theta)[0] - target) < 1e-4
    inside = bool(np.abs(found.x).max() < FARTHEST - 1e-6)
    return function(theta) if on_surface and inside else None


def _step(
    score: FloatArray, information: FloatArray, slope: FloatArray, excess: float
) -> FloatArray:
    """Step to the largest linear gain on the quadratic model's surface at the target."""
    values, vectors = np.linalg.eigh(information)
    floor = 1e-3 * max(float(values.max()), 1e-8)
    inverse = (vectors / np.maximum(values, floor)) @ vectors.T
    centre = inverse @ score
    radius2 = 2.0 * excess + float(score @ centre)
    along = inverse @ slope
    length = float(slope @ along)
    if radius2 <= 0.0 or length <= 0.0:
        return np.asarray(centre)
    return np.asarray(centre + along * np.sqrt(radius2 / length))


def _push(
    likelihood: Likelihood, theta: FloatArray, free: NDArray[np.int64], value: float
) -> FloatArray | None:
    """Leave a boundary where the likelihood rises off it; None if it does not."""
    at = theta.size - 1
    if at not in free or abs(theta[at]) > 1e-3:
        return None
    pushed = theta.copy()
    pushed[at] = PUSH
    return pushed if likelihood(pushed)[0] > value + CLOSE else None


def profile(
    fit: BivariateResults,
    quantity: str = "sensitivity",
    level: float | None = None,
    kind: str = "chi2",
    n: int = REPLICATES,
    seed: int = 1,
) -> Estimate | NotApplicable:
    """Profile-likelihood interval of a quantity of an intercept-only fit.

    Parameters
    ----------
    fit : BivariateResults
        Fit of the exact model.
    quantity : str
        A name in :data:`metadx.models.quantities.QUANTITIES`, for example
        ``"sensitivity"``, ``"lr_positive"``, ``"auc"``, ``"tau_sensitivity"``.
    level : float, optional
        Nominal coverage, that of the fit by default.
    kind : {"chi2", "f", "bootstrap"}
        See :func:`drop`; ``"bootstrap"`` takes the fall from the likelihood ratio's own
        distribution, :func:`calibrated_drop`, for sensitivity and specificity.
    n, seed : int
        Replicates and seed of ``"bootstrap"``.

    Returns
    -------
    Estimate or NotApplicable
        On the scale of the quantity, method ``"profile"``, ``"profile_f"`` or
        ``"profile_bootstrap"``; not applicable where the
        likelihood does not close the interval.
    """
    level = fit.level if level is None else level
    chosen = _chosen(fit, quantity, kind)
    if isinstance(chosen, NotApplicable):
        return chosen
    design, maximum, function = _surface(fit, quantity, chosen)
    if isinstance(design, NotApplicable):
        return design
    assert maximum is not None
    if not np.isfinite(function(maximum.theta)):
        return NotApplicable(f"{quantity} is at the edge of its range")
    free = None if design is fit.design else margin_free(design)
    if kind == "bootstrap":
        at = MARGINS.index(quantity) if free is None else 0
        fall = calibrated_drop(design, maximum, at, level, free, n, seed)
    else:
        fall = drop(level, design.start.size - 1, kind)
    ends = profile_interval(Likelihood(design, maximum.levels), maximum, function, fall, free)
    ends = _natural_ends(design, maximum, quantity, ends, maximum.loglik - fall)
    if ends[0] is None or ends[1] is None:
        side = "below" if ends[0] is None else "above"
        return NotApplicable(f"the likelihood does not bound {quantity} {side}")
    back = chosen.back
    method = "profile" if kind == "chi2" else f"profile_{kind}"
    return Estimate(back(function(maximum.theta)), back(ends[0]), back(ends[1]), level, method)


def _chosen(fit: BivariateResults, quantity: str, kind: str) -> quantities.Quantity | NotApplicable:
    """Return the quantity, or the reason why it has no profile of this kind."""
    if kind == "bootstrap" and quantity not in MARGINS:
        return NotApplicable(f"the bootstrap calibrates {' and '.join(MARGINS)} only")
    if fit.method != "exact" or not fit.design.intercept_only:
        return NotApplicable("the profile is made for the exact model without covariates")
    return quantities.quantity(quantity, fit.observed_fpr)


def calibrated_drop(
    design: Design,
    maximum: Maximum,
    at: int,
    level: float,
    free: NDArray[np.int64] | None = None,
    n: int = REPLICATES,
    seed: int = 1,
) -> float:
    """Fall of the log-likelihood at the ends, from the likelihood ratio's own distribution.

    Tables are drawn at the fit and each is refitted with and without the parameter held at
    its value there; the fall is the `level` quantile of the difference. It is larger than half
    the chi-squared quantile where few studies carry the variances, by about as much as a
    Bartlett correction would have it.

    Parameters
    ----------
    design : Design
        The model's arrays.
    maximum : Maximum
        Its maximum, from which the tables are drawn.
    at : int
        Position of the parameter.
    level : float
        Nominal coverage.
    free : ndarray, optional
        Parameters of the model; by default all.
    n, seed : int
        Replicates and their seed.
    """
    if n < 1:
        raise OptionError(f"n is {n}; at least one replicate is needed")
    free = np.arange(maximum.theta.size) if free is None else free
    counts = simulate(design, maximum, n, np.random.default_rng(seed))
    tops = refit_tables(design, maximum.theta, free, counts)[2]
    held = refit_tables(design, maximum.theta, free[free != at], counts)[2]
    return float(np.quantile(np.maximum(tops - held, 0.0), level))


def _surface(
    fit: BivariateResults, quantity: str, chosen: quantities.Quantity
) -> tuple[Design | NotApplicable, Maximum | None, Function]:
    """Return the likelihood's design, its maximum and the quantity as a function on it."""
    function = chosen.function
    if quantity in quantities.NEED_CURVE and isinstance(fit.hsroc, NotApplicable):
        return fit.hsroc, None, function
    if fit.model_path == "bivariate":
        margin = quantities.ONE_MARGIN.get(quantity)
        needed = MARGINS if margin is None else (MARGINS[margin],)
        for name in needed:
            estimate = fit.margins[name].estimate
            if isinstance(estimate, NotApplicable):
                return estimate, None, function
        return fit.design, fit.maxima[0], function
    margin = quantities.ONE_MARGIN.get(quantity)
    if margin is None:
        reason = f"the profile of {quantity} needs one joint likelihood, not {fit.model_path}"
        return NotApplicable(reason), None, function
    own = fit.margins[MARGINS[margin]]
    if own.path != "univariate" or isinstance(own.estimate, NotApplicable):
        return NotApplicable(own.reason or f"{own.name} is not pooled"), None, function
    at = 2 if quantity.startswith("tau") else 0
    return (
        margin_design(fit.design, margin),
        fit.own_maximum(own.name),
        lambda theta: float(abs(theta[at]) if at else theta[at]),
    )


def _natural_ends(
    design: Design,
    maximum: Maximum,
    quantity: str,
    ends: tuple[float | None, float | None],
    target: float,
) -> tuple[float | None, float | None]:
    """Close an open end at the bound of the parameter's range where the likelihood reaches it.

    A standard deviation of 0 and a correlation of -1 or 1 are values like any other; the
    interval ends there if the model with that value lies above the target.
    """
    bounds = {
        "tau_sensitivity": ((2, 3), 0.0, None),
        "tau_specificity": ((3, 4), 0.0, None),
        "correlation": ((4,), -np.inf, np.inf),
    }
    if quantity not in bounds:
        return ends
    zero, *values = bounds[quantity]
    if not design.counts[:, 3].any():
        zero = (2, 3, 4)
    closed = list(ends)
    for side, bound in enumerate(values):
        if closed[side] is not None or bound is None:
            continue
        theta = maximum.theta.copy()
        if quantity == "correlation":
            theta[3] = np.copysign(np.hypot(theta[3], theta[4]) or 0.1, bound)
        theta[list(zero)] = 0.0
        others = np.setdiff1d(np.arange(theta.size), zero)
        at_bound = climb(design, theta, others[others != 1] if zero == (2, 3, 4) else others)
        sign_kept = quantity != "correlation" or at_bound.theta[3] * bound > 0
        if at_bound.loglik >= target and sign_kept:
            closed[side] = bound
    return closed[0], closed[1]
