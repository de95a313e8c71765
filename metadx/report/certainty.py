"""How sure a pooled number is, in words that follow from the numbers by a stated rule.

This is no GRADE rating: risk of bias, indirectness and publication bias are not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from metadx.report.estimates import MarginRecord

FIRM: Final = "firm"
FAIR: Final = "fair"
WEAK: Final = "weak"
ONE_STUDY: Final = "one study"
NO_STUDY: Final = "no study"
LEVELS: Final = (FIRM, FAIR, WEAK, ONE_STUDY, NO_STUDY)

#: With fewer studies a random-effects model hardly knows how much studies differ (Takwoingi
#: et al. 2017, Stat Methods Med, doi:10.1177/0962280215592269).
FEW_STUDIES: Final = 4
#: The number from which the Cochrane Handbook lets differences between studies be explored.
MANY_STUDIES: Final = 10
#: Widest interval that is called firm: 10 points, 100 patients of 1,000.
NARROW: Final = 0.10
#: Interval from which a number is weak: two tests 20 points apart are used differently.
WIDE: Final = 0.20
#: Prediction interval from which studies are said to differ much.
SPREAD: Final = 0.40

RULE: Final = (
    f"The words for certainty follow from the numbers. {FIRM.capitalize()}: {MANY_STUDIES} "
    f"studies or more, a 95 % interval no wider than {NARROW:.0%} points, and a new study "
    f"expected within {SPREAD:.0%} points. {WEAK.capitalize()}: fewer than {FEW_STUDIES} studies, "
    f"an interval wider than {WIDE:.0%} points, or studies whose differences cannot be estimated. "
    f"{FAIR.capitalize()}: everything between. They are not a GRADE rating: risk of bias and "
    "applicability are not in them."
).replace("% points", " points")


@dataclass(frozen=True, slots=True)
class Certainty:
    """A word, and what it rests on.

    Attributes
    ----------
    level : str
        One of `LEVELS`.
    reasons : tuple of str
        Clauses that say why it is not firm.
    """

    level: str
    reasons: tuple[str, ...] = ()


def certainty(margin: MarginRecord) -> Certainty:
    """Say how sure the pooled number of a margin is.

    Parameters
    ----------
    margin : MarginRecord
        Of one stratum.
    """
    if margin.k == 0:
        return Certainty(NO_STUDY)
    if margin.k == 1:
        return Certainty(ONE_STUDY, ("it rests on one study",))
    if not margin.is_pooled:
        return Certainty(WEAK, (f"{margin.k} studies cannot tell how much studies differ",))
    weak, fair = _weak(margin), _fair(margin)
    if weak:
        return Certainty(WEAK, (*weak, *fair))
    return Certainty(FAIR if fair else FIRM, tuple(fair))


def _weak(margin: MarginRecord) -> list[str]:
    reasons = []
    if margin.k < FEW_STUDIES:
        reasons.append(f"there are only {margin.k} studies")
    if width(margin.pooled.low, margin.pooled.high) > WIDE:
        reasons.append("the interval is wide")
    return reasons


def _fair(margin: MarginRecord) -> list[str]:
    reasons = []
    if FEW_STUDIES <= margin.k < MANY_STUDIES:
        reasons.append(f"there are {margin.k} studies")
    if NARROW < width(margin.pooled.low, margin.pooled.high) <= WIDE:
        reasons.append("the interval is not narrow")
    if width(margin.prediction.low, margin.prediction.high) > SPREAD:
        reasons.append("the studies differ much from each other")
    return reasons


def width(low: float | None, high: float | None) -> float:
    """Width of an interval; 0 where there is none."""
    return high - low if low is not None and high is not None else 0.0
