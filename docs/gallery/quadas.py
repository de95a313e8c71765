"""Judgements of each study. Simulated studies; the judgements are made up."""

from __future__ import annotations

from data import made_up_judgements, reference
from matplotlib.axes import Axes

from metadx.plots.judgements import judged_from
from metadx.plots.quadas import plot_quadas


def figure() -> Axes:
    """Return the figure."""
    table = reference("sim_k10").table
    return plot_quadas(judged_from(table, made_up_judgements(table)))
