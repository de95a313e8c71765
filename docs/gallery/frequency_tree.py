"""1,000 people, a tenth of whom misuse alcohol, by the result of AUDIT-C."""

from __future__ import annotations

from data import reference
from matplotlib.axes import Axes

from metadx.plots.frequency_tree import plot_frequency_tree


def figure() -> Axes:
    """Return the figure."""
    return plot_frequency_tree(reference("auditc"), pretest=0.1)
