"""The one type for a number that has an interval, and the one for its absence."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any


@dataclass(frozen=True, slots=True)
class Estimate:
    """A point estimate with its interval.

    Attributes
    ----------
    value : float
        Point estimate on the scale on which it is reported (a probability,
        a ratio, a logit), never rounded.
    low, high : float
        Ends of the interval on the same scale; infinite where it is open.
    level : float
        Nominal coverage of the interval, 0.95 unless asked otherwise.
    method : str
        How the interval was made: ``"wald"``, ``"wald_t"``, ``"profile"``,
        ``"bootstrap"``, ``"exact_binomial"``, ``"wilson"``, ``"posterior"``.
    """

    value: float
    low: float
    high: float
    level: float = 0.95
    method: str = "wald"

    def format(self, decimals: int = 2) -> str:
        """Write the estimate as reviewers do, ``0.94 (0.89 to 0.97)``."""
        return f"{self.value:.{decimals}f} ({self.low:.{decimals}f} to {self.high:.{decimals}f})"

    def to_dict(self) -> dict[str, Any]:
        """Return the five fields as a plain dictionary; an open end of the interval is None."""
        return {
            name: value if isinstance(value, str) or isfinite(value) else None
            for name, value in asdict(self).items()
        }

    def __str__(self) -> str:
        return self.format()


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """A quantity that these data do not support, with the reason.

    It is false in a condition, so ``if fit.sensitivity:`` reads as it should.

    Attributes
    ----------
    reason : str
        A clause a clinician understands, without a full stop.
    """

    reason: str

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return f"not applicable: {self.reason}"
