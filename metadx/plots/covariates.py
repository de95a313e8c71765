"""A covariate as colour: of each study, and the entries of the legend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.colors import to_hex

from metadx.errors import OptionError
from metadx.plots.style import Look, looks_of
from metadx.tables import StudyTable

#: A number with more different values than this is a scale, not a set of groups.
MOST_GROUPS: Final = 5
#: Readable with every kind of colour vision and in grey; its palest end is left out.
COLORMAP: Final = "viridis"
PALEST: Final = 0.9
#: A study without a value: white with a grey edge.
MISSING: Final = Look("#FFFFFF", "o")
NOT_STATED: Final = "not stated"


@dataclass(frozen=True, slots=True)
class CovariateScale:
    """Colours of a covariate.

    Attributes
    ----------
    name : str
        Of the column.
    rows : tuple of Look
        Colour and marker of each study, in the order of the values.
    entries : tuple of (str, Look)
        For the legend: groups, or lowest, middle and highest number; then what is missing.
    """

    name: str
    rows: tuple[Look, ...]
    entries: tuple[tuple[str, Look], ...]


def covariate_of(table: StudyTable, column: str) -> pd.Series:
    """Return the values of a column of a study table, missing where they are.

    Raises
    ------
    OptionError
        If the table has no such column.
    """
    if column not in table.columns:
        raise OptionError(
            f"{table.name} has no column {column!r}; its columns are {', '.join(table.columns)}"
        )
    values = table.frame[column]
    text = values.astype("string").str.strip()
    return values.mask(text.isna() | text.eq(""))


def covariate_scale(values: pd.Series, name: str) -> CovariateScale:
    """Give each value a colour.

    Parameters
    ----------
    values : Series
        One value a study; numbers make a scale of colours, words make groups, each with a
        marker of its own.
    name : str
        What the legend calls it.
    """
    known = values.notna()
    numbers = pd.to_numeric(values.astype("string"), errors="coerce")
    if numbers[known].notna().all() and numbers.nunique() > MOST_GROUPS:
        found, entries = _number_scale(numbers.astype(float).to_numpy(dtype=float))
    else:
        words = values.astype("string").fillna("")
        found, entries = _group_scale([str(word) for word in words])
    if not known.all():
        entries.append((f"{NOT_STATED} ({int((~known).sum())})", MISSING))
    return CovariateScale(name, tuple(found), tuple(entries))


def _number_scale(numbers: np.ndarray) -> tuple[list[Look], list[tuple[str, Look]]]:
    low, high = float(np.nanmin(numbers)), float(np.nanmax(numbers))
    shades = mpl.colormaps[COLORMAP]

    def look(value: float) -> Look:
        if np.isnan(value):
            return MISSING
        return Look(to_hex(shades(PALEST * (value - low) / (high - low))), "o")

    middle = round((low + high) / 2.0) if high - low > 2 else (low + high) / 2.0
    entries = [(f"{value:g}", look(value)) for value in (low, middle, high)]
    return [look(value) for value in numbers], entries


def _group_scale(words: list[str]) -> tuple[list[Look], list[tuple[str, Look]]]:
    names = sorted({word for word in words if word})
    looks = dict(zip(names, looks_of(names), strict=True))
    return [looks.get(word, MISSING) for word in words], list(looks.items())
