"""A page with one chart: title, panel, key and captions, placed so that nothing collides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from metadx.plots.canvas import BORDER, Box, Label, draw_labels, page_for, paragraph
from metadx.plots.fonts import Typeface
from metadx.plots.style import BODY, INK, LINE, QUIET, TITLE

#: Ticks with the name of the vertical axis, and of the horizontal one (millimetres).
LEFT: Final = 13.0
BELOW: Final = 10.0
#: A key's handle, its distance from the words, the distance to the next key (millimetres).
HANDLE: Final = 7.0
HANDLE_GAP: Final = 1.5
KEY_GAP: Final = 5.0
KEY_ROW: Final = 3.8
#: Between title, panel, key and captions (millimetres).
GAP: Final = 2.0
#: Opacity of the interval of the mean and of the prediction for a new hospital.
DARK: Final = 0.38
LIGHT: Final = 0.15
DASH: Final = (0, (4, 2))
DOTS: Final = (0, (1, 1.6))


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a chart's key.

    Attributes
    ----------
    kind : {"solid", "dashed", "dotted", "dark", "light", "rug", or a marker as "marker:o"}
        What its handle shows; a marker with a trailing ``-`` is open.
    text : str
        The words.
    color : str
        Of the handle.
    """

    kind: str
    text: str
    color: str = INK


@dataclass(frozen=True, slots=True)
class PlacedKey:
    """A handle and where it stands: its left end and middle (millimetres)."""

    x: float
    y: float
    key: Key


@dataclass(frozen=True, slots=True)
class ChartPage:
    """A page before it is drawn.

    Attributes
    ----------
    width, height : float
        Of the page (millimetres).
    panel : Box
        Where the data stand.
    labels : tuple of Label
        All words outside the panel, its axis names apart.
    keys : tuple of PlacedKey
        Handles of the key.
    """

    width: float
    height: float
    panel: Box
    labels: tuple[Label, ...]
    keys: tuple[PlacedKey, ...]


def chart_page(
    typeface: Typeface,
    *,
    width: float,
    panel_height: float,
    title: str = "",
    above: Sequence[Label] = (),
    above_height: float = 0.0,
    keys: Sequence[Key] = (),
    captions: Sequence[str] = (),
    left: float = LEFT,
    below: float = BELOW,
    right: float = 2.0 * BORDER,
) -> ChartPage:
    """Stack title, panel, key and captions.

    Parameters
    ----------
    typeface : Typeface
        Fonts of the figure.
    width : float
        Of the page (millimetres).
    panel_height : float
        Millimetres.
    title : str
        Empty for none.
    above : sequence of Label
        Between title and panel; their `y` counts from the top of that room.
    above_height : float
        Height of that room (millimetres).
    keys : sequence of Key
        Entries, in rows as wide as the page.
    captions : sequence of str
        Paragraphs below.
    left, below, right : float
        Room around the panel (millimetres).
    """
    labels = title_lines(typeface, title, width)
    y = BORDER + len(labels) * LINE * TITLE / BODY + (GAP if labels else 1.0)
    labels += [replace(label, y=label.y + y) for label in above]
    panel = Box(left, y + above_height, width - left - right, panel_height)
    y = panel.y + panel.height + below
    placed, words, y = place_keys(typeface, keys, BORDER, y, width - 2.0 * BORDER)
    labels += words
    lines = paragraph(typeface, captions, BORDER, y + 0.5 * LINE, width - 2.0 * BORDER)
    height = y + len(lines) * LINE + BORDER
    return ChartPage(width, height, panel, (*labels, *lines), tuple(placed))


def title_lines(typeface: Typeface, title: str, width: float) -> list[Label]:
    """Lay out a title at the top of a page."""
    lines = typeface.wrap(title, width - 2.0 * BORDER, TITLE, "bold") if title else []
    step = LINE * TITLE / BODY
    return [
        Label(BORDER, BORDER + (i + 0.5) * step, line, bold=True, size=TITLE)
        for i, line in enumerate(lines)
    ]


