"""Figures inside the page: small SVG images that cannot run or load anything."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from markupsafe import Markup

_DROPPED: Final = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->|<\?xml.*?\?>", re.S)
_TAG: Final = re.compile(r"<[^<>]*>")
_BETWEEN_TAGS: Final = re.compile(r">\s+<")
_ID: Final = re.compile(r' id="([^"]*)"')
_USED: Final = re.compile(r"#([^\")']+)")
_FONT: Final = re.compile(r"font-family: ([^;\"]*)")
#: What stands in where the reader lacks the font: Verdana has the widths of DejaVu Sans.
_OTHER_FONTS: Final = ", Verdana, sans-serif"
#: A page is read at 100 dots an inch: hundredths of a point are not seen.
_DIGITS: Final = re.compile(r"(\.\d\d)\d+")
#: Characters that may stand in a quoted attribute as they are; the rest is escaped.
_SAFE: Final = " !$'()*+,-./:;=?@[]^_`{|}~"


def small_svg(svg: str) -> str:
    """Take out of an SVG what nobody sees: metadata, comments, blanks, unused names, digits.

    Parameters
    ----------
    svg : str
        From `metadx.plots.inline_svg`.
    """
    text = _BETWEEN_TAGS.sub("><", _DROPPED.sub("", svg)).strip()
    used = set(_USED.findall(text))

    def smaller(tag: re.Match[str]) -> str:
        named = _ID.sub(lambda name: name.group() if name.group(1) in used else "", tag.group())
        named = _FONT.sub(lambda font: font.group().replace("'", "") + _OTHER_FONTS, named)
        named = " ".join(_DIGITS.sub(r"\1", named).split())
        # A double quote would take three characters in an address.
        return named.replace("'", "&#39;").replace('"', "'")

    return _TAG.sub(smaller, text)


def data_uri(svg: str) -> Markup:
    """Write an SVG as the address of an image; as an image it can neither run nor load anything.

    Parameters
    ----------
    svg : str
        An SVG element.

    Returns
    -------
    Markup
        Ready for an attribute in double quotes: those, angle brackets and ampersands are escaped.
    """
    text = "data:image/svg+xml," + quote(svg, safe=_SAFE)
    return Markup(text)
