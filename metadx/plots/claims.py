"""The claims of a review against the pooled evidence, claim by claim."""

from __future__ import annotations

from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from metadx.plots.canvas import BORDER, add_panel, draw_labels, finished, layout_width, page_for
from metadx.plots.claims_data import SCALES, claims_data
from metadx.plots.claims_layout import MIN_PANEL, Section, claims_layout
from metadx.plots.fonts import Typeface
from metadx.plots.style import RULE, figure_style

#: Shade of what is claimed.
BAND: Final = "#F6E3BD"
POINT: Final = "#C98A00"


def plot_claims(
    claims: pd.DataFrame,
    ax: Axes | None = None,
    *,
    title: str = "What the review states, and what the pooled studies say",
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw what is claimed as a band and what was found as intervals, claim by claim.

    Parameters
    ----------
    claims : DataFrame
        One row for each claim and stratum compared with it, as in ``results/claims.csv``:
        bounds and numbers are probabilities, or differences of probabilities.
    ax : Axes, optional
        Axes to fill. A figure of the right height by default.
    title : str
        Above the figure; empty for none.
    size : {"one-column", "two-column", "slide"}
        What the figure is made for.
    width : float, optional
        Width of a new figure (millimetres).

    Returns
    -------
    Axes
        The page, in millimetres; ``child_axes`` are the panels, in per cent.

    Raises
    ------
    OptionError
        If columns are missing or there is no claim.
    """
    width = layout_width(size, ax, width)
    data = claims_data(claims)
    typeface = Typeface.covering([title, *data["statement"], *data["reason"], "✓✗"])
    layout = claims_layout(data, typeface, width=width, title=title)
    with figure_style(typeface):
        page = page_for(ax, layout.width, layout.height)
        for y in layout.rules:
            page.plot([BORDER, width - BORDER], [y, y], color=RULE, lw=0.4)
        for section in layout.sections:
            _draw_section(page, section)
        draw_labels(page, layout.labels, typeface)
    return finished(page, size, ax)


def _draw_section(page: Axes, section: Section) -> None:
    if section.scale == "none":
        return
    (least, most), ticks, _ = SCALES[section.scale]
    margin = (most - least) * 0.02
    panel = add_panel(page, section.box, (least - margin, most + margin))
    panel.set_label(section.scale)
    panel.spines["bottom"].set_bounds(least, most)
    narrow = section.box.width < MIN_PANEL
    shown = ticks[::2] if narrow else ticks
    panel.set_xticks(shown, [f"{tick}".replace("-", "−") for tick in shown])
    for tick in () if narrow else ticks:
        panel.axvline(tick, color="#E4E4E4", lw=0.5, zorder=0.5)
    for band in section.bands:
        if band.low == band.high:
            panel.plot([band.low] * 2, [band.top, band.top + band.height], color=POINT, lw=1.2,
                       zorder=1, gid="claim")  # fmt: skip
            continue
        panel.add_patch(
            Rectangle((band.low, band.top + 0.3), band.high - band.low, band.height - 0.6,
                      facecolor=BAND, lw=0, zorder=0.8, gid="claim")
        )  # fmt: skip
    for one in section.intervals:
        panel.plot([one.low, one.high], [one.y, one.y], color=one.color, lw=1.1, zorder=2,
                   solid_capstyle="butt", gid="interval")  # fmt: skip
        panel.plot([one.value], [one.y], marker="o", ms=3.6, color=one.color, zorder=3,
                   mfc=one.color if one.pooled else "white", mew=0.9, clip_on=False,
                   gid="value")  # fmt: skip
