"""Numbers and places of the Fagan nomogram: plain data, nothing is drawn here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import logit

from metadx.decision.posttest import Posttest, PosttestResult, posttest
from metadx.decision.sentences import percent, share
from metadx.decision.thresholds import Thresholds, thresholds
from metadx.errors import OptionError
from metadx.estimate import Estimate
from metadx.plots.canvas import BORDER, Label, paragraph
from metadx.plots.chart_page import GAP, Key, PlacedKey, place_keys, quiet, spread, title_lines
from metadx.plots.decision_basis import Basis, Decidable, basis_captions, basis_of, chosen_pretests
from metadx.plots.fonts import Typeface
from metadx.plots.style import BODY, INK, LINE, TITLE

RESULTS: Final = ("positive", "negative")
#: Probabilities that the outer axes may label, the most wanted first.
PROBABILITIES: Final = (
    0.5, 0.001, 0.999, 0.01, 0.99, 0.1, 0.9, 0.0001, 0.9999, 0.05, 0.95, 0.2, 0.8, 0.02, 0.98,
    0.3, 0.7, 0.005, 0.995, 0.002, 0.998, 0.4, 0.6, 0.0005, 0.9995, 0.0002, 0.9998,
)  # fmt: skip
#: Half the length of an outer axis in logits: at least, and at most.
SHORTEST: Final = float(logit(0.999)) + 0.05
LONGEST: Final = float(logit(0.9999)) + 0.05
#: The middle axis has ticks from 10 to the minus this to 10 to this.
DECADES: Final = 4
#: Least distance of two labels of an axis, and their distance from it (millimetres).
TICK_STEP: Final = 3.3
TICK: Final = 1.2
#: Room of the tick labels, and of the words on either side on a wide and a narrow page.
TICK_ROOM: Final = 9.5
SIDES: Final = {"wide": (38.0, 44.0), "narrow": (13.0, 13.0)}
#: How far the names of the outer axes move outwards on a narrow page.
OUTWARDS: Final = 5.0
NARROW: Final = 120.0
HEIGHTS: Final = {"one-column": 95.0, "two-column": 105.0, "slide": 44.0}


@dataclass(frozen=True, slots=True)
class Ray:
    """A line from a pretest probability through the likelihood ratio, with its bands.

    Attributes
    ----------
    result : str
        ``"positive"`` or ``"negative"``.
    start, end : float
        Heights on the left and on the right axis (millimetres from the top).
    start_ends : tuple of float
        Ends of the pretest probability.
    mean_ends, new_ends : tuple of float
        Ends of both intervals on the right axis.
    """

    result: str
    start: float
    end: float
    start_ends: tuple[float, float]
    mean_ends: tuple[float, float]
    new_ends: tuple[float, float]


@dataclass(frozen=True)
class FaganLayout:
    """A Fagan nomogram before it is drawn; all lengths in millimetres.

    Attributes
    ----------
    width, height : float
        Of the page.
    axes : tuple of float
        Places of the three axes from the left.
    top, bottom : float
        Their ends.
    ticks : tuple of three tuples of (float, bool)
        Heights of the ticks of each axis, and whether they are labelled.
    rays : tuple of Ray
        Lines and bands.
    leaders : tuple of ((float, float), (float, float))
        Thin lines from an axis to words that had to move.
    marks : tuple of (int, float)
        Thresholds: axis (0 or 2) and height.
    labels : tuple of Label
        All words.
    keys : tuple of PlacedKey
        Handles.
    basis : Basis
        What the figure rests on.
    """

    width: float
    height: float
    axes: tuple[float, float, float]
    top: float
    bottom: float
    ticks: tuple[tuple[tuple[float, bool], ...], ...]
    rays: tuple[Ray, ...]
    leaders: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
    marks: tuple[tuple[int, float], ...]
    labels: tuple[Label, ...]
    keys: tuple[PlacedKey, ...]
    basis: Basis


@dataclass(frozen=True)
class FaganSource:
    """What a nomogram shows.

    Attributes
    ----------
    basis : Basis
        Accuracy and words.
    result : PosttestResult
        Post-test probabilities.
    thresholds : Thresholds or None
        Testing and treatment threshold.
    captions : list of str
        What is said of the pretest probability.
    """

    basis: Basis
    result: PosttestResult
    thresholds: Thresholds | None
    captions: list[str]


def fagan_source(
    source: Decidable,
    pretest: Any,
    benefit: Any,
    harm: Any,
    test_harm: Any,
    seed: int,
) -> FaganSource:
    """Compute what a nomogram shows."""
    basis = basis_of(source, seed)
    basis.draws.need_both("a post-test probability")
    chosen, captions = chosen_pretests(basis, pretest)
    found = None
    if (benefit is None) != (harm is None):
        raise OptionError("thresholds need both benefit and harm, in one unit")
    if benefit is not None:
        found = thresholds(basis.draws, benefit, harm, test_harm)
    return FaganSource(basis, posttest(basis.draws, list(chosen)), found, captions)


def fagan_data(
    source: Decidable,
    *,
    pretest: Any = None,
    benefit: Any = None,
    harm: Any = None,
    test_harm: Any = 0.0,
    seed: int = 1,
) -> pd.DataFrame:
    """Return the numbers behind a Fagan nomogram.

    Parameters
    ----------
    source : BivariateResults, BayesianResults or AccuracyDraws
        Accuracy of the test.
    pretest : optional
        As for `metadx.decision.posttest`; the median share of the diseased in the studies by
        default.
    benefit, harm, test_harm : optional
        As for `metadx.decision.thresholds`; benefit and harm together.
    seed : int
        Seed of the draws.

    Returns
    -------
    DataFrame
        ``part`` is ``"pretest"`` with the columns of a post-test result, or ``"threshold"``
        with its name in ``label`` and ``value``, ``low`` and ``high`` (probability).
    """
    found = fagan_source(source, pretest, benefit, harm, test_harm, seed)
    frame = found.result.frame.assign(part="pretest")
    if found.thresholds is not None:
        lines = found.thresholds.frame.rename(columns={"threshold": "label"})
        frame = pd.concat([frame, lines.assign(part="threshold")], ignore_index=True)
    return frame[["part", *(name for name in frame.columns if name != "part")]]


def fagan_layout(
    found: FaganSource, typeface: Typeface, *, width: float, axis_height: float, title: str
) -> FaganLayout:
    """Lay out a nomogram.

    Parameters
    ----------
    found : FaganSource
        From `fagan_source`.
    typeface : Typeface
        Fonts of the figure.
    width : float
        Of the page (millimetres).
    axis_height : float
        Of the three axes (millimetres).
    title : str
        Above; empty for none.
    """
    scale = _Scale(found, axis_height, title, typeface, width)
    labels = title_lines(typeface, title, width)
    labels += scale.headings()
    ticks, tick_labels = scale.ticks()
    rays = tuple(scale.ray(row, result) for row in found.result.rows for result in RESULTS)
    left, left_leaders = _side(scale, _left_words(found, scale, typeface), 0)
    right, right_leaders = _side(scale, _right_words(found, scale, typeface), 2)
    color = found.basis.look.color
    level = found.basis.level
    keys = [
        Key("solid", "Positive result", color),
        Key("dashed", "Negative result", color),
        Key("dark", f"{level} interval of the mean", color),
        Key("light", f"{level} interval for a new hospital", color),
    ]
    if found.thresholds is not None:
        keys.append(Key("marker:D", "Threshold", INK))
    y = scale.bottom + 2.0 * GAP
    placed, words, y = place_keys(typeface, keys, BORDER, y, width - 2.0 * BORDER)
    wide = width - 2.0 * BORDER
    said = paragraph(typeface, _sentences(found), BORDER, y + 0.5 * LINE, wide, INK)
    y += len(said) * LINE + 0.5 * GAP
    small = [*found.captions, *basis_captions(found.basis)]
    notes = paragraph(typeface, small, BORDER, y + 0.5 * LINE, wide)
    return FaganLayout(
        width=width,
        height=y + len(notes) * LINE + BORDER,
        axes=scale.axes,
        top=scale.top,
        bottom=scale.bottom,
        ticks=ticks,
        rays=rays,
        leaders=(*left_leaders, *right_leaders),
        marks=tuple(_marks(found, scale)),
        labels=(*labels, *tick_labels, *left, *right, *words, *said, *notes),
        keys=tuple(placed),
        basis=found.basis,
    )


class _Scale:
    """The three axes: where they stand, and which height a number has on each."""

    def __init__(
        self, found: FaganSource, height: float, title: str, typeface: Typeface, width: float
    ) -> None:
        lines = len(typeface.wrap(title, width - 2.0 * BORDER, TITLE, "bold")) if title else 0
        self.head = BORDER + lines * LINE * TITLE / BODY + (GAP if lines else 0.0)
        self.top = self.head + 2.0 * LINE + 1.0
        self.bottom = self.top + height
        self.narrow = width < NARROW
        left, right = SIDES["narrow" if self.narrow else "wide"]
        first, last = BORDER + left + TICK_ROOM, width - BORDER - right - TICK_ROOM
        self.axes = (first, 0.5 * (first + last), last)
        self.sides = (left, right)
        self.half = self._half(found)
        self.unit = 0.5 * height / self.half
        self.centre = 0.5 * (self.top + self.bottom)

    def _half(self, found: FaganSource) -> float:
        ends = [SHORTEST]
        for row in found.result.rows:
            ends += [abs(float(logit(p))) for p in (row.pretest.low, row.pretest.high)]
            for result in RESULTS:
                one = getattr(row, result)
                ends += [
                    abs(float(logit(min(max(p, 1e-6), 1 - 1e-6)))) for p in (one.low, one.high)
                ]
        return min(max(ends), LONGEST)

    def left(self, probability: float) -> float:
        """Height on the left axis, where small probabilities are on top."""
        return self.centre + self.unit * self._inside(probability)

    def right(self, probability: float) -> float:
        """Height on the right axis, where large probabilities are on top."""
        return self.centre - self.unit * self._inside(probability)

    def middle(self, log_ratio: float) -> float:
        """Height on the axis of the likelihood ratio, half as long a unit."""
        return self.centre - 0.5 * self.unit * log_ratio

    def _inside(self, probability: float) -> float:
        with np.errstate(divide="ignore"):
            return float(np.clip(logit(probability), -self.half, self.half))

    def headings(self) -> list[Label]:
        """Names of the axes, two lines each."""
        words = (("Pretest", "probability (%)"), ("Likelihood", "ratio"),
                 ("Post-test", "probability (%)"))  # fmt: skip
        away = OUTWARDS if self.narrow else 0.0
        places = (self.axes[0] - away, self.axes[1], self.axes[2] + away)
        return [
            Label(x, self.head + (i + 0.5) * LINE, line, align="center", bold=True)
            for x, lines in zip(places, words, strict=True)
            for i, line in enumerate(lines)
        ]

    def ticks(self) -> tuple[tuple[tuple[tuple[float, bool], ...], ...], list[Label]]:
        """Ticks of the three axes, and the labels of those that have room."""
        outer = [p for p in PROBABILITIES if abs(float(logit(p))) <= self.half]
        powers = [10.0**i for i in sorted(range(-DECADES, DECADES + 1), key=abs)]
        inner = [m * power for m in (1.0, 2.0, 5.0) for power in powers]
        inner = [ratio for ratio in inner if 10.0**-DECADES <= ratio <= 10.0**DECADES]
        found, labels = [], []
        for axis, values in enumerate((outer, inner, outer)):
            taken: list[float] = []
            ticks = []
            for value in values:
                y = self._place(axis, value)
                free = all(abs(y - other) >= TICK_STEP for other in taken)
                free &= axis != 1 or round(np.log10(value), 6).is_integer()
                ticks.append((y, bool(free)))
                if free:
                    taken.append(y)
                    labels.append(self._tick_label(axis, value, y))
            found.append(tuple(sorted(ticks)))
        return tuple(found), labels

    def _place(self, axis: int, value: float) -> float:
        if axis == 1:
            return self.middle(float(np.log(value)))
        return self.left(value) if axis == 0 else self.right(value)

    def _tick_label(self, axis: int, value: float, y: float) -> Label:
        text = f"{value:,.0f}" if axis == 1 and value >= 1.0 else f"{value:.6g}"
        if axis != 1:
            text = f"{100.0 * value:.6g}"
        align = "right" if axis == 0 else "left"
        shift = -(TICK + 0.8) if axis == 0 else TICK + 0.8
        return Label(self.axes[axis] + shift, y, text, align=align)

    def ray(self, row: Posttest, result: str) -> Ray:
        """Line and bands of one result at one pretest probability."""
        mean, new = getattr(row, result), getattr(row, f"{result}_new")
        return Ray(
            result,
            self.left(row.pretest.value),
            self.right(mean.value),
            (self.left(row.pretest.low), self.left(row.pretest.high)),
            (self.right(mean.low), self.right(mean.high)),
            (self.right(new.low), self.right(new.high)),
        )


Words = tuple[float, Sequence[Label]]


def _left_words(found: FaganSource, scale: _Scale, typeface: Typeface) -> list[Words]:
    """Names of the pretest probabilities and of the thresholds beside the left axis."""
    words: list[Words] = []
    room = scale.sides[0] - 1.0
    for row in found.result.rows:
        name = f"{percent(row.pretest.value)}%" if scale.narrow else row.pretest.label
        lines = typeface.wrap(name, room, BODY, "bold")
        words.append(
            (scale.left(row.pretest.value), [Label(0.0, 0.0, line, bold=True) for line in lines])
        )
    if found.thresholds is not None:
        for name, text in (("testing", "Test from"), ("treatment", "Treat from")):
            value = getattr(found.thresholds, name)
            if isinstance(value, Estimate):
                shown = f"{percent(value.value)}%" if scale.narrow else share(value)
                lines = typeface.wrap(f"{text} {shown}", room, BODY)
                words.append((scale.left(value.value), [quiet(line, 0.0, 0.0) for line in lines]))
    return words


def _right_words(found: FaganSource, scale: _Scale, typeface: Typeface) -> list[Words]:
    """Post-test probabilities beside the right axis."""
    words: list[Words] = []
    for row in found.result.rows:
        for result in RESULTS:
            mean, new = getattr(row, result), getattr(row, f"{result}_new")
            shown = f"{percent(mean.value)}%" if scale.narrow else share(mean)
            lines = [Label(0.0, 0.0, shown, bold=True)]
            if not scale.narrow:
                ends = f"{percent(new.low)} to {percent(new.high)}%"
                lines.append(quiet(f"new hospital {ends}", 0.0, 0.0))
            words.append((scale.right(mean.value), lines))
    if found.thresholds is not None:
        alone = found.thresholds.untested
        room = scale.sides[1] - 1.5
        texts = typeface.wrap(f"Treat above {percent(alone.value)}%", room, BODY)
        words.append((scale.right(alone.value), [quiet(text, 0.0, 0.0) for text in texts]))
    return words


def _side(
    scale: _Scale, words: list[Words], axis: int
) -> tuple[list[Label], list[tuple[tuple[float, float], tuple[float, float]]]]:
    """Move the words of one side apart and lead each to its place on the axis."""
    tallest = max((len(lines) for _, lines in words), default=1)
    size = tallest * LINE + 0.8
    places = spread([y for y, _ in words], size, scale.top, scale.bottom)
    sign = -1.0 if axis == 0 else 1.0
    edge = scale.axes[axis] + sign * TICK_ROOM
    labels, leaders = [], []
    for (y, lines), middle in zip(words, places, strict=True):
        for i, line in enumerate(lines):
            at = middle + (i - 0.5 * (len(lines) - 1)) * LINE
            align = "right" if axis == 0 else "left"
            labels.append(
                Label(edge + sign, at, line.text, align, line.bold, line.size, line.color)
            )
        near = scale.axes[axis] + sign * (TICK_ROOM - 2.0)
        leaders.append(((near, y), (edge + 0.5 * sign, middle)))
    return labels, leaders


def _marks(found: FaganSource, scale: _Scale) -> list[tuple[int, float]]:
    lines = found.thresholds
    if lines is None:
        return []
    marks = [
        (0, scale.left(value.value))
        for value in (lines.testing, lines.treatment)
        if isinstance(value, Estimate)
    ]
    return [*marks, (2, scale.right(lines.untested.value))]


def _sentences(found: FaganSource) -> list[str]:
    """Natural frequencies of every pretest probability, and the thresholds in words."""
    result = found.result
    several = len(result.rows) > 1
    texts = [
        (f"{row.pretest.label}: " if several or _has_name(row) else "") + result.sentence(row)
        for row in result.rows
    ]
    lines = found.thresholds
    if lines is None:
        return texts
    if isinstance(lines.testing, Estimate) and isinstance(lines.treatment, Estimate):
        text = f"test from {share(lines.testing)}, treat untested from {share(lines.treatment)}"
    else:
        text = str(lines.testing)
    return [*texts, f"Pretest probability at which the best action changes: {text}."]


def _has_name(row: Posttest) -> bool:
    return row.pretest.label not in (str(row.pretest), "") and "%" not in row.pretest.label
