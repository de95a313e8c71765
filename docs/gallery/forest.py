"""CT after a negative radiograph of the hip: five studies report sensitivity only."""

from __future__ import annotations

from data import fit
from matplotlib.axes import Axes

from metadx.plots import plot_forest


def figure() -> Axes:
    """Return the figure."""
    return plot_forest(fit("ct/hip/patient/radiograph_negative"))
