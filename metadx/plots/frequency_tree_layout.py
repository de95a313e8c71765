"""Numbers and places of the natural-frequency tree: plain data, nothing is drawn here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from metadx.decision.draws import AccuracyDraws
from metadx.decision.frequencies import Frequencies, natural_frequencies
from metadx.decision.sentences import frequencies_sentence
from metadx.decision.sequences import two_tests
from metadx.estimate import Estimate, NotApplicable
from metadx.plots.canvas import BORDER, Box, Label, paragraph
from metadx.plots.chart_page import GAP, quiet, title_lines
from metadx.plots.decision_basis import (
    Basis,
    Decidable,
    basis_captions,
    basis_of,
    chosen_pretests,
)
from metadx.plots.fonts import Typeface
from metadx.plots.style import BODY, INK, LINE, TITLE

#: Within a box, between two boxes of a column, between two columns (millimetres).
PAD: Final = 1.4
STEP: Final = 2.6
COLUMN_GAP: Final = 6.0
ROOT: Final = "all"
#: What the test found, as the frame of a box says it.
RIGHT: Final = ("found", "cleared")
WRONG: Final = ("missed", "false_alarms")


@dataclass(frozen=True, slots=True)
class TreeBox:
    """One box of the tree.

    Attributes
    ----------
    name : str
        Of the number.
    box : Box
        Place (millimetres).
    kind : {"plain", "right", "wrong", "unknown"}
        How it is framed.
    """

    name: str
    box: Box
    kind: str


@dataclass(frozen=True)
class TreeLayout:
    """A tree before it is drawn; lengths in millimetres.

    Attributes
    ----------
    width, height : float
        Of the page.
    boxes : tuple of TreeBox
        Boxes.
    branches : tuple of ((float, float), (float, float))
        Lines from a box to the next.
    labels : tuple of Label
        All words.
    """

    width: float
    height: float
    boxes: tuple[TreeBox, ...]
    branches: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class TreeSource:
    """What a tree shows.

    Attributes
    ----------
    basis : Basis
        Accuracy of the first test.
    frequencies : Frequencies
        The numbers.
    captions : list of str
        Below the tree.
    """

    basis: Basis
    frequencies: Frequencies
    captions: list[str]


def tree_source(
    source: Decidable,
    pretest: Any,
    second: Decidable | None,
    follow: str,
    total: int,
    seed: int,
) -> TreeSource:
    """Compute what a tree shows."""
    basis = basis_of(source, seed)
    (chosen,), captions = chosen_pretests(basis, pretest, several=False)
    if second is None:
        found = natural_frequencies(basis.draws, chosen, total)
        captions = [frequencies_sentence(found, basis.wording), *captions]
        return TreeSource(basis, found, [*captions, *basis_captions(basis)])
    other = basis_of(second, seed)
    found = two_tests(basis.draws, other.draws, chosen, follow, total)
    captions = [
        _sequence_sentence(found, basis),
        *captions,
        _independence(basis.draws, other.draws, follow),
    ]
    for name, one in ((basis.title, basis), (other.title, other)):
        captions.append(f"{name}: {' '.join(basis_captions(one))}")
    return TreeSource(basis, found, captions)


def frequency_tree_data(
    source: Decidable,
    *,
    pretest: Any = None,
    second: Decidable | None = None,
    follow: str = "negative",
    total: int = 1000,
    seed: int = 1,
) -> pd.DataFrame:
    """Return the numbers behind a natural-frequency tree.

    Parameters
    ----------
    source : BivariateResults, BayesianResults or AccuracyDraws
        Accuracy of the test, of the first one where there are two.
    pretest : optional
        One pretest probability, as for `metadx.decision.posttest`; the median share of the
        diseased in the studies by default.
    second : optional
        Accuracy of a second test, in people whose first result was `follow`.
    follow : {"negative", "positive"}
        Which first result leads to the second test.
    total : int
        People in all.
    seed : int
        Seed of the draws.

    Returns
    -------
    DataFrame
        From `metadx.decision.Frequencies`, with the words of each number.
    """
    found = tree_source(source, pretest, second, follow, total, seed).frequencies
    frame = found.frame
    return frame.assign(words=[found.words[name] for name in frame["name"]])


def frequency_tree_layout(
    found: TreeSource, typeface: Typeface, *, width: float, title: str
) -> TreeLayout:
    """Lay out a tree from left to right.

    Parameters
    ----------
    found : TreeSource
        From `tree_source`.
    typeface : Typeface
        Fonts of the figure.
    width : float
        Of the page (millimetres).
    title : str
        Above; empty for none.
    """
    labels = title_lines(typeface, title, width)
    top = BORDER + len(labels) * LINE * TITLE / BODY + (GAP if labels else 0.0)
    tree = _Tree(found, typeface, width, top)
    labels += tree.labels
    bottom = max(one.box.y + one.box.height for one in tree.boxes)
    y = bottom + 2.0 * GAP
    first, *rest = [*found.captions, _brackets(found.basis)]
    wide = width - 2.0 * BORDER
    said = paragraph(typeface, [first], BORDER, y + 0.5 * LINE, wide, INK)
    y += len(said) * LINE + 0.5 * GAP
    notes = paragraph(typeface, rest, BORDER, y + 0.5 * LINE, wide)
    height = y + len(notes) * LINE + BORDER
    return TreeLayout(
        width, height, tuple(tree.boxes), tuple(tree.branches), (*labels, *said, *notes)
    )


class _Tree:
    """Places boxes: leaves below each other, each other box in the middle of its branches."""

    def __init__(self, found: TreeSource, typeface: Typeface, width: float, top: float) -> None:
        self.found, self.typeface = found, typeface
        self.parents = {name: parent or ROOT for name, parent in found.frequencies.parents.items()}
        depth = 1 + max(self._depth(name) for name in self.parents)
        room = width - 2.0 * BORDER - (depth - 1) * COLUMN_GAP
        self.column = room / depth
        self.lines = {name: self._lines(name) for name in (ROOT, *self.parents)}
        self.boxes: list[TreeBox] = []
        self.branches: list[tuple[tuple[float, float], tuple[float, float]]] = []
        self.labels: list[Label] = []
        self.y = top
        self._place(ROOT)

    def _depth(self, name: str) -> int:
        return 0 if name == ROOT else 1 + self._depth(self.parents[name])

    def _place(self, name: str) -> float:
        """Place a box with all that follows from it; return the height of its middle."""
        x = BORDER + self._depth(name) * (self.column + COLUMN_GAP)
        height = len(self.lines[name]) * LINE + 2.0 * PAD
        children = [child for child, parent in self.parents.items() if parent == name]
        if children:
            middles = [self._place(child) for child in children]
            middle = 0.5 * (middles[0] + middles[-1])
            start = (x + self.column, middle)
            self.branches += [(start, (start[0] + COLUMN_GAP, y)) for y in middles]
        else:
            middle = self.y + 0.5 * height
            self.y += height + STEP
        box = Box(x, middle - 0.5 * height, self.column, height)
        self.boxes.append(TreeBox(name, box, self._kind(name)))
        for i, line in enumerate(self.lines[name]):
            at = box.y + PAD + (i + 0.5) * LINE
            self.labels.append(
                Label(x + 0.5 * self.column, at, line.text, "center", line.bold, BODY, line.color)
            )
        return middle

    def _kind(self, name: str) -> str:
        if name != ROOT and isinstance(self.found.frequencies.counts[name], NotApplicable):
            return "unknown"
        return "right" if name.startswith(RIGHT) else "wrong" if name.startswith(WRONG) else "plain"

    def _lines(self, name: str) -> list[Label]:
        """Number, words, interval of the mean and for a new hospital."""
        room = self.column - 2.0 * PAD
        frequencies, wording = self.found.frequencies, self.found.basis.wording
        if name == ROOT:
            head = Label(0.0, 0.0, f"{frequencies.total:,}", bold=True)
            units = self.typeface.wrap(wording.units, room, BODY)
            return [head, *(Label(0.0, 0.0, line) for line in units)]
        count = frequencies.counts[name]
        text = self._words(name)
        words = [Label(0.0, 0.0, line) for line in self.typeface.wrap(text, room, BODY)]
        if isinstance(count, NotApplicable):
            return [Label(0.0, 0.0, "unknown", bold=True), *words]
        lines = [Label(0.0, 0.0, f"{count.value:,.0f}", bold=True), *words]
        if count.low < count.high:
            lines.append(Label(0.0, 0.0, f"({count.low:,.0f} to {count.high:,.0f})"))
        new = frequencies.new_setting[name]
        if isinstance(new, Estimate) and (new.low, new.high) != (count.low, count.high):
            lines.append(quiet(f"[{new.low:,.0f} to {new.high:,.0f}]", 0.0, 0.0))
        return lines

    def _words(self, name: str) -> str:
        condition = self.found.basis.wording.condition
        if name == "diseased":
            return f"have {condition}"
        return "do not" if name == "nondiseased" else self.found.frequencies.words[name]


def _brackets(basis: Basis) -> str:
    return (
        f"(a to b): {basis.level} interval of the mean; [a to b]: {basis.level} interval for a "
        "new hospital. Numbers are rounded so that each branch adds up."
    )


def _sequence_sentence(found: Frequencies, basis: Basis) -> str:
    shown = {}
    for name in ("diseased", "all_found", "all_missed", "all_false_alarms", "second_tests"):
        count = found.counts[name]
        assert isinstance(count, Estimate)
        ends = "" if count.low == count.high else f" ({count.low:,.0f} to {count.high:,.0f})"
        shown[name] = f"{count.value:,.0f}{ends}"
    return (
        f"Of {found.total:,} {basis.wording.units} like these {shown['diseased']} have "
        f"{basis.wording.condition}; both tests together find {shown['all_found']} and miss "
        f"{shown['all_missed']}, with {shown['all_false_alarms']} false alarms. "
        f"{shown['second_tests']} have the second test."
    )


def _independence(first: AccuracyDraws, second: AccuracyDraws, follow: str) -> str:
    """Say whether the second accuracy comes from people with the first result."""
    after = second.stratum.endswith("/radiograph_negative")
    if after and first.stratum.startswith("xray/") and follow == "negative":
        return (
            "Accuracy of the second test comes from people with a negative radiograph, so that "
            "nothing is assumed about how the two tests depend on each other."
        )
    return (
        "The results of the two tests are taken to be independent given the condition: the "
        "studies of the second test were not restricted to these first results."
    )
