"""Net benefit of the strategies for the hip."""

from __future__ import annotations

from data import strategies
from matplotlib.axes import Axes

from metadx.plots.strategy_decision_curve import plot_strategy_decision_curve


def figure() -> Axes:
    """Return the figure."""
    return plot_strategy_decision_curve(strategies("hip"))
