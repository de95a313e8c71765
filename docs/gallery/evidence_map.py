"""Which test was studied at the hip, how often, and with what result."""

from __future__ import annotations

from data import results_of_the_hip
from matplotlib.axes import Axes

from metadx.plots import plot_evidence_map


def figure() -> Axes:
    """Return the figure."""
    return plot_evidence_map(results_of_the_hip()[0])
