"""Differences in cost and in fractures found, draw by draw."""

from __future__ import annotations

from data import strategies
from matplotlib.axes import Axes

from metadx.plots.strategy_economics import plot_strategy_plane


def figure() -> Axes:
    """Return the figure."""
    return plot_strategy_plane(strategies("hip"))
