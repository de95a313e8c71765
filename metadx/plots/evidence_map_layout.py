"""Where everything in an evidence map stands: plain data, nothing is drawn here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from metadx.errors import OptionError
from metadx.plots.canvas import BORDER, Box, Label, paragraph
from metadx.plots.fonts import Typeface
from metadx.plots.studies import MARGINS, records
from metadx.plots.style import BODY, INK, LINE, QUIET, TITLE
from metadx.tables import codes, label

#: Column of the tests' names, row of a block's head (millimetres).
NAMES: Final = 22.0
HEAD: Final = 5.0
#: Room between a cell's edge and its text, between value and interval, between two blocks
#: (millimetres).
PAD: Final = 0.5
VALUE_GAP: Final = 0.5
BLOCK_GAP: Final = 4.0
#: A block of few sites has cells as narrow as one of this number, if they fit.
NARROWEST: Final = 6
#: A cell has four lines: studies, people, sensitivity, specificity.
CELL_HEIGHT: Final = 4 * LINE + 1.6

#: From this number of studies on, a cell has this shade; pale enough for grey text.
SHADES: Final = ((10, "#B9D6EC"), (4, "#D0E3F2"), (2, "#E4EFF8"), (1, "#F4F8FB"))
EMPTY: Final = "#FFFFFF"
#: The letter of a population in a cell; sensitivity means something else in each.
LETTERS: Final = {
    "all_suspected": "A",
    "radiograph_negative": "N",
    "confirmed_fracture": "C",
    "fresh_or_old": "F",
    "osteoporosis_screening": "S",
    "fracture_discrimination": "D",
}
#: What is counted, as short as a cell needs it.
UNIT_WORDS: Final = {
    "patient": "n = {n:,}",
    "fracture": "{n:,} fract.",
    "vertebra": "{n:,} vert.",
    "rib": "{n:,} ribs",
    "image": "{n:,} images",
    "bone": "{n:,} bones",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A rectangle of the grid with its fill."""

    box: Box
    color: str


@dataclass(frozen=True, slots=True)
class MapLayout:
    """An evidence map before it is drawn: texts and rectangles (millimetres)."""

    width: float
    height: float
    labels: tuple[Label, ...]
    cells: tuple[Cell, ...]


def evidence_map_layout(
    data: pd.DataFrame,
    typeface: Typeface,
    *,
    width: float,
    title: str = "",
    captions: Sequence[str] = (),
) -> MapLayout:
    """Lay out an evidence map.

    Parameters
    ----------
    data : DataFrame
        From `evidence_map_data`.
    typeface : Typeface
        Fonts of the figure.
    width : float
        Millimetres.
    title : str
        Above the map.
    captions : sequence of str
        Below the map.

    Raises
    ------
    OptionError
        If not even one column fits.
    """
    labels: list[Label] = []
    cells: list[Cell] = []
    y = BORDER
    for head in typeface.wrap(title, width - 2 * BORDER, TITLE, "bold") if title else []:
        labels.append(Label(BORDER, y + LINE / 2, head, bold=True, size=TITLE))
        y += LINE * TITLE / BODY
    y += 2.0 if title else 0.0
    for block, rows in data.groupby("block", sort=False):
        sites = _in_order(rows["site"], codes.SITE)
        columns = _columns(rows, typeface, width)
        for start in range(0, len(sites), columns):
            shown = sites[start : start + columns]
            room = (width - NAMES - 2 * BORDER) / max(len(shown), min(columns, NARROWEST))
            y = _block(str(block), rows, shown, typeface, room, y, labels, cells)
            y += BLOCK_GAP
    y += LINE / 2 - BLOCK_GAP / 2
    notes = paragraph(typeface, captions, BORDER, y, width - 2 * BORDER)
    height = (notes[-1].y if notes else y) + LINE / 2 + BORDER
    return MapLayout(width, height, (*labels, *notes), tuple(cells))


