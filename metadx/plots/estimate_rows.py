"""Rows of pooled values beside two panels: what several figures of an appraisal share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from metadx.estimate import Estimate
from metadx.plots.canvas import BORDER, Box, Label, add_panel, draw_labels, page_for, paragraph
from metadx.plots.chart_page import title_lines
from metadx.plots.fonts import Typeface
from metadx.plots.studies import MARGINS
from metadx.plots.style import BODY, INK, LINE, QUIET, RULE

#: A row beyond its lines of text, and a heading beyond its own (millimetres).
ROW_GAP: Final = 1.3
HEAD_GAP: Final = 1.6
#: Between columns, and between panels whose ticks meet; below a panel for its ticks (millimetres).
GAP: Final = 3.0
PANEL_GAP: Final = 6.0
TICKS: Final = 6.5
#: Widths of the numbers beside a panel and of a third panel (millimetres).
NUMBERS: Final = 26.0
BARS: Final = 20.0
#: Between the labels of two ticks (millimetres), and the share of a panel that its ends leave.
TICK_GAP: Final = 1.2
SHRINK: Final = 0.94
#: From this width on the numbers stand beside the panels (millimetres).
WITH_NUMBERS: Final = 140.0
#: Share of the width that the labels may take with and without numbers.
LABELS: Final = {True: 0.30, False: 0.36}
BAND: Final = "#DCE6EF"
ABSENT: Final = "not pooled"


@dataclass(frozen=True, slots=True)
class EstimateRow:
    """One row, or a heading.

    Attributes
    ----------
    label : str
        What stands at the left.
    k : str
        Number of studies as text, empty for a heading.
    values : dict
        Estimate of each margin, or None where it is not pooled; empty for a heading.
    strong : bool
        Whether the row is set in bold, its marks in colour.
    bar : float or None
        Length in the third panel.
    """

    label: str
    k: str = ""
    values: Mapping[str, Estimate | None] | None = None
    strong: bool = False
    bar: float | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """An estimate and where it stands (millimetres from the top)."""

    y: float
    estimate: Estimate
    strong: bool


@dataclass(frozen=True, slots=True)
class MarginPanel:
    """One margin: box, ends and ticks of its axis, the full estimate, the rows' marks."""

    margin: str
    box: Box
    ends: tuple[float, float]
    ticks: tuple[float, ...]
    full: Estimate | None
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class BarPanel:
    """The third panel: box, largest value, ticks, a limit, and (y, length) of each bar."""

    box: Box
    most: float
    ticks: tuple[float, ...]
    limit: float | None
    bars: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class RowsLayout:
    """A page of rows before it is drawn (millimetres)."""

    width: float
    height: float
    labels: tuple[Label, ...]
    panels: tuple[MarginPanel, ...]
    bars: BarPanel | None
    rules: tuple[float, ...]


