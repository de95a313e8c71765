"""Where everything in a claims figure stands: plain data, nothing is drawn here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from metadx.errors import OptionError
from metadx.plots.canvas import BORDER, Box, Label, paragraph
from metadx.plots.claims_data import SCALES
from metadx.plots.fonts import Typeface
from metadx.plots.studies import records
from metadx.plots.style import BLUE, BODY, GREEN, INK, LINE, QUIET, TITLE, VERMILLION, for_text
from metadx.tables import label

#: Widths of the columns: claim, panel, place, value (millimetres), and between them.
CLAIM: Final = 55.0
VALUE: Final = 31.0
PLACE: Final = 30.0
GAP: Final = 2.5
MIN_PANEL: Final = 30.0
#: The panel between place and value where the claim stands above them.
NARROW_PANEL: Final = 20.0
#: Room inside a claim above and below, ticks and name of an axis (millimetres).
PAD: Final = 1.2
AXIS: Final = 8.0

#: Sign, colour and rank of a verdict; the sign carries it where colour does not.
VERDICTS: Final = {
    "supported": ("✓", GREEN),
    "contradicted": ("✗", VERMILLION),
    "not enough evidence": ("?", BLUE),
    "not an accuracy claim": ("–", QUIET),
}
KEY: Final = (
    "Band or line: what is claimed. Points with 95% intervals: what the strata of the claim's own "
    "population say; filled: pooled, open: one study or summed counts, which decide nothing. "
    "✓ supported: the whole interval inside the claim. ✗ contradicted: the whole interval outside. "
    "? not enough evidence."
)


@dataclass(frozen=True, slots=True)
class Interval:
    """One stratum's number in a panel (per cent); open where it is not a pooled estimate."""

    y: float
    value: float
    low: float
    high: float
    color: str
    pooled: bool


@dataclass(frozen=True, slots=True)
class Band:
    """What is claimed, behind the intervals of its claim (per cent; millimetres)."""

    low: float
    high: float
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Section:
    """Claims on one scale with their panel."""

    scale: str
    box: Box
    bands: tuple[Band, ...]
    intervals: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class ClaimsLayout:
    """A claims figure before it is drawn (millimetres)."""

    width: float
    height: float
    labels: tuple[Label, ...]
    sections: tuple[Section, ...]
    rules: tuple[float, ...]


