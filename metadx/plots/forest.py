"""The paired forest plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle

from metadx.errors import OptionError
from metadx.models import BivariateResults
from metadx.plots.canvas import add_panel, draw_labels, page_for, size_of
from metadx.plots.captions import OPEN_DIAMOND, model_captions, name_sentences, says_not_pooled
from metadx.plots.fonts import Typeface
from metadx.plots.forest_data import (
    ForestSource,
    forest_data,
    groups,
    table_of,
)
from metadx.plots.forest_layout import ForestLayout, Mark, Panel, forest_layout
from metadx.plots.studies import INTERVALS, code_of, percent, title_of
from metadx.plots.style import INK, PAGE_WIDTH, RULE, figure_style, looks_of
from metadx.tables import label

#: What fits on an A4 page beside title and captions.
ROWS_PER_PAGE: Final = 45
#: Half heights of a diamond and a bar, free room at the ends of an axis (millimetres).
DIAMOND: Final = 1.3
BAR: Final = 0.55
PAD: Final = 1.5
#: The piece of axis before a break mark (millimetres).
STUB: Final = 4.5


def plot_forest(
    source: ForestSource,
    ax: Axes | None = None,
    *,
    title: str | None = None,
    sort_by: str | None = None,
    descending: bool = False,
    interval: str = "wilson",
    level: float = 0.95,
    zoom: str | float = "auto",
    width: float = PAGE_WIDTH,
) -> Axes:
    """Draw a paired forest plot: counts, sensitivity and specificity of each study.

    Parameters
    ----------
    source : BivariateResults, StudyTable, or a dict or list of these
        A fit, a table without a fit, or subgroups (each with heading and own diamond).
    ax : Axes, optional
        Axes to fill; their size is kept. A figure of the right height by default.
    title : str, optional
        The stratum by default; empty for none.
    sort_by, descending, interval, level
        See `forest_data`.
    zoom : "auto", "off" or float
        Where the axes start. ``"auto"`` starts later, with a break mark, where every
        interval of a margin lies above 0.6.
    width : float
        Width of the new figure (millimetres).

    Returns
    -------
    Axes
        The page, in millimetres; ``child_axes`` are the panels of sensitivity and
        specificity with probability as x.

    Raises
    ------
    OptionError
        If an option is not allowed, or the axes are too small.

    Notes
    -----
    A square's area is proportional to the number of diseased or non-diseased. A filled
    diamond is a random-effects estimate with its interval, an open one the fixed-effect
    value, which leaves differences between studies out of account. The bar below is the
    prediction interval; the thin line the range of the studies where nothing is pooled.
    """
    if ax is not None:
        width = size_of(ax).width
    layouts, typeface = _layouts(
        source, title, width, None, zoom, sort_by, descending, interval, level
    )
    with figure_style(typeface):
        return _draw(layouts[0], source, typeface, ax)


def plot_forest_pages(
    source: ForestSource,
    *,
    rows_per_page: int = ROWS_PER_PAGE,
    title: str | None = None,
    sort_by: str | None = None,
    descending: bool = False,
    interval: str = "wilson",
    level: float = 0.95,
    zoom: str | float = "auto",
    width: float = PAGE_WIDTH,
) -> list[Axes]:
    """Draw a paired forest plot on as many pages as its rows need.

    Parameters
    ----------
    source, title, sort_by, descending, interval, level, zoom, width
        See `plot_forest`.
    rows_per_page : int
        Rows on a page, headings and summary rows included.

    Returns
    -------
    list of Axes
        One a page, each on a figure of its own. Axes and square sizes are those of all
        rows; the captions stand on the last page.
    """
    layouts, typeface = _layouts(
        source, title, width, rows_per_page, zoom, sort_by, descending, interval, level
    )
    with figure_style(typeface):
        return [_draw(layout, source, typeface, None) for layout in layouts]


def _layouts(
    source: ForestSource,
    title: str | None,
    width: float,
    rows_per_page: int | None,
    zoom: str | float,
    sort_by: str | None,
    descending: bool,
    interval: str,
    level: float,
) -> tuple[list[ForestLayout], Typeface]:
    data = forest_data(
        source, sort_by=sort_by, descending=descending, interval=interval, level=level
    )
    named = groups(source)
    if title is None:
        title = title_of(table_of(named[""])) if list(named) == [""] else ""
    captions = forest_captions(source, interval, level)
    typeface = Typeface.covering([title, *data["label"], *data["group"], *captions])
    layouts = forest_layout(
        data, typeface, width=width, title=title, captions=captions, level=level, zoom=zoom,
        rows_per_page=rows_per_page,
    )  # fmt: skip
    return layouts, typeface


def forest_captions(source: ForestSource, interval: str, level: float) -> list[str]:
    """Return the sentences below a forest plot: the key, the models, what is not pooled.

    Parameters
    ----------
    source : BivariateResults, StudyTable, or a dict or list of these
        What is drawn.
    interval : {"wilson", "exact"}
        Interval of a study's proportions.
    level : float
        Its coverage.
    """
    if interval not in INTERVALS:
        raise OptionError(f"interval is {interval!r}; a study has {', '.join(INTERVALS)}")
    key = (
        f"Squares: area by number of diseased (left) and non-diseased (right); lines: "
        f"{percent(level)} {INTERVALS[interval][1]} intervals."
    )
    fits = {n: item for n, item in groups(source).items() if isinstance(item, BivariateResults)}
    sentences: dict[str, list[str]] = {}
    for name, fit in fits.items():
        for sentence in model_captions(fit):
            sentences.setdefault(sentence, []).append(label("modality", name))
    found = [key, *name_sentences(sentences)]
    return [*found, OPEN_DIAMOND] if any(map(says_not_pooled, fits.values())) else found


def _draw(layout: ForestLayout, source: ForestSource, typeface: Typeface, ax: Axes | None) -> Axes:
    page = page_for(ax, layout.width, layout.height)
    named = groups(source)
    codes = [code_of(name, table_of(item)) for name, item in named.items()]
    colors = {name: look.color for name, look in zip(named, looks_of(codes), strict=True)}
    draw_labels(page, layout.labels, typeface)
    for y in layout.rules:
        page.plot([2.0, layout.width - 2.0], [y, y], color=RULE, lw=0.5, solid_capstyle="butt")
    for panel in layout.panels:
        _draw_panel(page, panel, colors)
    return page


def _draw_panel(page: Axes, panel: Panel, colors: Mapping[str, str]) -> None:
    per_mm = (1.0 - panel.start) / (panel.box.width - 2 * PAD - (STUB if panel.start else 0.0))
    left = panel.start - per_mm * (PAD + (STUB if panel.start else 0.0))
    axes = add_panel(page, panel.box, (left, 1.0 + per_mm * PAD))
    axes.set_label(panel.margin)
    bottom = panel.box.y + panel.box.height
    ticks = _ticks(panel.start)
    labels = [f"{tick:g}" for tick in ticks]
    for tick in ticks if panel.marks else ():
        axes.plot([tick, tick], [panel.box.y, bottom], color="#E4E4E4", lw=0.5, zorder=0.5)
    axes.spines["bottom"].set_bounds(panel.start, 1.0)
    if panel.start:
        zero = panel.start - per_mm * STUB
        ticks, labels = [zero, *ticks], ["0", *labels]
        axes.spines["bottom"].set_bounds(zero, 1.0)
        _draw_break(axes, panel.start - per_mm * STUB / 2, bottom, per_mm)
    axes.set_xticks(ticks, labels)
    if not panel.marks:
        return
    for mark in panel.marks:
        _draw_mark(axes, mark, colors[mark.group], per_mm, panel.start)
    _draw_references(axes, panel.marks, colors)


def _ticks(start: float) -> list[float]:
    """Three or four round numbers from the start of the axis to 1."""
    if round(start, 6) == 0.7:
        return [0.7, 0.8, 0.9, 1.0]
    return [start, round((1.0 + start) / 2.0, 6), 1.0]


def _draw_break(axes: Axes, x: float, y: float, per_mm: float) -> None:
    """Two strokes across the axis, which is cut out between them."""
    gap = 0.4 * per_mm
    axes.plot(
        [x - gap, x + gap], [y, y], color="white", lw=1.6, zorder=4, clip_on=False,
        solid_capstyle="butt",
    )  # fmt: skip
    for at in (x - gap, x + gap):
        ends = [at - 0.3 * per_mm, at + 0.3 * per_mm]
        axes.plot(ends, [y + 0.8, y - 0.8], color=INK, lw=0.6, zorder=5, clip_on=False, gid="break")


def _draw_mark(axes: Axes, mark: Mark, color: str, per_mm: float, start: float) -> None:
    low = max(mark.low, start)
    if mark.low < start:
        axes.plot([start], [mark.y], marker=8, ms=4, color=color, mew=0, clip_on=False)
    if mark.high < start:
        return
    if mark.kind in ("pooled", "fixed_effect"):
        middle = max(mark.value, start)
        corners = [
            (low, mark.y),
            (middle, mark.y - DIAMOND),
            (mark.high, mark.y),
            (middle, mark.y + DIAMOND),
        ]
        filled = mark.kind == "pooled"
        axes.add_patch(
            Polygon(corners, facecolor=color if filled else "white", edgecolor=color, lw=0.8,
                    zorder=3, clip_on=False, gid=mark.kind)
        )  # fmt: skip
        return
    if mark.kind == "prediction":
        axes.add_patch(
            Rectangle((low, mark.y - BAR), mark.high - low, 2 * BAR, facecolor=color, alpha=0.45,
                      lw=0, zorder=3, gid=mark.kind)
        )  # fmt: skip
        return
    axes.plot(
        [low, mark.high], [mark.y, mark.y], color=color, lw=0.9, solid_capstyle="butt",
        marker="|" if mark.kind == "range" else None, ms=4, clip_on=False, gid=mark.kind,
        zorder=2.5,
    )  # fmt: skip
    if mark.kind == "study" and mark.value >= start:
        half = mark.side / 2
        axes.add_patch(
            Rectangle((mark.value - half * per_mm, mark.y - half), mark.side * per_mm, mark.side,
                      facecolor=color, lw=0, zorder=3, clip_on=False, gid="study")
        )  # fmt: skip


def _draw_references(axes: Axes, marks: Sequence[Mark], colors: Mapping[str, str]) -> None:
    """A dashed line from each pooled value up to the first study of its group."""
    for mark in marks:
        if mark.kind != "pooled":
            continue
        top = min(m.y for m in marks if m.group == mark.group) - DIAMOND
        axes.plot(
            [mark.value, mark.value], [top, mark.y - DIAMOND], color=colors[mark.group], lw=0.6,
            ls=(0, (3, 2)), zorder=1, gid="reference",
        )  # fmt: skip
