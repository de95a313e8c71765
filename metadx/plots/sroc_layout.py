"""Where everything in a figure in ROC space stands: plain data, nothing is drawn here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metadx.plots.canvas import BORDER, SLACK, Box
from metadx.plots.fonts import Typeface
from metadx.plots.labels import Name, place_names, spread
from metadx.plots.sroc_data import ONE_MARGIN, POOLED_MARGIN
from metadx.plots.sroc_legend import (
    Legend,
    LegendSource,
    by_fixed_effect,
    free_place,
    legend_of,
    placed,
)
from metadx.plots.style import BODY, LINE, TITLE, Look, Size

FloatArray = NDArray[np.float64]

#: Half height or width of the largest and the smallest study (share of the axis).
LARGEST: Final = 0.03
SMALLEST: Final = 0.006
#: Radius of a study with slices (millimetres).
PIE: Final = 1.7
#: Free border of ROC space, which holds the marks of studies at 0 and 1; wider where studies
#: with one margin have their ticks in it.
EDGE: Final = 0.035
LANE: Final = 0.075
#: Ticks and names of the axes, between axes and the column beside them (millimetres).
LEFT: Final = 12.0
BELOW: Final = 10.5
COLUMN_GAP: Final = 5.0
#: Corners of ROC space that an inset may show (probability), its sides, the room for its tick
#: labels to the left or below and to the right (millimetres), and its places, best first.
CORNERS: Final = (0.1, 0.2, 0.3)
INSET_SIDES: Final = (0.5, 0.42, 0.34)
INSET_TICKS: Final = 7.5
INSET_RIGHT: Final = 2.2
INSET_PLACES: Final = tuple((x, y) for x in (1.0, 0.75, 0.5) for y in (1.0, 0.85, 0.7, 0.5, 0.3))
#: Fewer marks than this need no inset.
MIN_FOR_INSET: Final = 3


@dataclass(frozen=True, slots=True)
class Frame:
    """The page of a figure in ROC space.

    Attributes
    ----------
    side : float
        Of the square (millimetres).
    column : float
        Width of the column beside it for legend and captions; 0 puts them below.
    room : float
        Width for title and captions (millimetres).
    keep_inside : bool
        Whether the legend stays inside even if it covers data.
    """

    side: float
    column: float
    room: float
    keep_inside: bool = False

    @classmethod
    def stacked(cls, width: float) -> Frame:
        """Legend and captions below a square as wide as the page."""
        side = width - LEFT - BORDER
        return cls(side, 0.0, side + LEFT - BORDER)

    @classmethod
    def beside(cls, size: Size, title_lines: int) -> Frame:
        """A square as high as a slide, legend and captions to its right."""
        side = size.height - above(title_lines) - BELOW - BORDER
        column = size.width - LEFT - side - COLUMN_GAP - BORDER
        return cls(side, column, size.width - 2 * BORDER)

    @classmethod
    def given(cls, side: float) -> Frame:
        """The legend inside axes of the caller's."""
        return cls(side, 0.0, side + LEFT - BORDER, keep_inside=True)


def above(title_lines: int) -> float:
    """Room for title and border above the axes (millimetres)."""
    return BORDER + 1.0 + title_lines * LINE * TITLE / BODY


@dataclass(frozen=True, slots=True)
class Inset:
    """An enlarged corner of ROC space.

    Attributes
    ----------
    corner : float
        It shows false-positive rates up to this, and sensitivities from 1 minus this.
    box : Box
        Its place, as shares of the axes from their lower left corner.
    glyphs : DataFrame
        As for `SrocLayout`, enlarged.
    """

    corner: float
    box: Box
    glyphs: pd.DataFrame


