"""Judgements beside the rows. Simulated studies; the judgements are made up."""

from __future__ import annotations

from data import made_up_judgements, reference
from matplotlib.axes import Axes

from metadx.plots import plot_forest


def figure() -> Axes:
    """Return the figure."""
    fit = reference("sim_k10")
    return plot_forest(fit, quadas=made_up_judgements(fit.table))
