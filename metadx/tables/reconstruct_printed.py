"""What a paper prints about a 2x2 table, as exact linear conditions on its four cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

from metadx.errors import OptionError
from metadx.tables import kinds
from metadx.tables.schema import COUNT_COLUMNS

#: Cells in the order of every array of the reconstruction.
CELLS: Final = COUNT_COLUMNS
_TP, _FP, _FN, _TN = ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))
_ALL: Final = (1, 1, 1, 1)
#: Numerator and denominator of each percentage, as sums of cells.
SHARES: Final[dict[str, tuple[tuple[int, ...], tuple[int, ...]]]] = {
    "sensitivity": (_TP, (1, 0, 1, 0)),
    "specificity": (_TN, (0, 1, 0, 1)),
    "ppv": (_TP, (1, 1, 0, 0)),
    "npv": (_TN, (0, 0, 1, 1)),
    "accuracy": ((1, 0, 0, 1), _ALL),
    "prevalence": ((1, 0, 1, 0), _ALL),
}
#: Each number of people, as a sum of cells.
TOTALS: Final[dict[str, tuple[int, ...]]] = {
    "n": _ALL,
    "n_diseased": (1, 0, 1, 0),
    "n_nondiseased": (0, 1, 0, 1),
    "n_test_positive": (1, 1, 0, 0),
    "n_test_negative": (0, 0, 1, 1),
    "tp": _TP,
    "fp": _FP,
    "fn": _FN,
    "tn": _TN,
}
INTERVALS: Final = tuple(f"{name}_interval" for name in SHARES if name != "prevalence")
#: More decimals than any journal prints; they keep the products below within 64 bits.
MAX_DECIMALS: Final = 6
ROUNDINGS: Final = ("nearest", "cut", "either")
INTERVAL_METHODS: Final = ("wilson", "clopper_pearson", "wald")

Number = int | float | str | Decimal
Interval = tuple[Number, Number]


@dataclass(frozen=True, slots=True)
class Condition:
    """``coefficients . (tp, fp, fn, tn) + constant >= 0`` in whole numbers."""

    coefficients: tuple[int, ...]
    constant: int = 0


@dataclass(frozen=True)
class Printed:
    """What is printed about one 2x2 table; see `metadx.tables.reconstruct_counts`."""

    sensitivity: Number | None = None
    specificity: Number | None = None
    ppv: Number | None = None
    npv: Number | None = None
    accuracy: Number | None = None
    prevalence: Number | None = None
    n: Number | None = None
    n_diseased: Number | None = None
    n_nondiseased: Number | None = None
    n_test_positive: Number | None = None
    n_test_negative: Number | None = None
    tp: Number | None = None
    fp: Number | None = None
    fn: Number | None = None
    tn: Number | None = None
    sensitivity_interval: Interval | None = None
    specificity_interval: Interval | None = None
    ppv_interval: Interval | None = None
    npv_interval: Interval | None = None
    accuracy_interval: Interval | None = None
    interval_method: str | None = None
    level: float = 0.95
    percent: bool = True
    decimals: int | Mapping[str, int] | None = None
    rounding: str = "nearest"
    n_max: int | None = None

    def __post_init__(self) -> None:
        for name, allowed in (("rounding", ROUNDINGS), ("interval_method", INTERVAL_METHODS)):
            value = getattr(self, name)
            if value not in allowed and not (name == "interval_method" and value is None):
                raise OptionError(f"{name} is {value!r}; it is one of {', '.join(allowed)}")
        if not 0.0 < self.level < 1.0:
            raise OptionError(f"level is {self.level}; it lies between 0 and 1")
        if isinstance(self.decimals, Mapping):
            for name in set(self.decimals) - set(SHARES) - set(INTERVALS):
                raise OptionError(
                    f"decimals names {name!r}; it may name {', '.join((*SHARES, *INTERVALS))}"
                )
        if self.n_max is not None:
            _whole("n_max", self.n_max)
        # Everything is read once here, so that what cannot be read is said before any search.
        _ = (self.totals, self.shares, self.intervals)

    @cached_property
    def totals(self) -> dict[str, int]:
        """The numbers of people that were given."""
        given = {name: getattr(self, name) for name in TOTALS}
        return {name: _whole(name, value) for name, value in given.items() if value is not None}

    @cached_property
    def shares(self) -> dict[str, tuple[Fraction, Fraction]]:
        """The range of each given percentage before rounding, as a proportion."""
        given = {name: getattr(self, name) for name in SHARES}
        return {n: self._range(n, value) for n, value in given.items() if value is not None}

    @cached_property
    def intervals(self) -> dict[str, tuple[tuple[Fraction, Fraction], ...]]:
        """The ranges of both ends of each given interval, as proportions."""
        found: dict[str, tuple[tuple[Fraction, Fraction], ...]] = {}
        for name in INTERVALS:
            ends = getattr(self, name)
            if ends is None:
                continue
            if isinstance(ends, str) or len(ends) != 2:
                raise OptionError(f"{name} is {ends!r}; it is a pair (low, high)")
            low, high = (self._range(name, end) for end in ends)
            if low[0] > high[1]:
                raise OptionError(f"{name} is {ends!r}; the low end comes first")
            found[name] = (low, high)
        return found

    @property
    def given(self) -> dict[str, str]:
        """Everything that was given, as printed."""
        named = [field.name for field in fields(self)]
        names = [n for n in named if n in TOTALS or n in SHARES or n in INTERVALS]
        return {n: self.text(n) for n in names if getattr(self, n) is not None}

    def text(self, name: str) -> str:
        """One printed number in words, ``"sensitivity 93.3 %"``."""
        value = getattr(self, name)
        unit = " %" if self.percent else ""
        words = name.replace("_", " ")
        if name in TOTALS:
            return f"{words} {value}"
        if name in INTERVALS:
            return f"{words} {value[0]} to {value[1]}{unit}"
        return f"{words} {value}{unit}"

    def conditions(self, name: str) -> list[Condition]:
        """The conditions that one printed number puts on the cells."""
        if name in self.totals:
            mask, value = TOTALS[name], self.totals[name]
            return [Condition(mask, -value), Condition(tuple(-c for c in mask), value)]
        if name in self.intervals:
            return [Condition(SHARES[name.removesuffix("_interval")][1], -1)]
        above, below = SHARES[name]
        low, high = self.shares[name]
        pairs = list(zip(above, below, strict=True))
        return [
            Condition(tuple(low.denominator * a - low.numerator * b for a, b in pairs)),
            Condition(tuple(high.numerator * b - high.denominator * a for a, b in pairs)),
            # A percentage of nobody is not printed.
            Condition(below, -1),
        ]

    def _range(self, name: str, value: Number) -> tuple[Fraction, Fraction]:
        text = printed_text(value)
        number = kinds.number(text)
        top = 100 if self.percent else 1
        if number is None or not 0 <= number <= top:
            unit = "without % or with it" if self.percent else "because percent is False"
            raise OptionError(f"{name} is {value!r}; it is a number from 0 to {top}, {unit}")
        decimals = self._decimals(name, text)
        unit_size = Fraction(1, 10**decimals)
        ends = {
            "nearest": (-unit_size / 2, unit_size / 2),
            "cut": (Fraction(0), unit_size),
            "either": (-unit_size / 2, unit_size),
        }[self.rounding]
        centre = Fraction(number)
        low, high = ((centre + end) / top for end in ends)
        return max(low, Fraction(0)), min(high, Fraction(1))

    def _decimals(self, name: str, text: str) -> int:
        given = self.decimals
        if isinstance(given, Mapping):
            given = given.get(name)
        shown = len(text.partition(".")[2])
        decimals = shown if given is None else given
        if not 0 <= decimals <= MAX_DECIMALS:
            raise OptionError(f"{name} has {decimals} decimals; 0 to {MAX_DECIMALS} are possible")
        if shown > decimals and set(text.partition(".")[2][decimals:]) != {"0"}:
            raise OptionError(f"{name} is {text}, which has more than {decimals} decimals")
        return decimals


def printed_text(value: Number) -> str:
    """Write a printed number with the digits it was given with, and a decimal point.

    A string keeps its trailing zeros, ``"93.0"``; a float has the fewest digits that
    mean it.
    """
    if isinstance(value, str):
        return kinds.plain_number(value.strip().removesuffix("%"), decimal_comma=True)
    if isinstance(value, Decimal):
        return format(value, "f")
    number = float(value)
    if number.is_integer():
        return str(int(number))
    return format(Decimal(repr(number)), "f")


def _whole(name: str, value: Any) -> int:
    text = printed_text(value) if not isinstance(value, bool) else ""
    number = kinds.whole(text)
    if number is None or number < 0:
        raise OptionError(f"{name} is {value!r}; it is a whole number from 0 up")
    return number
