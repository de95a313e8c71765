"""Where everything in the QUADAS figures stands: plain data, nothing is drawn here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import pandas as pd

from metadx.errors import OptionError
from metadx.plots.canvas import BORDER, Box, Label, paragraph
from metadx.plots.fonts import Typeface
from metadx.plots.quadas_data import NOT_JUDGED
from metadx.plots.style import BODY, INK, LINE, QUIET, TITLE
from metadx.tables.quadas import Judged
from metadx.tables.quadas_domains import (
    HIGH,
    JUDGEMENTS,
    LOW,
    QUESTION_LABELS,
    QUESTIONS,
    RISK_OF_BIAS,
    UNCLEAR,
    DomainSet,
)

#: Fill, sign and colour of the sign; told apart in grey by the sign and from light to dark.
SIGNS: Final[dict[str, tuple[str, str, str]]] = {
    LOW: ("#A6DBC4", "+", INK),
    UNCLEAR: ("#FFFFFF", "?", INK),
    HIGH: ("#A33B00", "−", "#FFFFFF"),
}
#: Radius of a light, from one row of lights to the next, room between two questions and beside
#: the names (millimetres).
RADIUS: Final = 1.75
PITCH: Final = 4.4
QUESTION_GAP: Final = 5.0
NAME_GAP: Final = 3.0
#: By how much a question may be wider than its columns (millimetres).
OVERHANG: Final = 3.0
#: The names take at most this share of the width.
NAMES: Final = 0.38
#: Narrowest and widest column of lights (millimetres).
NARROWEST: Final = 5.0
WIDEST: Final = 19.0
#: Height of a bar, from one bar to the next, room for its axis (millimetres).
BAR: Final = 4.6
BAR_PITCH: Final = 6.4
AXIS_HEIGHT: Final = 7.0


@dataclass(frozen=True, slots=True)
class Light:
    """One judgement: centre of the disc (millimetres), and what was judged."""

    x: float
    y: float
    judgement: str


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of a bar; ``judgement`` is ``"not_judged"`` for the blank rest."""

    box: Box
    judgement: str


@dataclass(frozen=True, slots=True)
class QuadasLayout:
    """A QUADAS figure before it is drawn (millimetres).

    Attributes
    ----------
    width, height : float
        The page.
    labels : tuple of Label
        Every text.
    lights : tuple of Light
        Discs of the traffic light and of the key.
    segments : tuple of Segment
        Pieces of the bars and of their key.
    rules : tuple of (float, float, float)
        Height, left and right end of each horizontal rule.
    """

    width: float
    height: float
    labels: tuple[Label, ...]
    lights: tuple[Light, ...] = ()
    segments: tuple[Segment, ...] = ()
    rules: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class _Columns:
    """Centres of the columns of lights by item, and whether their heads are numbers."""

    names: float
    centres: Mapping[tuple[str, str], float]
    width: float
    numbered: bool


def light_layouts(
    source: Judged,
    typeface: Typeface,
    *,
    width: float,
    title: str = "",
    captions: Sequence[str] = (),
    rows_per_page: int | None = None,
) -> list[QuadasLayout]:
    """Lay out the traffic light: studies by domains.

    Parameters
    ----------
    source : Judged
    typeface : Typeface
    width : float
        Millimetres.
    title : str
        Above everything.
    captions : sequence of str
        Below everything, on the last page.
    rows_per_page : int, optional
        All rows on one page by default.

    Raises
    ------
    OptionError
        If the page is too narrow for the columns.
    """
    columns = _columns(source.domains, source.table.labels, typeface, width)
    rows = list(zip(source.table.labels, source.judgements.to_numpy().tolist(), strict=True))
    step = rows_per_page or max(len(rows), 1)
    parts = [rows[i : i + step] for i in range(0, len(rows), step)] or [[]]
    pages = []
    for i, part in enumerate(parts):
        last = i == len(parts) - 1
        head = title if len(parts) == 1 else f"{title} ({i + 1} of {len(parts)})"
        told = [*_numbers_key(source.domains, columns), *captions] if last else []
        pages.append(_light_page(source.domains, part, columns, typeface, width, head, told))
    return pages


