"""The study flow diagram: extracted, removed, kept but not pooled, pooled."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle

from metadx.plots.canvas import draw_labels, finished, layout_width, page_for
from metadx.plots.flow_diagram_data import flow_diagram_data
from metadx.plots.flow_diagram_layout import flow_diagram_layout
from metadx.plots.fonts import Typeface
from metadx.plots.style import INK, figure_style
from metadx.tables import StudyTable, stratum_label

ROWS_NOTE = "A row is one study, test, reader or threshold, and unit."
SEARCH_NOTE = "What was found and screened before is not in the study tables."


def plot_flow_diagram(
    source: StudyTable,
    ax: Axes | None = None,
    *,
    before: Mapping[str, int] | None = None,
    title: str | None = None,
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw where every extracted row went.

    Parameters
    ----------
    source : StudyTable
        All rows, pooled or not, of one stratum or of many.
    ax : Axes, optional
        Axes to fill. A figure of the right height by default.
    before : mapping of str to int, optional
        Boxes ahead of the tables, for example ``{"Records found": 1204, "Screened": 988}``.
    title : str, optional
        Table or stratum by default; empty for none.
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
        If the boxes do not fit.
    """
    ids = set(source.stratum_ids())
    name = stratum_label(ids.pop()) if len(ids) == 1 else source.name
    title = f"Study flow: {name}" if title is None else title
    captions = [ROWS_NOTE] if before else [ROWS_NOTE, SEARCH_NOTE]
    data = flow_diagram_data(source, before)
    typeface = Typeface.covering([title, *captions, *data["label"], *data["reason"]])
    layout = flow_diagram_layout(
        data,
        typeface,
        width=layout_width(size, ax, width),
        title=title,
        captions=captions,
    )
    with figure_style(typeface):
        page = page_for(ax, layout.width, layout.height)
        for box in layout.boxes:
            page.add_patch(
                Rectangle((box.x, box.y), box.width, box.height, facecolor="none",
                          edgecolor=INK, lw=0.8, gid="box")
            )  # fmt: skip
        for arrow in layout.arrows:
            head = "-|>" if arrow.head else "-"
            page.add_patch(
                FancyArrowPatch((arrow.x0, arrow.y0), (arrow.x1, arrow.y1), arrowstyle=head,
                                mutation_scale=7, shrinkA=0, shrinkB=0, color=INK, lw=0.8)
            )  # fmt: skip
        draw_labels(page, layout.labels, typeface)
    return finished(page, size, ax)
