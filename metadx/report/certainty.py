"""How sure a pooled number is, in words that follow from the numbers by a stated rule.

This is no GRADE rating: risk of bias, indirectness and publication bias are not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from metadx.report.catalogue import Words, say
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


def rule() -> Words:
    """Say by which rule the words follow from the numbers."""
    return say(
        "The words for certainty follow from the numbers. Firm: {many} studies or more, a 95% "
        "interval no wider than {narrow} points, and a new study expected within {spread} points. "
        "Weak: fewer than {few} studies, an interval wider than {wide} points, or studies whose "
        "differences cannot be estimated. Fair: everything between. They are not a GRADE rating: "
        "risk of bias and applicability are not in them.",
        many=MANY_STUDIES,
        few=FEW_STUDIES,
        narrow=f"{100 * NARROW:.0f}",
        wide=f"{100 * WIDE:.0f}",
        spread=f"{100 * SPREAD:.0f}",
    )


@dataclass(frozen=True, slots=True)
class Certainty:
    """A word, and what it rests on.

    Attributes
    ----------
    level : str
        One of `LEVELS`.
    reasons : tuple of Words
        Clauses that say why it is not firm.
    """

    level: str
    reasons: tuple[Words, ...] = ()

    @property
    def words(self) -> Words:
        """The level in both languages."""
        return say(self.level)


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
        return Certainty(ONE_STUDY, (say("it rests on one study"),))
    if not margin.is_pooled:
        return Certainty(WEAK, (say("{} studies cannot tell how much studies differ", margin.k),))
    weak, fair = _weak(margin), _fair(margin)
    if weak:
        return Certainty(WEAK, (*weak, *fair))
    return Certainty(FAIR if fair else FIRM, tuple(fair))


def _weak(margin: MarginRecord) -> list[Words]:
    reasons = []
    if margin.k < FEW_STUDIES:
        reasons.append(say("there are only {} studies", margin.k))
    if width(margin.pooled.low, margin.pooled.high) > WIDE:
        reasons.append(say("the interval is wide"))
    return reasons


def _fair(margin: MarginRecord) -> list[Words]:
    reasons = []
    if FEW_STUDIES <= margin.k < MANY_STUDIES:
        reasons.append(say("there are {} studies", margin.k))
    if NARROW < width(margin.pooled.low, margin.pooled.high) <= WIDE:
        reasons.append(say("the interval is not narrow"))
    if width(margin.prediction.low, margin.prediction.high) > SPREAD:
        reasons.append(say("the studies differ much from each other"))
    return reasons


def width(low: float | None, high: float | None) -> float:
    """Width of an interval; 0 where there is none."""
    return high - low if low is not None and high is not None else 0.0
