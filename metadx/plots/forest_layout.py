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
from metadx.plots.forest_data import BIAS
from metadx.plots.forest_lines import (
    COUNTS,
    GROUP_GAP,
    PITCH,
    POSITIVES,
    Columns,
    Line,
    Table,
    columns_of,
    count_text,
    lines_of,
    one_margin,
    paginate,
    wrapped,
)
from metadx.plots.studies import MARGINS, percent, records
from metadx.plots.style import BODY, INK, LINE, QUIET, TITLE

#: Ticks and their labels below a panel (millimetres).
AXIS_HEIGHT: Final = 6.0
#: Between sensitivity and specificity where they are stacked (millimetres).
BLOCK_GAP: Final = 4.0
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
class Dot:
    """One judgement of the risk of bias of a study: centre (millimetres) and judgement."""

    x: float
    y: float
    judgement: str


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
    dots : tuple of Dot
        Judgements.
    """

    width: float
    height: float
    labels: tuple[Label, ...]
    panels: tuple[Panel, ...]
    rules: tuple[float, ...]
    dots: tuple[Dot, ...] = ()


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
    stacked: bool = False,
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
    stacked : bool
        Whether specificity stands below sensitivity, for a narrow column.

    Returns
    -------
    list of ForestLayout
        The pages.

    Raises
    ------
    OptionError
        If the width does not hold the columns, or `zoom` is not allowed.
    """
    lines = lines_of(data)
    blocks = _blocks(data, lines, typeface, width, level, zoom, stacked)
    pages = paginate(lines, rows_per_page)
    layouts = []
    for number in range(1, len(pages) + 1):
        of = f" (page {number} of {len(pages)})" if len(pages) > 1 else ""
        heads = typeface.wrap(title + of, width - 2 * BORDER, TITLE, "bold") if title + of else []
        below = captions if number == len(pages) else ()
        cut = [(block, paginate(block.lines, rows_per_page)[number - 1]) for block in blocks]
        layouts.append(_page(cut, typeface, width, heads, below))
    return layouts


@dataclass(frozen=True, slots=True)
class Block:
    """Rows with their panels: the whole forest, or one margin of it.

    Attributes
    ----------
    table : Table
        What stands beside each other.
    lines : list of Line
        All rows, names broken.
    columns : Columns
        Places.
    header : list of Label
        Two lines above the rows, from 0 down.
    starts, largest : dict
        Start of the axis and size of the largest study of each margin.
    """

    table: Table
    lines: list[Line]
    columns: Columns
    header: list[Label]
    starts: Mapping[str, float]
    largest: Mapping[str, int]


def _blocks(
    data: pd.DataFrame,
    lines: list[Line],
    typeface: Typeface,
    width: float,
    level: float,
    zoom: str | float,
    stacked: bool,
) -> list[Block]:
    """One block with both margins, or one for each."""
    domains = tuple(name.removeprefix(BIAS) for name in data.columns if name.startswith(BIAS))
    parts = [(Table(MARGINS, tuple(name.upper() for name in COUNTS), domains), lines)]
    if stacked:
        if domains:
            raise OptionError(
                "judgements of the risk of bias need the width of two columns; "
                "one column holds the studies without them"
            )
        rows = iter(records(data[data["row"] == "study"]))
        sources = [next(rows) if line.kind == "study" else None for line in lines]
        parts = [
            (Table((margin,), (f"{POSITIVES[margin].upper()}/n",)),
             [one_margin(line, row, margin) for line, row in zip(lines, sources, strict=True)])
            for margin in MARGINS
        ]  # fmt: skip
    # One set of columns, so that blocks stand aligned.
    everything = [line for _, own in parts for line in own]
    blocks = []
    for table, own in parts:
        columns = columns_of(everything, typeface, width, table)
        starts = {margin: axis_start(data, margin, zoom) for margin in table.margins}
        broken = [wrapped(line, typeface, columns) for line in own]
        largest = {margin: _largest(own, margin) for margin in table.margins}
        header = _header(data, columns, level, table)
        blocks.append(Block(table, broken, columns, header, starts, largest))
    return blocks


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


