"""Drawing an SROC layout: matplotlib calls and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, ScaledTranslation

from metadx.plots.canvas import BORDER, MM_PER_INCH
from metadx.plots.fonts import Typeface
from metadx.plots.sroc_data import ONE_MARGIN, POOLED_MARGIN
from metadx.plots.sroc_layout import BELOW, LEFT, Inset, LegendRow, SrocLayout
from metadx.plots.style import BODY, INK, LINE, QUIET, RULE, TITLE, Look

DASHES: Final = {"confidence_region": (0, (4, 2)), "prediction_region": (0, (1, 1.5))}
FAR_DASH: Final = (0, (7, 4))


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
    _draw_marks(axes, layout, data, looks)
    for test, rows in data.groupby("test", sort=False):
        _draw_one_margin(axes, rows, looks[str(test)], layout.limits[0])
        _draw_pooled_margin(axes, rows, looks[str(test)], layout.limits[0])
    if layout.inset is not None:
        _draw_inset(axes, layout, layout.inset, data, looks, x)
    _draw_legend(axes, layout, looks, typeface)
    _draw_words(axes, layout, typeface)


def _draw_marks(
    axes: Axes, layout: SrocLayout, data: pd.DataFrame, looks: Mapping[str, Look]
) -> None:
    if layout.joins:
        axes.add_collection(
            LineCollection(layout.joins, colors=RULE, linewidths=0.6, zorder=1.5, gid="join"),
            autolim=False,
        )
    for test, rows in data.groupby("test", sort=False):
        look = looks[str(test)]
        _draw_studies(axes, layout.glyphs[layout.glyphs["test"] == test], look)
        _draw_lines(axes, rows, look)
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
    enlarged = 1.05 * corner / (box.width * (layout.limits[1] - layout.limits[0]))
    glyphs = layout.glyphs.assign(
        rx=layout.glyphs["rx"] * enlarged, ry=layout.glyphs["ry"] * enlarged
    )
    _draw_marks(part, replace(layout, glyphs=glyphs), data, looks)
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


def _draw_studies(axes: Axes, glyphs: pd.DataFrame, look: Look) -> None:
    shape = _unit_path(look.marker)
    paths = [
        shape.transformed(Affine2D().scale(rx, ry).translate(fpr, sensitivity))
        for fpr, sensitivity, rx, ry in glyphs[["fpr", "sensitivity", "rx", "ry"]].to_numpy()
    ]
    axes.add_collection(
        PathCollection(paths, facecolors=[(look.color, 0.22)], edgecolors=[(look.color, 0.75)],
                       linewidths=0.6, zorder=2, gid="study"),
        autolim=False,
    )  # fmt: skip


def _unit_path(marker: str) -> Path:
    """A marker scaled to reach from -1 to 1."""
    style = MarkerStyle(marker)
    path = style.get_path().transformed(style.get_transform())
    return path.transformed(Affine2D().scale(1.0 / float(np.abs(path.vertices).max())))


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


def _draw_lines(axes: Axes, rows: pd.DataFrame, look: Look) -> None:
    line = rows[rows["part"].isin(["curve", "outside"])].sort_values("fpr")
    seen = line[line["part"] == "curve"]
    if len(line) > len(seen):
        axes.plot(
            line["fpr"], line["sensitivity"], color=look.color, lw=0.7, ls=FAR_DASH, zorder=3,
            gid="outside",
        )  # fmt: skip
    axes.plot(seen["fpr"], seen["sensitivity"], color=look.color, lw=1.2, zorder=3.5, gid="curve")
    for part, dashes in DASHES.items():
        region = rows[rows["part"] == part]
        axes.plot(
            region["fpr"], region["sensitivity"], color=look.color, lw=0.9, ls=dashes, zorder=3,
            gid=part,
        )  # fmt: skip


def _draw_legend(
    axes: Axes, layout: SrocLayout, looks: Mapping[str, Look], typeface: Typeface
) -> None:
    legend = layout.legend
    where: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": legend.place}
    if legend.place is None:
        dpi = axes.get_figure(root=True).dpi_scale_trans  # type: ignore[union-attr]
        below = ScaledTranslation(0, -BELOW / MM_PER_INCH, dpi)
        where = {"loc": "upper left", "bbox_to_anchor": (0.0, 0.0),
                 "bbox_transform": axes.transAxes + below}  # fmt: skip
    drawn = axes.legend(
        handles=[_handle(row, looks, layout.open_points) for row in legend.rows],
        labels=[typeface.clean(row.text) for row in legend.rows],
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


def _handle(row: LegendRow, looks: Mapping[str, Look], open_points: Sequence[str]) -> Line2D:
    look = looks.get(row.test, Look(QUIET, "o"))
    if row.kind in ("test", "summary"):
        colors = _point_colors(look, row.kind == "summary" and row.test in open_points)
        return Line2D([], [], ls="none", marker=look.marker, ms=6, **colors)
    if row.kind == "study":
        return Line2D([], [], ls="none", marker=look.marker, ms=7, mfc=(look.color, 0.22),
                      mec=(look.color, 0.75), mew=0.6)  # fmt: skip
    if row.kind in POOLED_MARGIN:
        return Line2D([], [], lw=2.4, marker=look.marker, ms=6, **_point_colors(look, False))
    if row.kind in ONE_MARGIN:
        marker = "_" if row.kind == "sensitivity_only" else "|"
        return Line2D([], [], ls="none", marker=marker, ms=6, mew=1.4, color=look.color, alpha=0.7)
    if row.kind == "join":
        return Line2D([], [], color=RULE, lw=0.6)
    styles = {"curve": ("-", 1.2), "outside": (FAR_DASH, 0.7)}
    dashes, lw = styles.get(row.kind) or (DASHES[row.kind], 0.9)
    return Line2D([], [], color=look.color, ls=dashes, lw=lw)


def _draw_words(axes: Axes, layout: SrocLayout, typeface: Typeface) -> None:
    """Title above and captions below, at fixed distances from the square."""
    points = 72.0 / MM_PER_INCH
    left = (BORDER - LEFT) * points
    step = LINE * TITLE / BODY
    for i, text in enumerate(reversed(layout.title)):
        up = (2.0 + i * step) * points
        _write(axes, text, (left, up), (0.0, 1.0), TITLE, typeface, bold=True)
    legend = layout.legend
    start = BELOW + (legend.size.height + 1.0 if legend.place is None else 0.0)
    for i, text in enumerate(layout.captions):
        down = -(start + (i + 0.5) * LINE) * points
        _write(axes, text, (left, down), (0.0, 0.0), BODY, typeface, color=QUIET)


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
        typeface.clean(text), xy=corner, xycoords="axes fraction", xytext=offset,
        textcoords="offset points", ha="left", va="baseline", fontsize=size, color=color,
        weight="bold" if bold else "normal", annotation_clip=False, parse_math=False,
    )  # fmt: skip
