"""A page measured in millimetres, and the marks that several figures share.

A figure is laid out first, as plain data in millimetres from the top left corner, and
then drawn. Nothing here knows about studies. A plot function asks `layout_width` how wide
to lay out, and ends in `finished`, which enlarges a slide.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, cast

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from metadx.errors import OptionError
from metadx.plots.enlarging import enlarge
from metadx.plots.fonts import Typeface
from metadx.plots.style import BODY, INK, LINE, QUIET, figure_style, size_named

MM_PER_INCH: Final = 25.4
#: Free border of a page (millimetres).
BORDER: Final = 2.0

#: Share of the width that a paragraph uses; the rest is for what a renderer rounds.
SLACK: Final = 0.98


@dataclass(frozen=True, slots=True)
class Label:
    """One line of text.

    Attributes
    ----------
    x, y : float
        Anchor: the vertical middle of the line (millimetres from the top left corner).
    text : str
        What is written.
    align : {"left", "center", "right"}
        Which side of the text stands at `x`.
    bold : bool
        Font weight.
    size : float
        Points.
    color : str
        Any colour of matplotlib.
    """

    x: float
    y: float
    text: str
    align: str = "left"
    bold: bool = False
    size: float = BODY
    color: str = INK


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; on a page in millimetres from the top left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def shorter(self) -> float:
        """The shorter side."""
        return min(self.width, self.height)


def paragraph(
    typeface: Typeface, texts: Iterable[str], x: float, y: float, width: float, color: str = QUIET
) -> list[Label]:
    """Lay out paragraphs of small text, one below the other.

    Parameters
    ----------
    typeface : Typeface
        Fonts of the figure.
    texts : iterable of str
        Paragraphs; each starts a new line.
    x, y : float
        Left edge, and middle of the first line (millimetres).
    width : float
        Widest line (millimetres).
    color : str
        Text colour.

    Returns
    -------
    list of Label
        One per line, `LINE` apart.
    """
    lines = [line for text in texts for line in typeface.wrap(text, SLACK * width, BODY)]
    return [Label(x, y + i * LINE, line, color=color) for i, line in enumerate(lines)]


def page_for(axes: Axes | None, width: float, height: float) -> Axes:
    """Make a page of `width` x `height` millimetres, on given axes or on a new figure.

    Parameters
    ----------
    axes : Axes or None
        What becomes the page; without, a figure of that size is made.
    width, height : float
        Millimetres.

    Returns
    -------
    Axes
        Without frame; data coordinates are millimetres from the top left corner.

    Raises
    ------
    OptionError
        If the layout is higher than the given axes.
    """
    if axes is None:
        page = new_figure(width, height).add_axes((0.0, 0.0, 1.0, 1.0))
    else:
        have = size_of(axes).height
        if have < height - 0.5:
            raise OptionError(
                f"these axes are {have:.0f} mm high, the figure needs {height:.0f} mm; "
                "leave ax out for a figure of the right size"
            )
        page, height = axes, max(height, have)
    page.set_xlim(0.0, width)
    page.set_ylim(height, 0.0)
    page.set_axis_off()
    return page


def layout_width(size: str, axes: Axes | None, width: float | None = None) -> float:
    """Return the width at which a figure is laid out (millimetres).

    Parameters
    ----------
    size : {"one-column", "two-column", "slide"}
        What the figure is made for.
    axes : Axes or None
        Axes that are filled; their width wins.
    width : float, optional
        Another width of a new figure than that of its size.

    Raises
    ------
    OptionError
        If there is no such size.
    """
    named = size_named(size)
    if axes is not None:
        return size_of(axes).width
    return named.width if width is None else width


def finished(axes: Axes, size: str, given: Axes | None) -> Axes:
    """Enlarge a new figure that is made for a slide; axes of the caller's stay as they are."""
    if given is None:
        with figure_style():
            enlarge(cast(Figure, axes.get_figure(root=True)), size_named(size).factor)
    return axes


class UnhintedFigure(Figure):
    """A figure whose text is as wide on any canvas as it was measured.

    Hinting moves each letter to whole pixels, which at screen resolution widens a line by up
    to a tenth; matplotlib reads the setting when it draws, so that it has to hold then.
    """

    def draw(self, renderer: RendererBase) -> None:
        """Draw without hinting, whatever the settings outside are."""
        with rc_context({"text.hinting": "none"}):
            super().draw(renderer)


def new_figure(width: float, height: float) -> Figure:
    """Make a figure of `width` x `height` millimetres without any global state."""
    figure = UnhintedFigure(figsize=(width / MM_PER_INCH, height / MM_PER_INCH))
    FigureCanvasAgg(figure)
    return figure


def size_of(axes: Axes) -> Box:
    """Return place and size of axes on their figure (millimetres)."""
    figure = cast(Figure, axes.get_figure(root=True))
    width, height = figure.get_size_inches() * MM_PER_INCH
    place = axes.get_position()
    return Box(
        place.x0 * width, (1 - place.y1) * height, place.width * width, place.height * height
    )


def add_panel(page: Axes, box: Box, xlim: tuple[float, float]) -> Axes:
    """Add a panel with a data axis below and the page's millimetres as its height.

    Parameters
    ----------
    page : Axes
        From `new_page` or `page_on`.
    box : Box
        Where the panel stands on the page.
    xlim : tuple of float
        Ends of the data axis.
    """
    width, height = page.get_xlim()[1], page.get_ylim()[0]
    panel = page.inset_axes(
        (
            box.x / width,
            1.0 - (box.y + box.height) / height,
            box.width / width,
            box.height / height,
        )
    )
    panel.set_xlim(*xlim)
    panel.set_ylim(box.y + box.height, box.y)
    panel.set_yticks([])
    panel.patch.set_visible(False)
    for side in ("top", "left", "right"):
        panel.spines[side].set_visible(False)
    return panel


def draw_labels(page: Axes, labels: Sequence[Label], typeface: Typeface) -> None:
    """Write all texts of a layout."""
    for label in labels:
        page.text(
            label.x,
            label.y,
            typeface.clean(label.text),
            ha=label.align,
            va="center_baseline",
            weight="bold" if label.bold else "normal",
            fontsize=label.size,
            color=label.color,
            parse_math=False,
        )
