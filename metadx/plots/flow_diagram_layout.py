"""Where everything in the flow diagram stands: plain data, nothing is drawn here."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from metadx.errors import OptionError
from metadx.plots.canvas import BORDER, Box, Label, paragraph
from metadx.plots.flow_diagram_data import PARTS
from metadx.plots.fonts import Typeface
from metadx.plots.style import BODY, LINE, TITLE

#: Between two boxes above each other, beside the flow, beside each other below it; room inside
#: a box (millimetres).
GAP: Final = 7.0
SIDE_GAP: Final = 8.0
PART_GAP: Final = 4.0
PAD: Final = 2.0
#: Narrower than this a box breaks words (millimetres).
NARROWEST: Final = 22.0


@dataclass(frozen=True, slots=True)
class Arrow:
    """A line from one point to another, with or without a head at its end (millimetres)."""

    x0: float
    y0: float
    x1: float
    y1: float
    head: bool = True


@dataclass(frozen=True, slots=True)
class FlowLayout:
    """A flow diagram before it is drawn (millimetres).

    Attributes
    ----------
    width, height : float
        The page.
    labels : tuple of Label
        Every text.
    boxes : tuple of Box
        Main boxes, side boxes and the parts of the pooled rows.
    arrows : tuple of Arrow
        From box to box.
    """

    width: float
    height: float
    labels: tuple[Label, ...]
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def flow_diagram_layout(
    data: pd.DataFrame,
    typeface: Typeface,
    *,
    width: float,
    title: str = "",
    captions: Sequence[str] = (),
) -> FlowLayout:
    """Lay out a flow diagram.

    Parameters
    ----------
    data : DataFrame
        From `flow_diagram_data`.
    typeface : Typeface
    width : float
        Millimetres.
    title : str
        Above everything.
    captions : sequence of str
        Below everything.

    Raises
    ------
    OptionError
        If three boxes do not fit side by side.
    """
    third = (width - 2 * BORDER - (len(PARTS) - 1) * PART_GAP) / len(PARTS)
    if third < NARROWEST:
        need = 2 * BORDER + (len(PARTS) - 1) * PART_GAP + len(PARTS) * NARROWEST
        raise OptionError(f"a flow diagram needs {need:.0f} mm, not {width:g} mm")
    page = _Page(typeface, (width - 2 * BORDER - SIDE_GAP) / 2)
    y = page.title(title, width)
    middle = BORDER + page.column / 2
    for row in data[data["step"] == "before"].to_dict("records"):
        y = page.main([str(row["label"]), f"n = {row['rows']:,}"], y)
    (start,) = data[data["step"] == "extracted"].to_dict("records")
    y = page.main([str(start["label"]), counted(start)], y)
    for lines in _sides(data):
        y = page.side(lines, middle, y)
    (pooled,) = data[data["step"] == "pooled"].to_dict("records")
    bottom = page.main([str(pooled["label"]), counted(pooled)], y)
    y = page.parts(data[data["step"] == "part"], middle, bottom, third)
    notes = paragraph(typeface, captions, BORDER, y + LINE, width - 2 * BORDER)
    height = (notes[-1].y if notes else y) + LINE / 2 + BORDER
    return FlowLayout(width, height, (*page.labels, *notes), tuple(page.boxes), tuple(page.arrows))


def counted(row: Mapping[Hashable, Any]) -> str:
    """Write ``"12 rows of 9 studies"``."""
    rows, studies = int(row["rows"]), int(row["studies"])
    return (
        f"{rows:,} {'row' if rows == 1 else 'rows'} of {studies:,} "
        f"{'study' if studies == 1 else 'studies'}"
    )


def _sides(data: pd.DataFrame) -> list[list[str]]:
    """Texts of the boxes beside the flow; a step without rows has none."""
    found = []
    (removed,) = data[data["step"] == "removed"].to_dict("records")
    if removed["rows"]:
        found.append([str(removed["label"]), f"n = {removed['rows']:,}"])
    excluded = data[data["step"] == "excluded"].to_dict("records")
    if excluded:
        total = sum(int(row["rows"]) for row in excluded)
        lines = [f"{excluded[0]['label']}: n = {total:,}"]
        found.append([*lines, *(f"{row['reason']}: {row['rows']:,}" for row in excluded)])
    return found


class _Page:
    """Boxes placed from top to bottom."""

    def __init__(self, typeface: Typeface, column: float) -> None:
        self.typeface, self.column = typeface, column
        self.labels: list[Label] = []
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        self._last: Box | None = None

    def title(self, text: str, width: float) -> float:
        y = BORDER
        for line in self.typeface.wrap(text, width - 2 * BORDER, TITLE, "bold") if text else []:
            self.labels.append(Label(BORDER, y + LINE / 2, line, bold=True, size=TITLE))
            y += LINE * TITLE / BODY
        return y + (2.0 if text else 0.0)

    def main(self, lines: Sequence[str], y: float) -> float:
        """Add a box of the flow, an arrow to it, and return its lower edge."""
        if self._last is not None:
            y = max(y, self._last.y + self._last.height) + GAP
        box = self._box(lines, BORDER, y, self.column)
        if self._last is not None:
            x = BORDER + self.column / 2
            self.arrows.append(Arrow(x, self._last.y + self._last.height, x, box.y))
        self._last = box
        return box.y + box.height

    def side(self, lines: Sequence[str], middle: float, y: float) -> float:
        """Add a box beside the flow, an arrow to it, and return its lower edge."""
        box = self._box(lines, BORDER + self.column + SIDE_GAP, y + GAP / 2, self.column)
        level = box.y + box.height / 2
        self.arrows.append(Arrow(middle, level, box.x, level))
        return box.y + box.height

    def parts(self, data: pd.DataFrame, middle: float, y: float, width: float) -> float:
        """Add the parts of the pooled rows side by side and return their lower edge."""
        top, level = y + GAP, y + GAP / 2
        boxes = [
            self._box(
                [str(row["label"]), counted(row) if row["rows"] else "none"],
                BORDER + i * (width + PART_GAP),
                top,
                width,
            )
            for i, row in enumerate(data.to_dict("records"))
        ]
        tallest = max(box.height for box in boxes)
        self.boxes[-len(boxes) :] = [replace(box, height=tallest) for box in boxes]
        centres = [box.x + box.width / 2 for box in boxes]
        self.arrows.append(Arrow(middle, y, middle, level, head=False))
        self.arrows.append(Arrow(centres[0], level, centres[-1], level, head=False))
        self.arrows += [Arrow(x, level, x, top) for x in centres]
        return top + tallest

    def _box(self, lines: Sequence[str], x: float, y: float, width: float) -> Box:
        texts = [
            (part, i == 0)
            for i, line in enumerate(lines)
            for part in self.typeface.wrap(
                line, width - 2 * PAD, BODY, "bold" if i == 0 else "normal"
            )
        ]
        box = Box(x, y, width, len(texts) * LINE + 2 * PAD)
        for i, (text, bold) in enumerate(texts):
            middle = y + PAD + LINE / 2 + i * LINE
            self.labels.append(Label(x + PAD, middle, text, bold=bold))
        self.boxes.append(box)
        return box
