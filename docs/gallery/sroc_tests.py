"""Three tests for lymph nodes in cervical cancer; lines join the tests of one study."""

from __future__ import annotations

from data import reference
from matplotlib.axes import Axes

from metadx.plots import plot_sroc


def figure() -> Axes:
    """Return the figure."""
    return plot_sroc({test: reference(f"scheidler_{test}") for test in ("ct", "lag", "mri")})