def _columns(
    domains: DomainSet, names: Sequence[str], typeface: Typeface, width: float
) -> _Columns:
    """Place the columns; where a word of a head does not fit, the heads are numbers."""
    widest = max((typeface.width(name, BODY) for name in names), default=0.0)
    named = min(widest + 1.0, NAMES * (width - 2 * BORDER))
    items = domains.items
    gaps = len({question for question, _ in items}) - 1
    free = width - 2 * BORDER - named - NAME_GAP - gaps * QUESTION_GAP
    each = min(free / len(items), WIDEST)
    if each < NARROWEST:
        need = width + (NARROWEST - each) * len(items)
        raise OptionError(f"this figure needs {need:.0f} mm, not {width:g} mm")
    words = [word for _, text in domains.domains for word in text.split()]
    numbered = any(typeface.width(word, BODY) > each - 1.0 for word in words)
    centres = {}
    x = BORDER + named + NAME_GAP
    for i, item in enumerate(items):
        x += QUESTION_GAP if i and item[0] != items[i - 1][0] else 0.0
        centres[item] = x + each / 2
        x += each
    return _Columns(named, centres, each, numbered)


def _numbers_key(domains: DomainSet, columns: _Columns) -> list[str]:
    if not columns.numbered:
        return []
    return [
        ", ".join(f"{i} {text.lower()}" for i, (_, text) in enumerate(domains.domains, 1)) + "."
    ]


def _light_page(
    domains: DomainSet,
    rows: Sequence[tuple[str, list[str]]],
    columns: _Columns,
    typeface: Typeface,
    width: float,
    title: str,
    captions: Sequence[str],
) -> QuadasLayout:
    labels, y = _title(title, typeface, width)
    lights: list[Light] = []
    rules: list[tuple[float, float, float]] = []
    heads, y = _heads(domains, columns, typeface, y, rules)
    labels += heads
    for name, judgements in rows:
        lines = typeface.wrap(name, columns.names, BODY)
        height = max(PITCH, len(lines) * LINE + 0.6)
        middle = y + height / 2
        first = middle - (len(lines) - 1) * LINE / 2
        labels += [Label(BORDER, first + i * LINE, text) for i, text in enumerate(lines)]
        for x, judgement in zip(columns.centres.values(), judgements, strict=True):
            if judgement:
                lights.append(Light(x, middle, judgement))
                labels.append(_sign(x, middle, judgement))
        y += height
    rules.append((y + 0.8, BORDER, max(columns.centres.values()) + columns.width / 2))
    y += 0.8 + LINE
    if captions:
        key, y = _key(domains, typeface, width, y)
        lights += [light for light, _ in key]
        labels += [text for light, word in key for text in (_sign(*_place(light)), word)]
        notes = paragraph(typeface, captions, BORDER, y, width - 2 * BORDER)
        labels += notes
        y = notes[-1].y
    return QuadasLayout(
        width, y + LINE / 2 + BORDER, tuple(labels), tuple(lights), rules=tuple(rules)
    )


def _place(light: Light) -> tuple[float, float, str]:
    return light.x, light.y, light.judgement


def _sign(x: float, y: float, judgement: str) -> Label:
    _, sign, color = SIGNS[judgement]
    return Label(x, y, sign, align="center", bold=True, size=TITLE, color=color)


def _title(title: str, typeface: Typeface, width: float) -> tuple[list[Label], float]:
    y = BORDER
    labels = []
    for text in typeface.wrap(title, width - 2 * BORDER, TITLE, "bold") if title else []:
        labels.append(Label(BORDER, y + LINE / 2, text, bold=True, size=TITLE))
        y += LINE * TITLE / BODY
    return labels, y + (2.0 if title else 0.0)


def _heads(
    domains: DomainSet,
    columns: _Columns,
    typeface: Typeface,
    y: float,
    rules: list[tuple[float, float, float]],
) -> tuple[list[Label], float]:
    """Write the questions and below them the domains; return where the rows begin."""
    labels: list[Label] = []
    spans = {
        question: [x for (own, _), x in columns.centres.items() if own == question]
        for question in QUESTIONS
    }
    asked = {question: span for question, span in spans.items() if span}
    texts = {
        question: typeface.wrap(
            QUESTION_LABELS[question], span[-1] - span[0] + columns.width + OVERHANG, BODY, "bold"
        )
        for question, span in asked.items()
    }
    lines = max(map(len, texts.values()))
    for question, span in asked.items():
        left, right = span[0] - columns.width / 2, span[-1] + columns.width / 2
        for i, text in enumerate(texts[question]):
            middle = y + LINE / 2 + (lines - len(texts[question]) + i) * LINE
            labels.append(Label((left + right) / 2, middle, text, align="center", bold=True))
        rules.append((y + lines * LINE + 0.8, left + 1.0, right - 1.0))
    y += lines * LINE + 1.6
    numbers = {code: str(i) for i, code in enumerate(domains.codes, 1)}
    heads = {
        item: [numbers[item[1]]]
        if columns.numbered
        else typeface.wrap(domains.label(item[1]), columns.width - 1.0, BODY)
        for item in columns.centres
    }
    lines = max(map(len, heads.values()))
    for item, words in heads.items():
        for i, text in enumerate(words):
            middle = y + LINE / 2 + (lines - len(words) + i) * LINE
            labels.append(Label(columns.centres[item], middle, text, align="center"))
    return labels, y + lines * LINE + 1.2


