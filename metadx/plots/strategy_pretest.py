"""The best strategy, and the probability of being the best, by pretest probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from metadx.decision.strategy_pretest import BestByPretest
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
    threshold_caption,
)
from metadx.plots.style import INK, QUIET, RULE, figure_style

#: The strip of the best strategy stands above the curves, in units of their axis.
STRIP: Final = (1.06, 0.07)
WORDS: Final = {
    "found": "fractures found", "missed": "fractures missed", "false_alarms": "false alarms",
    "cleared": "patients rightly sent home", "imaging": "examinations", "cost": "cost of imaging",
    "dose": "effective dose", "hours": "time to the decision", "net_benefit": "net benefit",
    "net_money": "net monetary benefit",
}  # fmt: skip


@dataclass(frozen=True)
class PretestLayout:
    """The figure before it is drawn.

    Attributes
    ----------
    page : ChartPage
        Everything outside the data.
    found : BestByPretest
        Numbers.
    strip : tuple of (float, float, str)
        Ends of the pretest probabilities at which a strategy is best, and its name.
    """

    page: ChartPage
    found: BestByPretest
    strip: tuple[tuple[float, float, str], ...]


def strategy_pretest_data(
    results: StrategyResults, *, criterion: str | None = None
) -> pd.DataFrame:
    """Return the numbers behind the figure: expected utility and probability of being the best.

    Parameters
    ----------
    results : StrategyResults
        From ``Strategy.evaluate``.
    criterion : str, optional
        What is compared; net benefit where a threshold is given, else fractures found.

    Raises
    ------
    OptionError
        If the inputs of the criterion are missing.
    """
    return _found(results, criterion).table()


def _found(results: StrategyResults, criterion: str | None) -> BestByPretest:
    chosen = criterion or ("found" if results.threshold is None else "net_benefit")
    found = results.by_pretest(chosen)
    need(found)
    assert isinstance(found, BestByPretest)
    return found


def pretest_layout(
    results: StrategyResults,
    typeface: Typeface,
    *,
    criterion: str | None,
    width: float,
    title: str,
) -> PretestLayout:
    """Lay out the figure."""
    found = _found(results, criterion)
    ends = [0.0, *(one.value for one in found.switches), 1.0]
    first = found.switches[0].below if found.switches else int(found.expected[50].argmax())
    best = [first, *(one.above for one in found.switches)]
    strip = tuple(
        (low, high, found.names[i]) for low, high, i in zip(ends, ends[1:], best, strict=False)
    )
    shown = [
        name
        for name in results.names
        if name in found.names
        and (found.probability[:, found.names.index(name)].max() > 0.005
             or name in {one[2] for one in strip})
    ]  # fmt: skip
    keys = strategy_keys(results, shown, lines=True)
    if found.switches:
        keys.append(Key("dotted", "Switching point, its interval above", INK))
    captions = strategy_captions(
        results,
        [
            f"Strip: the strategy with the best expected {WORDS[found.criterion]}; curves: the "
            "probability of being the best.",
            *threshold_caption(results, found.criterion),
            *_never(results, found.names, shown),
            *missing_captions(results, found.criterion),
        ],
        pretest=False,
    )
    page = chart_page(
        typeface, width=width, panel_height=min(0.55 * width, 85.0), title=title, keys=keys,
        captions=captions,
    )  # fmt: skip
    return PretestLayout(page, found, strip)


def _never(results: StrategyResults, compared: Sequence[str], shown: Sequence[str]) -> list[str]:
    """Name the strategies that no curve shows because they are almost never the best."""
    left = [results.labels[name] for name in compared if name not in shown]
    return [f"Best in under 1% of the draws throughout: {'; '.join(left)}."] if left else []


def plot_strategy_pretest(
    results: StrategyResults,
    ax: Axes | None = None,
    *,
    criterion: str | None = None,
    title: str | None = None,
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw which strategy is best at which pretest probability, and how surely.

    Parameters
    ----------
    results : StrategyResults
        From ``Strategy.evaluate``; its own pretest probability plays no part.
    ax : Axes, optional
        What becomes the page. A figure of the right height by default.
    criterion : str, optional
        What is compared; net benefit where a threshold is given, else fractures found.
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
        If the inputs of the criterion are missing.
    """
    title = results.plan.title if title is None else title
    typeface = Typeface.covering([title, *results.labels.values()])
    layout = pretest_layout(
        results, typeface, criterion=criterion, width=layout_width(size, ax, width), title=title
    )
    looks = strategy_looks(results)
    with figure_style(typeface):
        page, panel = draw_chart(layout.page, ax, typeface)
        panel.set_label("pretest")
        found = layout.found
        for column, name in enumerate(found.names):
            panel.plot(found.grid, found.probability[:, column], color=looks[name].color, lw=1.3,
                       ls=dash_of(results, name), gid="probability")  # fmt: skip
        for low, high, name in layout.strip:
            # Hatched where the curve is dashed: another strategy has the colour already.
            hatch = "" if dash_of(results, name) == "-" else "////"
            panel.add_patch(
                Rectangle((low, STRIP[0]), high - low, STRIP[1], lw=0, gid="best", hatch=hatch,
                          facecolor=looks[name].color, edgecolor="white")
            )  # fmt: skip
        for k, one in enumerate(found.switches):
            panel.plot([one.value] * 2, [0.0, STRIP[0] + STRIP[1]], color=INK, lw=0.8,
                       ls=(0, (1, 1.6)), gid="switch")  # fmt: skip
            y = STRIP[0] + STRIP[1] + 0.035 * (k + 1)
            panel.plot([one.low, one.high], [y, y], color=INK, lw=1.0, gid="switch_interval")
            panel.plot([one.value], [y], marker="|", ms=5, color=INK)
        top = STRIP[0] + STRIP[1] + 0.035 * (len(found.switches) + 1)
        panel.set_ylim(0.0, top)
        panel.set_xlim(0.0, 1.0)
        ticks = np.linspace(0.0, 1.0, 6)
        panel.set_yticks(ticks, [f"{tick:.1f}" for tick in ticks])
        panel.spines["left"].set_bounds(0.0, 1.0)
        panel.set_xticks(np.linspace(0.0, 1.0, 11), [f"{10 * i}" for i in range(11)])
        panel.set_xlabel("Pretest probability (%)")
        panel.set_ylabel("Probability of being the best", y=0.5 / top)
        panel.grid(color=RULE, lw=0.3, alpha=0.6)
        panel.tick_params(colors=QUIET)
    return finished(page, size, ax)