@dataclass(frozen=True, slots=True)
class SrocLayout:
    """A figure in ROC space before it is drawn.

    Attributes
    ----------
    limits : tuple of float
        Ends of both axes (probability scale, with a border).
    glyphs : DataFrame
        Studies with both margins: ``test``, ``label``, ``study_id``, ``fpr``,
        ``sensitivity``, the half sizes ``rx`` and ``ry`` on the axes' scale, the place ``x``
        and ``y`` where the mark is drawn, ``look`` of a covariate or None, ``slices`` of
        judgements or None, and the columns of `sroc_data` that the marks need.
    joins : tuple of ndarray of shape (m, 2)
        False-positive rate and sensitivity of one study in several tests.
    legend : Legend
        Entries and place.
    title, captions : tuple of str
        Lines above and below the axes.
    open_points : tuple of str
        Tests whose summary point has a margin that was pooled by fixed effect.
    frame : Frame
        The page.
    inset : Inset or None
        Where all studies crowd in the corner of a good test, and there is room.
    names : tuple of Name
        Names of the studies beside their marks.
    """

    limits: tuple[float, float]
    glyphs: pd.DataFrame
    joins: tuple[FloatArray, ...]
    legend: Legend
    title: tuple[str, ...]
    captions: tuple[str, ...]
    open_points: tuple[str, ...]
    frame: Frame
    inset: Inset | None
    names: tuple[Name, ...]

    @property
    def above(self) -> float:
        """Room for title and border above the axes (millimetres)."""
        return above(len(self.title))

    @property
    def below(self) -> float:
        """Room for ticks, legend and captions below the axes (millimetres)."""
        legend = self.legend.size.height + 1.0 if self.legend.place is None else 0.0
        words = legend + len(self.captions) * LINE
        if self.frame.column:
            return max(BELOW, words - self.frame.side) + BORDER
        return BELOW + words + BORDER

    @property
    def width(self) -> float:
        """Of the page (millimetres)."""
        column = COLUMN_GAP + self.frame.column if self.frame.column else 0.0
        return LEFT + self.frame.side + column + BORDER


def sroc_layout(
    source: LegendSource,
    typeface: Typeface,
    frame: Frame,
    *,
    title: Sequence[str] = (),
    captions: Sequence[str] = (),
    join: bool = True,
    inset: bool = True,
    labels: bool | str = False,
) -> SrocLayout:
    """Lay out a figure in ROC space.

    Parameters
    ----------
    source : LegendSource
        The data that are drawn, and what is said of them.
    typeface : Typeface
        Fonts of the figure.
    frame : Frame
        The page.
    title : sequence of str
        Lines above the axes.
    captions : sequence of str
        Paragraphs below or beside the axes.
    join : bool
        Whether lines join the rows of one study.
    inset : bool
        Whether a crowded corner may be enlarged.
    labels : bool or {"names", "numbers"}
        Whether the studies have their names, or numbers with a key among the captions; True
        takes names where there is room for all, else numbers.
    """
    data = source.data
    one_margin = data["part"].isin([*ONE_MARGIN, *POOLED_MARGIN]).any()
    limits = (-(LANE if one_margin else EDGE), 1.0 + EDGE)
    glyphs = _glyphs(source)
    joins = _joins(glyphs) if join else ()
    legend = legend_of(replace(source, joined=bool(joins)), typeface, frame.column or frame.side)
    occupied = _occupied(data, glyphs, limits)
    if not frame.column:
        legend = placed(legend, frame.side, occupied, frame.keep_inside)
    corner = _inset(glyphs, occupied, legend, frame.side) if inset else None
    if source.bias is not None:
        glyphs, corner = _spread(glyphs, corner, frame.side, limits)
    names: list[Name] = []
    key = ""
    if labels:
        taken = _Room(corner, legend, occupied, typeface, frame.side, limits)
        names, key = _names(glyphs, taken, labels)
    said = [*captions, *([key] if key else [])]
    room = frame.column or frame.room
    return SrocLayout(
        limits,
        glyphs,
        joins,
        legend,
        tuple(title),
        tuple(line for text in said for line in typeface.wrap(text, SLACK * room, BODY)),
        tuple(test for test, fit in source.fits.items() if by_fixed_effect(fit)),
        frame,
        corner,
        tuple(names),
    )


