"""Drawing a layout in ROC space: matplotlib calls and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from metadx.plots.canvas import BORDER, MM_PER_INCH
from metadx.plots.fonts import Typeface
from metadx.plots.quadas_layout import SIGNS
from metadx.plots.sroc_data import ONE_MARGIN, POOLED_MARGIN
from metadx.plots.sroc_layout import BELOW, COLUMN_GAP, LEFT, Inset, SrocLayout
from metadx.plots.sroc_legend import LegendRow
from metadx.plots.sroc_marks import NOT_JUDGED, draw_studies
from metadx.plots.style import BODY, INK, LINE, PALETTE, QUIET, RULE, TITLE, Look
from metadx.sroc import CORRECTED

DASHES: Final = {"confidence_region": (0, (4, 2)), "prediction_region": (0, (1, 1.5))}
FAR_DASH: Final = (0, (7, 4))
#: The regions of the second radius are thinner.
RADIUS_WIDTHS: Final = {"f": 0.9, "chi2": 0.5, CORRECTED: 0.9}
POINTS_PER_MM: Final = 72.0 / MM_PER_INCH


def draw_sroc(
    axes: Axes,
    layout: SrocLayout,
    data: pd.DataFrame,
    looks: Mapping[str, Look],
    x: str,
    typeface: Typeface,
) -> None:
    """Draw a layout.

    Parameters
    ----------
    axes : Axes
        What is drawn on.
    layout : SrocLayout
        From `sroc_layout`.
    data : DataFrame
        From `sroc_data`, the parts that are drawn.
    looks : dict
        Colour and marker of each test.
    x : {"fpr", "specificity"}
        What the horizontal axis says.
    typeface : Typeface
        Fonts of the figure.
    """
    _draw_frame(axes, layout, x)
    _draw_marks(axes, layout, layout.glyphs, data, looks)
    for test, rows in data.groupby("test", sort=False):
        _draw_one_margin(axes, rows, looks[str(test)], layout.limits[0])
        _draw_pooled_margin(axes, rows, looks[str(test)], layout.limits[0])
    if layout.inset is not None:
        _draw_inset(axes, layout, layout.inset, data, looks, x)
    _draw_names(axes, layout, typeface)
    _draw_legend(axes, layout, looks, typeface)
    _draw_words(axes, layout, typeface)


def _draw_marks(
    axes: Axes,
    layout: SrocLayout,
    glyphs: pd.DataFrame,
    data: pd.DataFrame,
    looks: Mapping[str, Look],
) -> None:
    if layout.joins:
        axes.add_collection(
            LineCollection(layout.joins, colors=RULE, linewidths=0.6, zorder=1.5, gid="join"),
            autolim=False,
        )
    kinds = list(dict.fromkeys(data.loc[data["part"].isin(["curve", "outside"]), "kind"]))
    for test, rows in data.groupby("test", sort=False):
        look = looks[str(test)]
        draw_studies(axes, glyphs[glyphs["test"] == test], look)
        _draw_lines(axes, rows, look, kinds)
        summary = rows[rows["part"] == "summary"]
        axes.plot(
            summary["fpr"], summary["sensitivity"], ls="none", marker=look.marker, ms=6.5,
            zorder=5, gid="summary", **_point_colors(look, test in layout.open_points),
        )  # fmt: skip


def _draw_inset(
    axes: Axes,
    layout: SrocLayout,
    inset: Inset,
    data: pd.DataFrame,
    looks: Mapping[str, Look],
    x: str,
) -> None:
    """The corner once more, enlarged but for the marks, with lines to where it belongs."""
    box, corner = inset.box, inset.corner
    part = axes.inset_axes((box.x, box.y, box.width, box.height))
    part.set_label("corner")
    _draw_marks(part, layout, inset.glyphs, data, looks)
    part.set_xlim(-0.05 * corner, corner)
    part.set_ylim(1.0 - corner, 1.0 + 0.05 * corner)
    ticks = np.array([0.0, corner / 2.0, corner])
    part.set_xticks(ticks, [f"{tick if x == 'fpr' else 1.0 - tick:.3g}" for tick in ticks])
    part.set_yticks(1.0 - ticks, [f"{1.0 - tick:.3g}" for tick in ticks])
    axes.indicate_inset_zoom(part, edgecolor=QUIET, lw=0.5, alpha=0.6)


def _draw_frame(axes: Axes, layout: SrocLayout, x: str) -> None:
    ticks = np.linspace(0.0, 1.0, 6)
    axes.set_xlim(*layout.limits)
    axes.set_ylim(*layout.limits)
    axes.set_aspect("equal", adjustable="box")
    forward = [f"{tick:.1f}" for tick in ticks]
    axes.set_xticks(ticks, forward if x == "fpr" else forward[::-1])
    axes.set_yticks(ticks, forward)
    axes.set_xlabel("1 − specificity" if x == "fpr" else "Specificity")
    axes.set_ylabel("Sensitivity")
    axes.plot([0, 1], [0, 1], color="#DDDDDD", lw=0.6, zorder=0.5, gid="chance")


def _draw_one_margin(axes: Axes, rows: pd.DataFrame, look: Look, edge: float) -> None:
    """Ticks in the border beside the axis of the margin that these studies have."""
    inner = edge / 2
    values = rows.loc[rows["part"] == "sensitivity_only", "sensitivity"]
    segments = [[(edge, value), (inner, value)] for value in values]
    values = rows.loc[rows["part"] == "specificity_only", "fpr"]
    segments += [[(value, edge), (value, inner)] for value in values]
    if segments:
        axes.add_collection(
            LineCollection(segments, colors=[(look.color, 0.7)], linewidths=1.4, zorder=2,
                           gid="one_margin"),
            autolim=False,
        )  # fmt: skip


def _draw_pooled_margin(axes: Axes, rows: pd.DataFrame, look: Look, edge: float) -> None:
    """A margin that is pooled without the other: value and interval on its axis."""
    for part, margin in POOLED_MARGIN.items():
        for low, high, value in rows.loc[rows["part"] == part, ["low", "high", margin]].to_numpy():
            ends, at = (low, high), value
            if margin == "specificity":
                ends, at = (1.0 - high, 1.0 - low), 1.0 - value
            line, point = ((edge, edge), ends), (edge, at)
            if margin == "specificity":
                line, point = line[::-1], point[::-1]
            axes.plot(*line, color=look.color, lw=2.4, solid_capstyle="butt", zorder=4,
                      clip_on=False, gid=part)  # fmt: skip
            axes.plot(*point, ls="none", marker=look.marker, ms=6, zorder=5, clip_on=False,
                      gid=part, **_point_colors(look, False))  # fmt: skip


def curve_color(kind: str, kinds: Sequence[str], look: Look) -> str:
    """Return the colour of a curve: that of its test, others for further kinds of it."""
    others = [color for color in PALETTE if color != look.color]
    number = list(kinds).index(kind)
    return look.color if number == 0 else others[(number - 1) % len(others)]


def _draw_lines(axes: Axes, rows: pd.DataFrame, look: Look, kinds: Sequence[str]) -> None:
    for kind in kinds:
        own = rows[rows["kind"] == kind]
        line = own[own["part"].isin(["curve", "outside"])].sort_values("fpr")
        seen = line[line["part"] == "curve"]
        color = curve_color(kind, kinds, look)
        if len(line) > len(seen):
            axes.plot(line["fpr"], line["sensitivity"], color=color, lw=0.7, ls=FAR_DASH,
                      zorder=3, gid="outside")  # fmt: skip
        axes.plot(seen["fpr"], seen["sensitivity"], color=color, lw=1.2, zorder=3.5, gid="curve")
    for part, dashes in DASHES.items():
        for radius, region in rows[rows["part"] == part].groupby("kind", sort=False):
            axes.plot(region["fpr"], region["sensitivity"], color=look.color,
                      lw=RADIUS_WIDTHS[str(radius)], ls=dashes, zorder=3, gid=part)  # fmt: skip


def _draw_names(axes: Axes, layout: SrocLayout, typeface: Typeface) -> None:
    for name in layout.names:
        if name.leader is not None:
            (x0, y0), (x1, y1) = name.leader
            axes.plot([x0, x1], [y0, y1], transform=axes.transAxes, color=QUIET, lw=0.4,
                      zorder=6, gid="name leader")  # fmt: skip
        axes.text(
            name.x, name.y, typeface.clean(name.text), transform=axes.transAxes, ha=name.align,
            va="baseline", fontsize=BODY, color=INK, zorder=7, parse_math=False, gid="name",
        )  # fmt: skip


def _draw_legend(
    axes: Axes, layout: SrocLayout, looks: Mapping[str, Look], typeface: Typeface
) -> None:
    legend, side = layout.legend, layout.frame.side
    where: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": legend.place}
    if layout.frame.column:
        where = {"loc": "upper left", "bbox_to_anchor": ((side + COLUMN_GAP) / side, 1.0)}
    elif legend.place is None:
        where = {"loc": "upper left", "bbox_to_anchor": (0.0, -BELOW / side)}
    kinds = [row.detail for row in legend.rows if row.kind == "curve"]
    drawn = axes.legend(
        handles=[_handle(row, looks, layout.open_points, kinds) for row in legend.rows],
        labels=["\n".join(map(typeface.clean, row.text.split("\n"))) for row in legend.rows],
        title=legend.title or None, alignment="left", borderaxespad=0.0, borderpad=0.45,
        labelspacing=0.35, handlelength=2.6, handletextpad=0.7, **where,
    )  # fmt: skip
    drawn.set_zorder(6)
    for text in drawn.get_texts():
        text.set_parse_math(False)


def _point_colors(look: Look, is_open: bool) -> dict[str, Any]:
    if is_open:
        return {"color": look.color, "mfc": "white", "mec": look.color, "mew": 1.2}
    return {"color": look.color, "mec": "white", "mew": 0.7}


def _handle(
    row: LegendRow, looks: Mapping[str, Look], open_points: Sequence[str], kinds: Sequence[str]
) -> Artist:
    look = looks.get(row.test, Look(QUIET, "o"))
    if row.kind in ("test", "summary"):
        colors = _point_colors(look, row.kind == "summary" and row.test in open_points)
        return Line2D([], [], ls="none", marker=look.marker, ms=6, **colors)
    if row.kind in ("study", "group", "disc"):
        own, fill = (row.look, 0.7) if row.look is not None else (look, 0.22)
        edge: Any = QUIET if row.look is not None else (look.color, 0.75)
        if row.kind == "disc":
            own, edge = Look("#FFFFFF", "o"), INK
        return Line2D([], [], ls="none", marker=own.marker, ms=7, mfc=(own.color, fill),
                      mec=edge, mew=0.6)  # fmt: skip
    if row.kind == "judgement":
        shade = SIGNS[row.detail][0] if row.detail else NOT_JUDGED
        return Rectangle((0, 0), 1, 1, facecolor=shade, edgecolor=INK, lw=0.4)
    if row.kind in POOLED_MARGIN:
        return Line2D([], [], lw=2.4, marker=look.marker, ms=6, **_point_colors(look, False))
    if row.kind in ONE_MARGIN:
        marker = "_" if row.kind == "sensitivity_only" else "|"
        return Line2D([], [], ls="none", marker=marker, ms=6, mew=1.4, color=look.color, alpha=0.7)
    return _line_handle(row, look, kinds)


def _line_handle(row: LegendRow, look: Look, kinds: Sequence[str]) -> Line2D:
    if row.kind == "join":
        return Line2D([], [], color=RULE, lw=0.6)
    if row.kind == "curve":
        return Line2D([], [], color=curve_color(row.detail, kinds, look), lw=1.2)
    if row.kind == "outside":
        return Line2D([], [], color=look.color, ls=FAR_DASH, lw=0.7)
    if row.kind in DASHES:
        return Line2D([], [], color=look.color, ls=DASHES[row.kind], lw=RADIUS_WIDTHS[row.detail])
    return Line2D([], [], ls="none")


def _draw_words(axes: Axes, layout: SrocLayout, typeface: Typeface) -> None:
    """Title above and captions below or beside, at fixed distances from the square."""
    left, step = BORDER - LEFT, LINE * TITLE / BODY
    for i, text in enumerate(reversed(layout.title)):
        _write(axes, text, (left, 2.0 + i * step), (0.0, 1.0), TITLE, typeface, bold=True)
    legend, side = layout.legend, layout.frame.side
    below = legend.size.height + 1.0 if legend.place is None else 0.0
    corner, x, y = (0.0, 0.0), left, -BELOW - below
    if layout.frame.column:
        corner, x, y = (0.0, 1.0), side + COLUMN_GAP, -below
    for i, text in enumerate(layout.captions):
        at = (x, y - (i + 0.5) * LINE)
        _write(axes, text, at, corner, BODY, typeface, color=QUIET)


def _write(
    axes: Axes,
    text: str,
    offset: tuple[float, float],
    corner: tuple[float, float],
    size: float,
    typeface: Typeface,
    *,
    bold: bool = False,
    color: str = INK,
) -> None:
    axes.annotate(
        typeface.clean(text), xy=corner, xycoords="axes fraction",
        xytext=(offset[0] * POINTS_PER_MM, offset[1] * POINTS_PER_MM),
        textcoords="offset points", ha="left", va="baseline", fontsize=size, color=color,
        weight="bold" if bold else "normal", annotation_clip=False, parse_math=False,
    )  # fmt: skip
