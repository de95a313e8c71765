"""Draw the figure of the README: ``python docs/build_readme_figure.py``."""

from __future__ import annotations

import warnings
from pathlib import Path

import metadx as mx
from metadx.plots import figure_record, save_figure

HERE = Path(__file__).parent


def main() -> None:
    """Draw the forest plot of CT after a negative radiograph of the hip."""
    warnings.simplefilter("ignore", mx.MetadxWarning)
    studies = mx.read_studies(HERE.parent / "studies")
    table = studies.select(modality="ct", site="hip", population="radiograph_negative")
    fit = mx.BivariateModel(table).fit()
    figure = mx.plot_forest(fit).get_figure(root=True)
    save_figure(figure, HERE / "ct_hip_forest", ("png",), figure_record(fit))


if __name__ == "__main__":
    main()
