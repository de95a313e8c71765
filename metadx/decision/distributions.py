"""Beta, gamma and lognormal distributions of a stated value and interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.optimize import brentq, root

from metadx.errors import OptionError

FloatArray = NDArray[np.float64]

FAMILIES: Final = ("beta", "gamma", "lognormal", "fixed")
#: Share of the distribution between lower and upper, by what they are called.
MASS: Final = {"95": 0.95, "quartiles": 0.5, "range": 0.95}
#: Concentrations between which a beta or gamma is looked for, on the natural logarithm's scale.
_SEARCH: Final = (-4.0, 25.0)


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution of one uncertain number.

    Attributes
    ----------
    family : {"beta", "gamma", "lognormal", "fixed"}
        Family.
    first, second : float
        Beta: both shapes. Gamma: shape and scale. Lognormal: mean and standard deviation of
        the logarithm. Fixed: the value, and 0.
    """

    family: str
    first: float
    second: float = 0.0

    @property
    def is_fixed(self) -> bool:
        """Whether there is no uncertainty."""
        return self.family == "fixed"

    @property
    def mean(self) -> float:
        """Expected value."""
        if self.family == "beta":
            return self.first / (self.first + self.second)
        if self.family == "gamma":
            return self.first * self.second
        if self.family == "lognormal":
            return float(np.exp(self.first + 0.5 * self.second**2))
        return self.first

    def quantile(self, share: float) -> float:
        """Value below which `share` of the distribution lies."""
        if self.family == "beta":
            return float(special.betaincinv(self.first, self.second, share))
        if self.family == "gamma":
            return float(special.gammaincinv(self.first, share) * self.second)
        if self.family == "lognormal":
            return float(np.exp(self.first + self.second * special.ndtri(share)))
        return self.first

    def draw(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Draw `n` values."""
        if self.family == "beta":
            return rng.beta(self.first, self.second, n)
        if self.family == "gamma":
            return rng.gamma(self.first, self.second, n)
        if self.family == "lognormal":
            return rng.lognormal(self.first, self.second, n)
        return np.full(n, self.first)

    def scaled(self, factor: float) -> Distribution:
        """Return the distribution of `factor` times the number.

        Raises
        ------
        OptionError
            For a beta distribution, which has no scale.
        """
        if self.family == "gamma":
            return Distribution("gamma", self.first, self.second * factor)
        if self.family == "lognormal":
            return Distribution("lognormal", self.first + float(np.log(factor)), self.second)
        if self.family == "fixed":
            return Distribution("fixed", self.first * factor)
        raise OptionError("a beta distribution lies between 0 and 1 and cannot be scaled")


def fixed(value: float) -> Distribution:
    """Return a number without uncertainty."""
    return Distribution("fixed", value)


def from_interval(
    family: str, value: float, low: float, high: float, interval: str = "95"
) -> Distribution:
    """Find the distribution that a value and an interval describe.

    Parameters
    ----------
    family : {"beta", "gamma", "lognormal"}
        Family; beta takes probabilities.
    value, low, high : float
        ``low <= value <= high`` with ``low < high``.
    interval : {"95", "quartiles", "range"}
        What low and high are; a range is taken as a 95 per cent interval.

    Raises
    ------
    OptionError
        If no member of the family has such an interval.

    Notes
    -----
    Beta and gamma: the mean is the value, and the equal-tailed interval is as wide as the
    stated one. Lognormal: the median is the value and ``sd = ln(high/low) / (2 z)``. For
    quartiles, which stand beside a median, beta and gamma match both quartiles.
    """
    if not (low <= value <= high and low < high):
        raise OptionError(f"{value:g} ({low:g} to {high:g}) is not a value inside an interval")
    if interval not in MASS:
        raise OptionError(f"interval is {interval!r}; it is one of {', '.join(MASS)}")
    mass = MASS[interval]
    if family == "lognormal":
        if low <= 0.0:
            raise OptionError(f"a lognormal distribution has no end at {low:g}")
        sd = float(np.log(high / low) / (2.0 * special.ndtri(0.5 + 0.5 * mass)))
        return Distribution("lognormal", float(np.log(value)), sd)
    _check_support(family, value, high)
    if interval == "quartiles":
        return _through_quantiles(family, value, low, high, mass)

    def excess(log_concentration: float) -> float:
        found = _with_mean(family, value, float(np.exp(log_concentration)))
        tail = 0.5 - 0.5 * mass
        return found.quantile(1.0 - tail) - found.quantile(tail) - (high - low)

    start = next(
        (at for at in np.arange(_SEARCH[0], _SEARCH[1], 0.5) if excess(float(at)) > 0.0), None
    )
    if start is None:
        raise OptionError(
            f"no {family} distribution with mean {value:g} is as wide as {low:g} to {high:g}"
        )
    concentration = float(np.exp(brentq(excess, float(start), _SEARCH[1], xtol=1e-12)))
    return _with_mean(family, value, concentration)


def _check_support(family: str, value: float, high: float) -> None:
    if family not in ("beta", "gamma"):
        raise OptionError(f"family is {family!r}; there are {', '.join(FAMILIES)}")
    if value <= 0.0 or (family == "beta" and (value >= 1.0 or high > 1.0)):
        inside = "between 0 and 1" if family == "beta" else "above 0"
        raise OptionError(f"a {family} distribution lies {inside}; found {value:g}, up to {high:g}")


def _with_mean(family: str, mean: float, concentration: float) -> Distribution:
    if family == "beta":
        return Distribution("beta", mean * concentration, (1.0 - mean) * concentration)
    return Distribution("gamma", concentration, mean / concentration)


def _through_quantiles(
    family: str, value: float, low: float, high: float, mass: float
) -> Distribution:
    tail = 0.5 - 0.5 * mass

    def excess(parameters: FloatArray) -> list[float]:
        found = Distribution(family, *np.exp(parameters).tolist())
        return [found.quantile(tail) / low - 1.0, found.quantile(1.0 - tail) / high - 1.0]

    if low <= 0.0:
        raise OptionError(f"a quartile at {low:g} leaves the {family} distribution undetermined")
    spread = (high - low) / (2.0 * special.ndtri(1.0 - tail))
    if family == "gamma":
        first = np.log([(value / spread) ** 2, spread**2 / value])
    else:
        size = max(value * (1.0 - value) / spread**2 - 1.0, 0.5)
        first = np.log([value * size, (1.0 - value) * size])
    found = root(excess, first, tol=1e-12)
    if not found.success:
        raise OptionError(f"no {family} distribution has the quartiles {low:g} and {high:g}")
    return Distribution(family, *np.exp(found.x).tolist())


def from_share(share: float, n: float) -> Distribution:
    """Return the posterior of a share seen in `n` patients under Jeffreys' prior.

    ``Beta(share n + 1/2, (1 - share) n + 1/2)``.
    """
    if not 0.0 <= share <= 1.0 or n <= 0:
        raise OptionError(f"a share of {share:g} among {n:g} patients is not possible")
    return Distribution("beta", share * n + 0.5, (1.0 - share) * n + 0.5)


def from_standard_deviation(value: float, sd: float, n: float) -> Distribution:
    """Return a gamma distribution of a mean with standard error ``sd / sqrt(n)``."""
    if value <= 0.0 or sd <= 0.0 or n <= 0:
        raise OptionError(f"a mean of {value:g} with sd {sd:g} among {n:g} is not possible")
    shape = n * (value / sd) ** 2
    return Distribution("gamma", shape, value / shape)
