"""Figures: one a file, each laid out as plain data and then drawn."""

from metadx.plots.claims import plot_claims
from metadx.plots.claims_data import claims_data
from metadx.plots.crosshair import plot_crosshair, plot_roc_ellipses
from metadx.plots.crosshair_data import crosshair_data, roc_ellipses_data
from metadx.plots.evidence_map import plot_evidence_map
from metadx.plots.evidence_map_data import evidence_map_data
from metadx.plots.fonts import MissingFontWarning
from metadx.plots.forest import plot_forest, plot_forest_pages
from metadx.plots.forest_data import forest_data
from metadx.plots.saving import figure_record, inline_svg, save_figure
from metadx.plots.sroc import plot_sroc
from metadx.plots.sroc_data import sroc_data
from metadx.plots.style import figure_style, looks_of

__all__ = [
    "MissingFontWarning",
    "claims_data",
    "crosshair_data",
    "evidence_map_data",
    "figure_record",
    "figure_style",
    "forest_data",
    "inline_svg",
    "looks_of",
    "plot_claims",
    "plot_crosshair",
    "plot_evidence_map",
    "plot_forest",
    "plot_forest_pages",
    "plot_roc_ellipses",
    "plot_sroc",
    "roc_ellipses_data",
    "save_figure",
    "sroc_data",
]
