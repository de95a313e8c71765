"""Deeks' funnel of AUDIT-C."""

from __future__ import annotations

from data import reference
from matplotlib.axes import Axes

from metadx.plots.funnel import plot_funnel


def figure() -> Axes:
    """Return the figure."""
    return plot_funnel(reference("auditc"))
