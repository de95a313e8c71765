"""Missed fractures against imaging, cost, dose or time, with the efficient frontier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from metadx.decision.strategy_results import StrategyResults
from metadx.estimate import NotApplicable
from metadx.plots.canvas import finished, layout_width
from metadx.plots.chart_page import ChartPage, Key, chart_page, draw_chart
from metadx.plots.fonts import Typeface
from metadx.plots.strategy_basis import (
    missing_captions,
    need,
    strategy_captions,
    strategy_keys,
    strategy_looks,
)
from metadx.plots.style import INK, QUIET, RULE, Look, figure_style

#: Draws in a cloud: enough to show its shape, few enough for a small file.
CLOUD: Final = 250
AXES: Final = {
    "imaging": "Examinations per 1,000 patients",
    "cost": "Cost of imaging ({currency} per patient)",
    "dose": "Effective dose (mSv per patient)",
    "hours": "Time to the decision (hours per patient)",
}


@dataclass(frozen=True)
class ComparisonLayout:
    """The figure before it is drawn.

    Attributes
    ----------
    page : ChartPage
        Everything outside the data.
    points : DataFrame
        From `strategy_comparison_data`, and ``shift``: how far a strategy stands beside others
        that cost the same.
    clouds : dict
        Draws of payment and missed fractures, (n, 2), by strategy.
    frontier : ndarray of shape (n, 2)
        Payment and missed fractures along the frontier.
    labels : tuple of str
        Names of the axes.
    """

    page: ChartPage
    points: pd.DataFrame
    clouds: dict[str, np.ndarray]
    frontier: np.ndarray
    labels: tuple[str, str]


def strategy_comparison_data(results: StrategyResults, *, payment: str = "imaging") -> pd.DataFrame:
    """Return the numbers behind the comparison of strategies.

    Parameters
    ----------
    results : StrategyResults
        From ``Strategy.evaluate``.
    payment : {"imaging", "cost", "dose", "hours"}
        What is paid.

    Returns
    -------
    DataFrame
        One row a strategy: payment and missed fractures per 1,000, each with its interval;
        status on the efficient frontier and, on it, the payment for one more fracture found.
    """
    places = results.economics.frontier(payment).set_index("strategy")
    rows = []
    for name in places.index[places["status"] != "not applicable"]:
        paid, missed = results.estimate(name, payment), results.estimate(name, "missed")
        assert not isinstance(paid, NotApplicable) and not isinstance(missed, NotApplicable)
        rows.append(
            {"strategy": name, "label": results.labels[name], "payment": payment,
             "paid": paid.value, "paid_low": paid.low, "paid_high": paid.high,
             "missed": missed.value, "missed_low": missed.low, "missed_high": missed.high,
             "status": places.loc[name, "status"], "by": places.loc[name, "by"],
             "ratio": places.loc[name, "ratio"]}
        )  # fmt: skip
    columns = ["strategy", "label", "payment", "paid", "paid_low", "paid_high", "missed",
               "missed_low", "missed_high", "status", "by", "ratio"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def comparison_layout(
    results: StrategyResults, typeface: Typeface, *, payment: str, width: float, title: str
) -> ComparisonLayout:
    """Lay out the comparison."""
    points = strategy_comparison_data(results, payment=payment)
    if points.empty:
        need(results.pair(results.ranked[0], payment))
    step = max(1, results.n_draws // CLOUD)
    clouds = {}
    for name in points["strategy"]:
        pair = [results.draws(name, outcome) for outcome in (payment, "missed")]
        clouds[name] = np.stack(pair, axis=1)[::step]  # type: ignore[arg-type]
    points["shift"] = _shifts(points["paid"].to_numpy())
    corners = points[points["status"] == "on the frontier"].sort_values("paid")
    along = np.unique(np.append(np.linspace(*_ends(corners["paid"]), 200), corners["paid"]))
    frontier = np.stack([along, np.interp(along, corners["paid"], corners["missed"])], axis=1)
    keys = [*strategy_keys(results, points["strategy"]), Key("solid", "Efficient frontier", INK)]
    captions = strategy_captions(
        results,
        [
            "Marker: expected values with both intervals, filled on the frontier, open where "
            "dominated (a rival, or a mixture of two, misses fewer for less); cloud: draws. The "
            "vertical axis is logarithmic; strategies that cost the same stand side by side.",
            *missing_captions(results, payment),
        ],
    )
    page = chart_page(
        typeface, width=width, panel_height=min(0.6 * width, 95.0), title=title, keys=keys,
        captions=captions, left=15.0,
    )  # fmt: skip
    horizontal = AXES[payment].format(currency=results.plan.currency)
    return ComparisonLayout(page, points, clouds, frontier, (horizontal, "Missed per 1,000"))


def _ends(values: pd.Series) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _shifts(paid: np.ndarray) -> np.ndarray:
    """Return distances that tell strategies of the same payment apart."""
    step = 0.02 * max(float(np.ptp(paid)), 1e-9)
    shift = np.zeros(paid.size)
    for value in np.unique(np.round(paid / step)):
        same = np.flatnonzero(np.round(paid / step) == value)
        shift[same] = step * (np.arange(same.size) - 0.5 * (same.size - 1))
    return shift


def plot_strategy_comparison(
    results: StrategyResults,
    ax: Axes | None = None,
    *,
    payment: str = "imaging",
    title: str | None = None,
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw missed fractures against imaging, cost, dose or time, with the efficient frontier.

    Parameters
    ----------
    results : StrategyResults
        From ``Strategy.evaluate``.
    ax : Axes, optional
        What becomes the page. A figure of the right height by default.
    payment : {"imaging", "cost", "dose", "hours"}
        What is paid, on the horizontal axis.
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
        If the payment is unknown, or no strategy has the inputs for it.
    """
    title = results.plan.title if title is None else title
    typeface = Typeface.covering([title, *results.labels.values()])
    layout = comparison_layout(
        results, typeface, payment=payment, width=layout_width(size, ax, width), title=title
    )
    looks = strategy_looks(results)
    with figure_style(typeface):
        page, panel = draw_chart(layout.page, ax, typeface)
        panel.set_label("comparison")
        panel.set_yscale("log")
        shift = dict(zip(layout.points["strategy"], layout.points["shift"], strict=True))
        for name, cloud in layout.clouds.items():
            panel.plot(cloud[:, 0] + shift[name], cloud[:, 1], ls="none", marker=".", ms=2.2, mew=0,
                       color=looks[name].color, alpha=0.30, zorder=1, gid="cloud")  # fmt: skip
        panel.plot(*layout.frontier.T, color=INK, lw=1.0, zorder=2, gid="frontier")
        for _, row in layout.points.iterrows():
            _draw_point(panel, row, looks[row["strategy"]])
        panel.set_xlabel(layout.labels[0])
        panel.set_ylabel(layout.labels[1])
        low, high = layout.points["missed_low"].min(), layout.points["missed_high"].max()
        panel.set_ylim(max(0.5 * low, 0.05), 1.5 * high)
        panel.set_yticks(_ticks(*panel.get_ylim()))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.minorticks_off()
        panel.grid(color=RULE, lw=0.3, alpha=0.6)
        panel.tick_params(colors=QUIET)
    return finished(page, size, ax)


def _ticks(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times the powers of ten between two numbers; fewer in a wide range."""
    factors = (1, 2, 5) if high < 300.0 * low else (1, 3)
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ticks = [factor * 10.0**power for power in powers for factor in factors]
    return [tick for tick in ticks if low <= tick <= high]


def _draw_point(panel: Axes, row: pd.Series, look: Look) -> None:
    x, y = row["paid"] + row["shift"], row["missed"]
    ends = row["paid_low"] + row["shift"], row["paid_high"] + row["shift"]
    panel.plot(ends, [y, y], color=look.color, lw=0.8, zorder=2.5)
    panel.plot(
        [x, x], [row["missed_low"], row["missed_high"]], color=look.color, lw=0.8, zorder=2.5
    )
    fill = look.color if row["status"] == "on the frontier" else "white"
    panel.plot([x], [y], ls="none", marker=look.marker, ms=6.0, mew=1.2, color=look.color, mfc=fill,
               zorder=3, gid="strategy")  # fmt: skip
