"""Net benefit of acting on AUDIT-C, on everybody, and on nobody."""

from __future__ import annotations

from data import reference
from matplotlib.axes import Axes

from metadx.plots.decision_curve import plot_decision_curve


def figure() -> Axes:
    """Return the figure."""
    return plot_decision_curve(reference("auditc"), pretest=0.1)
