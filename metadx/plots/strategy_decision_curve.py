"""The decision curve with strategies as lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from metadx.decision.net_benefit import GRID
from metadx.decision.strategy_results import PER, StrategyResults
from metadx.plots.canvas import finished, layout_width
from metadx.plots.chart_page import DASH, DOTS, LIGHT, ChartPage, Key, chart_page, draw_chart
from metadx.plots.decision_curve_layout import tick_text, ticks_between
from metadx.plots.fonts import Typeface
from metadx.plots.strategy_basis import (
    dash_of,
    need,
    strategy_captions,
    strategy_keys,
    strategy_looks,
)
from metadx.plots.studies import percent
from metadx.plots.style import INK, QUIET, figure_style

#: With more strategies than this their bands would hide each other.
MOST_BANDS: Final = 4
TREAT_ALL: Final = "treat_all"


@dataclass(frozen=True)
class StrategyCurveLayout:
    """The figure before it is drawn.

    Attributes
    ----------
    page : ChartPage
        Everything outside the data.
    data : DataFrame
        From `strategy_decision_curve_data`.
    ylim : tuple of float
        Ends of the vertical axis.
    bands : bool
        Whether intervals are drawn.
    """

    page: ChartPage
    data: pd.DataFrame
    ylim: tuple[float, float]
    bands: bool


def strategy_decision_curve_data(results: StrategyResults) -> pd.DataFrame:
    """Return the numbers behind the decision curve of strategies.

    Parameters
    ----------
    results : StrategyResults
        From ``Strategy.evaluate``.

    Returns
    -------
    DataFrame
        ``strategy`` (and ``"treat_all"``), ``threshold``, and the net benefit ``value`` with
        ``low`` and ``high``: net true positives a patient, harm of the tests left out.

    Raises
    ------
    OptionError
        If nothing says how many fractures a strategy finds.
    """
    share = results.prevalence
    every = {name: _found(results, name) for name in results.ranked}
    every[TREAT_ALL] = (share, 1.0 - share)
    rows = []
    for name, (hits, alarms) in every.items():
        for threshold in GRID:
            one = results.summarise(hits - alarms * threshold / (1.0 - threshold))
            rows.append((name, threshold, one.value, one.low, one.high))
    return pd.DataFrame(rows, columns=["strategy", "threshold", "value", "low", "high"])


def _found(results: StrategyResults, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Draws of the share of patients who are rightly and who are wrongly treated."""
    hits, alarms = (results.draws(name, outcome) for outcome in ("found", "false_alarms"))
    need(hits)
    need(alarms)
    return np.asarray(hits) / PER, np.asarray(alarms) / PER


def strategy_curve_layout(
    results: StrategyResults, typeface: Typeface, *, width: float, title: str
) -> StrategyCurveLayout:
    """Lay out the decision curve of strategies."""
    data = strategy_decision_curve_data(results)
    bands = len(results.ranked) <= MOST_BANDS
    keys = strategy_keys(results, results.ranked, lines=True)
    keys += [Key("dashed", "Treat all", INK), Key("dotted", "Treat none", QUIET)]
    told = f"Bands: {percent(results.level)} intervals. " if bands else ""
    own = data[data["strategy"] != TREAT_ALL]
    top = max(float(own["high" if bands else "value"].max()), 1e-3)
    page = chart_page(
        typeface,
        width=width,
        panel_height=min(0.6 * width, 90.0),
        title=title,
        keys=keys,
        captions=strategy_captions(results, [f"{told}Harm and cost of the tests are left out."]),
        left=15.0,
    )
    return StrategyCurveLayout(page, data, (-0.15 * top, 1.08 * top), bands)


def plot_strategy_decision_curve(
    results: StrategyResults,
    ax: Axes | None = None,
    *,
    title: str | None = None,
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw the net benefit of each strategy, of treating all and of treating none.

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
        If nothing says how many fractures a strategy finds, or an option is not allowed.

    References
    ----------
    Vickers & Elkin 2006, Med Decis Making, doi:10.1177/0272989X06295361.
    """
    title = results.plan.title if title is None else title
    typeface = Typeface.covering([title, *results.labels.values()])
    wide = layout_width(size, ax, width)
    layout = strategy_curve_layout(results, typeface, width=wide, title=title)
    with figure_style(typeface):
        page, panel = draw_chart(layout.page, ax, typeface)
        _draw_panel(panel, layout, results)
    return finished(page, size, ax)


def _draw_panel(panel: Axes, layout: StrategyCurveLayout, results: StrategyResults) -> None:
    panel.set_label("net_benefit")
    panel.set_xlim(0.0, 1.0)
    panel.set_ylim(*layout.ylim)
    ticks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    panel.set_xticks(ticks, [f"{tick:.1f}" for tick in ticks])
    heights = ticks_between(*layout.ylim)
    panel.set_yticks(heights, [tick_text(height) for height in heights])
    panel.set_xlabel("Threshold probability")
    panel.set_ylabel("Net benefit (net true positives a patient)")
    panel.axhline(0.0, color=QUIET, lw=0.9, ls=DOTS, gid="treat_none")
    looks = strategy_looks(results)
    for name, rows in layout.data.groupby("strategy", sort=False):
        if name == TREAT_ALL:
            panel.plot(rows["threshold"], rows["value"], color=INK, lw=0.9, ls=DASH, gid=TREAT_ALL)
            continue
        color = looks[str(name)].color
        if layout.bands:
            panel.fill_between(rows["threshold"], rows["low"], rows["high"], color=color,
                               alpha=LIGHT, lw=0, gid="band")  # fmt: skip
        panel.plot(rows["threshold"], rows["value"], color=color, lw=1.3,
                   ls=dash_of(results, str(name)), gid="strategy")  # fmt: skip
