"""What a review states of the hip against what the pooled studies say."""

from __future__ import annotations

from data import results_of_the_hip
from matplotlib.axes import Axes

from metadx.plots import plot_claims


def figure() -> Axes:
    """Return the figure."""
    return plot_claims(results_of_the_hip()[1])
