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
from metadx.plots.forest_data import BIAS
from metadx.plots.studies import MARGINS, count_words, records
from metadx.plots.style import BODY, LINE
from metadx.tables import label

#: From row to row, between columns, above a subgroup (millimetres).
PITCH: Final = 4.0
GAP: Final = 2.5
GROUP_GAP: Final = 1.5
#: Narrowest panel that still shows an interval, narrowest column of names, and both where
#: something else wants the room (millimetres).
MIN_PANEL: Final = 22.0
MIN_NAMES: Final = 22.0
TIGHT_PANEL: Final = 13.0
TIGHT_NAMES: Final = 14.0
#: From dot to dot of the judgements (millimetres).
DOT_PITCH: Final = 3.6

DASH: Final = "–"
COUNTS: Final = ("tp", "fp", "fn", "tn")
SIZES: Final = {"sensitivity": "n_diseased", "specificity": "n_nondiseased"}
#: The count that is the numerator of a margin.
POSITIVES: Final = {"sensitivity": "tp", "specificity": "tn"}


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
        TP, FP, FN, TN, or one share; empty outside studies.
    results : tuple of str
        What stands beside the panels.
    group : str
        Name of the subgroup.
    marks : dict
        Margin to ``(value, low, high, n)``; a margin without a mark is not in it.
    judgements : tuple of str
        Risk of bias of a study, domain by domain.
    """

    kind: str
    name: tuple[str, ...]
    counts: tuple[str, ...]
    results: tuple[str, ...]
    group: str
    marks: Mapping[str, tuple[float, float, float, int]]
    judgements: tuple[str, ...] = ()

    @property
    def height(self) -> float:
        """Millimetres."""
        return PITCH + (len(self.name) - 1) * LINE


@dataclass(frozen=True, slots=True)
class Table:
    """What stands beside each other in a row.

    Attributes
    ----------
    margins : tuple of str
        Panels from left to right.
    heads : tuple of str
        Names of the columns of counts.
    domains : tuple of str
        Domains whose judgements are dots at the right.
    """

    margins: tuple[str, ...]
    heads: tuple[str, ...]
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """Left edges and widths of the columns (millimetres)."""

    names: float
    counts: tuple[float, ...]
    panels: tuple[float, ...]
    panel_width: float
    results: tuple[float, ...]
    result_width: float
    dots: tuple[float, ...]


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
    bias = tuple(str(row[name]) for name in row if name.startswith(BIAS)) if study else ()
    return Line(kind, (row["label"],), counts, tuple(values), row["group"], marks, bias)


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


def one_margin(line: Line, row: Mapping[str, Any] | None, margin: str) -> Line:
    """Keep one margin of a line, its counts as a share.

    Parameters
    ----------
    line : Line
        With both margins.
    row : dict or None
        The row of `forest_data` behind a study.
    margin : {"sensitivity", "specificity"}
        What is kept.
    """
    share: tuple[str, ...] = ()
    if row is not None:
        n = row[SIZES[margin]]
        share = (DASH if pd.isna(n) else f"{row[POSITIVES[margin]]}/{n}",)
    result = line.results[MARGINS.index(margin)]
    marks = {name: mark for name, mark in line.marks.items() if name == margin}
    return replace(line, counts=share, results=(result,), marks=marks)


def columns_of(lines: Sequence[Line], typeface: Typeface, width: float, table: Table) -> Columns:
    """Give texts what they need, names what is left beside readable panels.

    Raises
    ------
    OptionError
        If the width does not hold the columns.
    """

    def widest(texts: Sequence[str], weight: str) -> float:
        return max(typeface.width(text, BODY, weight) for text in texts)

    panels_wanted = len(table.margins)
    result_width = max(
        widest(line.results, "normal" if line.kind == "study" else "bold") for line in lines
    )
    count_widths = [
        max(widest([line.counts[i] for line in lines if line.counts], "normal"),
            typeface.width(name, BODY, "bold"))
        for i, name in enumerate(table.heads)
    ]  # fmt: skip
    dots = GAP + DOT_PITCH * len(table.domains) if table.domains else 0.0
    fixed = sum(count_widths) + len(count_widths) * GAP + dots + 2 * BORDER
    fixed += panels_wanted * (result_width + 2 * GAP)
    free = width - fixed
    least_names, least_panel = MIN_NAMES, MIN_PANEL
    if free < least_names + panels_wanted * least_panel:
        least_names, least_panel = TIGHT_NAMES, TIGHT_PANEL
    if free < least_names + panels_wanted * least_panel:
        need = math.ceil(fixed + least_names + panels_wanted * least_panel)
        raise OptionError(f"a forest plot of these studies needs {need} mm, not {width:g} mm")
    natural = max(
        typeface.width(line.name[0], BODY, "normal") for line in lines if line.kind == "study"
    )
    names = max(least_names, min(natural + 0.5, free - panels_wanted * least_panel))
    return _placed(names, count_widths, (free - names) / panels_wanted, result_width, table)


def _placed(
    names: float, count_widths: Sequence[float], panel_width: float, result_width: float,
    table: Table,
) -> Columns:  # fmt: skip
    """Put the columns beside each other."""
    x = BORDER + names
    counts = []
    for count_width in count_widths:
        x += GAP + count_width
        counts.append(x)
    panels, values = [], []
    for _ in table.margins:
        x += GAP
        panels.append(x)
        x += panel_width + GAP + result_width
        values.append(x)
    dots = [x + GAP + (i + 0.5) * DOT_PITCH for i in range(len(table.domains))]
    return Columns(
        names, tuple(counts), tuple(panels), panel_width, tuple(values), result_width, tuple(dots)
    )


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
            blank = ("",) * len(line.results)
            pages[-1].append(Line("heading", name, (), blank, line.group, {}))
        pages[-1].append(line)
    return pages