def _glyphs(source: LegendSource) -> pd.DataFrame:
    """Studies as marks whose height and width follow the roots of n1 and n0.

    The area then follows the root of ``n1 n0``, and a study of ten stays visible beside one
    of a thousand.
    """
    rows = source.data[source.data["part"].isin(["study", *ONE_MARGIN])]
    looks: Sequence[Look | None] = [None] * len(rows)
    if source.covariate is not None:
        looks = source.covariate.rows
    slices: Sequence[tuple[str, ...] | None] = [None] * len(rows)
    if source.bias is not None:
        slices = source.bias.rows
    kept = rows.assign(
        look=pd.Series(list(looks), index=rows.index, dtype=object),
        slices=pd.Series(list(slices), index=rows.index, dtype=object),
    )
    kept = kept[kept["part"] == "study"].reset_index(drop=True)
    for name, column in (("rx", "n_nondiseased"), ("ry", "n_diseased")):
        n = kept[column].astype(float)
        kept[name] = np.maximum(SMALLEST, LARGEST * np.sqrt(n / n.max()))
    kept[["fpr", "sensitivity"]] = kept[["fpr", "sensitivity"]].astype(float)
    return kept.assign(x=kept["fpr"], y=kept["sensitivity"])


def _joins(glyphs: pd.DataFrame) -> tuple[FloatArray, ...]:
    lines = []
    for _, rows in glyphs.groupby("study_id", sort=True):
        if len(set(rows["test"])) > 1:
            lines.append(rows[["fpr", "sensitivity"]].to_numpy(dtype=float))
    return tuple(lines)


def _boxes(glyphs: pd.DataFrame) -> FloatArray:
    """Nine points of each mark on the axes' scale, shape (9 k, 2)."""
    points = [np.empty((0, 2))]
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            x = glyphs["x"] + dx * glyphs["rx"]
            points.append(np.column_stack([x, glyphs["y"] + dy * glyphs["ry"]]))
    return np.concatenate(points)


def _occupied(data: pd.DataFrame, glyphs: pd.DataFrame, limits: tuple[float, float]) -> FloatArray:
    """Points that the legend should not cover, as shares of the axes, shape (m, 2)."""
    drawn = data[data["part"] != "study"]
    lanes = drawn[["fpr", "sensitivity"]].astype(float).fillna(limits[0]).to_numpy()
    return _shares(np.concatenate([_boxes(glyphs), lanes]), limits)


def _shares(points: FloatArray, limits: tuple[float, float]) -> FloatArray:
    return (points - limits[0]) / (limits[1] - limits[0])


def _filled(box: Box) -> FloatArray:
    """Points that fill a rectangle, closer to each other than a text is high."""
    steps = np.linspace(0.0, 1.0, 24)
    grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    return np.array([box.x, box.y]) + grid * [box.width, box.height]


def _legend_points(legend: Legend, side: float) -> FloatArray:
    if legend.place is None:
        return np.empty((0, 2))
    size = legend.size
    return _filled(Box(*legend.place, size.width / side, size.height / side))


def _inset(glyphs: pd.DataFrame, occupied: FloatArray, legend: Legend, side: float) -> Inset | None:
    """Enlarge the smallest corner that holds all studies, where nothing else is."""
    if len(glyphs) < MIN_FOR_INSET:
        return None
    reach = max((glyphs["fpr"] + glyphs["rx"]).max(),
                1.0 - (glyphs["sensitivity"] - glyphs["ry"]).min())  # fmt: skip
    corner = next((corner for corner in CORNERS if reach <= corner), None)
    if corner is None:
        return None
    occupied = np.concatenate([occupied, _legend_points(legend, side)])
    ticks, right = INSET_TICKS / side, INSET_RIGHT / side
    for length in INSET_SIDES:
        width, height = length + ticks + right, length + ticks
        x, y, covered = free_place(width, height, INSET_PLACES, occupied)
        if not covered:
            box = Box(x + ticks, y + ticks, length, length)
            enlarged = 1.05 * corner / length
            return Inset(
                corner, box,
                glyphs.assign(rx=glyphs["rx"] * enlarged, ry=glyphs["ry"] * enlarged),
            )  # fmt: skip
    return None


