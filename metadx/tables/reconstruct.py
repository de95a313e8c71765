"""From the percentages that a paper prints back to its 2x2 table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, Final

import pandas as pd

from metadx.errors import OptionError
from metadx.tables.frames import cell_text
from metadx.tables.reconstruct_conflicts import (
    conflicts,
    determined,
    insufficient,
    near_misses,
    totals_that_follow,
)
from metadx.tables.reconstruct_printed import (
    CELLS,
    INTERVALS,
    SHARES,
    TOTALS,
    Condition,
    Interval,
    Number,
    Printed,
)
from metadx.tables.reconstruct_search import IntArray, Unbounded, solve
from metadx.tables.schema import did_you_mean

#: Tables that are worth reading on a terminal.
_SHOWN: Final = 20
_OPTIONS: Final = tuple(field.name for field in fields(Printed))


@dataclass(frozen=True)
class Reconstruction:
    """All 2x2 tables that agree with what is printed.

    Attributes
    ----------
    solutions : DataFrame
        Columns tp, fp, fn, tn (``Int64``), one row a table, sorted; the two cells of a class
        about which too little is printed are empty.
    ranges : dict
        Lowest and highest value of each cell over the solutions; a cell that is not
        determined is missing.
    used : tuple of str
        What decided, by the names of the arguments.
    ignored : tuple of str
        What was given and says nothing about the cells that are determined.
    contradictions : tuple of tuple of str
        Where nothing fits: the smallest sets of arguments that contradict each other.
    sentence : str
        The result in words.
    """

    solutions: pd.DataFrame
    ranges: Mapping[str, tuple[int, int]]
    used: tuple[str, ...]
    ignored: tuple[str, ...]
    contradictions: tuple[tuple[str, ...], ...]
    sentence: str

    @property
    def unique(self) -> bool:
        """Whether exactly one table fits."""
        return len(self.solutions) == 1

    @property
    def contradiction(self) -> str:
        """The sentence where nothing fits, else empty."""
        return self.sentence if self.contradictions else ""

    def text(self) -> str:
        """Write the sentence and, where there are several, the first tables."""
        if len(self) < 2:
            return self.sentence
        shown = self.solutions.head(_SHOWN).map(cell_text).to_string(index=False)
        rest = len(self) - _SHOWN
        return f"{self.sentence}\n{shown}" + (f"\nand {rest:,} more" if rest > 0 else "")

    def csv(self) -> str:
        """Write all solutions as CSV."""
        return str(self.solutions.to_csv(index=False, lineterminator="\n"))

    def __len__(self) -> int:
        return len(self.solutions)

    def __str__(self) -> str:
        return self.sentence


def reconstruct_counts(
    sensitivity: Number | None = None,
    specificity: Number | None = None,
    ppv: Number | None = None,
    npv: Number | None = None,
    accuracy: Number | None = None,
    n: Number | None = None,
    n_diseased: Number | None = None,
    n_nondiseased: Number | None = None,
    percent: bool = True,
    decimals: int | Mapping[str, int] | None = None,
    *,
    prevalence: Number | None = None,
    n_test_positive: Number | None = None,
    n_test_negative: Number | None = None,
    sensitivity_interval: Interval | None = None,
    specificity_interval: Interval | None = None,
    interval_method: str | None = None,
    rounding: str = "nearest",
    n_max: int | None = None,
    **more: Any,
) -> pd.DataFrame:
    """List every 2x2 table of whole numbers that agrees with what a paper prints.

    A percentage v printed with d decimals stands for every value in the closed range from
    v - u/2 to v + u/2, u = 10^-d: numbers rounded half up and half to even are both inside,
    so the true table is always among the solutions. The arithmetic is exact.

    Parameters
    ----------
    sensitivity, specificity, ppv, npv, accuracy : number or str, optional
        As printed, in percent. A string keeps trailing zeros: ``"93.0"`` has one decimal,
        ``93.0`` none.
    n, n_diseased, n_nondiseased : int, optional
        Numbers examined, with and without the condition.
    percent : bool
        Whether percentages are 0 to 100; False for proportions 0 to 1.
    decimals : int or mapping of str to int, optional
        Decimals that were printed, for all percentages or by name; None counts them.
    prevalence : number or str, optional
        Share with the condition, in percent.
    n_test_positive, n_test_negative : int, optional
        Numbers with each test result: a table known in its margins only.
    sensitivity_interval, specificity_interval : pair of numbers, optional
        Confidence interval as printed, a filter on the tables that fit otherwise.
    interval_method : {"wilson", "clopper_pearson", "wald"}, optional
        Its formula; None keeps a table if any of the three gives the printed interval.
    rounding : {"nearest", "cut", "either"}
        Whether percentages were rounded, cut off after the last digit, or one of both.
    n_max : int, optional
        The largest number of people that is possible, where no number is printed.
    **more
        ``tp``, ``fp``, ``fn``, ``tn`` known singly; ``ppv_interval``, ``npv_interval``,
        ``accuracy_interval``; ``level`` of the intervals, 0.95.

    Returns
    -------
    DataFrame
        Columns tp, fp, fn, tn; empty where the numbers contradict each other. ``attrs`` holds
        ``unique``, ``ranges``, ``used``, ``contradictions`` and ``sentence``.

    Raises
    ------
    OptionError
        The numbers do not suffice (the message says what would), or one cannot be read.

    Examples
    --------
    >>> reconstruct_counts(sensitivity=93.3, specificity=88.2, n_diseased=45, n_nondiseased=51)
       tp  fp  fn  tn
    0  42   6   3  45
    """
    given = dict(locals())
    found = reconstruction(**{**given.pop("more"), **given})
    frame = found.solutions.copy()
    names = ("unique", "ranges", "used", "contradictions", "sentence")
    frame.attrs = {name: getattr(found, name) for name in names}
    return frame


def reconstruction(**printed: Any) -> Reconstruction:
    """Reconstruct a 2x2 table and say in words what was found.

    Parameters
    ----------
    **printed
        The arguments of `reconstruct_counts`.

    Returns
    -------
    Reconstruction

    Raises
    ------
    OptionError
        As for `reconstruct_counts`, or an argument has an unknown name.
    """
    for name in printed:
        if name not in _OPTIONS:
            raise OptionError(
                f"nothing printed is called {name!r}{did_you_mean(name, _OPTIONS)}; "
                f"there are {', '.join(_OPTIONS)}"
            )
    numbers = Printed(**printed)
    cells = determined(numbers.given, numbers.n_max is not None)
    if not cells:
        raise insufficient(numbers)
    used = tuple(name for name in numbers.given if _speaks_of(name, cells))
    tables, contradictions = _tables(numbers, cells, used)
    ignored = tuple(name for name in numbers.given if name not in used)
    frame = _frame(tables, cells)
    ranges = {
        name: (int(frame[name].min()), int(frame[name].max())) for name in cells if len(frame)
    }
    sentence = _sentence(numbers, frame, ranges, ignored, contradictions)
    return Reconstruction(frame, ranges, used, ignored, contradictions, sentence)


def reconstruction_from_text(**printed: Any) -> Reconstruction:
    """Reconstruct from what was typed: an interval is ``"LOW,HIGH"`` or ``"LOW to HIGH"``.

    Raises
    ------
    OptionError
        As for `reconstruction`.
    """
    numbers = {name: value for name, value in printed.items() if value is not None}
    for name in INTERVALS:
        if name in numbers:
            numbers[name] = tuple(part.strip() for part in re.split(r"[,;]| to ", numbers[name]))
    return reconstruction(**numbers)


def _speaks_of(name: str, cells: tuple[str, ...]) -> bool:
    """Whether a number concerns the determined cells, directly or as a group size."""
    if len(cells) == 4 or name in ("n", "n_diseased", "n_nondiseased"):
        return True
    mask = TOTALS[name] if name in TOTALS else SHARES[name.removesuffix("_interval")][1]
    return all(not part or cell in cells for part, cell in zip(mask, CELLS, strict=True))


def _tables(
    numbers: Printed, cells: tuple[str, ...], used: tuple[str, ...]
) -> tuple[IntArray, tuple[tuple[str, ...], ...]]:
    limit = []
    if numbers.n_max is not None:
        limit.append(Condition((-1, -1, -1, -1), numbers.n_max))
    conditions = [*limit, *(c for name in used for c in numbers.conditions(name))]
    if len(cells) == 2:
        conditions = list(_of_one_class(numbers, conditions, cells))
    try:
        tables = solve(conditions)
    except Unbounded as error:
        raise OptionError(
            f"{error}: {', '.join(numbers.given.values())}; give n, or n_max, the largest number "
            "of people that is possible"
        ) from error
    if not len(tables):
        return tables, conflicts(numbers, limit)
    if not numbers.intervals:
        return tables, ()
    # statsmodels is slow to load, and only intervals need it.
    from metadx.tables.reconstruct_intervals import fits_intervals

    keep = fits_intervals(numbers, tables)
    if not keep.any():
        return tables[keep], (tuple(numbers.given),)
    return tables[keep], ()


def _of_one_class(
    numbers: Printed, conditions: list[Condition], cells: tuple[str, ...]
) -> Iterator[Condition]:
    """The conditions on one class, the other being empty."""
    inside = [CELLS.index(cell) for cell in cells]
    for condition in conditions:
        if not any(c for i, c in enumerate(condition.coefficients) if i not in inside):
            yield condition
    size = "n_diseased" if "tp" in cells else "n_nondiseased"
    follows = totals_that_follow(numbers).get(size)
    if follows is not None:
        yield Condition(TOTALS[size], -follows)
        yield Condition(tuple(-c for c in TOTALS[size]), follows)
    for index in set(range(4)) - set(inside):
        yield Condition(tuple(-1 if i == index else 0 for i in range(4)))


def _frame(tables: IntArray, cells: tuple[str, ...]) -> pd.DataFrame:
    frame = pd.DataFrame(tables, columns=list(CELLS)).astype("Int64")
    for name in CELLS:
        if name not in cells:
            frame[name] = pd.NA
    return frame.astype("Int64")


def _sentence(
    numbers: Printed,
    frame: pd.DataFrame,
    ranges: Mapping[str, tuple[int, int]],
    ignored: tuple[str, ...],
    contradictions: tuple[tuple[str, ...], ...],
) -> str:
    if contradictions:
        return _contradiction_sentence(numbers, contradictions)
    spans = [
        f"{cell} {low}" if low == high else f"{cell} {low} to {high}"
        for cell, (low, high) in ranges.items()
    ]
    if len(frame) == 1:
        text = f"Exactly one table fits: {', '.join(spans)}"
    else:
        text = f"{len(frame):,} tables fit: {', '.join(spans)}"
    if ignored:
        text += f"; too little is printed to use {', '.join(numbers.text(n) for n in ignored)}"
    return text + "."


def _contradiction_sentence(numbers: Printed, contradictions: tuple[tuple[str, ...], ...]) -> str:
    parts = []
    for names in contradictions[:3]:
        joined = " and ".join(numbers.text(name) for name in names)
        verb = "contradict each other" if len(names) > 1 else "cannot be"
        near = near_misses(numbers, names)
        parts.append(f"{joined} {verb}" + (f" ({near})" if near else ""))
    text = "No table fits: " + "; ".join(parts) + "."
    highest = max((high for _, high in numbers.shares.values()), default=Fraction(1))
    if numbers.percent and highest < Fraction(11, 1000):
        text += " Every percentage is at most 1; proportions need percent=False."
    return text
