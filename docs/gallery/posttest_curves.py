"""Probability after a positive and a negative AUDIT-C against that before."""

from __future__ import annotations

from data import reference
from matplotlib.axes import Axes

from metadx.plots.posttest_curves import plot_posttest_curves


def figure() -> Axes:
    """Return the figure."""
    return plot_posttest_curves(reference("auditc"))
