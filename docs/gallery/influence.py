"""AUDIT-C without each study in turn."""

from __future__ import annotations

from data import reference
from matplotlib.axes import Axes

from metadx.plots.influence import plot_influence


def figure() -> Axes:
    """Return the figure."""
    return plot_influence(reference("auditc"))
