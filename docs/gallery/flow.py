"""What became of every extracted row of CT of the hip."""

from __future__ import annotations

from data import studies
from matplotlib.axes import Axes

from metadx.plots.flow_diagram import plot_flow_diagram


def figure() -> Axes:
    """Return the figure."""
    return plot_flow_diagram(studies().select(modality="ct", site="hip"))
