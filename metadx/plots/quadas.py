"""QUADAS figures: the traffic light of every study, and bars of the shares."""

from __future__ import annotations

from typing import Final

from matplotlib.axes import Axes
from matplotlib.patches import Circle, Rectangle

from metadx.plots.canvas import draw_labels, finished, layout_width, page_for
from metadx.plots.fonts import Typeface
from metadx.plots.quadas_data import quadas_bars_data
from metadx.plots.quadas_layout import (
    RADIUS,
    SIGNS,
    QuadasLayout,
    bars_layout,
    light_layouts,
)
from metadx.plots.style import RULE, figure_style
from metadx.tables import stratum_label
from metadx.tables.quadas import Judged

#: What fits on an A4 page beside title and captions.
ROWS_PER_PAGE: Final = 45
EDGE: Final = "#333333"


def plot_quadas(
    source: Judged,
    ax: Axes | None = None,
    *,
    title: str | None = None,
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw the traffic light: each study's judgement in each domain, applicability apart.

    Parameters
    ----------
    source : Judged
        From `metadx.tables.judged`; the version decides the domains.
    ax : Axes, optional
        Axes to fill. A figure of the right height by default.
    title : str, optional
        Version and stratum by default; empty for none.
    size : {"one-column", "two-column", "slide"}
        What the figure is made for.
    width : float, optional
        Width of a new figure (millimetres).

    Returns
    -------
    Axes
        The page, in millimetres. An item that nobody judged is blank.

    Raises
    ------
    OptionError
        If the width does not hold the columns.
    """
    (layout,), typeface = _lights(source, ax, title, size, width, None)
    return finished(_draw(layout, typeface, ax), size, ax)


def plot_quadas_pages(
    source: Judged,
    *,
    rows_per_page: int = ROWS_PER_PAGE,
    title: str | None = None,
    size: str = "two-column",
    width: float | None = None,
) -> list[Axes]:
    """Draw the traffic light on as many pages as it needs.

    Parameters
    ----------
    source : Judged
    rows_per_page : int
        Studies on a page.
    title, size, width
        As for `plot_quadas`.
    """
    layouts, typeface = _lights(source, None, title, size, width, rows_per_page)
    return [finished(_draw(layout, typeface, None), size, None) for layout in layouts]


def plot_quadas_bars(
    source: Judged,
    ax: Axes | None = None,
    *,
    title: str | None = None,
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw the share of each judgement as stacked bars, applicability apart.

    Parameters
    ----------
    source : Judged
    ax, title, size, width
        As for `plot_quadas`.

    Returns
    -------
    Axes
        The page, in millimetres.
    """
    title = _title(source) if title is None else title
    captions = _captions(source)
    typeface = Typeface.covering([title, *captions])
    layout = bars_layout(
        quadas_bars_data(source),
        source.domains,
        typeface,
        width=layout_width(size, ax, width),
        title=title,
        captions=captions,
    )
    return finished(_draw(layout, typeface, ax), size, ax)


def _lights(
    source: Judged,
    ax: Axes | None,
    title: str | None,
    size: str,
    width: float | None,
    rows_per_page: int | None,
) -> tuple[list[QuadasLayout], Typeface]:
    title = _title(source) if title is None else title
    captions = _captions(source)
    typeface = Typeface.covering([title, *captions, *source.table.labels])
    layouts = light_layouts(
        source,
        typeface,
        width=layout_width(size, ax, width),
        title=title,
        captions=captions,
        rows_per_page=rows_per_page,
    )
    return layouts, typeface


def _title(source: Judged) -> str:
    ids = set(source.table.stratum_ids())
    name = stratum_label(ids.pop()) if len(ids) == 1 else source.table.name
    return f"{source.version}: {name}"


def _captions(source: Judged) -> list[str]:
    rows, k = len(source.table), source.table.frame["study_id"].nunique()
    counted = f"k = {k}" if k == rows else f"{rows} rows of {k} studies"
    found = [f"{counted}. {source.domains.reference}."]
    missing = int((source.judgements == "").to_numpy().sum())
    if missing:
        found.append(f"Blank: not judged ({missing} of {source.judgements.size} items).")
    if source.domains.compares:
        found.append("Each judgement concerns the comparison of two tests.")
    return found


def _draw(layout: QuadasLayout, typeface: Typeface, ax: Axes | None) -> Axes:
    with figure_style(typeface):
        page = page_for(ax, layout.width, layout.height)
        for y, left, right in layout.rules:
            page.plot([left, right], [y, y], color=RULE, lw=0.5, solid_capstyle="butt")
        for light in layout.lights:
            page.add_patch(
                Circle((light.x, light.y), RADIUS, facecolor=SIGNS[light.judgement][0],
                       edgecolor=EDGE, lw=0.5, gid=light.judgement)
            )  # fmt: skip
        for piece in layout.segments:
            fill = SIGNS[piece.judgement][0] if piece.judgement in SIGNS else "none"
            style = "-" if piece.judgement in SIGNS else ":"
            page.add_patch(
                Rectangle((piece.box.x, piece.box.y), piece.box.width, piece.box.height,
                          facecolor=fill, edgecolor=EDGE, lw=0.5, ls=style, gid=piece.judgement)
            )  # fmt: skip
        draw_labels(page, layout.labels, typeface)
    return page
