"""Where everything in the figure of an update stands: plain data, nothing is drawn here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from metadx.errors import OptionError
from metadx.plots.canvas import BORDER, Box, Label, paragraph
from metadx.plots.fonts import Typeface
from metadx.plots.studies import MARGINS, records
from metadx.plots.style import BLUE, BODY, INK, LINE, QUIET, TITLE, VERMILLION

#: Widths (millimetres): names of studies, number of studies, value with interval, between them.
NAME: Final = 38.0
COUNT: Final = 6.0
VALUE: Final = 28.0
GAP: Final = 2.0
MIN_PANEL: Final = 16.0
ROW: Final = 3.6
AXIS: Final = 9.0
#: More studies before the update than this are shown together in the first row.
SHOWN: Final = 25
#: Sign and colour of a change; the sign carries it where colour does not.
MARKS: Final = {"came": ("+", BLUE), "went": ("−", VERMILLION), "changed": ("~", VERMILLION)}
KEY: Final = (
    "Each row adds its study to those above it, in the order of years; below the line the update: "
    "+ a study came, − one went, ~ one changed. Filled: pooled estimate; open: summed counts with "
    "an exact interval, where nothing can be pooled. Dotted: the value before the update."
)


@dataclass(frozen=True, slots=True)
class Mark:
    """One estimate in a panel (per cent); open where it is not a pooled one."""

    y: float
    value: float
    low: float
    high: float
    color: str
    pooled: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """One margin.

    Attributes
    ----------
    margin : str
    box : Box
        Place on the page.
    marks : tuple of Mark
    before : float or None
        Value before the update (per cent).
    """

    margin: str
    box: Box
    marks: tuple[Mark, ...]
    before: float | None


@dataclass(frozen=True, slots=True)
class UpdateLayout:
    """The figure before it is drawn (millimetres)."""

    width: float
    height: float
    labels: tuple[Label, ...]
    panels: tuple[Panel, ...]
    rule: float


def update_layout(
    steps: pd.DataFrame,
    typeface: Typeface,
    *,
    width: float,
    title: str = "",
    notes: Sequence[str] = (),
) -> UpdateLayout:
    """Lay out the figure of an update.

    Parameters
    ----------
    steps : DataFrame
        One row a step, see `metadx.plots.update.plot_update`.
    typeface : Typeface
        Fonts of the figure.
    width : float
        Millimetres.
    title : str
        Above the figure.
    notes : sequence of str
        Paragraphs below it.

    Raises
    ------
    OptionError
        If the width does not hold the columns.
    """
    panel = (width - 2 * BORDER - NAME) / 2 - COUNT - VALUE - 3 * GAP
    if panel < MIN_PANEL:
        need = width + 2 * (MIN_PANEL - panel)
        raise OptionError(f"the figure of an update needs {need:.0f} mm, not {width:g} mm")
    rows = _shown(steps)
    labels: list[Label] = []
    y = BORDER
    for head in typeface.wrap(title, width - 2 * BORDER, TITLE, "bold") if title else []:
        labels.append(Label(BORDER, y + LINE / 2, head, bold=True, size=TITLE))
        y += LINE * TITLE / BODY
    y += 1.5
    lefts = [BORDER + NAME + GAP + i * (COUNT + panel + VALUE + 3 * GAP) for i in range(2)]
    for left, margin in zip(lefts, MARGINS, strict=True):
        labels.append(Label(left + COUNT, y + LINE / 2, "k", align="right", color=QUIET))
        middle = left + COUNT + GAP + panel / 2
        labels.append(Label(middle, y + LINE / 2, margin.capitalize(), "center", bold=True))
    top = y = y + LINE + 1.0
    rule = y
    marks: dict[str, list[Mark]] = {margin: [] for margin in MARGINS}
    before: dict[str, float | None] = dict.fromkeys(MARGINS)
    last: dict[str, Any] = {}
    for row in rows:
        old = row["kind"] == "study"
        if not old and last.get("kind", "study") == "study":
            rule = y + 0.8
            y += 1.6
        sign, color = ("", QUIET) if old else MARKS[row["kind"]]
        weight = "normal" if old else "bold"
        names = typeface.wrap(f"{sign} {row['label']}".strip(), NAME, BODY, weight)
        height = ROW + (len(names) - 1) * LINE
        middle = y + height / 2
        for i, name in enumerate(names):
            at = y + ROW / 2 + i * LINE
            labels.append(Label(BORDER, at, name, color=INK if old else color, bold=not old))
        for left, margin in zip(lefts, MARGINS, strict=True):
            if _same(row, last, margin):
                continue
            right = left + COUNT + panel + 2 * GAP + VALUE
            k = f"{row[f'{margin}_k']:.0f}"
            labels.append(Label(left + COUNT, middle, k, align="right", color=QUIET))
            labels.append(Label(right, middle, _number(row, margin), align="right", bold=not old))
            if pd.notna(row[f"{margin}_low"]):
                value, low, high = (100 * row[f"{margin}{end}"] for end in ("", "_low", "_high"))
                pooled = bool(row[f"{margin}_pooled"])
                marks[margin].append(Mark(middle, value, low, high, color, pooled))
                if old:
                    before[margin] = value
        last = row
        y += height
    panels = tuple(
        Panel(margin, Box(left + COUNT + GAP, top, panel, y - top), tuple(marks[margin]),
              before[margin])
        for left, margin in zip(lefts, MARGINS, strict=True)
    )  # fmt: skip
    y += AXIS
    told = paragraph(typeface, [*notes, KEY], BORDER, y + LINE / 2, width - 2 * BORDER)
    height = told[-1].y + LINE / 2 + BORDER
    return UpdateLayout(width, height, (*labels, *told), panels, rule)


def _shown(steps: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows, the oldest studies in one."""
    rows = records(steps)
    old = [row for row in rows if row["kind"] == "study"]
    if len(old) <= SHOWN:
        return rows
    hidden = len(old) - SHOWN
    first = {**old[hidden], "label": f"{hidden + 1} earlier studies"}
    return [first, *rows[hidden + 1 :]]


def _same(row: dict[str, Any], last: dict[str, Any], margin: str) -> bool:
    """Tell whether a step leaves a margin as it was: its study does not report it."""
    if not row[f"{margin}_k"] and not last.get(f"{margin}_k"):
        return True
    names = (f"{margin}_k", margin, f"{margin}_low", f"{margin}_high")
    return bool(last) and all(_equal(row[name], last[name]) for name in names)


def _equal(one: Any, other: Any) -> bool:
    return bool(one == other or (pd.isna(one) and pd.isna(other)))


def _number(row: dict[str, Any], margin: str) -> str:
    if pd.isna(row[f"{margin}_low"]):
        return "no study" if not row[f"{margin}_k"] else "no interval"
    value, low, high = (100 * row[f"{margin}{end}"] for end in ("", "_low", "_high"))
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"
