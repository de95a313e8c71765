"""The likelihood-ratio scattergram with its four quadrants."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.ticker import NullFormatter

from metadx.plots.canvas import finished, layout_width
from metadx.plots.chart_page import DASH, DOTS, draw_chart
from metadx.plots.decision_basis import Decidable, basis_of
from metadx.plots.fonts import Typeface
from metadx.plots.likelihood_ratios_layout import (
    QUADRANTS,
    STRONG_NEGATIVE,
    STRONG_POSITIVE,
    RatiosLayout,
    likelihood_ratios_layout,
    ratios_of,
)
from metadx.plots.style import BODY, QUIET, figure_style


def plot_likelihood_ratios(
    source: Decidable,
    ax: Axes | None = None,
    *,
    title: str | None = None,
    seed: int = 1,
    size: str = "one-column",
    width: float | None = None,
) -> Axes:
    """Draw LR- against LR+ on logarithmic axes: studies, summary point and both regions.

    Parameters
    ----------
    source : BivariateResults, BayesianResults or AccuracyDraws
        Accuracy of the test.
    ax : Axes, optional
        What becomes the page. A figure of the right height by default.
    title : str, optional
        The stratum by default; empty for none.
    seed : int
        Seed of the draws.
    size : {"one-column", "two-column", "slide"}
        What a new figure is made for.
    width : float, optional
        Another width of the new figure (millimetres).

    Returns
    -------
    Axes
        The page, in millimetres; its child axes are the panel, in ratios.

    Raises
    ------
    ModelError
        If no study reports one of the margins.
    OptionError
        If an option is not allowed.

    Notes
    -----
    The lines stand at LR+ 10 and LR- 0.1. A study's mark grows with the root of its size.
    The confidence and prediction regions are ellipses of the two logits carried over.
    """
    basis = basis_of(source, seed)
    data = ratios_of(basis)
    title = basis.title if title is None else title
    typeface = Typeface.covering([title])
    wide = layout_width(size, ax, width)
    layout = likelihood_ratios_layout(basis, data, typeface, width=wide, title=title)
    with figure_style(typeface):
        page, panel = draw_chart(layout.page, ax, typeface)
        _draw_frame(panel, layout)
        _draw_data(panel, layout)
    return finished(page, size, ax)


def _draw_frame(panel: Axes, layout: RatiosLayout) -> None:
    panel.set_label("likelihood_ratios")
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xlim(*layout.xlim)
    panel.set_ylim(*layout.ylim)
    for axis, limits in ((panel.xaxis, layout.xlim), (panel.yaxis, layout.ylim)):
        first, last = (int(x) for x in (np.ceil(np.log10(limits[0])), np.log10(limits[1])))
        powers = [10.0**i for i in range(first, last + 1)]
        axis.set_ticks(
            powers, [f"{power:,.0f}" if power >= 1 else f"{power:g}" for power in powers]
        )
        axis.set_minor_formatter(NullFormatter())
    panel.set_xlabel("Negative likelihood ratio")
    panel.set_ylabel("Positive likelihood ratio")
    panel.axvline(STRONG_NEGATIVE, color=QUIET, lw=0.7, zorder=0.5, gid="strong")
    panel.axhline(STRONG_POSITIVE, color=QUIET, lw=0.7, zorder=0.5, gid="strong")
    for (positive, negative), name in QUADRANTS.items():
        panel.text(
            0.02 if negative else 0.98, 0.98 if positive else 0.02, name, fontsize=BODY,
            color=QUIET, transform=panel.transAxes, ha="left" if negative else "right",
            va="top" if positive else "bottom", style="italic", gid="quadrant",
        )  # fmt: skip


def _draw_data(panel: Axes, layout: RatiosLayout) -> None:
    look, data = layout.basis.look, layout.data
    for part, dashes in (("prediction_region", DOTS), ("confidence_region", DASH)):
        rows = data[data["part"] == part]
        panel.plot(rows["lr_negative"], rows["lr_positive"], color=look.color, lw=1.0, ls=dashes,
                   gid=part)  # fmt: skip
    studies = data[data["part"] == "study"]
    if len(studies):
        sizes = 8.0 + 60.0 * np.sqrt(studies["n"] / studies["n"].max())
        panel.scatter(
            studies["lr_negative"], studies["lr_positive"], s=sizes, marker=look.marker,
            facecolors=[to_rgba(look.color, 0.22)], edgecolors=[to_rgba(look.color, 0.8)],
            linewidths=0.7, zorder=2, gid="study",
        )  # fmt: skip
    summary = data[data["part"] == "summary"]
    panel.plot(summary["lr_negative"], summary["lr_positive"], ls="none", marker=look.marker,
               ms=6.0, color=look.color, mec="white", mew=0.7, zorder=5, gid="summary")  # fmt: skip
