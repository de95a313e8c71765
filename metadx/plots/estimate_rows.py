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
    numbers = width >= WITH_NUMBERS
    inner = width - 2.0 * BORDER
    wide = min(
        LABELS[numbers] * inner,
        max(typeface.width(row.label, BODY, "bold" if row.strong else "normal") for row in rows)
        + GAP,
    )
    k_at = BORDER + wide + 5.0
    left = k_at + GAP
    third = BARS + GAP if bars and numbers else 0.0
    beside = NUMBERS + GAP if numbers else PANEL_GAP
    room = (width - BORDER - left - third - 2.0 * beside) / 2.0
    labels = title_lines(typeface, title, width)
    top = BORDER + len(labels) * 4.0 + (1.0 if labels else 0.0)
    heads = [(BORDER, first, "left"), (k_at, "k", "right")]
    boxes = []
    for j, margin in enumerate(MARGINS):
        x = left + j * (room + beside)
        boxes.append((margin, x))
        heads.append((x, margin.capitalize(), "left"))
    if third:
        heads.append((width - BORDER - third + GAP, bars, "left"))
    labels += [
        Label(x, top + 0.5 * LINE, text, align=align, bold=True) for x, text, align in heads if text
    ]
    y = top + LINE + HEAD_GAP
    rules, start = [y - 0.5 * HEAD_GAP], y
    marks: dict[str, list[Mark]] = {margin: [] for margin in MARGINS}
    placed: list[tuple[float, float]] = []
    for row in rows:
        heading = row.values is None
        weight = "bold" if row.strong or heading else "normal"
        room_here = left - BORDER - GAP if heading else wide - GAP
        lines = typeface.wrap(row.label, room_here, BODY, weight)
        high = len(lines) * LINE + (HEAD_GAP if heading else ROW_GAP)
        at = y + (HEAD_GAP if heading else 0.5 * ROW_GAP) + 0.5 * LINE
        labels += [
            Label(BORDER, at + i * LINE, line, bold=weight == "bold")
            for i, line in enumerate(lines)
        ]
        middle = at + 0.5 * (len(lines) - 1) * LINE
        if row.k:
            labels.append(Label(k_at, middle, row.k, align="right", bold=row.strong))
        for margin, x in boxes:
            if row.values is None:
                continue
            estimate = row.values[margin]
            if estimate is None:
                labels.append(Label(x + 0.5 * room, middle, ABSENT, align="center", color=QUIET))
                continue
            marks[margin].append(Mark(middle, estimate, row.strong))
            if numbers:
                labels.append(Label(x + room + 1.5, middle, estimate.format(2), bold=row.strong))
        if row.bar is not None:
            placed.append((middle, row.bar))
        y += high
    y += 0.5 * ROW_GAP
    panels = []
    for margin, x in boxes:
        shown = [mark.estimate for mark in marks[margin]]
        band = full[margin]
        ends, ticks = axis_of([*shown, *([band] if band else [])], room, typeface)
        box = Box(x, start, room, y - start)
        panels.append(MarginPanel(margin, box, ends, ticks, band, tuple(marks[margin])))
    bar_panel = None
    if third:
        most = 1.08 * max([length for _, length in placed] + ([limit] if limit else []) + [1e-3])
        ticks = tuple(t for t in MaxNLocator(2).tick_values(0.0, most) if 0.0 <= t <= most)
        box = Box(width - BORDER - third + GAP, start, third - GAP - 1.5, y - start)
        bar_panel = BarPanel(box, most, ticks, limit, tuple(placed))
    y += TICKS
    below = paragraph(typeface, captions, BORDER, y + 0.5 * LINE, inner)
    height = y + len(below) * LINE + BORDER
    return RowsLayout(width, height, (*labels, *below), tuple(panels), bar_panel, tuple(rules))


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
