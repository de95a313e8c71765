"""The icon array: one mark a person, by condition and test result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes

from metadx.decision.frequencies import Frequencies
from metadx.estimate import Estimate
from metadx.plots.canvas import (
    BORDER,
    Label,
    draw_labels,
    finished,
    layout_width,
    page_for,
    paragraph,
)
from metadx.plots.chart_page import GAP, Key, PlacedKey, draw_keys, place_keys, title_lines
from metadx.plots.decision_basis import Decidable
from metadx.plots.fonts import Typeface
from metadx.plots.frequency_tree_layout import TreeSource, frequency_tree_data, tree_source
from metadx.plots.style import (
    BLUE,
    BODY,
    INK,
    LINE,
    ORANGE,
    SIZES,
    SKY,
    TITLE,
    VERMILLION,
    figure_style,
)

#: Marker and colour of a person; the missed and the false alarms differ in shape as well.
ICONS: Final = {
    "found": ("o", BLUE),
    "missed": ("X", VERMILLION),
    "false_alarms": ("D", ORANGE),
    "cleared": ("o", "#C8C8C8"),
    "diseased": ("o", SKY),
    "nondiseased": ("o", "#C8C8C8"),
}
WORDS: Final = {
    "found": "found",
    "missed": "missed",
    "false_alarms": "false alarms",
    "cleared": "rightly negative",
    "diseased": "diseased, result unknown",
    "nondiseased": "without the condition, result unknown",
}
#: Distance of two people (millimetres), at most.
WIDEST: Final = 4.2
#: Round numbers that a reader counts by.
COLUMNS: Final = (10, 20, 25, 40, 50, 100, 200)
POINTS_PER_MM: Final = 72.0 / 25.4


@dataclass(frozen=True)
class IconLayout:
    """An icon array before it is drawn; lengths in millimetres.

    Attributes
    ----------
    width, height : float
        Of the page.
    step : float
        Distance of two people.
    people : DataFrame
        ``kind``, ``x``, ``y`` of each.
    labels : tuple of Label
        All words.
    keys : tuple of PlacedKey
        Handles.
    """

    width: float
    height: float
    step: float
    people: pd.DataFrame
    labels: tuple[Label, ...]
    keys: tuple[PlacedKey, ...]


def icon_array_data(
    source: Decidable, *, pretest: Any = None, total: int = 1000, seed: int = 1
) -> pd.DataFrame:
    """Return the numbers behind an icon array, those of the tree of one test."""
    return frequency_tree_data(source, pretest=pretest, total=total, seed=seed)


def kinds_of(found: Frequencies) -> dict[str, Estimate]:
    """Groups of people in the order in which they stand; unknown results stay together."""
    kinds: dict[str, Estimate] = {}
    for parent, parts in (
        ("diseased", ("found", "missed")),
        ("nondiseased", ("false_alarms", "cleared")),
    ):
        counts = {name: found.counts[name] for name in parts}
        known = {name: one for name, one in counts.items() if isinstance(one, Estimate)}
        whole = found.counts[parent]
        assert isinstance(whole, Estimate)
        kinds |= known or {parent: whole}
    return kinds


def icon_layout(
    found: TreeSource, typeface: Typeface, *, width: float, most_height: float, title: str
) -> IconLayout:
    """Lay out an icon array in rows.

    Parameters
    ----------
    found : TreeSource
        The numbers.
    typeface : Typeface
        Fonts of the figure.
    width : float
        Of the page (millimetres).
    most_height : float
        What the rows should not exceed (millimetres).
    title : str
        Above; empty for none.
    """
    kinds = kinds_of(found.frequencies)
    total = found.frequencies.total
    room = width - 2.0 * BORDER
    columns, step = grid_of(total, room, most_height)
    labels = title_lines(typeface, title, width)
    y = BORDER + len(labels) * LINE * TITLE / BODY + (GAP if labels else 0.0)
    names = [name for name, count in kinds.items() for _ in range(round(count.value))]
    people = pd.DataFrame({"kind": names})
    place = people.index.to_numpy()
    people["x"] = BORDER + (place % columns + 0.5) * step
    people["y"] = y + (place // columns + 0.5) * step
    y += -(-total // columns) * step + GAP
    keys = [
        Key(f"marker:{ICONS[name][0]}", _key_words(name, count), ICONS[name][1])
        for name, count in kinds.items()
    ]
    placed, words, y = place_keys(typeface, keys, BORDER, y, room)
    first, *rest = found.captions
    rest.append(f"In brackets: {found.basis.level} interval of the mean.")
    said = paragraph(typeface, [first], BORDER, y + 0.5 * LINE, room, INK)
    y += len(said) * LINE + 0.5 * GAP
    notes = paragraph(typeface, rest, BORDER, y + 0.5 * LINE, room)
    height = y + len(notes) * LINE + BORDER
    return IconLayout(width, height, step, people, (*labels, *words, *said, *notes), tuple(placed))


def grid_of(total: int, room: float, most_height: float) -> tuple[int, float]:
    """Columns of a grid and the distance of two people: as large as there is room for."""
    for columns in COLUMNS:
        step = min(WIDEST, room / columns)
        if -(-total // columns) * step <= most_height:
            break
    return columns, step


def _key_words(name: str, count: Estimate) -> str:
    ends = "" if count.low == count.high else f" ({count.low:,.0f} to {count.high:,.0f})"
    return f"{count.value:,.0f}{ends} {WORDS[name]}"


def plot_icon_array(
    source: Decidable,
    ax: Axes | None = None,
    *,
    pretest: Any = None,
    total: int = 1000,
    title: str | None = None,
    seed: int = 1,
    size: str = "one-column",
    width: float | None = None,
) -> Axes:
    """Draw one mark for each of 1,000 people.

    Parameters
    ----------
    source : BivariateResults, BayesianResults or AccuracyDraws
        Accuracy of the test.
    ax : Axes, optional
        What becomes the page. A figure of the right height by default.
    pretest : optional
        One pretest probability, as for `metadx.decision.posttest`; the median share of the
        diseased in the studies by default, and the figure says so.
    total : int
        People in all.
    title : str, optional
        The stratum by default; empty for none.
    seed : int
        Seed of the draws.
    size : {"one-column", "two-column", "slide"}
        What a new figure is made for.
    width : float, optional
        Another width of the new figure (millimetres).

    Returns
    -------
    Axes
        The page, in millimetres from the top left corner.

    Raises
    ------
    OptionError
        If an option is not allowed, or no pretest probability is known.
    """
    found = tree_source(source, pretest, None, "negative", total, seed)
    title = found.basis.title if title is None else title
    typeface = Typeface.covering([title, *found.captions])
    wide = layout_width(size, ax, width)
    most = 0.5 * SIZES[size].height
    layout = icon_layout(found, typeface, width=wide, most_height=most, title=title)
    with figure_style(typeface):
        page = page_for(ax, layout.width, layout.height)
        for kind, rows in layout.people.groupby("kind", sort=False):
            marker, color = ICONS[str(kind)]
            page.plot(rows["x"], rows["y"], ls="none", marker=marker, color=color, mew=0.0,
                      ms=0.72 * layout.step * POINTS_PER_MM, gid=str(kind))  # fmt: skip
        draw_labels(page, layout.labels, typeface)
        draw_keys(page, layout.keys)
    return finished(page, size, ax)
