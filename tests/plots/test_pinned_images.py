"""A handful of figures as images, to see by eye what a change of the code does to them.

``python tests/plots/test_pinned_images.py`` draws them anew.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from drawn import TABLES, fit_table, make_table
from matplotlib.axes import Axes
from matplotlib.testing.compare import compare_images
from sources import judgements, regular

from metadx.plots import figure_style, plot_crosshair, plot_forest, plot_roc_ellipses, plot_sroc

PINNED = Path(__file__).parent / "pinned"
#: Dots per inch: enough to see every mark, small enough to keep.
DPI = 72
#: Root mean square of the differences of a pixel (0 to 255). Exact instead of Wilson intervals
#: change the crosshair by 5.3, the other radius the SROC plot by 5.9, a study with five more
#: false negatives the forest by 7.2.
TOLERANCE = 3.0


def forest() -> Axes:
    return plot_forest(fit_table(make_table(TABLES["partial"], "partial")))


def forest_column() -> Axes:
    return plot_forest(fit_table(make_table(TABLES["regular"], "regular")), size="one-column")


def sroc() -> Axes:
    return plot_sroc(fit_table(make_table(TABLES["fifteen"], "fifteen")), labels=True)


def sroc_judgements() -> Axes:
    fit = fit_table(regular())
    return plot_sroc(fit, quadas=judgements(fit.table), size="one-column")


def crosshair() -> Axes:
    return plot_crosshair(fit_table(make_table(TABLES["regular"], "regular")))


def roc_ellipses() -> Axes:
    fit = fit_table(make_table(TABLES["regular"], "regular"))
    return plot_roc_ellipses(fit, show=("curve", "confidence"), size="slide")


FIGURES: dict[str, Callable[[], Axes]] = {
    one.__name__: one
    for one in (forest, forest_column, sroc, sroc_judgements, crosshair, roc_ellipses)
}


def save(name: str, path: Path) -> None:
    figure = FIGURES[name]().get_figure(root=True)
    assert figure is not None
    with figure_style():
        figure.savefig(path, dpi=DPI, metadata={"Software": None})


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_looks_as_it_did(tmp_path: Path, name: str) -> None:
    drawn = tmp_path / f"{name}.png"
    save(name, drawn)
    different = compare_images(str(PINNED / f"{name}.png"), str(drawn), TOLERANCE)
    assert different is None, different


if __name__ == "__main__":
    PINNED.mkdir(exist_ok=True)
    for each in FIGURES:
        save(each, PINNED / f"{each}.png")
