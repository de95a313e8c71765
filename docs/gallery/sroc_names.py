"""Anti-CCP by generation of the assay, studies numbered with a key."""

from __future__ import annotations

from data import reference
from matplotlib.axes import Axes

from metadx.plots import plot_sroc


def figure() -> Axes:
    """Return the figure."""
    return plot_sroc(reference("anti_ccp"), color_by="generation", labels=True)
