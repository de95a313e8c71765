"""What a found fracture costs: acceptability curves and the cost-effectiveness plane."""

from __future__ import annotations

from typing import Final

import pandas as pd
from matplotlib.axes import Axes

from metadx.decision.strategy_results import StrategyResults
from metadx.plots.canvas import finished, layout_width
from metadx.plots.chart_page import ChartPage, Key, chart_page, draw_chart
from metadx.plots.fonts import Typeface
from metadx.plots.strategy_basis import (
    dash_of,
    missing_captions,
    need,
    strategy_captions,
    strategy_keys,
    strategy_looks,
)
from metadx.plots.style import INK, QUIET, RULE, figure_style

#: Draws of a strategy in the plane.
CLOUD: Final = 500


def strategy_acceptability_data(results: StrategyResults) -> pd.DataFrame:
    """Return the numbers behind the acceptability curves.

    Parameters
    ----------
    results : StrategyResults
        From ``Strategy.evaluate``.

    Returns
    -------
    DataFrame
        As from ``results.economics.acceptability()``.

    Raises
    ------
    OptionError
        If no strategy has all its costs.
    """
    found = results.economics.acceptability()
    need(found)
    return found  # type: ignore[no-any-return]


def strategy_plane_data(results: StrategyResults, *, reference: str | None = None) -> pd.DataFrame:
    """Return the draws behind the cost-effectiveness plane.

    Parameters
    ----------
    results : StrategyResults
        From ``Strategy.evaluate``.
    reference : str, optional
        Strategy at the origin; the first one with all its costs by default.

    Raises
    ------
    OptionError
        If costs are missing.
    """
    found = results.economics.plane(reference)
    need(found)
    return found  # type: ignore[no-any-return]


def _page(
    results: StrategyResults,
    typeface: Typeface,
    keys: list[Key],
    captions: list[str],
    width: float,
    title: str,
) -> ChartPage:
    return chart_page(
        typeface, width=width, panel_height=min(0.6 * width, 90.0), title=title, keys=keys,
        captions=strategy_captions(results, [*captions, *missing_captions(results, "cost")]),
        left=17.0,
    )  # fmt: skip


def plot_strategy_acceptability(
    results: StrategyResults,
    ax: Axes | None = None,
    *,
    title: str | None = None,
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw the probability that each strategy is cost-effective, by what a fracture is worth.

    Parameters
    ----------
    results : StrategyResults
        From ``Strategy.evaluate``.
    ax : Axes, optional
        What becomes the page. A figure of the right height by default.
    title : str, optional
        The title of the strategy file by default; empty for none.
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
    OptionError
        If no strategy has all its costs.
    """
    data = strategy_acceptability_data(results)
    title = results.plan.title if title is None else title
    typeface = Typeface.covering([title, *results.labels.values()])
    names = list(dict.fromkeys(data["strategy"]))
    keys = [*strategy_keys(results, names, lines=True), Key("light", "Highest expectation", INK)]
    worth = results.plan.value_of_finding
    extra = ["The band follows the strategy with the highest expected net monetary benefit."]
    if results.willingness is not None and worth is not None:
        extra.append(
            f"Vertical line: {results.willingness:,.0f} {results.plan.currency} ({worth.source})."
        )
    page_layout = _page(results, typeface, keys, extra, layout_width(size, ax, width), title)
    looks = strategy_looks(results)
    with figure_style(typeface):
        page, panel = draw_chart(page_layout, ax, typeface)
        panel.set_label("acceptability")
        best = data[data["is_best"]]
        panel.plot(best["willingness"], best["probability_best"], color=INK, lw=6.0, alpha=0.15,
                   solid_capstyle="butt", gid="frontier")  # fmt: skip
        for name, rows in data.groupby("strategy", sort=False):
            panel.plot(rows["willingness"], rows["probability_best"], lw=1.3, gid="probability",
                       color=looks[str(name)].color, ls=dash_of(results, str(name)))  # fmt: skip
        if results.willingness is not None:
            panel.axvline(results.willingness, color=QUIET, lw=0.8, ls=(0, (1, 1.6)))
        panel.set_xlim(0.0, float(data["willingness"].max()))
        panel.set_ylim(0.0, 1.0)
        panel.set_xlabel(f"Worth of one more fracture found ({results.plan.currency})")
        panel.set_ylabel("Probability of being the best")
        panel.xaxis.set_major_formatter("{x:,.0f}")
        panel.grid(color=RULE, lw=0.3, alpha=0.6)
        panel.tick_params(colors=QUIET)
    return finished(page, size, ax)


def plot_strategy_plane(
    results: StrategyResults,
    ax: Axes | None = None,
    *,
    reference: str | None = None,
    title: str | None = None,
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw differences in cost and in fractures found against one strategy.

    Parameters
    ----------
    results : StrategyResults
        From ``Strategy.evaluate``.
    ax : Axes, optional
        What becomes the page. A figure of the right height by default.
    reference : str, optional
        Strategy at the origin; the first one with all its costs by default.
    title : str, optional
        The title of the strategy file by default; empty for none.
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
    OptionError
        If costs are missing.
    """
    data = strategy_plane_data(results, reference=reference)
    title = results.plan.title if title is None else title
    typeface = Typeface.covering([title, *results.labels.values()])
    names = list(dict.fromkeys(data["strategy"]))
    known = results.economics.with_cost()
    base = reference or known[0]
    extra = [
        f"Origin: {results.labels[base]}. Right: more fractures are found; below: it costs less. "
        "Large marker: expected difference; cloud: draws."
    ]
    keys = strategy_keys(results, names)
    if results.willingness is not None:
        money = f"{results.willingness:,.0f} {results.plan.currency}"
        keys.append(Key("dashed", f"{money} for one more fracture found", INK))
    page_layout = _page(results, typeface, keys, extra, layout_width(size, ax, width), title)
    looks = strategy_looks(results)
    with figure_style(typeface):
        page, panel = draw_chart(page_layout, ax, typeface)
        panel.set_label("plane")
        panel.axhline(0.0, color=QUIET, lw=0.6)
        panel.axvline(0.0, color=QUIET, lw=0.6)
        for name, rows in data.groupby("strategy", sort=False):
            look, step = looks[str(name)], max(1, len(rows) // CLOUD)
            panel.plot(1000.0 * rows["found"][::step], rows["cost"][::step], ls="none", marker=".",
                       ms=2.2, mew=0, color=look.color, alpha=0.35, gid="cloud")  # fmt: skip
            panel.plot([1000.0 * rows["found"].mean()], [rows["cost"].mean()], ls="none", ms=6.0,
                       marker=look.marker, color=look.color, mew=0.8, mec="white", zorder=3,
                       gid="strategy")  # fmt: skip
        if results.willingness is not None:
            panel.axline((0.0, 0.0), slope=results.willingness / 1000.0, color=INK, lw=0.8,
                         ls=(0, (4, 2)), gid="willingness")  # fmt: skip
        panel.set_xlabel("Difference in fractures found per 1,000")
        panel.set_ylabel(f"Difference in cost ({results.plan.currency} per patient)")
        panel.tick_params(colors=QUIET)
    return finished(page, size, ax)
