"""Anti-CCP for rheumatoid arthritis, 37 studies in the order of their sensitivity, on slides."""

from __future__ import annotations

from data import reference
from matplotlib.axes import Axes

from metadx.plots import plot_forest_pages


def figure() -> list[Axes]:
    """Return the figure."""
    return plot_forest_pages(reference("anti_ccp"), sort_by="sensitivity", size="slide")
