"""Where everything in a forest plot stands: plain data, nothing is drawn here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from metadx.errors import OptionError
from metadx.plots.canvas import BORDER, Box, Label, paragraph
from metadx.plots.fonts import Typeface
from metadx.plots.forest_lines import (
    COUNTS,
    GROUP_GAP,
    PITCH,
    Columns,
    Line,
    columns_of,
    count_text,
    lines_of,
    paginate,
    wrapped,
)
from metadx.plots.studies import MARGINS, percent
from metadx.plots.style import BODY, INK, LINE, QUIET, TITLE

#: Ticks and their labels below a panel (millimetres).
AXIS_HEIGHT: Final = 6.0
#: Side of the square of the largest study, and of the smallest visible one (millimetres).
LARGEST_SQUARE: Final = 2.7
SMALLEST_SQUARE: Final = 0.7
#: Everything above this sits near 1, and the axis starts later.
NEAR_ONE: Final = 0.6
UNITS: Final = {"sensitivity": "diseased", "specificity": "non-diseased"}


@dataclass(frozen=True, slots=True)
class Mark:
    """One interval in a panel.

    Attributes
    ----------
    kind : str
        The kind of its line.
    group : str
        Name of the subgroup, which has a colour.
    y : float
        Millimetres from the top of the page.
    value, low, high : float
        Probability; the value of a range is NaN.
    side : float
        Side of a study's square (millimetres), 0 for other kinds.
    """

    kind: str
    group: str
    y: float
    value: float
    low: float
    high: float
    side: float


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the two panels.

    Attributes
    ----------
    margin : str
        ``"sensitivity"`` or ``"specificity"``.
    box : Box
        Its place.
    start : float
        Where the axis starts; above 0 it carries a break mark.
    marks : tuple of Mark
        From top to bottom.
    """

    margin: str
    box: Box
    start: float
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class ForestLayout:
    """A page of a forest plot.

    Attributes
    ----------
    width, height : float
        Millimetres.
    labels : tuple of Label
        Every text but the tick labels.
    panels : tuple of Panel
        Sensitivity, specificity.
    rules : tuple of float
        Heights of the horizontal rules (millimetres from the top).
    """

    width: float
    height: float
    labels: tuple[Label, ...]
    panels: tuple[Panel, Panel]
    rules: tuple[float, ...]


def forest_layout(
    data: pd.DataFrame,
    typeface: Typeface,
    *,
    width: float,
    title: str = "",
    captions: Sequence[str] = (),
    level: float = 0.95,
    zoom: str | float = "auto",
    rows_per_page: int | None = None,
) -> list[ForestLayout]:
    """Lay out a forest plot.

    Parameters
    ----------
    data : DataFrame
        From `forest_data`.
    typeface : Typeface
        Fonts of the figure.
    width : float
        Millimetres.
    title : str
        Above everything.
    captions : sequence of str
        Below everything, on the last page.
    level : float
        Coverage of the studies' intervals, for the header.
    zoom : "auto", "off" or float
        Where the axes start: by the data, at 0, or at this probability.
    rows_per_page : int, optional
        All rows on one page by default.

    Returns
    -------
    list of ForestLayout
        The pages.

    Raises
    ------
    OptionError
        If the width does not hold the columns, or `zoom` is not allowed.
    """
    starts = {margin: axis_start(data, margin, zoom) for margin in MARGINS}
    lines = lines_of(data)
    columns = columns_of(lines, typeface, width)
    lines = [wrapped(line, typeface, columns) for line in lines]
    pages = paginate(lines, rows_per_page)
    largest = {margin: _largest(lines, margin) for margin in MARGINS}
    header = _header(data, columns, level)
    layouts = []
    for number, page in enumerate(pages, start=1):
        last = number == len(pages)
        of = f" (page {number} of {len(pages)})" if len(pages) > 1 else ""
        heads = typeface.wrap(title + of, width - 2 * BORDER, TITLE, "bold") if title + of else []
        layouts.append(
            _page(page, columns, typeface, width, heads, header,
                  captions if last else (), starts, largest)
        )  # fmt: skip
    return layouts


def axis_start(data: pd.DataFrame, margin: str, zoom: str | float) -> float:
    """Return where the axis of a panel starts.

    Parameters
    ----------
    data : DataFrame
        From `forest_data`.
    margin : {"sensitivity", "specificity"}
        The panel.
    zoom : "auto", "off" or float
        See `forest_layout`.
    """
    if isinstance(zoom, str):
        if zoom not in ("auto", "off"):
            raise OptionError(f'zoom is {zoom!r}; it is "auto", "off" or a start from 0 to 0.9')
        lowest = data[f"{margin}_low"].min()
        if zoom == "off" or pd.isna(lowest) or lowest < NEAR_ONE:
            return 0.0
        return min(math.floor(float(lowest) * 10.0) / 10.0, 0.9)
    if not 0.0 <= zoom <= 0.9:
        raise OptionError(f'zoom is {zoom!r}; it is "auto", "off" or a start from 0 to 0.9')
    return float(zoom)


