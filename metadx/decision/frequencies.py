"""Natural frequencies: what a test does to 1,000 people, in whole numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import floor
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from metadx.decision.draws import SENSITIVITY, SPECIFICITY, AccuracyDraws
from metadx.decision.pretest import Pretest, pretests
from metadx.errors import ModelError, OptionError
from metadx.estimate import Estimate, NotApplicable

FloatArray = NDArray[np.float64]
Count = Estimate | NotApplicable

TOTAL: Final = 1000
#: The boxes of the tree, from the whole to the leaves, each with the box above it.
PARENTS: Final = {
    "diseased": "",
    "nondiseased": "",
    "found": "diseased",
    "missed": "diseased",
    "false_alarms": "nondiseased",
    "cleared": "nondiseased",
}
#: What is counted across the branches.
SUMS: Final = ("positive", "negative")
NODES: Final = (*PARENTS, *SUMS)
WORDS: Final = {
    "diseased": "with the condition",
    "nondiseased": "without it",
    "found": "found (true positive)",
    "missed": "missed (false negative)",
    "false_alarms": "false alarms (false positive)",
    "cleared": "cleared (true negative)",
    "positive": "test positive",
    "negative": "test negative",
}


@dataclass(frozen=True)
class Frequencies:
    """People by condition and test result, whole numbers that add up.

    Attributes
    ----------
    pretest : Pretest
        Pretest probability.
    total : int
        People in all.
    counts : dict
        By the names of :data:`NODES` the number of people with the interval of the mean; not
        applicable where a margin is missing.
    new_setting : dict
        The same numbers with the interval for a new hospital.
    level : float
        Nominal coverage.
    parents : dict
        By the name of each box of the tree the box above it, empty for the first ones.
    words : dict
        What each number counts.

    Notes
    -----
    Rounding: the diseased are rounded to the nearest whole number (halves up) and the others
    are the rest; true positives and true negatives are rounded likewise and the missed and
    the false alarms are the rest of their branch. Each branch therefore adds up to the one
    above it. Ends of intervals are rounded to the nearest; with a fixed pretest probability
    those of the missed are what those of the found leave over.
    """

    pretest: Pretest
    total: int
    counts: dict[str, Count]
    new_setting: dict[str, Count]
    level: float
    parents: Mapping[str, str]
    words: Mapping[str, str]

    @property
    def frame(self) -> pd.DataFrame:
        """One row a number: value, ends for the mean and for a new hospital."""
        rows = []
        for name, count in self.counts.items():
            row: dict[str, Any] = {"name": name, "reason": ""}
            if isinstance(count, NotApplicable):
                row["reason"] = count.reason
            else:
                row |= {"count": count.value, "low": count.low, "high": count.high}
                new = self.new_setting[name]
                if isinstance(new, Estimate):
                    row |= {"new_low": new.low, "new_high": new.high}
            rows.append(row)
        columns = ["name", "count", "low", "high", "new_low", "new_high", "reason"]
        frame = pd.DataFrame(rows).reindex(columns=columns)
        whole = columns[1:-1]
        return frame.astype(dict.fromkeys(whole, "Int64"))

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as a JSON-ready dictionary; what does not apply is None."""
        return {
            "total": self.total,
            "mean": {name: _plain(count) for name, count in self.counts.items()},
            "new_setting": {name: _plain(count) for name, count in self.new_setting.items()},
        }


def natural_frequencies(
    draws: AccuracyDraws,
    pretest: Any,
    total: int = TOTAL,
    level: float | None = None,
) -> Frequencies:
    """Split `total` people by condition and by test result.

    Parameters
    ----------
    draws : AccuracyDraws
        Accuracy of the test.
    pretest : float, tuple, distribution, array or Pretest
        Pretest probability.
    total : int
        People in all.
    level : float, optional
        Nominal coverage, that of the fit by default.

    Raises
    ------
    OptionError
        If an argument is out of range.
    """
    if total < 1:
        raise OptionError(f"total is {total}; there has to be at least one person")
    level = draws.level if level is None else level
    (chosen,) = pretests(pretest, len(draws), draws.seed, level)
    return Frequencies(
        chosen,
        total,
        _Branches(draws, chosen, total, level, new=False).counts(),
        _Branches(draws, chosen, total, level, new=True).counts(),
        level,
        PARENTS,
        WORDS,
    )


