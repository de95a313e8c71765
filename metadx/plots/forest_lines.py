"""The rows and columns of a forest plot before they have a place on a page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from metadx.errors import OptionError
from metadx.plots.canvas import BORDER
from metadx.plots.fonts import Typeface
from metadx.plots.studies import MARGINS, count_words, records
from metadx.plots.style import BODY, LINE
from metadx.tables import label

#: From row to row, between columns, above a subgroup (millimetres).
PITCH: Final = 4.0
GAP: Final = 2.5
GROUP_GAP: Final = 1.5
#: Narrowest panel that still shows an interval, narrowest column of names (millimetres).
MIN_PANEL: Final = 22.0
MIN_NAMES: Final = 22.0

DASH: Final = "–"
COUNTS: Final = ("tp", "fp", "fn", "tn")
SIZES: Final = {"sensitivity": "n_diseased", "specificity": "n_nondiseased"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the forest before it has a place.

    Attributes
    ----------
    kind : str
        ``"heading"``, ``"study"`` or one of the summary rows.
    name : tuple of str
        The label, broken into lines.
    counts : tuple of str
        TP, FP, FN, TN; empty outside studies.
    results : tuple of str
        What stands beside the two panels.
    group : str
        Name of the subgroup.
    marks : dict
        Margin to ``(value, low, high, n)``; a margin without a mark is not in it.
    """

    kind: str
    name: tuple[str, ...]
    counts: tuple[str, ...]
    results: tuple[str, str]
    group: str
    marks: Mapping[str, tuple[float, float, float, int]]

    @property
    def height(self) -> float:
        """Millimetres."""
        return PITCH + (len(self.name) - 1) * LINE


@dataclass(frozen=True, slots=True)
class Columns:
    """Left edges and widths of the columns (millimetres)."""

    names: float
    counts: tuple[float, ...]
    panels: tuple[float, float]
    panel_width: float
    results: tuple[float, float]
    result_width: float


def lines_of(data: pd.DataFrame) -> list[Line]:
    """Write the rows of `forest_data`, with a heading before each subgroup.

    A subgroup that is named by a modality code has its words.
    """
    lines = []
    grouped = data["group"].ne("").any()
    for group, rows in data.groupby("group", sort=False):
        if grouped:
            counts = [count_text(rows, margin, unit="") for margin in MARGINS]
            name = (label("modality", str(group)),)
            lines.append(Line("heading", name, (), (counts[0], counts[1]), str(group), {}))
        pooled_margins = {m for m in MARGINS if rows[m].notna().any()}
        for row in records(rows):
            lines.append(_line(row, pooled_margins))
    return lines


def _line(row: Mapping[str, Any], known: set[str]) -> Line:
    kind = row["row"]
    study = kind == "study"
    counts = tuple(DASH if pd.isna(row[c]) else f"{row[c]}" for c in COUNTS) if study else ()
    marks, values = {}, []
    for margin in MARGINS:
        low, high = row[f"{margin}_low"], row[f"{margin}_high"]
        if pd.isna(low):
            absent = "not pooled" if kind == "pooled" and margin in known else ""
            values.append(DASH if study else absent)
            continue
        n = row[SIZES[margin]]
        marks[margin] = (float(row[margin]), float(low), float(high), int(n) if study else 0)
        values.append(_value_text(kind, row[margin], low, high))
    return Line(kind, (row["label"],), counts, (values[0], values[1]), row["group"], marks)


def _value_text(kind: str, value: float, low: float, high: float) -> str:
    if kind == "range":
        return f"{low:.2f} to {high:.2f}"
    ends = f"[{low:.2f}, {high:.2f}]"
    return ends if kind == "prediction" else f"{value:.2f} {ends}"


def count_text(rows: pd.DataFrame, margin: str, unit: str) -> str:
    """Write k and n of a margin; rows of one study count as one."""
    known = rows[(rows["row"] == "study") & rows[SIZES[margin]].notna()]
    k, n = known["study_id"].nunique(), int(known[SIZES[margin]].sum())
    return count_words(k, n, unit).strip()


def columns_of(lines: Sequence[Line], typeface: Typeface, width: float) -> Columns:
    """Give texts what they need, names what is left beside two readable panels."""

    def widest(texts: Sequence[str], weight: str) -> float:
        return max(typeface.width(text, BODY, weight) for text in texts)

    result_width = max(
        widest(line.results, "normal" if line.kind == "study" else "bold") for line in lines
    )
    count_widths = [
        max(widest([line.counts[i] for line in lines if line.counts], "normal"),
            typeface.width(name.upper(), BODY, "bold"))
        for i, name in enumerate(COUNTS)
    ]  # fmt: skip
    fixed = sum(count_widths) + 4 * GAP + 2 * result_width + 4 * GAP + 2 * BORDER
    free = width - fixed
    if free < MIN_NAMES + 2 * MIN_PANEL:
        need = math.ceil(fixed + MIN_NAMES + 2 * MIN_PANEL)
        raise OptionError(f"a forest plot of these studies needs {need} mm, not {width:g} mm")
    natural = max(
        typeface.width(line.name[0], BODY, "normal") for line in lines if line.kind == "study"
    )
    names = max(MIN_NAMES, min(natural + 0.5, free - 2 * MIN_PANEL))
    panel_width = (free - names) / 2.0
    x = BORDER + names
    counts = []
    for count_width in count_widths:
        x += GAP + count_width
        counts.append(x)
    panels, values = [], []
    for _ in MARGINS:
        x += GAP
        panels.append(x)
        x += panel_width + GAP + result_width
        values.append(x)
    return Columns(
        names, tuple(counts), (panels[0], panels[1]), panel_width,
        (values[0], values[1]), result_width,
    )  # fmt: skip


def wrapped(line: Line, typeface: Typeface, columns: Columns) -> Line:
    """Break the name of a line where it does not fit."""
    weight = "normal" if line.kind == "study" else "bold"
    room = columns.names
    if line.kind == "heading":
        room = columns.panels[0] + columns.panel_width - 2 * GAP - BORDER
    elif line.kind != "study":
        room = columns.panels[0] - GAP - BORDER
    return replace(line, name=tuple(typeface.wrap(line.name[0], room, BODY, weight)))


def paginate(lines: list[Line], rows_per_page: int | None) -> list[list[Line]]:
    """Cut into pages; a heading stays with its studies and is repeated on the next page."""
    if rows_per_page is None:
        return [lines]
    if rows_per_page < 3:
        raise OptionError(f"rows_per_page is {rows_per_page}; a page holds 3 rows or more")
    pages: list[list[Line]] = [[]]
    for line in lines:
        if len(pages[-1]) == rows_per_page:
            orphan = pages[-1].pop() if pages[-1][-1].kind == "heading" else None
            pages.append([orphan] if orphan else [])
        if not pages[-1] and line.group and line.kind != "heading":
            name = (f"{label('modality', line.group)} (continued)",)
            pages[-1].append(Line("heading", name, (), ("", ""), line.group, {}))
        pages[-1].append(line)
    return pages
