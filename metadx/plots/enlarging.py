"""A figure enlarged as a whole: for a slide, everything on it grows by the same factor."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.offsetbox import DrawingArea, OffsetBox, PackerBase
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch, Rectangle
from matplotlib.text import Annotation, Text


def enlarge(figure: Figure, factor: float) -> None:
    """Make a figure and all that is measured in points on it larger.

    Parameters
    ----------
    figure : Figure
        Drawn already; nothing may be added to it afterwards.
    factor : float
        New width over old width.

    Notes
    -----
    What stands in data or axes coordinates grows with the page; text, lines, markers,
    paddings and ticks are points and are multiplied here. The result at half the resolution
    is the same image as the original, for a factor of 2.
    """
    if factor == 1.0:
        return
    width, height = figure.get_size_inches()
    figure.set_size_inches(width * factor, height * factor)
    axes = [one for one in figure.findobj(Axes) if isinstance(one, Axes)]
    legends = [one for one in figure.findobj(Legend) if isinstance(one, Legend)]
    for one in (axis for owner in axes for axis in (owner.xaxis, owner.yaxis)):
        _enlarge_axis(one, factor)
    inside = {id(part) for axis in _axes_of(axes) for part in axis.findobj() if part is not axis}
    for legend in legends:
        _enlarge_legend(legend, factor)
    for artist in figure.findobj(lambda one: id(one) not in inside):
        _enlarge_artist(artist, factor)
    for axis in _axes_of(axes):
        _enlarge_artist(axis.label, factor)


def _axes_of(axes: list[Axes]) -> list[Axis]:
    return [axis for one in axes for axis in (one.xaxis, one.yaxis)]


def _enlarge_artist(artist: Artist, factor: float) -> None:
    if isinstance(artist, Text):
        artist.set_fontsize(float(artist.get_fontsize()) * factor)
        if isinstance(artist, Annotation) and _in_points(artist.anncoords):
            artist.xyann = tuple(factor * np.asarray(artist.xyann, dtype=float))
    elif isinstance(artist, Line2D):
        artist.set_linewidth(artist.get_linewidth() * factor)
        artist.set_markersize(artist.get_markersize() * factor)
        artist.set_markeredgewidth(artist.get_markeredgewidth() * factor)
    elif isinstance(artist, Collection):
        artist.set_linewidth([factor * width for width in np.atleast_1d(artist.get_linewidth())])
        sizes = getattr(artist, "get_sizes", None)
        if sizes is not None and len(sizes()):
            cast(Any, artist).set_sizes(factor**2 * np.asarray(sizes()))
    elif isinstance(artist, Patch):
        artist.set_linewidth(artist.get_linewidth() * factor)
        if isinstance(artist, FancyBboxPatch | FancyArrowPatch):
            artist.set_mutation_scale(artist.get_mutation_scale() * factor)


def _in_points(coordinates: Any) -> bool:
    return isinstance(coordinates, str) and coordinates.endswith("points")


def _enlarge_axis(axis: Axis, factor: float) -> None:
    """Ticks come and go as an axis is drawn, so that the axis itself has to know their size."""
    tick: Any = axis.get_major_ticks(1)[0]
    axis.set_tick_params(
        length=tick._size * factor,
        width=tick._width * factor,
        pad=tick._base_pad * factor,
        labelsize=tick.label1.get_fontsize() * factor,
    )
    axis.labelpad *= factor


def _enlarge_legend(legend: Legend, factor: float) -> None:
    legend.borderaxespad *= factor
    _enlarge_box(cast(Any, legend)._legend_box, factor)


def _enlarge_box(box: OffsetBox, factor: float) -> None:
    if isinstance(box, PackerBase):
        for name in ("pad", "sep", "width", "height"):
            value = getattr(box, name)
            setattr(box, name, None if value is None else value * factor)
    elif isinstance(box, DrawingArea):
        for name in ("width", "height", "xdescent", "ydescent"):
            setattr(box, name, getattr(box, name) * factor)
        for handle in box.get_children():
            _enlarge_handle(handle, factor)
    for child in box.get_children():
        if isinstance(child, OffsetBox):
            _enlarge_box(child, factor)


def _enlarge_handle(handle: Artist, factor: float) -> None:
    """A handle of a legend is drawn in points."""
    if isinstance(handle, Line2D):
        handle.set_data(*(factor * np.asarray(handle.get_data(), dtype=float)))
    elif isinstance(handle, Collection):
        handle.set_offsets(factor * np.asarray(handle.get_offsets()))
    elif isinstance(handle, Rectangle):
        x, y = handle.get_xy()
        handle.set_bounds(
            factor * x, factor * y, factor * handle.get_width(), factor * handle.get_height()
        )
