"""The paired forest plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Polygon, Rectangle

from metadx.errors import OptionError
from metadx.models import BivariateResults
from metadx.plots.canvas import add_panel, draw_labels, finished, layout_width, page_for
from metadx.plots.captions import OPEN_DIAMOND, model_captions, name_sentences, says_not_pooled
from metadx.plots.fonts import Typeface
from metadx.plots.forest_data import BIAS, forest_data
from metadx.plots.forest_layout import (
    Dot,
    ForestLayout,
    Mark,
    Panel,
    domain_letters,
    forest_layout,
)
from metadx.plots.groups import FitOrTable, by_name, table_of
from metadx.plots.judgements import JudgementSource
from metadx.plots.quadas_layout import SIGNS
from metadx.plots.studies import INTERVALS, code_of, percent, title_of
from metadx.plots.style import BODY, INK, RULE, figure_style, looks_of
from metadx.tables import label

#: What fits on an A4 page, or on a slide, beside title and captions.
ROWS_PER_PAGE: Final = {"one-column": 22, "two-column": 45, "slide": 14}
#: Half heights of a diamond and a bar, free room at the ends of an axis (millimetres).
DIAMOND: Final = 1.3
BAR: Final = 0.55
PAD: Final = 1.5
#: Narrower than this, an axis with a break mark has ticks at its ends only (millimetres).
ROOM_FOR_TICKS: Final = 30.0
#: Radius of a judgement (millimetres).
DOT: Final = 1.45
#: The piece of axis before a break mark (millimetres).
STUB: Final = 4.5


def plot_forest(
    source: FitOrTable,
    ax: Axes | None = None,
    *,
    title: str | None = None,
    sort_by: str | None = None,
    descending: bool = False,
    interval: str = "wilson",
    level: float = 0.95,
    zoom: str | float = "auto",
    quadas: JudgementSource | None = None,
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw a paired forest plot: counts, sensitivity and specificity of each study.

    Parameters
    ----------
    source : BivariateResults, StudyTable, Comparison, or a dict or list of fits and tables
        A fit, a table without a fit, or subgroups (each with heading and own diamond); the
        groups of a comparison have the diamonds of its joint model.
    ax : Axes, optional
        Axes to fill; their size is kept. A figure of the right height by default.
    title : str, optional
        The stratum by default; empty for none.
    sort_by, descending, interval, level
        See `forest_data`.
    zoom : "auto", "off" or float
        Where the axes start. ``"auto"`` starts later, with a break mark, where every
        interval of a margin lies above 0.6.
    quadas : QuadasTable or DataFrame, optional
        Judgements of the risk of bias (study_id, domain, judgement), a column of dots for
        each domain.
    size : {"one-column", "two-column", "slide"}
        What the figure is made for. In one column specificity stands below sensitivity.
    width : float, optional
        Width of a new figure (millimetres).

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
    data = forest_data(
        source, sort_by=sort_by, descending=descending, interval=interval, level=level,
        quadas=quadas,
    )  # fmt: skip
    options = _Options(title, interval, level, zoom, size, layout_width(size, ax, width), None)
    layouts, typeface = _layouts(source, data, options)
    with figure_style(typeface):
        return finished(_draw(layouts[0], source, typeface, ax), size, ax)


def plot_forest_pages(
    source: FitOrTable,
    *,
    rows_per_page: int | None = None,
    title: str | None = None,
    sort_by: str | None = None,
    descending: bool = False,
    interval: str = "wilson",
    level: float = 0.95,
    zoom: str | float = "auto",
    quadas: JudgementSource | None = None,
    size: str = "two-column",
    width: float | None = None,
) -> list[Axes]:
    """Draw a paired forest plot on as many pages as its rows need.

    Parameters
    ----------
    source, title, sort_by, descending, interval, level, zoom, quadas, size, width
        See `plot_forest`.
    rows_per_page : int, optional
        Rows on a page, headings and summary rows included; by default what fits on an A4
        page or a slide.

    Returns
    -------
    list of Axes
        One a page, each on a figure of its own. Axes and square sizes are those of all
        rows; the captions stand on the last page.
    """
    rows = ROWS_PER_PAGE.get(size) if rows_per_page is None else rows_per_page
    options = _Options(title, interval, level, zoom, size, layout_width(size, None, width), rows)
    data = forest_data(
        source, sort_by=sort_by, descending=descending, interval=interval, level=level,
        quadas=quadas,
    )  # fmt: skip
    layouts, typeface = _layouts(source, data, options)
    with figure_style(typeface):
        return [finished(_draw(layout, source, typeface, None), size, None) for layout in layouts]


@dataclass(frozen=True, slots=True)
class _Options:
    """What was asked for of the looks of a forest plot."""

    title: str | None
    interval: str
    level: float
    zoom: str | float
    size: str
    width: float
    rows_per_page: int | None


def _layouts(
    source: FitOrTable, data: pd.DataFrame, options: _Options
) -> tuple[list[ForestLayout], Typeface]:
    named, title = by_name(source), options.title
    if title is None:
        title = title_of(table_of(named[""])) if list(named) == [""] else ""
    captions = forest_captions(source, options.interval, options.level)
    captions += _dot_captions(data)
    typeface = Typeface.covering([title, *data["label"], *data["group"], *captions])
    layouts = forest_layout(
        data, typeface, width=options.width, title=title, captions=captions,
        level=options.level, zoom=options.zoom, rows_per_page=options.rows_per_page,
        stacked=options.size == "one-column",
    )  # fmt: skip
    return layouts, typeface


def _dot_captions(data: pd.DataFrame) -> list[str]:
    domains = [name.removeprefix(BIAS) for name in data.columns if name.startswith(BIAS)]
    if not domains:
        return []
    letters = domain_letters(domains)
    key = ", ".join(f"{a} {name.lower()}" for a, name in zip(letters, domains, strict=True))
    return [f"Risk of bias: {key}; + low, ? unclear, − high, no dot: not judged."]


def forest_captions(source: FitOrTable, interval: str, level: float) -> list[str]:
    """Return the sentences below a forest plot: the key, the models, what is not pooled.

    Parameters
    ----------
    source : BivariateResults, StudyTable, Comparison, or a dict or list of fits and tables
        What is drawn.
    interval : {"wilson", "exact"}
        Interval of a study's proportions.
    level : float
        Its coverage.
    """
    if interval not in INTERVALS:
        raise OptionError(f"interval is {interval!r}; a study has {', '.join(INTERVALS)}")
    key = (
        "Squares: area by number of diseased for sensitivity, of non-diseased for specificity; "
        f"lines: {percent(level)} {INTERVALS[interval][1]} intervals."
    )
    fits = {n: item for n, item in by_name(source).items() if isinstance(item, BivariateResults)}
    sentences: dict[str, list[str]] = {}
    for name, fit in fits.items():
        for sentence in model_captions(fit):
            sentences.setdefault(sentence, []).append(label("modality", name))
    found = [key, *name_sentences(sentences)]
    return [*found, OPEN_DIAMOND] if any(map(says_not_pooled, fits.values())) else found


def _draw(layout: ForestLayout, source: FitOrTable, typeface: Typeface, ax: Axes | None) -> Axes:
    page = page_for(ax, layout.width, layout.height)
    named = by_name(source)
    codes = [code_of(name, table_of(item)) for name, item in named.items()]
    colors = {name: look.color for name, look in zip(named, looks_of(codes), strict=True)}
    draw_labels(page, layout.labels, typeface)
    for y in layout.rules:
        page.plot([2.0, layout.width - 2.0], [y, y], color=RULE, lw=0.5, solid_capstyle="butt")
    for panel in layout.panels:
        _draw_panel(page, panel, colors)
    for dot in layout.dots:
        _draw_dot(page, dot)
    return page


def _draw_dot(page: Axes, dot: Dot) -> None:
    fill, sign, color = SIGNS[dot.judgement]
    page.add_patch(
        Circle((dot.x, dot.y), DOT, facecolor=fill, edgecolor=INK, lw=0.4, gid=dot.judgement)
    )
    page.text(dot.x, dot.y, sign, ha="center", va="center_baseline", fontsize=BODY, color=color)


def _draw_panel(page: Axes, panel: Panel, colors: Mapping[str, str]) -> None:
    per_mm = (1.0 - panel.start) / (panel.box.width - 2 * PAD - (STUB if panel.start else 0.0))
    left = panel.start - per_mm * (PAD + (STUB if panel.start else 0.0))
    axes = add_panel(page, panel.box, (left, 1.0 + per_mm * PAD))
    axes.set_label(panel.margin)
    bottom = panel.box.y + panel.box.height
    ticks = _ticks(panel.start, panel.box.width)
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


def _ticks(start: float, width: float) -> list[float]:
    """Round numbers from the start of the axis to 1, as many as there is room for."""
    if start and width < ROOM_FOR_TICKS:
        return [start, 1.0]
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
