"""Missed hip fractures against imaging, one cloud a strategy."""

from __future__ import annotations

from data import strategies
from matplotlib.axes import Axes

from metadx.plots.strategy_comparison import plot_strategy_comparison


def figure() -> Axes:
    """Return the figure."""
    return plot_strategy_comparison(strategies("hip"))