def _columns(rows: pd.DataFrame, typeface: Typeface, width: float) -> int:
    """How many columns of a block fit side by side."""
    need = max(_cell_width(row, typeface) for row in records(rows))
    columns = int((width - NAMES - 2 * BORDER) // need)
    if columns < 1:
        need += NAMES + 2 * BORDER
        raise OptionError(f"an evidence map needs {need:.0f} mm, not {width:g} mm")
    return columns


def _block(
    block: str,
    rows: pd.DataFrame,
    sites: Sequence[str],
    typeface: Typeface,
    cell_width: float,
    y: float,
    labels: list[Label],
    cells: list[Cell],
) -> float:
    """Lay out the grid of one question for some sites; return where it ends."""
    left = BORDER + NAMES
    heads = [typeface.wrap(label("site", site), cell_width - PAD, BODY, "bold") for site in sites]
    lines = max(map(len, heads))
    labels.append(Label(BORDER, y + HEAD / 2 + (lines - 1) * LINE, block, bold=True, size=TITLE))
    for i, head in enumerate(heads):
        for j, text in enumerate(head):
            middle = y + HEAD / 2 + (lines - len(head) + j) * LINE
            x = left + (i + 0.5) * cell_width
            labels.append(Label(x, middle, text, align="center", bold=True))
    y += HEAD + (lines - 1) * LINE
    found = {(row["modality"], row["site"]): row for row in records(rows)}
    for test in _in_order(rows["modality"], codes.MODALITY):
        names = typeface.wrap(label("modality", test), NAMES - PAD, BODY, "bold")[:2]
        top = y + 0.8 + LINE / 2
        labels += [Label(BORDER, top + i * LINE, text, bold=True) for i, text in enumerate(names)]
        for i, text in enumerate(("Sens. %", "Spec. %")):
            x = left - 2 * PAD
            labels.append(Label(x, top + (2 + i) * LINE, text, align="right", color=QUIET))
        for i, site in enumerate(sites):
            box = Box(left + i * cell_width, y, cell_width, CELL_HEIGHT)
            row = found.get((test, site))
            cells.append(Cell(box, _shade(row["k"]) if row else EMPTY))
            labels += _cell_labels(row, box, top, typeface) if row else []
        y += CELL_HEIGHT
    return y


def _cell_width(row: dict[str, Any], typeface: Typeface) -> float:
    """Width of a cell that holds its texts (millimetres)."""
    texts = _cell_labels(row, Box(0.0, 0.0, 0.0, 0.0), 0.0, typeface)
    ends = [
        one.x + typeface.width(one.text, BODY, "bold" if one.bold else "normal")
        for one in texts
        if one.align == "left"
    ]
    return max(ends) + PAD


def _cell_labels(row: dict[str, Any], box: Box, top: float, typeface: Typeface) -> list[Label]:
    left, right = box.x + PAD, box.x + box.width - PAD
    k = f"{row['k']:.0f}"
    labels = [Label(left, top, k, bold=True)]
    partial = int(row["k"] - row["k_complete"])
    if partial:
        x = left + typeface.width(k, BODY, "bold") + 1.0
        labels.append(Label(x, top, f"{row['k_complete']:.0f}+{partial}", color=QUIET))
    letter = LETTERS.get(row["population"], "")
    labels.append(Label(right, top, letter, align="right", bold=True, color=QUIET))
    n = int(row["n_diseased"] + row["n_nondiseased"])
    unit = UNIT_WORDS.get(row["unit"], UNIT_WORDS["patient"]).format(n=n)
    labels.append(Label(left, top + LINE, unit, color=QUIET))
    for i, margin in enumerate(MARGINS):
        labels += _value_labels(row, margin, left, top + (2 + i) * LINE, typeface)
    return [one for one in labels if one.text]


def _value_labels(
    row: dict[str, Any], margin: str, left: float, y: float, typeface: Typeface
) -> list[Label]:
    """A value with its interval; grey where it is not pooled with random effects."""
    value, low, high = (row[f"{margin}{end}"] for end in ("", "_low", "_high"))
    if pd.isna(value):
        k = row.get(f"{margin}_k")
        return [Label(left, y, "–" if k == 0 else "not pooled", color=QUIET)]
    path = row.get(f"{margin}_path", "bivariate")
    sure = path in ("bivariate", "univariate")
    x = left + typeface.width("100", BODY, "bold")
    return [
        Label(x, y, f"{100 * value:.0f}", align="right", bold=sure, color=INK if sure else QUIET),
        Label(x + VALUE_GAP, y, f"{100 * low:.0f}–{100 * high:.0f}", color=INK if sure else QUIET),
    ]


def _shade(k: float) -> str:
    return next(color for least, color in SHADES if k >= least)


def _in_order(values: pd.Series, known: Sequence[codes.Code]) -> list[str]:
    """Distinct values in the order of the codebook, others behind them."""
    present = [str(value) for value in values.unique()]
    order = [code.code for code in known]
    return sorted(present, key=lambda v: (order.index(v) if v in order else len(order), v))


def evidence_map_captions(data: pd.DataFrame) -> list[str]:
    """Return the key below an evidence map."""
    letters = [
        f"{LETTERS[population]} {label('population', population)}"
        for population in LETTERS
        if population in set(data["population"])
    ]
    found = [
        "A cell shows the stratum with the most studies: number of studies (complete + those with "
        "one margin only), what was counted, and sensitivity and specificity in per cent with "
        "their intervals. Darker: 1, 2 to 3, 4 to 9, 10 or more studies. An empty cell is a gap "
        "in the literature.",
        'Grey numbers are one study\'s own, or summed counts (fixed effect). "Not pooled": the '
        "studies do not bound how much they differ. –: not reported.",
    ]
    if letters:
        found.append(f"Population, without which no two cells compare: {', '.join(letters)}.")
    return found
