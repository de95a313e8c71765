"""AUDIT-C for alcohol misuse: studies, summary point, curve and regions."""

from __future__ import annotations

from data import reference
from matplotlib.axes import Axes

from metadx.plots import plot_sroc


def figure() -> Axes:
    """Return the figure."""
    return plot_sroc(reference("auditc"))
