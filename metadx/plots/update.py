"""What an update did to a stratum: the studies added one by one, and then the changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
from matplotlib.axes import Axes

from metadx.errors import OptionError
from metadx.plots.canvas import BORDER, add_panel, draw_labels, page_for, size_of
from metadx.plots.fonts import Typeface
from metadx.plots.studies import MARGINS
from metadx.plots.style import PAGE_WIDTH, QUIET, figure_style
from metadx.plots.update_layout import Panel, update_layout

#: Columns of the steps; each margin has its value, its ends, its number of studies and whether
#: it is pooled.
STEP_COLUMNS: Final = (
    "label",
    "kind",
    *(f"{margin}{end}" for margin in MARGINS for end in ("_k", "", "_low", "_high", "_pooled")),
)


def plot_update(
    steps: pd.DataFrame,
    ax: Axes | None = None,
    *,
    title: str = "",
    notes: Sequence[str] = (),
    width: float = PAGE_WIDTH,
) -> Axes:
    """Draw cumulative estimates with the update marked.

    Parameters
    ----------
    steps : DataFrame
        One row a step, with `STEP_COLUMNS`: ``kind`` is ``"study"`` before the update, else
        ``"came"``, ``"went"`` or ``"changed"``; estimates are probabilities.
    ax : Axes, optional
        Axes to fill. A figure of the right height by default.
    title : str
        Above the figure.
    notes : sequence of str
        Paragraphs below it: the numbers of studies and people, the level, the model.
    width : float
        Width of the new figure (millimetres).

    Returns
    -------
    Axes
        The page, in millimetres; ``child_axes`` are the panels, in per cent.

    Raises
    ------
    OptionError
        If columns are missing, there is no step, or the page is too narrow.
    """
    missing = [name for name in STEP_COLUMNS if name not in steps.columns]
    if missing or not len(steps):
        what = f"columns {', '.join(missing)}" if missing else "rows"
        raise OptionError(f"the figure of an update lacks {what}")
    if ax is not None:
        width = size_of(ax).width
    typeface = Typeface.covering([title, *notes, *steps["label"], "−~"])
    layout = update_layout(steps, typeface, width=width, title=title, notes=notes)
    with figure_style(typeface):
        page = page_for(ax, layout.width, layout.height)
        page.plot([BORDER, width - BORDER], [layout.rule] * 2, color=QUIET, lw=0.6, gid="update")
        for panel in layout.panels:
            _draw_panel(page, panel)
        draw_labels(page, layout.labels, typeface)
    return page


def _draw_panel(page: Axes, panel: Panel) -> None:
    least = min([mark.low for mark in panel.marks] or [0.0])
    start = 0.0 if least < 50.0 else 50.0
    room = (100.0 - start) * 0.03
    drawn = add_panel(page, panel.box, (start - room, 100.0 + room))
    drawn.set_label(panel.margin)
    ticks = [0, 25, 50, 75, 100] if start == 0.0 else [50, 75, 100]
    drawn.set_xticks(ticks, [str(tick) for tick in ticks])
    drawn.spines["bottom"].set_bounds(start, 100.0)
    drawn.set_xlabel("per cent")
    if panel.before is not None:
        drawn.axvline(panel.before, color=QUIET, lw=0.6, ls=":", zorder=0.5, gid="before")
    for mark in panel.marks:
        drawn.plot([mark.low, mark.high], [mark.y, mark.y], color=mark.color, lw=1.0, zorder=2,
                   solid_capstyle="butt", gid="interval")  # fmt: skip
        drawn.plot([mark.value], [mark.y], marker="o", ms=3.2, color=mark.color, zorder=3,
                   mfc=mark.color if mark.pooled else "white", mew=0.9, clip_on=False,
                   gid="value")  # fmt: skip
