"""The same 1,000 people, one mark each."""

from __future__ import annotations

from data import reference
from matplotlib.axes import Axes

from metadx.plots.icon_array import plot_icon_array


def figure() -> Axes:
    """Return the figure."""
    return plot_icon_array(reference("auditc"), pretest=0.1)
