"""CT of the wrist as its studies appeared."""

from __future__ import annotations

from data import fit
from matplotlib.axes import Axes

from metadx.plots.cumulative import plot_cumulative


def figure() -> Axes:
    """Return the figure."""
    return plot_cumulative(fit("ct/wrist"))
