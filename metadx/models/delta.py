"""Intervals of functions of the parameters by the delta method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri, stdtrit

from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable

FloatArray = NDArray[np.float64]

#: Step of the central difference, relative to 1 + |x|: the cube root of the unit roundoff.
STEP = float(np.finfo(float).eps) ** (1.0 / 3.0)


def gradient(
    function: Callable[[FloatArray], float], x: FloatArray, free: NDArray[np.bool_]
) -> FloatArray:
    """Central-difference gradient of `function` at `x`, zero where `free` is false."""
    result = np.zeros_like(x)
    for i in np.flatnonzero(free):
        step = STEP * (1.0 + abs(x[i]))
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        result[i] = (function(up) - function(down)) / (2.0 * step)
    return result


def standard_error(
    function: Callable[[FloatArray], float], x: FloatArray, cov: FloatArray
) -> float:
    """Delta-method standard error of ``function(x)``; `cov` is zero for fixed parameters."""
    slope = gradient(function, x, np.diag(cov) > 0)
    return float(np.sqrt(max(float(slope @ cov @ slope), 0.0)))


def quantile(level: float, degrees: float | None = None) -> float:
    """Two-sided quantile for a `level` interval: normal, or Student t with `degrees`.

    Raises
    ------
    OptionError
        If `level` is not between 0 and 1.
    """
    if not 0.0 < level < 1.0:
        raise OptionError(f"level is {level}; it has to lie between 0 and 1, for example 0.95")
    upper = 0.5 + level / 2.0
    return float(ndtri(upper) if degrees is None else stdtrit(degrees, upper))


def on_scale(value: float, se: float, level: float, method: str, q: float, scale: str) -> Estimate:
    """Make an estimate from a value and standard error on a transformed scale.

    Parameters
    ----------
    value, se : float
        On the scale on which the interval is symmetric.
    level : float
        Nominal coverage.
    method : str
        Name recorded on the estimate.
    q : float
        Quantile, from :func:`quantile`.
    scale : {"logit", "log", "atanh", "identity"}
        The transformation that `value` is on; the result is transformed back.
    """
    ends = np.array([value, value - q * se, value + q * se], dtype=float)
    back: Any = {"logit": expit, "log": np.exp, "atanh": np.tanh, "identity": np.asarray}[scale]
    with np.errstate(over="ignore"):
        middle, low, high = back(ends).tolist()
    return Estimate(middle, low, high, level, method)


def standard_deviation(tau: float, se: float, level: float, method: str, q: float) -> Estimate:
    """Interval of a standard deviation: on the log scale, or on its own where that explodes.

    With a standard error above the value itself the log scale puts the upper end anywhere;
    the plain interval, cut at 0, then says what is known.
    """
    if se <= tau:
        return on_scale(float(np.log(tau)), se / tau, level, method, q, "log")
    return Estimate(tau, max(tau - q * se, 0.0), tau + q * se, level, method)


def probability(
    function: Callable[[FloatArray], float],
    x: FloatArray,
    cov: FloatArray,
    level: float,
    method: str,
    q: float,
) -> Estimate | NotApplicable:
    """Interval of a quantity in (0, 1) by the delta method on its logit."""
    value = function(x)
    if not 0.0 < value < 1.0:
        return NotApplicable(f"the value is {value:g}, at the edge of its range")
    return on_scale(
        float(logit(value)),
        standard_error(lambda v: float(logit(function(v))), x, cov),
        level,
        method,
        q,
        "logit",
    )
