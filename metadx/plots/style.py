"""The look of every figure: sizes, fonts, and one colour and marker per test."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.colors import to_hex, to_rgb
from matplotlib.style import context as style_context

from metadx.errors import OptionError
from metadx.plots.fonts import Typeface

STYLE_FILE: Final = Path(__file__).with_name("metadx.mplstyle")

#: Width of a page's text in a journal of two columns (millimetres).
PAGE_WIDTH: Final = 170.0


@dataclass(frozen=True, slots=True)
class Size:
    """For what a figure is made.

    Attributes
    ----------
    width : float
        Width at which it is laid out, with text of 7 points (millimetres).
    factor : float
        By how much the whole is enlarged then.
    height : float
        What it should not exceed where it can be avoided, before it is enlarged (millimetres).
    """

    width: float
    factor: float
    height: float


#: A column and a page of a journal, and a slide of 13.33 by 7.5 inches with text of 14 points.
SIZES: Final[dict[str, Size]] = {
    "one-column": Size(85.0, 1.0, 230.0),
    "two-column": Size(PAGE_WIDTH, 1.0, 230.0),
    "slide": Size(13.333 * 25.4 / 2.0, 2.0, 7.5 * 25.4 / 2.0),
}
#: Font sizes (points); nothing is smaller than BODY.
BODY: Final = 7.0
TITLE: Final = 8.5
#: From one line of body text to the next (millimetres).
LINE: Final = 3.1

#: Least contrast of a text with its ground (https://www.w3.org/TR/WCAG22/#contrast-minimum).
READABLE: Final = 4.5
INK: Final = "#111111"
QUIET: Final = "#595959"
RULE: Final = "#BBBBBB"

#: Okabe & Ito's palette (https://jfly.uni-koeln.de/color/) without its yellow, which is too
#: pale for lines on white.
BLUE: Final = "#0072B2"
VERMILLION: Final = "#D55E00"
GREEN: Final = "#009E73"
PURPLE: Final = "#CC79A7"
ORANGE: Final = "#E69F00"
SKY: Final = "#56B4E9"
BLACK: Final = "#000000"
PALETTE: Final = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS: Final = ("o", "s", "D", "^", "v", "P", "X", "p", "h", ">", "<")


@dataclass(frozen=True, slots=True)
class Look:
    """How one test looks in every figure.

    Attributes
    ----------
    color : str
        Hexadecimal RGB.
    marker : str
        Matplotlib's marker code; the second cue for readers who do not see the colour.
    """

    color: str
    marker: str


#: Fixed, so that a test keeps its colour and marker whatever else a figure shows.
LOOKS: Final[dict[str, Look]] = {
    "xray": Look(BLACK, "o"),
    "ct": Look(BLUE, "s"),
    "dect": Look(SKY, "P"),
    "mri": Look(VERMILLION, "D"),
    "bone_scan": Look(GREEN, "^"),
    "spect_ct": Look(PURPLE, "v"),
    "ultrasound": Look(ORANGE, "X"),
    "dxa_vfa": Look(GREEN, "p"),
    "ai_xray": Look(BLACK, "<"),
    "ai_ct": Look(BLUE, ">"),
    "ai_assisted": Look(ORANGE, "h"),
    "qus": Look(ORANGE, "o"),
    "qct": Look(BLUE, "D"),
    "ct_hu": Look(SKY, "s"),
    "tbs": Look(PURPLE, "^"),
    "frax": Look(VERMILLION, "v"),
    "dxa_bmd": Look(GREEN, "o"),
}
#: A single test that has no code of ours.
PLAIN_LOOK: Final = Look(BLUE, "o")


def looks_of(tests: Sequence[str]) -> list[Look]:
    """Return colour and marker of each test of a figure.

    Parameters
    ----------
    tests : sequence of str
        Modality codes in any case, or other names. A code has its fixed style. A name has a
        colour that follows from the name alone, moved on only where the figure has it.

    Returns
    -------
    list of Look
        No two alike, as long as the palette lasts.
    """
    codes = [test.strip().lower().replace(" ", "_").replace("-", "_") for test in tests]
    known = [LOOKS[code] for code in codes if code in LOOKS]
    taken: list[Look] = []
    for position, (test, code) in enumerate(zip(tests, codes, strict=True)):
        fixed = LOOKS.get(code)
        if fixed is not None and fixed not in taken:
            taken.append(fixed)
        elif len(tests) == 1:
            taken.append(PLAIN_LOOK)
        else:
            taken.append(_free_look(test, [*taken, *known], position))
    return taken


def _free_look(name: str, taken: Sequence[Look], position: int) -> Look:
    start = zlib.crc32(name.encode())
    used = {style.color for style in taken}
    colors = [PALETTE[(start + i) % len(PALETTE)] for i in range(len(PALETTE))]
    color = next((color for color in colors if color not in used), colors[0])
    used_markers = {style.marker for style in taken}
    markers = [MARKERS[(start + i) % len(MARKERS)] for i in range(len(MARKERS))]
    free = [marker for marker in markers if marker not in used_markers]
    return Look(color, free[0] if free else markers[position % len(markers)])


def for_text(color: str) -> str:
    """Return a colour dark enough for small text on white: 4.5 to 1, as WCAG 2.2 asks.

    Parameters
    ----------
    color : str
        Any colour of matplotlib; a hue that is dark enough stays as it is.
    """
    red, green, blue = to_rgb(color)
    while 1.05 / (_luminance(red, green, blue) + 0.05) < READABLE:
        red, green, blue = 0.97 * red, 0.97 * green, 0.97 * blue
    return to_hex((red, green, blue))


def _luminance(*rgb: float) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def size_named(name: str) -> Size:
    """Return a size.

    Raises
    ------
    OptionError
        If there is none of this name.
    """
    if name not in SIZES:
        raise OptionError(f"size is {name!r}; it is one of {', '.join(SIZES)}")
    return SIZES[name]


@lru_cache(maxsize=1)
def _parameters() -> dict[str, Any]:
    found = mpl.rc_params_from_file(STYLE_FILE, fail_on_error=True, use_default_template=False)
    return {str(name): value for name, value in found.items()}


@contextmanager
def figure_style(typeface: Typeface | None = None) -> Iterator[None]:
    """Draw or save in metadx's style, whatever the user's own settings are.

    Parameters
    ----------
    typeface : Typeface, optional
        Fonts of the figure.
    """
    families = list((typeface or Typeface()).families)
    with style_context(["default", {**_parameters(), "font.family": families}]):
        yield
