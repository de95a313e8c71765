"""What a cell may look like: one kind a type of column, used by every column of that type."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

#: Nobody counted more than this in one study; beyond it a column has slipped (a PMID, a date).
MAX_COUNT: Final = 10**9

#: The first diagnostic accuracy studies with a 2x2 table are of the 1950s.
MIN_YEAR: Final = 1950

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
#: Digits and signs as a Chinese input method types them, and the typographic minus.
_FULL_WIDTH = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x2212: 0x2D}


def plain_number(text: str, decimal_comma: bool = False) -> str:
    """Write a number with ASCII digits and a decimal point, whatever keyboard typed it.

    Parameters
    ----------
    text : str
        The cell.
    decimal_comma : bool
        Whether the file separates cells by something else than commas, so that
        ``88,6`` is a number.

    Returns
    -------
    str
        The cell unchanged where it is not a number after that.
    """
    plain = text.translate(_FULL_WIDTH).strip()
    if decimal_comma and _DECIMAL_COMMA.fullmatch(plain):
        plain = plain.replace(",", ".")
    return plain


def number(text: str) -> Decimal | None:
    """Read a plain number; None for anything else, including infinities."""
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def whole(text: str) -> int | None:
    """Read a whole number of any size that a table can hold; None for anything else."""
    value = number(text)
    if value is None or abs(value) > MAX_COUNT or value != value.to_integral_value():
        return None
    return int(value)


def max_year() -> int:
    """Return the last year a publication may carry: next year, for papers ahead of print."""
    return date.today().year + 1


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of cell.

    Attributes
    ----------
    name : str
        Also the name of the rule that a wrong cell breaks.
    expected : str
        What an error message asks for.
    accepts : callable
        Tells whether a non-empty cell (after `plain_number` for numbers) is right.
    numeric : bool
        Whether the cell is a number.
    """

    name: str
    expected: str
    accepts: Callable[[str], bool]
    numeric: bool = False


def _between(low: float, high: float) -> Callable[[str], bool]:
    def accepts(text: str) -> bool:
        value = number(text)
        return value is not None and low <= value <= high

    return accepts


def _is_count(text: str) -> bool:
    value = whole(text)
    return value is not None and value >= 0


def _is_year(text: str) -> bool:
    value = whole(text)
    return value is not None and MIN_YEAR <= value <= max_year()


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda text: compiled.fullmatch(text) is not None


TEXT: Final = Kind("text", "text", lambda _: True)
CODE: Final = Kind("code", "one of the allowed codes", lambda _: True)
COUNT: Final = Kind("count", "a whole number from 0 up", _is_count, numeric=True)
YEAR: Final = Kind(
    "year", f"a year of four digits from {MIN_YEAR} to next year", _is_year, numeric=True
)
PERCENT: Final = Kind(
    "percent", "a number from 0 to 100, without %", _between(0, 100), numeric=True
)
AGE: Final = Kind("age", "a number of years from 0 to 120", _between(0, 120), numeric=True)
IDENTIFIER: Final = Kind(
    "identifier",
    "ASCII letters, digits, '_', '-' or '.', no spaces",
    _matches(r"[A-Za-z0-9][A-Za-z0-9_.-]*"),
)
DOI: Final = Kind(
    "doi", "a bare DOI in lower case that begins with 10.", _matches(r"10\.\d{4,9}/[^\sA-Z]+")
)
PMID: Final = Kind("pmid", "a PubMed number of 1 to 8 digits", _matches(r"[1-9]\d{0,7}"))
URL: Final = Kind(
    "url", "an address that begins with http:// or https://", _matches(r"https?://[^\s/]+\.\S+")
)
