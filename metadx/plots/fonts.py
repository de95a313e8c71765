"""Which fonts write a figure's texts, how wide the texts are, and where they break."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from matplotlib import font_manager
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from metadx.errors import MetadxWarning

#: Shipped with matplotlib, so it is always there; Latin, Greek, Cyrillic, Arabic, Hebrew.
PRIMARY_FAMILY: Final = "DejaVu Sans"
#: Asked in this order for characters that the primary font lacks.
FALLBACK_FAMILIES: Final = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Noto Sans CJK JP",
    "Noto Sans CJK TC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti TC",
    "Droid Sans Fallback",
    "Noto Sans",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "FreeSans",
    "Arial Unicode MS",
)
#: Printed for a character that no installed font has.
SUBSTITUTE: Final = "□"
MM_PER_POINT: Final = 25.4 / 72.0

_CJK = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
#: A Chinese character or a hyphen may end a line; else only a space may.
_TOKEN = re.compile(rf"[{_CJK}]|[^\s{_CJK}-]*-+|[^\s{_CJK}-]+")


class MissingFontWarning(MetadxWarning):
    """No installed font has some characters of a figure; the message names a package."""


@cache
def _coverage(family: str, weight: str = "normal") -> frozenset[int]:
    """Code points that an installed family has; empty where it is not installed."""
    if not any(entry.name == family for entry in font_manager.fontManager.ttflist):
        return frozenset()
    return frozenset(font_manager.get_font(_path(family, weight)).get_charmap())


def _path(family: str, weight: str) -> str:
    return font_manager.findfont(FontProperties(family=family, weight=weight))


@cache
def has_cff_outlines(family: str) -> bool:
    """Tell whether a family is a PostScript-flavoured OpenType font."""
    from fontTools.ttLib import TTFont

    path = _path(family, "normal")
    with TTFont(str(path), fontNumber=getattr(path, "face_index", 0), lazy=True) as font:
        return "CFF " in font or "CFF2" in font


@lru_cache(maxsize=20_000)
def _width_per_point(text: str, weight: str, families: tuple[str, ...]) -> float:
    properties = FontProperties(family=list(families), weight=weight, size=100)
    return float(text_to_path.get_text_width_height_descent(text, properties, False)[0]) / 100.0


@dataclass(frozen=True, slots=True)
class Typeface:
    """The fonts of one figure.

    Attributes
    ----------
    families : tuple of str
        Font families in the order in which a character is looked up.
    missing : frozenset of str
        Characters that none of them has.
    """

    families: tuple[str, ...] = (PRIMARY_FAMILY,)
    missing: frozenset[str] = frozenset()

    @classmethod
    def covering(cls, texts: Iterable[str]) -> Typeface:
        """Choose the installed fonts that these texts need.

        Parameters
        ----------
        texts : iterable of str
            Every text of the figure that the user may have written.

        Warns
        -----
        MissingFontWarning
            Once a figure, if no installed font has some of the characters.
        """
        needed = {ord(char) for text in texts for char in _tidy(text)}
        needed -= _coverage(PRIMARY_FAMILY)
        families = [PRIMARY_FAMILY]
        for family in FALLBACK_FAMILIES if needed else ():
            found = needed & _coverage(family)
            if found:
                families.append(family)
                needed -= found
            if not needed:
                break
        missing = frozenset(map(chr, needed))
        if missing:
            warnings.warn(_missing_message(missing), MissingFontWarning, stacklevel=3)
        return cls(tuple(families), missing)

    def clean(self, text: str) -> str:
        """Return a text as it prints: one line, a box for a character without a font."""
        return "".join(SUBSTITUTE if char in self.missing else char for char in _tidy(text))

    def width(self, text: str, size: float, weight: str = "normal") -> float:
        """Width of a line.

        Parameters
        ----------
        text : str
            One line.
        size : float
            Font size (points).
        weight : {"normal", "bold"}
            Font weight.

        Returns
        -------
        float
            Millimetres.
        """
        if not text:
            return 0.0
        return _width_per_point(self.clean(text), weight, self.families) * size * MM_PER_POINT

    def wrap(self, text: str, width: float, size: float, weight: str = "normal") -> list[str]:
        """Break a text into lines that fit.

        Parameters
        ----------
        text : str
            Words are kept whole where they fit; Chinese text breaks anywhere.
        width : float
            Widest line (millimetres).
        size, weight
            As for `width`.

        Returns
        -------
        list of str
            At least one line; empty text is one empty line.
        """
        lines = [""]
        clean = self.clean(text)
        for match in _TOKEN.finditer(clean):
            space = " " if match.start() and clean[match.start() - 1] == " " else ""
            joined = lines[-1] + (space if lines[-1] else "") + match.group()
            if self.width(joined, size, weight) <= width:
                lines[-1] = joined
                continue
            parts = self._break_word(match.group(), width, size, weight)
            lines = [*lines, *parts] if lines[-1] else parts
        return lines

    def _break_word(self, word: str, width: float, size: float, weight: str) -> list[str]:
        parts = [""]
        for char in word:
            if parts[-1] and self.width(parts[-1] + char, size, weight) > width:
                parts.append("")
            parts[-1] += char
        return parts


def _tidy(text: str) -> str:
    """One line without control and format characters, which print as boxes."""
    line = " ".join(text.split())
    return "".join(char for char in line if unicodedata.category(char) not in ("Cc", "Cf"))


def _missing_message(missing: frozenset[str]) -> str:
    chinese = any(re.match(f"[{_CJK}]", char) for char in missing)
    package = (
        "fonts-noto-cjk (Debian, Ubuntu), google-noto-sans-cjk-fonts (Fedora) or "
        "font-noto-sans-cjk-sc (Homebrew)"
        if chinese
        else "fonts-noto-core (Debian, Ubuntu) or google-noto-sans-fonts (Fedora)"
    )
    shown = "".join(sorted(missing)[:20])
    return (
        f"no installed font has the characters {shown}; they print as {SUBSTITUTE}. Install the "
        f"package {package} and delete matplotlib's font list, the file fontlist-*.json in the "
        "folder that matplotlib.get_cachedir() names"
    )