def _spread(
    glyphs: pd.DataFrame, inset: Inset | None, side: float, limits: tuple[float, float]
) -> tuple[pd.DataFrame, Inset | None]:
    """Round marks of one size that do not cover each other, in the inset where there is one."""
    if inset is None:
        scale = (limits[1] - limits[0]) / side
        return _apart(glyphs, PIE * scale, limits[0], limits[1]), None
    scale = 1.05 * inset.corner / (inset.box.width * side)
    # The same distances on both axes, so that one pair of ends serves both.
    shifted = inset.glyphs.assign(y=inset.glyphs["y"] - (1.0 - inset.corner))
    shifted = shifted.assign(y=inset.corner - shifted["y"])
    moved = _apart(shifted, PIE * scale, -0.05 * inset.corner, inset.corner)
    # Slices are readable in the inset; the corner itself shows where the studies are.
    whole = glyphs.assign(slices=None)
    return whole, replace(inset, glyphs=moved.assign(y=1.0 - moved["y"]))


def _apart(glyphs: pd.DataFrame, radius: float, low: float, high: float) -> pd.DataFrame:
    places = spread(glyphs[["x", "y"]].to_numpy(dtype=float), radius, low, high)
    return glyphs.assign(x=places[:, 0], y=places[:, 1], rx=radius, ry=radius)


@dataclass(frozen=True, slots=True)
class _Room:
    """What the names beside the marks have to keep clear of."""

    inset: Inset | None
    legend: Legend
    occupied: FloatArray
    typeface: Typeface
    side: float
    limits: tuple[float, float]


def _names(glyphs: pd.DataFrame, room: _Room, labels: bool | str) -> tuple[list[Name], str]:
    """Names beside the marks, or numbers and their key."""
    names = [str(text) for text in glyphs["label"]]
    if labels != "numbers":
        found, left_out = _placed(glyphs, room, names)
        if labels == "names" or not left_out:
            missing = ", ".join(names[i] for i in left_out)
            return found, f"There is no room for the names of {missing}." if missing else ""
    distinct = list(dict.fromkeys(names))
    found, left_out = _placed(glyphs, room, [str(distinct.index(name) + 1) for name in names])
    key = "; ".join(f"{i} {name}" for i, name in enumerate(distinct, start=1))
    missing = ", ".join(str(distinct.index(names[i]) + 1) for i in left_out)
    return found, f"Studies: {key}." + (f" There is no room for {missing}." if missing else "")


def _placed(
    glyphs: pd.DataFrame, room: _Room, texts: Sequence[str]
) -> tuple[list[Name], list[int]]:
    """Place texts beside the marks; where a corner is enlarged, beside the enlarged marks."""
    limits, side, inset = room.limits, room.side, room.inset
    anchors = _shares(glyphs[["x", "y"]].to_numpy(dtype=float), limits)
    blocked = [
        room.occupied, _shares(_boxes(glyphs), limits), _legend_points(room.legend, side)
    ]  # fmt: skip
    if inset is not None:
        box, width = inset.box, 1.05 * inset.corner

        def into(points: FloatArray) -> FloatArray:
            start = np.array([-0.05 * inset.corner, 1.0 - inset.corner])
            return np.asarray([box.x, box.y] + (points - start) / width * box.width)

        anchors = into(inset.glyphs[["x", "y"]].to_numpy(dtype=float))
        ticks = INSET_TICKS / side
        left = Box(box.x - ticks, box.y - ticks, ticks, box.height + ticks)
        below = Box(box.x, box.y - ticks, box.width, ticks)
        blocked += [into(_boxes(inset.glyphs)), _filled(left), _filled(below)]
    return place_names(anchors, texts, room.typeface, side, np.concatenate(blocked))