def rows_layout(
    rows: Sequence[EstimateRow],
    full: Mapping[str, Estimate | None],
    typeface: Typeface,
    *,
    width: float,
    title: str,
    captions: Sequence[str],
    first: str = "",
    bars: str = "",
    limit: float | None = None,
) -> RowsLayout:
    """Place rows, panels, numbers and captions.

    Parameters
    ----------
    rows : sequence of EstimateRow
        From top to bottom.
    full : dict
        The full estimate of each margin, drawn as a band behind the rows.
    typeface : Typeface
        Fonts of the figure.
    width : float
        Of the page (millimetres).
    title, captions, first : str
        Above and below the rows; above the labels.
    bars : str
        Heading of the third panel, empty for none; a narrow page has no room for it.
    limit : float, optional
        Dashed line in the third panel.
    """
    columns = _columns(rows, typeface, width, bool(bars))
    labels = title_lines(typeface, title, width)
    top = BORDER + len(labels) * 4.0 + (1.0 if labels else 0.0)
    heads = [(BORDER, first, "left"), (columns.k, "k", "right")]
    heads += [(x, margin.capitalize(), "left") for margin, x in columns.panels.items()]
    if columns.bars is not None:
        heads.append((columns.bars, bars, "left"))
    labels += [
        Label(x, top + 0.5 * LINE, text, align=align, bold=True) for x, text, align in heads if text
    ]
    start = top + LINE + HEAD_GAP
    y = start
    marks: dict[str, list[Mark]] = {margin: [] for margin in MARGINS}
    lengths: list[tuple[float, float]] = []
    for row in rows:
        words, middle, high = _words(row, columns, typeface, y)
        labels += words
        for margin, x in columns.panels.items():
            if row.values is None:
                continue
            estimate = row.values[margin]
            labels += _beside(estimate, x, middle, columns, row.strong)
            if estimate is not None:
                marks[margin].append(Mark(middle, estimate, row.strong))
        if row.bar is not None:
            lengths.append((middle, row.bar))
        y += high
    y += 0.5 * ROW_GAP
    panels = []
    for margin, x in columns.panels.items():
        shown = [mark.estimate for mark in marks[margin]]
        band = full[margin]
        ends, ticks = axis_of([*shown, *([band] if band else [])], columns.room, typeface)
        box = Box(x, start, columns.room, y - start)
        panels.append(MarginPanel(margin, box, ends, ticks, band, tuple(marks[margin])))
    bar_panel = None
    if columns.bars is not None:
        box = Box(columns.bars, start, BARS - 1.5, y - start)
        bar_panel = _bars(box, lengths, limit)
    below = paragraph(typeface, captions, BORDER, y + TICKS + 0.5 * LINE, width - 2.0 * BORDER)
    height = y + TICKS + len(below) * LINE + BORDER
    rules = (start - 0.5 * HEAD_GAP,)
    return RowsLayout(width, height, (*labels, *below), tuple(panels), bar_panel, rules)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where the columns stand (millimetres): width of the labels, right end of k, panels."""

    labels: float
    k: float
    panels: dict[str, float]
    room: float
    numbers: bool
    bars: float | None


def _columns(rows: Sequence[EstimateRow], typeface: Typeface, width: float, bars: bool) -> _Columns:
    numbers = width >= WITH_NUMBERS
    widest = max(
        typeface.width(row.label, BODY, "bold" if row.strong else "normal") for row in rows
    )
    labels = min(LABELS[numbers] * (width - 2.0 * BORDER), widest + GAP)
    k = BORDER + labels + 5.0
    left = k + GAP
    third = BARS + GAP if bars and numbers else 0.0
    beside = NUMBERS + GAP if numbers else PANEL_GAP
    room = (width - BORDER - left - third - 2.0 * beside) / 2.0
    panels = {margin: left + j * (room + beside) for j, margin in enumerate(MARGINS)}
    at = width - BORDER - BARS if third else None
    return _Columns(labels, k, panels, room, numbers, at)


def _words(
    row: EstimateRow, columns: _Columns, typeface: Typeface, y: float
) -> tuple[list[Label], float, float]:
    """Return the words at the left of a row, its middle and its height."""
    heading = row.values is None
    bold = row.strong or heading
    room = columns.k if heading else columns.labels
    lines = typeface.wrap(row.label, room - GAP, BODY, "bold" if bold else "normal")
    gap = HEAD_GAP if heading else ROW_GAP
    at = y + (gap if heading else 0.5 * gap) + 0.5 * LINE
    labels = [Label(BORDER, at + i * LINE, line, bold=bold) for i, line in enumerate(lines)]
    middle = at + 0.5 * (len(lines) - 1) * LINE
    if row.k:
        labels.append(Label(columns.k, middle, row.k, align="right", bold=row.strong))
    return labels, middle, len(lines) * LINE + gap


def _beside(
    estimate: Estimate | None, x: float, y: float, columns: _Columns, strong: bool
) -> list[Label]:
    """Return the numbers beside a panel, or the words in it where nothing is pooled."""
    if estimate is None:
        return [Label(x + 0.5 * columns.room, y, ABSENT, align="center", color=QUIET)]
    if not columns.numbers:
        return []
    return [Label(x + columns.room + 1.5, y, estimate.format(2), bold=strong)]


def _bars(box: Box, lengths: Sequence[tuple[float, float]], limit: float | None) -> BarPanel:
    most = 1.08 * max([length for _, length in lengths] + ([limit] if limit else []) + [1e-3])
    ticks = tuple(t for t in MaxNLocator(2).tick_values(0.0, most) if 0.0 <= t <= most)
    return BarPanel(box, most, ticks, limit, tuple(lengths))


def axis_of(
    shown: Sequence[Estimate], room: float, typeface: Typeface
) -> tuple[tuple[float, float], tuple[float, ...]]:
    """Choose ends and ticks of an axis of probabilities that holds every interval.

    Parameters
    ----------
    shown : sequence of Estimate
        What the axis has to hold.
    room : float
        Its length (millimetres); ticks whose labels would meet are left out.
    typeface : Typeface
        Fonts of the labels.
    """
    if not shown:
        return (0.0, 1.0), (0.0, 1.0)
    least = min(one.low for one in shown)
    most = max(one.high for one in shown)
    grid = MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(max(least, 0.0), max(most, least + 0.02))
    ticks = [float(np.round(t, 6)) for t in grid if -1e-9 <= t <= 1.0 + 1e-9]
    low, high = min(ticks[0], least), max(ticks[-1], most)
    widest = max(typeface.width(f"{tick:g}", BODY) for tick in ticks) + TICK_GAP
    apart = (ticks[1] - ticks[0]) / (high - low) * room * SHRINK if len(ticks) > 1 else room
    stride = max(1, int(np.ceil(widest / apart)))
    return (low, high), tuple(ticks[::stride])


def draw_rows(layout: RowsLayout, ax: Axes | None, typeface: Typeface, color: str) -> Axes:
    """Draw a page of rows; `color` marks the strong ones and the bars."""
    page = page_for(ax, layout.width, layout.height)
    for y in layout.rules:
        page.plot([BORDER, layout.width - BORDER], [y, y], color=RULE, lw=0.6)
    for panel in layout.panels:
        _draw_margin(page, panel, color)
    if layout.bars is not None:
        _draw_bars(page, layout.bars, color)
    draw_labels(page, layout.labels, typeface)
    return page


def _draw_margin(page: Axes, panel: MarginPanel, color: str) -> None:
    low, high = panel.ends
    pad = 0.03 * (high - low)
    drawn = add_panel(page, panel.box, (low - pad, high + pad))
    drawn.set_label(panel.margin)
    drawn.set_zorder(0.5)  # below the words of the page, which stand on the band
    drawn.set_xticks(panel.ticks, [f"{tick:g}" for tick in panel.ticks])
    if panel.full is not None:
        width = panel.full.high - panel.full.low
        drawn.add_patch(
            Rectangle((panel.full.low, panel.box.y), width, panel.box.height, facecolor=BAND,
                      lw=0, zorder=0.4, gid="full interval")
        )  # fmt: skip
        drawn.axvline(panel.full.value, color=QUIET, lw=0.6, zorder=0.6, gid="full estimate")
    for mark in panel.marks:
        one, shade = mark.estimate, color if mark.strong else INK
        drawn.plot([one.low, one.high], [mark.y] * 2, color=shade, lw=1.4 if mark.strong else 0.9,
                   solid_capstyle="butt", zorder=2, gid="interval")  # fmt: skip
        drawn.plot(
            [one.value], [mark.y], marker="D" if mark.strong else "o",
            ms=4.2 if mark.strong else 3.2, color=shade, mew=0, zorder=3, gid="value",
        )  # fmt: skip


def _draw_bars(page: Axes, panel: BarPanel, color: str) -> None:
    drawn = add_panel(page, panel.box, (0.0, panel.most))
    drawn.set_label("bars")
    drawn.set_xticks(panel.ticks, [f"{tick:g}" for tick in panel.ticks])
    drawn.axvline(0.0, color=QUIET, lw=0.6)
    for y, length in panel.bars:
        drawn.add_patch(
            Rectangle((0.0, y - 0.8), length, 1.6, facecolor=color, lw=0, gid="bar", zorder=2)
        )
    if panel.limit is not None:
        drawn.axvline(panel.limit, color=QUIET, lw=0.7, ls=(0, (3, 2)), gid="limit")
