"""The joint confidence region of each study."""

from __future__ import annotations

from data import reference
from matplotlib.axes import Axes

from metadx.plots import plot_roc_ellipses


def figure() -> Axes:
    """Return the figure."""
    return plot_roc_ellipses(reference("auditc"), show=("curve",), labels=True)
