"""Likelihood ratios of the studies of AUDIT-C, with the four named quadrants."""

from __future__ import annotations

from data import reference
from matplotlib.axes import Axes

from metadx.plots.likelihood_ratios import plot_likelihood_ratios


def figure() -> Axes:
    """Return the figure."""
    return plot_likelihood_ratios(reference("auditc"))
