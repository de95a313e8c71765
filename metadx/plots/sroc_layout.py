"""Where everything in an SROC plot stands: plain data, nothing is drawn here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metadx.models import BivariateResults
from metadx.plots.canvas import BORDER, SLACK, Box
from metadx.plots.fonts import Typeface
from metadx.plots.sroc_data import ONE_MARGIN, POOLED_MARGIN
from metadx.plots.studies import percent
from metadx.plots.style import BODY, LINE, TITLE

FloatArray = NDArray[np.float64]

#: Half height or width of the largest and the smallest study (share of the axis).
LARGEST: Final = 0.03
SMALLEST: Final = 0.006
#: Free border of ROC space, which holds the marks of studies at 0 and 1; wider where studies
#: with one margin have their ticks in it.
EDGE: Final = 0.035
LANE: Final = 0.075
#: Ticks and names of the axes (millimetres).
LEFT: Final = 12.0
BELOW: Final = 10.5
#: Legend: height of a row, handle with its gap, frame (millimetres).
LEGEND_ROW: Final = 3.7
LEGEND_HANDLE: Final = 8.6
LEGEND_PAD: Final = 2.8
#: Distance of the legend from frame and data (share of the axis).
LEGEND_GAP: Final = 0.015
#: Places for the legend, best first: which share of the free room is left of it and below it.
LEGEND_PLACES: Final = (
    (1.0, 0.0),
    (1.0, 0.25),
    (0.5, 0.0),
    (0.0, 0.0),
    (1.0, 0.5),
    (1.0, 1.0),
    (0.0, 1.0),
    (0.5, 1.0),
)
#: Corners of ROC space that an inset may show (probability), its sides, the room for its tick
#: labels to the left or below and to the right (shares of the axes), and its places, best first.
CORNERS: Final = (0.1, 0.2, 0.3)
INSET_SIDES: Final = (0.42, 0.34)
INSET_TICKS: Final = 0.07
INSET_RIGHT: Final = 0.02
INSET_PLACES: Final = tuple((x, y) for x in (1.0, 0.75, 0.5) for y in (1.0, 0.85, 0.7, 0.5, 0.3))
#: Fewer marks than this need no inset.
MIN_FOR_INSET: Final = 3
RADIUS_WORDS: Final = {"f": "F", "chi2": "chi-squared"}


@dataclass(frozen=True, slots=True)
class LegendRow:
    """One entry: what its handle shows, of which test, and the words."""

    kind: str
    test: str
    text: str


@dataclass(frozen=True, slots=True)
class Legend:
    """The legend and its place.

    Attributes
    ----------
    title : str
        k and n of a single test, empty for several.
    rows : tuple of LegendRow
        In order.
    size : Box
        Width and height (millimetres).
    place : tuple of float or None
        Lower left corner as shares of the axes; None stands below the axes.
    """

    title: str
    rows: tuple[LegendRow, ...]
    size: Box
    place: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Inset:
    """An enlarged corner of ROC space.

    Attributes
    ----------
    corner : float
        It shows false-positive rates up to this, and sensitivities from 1 minus this.
    box : Box
        Its place, as shares of the axes from their lower left corner.
    """

    corner: float
    box: Box


@dataclass(frozen=True, slots=True)
class SrocLayout:
    """An SROC plot before it is drawn.

    Attributes
    ----------
    limits : tuple of float
        Ends of both axes (probability scale, with a border).
    glyphs : DataFrame
        Studies with both margins: ``test``, ``label``, ``study_id``, ``fpr``,
        ``sensitivity`` and the half sizes ``rx`` and ``ry`` on the axes' scale.
    joins : tuple of ndarray of shape (m, 2)
        False-positive rate and sensitivity of one study in several tests.
    legend : Legend
        Entries and place.
    title, captions : tuple of str
        Lines above and below the axes.
    open_points : tuple of str
        Tests whose summary point has a margin that was pooled by fixed effect.
    side : float
        Of the square (millimetres).
    inset : Inset or None
        Where all studies crowd in the corner of a good test, and there is room.
    """

    limits: tuple[float, float]
    glyphs: pd.DataFrame
    joins: tuple[FloatArray, ...]
    legend: Legend
    title: tuple[str, ...]
    captions: tuple[str, ...]
    open_points: tuple[str, ...]
    side: float
    inset: Inset | None

    @property
    def above(self) -> float:
        """Room for title and border above the axes (millimetres)."""
        return BORDER + 1.0 + len(self.title) * LINE * TITLE / BODY

    @property
    def below(self) -> float:
        """Room for ticks, legend and captions below the axes (millimetres)."""
        legend = self.legend.size.height + 1.0 if self.legend.place is None else 0.0
        return BELOW + legend + len(self.captions) * LINE + BORDER


def sroc_layout(
    data: pd.DataFrame,
    fits: Mapping[str, BivariateResults],
    names: Mapping[str, str],
    typeface: Typeface,
    *,
    side: float,
    title: str = "",
    captions: Sequence[str] = (),
    radius: str = "f",
    join: bool = True,
    inset: bool = True,
    keep_inside: bool = False,
) -> SrocLayout:
    """Lay out an SROC plot.

    Parameters
    ----------
    data : DataFrame
        From `sroc_data`, the parts that are drawn.
    fits : dict
        Fits by test.
    names : dict
        Words for each test.
    typeface : Typeface
        Fonts of the figure.
    side : float
        Of the square (millimetres).
    title : str
        Above the axes; empty for none.
    captions : sequence of str
        Below the axes.
    radius : {"f", "chi2"}
        Radius of the regions, for the legend.
    join : bool
        Whether lines join the rows of one study.
    inset : bool
        Whether a crowded corner may be enlarged.
    keep_inside : bool
        Whether the legend stays inside even if it covers data.
    """
    one_margin = data["part"].isin([*ONE_MARGIN, *POOLED_MARGIN]).any()
    limits = (-(LANE if one_margin else EDGE), 1.0 + EDGE)
    glyphs = _glyphs(data)
    joins = _joins(glyphs) if join else ()
    rows = _legend_rows(data, fits, names, radius, bool(joins))
    heading = legend_title(next(iter(fits.values()))) if len(fits) == 1 else ""
    size = _legend_size(rows, heading, typeface)
    occupied = _occupied(data, glyphs, limits)
    place = _legend_place(size, side, occupied, keep_inside)
    legend = Legend(heading, tuple(rows), size, place)
    room = side + LEFT - BORDER
    return SrocLayout(
        limits,
        glyphs,
        joins,
        legend,
        tuple(typeface.wrap(title, room, TITLE, "bold")) if title else (),
        tuple(line for text in captions for line in typeface.wrap(text, SLACK * room, BODY)),
        tuple(test for test, fit in fits.items() if _by_fixed_effect(fit)),
        side,
        _inset(glyphs, occupied, legend, side) if inset else None,
    )


def _glyphs(data: pd.DataFrame) -> pd.DataFrame:
    """Studies as marks whose height and width follow the roots of n1 and n0.

    The area then follows the root of ``n1 n0``, and a study of ten stays visible beside one
    of a thousand.
    """
    studies = data[data["part"] == "study"]
    kept = studies[["test", "label", "study_id", "fpr", "sensitivity"]].copy()
    for name, column in (("rx", "n_nondiseased"), ("ry", "n_diseased")):
        n = studies[column].astype(float)
        kept[name] = np.maximum(SMALLEST, LARGEST * np.sqrt(n / n.max()))
    return kept.reset_index(drop=True)


def _joins(glyphs: pd.DataFrame) -> tuple[FloatArray, ...]:
    lines = []
    for _, rows in glyphs.groupby("study_id", sort=True):
        if len(set(rows["test"])) > 1:
            lines.append(rows[["fpr", "sensitivity"]].to_numpy(dtype=float))
    return tuple(lines)


def legend_title(fit: BivariateResults) -> str:
    """Write k and n of a fit, and how many of its studies report one margin only."""
    only = [
        f"{k} {margin} only"
        for k, margin in ((fit.k_sens_only, "sensitivity"), (fit.k_spec_only, "specificity"))
        if k
    ]
    parts = f" ({fit.k_complete} complete, {', '.join(only)})" if only else ""
    n = f"n = {fit.n_diseased:,} diseased, {fit.n_nondiseased:,} non-diseased"
    return f"k = {fit.k}{parts}\n{n}"


def _by_fixed_effect(fit: BivariateResults) -> list[str]:
    return [name for name, margin in fit.margins.items() if margin.path == "fixed_effect"]


def _summary_words(fits: Mapping[str, BivariateResults]) -> str:
    """A point with a margin that was pooled by fixed effect is open, and says so."""
    margins = sorted({name for fit in fits.values() for name in _by_fixed_effect(fit)})
    if not margins:
        return "Summary point"
    start = "open: " if len(fits) > 1 else ""
    return f"Summary point ({start}{' and '.join(margins)} by fixed effect)"


def _legend_rows(
    data: pd.DataFrame,
    fits: Mapping[str, BivariateResults],
    names: Mapping[str, str],
    radius: str,
    joined: bool,
) -> list[LegendRow]:
    """Entries for what is there, and for nothing else."""
    first = next(iter(fits))
    shared = "" if len(fits) > 1 else first
    level = percent(fits[first].level)
    words = {
        "study": "Study (height: diseased, width: non-diseased)",
        **{kind: f"Study with {margin} only" for kind, margin in ONE_MARGIN.items()},
        "summary": _summary_words(fits),
        **{kind: f"Pooled {one} alone, {level} interval" for kind, one in POOLED_MARGIN.items()},
        "curve": "SROC curve, observed range",
        "outside": "SROC curve, extrapolated",
        "confidence_region": f"{level} confidence region ({RADIUS_WORDS[radius]})",
        "prediction_region": f"{level} prediction region ({RADIUS_WORDS[radius]})",
    }
    rows = []
    for test, fit in fits.items() if len(fits) > 1 else ():
        n = f"{fit.n_diseased:,} + {fit.n_nondiseased:,}"
        rows.append(LegendRow("test", test, f"{names[test]}: k = {fit.k}, n = {n}"))
    parts = set(data["part"])
    rows += [LegendRow(kind, shared, text) for kind, text in words.items() if kind in parts]
    if joined:
        rows.append(LegendRow("join", "", "Same study, another test"))
    return rows


def _legend_size(rows: Sequence[LegendRow], title: str, typeface: Typeface) -> Box:
    lines = title.splitlines()
    widths = [typeface.width(row.text, BODY) + LEGEND_HANDLE for row in rows]
    widths += [typeface.width(line, BODY) for line in lines]
    height = (len(rows) + len(lines)) * LEGEND_ROW + LEGEND_PAD
    return Box(0.0, 0.0, max(widths, default=0.0) / SLACK + LEGEND_PAD, height)


def _occupied(data: pd.DataFrame, glyphs: pd.DataFrame, limits: tuple[float, float]) -> FloatArray:
    """Points that the legend should not cover, as shares of the axes, shape (m, 2)."""
    points = [np.empty((0, 2))]
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            x = glyphs["fpr"] + dx * glyphs["rx"]
            points.append(np.column_stack([x, glyphs["sensitivity"] + dy * glyphs["ry"]]))
    drawn = data[data["part"] != "study"]
    lanes = drawn[["fpr", "sensitivity"]].astype(float).fillna(limits[0])
    points.append(lanes.to_numpy())
    return (np.concatenate(points) - limits[0]) / (limits[1] - limits[0])


def _legend_place(
    size: Box, side: float, occupied: FloatArray, keep_inside: bool
) -> tuple[float, float] | None:
    width, height = size.width / side, size.height / side
    x, y, covered = _free_place(width, height, LEGEND_PLACES, occupied)
    fits = max(width, height) <= 1.0 - 2 * LEGEND_GAP
    return (x, y) if keep_inside or (fits and not covered) else None


def _free_place(
    width: float, height: float, places: Sequence[tuple[float, float]], occupied: FloatArray
) -> tuple[float, float, int]:
    """Lower left corner of the first place that covers fewest points, and how many."""
    found = []
    for share_x, share_y in places:
        x = LEGEND_GAP + share_x * (1.0 - 2 * LEGEND_GAP - width)
        y = LEGEND_GAP + share_y * (1.0 - 2 * LEGEND_GAP - height)
        low = np.array([x, y]) - LEGEND_GAP
        high = np.array([x + width, y + height]) + LEGEND_GAP
        covered = int(((occupied > low) & (occupied < high)).all(axis=1).sum())
        found.append((x, y, covered))
    return min(found, key=lambda place: place[2])


def _inset(glyphs: pd.DataFrame, occupied: FloatArray, legend: Legend, side: float) -> Inset | None:
    """Enlarge the smallest corner that holds all studies, where nothing else is."""
    if len(glyphs) < MIN_FOR_INSET:
        return None
    reach = max((glyphs["fpr"] + glyphs["rx"]).max(),
                1.0 - (glyphs["sensitivity"] - glyphs["ry"]).min())  # fmt: skip
    corner = next((corner for corner in CORNERS if reach <= corner), None)
    if corner is None:
        return None
    if legend.place is not None:
        steps = np.linspace(0.0, 1.0, 20)
        size = np.array([legend.size.width, legend.size.height]) / side
        grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
        occupied = np.concatenate([occupied, legend.place + grid * size])
    for length in INSET_SIDES:
        width, height = length + INSET_TICKS + INSET_RIGHT, length + INSET_TICKS
        x, y, covered = _free_place(width, height, INSET_PLACES, occupied)
        if not covered:
            return Inset(corner, Box(x + INSET_TICKS, y + INSET_TICKS, length, length))
    return None
