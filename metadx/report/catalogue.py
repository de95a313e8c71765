"""The page's words in English and Chinese, from one catalogue.

English stands in the templates and in the code; the catalogue gives the Chinese of each text.
Both languages are written into the page, and its style sheet shows one of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from markupsafe import Markup, escape

from metadx.tables import describe, label

LANGUAGES: Final = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages, ready for a page.

    Attributes
    ----------
    en, zh : Markup
        English and Chinese.
    """

    en: Markup
    zh: Markup

    def __html__(self) -> Markup:
        if self.en == self.zh:
            return self.en
        both = Markup('<span class="en" lang="en">{}</span><span class="zh" lang="zh">{}</span>')
        return both.format(self.en, self.zh)

    def __str__(self) -> str:
        return str(self.en)

    def map(self, change: Callable[[str], str]) -> Words:
        """Apply a change to the English text, where grammar has what Chinese has not."""
        return Words(Markup(change(str(self.en))), self.zh)


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Any]:
    """Return the catalogue: ``page`` (Chinese by English text), ``codes`` and ``script``."""
    text = files("metadx.report").joinpath("templates", "catalogue.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def say(text: str, *values: Any, **named: Any) -> Words:
    """Write a text of the catalogue in both languages.

    Parameters
    ----------
    text : str
        English, with places in braces; markup of its own is allowed.
    *values, **named
        What goes into the places; texts are escaped, `Words` give the same language.

    Raises
    ------
    KeyError
        If the catalogue lacks the text.
    """
    both = {"en": text, "zh": catalogue()["page"][text]}
    filled = {}
    for name in LANGUAGES:
        own = [_in(name, value) for value in values]
        rest = {key: _in(name, value) for key, value in named.items()}
        filled[name] = Markup(both[name]).format(*own, **rest)
    return Words(filled["en"], filled["zh"])


def _in(name: str, value: Any) -> Any:
    return getattr(value, name) if isinstance(value, Words) else value


def same(text: str) -> Words:
    """Take a text that is the same in both languages: a name, or a sentence kept in English."""
    return Words(escape(text), escape(text))


def coded(column: str, code: str) -> Words:
    """Return the label of a code of the study tables."""
    return Words(escape(label(column, code)), escape(_chinese(column, code)[0]))


def explained(column: str, code: str) -> Words:
    """Return the sentence that explains a code of the study tables."""
    return Words(escape(describe(column, code)), escape(_chinese(column, code)[1]))


def _chinese(column: str, code: str) -> Sequence[str]:
    known = catalogue()["codes"].get(column, {}).get(code)
    return known or (label(column, code), describe(column, code))


def stratum_words(stratum: str) -> Words:
    """Name a stratum: ``"CT, Hip, per patient, radiograph negative"``."""
    parts = stratum.split("/")
    if len(parts) != 4:
        return same(stratum)
    columns = ("modality", "site", "unit", "population")
    found = [coded(column, code) for column, code in zip(columns, parts, strict=True)]
    found[1] = found[1].map(str.lower)
    return joined(found, ", ", "，")


def joined(parts: Sequence[Words], english: str, chinese: str) -> Words:
    """Join texts with the sign that each language uses."""
    return Words(
        Markup(english).join(part.en for part in parts),
        Markup(chinese).join(part.zh for part in parts),
    )


def listed(parts: Sequence[Words]) -> Words:
    """Join texts as a sentence does: ``"CT, MRI and bone scan"``."""
    unique = list(dict.fromkeys(parts))
    if len(unique) < 2:
        return unique[0] if unique else same("")
    *before, last = unique
    return say("{} and {}", joined(before, ", ", "、"), last)


def name_attribute(name: str, stratum: str) -> Markup:
    """Write an attribute that names a stratum, in both languages."""
    return _attribute(name, stratum_words(stratum))


def attribute(name: str, text: str, *values: Any) -> Markup:
    """Write an attribute that a screen reader speaks, in English, with the other beside it."""
    return _attribute(name, say(text, *values))


def _attribute(name: str, found: Words) -> Markup:
    return Markup('{0}="{1}" data-en-{0}="{1}" data-zh-{0}="{2}"').format(
        name, *(Markup(part).striptags() for part in (found.en, found.zh))
    )
