"""Small tables to draw, and what a renderer says about where their texts stand."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from metadx.errors import MetadxWarning
from metadx.models import BivariateModel, BivariateResults
from metadx.tables import StudyTable

Row = tuple[str, int | None, int | None, int | None, int | None]

REGULAR: list[Row] = [
    ("Adams 2001", 45, 7, 5, 60),
    ("Brown 2003", 30, 4, 9, 52),
    ("Clark 2005", 88, 30, 6, 140),
    ("Davis 2008", 15, 1, 4, 22),
    ("Evans 2011", 70, 16, 22, 81),
    ("Fischer 2016", 52, 3, 3, 95),
]
TABLES: dict[str, list[Row]] = {
    "regular": REGULAR,
    "one study": [("Only 2020", 20, 1, 3, 40)],
    "two studies": [("First 2020", 20, 1, 3, 40), ("Second 2021", 10, 0, 0, 12)],
    "fifteen": [(f"Study {i}", 20 + 3 * i, i % 5, 2 + i % 4, 40 + 7 * i) for i in range(15)],
    "partial": [
        *REGULAR[:5],
        ("Sens only 2014", 33, None, 5, None),
        ("Spec only 2015", None, 6, None, 210),
    ],
    "sensitivity only": [
        ("Adams 2001", 20, None, 3, None),
        ("Brown 2003", 11, None, 2, None),
        ("Clark 2005", 30, None, 9, None),
        ("Davis 2008", 44, None, 6, None),
    ],
    "perfect specificity": [
        ("Adams 2001", 18, 0, 2, 30),
        ("Brown 2003", 25, 0, 5, 44),
        ("Clark 2005", 9, 0, 1, 21),
        ("Davis 2008", 40, 0, 8, 60),
    ],
    "all perfect": [
        ("Adams 2001", 18, 0, 0, 30),
        ("Brown 2003", 25, 0, 0, 44),
        ("Clark 2005", 9, 0, 0, 21),
    ],
    "identical": [(f"Twin {i}", 40, 10, 10, 90) for i in range(5)],
    "not pooled": [
        ("Adams 2001", 20, 1, 0, 4),
        ("Brown 2003", 10, 0, 5, 12),
        ("Clark 2005", 30, 8, 0, 9),
    ],
    "long names": [
        ("Featherstonehaugh-Cholmondeley, the 2nd 01", 1045, 37, 5, 20060),
        ("Wolfeschlegelsteinhausenbergerdorffwelche", 30, 4, 9, 52),
        ("van der Burg und von Hohenzollern-Sigmari", 88, 30, 6, 140),
        ("A multicentre, multireader study of 2014 ", 15, 1, 4, 22),
    ],
    "eighty": [(f"Study {i} 1999", 20 + i, i % 9, 3 + i % 7, 50 + 2 * i) for i in range(80)],
    "one huge study": [*REGULAR[:4], ("Registry 2019", 480_000, 61_000, 20_000, 2_900_000)],
    "chinese names": [
        ("王小明 2019", 45, 3, 5, 60),
        ("李雷、韩梅梅 2020", 30, 4, 2, 41),
        ("中华医学会放射学分会骨关节学组多中心研究 2021", 88, 12, 9, 140),
        ("Łukaszewski & Sørensen 2011", 15, 1, 4, 22),
    ],
    "awkward names": [
        ("$x^2$ and $y_1$ 2019", 45, 3, 5, 60),
        ("tab\tand\nnewline 2020", 30, 4, 2, 41),
        ("100 % & <b>\\LaTeX{}</b> 2021", 88, 12, 9, 140),
        ("_", 15, 1, 4, 22),
    ],
}


def make_table(rows: list[Row], name: str = "table") -> StudyTable:
    frame = pd.DataFrame(rows, columns=["study", "tp", "fp", "fn", "tn"])
    return StudyTable.from_frame(frame, name)


def fit_table(table: StudyTable, method: str = "exact") -> BivariateResults:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        return BivariateModel(table).fit(method)


def axes_of(figure: Figure) -> Iterator[Axes]:
    for axes in figure.axes:
        yield axes
        yield from (child for child in axes.child_axes if isinstance(child, Axes))


def visible_texts(figure: Figure) -> list[Text]:
    """Every text that is drawn and not empty; of an axis the ticks that stand on it."""
    texts: list[Text] = list(figure.texts)
    for axes in axes_of(figure):
        texts += [*axes.texts, axes.title]
        if axes.axison:
            for axis in (axes.xaxis, axes.yaxis):
                texts += [*_tick_labels(axis), axis.label, axis.get_offset_text()]
        legend = axes.get_legend()
        if legend is not None:
            texts += [*legend.get_texts(), legend.get_title()]
    return [text for text in texts if text.get_visible() and text.get_text().strip()]


def _tick_labels(axis: Axis) -> list[Text]:
    if not axis.get_visible():
        return []
    low, high = sorted(axis.get_view_interval())
    slack = 1e-9 * (high - low)
    ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    on_axis = [tick for tick in ticks if low - slack <= tick.get_loc() <= high + slack]
    return [label for tick in on_axis for label in (tick.label1, tick.label2)]


def assert_readable(figure: Figure) -> None:
    """Check that no two texts overlap, none leaves the figure, and none is under 7 points."""
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    figure.draw_without_rendering()
    page = figure.bbox
    # Half a pixel at 100 dots per inch: boxes are rounded outwards.
    slack = 0.5
    placed = [(text, text.get_window_extent(renderer)) for text in visible_texts(figure)]
    assert placed
    for text, box in placed:
        assert text.get_fontsize() >= 7.0, text.get_text()
        inside = box.x0 >= page.x0 - slack and box.x1 <= page.x1 + slack
        above = box.y0 >= page.y0 - slack and box.y1 <= page.y1 + slack
        assert inside and above, text.get_text()
    edges = np.array([box.extents for _, box in placed])
    low, high = edges[:, None, :2] + slack, edges[None, :, 2:]
    crossing = (low < high).all(axis=2)
    pairs = np.argwhere(np.triu(crossing & crossing.T, 1))
    named = [(placed[i][0].get_text(), placed[j][0].get_text()) for i, j in pairs]
    assert not named, named


def overlaps(one: Bbox, other: Bbox, slack: float = 0.0) -> bool:
    return bool(
        one.x0 + slack < other.x1
        and other.x0 + slack < one.x1
        and one.y0 + slack < other.y1
        and other.y0 + slack < one.y1
    )
