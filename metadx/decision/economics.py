"""Dominance, acceptability and the value of information, on plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metadx.errors import OptionError

FloatArray = NDArray[np.float64]

FRONTIER: Final = "on the frontier"
#: Draws in a bin of the nested average: the error of a bin's mean, which biases the value of
#: information upwards, is then a twentieth of the standard deviation.
DRAWS_IN_BIN: Final = 400
#: Relative difference below which two amounts are called the same.
_SAME: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Position:
    """Where a strategy stands beside its rivals.

    Attributes
    ----------
    status : str
        ``"on the frontier"``, ``"dominated"`` or ``"extendedly dominated"``.
    by : tuple of int
        Rivals that dominate it; for extended dominance the two that do together.
    ratio : float
        Incremental price of one unit of effect against the strategy before it on the frontier;
        NaN where there is none.
    """

    status: str
    by: tuple[int, ...]
    ratio: float


def frontier(price: FloatArray, effect: FloatArray) -> list[Position]:
    """Find the efficient frontier.

    Parameters
    ----------
    price, effect : ndarray of shape (s,)
        Expected price (less is better) and effect (more is better) of each strategy.

    Returns
    -------
    list of Position
        One for each strategy. Dominated: a rival has at least the effect for at most the
        price, and one of them better. Extendedly dominated: a mixture of two rivals does; the
        incremental ratios along the frontier therefore never fall. Of two equal strategies the
        first stays.
    """
    price, effect = np.asarray(price, dtype=float), np.asarray(effect, dtype=float)
    size = price.size
    found: list[Position | None] = [None] * size
    order = sorted(range(size), key=lambda i: (price[i], -effect[i], i))
    hull: list[int] = []
    for i in order:
        if hull and effect[i] <= effect[hull[-1]] + _SAME * max(1.0, abs(effect[hull[-1]])):
            found[i] = Position("dominated", (hull[-1],), float("nan"))
            continue
        hull.append(i)
    off: list[int] = []
    k = 1
    while k < len(hull) - 1:
        before, here, after = hull[k - 1], hull[k], hull[k + 1]
        last, following = _ratio(price, effect, before, here), _ratio(price, effect, here, after)
        if last > following + _SAME * max(1.0, abs(following)):
            off.append(here)
            del hull[k]
            k = max(k - 1, 1)
        else:
            k += 1
    for k, i in enumerate(hull):
        ratio = _ratio(price, effect, hull[k - 1], i) if k else float("nan")
        found[i] = Position(FRONTIER, (), ratio)
    for i in off:
        above = next(k for k, j in enumerate(hull) if effect[j] > effect[i])
        by = hull[above - 1], hull[above]
        found[i] = Position("extendedly dominated", by, float("nan"))
    return [one for one in found if one is not None]


def _ratio(price: FloatArray, effect: FloatArray, first: int, second: int) -> float:
    return float((price[second] - price[first]) / (effect[second] - effect[first]))


def probability_best(utility: FloatArray) -> FloatArray:
    """Share of the draws in which each strategy has the highest utility; ties are shared.

    Parameters
    ----------
    utility : ndarray of shape (n, s)
        Utility of s strategies in n draws; more is better.
    """
    best = utility == utility.max(axis=1, keepdims=True)
    return np.asarray((best / best.sum(axis=1, keepdims=True)).mean(axis=0))


def best_of(utility: FloatArray) -> int:
    """Position of the strategy with the highest expected utility; the first of equals."""
    return int(np.argmax(utility.mean(axis=0)))


def evpi(utility: FloatArray) -> float:
    """Expected value of perfect information on everything, ``E max U - max E U``."""
    return max(0.0, float(utility.max(axis=1).mean() - utility.mean(axis=0).max()))


def evppi(utility: FloatArray, parameters: FloatArray) -> float:
    """Expected value of perfect information on one parameter, or on several together.

    Parameters
    ----------
    utility : ndarray of shape (n, s)
        Utility in each draw.
    parameters : ndarray of shape (n,) or (n, d)
        Draws of the parameters, d up to 3.

    Returns
    -------
    float
        In the unit of the utility. Exactly 0 for parameters that do not vary, and never more
        than :func:`evpi`.

    Raises
    ------
    OptionError
        For more than three parameters.

    Notes
    -----
    ``E_theta max_s E[U_s | theta] - max_s E U_s``, the inner expectation as the mean in bins
    of equal numbers of draws (Strong & Oakley 2013, doi:10.1177/0272989X12465123). A mean in
    bins is a conditional expectation of the sample itself, so that Jensen's inequality keeps
    the result between 0 and the value of perfect information on everything.
    """
    columns = np.asarray(parameters, dtype=float)
    columns = columns[:, None] if columns.ndim == 1 else columns
    columns = columns[:, np.ptp(columns, axis=0) > 0.0]
    n, d = columns.shape
    if d == 0:
        return 0.0
    if d > 3:
        raise OptionError(f"at most three parameters at once; found {d}")
    bins = max(2, int((n / DRAWS_IN_BIN) ** (1.0 / d)))
    label = np.zeros(n, dtype=np.int64)
    for column in columns.T:
        rank = np.empty(n, dtype=np.int64)
        rank[np.argsort(column, kind="stable")] = np.arange(n)
        # Equal values belong to one bin, so that a bin never splits what is known alike.
        _, first = np.unique(column, return_inverse=True)
        lowest = np.full(first.max() + 1, n)
        np.minimum.at(lowest, first, rank)
        label = label * bins + lowest[first] * bins // n
    _, label = np.unique(label, return_inverse=True)
    counts = np.bincount(label)
    means = np.stack([np.bincount(label, u) / counts for u in utility.T], axis=1)
    inner = float((means.max(axis=1) * counts).sum() / n)
    outer = float(utility.mean(axis=0).max())
    gain = inner - outer
    # Two sums of the same numbers in another order differ by rounding.
    return 0.0 if gain <= _SAME * max(1.0, abs(outer)) else min(gain, evpi(utility))


@dataclass(frozen=True, slots=True)
class Switch:
    """Pretest probability at which another strategy becomes the best.

    Attributes
    ----------
    below, above : int
        Best strategy below and above the point.
    value, low, high : float
        The point at the expected utilities, and the interval of its draws (probability).
    share_inside : float
        Share of the draws in which the two change places between 0 and 1 in this order.
    """

    below: int
    above: int
    value: float
    low: float
    high: float
    share_inside: float


def switches(
    fracture: FloatArray, none: FloatArray, level: float, span: tuple[float, float] = (0.0, 1.0)
) -> list[Switch]:
    """Find where the best strategy changes along the pretest probability.

    Parameters
    ----------
    fracture, none : ndarray of shape (n, s)
        Utility of a patient with, and without, the fracture.
    level : float
        Share of the draws in the interval of a switching point.
    span : tuple of float
        Pretest probabilities that are looked at.

    Notes
    -----
    Utilities are linear in the pretest probability, ``U(p) = p f + (1 - p) g``, so that the
    best strategies form the upper envelope of lines and a switching point of i and j solves
    ``p (f_j - f_i) + (1 - p) (g_j - g_i) = 0``. Draws in which j is better throughout count
    as 0, draws in which it never is as 1; draws with the reverse order are left out.
    """
    f, g = fracture.mean(axis=0), none.mean(axis=0)
    at, end = span
    best = int(np.argmax(at * f + (1.0 - at) * g))
    found: list[Switch] = []
    while True:
        gain, loss = f - f[best], g - g[best]
        with np.errstate(divide="ignore", invalid="ignore"):
            point = -loss / (gain - loss)
        ahead = (gain > loss) & (point > at + _SAME) & (point < end)
        if not ahead.any():
            return found
        position = np.flatnonzero(ahead)
        first = point[position].min()
        ties = position[point[position] <= first + _SAME]
        following = int(ties[np.argmax(gain[ties] - loss[ties])])
        low, high, inside = _crossings(fracture, none, best, following, level)
        low, high = min(low, float(first)), max(high, float(first))
        found.append(Switch(best, following, float(first), low, high, inside))
        best, at = following, float(first)


def _crossings(
    fracture: FloatArray, none: FloatArray, i: int, j: int, level: float
) -> tuple[float, float, float]:
    gain, loss = fracture[:, j] - fracture[:, i], none[:, j] - none[:, i]
    inside = (gain > 0.0) & (loss < 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        point = np.where(inside, -loss / (gain - loss), np.where(gain >= 0.0, 0.0, 1.0))
    kept = point[inside | (gain * loss >= 0.0)]
    low, high = np.quantile(kept, [0.5 - 0.5 * level, 0.5 + 0.5 * level]).tolist()
    return low, high, float(inside.mean())