class _Branches:
    """The eight numbers of one tree with one kind of interval."""

    def __init__(
        self, draws: AccuracyDraws, pretest: Pretest, total: int, level: float, new: bool
    ) -> None:
        self.draws, self.pretest, self.total, self.level = draws, pretest, total, level
        self.method = "prediction" if new else "mean"
        self.point = expit(draws.point)
        self.accuracy = draws.probabilities(new)

    def counts(self) -> dict[str, Count]:
        """Compute every number, or say which margin is missing."""
        p, total = self.pretest.value, self.total
        diseased = rounded(total * p)
        found: dict[str, Count] = {
            "diseased": self._count(diseased, lambda q: total * q + self._flat),
            "nondiseased": self._count(total - diseased, lambda q: total * (1.0 - q) + self._flat),
        }
        sens, spec = self.point
        if self.draws.has_sensitivity:
            hit = min(rounded(total * p * sens), diseased)
            found |= self._branch("found", "missed", hit, diseased, SENSITIVITY)
        if self.draws.has_specificity:
            well = total - diseased
            clear = min(rounded(total * (1.0 - p) * spec), well)
            found |= self._branch("cleared", "false_alarms", clear, well, SPECIFICITY)
        missing = self.draws.missing
        if missing is not None:
            return {name: found.get(name, missing) for name in NODES}
        positive = hit + well - clear
        found["positive"] = self._count(positive, self._positive)
        found["negative"] = self._count(total - positive, lambda q: total - self._positive(q))
        return {name: found[name] for name in NODES}

    @property
    def _flat(self) -> FloatArray:
        return np.zeros(len(self.draws))

    def _positive(self, q: FloatArray) -> FloatArray:
        sens, spec = self.accuracy.T
        return np.asarray(self.total * (q * sens + (1.0 - q) * (1.0 - spec)))

    def _branch(
        self, right: str, wrong: str, value: int, whole: int, column: int
    ) -> dict[str, Count]:
        """Numbers of the right and of the wrong results among those with or without."""
        share = self.accuracy[:, column]

        def people(q: FloatArray) -> FloatArray:
            return np.asarray(self.total * (q if column == SENSITIVITY else 1.0 - q))

        good = self._count(value, lambda q: people(q) * share)
        if self.pretest.kind == "number":
            ends = (whole - min(good.high, whole), whole - min(good.low, whole))
            bad = Estimate(whole - value, *ends, self.level, self.method)
            good = Estimate(value, good.low, min(good.high, whole), self.level, self.method)
        else:
            bad = self._count(whole - value, lambda q: people(q) * (1.0 - share))
        return {right: good, wrong: bad}

    def _count(self, value: int, function: Callable[[FloatArray], FloatArray]) -> Estimate:
        """A whole number with the rounded ends of its draws, which hold it."""
        low, high = (rounded(end) for end in self.pretest.tails(function, self.level).tolist())
        return Estimate(value, min(low, value), max(high, value), self.level, self.method)


def rounded(x: float) -> int:
    """Round to the nearest whole number, halves up."""
    return floor(x + 0.5)


def _plain(count: Count) -> dict[str, Any] | None:
    if isinstance(count, NotApplicable):
        return None
    return {name: round(getattr(count, name)) for name in ("value", "low", "high")}


def require_counts(frequencies: Frequencies) -> dict[str, Estimate]:
    """Return the numbers of a complete tree.

    Raises
    ------
    ModelError
        If a margin is missing.
    """
    complete = {}
    for name, count in frequencies.counts.items():
        if isinstance(count, NotApplicable):
            raise ModelError(f"the tree needs both margins: {count.reason}")
        complete[name] = count
    return complete
