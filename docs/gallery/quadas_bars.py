"""Shares of the judgements. Simulated studies; the judgements are made up."""

from __future__ import annotations

from data import made_up_judgements, reference
from matplotlib.axes import Axes

from metadx.plots.judgements import judged_from
from metadx.plots.quadas import plot_quadas_bars


def figure() -> Axes:
    """Return the figure."""
    table = reference("sim_k30").table
    return plot_quadas_bars(judged_from(table, made_up_judgements(table)))
