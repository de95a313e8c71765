"""Kinds of SROC curve, and both radii of the regions."""

from __future__ import annotations

from data import reference
from matplotlib.axes import Axes

from metadx.plots import plot_sroc


def figure() -> Axes:
    """Return the figure."""
    kinds = ("hsroc", "sens_on_spec", "spec_on_sens", "major_axis")
    return plot_sroc(reference("auditc"), curve=kinds, region_radius="both", extrapolate=True)
