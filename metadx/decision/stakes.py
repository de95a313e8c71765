"""What is at stake: benefit of treating the diseased, harm of treating others, harm of the test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from metadx.errors import OptionError

FloatArray = NDArray[np.float64]

#: Stream of the generator that stakes are drawn from, apart from accuracy and pretest.
STREAM: Final = 3
NAMES: Final = ("benefit", "harm", "test_harm")


@dataclass(frozen=True)
class Stakes:
    """Benefits and harms in one unit, whichever (utility, quality-adjusted days, money).

    Attributes
    ----------
    middle : ndarray of shape (3,)
        Benefit of treating one person with the condition, harm of treating one without it,
        harm (or cost) of testing one person; medians of distributions.
    draws : ndarray of shape (n, 3)
        Draws of the same; constant where a number was given.
    """

    middle: FloatArray
    draws: FloatArray

    @property
    def fixed(self) -> bool:
        """Whether all three are numbers."""
        return bool((self.draws == self.middle).all())


def stakes(benefit: Any, harm: Any, test_harm: Any, n: int, seed: int) -> Stakes:
    """Read benefits and harms.

    Parameters
    ----------
    benefit, harm, test_harm : float, distribution or ndarray
        A number, a frozen distribution of scipy, or an array of draws, all in one unit.
    n : int
        Number of draws.
    seed : int
        Their seed.

    Raises
    ------
    OptionError
        If a value is negative, or benefit or harm is 0.
    """
    rng = np.random.default_rng([seed, STREAM])
    columns, middle = [], []
    for name, given in zip(NAMES, (benefit, harm, test_harm), strict=True):
        drawn = _draws(name, given, n, rng)
        low = float(drawn.min())
        if not np.isfinite(drawn).all() or low < 0.0 or (low == 0.0 and name != "test_harm"):
            least = "from 0 up" if name == "test_harm" else "above 0"
            raise OptionError(f"{name} is {low:g}; it is a number {least}")
        columns.append(drawn)
        middle.append(float(np.median(drawn)))
    return Stakes(np.array(middle), np.column_stack(columns))


def _draws(name: str, given: Any, n: int, rng: np.random.Generator) -> FloatArray:
    if hasattr(given, "rvs"):
        return np.asarray(given.rvs(size=n, random_state=rng), dtype=float)
    if isinstance(given, np.ndarray) and given.ndim == 1 and given.size > 1:
        drawn = given.astype(float)
        return drawn if drawn.size == n else rng.choice(drawn, n)
    try:
        return np.full(n, float(given))
    except (TypeError, ValueError):
        raise OptionError(
            f"{name} is {given!r}; it is a number, a distribution or an array of draws"
        ) from None
