"""Both intervals of each study, larger studies darker and heavier."""

from __future__ import annotations

from data import reference
from matplotlib.axes import Axes

from metadx.plots import plot_crosshair


def figure() -> Axes:
    """Return the figure."""
    return plot_crosshair({test: reference(f"scheidler_{test}") for test in ("ct", "mri")})
