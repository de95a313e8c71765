"""Names beside marks, without collisions; marks that make room for each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import textalloc
from numpy.typing import NDArray

from metadx.plots.canvas import new_figure
from metadx.plots.fonts import Typeface
from metadx.plots.style import BODY, figure_style

FloatArray = NDArray[np.float64]

#: Places that are tried for each name, and how far away a name may stand (share of the side).
CANDIDATES: Final = 600
FARTHEST: Final = 0.42
NEAREST: Final = 0.012
MARGIN: Final = 0.006
#: Names stay off the frame (shares of the axes).
INNER: Final = (0.012, 0.988)
#: A name that stands closer to its mark than this needs no line to it (millimetres).
NO_LEADER: Final = 2.6
#: Rounds in which marks push each other away.
ROUNDS: Final = 400
GOLDEN_ANGLE: Final = np.pi * (3.0 - np.sqrt(5.0))


@dataclass(frozen=True, slots=True)
class Name:
    """A name beside its mark (shares of the axes from their lower left corner).

    Attributes
    ----------
    index : int
        Of the mark.
    text : str
        What is written.
    x, y : float
        Anchor, at the base line.
    align : {"left", "center", "right"}
        Which side of the text stands at `x`.
    leader : tuple or None
        Both ends of the line to the mark, where the name does not stand right beside it.
    """

    index: int
    text: str
    x: float
    y: float
    align: str
    leader: tuple[tuple[float, float], tuple[float, float]] | None


def place_names(
    anchors: FloatArray,
    texts: Sequence[str],
    typeface: Typeface,
    side: float,
    obstacles: FloatArray,
) -> tuple[list[Name], list[int]]:
    """Find a place for each name where it covers no mark and no other name.

    Parameters
    ----------
    anchors : ndarray of shape (k, 2)
        Marks (shares of the axes).
    texts : sequence of str
        Names.
    typeface : Typeface
        Fonts of the figure.
    side : float
        Of the square axes (millimetres).
    obstacles : ndarray of shape (m, 2)
        Points that no name may cover.

    Returns
    -------
    names : list of Name
        The same for the same input.
    left_out : list of int
        Names for which there is no room.
    """
    if not len(texts):
        return [], []
    scatter = np.concatenate([anchors, obstacles])
    clean = [typeface.clean(text) for text in texts]
    with figure_style(typeface):
        axes = new_figure(side, side).add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        found: Any = textalloc.allocate(
            axes, anchors[:, 0], anchors[:, 1], clean, x_scatter=scatter[:, 0],
            y_scatter=scatter[:, 1], textsize=BODY, margin=MARGIN, min_distance=NEAREST,
            max_distance=FARTHEST, nbr_candidates=CANDIDATES, draw_all=False,
            avoid_label_lines_overlap=True, xlims=INNER, ylims=INNER, parse_math=False,
        )  # fmt: skip
    places, leaders, drawn, _ = found
    names, left_out = [], []
    aligned = iter(text.get_ha() for text in drawn if text is not None)
    for i, (place, leader) in enumerate(zip(places, leaders, strict=True)):
        if place is None:
            left_out.append(i)
            continue
        names.append(
            Name(i, texts[i], float(place[0]), float(place[1]), next(aligned), _ends(leader, side))
        )
    return names, left_out


def _ends(leader: Any, side: float) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Both ends of a line that is long enough to be needed."""
    if leader is None:
        return None
    (x0, x1), (y0, y1) = leader[0], leader[1]
    if np.hypot(x1 - x0, y1 - y0) * side <= NO_LEADER:
        return None
    return (float(x0), float(y0)), (float(x1), float(y1))


def spread(points: FloatArray, radius: float, low: float, high: float) -> FloatArray:
    """Move discs apart until none covers another, as little as that takes.

    Parameters
    ----------
    points : ndarray of shape (k, 2)
        Centres.
    radius : float
        Of every disc, on the scale of the points.
    low, high : float
        The discs stay between these on both axes.

    Returns
    -------
    ndarray of shape (k, 2)
        The same for the same input. Discs still overlap where there is no room for all.
    """
    moved = np.array(points, dtype=float)
    turn = GOLDEN_ANGLE * np.arange(len(moved))
    # Studies with the same result, or pressed into one corner, need a direction to part.
    aside = 1e-6 * radius * np.column_stack([np.cos(turn), np.sin(turn)])
    for _ in range(ROUNDS):
        apart = moved + aside
        gap = apart[:, None, :] - apart[None, :, :]
        distance = np.hypot(gap[..., 0], gap[..., 1])
        np.fill_diagonal(distance, np.inf)
        short = np.maximum(2.02 * radius - distance, 0.0)
        if not (short > 1e-9).any():
            break
        moved += 0.5 * ((short / distance)[..., None] * gap).sum(axis=1)
        moved = np.clip(moved, low + radius, high - radius)
    return moved