def claims_layout(
    data: pd.DataFrame, typeface: Typeface, *, width: float, title: str = ""
) -> ClaimsLayout:
    """Lay out a claims figure.

    Parameters
    ----------
    data : DataFrame
        From `claims_data`.
    typeface : Typeface
        Fonts of the figure.
    width : float
        Millimetres.
    title : str
        Above the figure.

    Raises
    ------
    OptionError
        If the width does not hold the columns.
    """
    columns = _columns(width)
    labels: list[Label] = []
    rules: list[float] = []
    sections: list[Section] = []
    y = BORDER
    for head in typeface.wrap(title, width - 2 * BORDER, TITLE, "bold") if title else []:
        labels.append(Label(BORDER, y + LINE / 2, head, bold=True, size=TITLE))
        y += LINE * TITLE / BODY
    for scale, rows in data.groupby("scale", sort=False):
        y += 3.0
        name = SCALES[str(scale)][2]
        labels.append(Label(BORDER, y + LINE / 2, name, bold=True))
        y += LINE + 1.0
        top = y
        bands: list[Band] = []
        intervals: list[Interval] = []
        for _, claim in rows.groupby("claim_id", sort=False):
            rules.append(y)
            start, bottom = _claim(claim, y, columns, typeface, labels, intervals)
            row = claim.iloc[0]
            if row["scale"] != "none" and pd.notna(row["band_low"]):
                bands.append(Band(row["band_low"], row["band_high"], start, bottom - start))
            y = bottom
        box = Box(columns.panel_left, top, columns.panel, y - top)
        sections.append(Section(str(scale), box, tuple(bands), tuple(intervals)))
        rules.append(y)
        y += AXIS if scale != "none" else 2.0
    y += LINE / 2
    notes = paragraph(typeface, [KEY], BORDER, y, width - 2 * BORDER)
    height = notes[-1].y + LINE / 2 + BORDER
    return ClaimsLayout(width, height, (*labels, *notes), tuple(sections), tuple(rules))


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where claim, panel, place and value stand (millimetres).

    Attributes
    ----------
    words, whole : float
        Width of a claim beside its panel, and of one without.
    panel_left, panel, place_left, place, value_left : float
        Left edges and widths.
    below : bool
        Whether panel, place and value stand below the words.
    """

    words: float
    whole: float
    panel_left: float
    panel: float
    place_left: float
    place: float
    value_left: float
    below: bool


def _columns(width: float) -> _Columns:
    """Claim, panel, place and value beside each other, or the claim above the others."""
    whole = width - 2 * BORDER
    panel = whole - CLAIM - PLACE - VALUE - 3 * GAP
    if panel >= MIN_PANEL:
        left = BORDER + CLAIM + GAP
        place = left + panel + GAP
        return _Columns(CLAIM, whole, left, panel, place, PLACE, place + PLACE + GAP, False)
    place = whole - NARROW_PANEL - VALUE - 2 * GAP
    if place < NARROW_PANEL:
        need = width - place + NARROW_PANEL
        raise OptionError(f"a claims figure needs {need:.0f} mm, not {width:g} mm")
    left = BORDER + place + GAP
    value = left + NARROW_PANEL + GAP
    return _Columns(whole, whole, left, NARROW_PANEL, BORDER, place, value, True)


def _claim(
    claim: pd.DataFrame,
    y: float,
    columns: _Columns,
    typeface: Typeface,
    labels: list[Label],
    intervals: list[Interval],
) -> tuple[float, float]:
    """Lay out one claim from `y` on; return where its strata start and where it ends."""
    row = claim.iloc[0]
    sign, color = VERDICTS.get(row["verdict"], ("?", INK))
    found = claim[claim["stratum"] != ""]
    middle = y + PAD + LINE / 2
    room = columns.words if row["scale"] != "none" else columns.whole
    parts = [
        (f"{row['claim_id']}  {row['statement']}", INK, "normal"),
        (f"{sign} {row['verdict']}", for_text(color), "bold"),
    ]
    if len(found) < 2 and row["reason"]:
        parts.append((row["reason"], QUIET, "normal"))
    words = [
        (text, shade, weight == "bold")
        for part, shade, weight in parts
        for text in typeface.wrap(part, room, BODY, weight)
    ]
    for i, (text, shade, bold) in enumerate(words):
        labels.append(Label(BORDER, middle + i * LINE, text, bold=bold, color=shade))
    used = first = len(words) if columns.below else 0
    for one in records(found):
        sign, color = VERDICTS[one["stratum_verdict"]]
        place = typeface.wrap(_place(one), columns.place, BODY)
        at = middle + (used + (len(place) - 1) / 2) * LINE
        labels += [
            Label(columns.place_left, middle + (used + i) * LINE, t) for i, t in enumerate(place)
        ]
        x = columns.value_left
        labels.append(Label(x, at, sign, bold=True, color=for_text(color)))
        labels.append(Label(x + VALUE, at, _number(one), align="right"))
        if pd.notna(one["low"]):
            intervals.append(
                Interval(at, one["value"], one["low"], one["high"], color, one["basis"] == "pooled")
            )
        used += len(place)
    if columns.below and used == first and row["scale"] != "none":
        used += 1
    start = y + PAD + first * LINE if columns.below else y
    return start, y + max(len(words), used) * LINE + 2 * PAD


def _place(row: Mapping[str, Any]) -> str:
    """Name a stratum by what differs within a claim: site, unit, and the test compared."""
    parts = row["stratum"].split("/")
    if len(parts) != 4:
        return str(row["stratum"])
    words = f"{label('site', parts[1])}, {label('unit', parts[2])}"
    if row["comparator"]:
        words += f", against {label('modality', row['comparator'].split('/')[0])}"
    return words


def _number(row: Mapping[str, Any]) -> str:
    k = "" if pd.isna(row["k"]) else f", k = {row['k']:.0f}"
    if pd.isna(row["low"]):
        return f"no interval{k}"
    value, low, high = (_whole(row[name]) for name in ("value", "low", "high"))
    return f"{value} [{low}, {high}]{k}"


def _whole(number: float) -> str:
    """A whole number with a true minus, and no minus before 0."""
    return f"{round(number)}".replace("-", "−")
