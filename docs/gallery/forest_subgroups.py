"""Three tests for lymph nodes in cervical cancer, each with a heading and a diamond of its own."""

from __future__ import annotations

from data import reference
from matplotlib.axes import Axes

from metadx.plots import plot_forest


def figure() -> Axes:
    """Return the figure."""
    return plot_forest({test: reference(f"scheidler_{test}") for test in ("ct", "lag", "mri")})