def place_keys(
    typeface: Typeface, keys: Sequence[Key], x: float, y: float, width: float
) -> tuple[list[PlacedKey], list[Label], float]:
    """Place entries of a key in rows.

    Parameters
    ----------
    typeface : Typeface
        Fonts of the figure.
    keys : sequence of Key
        Entries; words wider than a row go on below.
    x, y : float
        Top left corner (millimetres).
    width : float
        Of a row (millimetres).

    Returns
    -------
    placed : list of PlacedKey
        Handles.
    labels : list of Label
        Words.
    y : float
        Below the last row, with a gap (millimetres).
    """
    placed, labels = [], []
    at, row = x, 0
    for key in keys:
        lines = typeface.wrap(key.text, width - HANDLE - HANDLE_GAP, BODY)
        wide = HANDLE + HANDLE_GAP + max(typeface.width(line, BODY) for line in lines)
        if at > x and at + wide > x + width:
            at, row = x, row + 1
        middle = y + (row + 0.5) * KEY_ROW
        placed.append(PlacedKey(at, middle, key))
        for i, line in enumerate(lines):
            labels.append(Label(at + HANDLE + HANDLE_GAP, middle + i * KEY_ROW, line))
        row += len(lines) - 1
        at = x + width if len(lines) > 1 else at + wide + KEY_GAP
    return placed, labels, y + ((row + 1) * KEY_ROW + 0.5 * GAP if placed else 0.0)


def draw_chart(layout: ChartPage, ax: Axes | None, typeface: Typeface) -> tuple[Axes, Axes]:
    """Draw everything but the data.

    Parameters
    ----------
    layout : ChartPage
        From `chart_page`.
    ax : Axes or None
        What becomes the page; a new figure without.
    typeface : Typeface
        Fonts of the figure.

    Returns
    -------
    page : Axes
        In millimetres from the top left corner.
    panel : Axes
        For the data.
    """
    page = page_for(ax, layout.width, layout.height)
    draw_labels(page, layout.labels, typeface)
    draw_keys(page, layout.keys)
    width, height, box = page.get_xlim()[1], page.get_ylim()[0], layout.panel
    panel = page.inset_axes(
        (box.x / width, 1.0 - (box.y + box.height) / height, box.width / width,
         box.height / height)
    )  # fmt: skip
    panel.patch.set_visible(False)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    return page, panel


def draw_keys(page: Axes, keys: Sequence[PlacedKey]) -> None:
    """Draw the handles of a key on a page."""
    lines = {"solid": "-", "dashed": DASH, "dotted": DOTS}
    for one in keys:
        kind, color = one.key.kind, one.key.color
        if kind in lines:
            ends = ([one.x, one.x + HANDLE], [one.y, one.y])
            page.add_line(Line2D(*ends, color=color, lw=1.2, ls=lines[kind], gid="key"))
        elif kind in ("dark", "light"):
            page.add_patch(
                Rectangle((one.x, one.y - 1.1), HANDLE, 2.2, facecolor=color, lw=0, gid="key",
                          alpha=DARK if kind == "dark" else LIGHT)
            )  # fmt: skip
        elif kind == "rug":
            for i in range(4):
                x = one.x + (i + 0.5) * HANDLE / 4
                page.add_line(Line2D([x, x], [one.y - 1.0, one.y + 1.0], color=color, lw=0.8))
        else:
            marker = kind.removeprefix("marker:")
            fill = "white" if marker.endswith("-") else color
            page.add_line(
                Line2D([one.x + 0.5 * HANDLE], [one.y], ls="none", marker=marker[0], ms=4.5,
                       color=color, mfc=fill, gid="key")
            )  # fmt: skip


def spread(centres: Sequence[float], size: float, low: float, high: float) -> list[float]:
    """Move points of a line apart until they are `size` from each other, as little as needed.

    Parameters
    ----------
    centres : sequence of float
        Where they would like to stand.
    size : float
        Least distance.
    low, high : float
        Ends of the line; with too many points for it the high end gives way.

    Returns
    -------
    list of float
        In the order of `centres`.
    """
    order = sorted(range(len(centres)), key=lambda i: centres[i])
    groups: list[tuple[float, list[int]]] = []
    for i in order:
        groups.append((min(max(centres[i], low), high), [i]))
        while len(groups) > 1:
            (one, first), (two, second) = groups[-2:]
            reach = 0.5 * size * (len(first) + len(second))
            if two - one >= reach:
                break
            members = [*first, *second]
            offset = [(j - 0.5 * (len(members) - 1)) * size for j in range(len(members))]
            wish = [min(max(centres[m], low), high) for m in members]
            middle = sum(w - o for w, o in zip(wish, offset, strict=True)) / len(members)
            half = 0.5 * size * (len(members) - 1)
            middle = max(min(middle, high - half), low + half)
            groups[-2:] = [(middle, members)]
    result = [0.0] * len(centres)
    for middle, members in groups:
        for j, member in enumerate(members):
            result[member] = middle + (j - 0.5 * (len(members) - 1)) * size
    return result


def quiet(text: str, x: float, y: float, align: str = "left") -> Label:
    """A line of small print."""
    return Label(x, y, text, align=align, color=QUIET)