def _key(
    domains: DomainSet, typeface: Typeface, width: float, y: float
) -> tuple[list[tuple[Light, Label]], float]:
    """Explain the signs in one line, or in several where they do not fit."""
    found: list[tuple[Light, Label]] = []
    x = BORDER
    for judgement in JUDGEMENTS:
        text = domains.judgement_label(judgement)
        need = 2 * RADIUS + 1.0 + typeface.width(text, BODY)
        if x > BORDER and x + need > width - BORDER:
            x, y = BORDER, y + PITCH
        light = Light(x + RADIUS, y + RADIUS, judgement)
        found.append((light, Label(x + 2 * RADIUS + 1.0, light.y, text)))
        x += need + 5.0
    return found, y + PITCH + LINE / 2


def bars_layout(
    data: pd.DataFrame,
    domains: DomainSet,
    typeface: Typeface,
    *,
    width: float,
    title: str = "",
    captions: Sequence[str] = (),
) -> QuadasLayout:
    """Lay out the stacked bars: the share of each judgement, domain by domain.

    Parameters
    ----------
    data : DataFrame
        From `quadas_bars_data`.
    domains : DomainSet
    typeface : Typeface
    width : float
        Millimetres.
    title : str
        Above everything.
    captions : sequence of str
        Below everything.
    """
    labels, y = _title(title, typeface, width)
    segments: list[Segment] = []
    named = max(typeface.width(text, BODY) for _, text in domains.domains) + NAME_GAP
    left, right = BORDER + named, width - BORDER - 4.0
    for question in QUESTIONS:
        own = data[data["question"] == question]
        if own.empty:
            continue
        labels.append(Label(BORDER, y + LINE / 2, QUESTION_LABELS[question], bold=True))
        y += LINE + 1.6
        for row in own.to_dict("records"):
            box = Box(left, y, right - left, BAR)
            labels.append(Label(BORDER, y + BAR / 2, domains.label(str(row["domain"]))))
            pieces, texts = _pieces(row, box, typeface)
            segments += pieces
            labels += texts
            y += BAR_PITCH
        y += 1.2 if question == RISK_OF_BIAS else 0.0
    for percent in (0, 25, 50, 75, 100):
        x = left + percent / 100 * (right - left)
        labels.append(Label(x, y + LINE / 2, f"{percent}%", align="center", color=QUIET))
    y += AXIS_HEIGHT
    key, y = _key(domains, typeface, width, y)
    labels += [text for light, word in key for text in (_sign(*_place(light)), word)]
    notes = paragraph(typeface, captions, BORDER, y, width - 2 * BORDER)
    height = (notes[-1].y if notes else y) + LINE / 2 + BORDER
    return QuadasLayout(
        width, height, (*labels, *notes), tuple(light for light, _ in key), tuple(segments)
    )


def _pieces(
    row: Mapping[object, object], box: Box, typeface: Typeface
) -> tuple[list[Segment], list[Label]]:
    """Cut one bar, and write sign and per cent into each piece that is wide enough."""
    names = (*JUDGEMENTS, NOT_JUDGED)
    counts = [int(str(row[name])) for name in names]
    k = max(sum(counts), 1)
    ends = [box.x + box.width * sum(counts[:i]) / k for i in range(len(counts) + 1)]
    pieces: list[Segment] = []
    texts: list[Label] = []
    for name, count, (start, end) in zip(names, counts, pairwise(ends), strict=True):
        if not count:
            continue
        pieces.append(Segment(Box(start, box.y, end - start, box.height), name))
        sign, color = SIGNS[name][1:] if name in SIGNS else ("", INK)
        for text in (f"{sign} {100 * count / k:.0f}%".strip(), sign):
            if text and typeface.width(text, BODY, "bold") < end - start - 1.0:
                middle = ((start + end) / 2, box.y + box.height / 2)
                texts.append(Label(*middle, text, align="center", bold=True, color=color))
                break
    return pieces, texts
