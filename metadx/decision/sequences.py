"""Two tests one after the other, in natural frequencies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from metadx.decision.draws import AccuracyDraws
from metadx.decision.frequencies import TOTAL, Count, Frequencies, rounded
from metadx.decision.pretest import Pretest, pretests
from metadx.decision.wording import wording_of
from metadx.errors import OptionError
from metadx.estimate import Estimate

FloatArray = NDArray[np.float64]

FOLLOW: Final = ("negative", "positive")
#: Boxes by the first result that leads to the second test. With "negative" a positive first
#: result stands; with "positive" a negative one does.
PARENTS: Final = {
    "negative": {
        "diseased": "",
        "nondiseased": "",
        "found_first": "diseased",
        "again_diseased": "diseased",
        "found_second": "again_diseased",
        "missed": "again_diseased",
        "false_alarms_first": "nondiseased",
        "again_nondiseased": "nondiseased",
        "false_alarms_second": "again_nondiseased",
        "cleared": "again_nondiseased",
    },
    "positive": {
        "diseased": "",
        "nondiseased": "",
        "missed_first": "diseased",
        "again_diseased": "diseased",
        "found": "again_diseased",
        "missed_second": "again_diseased",
        "cleared_first": "nondiseased",
        "again_nondiseased": "nondiseased",
        "false_alarms": "again_nondiseased",
        "cleared_second": "again_nondiseased",
    },
}


def two_tests(
    first: AccuracyDraws,
    second: AccuracyDraws,
    pretest: Any,
    follow: str = "negative",
    total: int = TOTAL,
    level: float | None = None,
) -> Frequencies:
    """Split `total` people by condition and by the results of two tests in sequence.

    Parameters
    ----------
    first, second : AccuracyDraws
        Accuracy of both tests, drawn independently of each other (draws of different strata
        are). That of the second should come from people whose first result was `follow`.
    pretest : float, tuple, distribution, array or Pretest
        Probability before the first test.
    follow : {"negative", "positive"}
        Which first result leads to the second test.
    total : int
        People in all.
    level : float, optional
        Nominal coverage, that of the first fit by default.

    Returns
    -------
    Frequencies
        Beside the boxes of the tree: ``second_tests``, ``all_found``, ``all_missed``,
        ``all_false_alarms``, ``all_cleared``.

    Raises
    ------
    OptionError
        If an argument is out of range, or the draws differ in number.
    ModelError
        If a study reports one of the four margins nowhere.

    Notes
    -----
    The results of the second test are taken to depend on the first one only through the
    condition, unless its accuracy was estimated in people with that first result. Rounded as
    in `Frequencies`, branch by branch.
    """
    for draws in (first, second):
        draws.need_both("a sequence of tests")
    if follow not in FOLLOW:
        raise OptionError(f"follow is {follow!r}; it is one of {', '.join(FOLLOW)}")
    if len(first) != len(second):
        raise OptionError(
            f"the first test has {len(first)} draws and the second {len(second)}; take as many"
        )
    if total < 1:
        raise OptionError(f"total is {total}; there has to be at least one person")
    level = first.level if level is None else level
    (chosen,) = pretests(pretest, len(first), first.seed, level)
    mean, new = (
        _Sequence(first, second, chosen, follow, total, level, tail).counts()
        for tail in (False, True)
    )
    words = _words(first, second, follow)
    return Frequencies(chosen, total, mean, new, level, PARENTS[follow], words)


class _Sequence:
    """Numbers of one tree with one kind of interval."""

    def __init__(
        self,
        first: AccuracyDraws,
        second: AccuracyDraws,
        pretest: Pretest,
        follow: str,
        total: int,
        level: float,
        new: bool,
    ) -> None:
        self.pretest, self.follow, self.total, self.level = pretest, follow, total, level
        self.method = "prediction" if new else "mean"
        self.point = [expit(draws.point) for draws in (first, second)]
        self.drawn = [draws.probabilities(new).T for draws in (first, second)]

    def counts(self) -> dict[str, Count]:
        """Compute every number."""
        p = self.pretest.value
        shares = self._shares([np.array(margin) for margin in self.point])
        value: dict[str, int] = {"diseased": rounded(self.total * p)}
        value["nondiseased"] = self.total - value["diseased"]
        for branch, people in (("diseased", p), ("nondiseased", 1.0 - p)):
            first, again, right, rest = self._names(branch)
            whole = value[branch]
            value[first] = min(rounded(self.total * people * float(shares[first])), whole)
            value[again] = whole - value[first]
            part = rounded(self.total * people * float(shares[right]))
            value[right] = min(part, value[again])
            value[rest] = value[again] - value[right]
        drawn = self._shares(self.drawn) | {"diseased": np.array(1.0), "nondiseased": np.array(1.0)}
        counts = {name: self._count(value[name], {name: share}) for name, share in drawn.items()}
        counts = {name: counts[name] for name in PARENTS[self.follow]}
        for name, parts in self._sums().items():
            counts[name] = self._count(
                sum(value[part] for part in parts), {part: drawn[part] for part in parts}
            )
        return dict(counts)

    def _names(self, branch: str) -> list[str]:
        """Boxes of a branch: decided first, tested again, then the two results."""
        own = PARENTS[self.follow]
        first, again = (name for name, parent in own.items() if parent == branch)
        return [first, again, *(name for name, parent in own.items() if parent == again)]

    def _shares(self, accuracy: Any) -> dict[str, FloatArray]:
        """Shares of the diseased, or of the others, in each box."""
        (sens1, spec1), (sens2, spec2) = accuracy
        if self.follow == "negative":
            return {
                "found_first": sens1,
                "again_diseased": 1.0 - sens1,
                "found_second": (1.0 - sens1) * sens2,
                "missed": (1.0 - sens1) * (1.0 - sens2),
                "false_alarms_first": 1.0 - spec1,
                "again_nondiseased": spec1,
                "false_alarms_second": spec1 * (1.0 - spec2),
                "cleared": spec1 * spec2,
            }
        return {
            "missed_first": 1.0 - sens1,
            "again_diseased": sens1,
            "found": sens1 * sens2,
            "missed_second": sens1 * (1.0 - sens2),
            "cleared_first": spec1,
            "again_nondiseased": 1.0 - spec1,
            "false_alarms": (1.0 - spec1) * (1.0 - spec2),
            "cleared_second": (1.0 - spec1) * spec2,
        }

    def _sums(self) -> Mapping[str, list[str]]:
        """Which boxes each sum adds up."""
        own = PARENTS[self.follow]
        leaves = [name for name in own if name not in own.values()]
        kinds = ("found", "missed", "false_alarms", "cleared")
        sums = {f"all_{kind}": [n for n in leaves if n.startswith(kind)] for kind in kinds}
        return {"second_tests": ["again_diseased", "again_nondiseased"], **sums}

    def _count(self, value: int, shares: Mapping[str, FloatArray]) -> Estimate:
        """A whole number with the rounded ends of the draws of its boxes together."""
        well = {"nondiseased", "again_nondiseased"}

        def people(q: FloatArray) -> FloatArray:
            parts = [
                share * (1.0 - q if name in well or name.startswith(("false", "cleared")) else q)
                for name, share in shares.items()
            ]
            return self.total * np.atleast_1d(np.sum(parts, axis=0))

        low, high = (rounded(end) for end in self.pretest.tails(people, self.level).tolist())
        return Estimate(value, min(low, value), max(high, value), self.level, self.method)


def _words(first: AccuracyDraws, second: AccuracyDraws, follow: str) -> dict[str, str]:
    """What each box counts, with the names of the tests."""
    one, two = (wording_of(draws.table).test.removeprefix("the ") for draws in (first, second))
    if one == two:
        one, two = "first test", "second test"
    other = "positive" if follow == "negative" else "negative"
    stands, goes = f"{one} {other}", f"{one} {follow}"
    words = {"diseased": "with the condition", "nondiseased": "without it"}
    for name in PARENTS[follow]:
        if name.endswith("_first"):
            words[name] = stands
        elif name.startswith("again"):
            words[name] = f"{goes}, then {two}"
        elif name.startswith(("found", "false_alarms")):
            words[name] = f"{two} positive"
        elif name not in words:
            words[name] = f"{two} negative"
    sums = ("found", "missed", "false alarms", "cleared")
    words |= {f"all_{text.replace(' ', '_')}": f"{text} in all" for text in sums}
    return words | {"second_tests": f"have {two}"}
