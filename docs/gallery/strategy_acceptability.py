"""Probability that a strategy for the hip is cost-effective."""

from __future__ import annotations

from data import strategies
from matplotlib.axes import Axes

from metadx.plots.strategy_economics import plot_strategy_acceptability


def figure() -> Axes:
    """Return the figure."""
    return plot_strategy_acceptability(strategies("hip"))
