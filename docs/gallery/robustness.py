"""What would have to be wrong for the conclusion of AUDIT-C to change."""

from __future__ import annotations

from data import reference
from matplotlib.axes import Axes

from metadx.plots.robustness import plot_robustness


def figure() -> Axes:
    """Return the figure."""
    return plot_robustness(reference("auditc"))
