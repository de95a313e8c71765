"""The formats that are known, and how a file shows which one it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from metadx.errors import OptionError
from metadx.tables.frames import COMMON_COLUMNS
from metadx.tables.importers.columns import known_name, tidy
from metadx.tables.schema import COLUMN_NAMES, did_you_mean


@dataclass(frozen=True, slots=True)
class Format:
    """A format of other programs.

    Attributes
    ----------
    name : str
        As in ``--as``.
    title : str
        As people call it.
    suffixes : tuple of str
        File name endings, the usual one first.
    exported : bool
        Whether it is written too.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    exported: bool = True


_TEXT: Final = (".csv", ".tsv", ".txt")
_BOOK: Final = (".xlsx", ".xlsm")
_R: Final = (".rda", ".rdata", ".rds")
FORMATS: Final = {
    one.name: one
    for one in (
        Format("csv", "study table with the columns of metadx", (*_TEXT,)),
        Format("mada", "mada (R)", (*_TEXT, *_R)),
        Format("metadta-app", "MetaDTA (web application)", (*_TEXT, *_BOOK)),
        Format("stata", "metandi, metadta and midas (Stata)", (".csv", ".dta", ".tsv", ".txt")),
        Format("revman", "RevMan, table of test data", _TEXT),
        Format("rm5", "RevMan 5 review file", (".rm5", ".xml"), exported=False),
        Format("excel", "Excel workbook", _BOOK),
        Format("r", "data set of R", _R),
    )
}
_OTHER_NAMES: Final = {"metandi": "stata", "metadta": "stata", "midas": "stata", "plain": "csv"}
#: Columns that nobody else has; this many make a table of metadx.
_OURS: Final = frozenset(COLUMN_NAMES) - {*COMMON_COLUMNS, "title", "doi", "pmid", "country"}
_OURS_FROM: Final = 6


def format_named(name: str) -> Format:
    """Return a format by its name; ``MetaDTA`` is the web application, ``metadta`` Stata's.

    Raises
    ------
    OptionError
        There is no such format; the message lists what there is.
    """
    if name == "MetaDTA":
        return FORMATS["metadta-app"]
    plain = _OTHER_NAMES.get(name.lower(), name.lower())
    if plain not in FORMATS:
        raise OptionError(
            f"there is no format {name!r}{did_you_mean(name, tuple(FORMATS))}; "
            f"there are {', '.join(FORMATS)}"
        )
    return FORMATS[plain]


def kind_of_file(path: Path, wanted: Format | None) -> str:
    """Return the reader of a file: ``text``, ``excel``, ``stata``, ``r`` or ``rm5``.

    Raises
    ------
    OptionError
        The ending of the file belongs to no format, or not to the one that was asked for.
    """
    suffix = path.suffix.lower()
    readers = {".dta": "stata", ".rm5": "rm5", ".xml": "rm5", ".xls": "excel"}
    readers |= dict.fromkeys(_TEXT, "text") | dict.fromkeys(_BOOK, "excel") | dict.fromkeys(_R, "r")
    if wanted and suffix not in wanted.suffixes and suffix not in _BOOK:
        raise OptionError(
            f"{path.name}: a file of {wanted.title} ends in {' or '.join(wanted.suffixes)}"
        )
    if suffix not in readers:
        raise OptionError(f"{path.name}: the ending is one of {', '.join(readers)}")
    return readers[suffix]


def format_of(names: Sequence[str], reader: str) -> str:
    """Return the format that a header shows.

    Parameters
    ----------
    names : sequence of str
        Column names as found.
    reader : str
        As `kind_of_file` says.
    """
    plain = [tidy(name) for name in names]
    if plain[:2] == ["author", "year"] and set(plain[2:6]) == {"tp", "fn", "fp", "tn"}:
        return "metadta-app"
    if reader != "text":
        return reader
    if len(_OURS & {known_name(name) for name in names}) >= _OURS_FROM and "study_id" in names:
        return "csv"
    marks = {"mada": {"names", "TP"}, "stata": {"studyid", "tp"}, "revman": {"Study", "TP", "FP"}}
    return next((name for name, mark in marks.items() if mark <= set(names)), "csv")
