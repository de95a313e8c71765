"""The best strategy for the hip by pretest probability."""

from __future__ import annotations

from data import strategies
from matplotlib.axes import Axes

from metadx.plots.strategy_pretest import plot_strategy_pretest


def figure() -> Axes:
    """Return the figure."""
    return plot_strategy_pretest(strategies("hip"))
