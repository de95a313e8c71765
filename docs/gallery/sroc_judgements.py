"""A slice for each domain of QUADAS-2. Simulated studies; the judgements are made up."""

from __future__ import annotations

from data import made_up_judgements, reference
from matplotlib.axes import Axes

from metadx.plots import plot_sroc


def figure() -> Axes:
    """Return the figure."""
    fit = reference("sim_k30")
    return plot_sroc(fit, quadas=made_up_judgements(fit.table))
