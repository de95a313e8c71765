"""The evidence map: which test was studied at which site, how often, and with what result."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from metadx.plots.canvas import draw_labels, finished, layout_width, page_for
from metadx.plots.evidence_map_data import evidence_map_data
from metadx.plots.evidence_map_layout import evidence_map_captions, evidence_map_layout
from metadx.plots.fonts import Typeface
from metadx.plots.style import figure_style


def plot_evidence_map(
    estimates: pd.DataFrame,
    ax: Axes | None = None,
    *,
    title: str = "What has been studied, and with what result",
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw a grid of tests by sites with the main stratum of each in its cell.

    Parameters
    ----------
    estimates : DataFrame
        One row a stratum, as in ``results/estimates.csv``.
    ax : Axes, optional
        Axes to fill. A figure of the right height by default.
    title : str
        Above the map; empty for none.
    size : {"one-column", "two-column", "slide"}
        What the figure is made for.
    width : float, optional
        Width of a new figure (millimetres).

    Returns
    -------
    Axes
        The page, in millimetres.

    Raises
    ------
    OptionError
        If columns are missing or no row has a modality and site.
    """
    width = layout_width(size, ax, width)
    data = evidence_map_data(estimates)
    captions = evidence_map_captions(data)
    typeface = Typeface.covering([title, *captions, *data["modality"], *data["site"]])
    layout = evidence_map_layout(data, typeface, width=width, title=title, captions=captions)
    with figure_style(typeface):
        page = page_for(ax, layout.width, layout.height)
        for cell in layout.cells:
            page.add_patch(
                Rectangle((cell.box.x, cell.box.y), cell.box.width, cell.box.height,
                          facecolor=cell.color, edgecolor="#C8C8C8", lw=0.5, gid="cell")
            )  # fmt: skip
        draw_labels(page, layout.labels, typeface)
    return finished(page, size, ax)
