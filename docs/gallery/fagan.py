"""AUDIT-C at two pretest probabilities, bands of the average and of a new setting."""

from __future__ import annotations

from data import reference
from matplotlib.axes import Axes

from metadx.plots.fagan import plot_fagan


def figure() -> Axes:
    """Return the figure."""
    return plot_fagan(reference("auditc"), pretest=[0.05, 0.2])
