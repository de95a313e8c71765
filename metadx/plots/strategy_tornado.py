"""What drives the difference between two strategies, the widest bar first."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from metadx.decision.strategy_results import StrategyResults
from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.plots.canvas import finished, layout_width
from metadx.plots.chart_page import DARK, Key, chart_page, draw_chart
from metadx.plots.fonts import Typeface
from metadx.plots.strategy_basis import strategy_captions, threshold_caption
from metadx.plots.style import BLUE, BODY, INK, ORANGE, QUIET, figure_style

#: Height of a bar's row (millimetres).
ROW: Final = 6.0
#: Bars shown at most; the rest move the outcome less.
MOST: Final = 12


def strategy_tornado_data(
    results: StrategyResults,
    *,
    strategy: str | None = None,
    reference: str | None = None,
    outcome: str | None = None,
) -> pd.DataFrame:
    """Return the numbers behind a tornado.

    Parameters
    ----------
    results : StrategyResults
        From ``Strategy.evaluate``.
    strategy, reference : str, optional
        What is compared with what; the best strategy with the runner-up by default.
    outcome : str, optional
        Net benefit where a threshold is given, else fractures found.

    Returns
    -------
    DataFrame
        As from ``results.sensitivity.tornado``, and the columns strategy, reference, outcome.

    Raises
    ------
    OptionError
        If there is nothing to compare, or inputs of the outcome are missing.
    """
    chosen = outcome or ("found" if results.threshold is None else "net_benefit")
    first, second = _compared(results, strategy, reference, chosen)
    frame: pd.DataFrame = results.sensitivity.tornado(first, second, chosen)
    return frame.assign(strategy=first, reference=second, outcome=chosen)


def _compared(
    results: StrategyResults, strategy: str | None, reference: str | None, outcome: str
) -> tuple[str, str]:
    if strategy is not None and reference is not None:
        return strategy, reference
    found = results.utilities(outcome)
    if isinstance(found, NotApplicable):
        raise OptionError(f"there is nothing to compare: {found.reason}")
    utility, names = found
    order = [names[i] for i in np.argsort(-utility.mean(axis=0), kind="stable")]
    first = strategy or next(name for name in order if name != reference)
    rivals = [name for name in order if name != first]
    if not rivals and reference is None:
        raise OptionError("there is one strategy only; a tornado compares two")
    return first, reference or rivals[0]


def plot_strategy_tornado(
    results: StrategyResults,
    ax: Axes | None = None,
    *,
    strategy: str | None = None,
    reference: str | None = None,
    outcome: str | None = None,
    title: str | None = None,
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw how far each input moves the difference between two strategies.

    Parameters
    ----------
    results : StrategyResults
        From ``Strategy.evaluate``.
    ax : Axes, optional
        What becomes the page. A figure of the right height by default.
    strategy, reference : str, optional
        What is compared with what; the best strategy with the runner-up by default.
    outcome : str, optional
        Net benefit where a threshold is given, else fractures found.
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
        If there is nothing to compare, or inputs of the outcome are missing.
    """
    data = strategy_tornado_data(results, strategy=strategy, reference=reference, outcome=outcome)
    if data.empty:
        raise OptionError("no uncertain input moves this difference")
    shown, first = data.head(MOST), data.iloc[0]
    title = results.plan.title if title is None else title
    texts = [f"{row['label']} {_number(row['from'])} to {_number(row['to'])}"
             for _, row in shown.iterrows()]  # fmt: skip
    typeface = Typeface.covering([title, *texts, *results.labels.values()])
    label, unit, _ = results.described(first["outcome"])
    wide = layout_width(size, ax, width)
    left = min(max(typeface.width(text, BODY) for text in texts) + 4.0, 0.5 * wide)
    lines = [typeface.wrap(text, left - 4.0, BODY) for text in texts]
    extra = [
        f"Difference: {results.labels[first['strategy']]}, less "
        f"{results.labels[first['reference']]}. Each input is moved to the ends of its interval, "
        "the others stay at their means; vertical line: all at their means.",
        *threshold_caption(results, first["outcome"]),
    ]
    rows = [max(ROW, 3.2 * len(one) + 1.5) for one in lines]
    layout = chart_page(
        typeface, width=wide, panel_height=float(sum(rows)) + 2.0, title=title,
        keys=[Key("dark", "Lower end of the input", BLUE), Key("dark", "Upper end", ORANGE)],
        captions=strategy_captions(results, extra), left=left, below=13.5,
    )  # fmt: skip
    middles = np.cumsum(rows) - 0.5 * np.array(rows)
    with figure_style(typeface):
        page, panel = draw_chart(layout, ax, typeface)
        panel.set_label("tornado")
        for y, height, (_, row) in zip(middles, rows, shown.iterrows(), strict=True):
            for end, color in (("at_low", BLUE), ("at_high", ORANGE)):
                panel.barh(y, row[end] - row["base"], left=row["base"], height=0.62 * height,
                           color=color, alpha=DARK, lw=0, gid="bar")  # fmt: skip
        panel.axvline(float(first["base"]), color=INK, lw=0.8, gid="base")
        panel.axvline(0.0, color=QUIET, lw=0.7, ls=(0, (1, 1.6)), gid="zero")
        panel.set_ylim(float(sum(rows)) + 1.0, -1.0)
        panel.set_yticks(middles, ["\n".join(one) for one in lines])
        panel.tick_params(axis="y", length=0)
        panel.tick_params(axis="x", colors=QUIET)
        panel.spines["left"].set_visible(False)
        panel.xaxis.set_major_locator(MaxNLocator(5 if wide > 120.0 else 3))
        panel.set_xlabel(f"Difference in {label}\n({unit})")
    return finished(page, size, ax)


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000.0 else f"{value:,.0f}"
