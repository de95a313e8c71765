"""What moves the difference between two strategies for the hip."""

from __future__ import annotations

from data import strategies
from matplotlib.axes import Axes

from metadx.plots.strategy_tornado import plot_strategy_tornado


def figure() -> Axes:
    """Return the figure."""
    return plot_strategy_tornado(strategies("hip"))
