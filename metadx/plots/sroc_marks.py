"""The marks of studies in ROC space: areas, crosshairs, ellipses and slices."""

from __future__ import annotations

from typing import Any, Final, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Wedge
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from metadx.plots.covariates import MISSING
from metadx.plots.quadas_layout import SIGNS
from metadx.plots.style import INK, QUIET, Look

#: Fill of a slice that nobody judged; between the others in grey.
NOT_JUDGED: Final = "#8C8C8C"
#: How dense the largest and the smallest study are drawn.
DENSE: Final = 0.9
FAINT: Final = 0.35


def draw_studies(axes: Axes, glyphs: pd.DataFrame, look: Look) -> None:
    """Draw the studies of one test in the way their columns ask for.

    Parameters
    ----------
    axes : Axes
        ROC space.
    glyphs : DataFrame
        From the layout: with ``slices``, with the ends of intervals (``fpr_low`` and so on),
        with the ``outline`` of an ellipse, or with none of these.
    look : Look
        Colour and marker of the test.
    """
    if glyphs.empty:
        return
    if glyphs["slices"].notna().all():
        _draw_slices(axes, glyphs)
    elif "outline" in glyphs:
        _draw_ellipses(axes, glyphs, look)
    elif "fpr_low" in glyphs:
        _draw_crosshairs(axes, glyphs, look)
    else:
        _draw_areas(axes, glyphs, look)


def weights(glyphs: pd.DataFrame) -> np.ndarray:
    """Root of each study's size relative to the largest, from 0 to 1."""
    n = (glyphs["n_diseased"] + glyphs["n_nondiseased"]).to_numpy(dtype=float)
    return np.asarray(np.sqrt(n / n.max()))


def _looks(glyphs: pd.DataFrame, look: Look) -> list[Look]:
    return [own or look for own in glyphs["look"]]


def _edge(look: Look) -> str:
    return QUIET if look == MISSING else look.color


def _draw_areas(axes: Axes, glyphs: pd.DataFrame, look: Look) -> None:
    looks = _looks(glyphs, look)
    shared = glyphs["look"].isna().all()
    paths = [
        unit_path(one.marker).transformed(Affine2D().scale(rx, ry).translate(x, y))
        for one, (x, y, rx, ry) in zip(
            looks, glyphs[["x", "y", "rx", "ry"]].to_numpy(dtype=float), strict=True
        )
    ]
    fill = 0.22 if shared else 0.7
    axes.add_collection(
        PathCollection(paths, facecolors=[(one.color, fill) for one in looks],
                       edgecolors=[(_edge(one), 0.75) for one in looks], linewidths=0.6,
                       zorder=2, gid="study"),
        autolim=False,
    )  # fmt: skip


def unit_path(marker: str) -> Path:
    """Return a marker scaled to reach from -1 to 1."""
    style = MarkerStyle(marker)
    path = style.get_path().transformed(style.get_transform())
    return path.transformed(Affine2D().scale(1.0 / float(np.abs(path.vertices).max())))


def _draw_crosshairs(axes: Axes, glyphs: pd.DataFrame, look: Look) -> None:
    """Both intervals of a study, larger studies darker and heavier, with its marker."""
    size = weights(glyphs)
    colors = [(_edge(one), FAINT + (DENSE - FAINT) * w) for one, w in
              zip(_looks(glyphs, look), size, strict=True)]  # fmt: skip
    ends = glyphs[["fpr", "sensitivity", "fpr_low", "fpr_high", "sens_low", "sens_high"]]
    segments: list[list[tuple[float, float]]] = []
    for x, y, left, right, low, high in ends.to_numpy(dtype=float):
        segments += [[(left, y), (right, y)], [(x, low), (x, high)]]
    axes.add_collection(
        LineCollection(segments, colors=[color for color in colors for _ in range(2)],
                       linewidths=np.repeat(0.5 + 0.9 * size, 2), zorder=2, gid="crosshair",
                       capstyle="butt"),
        autolim=False,
    )  # fmt: skip
    for one, (x, y), color, w in zip(
        _looks(glyphs, look), ends[["fpr", "sensitivity"]].to_numpy(dtype=float), colors, size,
        strict=True,
    ):  # fmt: skip
        axes.plot([x], [y], ls="none", marker=one.marker, ms=2.0 + 3.0 * w, mec=color, mew=0.5,
                  mfc=(one.color, color[1]), zorder=2.2, gid="study")  # fmt: skip


def _draw_ellipses(axes: Axes, glyphs: pd.DataFrame, look: Look) -> None:
    """The region of each study; a small study is wide and faint."""
    looks, size = _looks(glyphs, look), weights(glyphs)
    axes.add_collection(
        PathCollection(
            [Path(outline) for outline in glyphs["outline"]],
            facecolors=[(one.color, 0.05 + 0.17 * w) for one, w in zip(looks, size, strict=True)],
            edgecolors=[(_edge(one), FAINT + (DENSE - FAINT) * w)
                        for one, w in zip(looks, size, strict=True)],
            linewidths=0.5 + 0.6 * size, zorder=2, gid="ellipse",
        ),
        autolim=False,
    )  # fmt: skip
    for one, (x, y), w in zip(
        looks, glyphs[["fpr", "sensitivity"]].to_numpy(dtype=float), size, strict=True
    ):
        axes.plot([x], [y], ls="none", marker=one.marker, ms=1.6 + 2.0 * w, mew=0, zorder=2.2,
                  color=_edge(one), gid="study")  # fmt: skip


def _draw_slices(axes: Axes, glyphs: pd.DataFrame) -> None:
    """A disc with one slice for each domain; a line leads to where the study belongs."""
    for row in cast(Any, glyphs).itertuples(index=False):
        if np.hypot(row.x - row.fpr, row.y - row.sensitivity) > 0.5 * row.rx:
            axes.plot([row.fpr, row.x], [row.sensitivity, row.y], color=INK, lw=0.5, zorder=2,
                      marker="o", markevery=[0], ms=1.8, mew=0, gid="leader")  # fmt: skip
        for wedge in slices(row.slices, (row.x, row.y), row.rx):
            axes.add_patch(wedge)


def slices(judgements: tuple[str, ...], centre: tuple[float, float], radius: float) -> list[Wedge]:
    """Return the slices of a disc, clockwise from the top."""
    step = 360.0 / len(judgements)
    return [
        Wedge(
            centre,
            radius,
            90.0 - (i + 1) * step,
            90.0 - i * step,
            facecolor=SIGNS[word][0] if word in SIGNS else NOT_JUDGED,
            edgecolor=INK,
            lw=0.4,
            zorder=2.5,
            gid=f"slice {word or 'not judged'}",
        )
        for i, word in enumerate(judgements)
    ]