def _header(data: pd.DataFrame, columns: Columns, level: float, table: Table) -> list[Label]:
    """Two lines: what the columns are, and k and n of each panel."""
    labels = [Label(BORDER, LINE, "Study", bold=True)]
    labels += [
        Label(x, LINE, name, align="right", bold=True)
        for x, name in zip(columns.counts, table.heads, strict=True)
    ]
    labels += [
        Label(x, LINE, letter, align="center", bold=True)
        for x, letter in zip(columns.dots, domain_letters(table.domains), strict=True)
    ]
    grouped = data["group"].ne("").any()
    alone = len(table.margins) == 1
    for margin, left in zip(table.margins, columns.panels, strict=True):
        name = f"{margin.capitalize()} [{percent(level)} CI]"
        labels.append(Label(BORDER if alone else left, 0.0, name, bold=True))
        if grouped:
            continue
        text = count_text(data, margin, UNITS[margin])
        if alone:
            labels.append(Label(columns.results[0], 0.0, text, align="right", color=QUIET))
        else:
            labels.append(Label(left, LINE, text, color=QUIET))
    return labels


def domain_letters(domains: Sequence[str]) -> list[str]:
    """Return a letter for each domain: the first of its name, the next where it is taken."""
    letters: list[str] = []
    for name in domains:
        free = [char for char in name.upper() if char.isalpha() and char not in letters]
        letters.append(free[0] if free else str(len(letters) + 1))
    return letters


def _page(
    blocks: Sequence[tuple[Block, Sequence[Line]]],
    typeface: Typeface,
    width: float,
    heads: Sequence[str],
    captions: Sequence[str],
) -> ForestLayout:
    y = BORDER + TITLE / 4
    labels, panels, rules, dots = [], [], [], []
    for head in heads:
        labels.append(Label(BORDER, y, head, bold=True, size=TITLE))
        y += LINE * TITLE / BODY
    y += 1.0 if heads else 0.0
    for block, lines in blocks:
        labels += [replace(label, y=label.y + y) for label in block.header]
        top = y + LINE + PITCH / 2
        # A summary row stands for both margins; where they are stacked, one may have nothing.
        shown = [line for line in lines if line.kind in ("heading", "study") or any(line.results)]
        placed = _rows(shown, block.columns, top, block.largest)
        labels += placed.labels
        rules += [top, *placed.rules]
        dots += placed.dots
        for margin, left in zip(block.table.margins, block.columns.panels, strict=True):
            box = Box(left, top, block.columns.panel_width, placed.bottom - top)
            marks = tuple(placed.marks.get(margin, ()))
            panels.append(Panel(margin, box, block.starts[margin], marks))
            if not marks:
                centre = (box.x + box.width / 2, top + box.height / 2)
                labels.append(Label(*centre, "not reported", "center", color=QUIET))
        y = placed.bottom + AXIS_HEIGHT + BLOCK_GAP
    y += LINE / 2 - BLOCK_GAP
    notes = paragraph(typeface, captions, BORDER, y, width - 2 * BORDER)
    height = (notes[-1].y + LINE / 2 if notes else y - LINE / 2) + BORDER
    return ForestLayout(width, height, (*labels, *notes), tuple(panels), tuple(rules), tuple(dots))


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows that have a place: texts, marks, rules above summaries, dots, and the end."""

    labels: list[Label]
    marks: dict[str, list[Mark]]
    rules: list[float]
    dots: list[Dot]
    bottom: float


def _rows(lines: Sequence[Line], columns: Columns, top: float, largest: Mapping[str, int]) -> _Rows:
    """Place the rows from `top` on."""
    y = top + 0.6
    labels: list[Label] = []
    rules: list[float] = []
    dots: list[Dot] = []
    marks: dict[str, list[Mark]] = {margin: [] for margin in largest}
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
        for x, word in zip(columns.dots, line.judgements, strict=False):
            dots += [Dot(x, middle, word)] if word else []
        y += line.height
    return _Rows(labels, marks, rules, dots, y)


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