def _largest(lines: Sequence[Line], margin: str) -> int:
    return max((line.marks[margin][3] for line in lines if margin in line.marks), default=0)


def _header(data: pd.DataFrame, columns: Columns, level: float) -> list[Label]:
    """Two lines: what the columns are, and k and n of each panel."""
    labels = [Label(BORDER, LINE, "Study", bold=True)]
    labels += [
        Label(x, LINE, name.upper(), align="right", bold=True)
        for x, name in zip(columns.counts, COUNTS, strict=True)
    ]
    grouped = data["group"].ne("").any()
    for margin, left in zip(MARGINS, columns.panels, strict=True):
        name = f"{margin.capitalize()} [{percent(level)} CI]"
        labels.append(Label(left, 0.0, name, bold=True))
        if not grouped:
            text = count_text(data, margin, UNITS[margin])
            labels.append(Label(left, LINE, text, color=QUIET))
    return labels


def _page(
    lines: Sequence[Line],
    columns: Columns,
    typeface: Typeface,
    width: float,
    heads: Sequence[str],
    header: Sequence[Label],
    captions: Sequence[str],
    starts: Mapping[str, float],
    largest: Mapping[str, int],
) -> ForestLayout:
    y = BORDER + TITLE / 4
    labels = []
    for head in heads:
        labels.append(Label(BORDER, y, head, bold=True, size=TITLE))
        y += LINE * TITLE / BODY
    y += 1.0 if heads else 0.0
    labels += [replace(label, y=label.y + y) for label in header]
    top = y + LINE + PITCH / 2
    body, marks, rules, bottom = _rows(lines, columns, top, largest)
    labels += body
    panels = [
        Panel(margin, Box(left, top, columns.panel_width, bottom - top), starts[margin],
              tuple(marks[margin]))
        for margin, left in zip(MARGINS, columns.panels, strict=True)
    ]  # fmt: skip
    for panel in panels:
        if not panel.marks:
            centre = panel.box.x + panel.box.width / 2
            labels.append(Label(centre, (top + bottom) / 2, "not reported", "center", color=QUIET))
    y = bottom + AXIS_HEIGHT + LINE / 2
    notes = paragraph(typeface, captions, BORDER, y, width - 2 * BORDER)
    height = (notes[-1].y + LINE / 2 if notes else y - LINE / 2) + BORDER
    return ForestLayout(width, height, (*labels, *notes), (panels[0], panels[1]), (top, *rules))


def _rows(
    lines: Sequence[Line], columns: Columns, top: float, largest: Mapping[str, int]
) -> tuple[list[Label], dict[str, list[Mark]], list[float], float]:
    """Place the rows from `top` on: texts, marks, rules above summaries, and the end."""
    y = top + 0.6
    labels: list[Label] = []
    rules: list[float] = []
    marks: dict[str, list[Mark]] = {margin: [] for margin in MARGINS}
    previous = ""
    for line in lines:
        if line.kind not in ("heading", "study") and previous == "study":
            rules.append(y)
        y += GROUP_GAP if line.kind == "heading" and previous else 0.0
        previous = line.kind
        labels += _line_labels(line, columns, y + PITCH / 2)
        middle = y + PITCH / 2 + (len(line.name) - 1) * LINE / 2
        for margin, (value, low, high, n) in line.marks.items():
            side = _side(n, largest[margin]) if line.kind == "study" else 0.0
            marks[margin].append(Mark(line.kind, line.group, middle, value, low, high, side))
        y += line.height
    return labels, marks, rules, y


def _line_labels(line: Line, columns: Columns, y: float) -> list[Label]:
    bold = line.kind != "study"
    labels = [
        Label(BORDER, y + i * LINE, text, bold=bold and line.kind in ("heading", "pooled"))
        for i, text in enumerate(line.name)
    ]
    middle = y + (len(line.name) - 1) * LINE / 2
    for x, count in zip(columns.counts, line.counts, strict=False):
        labels.append(Label(x, middle, count, align="right"))
    for x, text in zip(columns.results, line.results, strict=True):
        if text:
            heavy = line.kind == "pooled"
            color = QUIET if line.kind == "heading" else INK
            labels.append(Label(x, middle, text, align="right", bold=heavy, color=color))
    return labels


def _side(n: int, largest: int) -> float:
    """Side of a square whose area is proportional to the study's size."""
    return max(SMALLEST_SQUARE, LARGEST_SQUARE * math.sqrt(n / largest))
