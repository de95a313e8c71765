"""Pretest probabilities as people have them: a number, an interval, a distribution, several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from metadx.errors import OptionError

FloatArray = NDArray[np.float64]

#: Stream of the generator that pretest probabilities are drawn from, apart from accuracy.
STREAM: Final = 2


@dataclass(frozen=True)
class Pretest:
    """One pretest probability.

    Attributes
    ----------
    label : str
        What a table or figure calls it.
    kind : {"number", "interval", "distribution"}
        How it was given.
    value : float
        The number; the middle of the interval; the median of the distribution (probability).
    low, high : float
        Ends of the interval, or equal tails of the distribution; both `value` for a number.
    draws : ndarray of shape (n,) or None
        Draws of a distribution (probability).
    """

    label: str
    kind: str
    value: float
    low: float
    high: float
    draws: FloatArray | None = None

    def variants(self) -> tuple[FloatArray, ...]:
        """What to compute with: the number, both ends, or the draws."""
        if self.draws is not None:
            return (self.draws,)
        ends = (self.low,) if self.kind == "number" else (self.low, self.high)
        return tuple(np.array(end) for end in ends)

    def tails(self, function: Callable[[FloatArray], FloatArray], level: float) -> FloatArray:
        """Return the ends of a quantity's interval, shape (2,).

        Parameters
        ----------
        function : callable
            From the pretest probability, scalar or (n,), to draws of the quantity, (n,).
        level : float
            Share of the draws between the ends.

        Notes
        -----
        An interval gives the span: the lower end at one of its ends and the upper at the
        other. No distribution within the interval is assumed.
        """
        shares = [0.5 - 0.5 * level, 0.5 + 0.5 * level]
        found = np.array([np.quantile(function(p), shares) for p in self.variants()])
        return np.array([found[:, 0].min(), found[:, 1].max()])

    def __str__(self) -> str:
        if self.kind == "number":
            return f"{100.0 * self.value:.3g}%"
        span = f"{100.0 * self.low:.3g} to {100.0 * self.high:.3g}%"
        return span if self.kind == "interval" else f"{100.0 * self.value:.3g}% ({span})"


def pretests(given: Any, n: int, seed: int, level: float) -> tuple[Pretest, ...]:
    """Read pretest probabilities.

    Parameters
    ----------
    given : float, tuple, distribution, ndarray, list or mapping
        A probability; a pair (low, high); a frozen distribution of scipy, or an array of
        draws; a list of any of these; or a mapping from the names of strata to any of them.
    n : int
        Draws of a distribution.
    seed : int
        Their seed.
    level : float
        Share of a distribution between `low` and `high`.

    Raises
    ------
    OptionError
        If a probability is not between 0 and 1, or the form is unknown.
    """
    named = _named(given)
    if not named:
        raise OptionError("give at least one pretest probability")
    rng = np.random.default_rng([seed, STREAM])
    return tuple(_one(name, value, n, rng, level) for name, value in named)


def _named(given: Any) -> list[tuple[str, Any]]:
    if isinstance(given, Pretest):
        return [(given.label, given)]
    if isinstance(given, Mapping):
        return [(str(name), value) for name, value in given.items()]
    if isinstance(given, Sequence) and not isinstance(given, (str, bytes, tuple)):
        return [("", value) for value in given]
    return [("", given)]


def _one(name: str, value: Any, n: int, rng: np.random.Generator, level: float) -> Pretest:
    if isinstance(value, Pretest):
        if value.draws is not None and value.draws.size != n:
            return replace(value, draws=rng.choice(value.draws, n))
        return value
    if isinstance(value, tuple):
        return _interval(name, value)
    if hasattr(value, "rvs") or isinstance(value, np.ndarray):
        return _distribution(name, value, n, rng, level)
    number = _probability(value)
    return Pretest(name or f"{100.0 * number:.3g}%", "number", number, number, number)


def _interval(name: str, value: tuple[Any, ...]) -> Pretest:
    if len(value) != 2:
        raise OptionError(
            f"pretest is {value!r}; an interval has two ends, (low, high), and several pretest "
            "probabilities are a list"
        )
    low, high = (_probability(end) for end in value)
    if low >= high:
        raise OptionError(f"pretest is {value!r}; the first end has to be below the second")
    label = name or f"{100.0 * low:.3g} to {100.0 * high:.3g}%"
    return Pretest(label, "interval", 0.5 * (low + high), low, high)


def _distribution(name: str, value: Any, n: int, rng: np.random.Generator, level: float) -> Pretest:
    if isinstance(value, np.ndarray):
        pool = value.astype(float).ravel()
        if pool.size == 0:
            raise OptionError("pretest is an empty array; it has to hold draws")
        drawn = pool if pool.size == n else rng.choice(pool, n)
    else:
        drawn = np.asarray(value.rvs(size=n, random_state=rng), dtype=float)
    outside = drawn[~((drawn > 0.0) & (drawn < 1.0))]
    if outside.size:
        raise OptionError(
            f"the distribution of pretest gives {outside[0]:.4g}; a probability lies between 0 "
            "and 1, take for example a beta distribution"
        )
    shares = [0.5 - 0.5 * level, 0.5, 0.5 + 0.5 * level]
    low, middle, high = np.quantile(drawn, shares).tolist()
    label = name or f"distribution around {100.0 * middle:.3g}%"
    return Pretest(label, "distribution", middle, low, high, drawn)


def _probability(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise OptionError(
            f"pretest is {value!r}; it is a probability between 0 and 1, a pair (low, high), a "
            "distribution, an array of draws, or a list or mapping of these"
        ) from None
    if 0.0 < number < 1.0:
        return number
    hint = f"; {number:g}% is {number / 100.0:g}" if 1.0 < number < 100.0 else ""
    raise OptionError(f"pretest is {number:g}; a probability lies between 0 and 1{hint}")
