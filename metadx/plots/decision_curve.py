"""The decision curve: net benefit by threshold probability."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes

from metadx.plots.canvas import finished, layout_width
from metadx.plots.chart_page import DASH, DOTS, draw_chart
from metadx.plots.decision_basis import Decidable
from metadx.plots.decision_curve_layout import (
    DecisionCurveLayout,
    curves_of,
    decision_curve_layout,
    tick_text,
    ticks_between,
)
from metadx.plots.fonts import Typeface
from metadx.plots.style import INK, QUIET, figure_style


def plot_decision_curve(
    source: Decidable | Mapping[str, Decidable],
    ax: Axes | None = None,
    *,
    pretest: Any = None,
    test_harm: float = 0.0,
    title: str | None = None,
    seed: int = 1,
    size: str = "one-column",
    width: float | None = None,
) -> Axes:
    """Draw the net benefit of acting on a test, of treating all and of treating none.

    Parameters
    ----------
    source : BivariateResults, BayesianResults, AccuracyDraws, or a mapping to these
        One test, or several by modality code or any name.
    ax : Axes, optional
        What becomes the page. A figure of the right height by default.
    pretest : optional
        Prevalence, as for `metadx.decision.posttest`; the median share of the diseased in
        the first test's studies by default.
    test_harm : float
        Net true positives that testing one person costs.
    title : str, optional
        The stratum of a single test by default; empty for none.
    seed : int
        Seed of the draws.
    size : {"one-column", "two-column", "slide"}
        What a new figure is made for.
    width : float, optional
        Another width of the new figure (millimetres).

    Returns
    -------
    Axes
        The page, in millimetres; its child axes are the panel.

    Raises
    ------
    ModelError
        If no study reports one of the margins.
    OptionError
        If an option is not allowed, or no prevalence is known.

    References
    ----------
    Vickers & Elkin 2006, Med Decis Making, doi:10.1177/0272989X06295361.
    """
    found = curves_of(source, pretest, test_harm, seed)
    if title is None:
        title = next(iter(found.bases.values())).title if len(found.bases) == 1 else ""
    typeface = Typeface.covering([title, *found.bases])
    wide = layout_width(size, ax, width)
    layout = decision_curve_layout(found, typeface, width=wide, title=title)
    with figure_style(typeface):
        page, panel = draw_chart(layout.page, ax, typeface)
        _draw_panel(panel, layout)
    return finished(page, size, ax)


def _draw_panel(panel: Axes, layout: DecisionCurveLayout) -> None:
    panel.set_label("net_benefit")
    panel.set_xlim(*layout.xlim)
    panel.set_ylim(*layout.ylim)
    ticks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    panel.set_xticks(ticks, [f"{tick:.1f}" for tick in ticks])
    heights = ticks_between(*layout.ylim)
    panel.set_yticks(heights, [tick_text(height) for height in heights])
    panel.set_xlabel("Threshold probability")
    panel.set_ylabel("Net benefit (net true positives a person)")
    panel.axhline(0.0, color=QUIET, lw=0.9, ls=DOTS, gid="treat_none")
    first = layout.data[layout.data["test_name"] == next(iter(layout.colors))]
    panel.fill_between(first["threshold"], first["treat_all_low"], first["treat_all_high"],
                       color=INK, alpha=0.12, lw=0, gid="treat_all_band")  # fmt: skip
    panel.plot(first["threshold"], first["treat_all"], color=INK, lw=0.9, ls=DASH, gid="treat_all")
    for name, rows in layout.data.groupby("test_name", sort=False):
        color = layout.colors[str(name)]
        for tail, alpha in layout.bands:
            panel.fill_between(
                rows["threshold"], rows[f"test{tail}_low"], rows[f"test{tail}_high"],
                color=color, alpha=alpha, lw=0, gid=f"test{tail}_band",
            )  # fmt: skip
        panel.plot(rows["threshold"], rows["test"], color=color, lw=1.3, gid="test")
