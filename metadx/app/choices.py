"""What a person chose for the analysis: only what a list offers, never text that is evaluated."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from keyword import iskeyword
from typing import Any, Final
from urllib.parse import urlencode

import pandas as pd
from pandas.api.types import is_numeric_dtype

from metadx.errors import OptionError
from metadx.report.fit_record import INTERVALS, FitOptions
from metadx.tables import StudyTable
from metadx.tables.schema import COLUMN_NAMES, COUNT_COLUMNS, column

#: Methods and intervals in the order of the lists; what they are called stands in the templates.
METHODS: Final = ("exact", "laplace", "reml", "ml", "fixed", "bayes")
LEVELS: Final = ("90", "95", "99")
#: Groups of a covariate that a model of a few studies could carry.
MOST_GROUPS: Final = 8
MOST_COVARIATES: Final = 4
#: Columns that describe the source of a row and not the study.
_NO_COVARIATES: Final = frozenset(
    {"study_id", "first_author", "title", "doi", "pmid", "source_url", "citation_key",
     "reported_sensitivity", "reported_specificity", "derivation", "evidence", "found_in_review",
     "pool", "pool_reason", "pool_note", "audit", "notes", "population_description",
     *COUNT_COLUMNS}
)  # fmt: skip
#: A formula is evaluated, so that nothing but a plain name may ever stand in it.
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Choices:
    """Choices of one analysis; the default is what ``metadx fit`` does.

    Attributes
    ----------
    stratum : str
        Empty takes the one with most studies.
    method, interval : str
    level : str
        Percent.
    covariates : tuple of str
        Columns on which both margins are regressed.
    group : str
        Column of groups to compare, empty for none.
    """

    stratum: str = ""
    method: str = "exact"
    interval: str = "wald"
    level: str = "95"
    covariates: tuple[str, ...] = ()
    group: str = ""

    def __post_init__(self) -> None:
        for name, allowed in (("method", METHODS), ("interval", INTERVALS), ("level", LEVELS)):
            found = getattr(self, name)
            if found not in allowed:
                raise OptionError(f"{name} is {found[:40]!r}; it is one of {', '.join(allowed)}")
        if len(self.covariates) > MOST_COVARIATES:
            raise OptionError(f"up to {MOST_COVARIATES} covariates can be chosen")

    @property
    def formula(self) -> str:
        """Formula of both margins."""
        return "~ " + (" + ".join(self.covariates) or "1")

    @property
    def options(self) -> FitOptions:
        """The same as options of a fit."""
        return FitOptions(
            self.formula,
            self.formula,
            self.group or None,
            method=self.method,
            interval=self.interval,
            level=int(self.level) / 100,
        )

    def query(self, **more: Any) -> str:
        """Write the choices as the query of an address."""
        pairs = [(name, getattr(self, name)) for name in ("method", "interval", "level")]
        pairs += [(name, getattr(self, name)) for name in ("stratum", "group")]
        pairs += [("covariates", one) for one in self.covariates]
        return urlencode([*pairs, *more.items()])


def choices_from(given: Mapping[str, Sequence[str]], table: StudyTable) -> Choices:
    """Make choices of a query, every name checked against what the table offers.

    Parameters
    ----------
    given : mapping of str to sequence of str
        Values by name.
    table : StudyTable

    Raises
    ------
    OptionError
        Something was chosen that is not on offer.
    """
    offer = Offer(table)

    def one(name: str, default: str = "") -> str:
        values = given.get(name) or [default]
        return values[-1] or default

    covariates = tuple(dict.fromkeys(name for name in given.get("covariates", ()) if name))
    stratum, group = one("stratum"), one("group")
    for what, found, allowed in (
        ("stratum", [stratum] if stratum else [], list(offer.strata)),
        ("covariate", list(covariates), list(offer.covariates)),
        ("group", [group] if group else [], list(offer.groups)),
    ):
        for value in found:
            if value not in allowed:
                listed = ", ".join(allowed) or "none"
                raise OptionError(f"{what} {value[:60]!r} is not on offer; there are {listed}")
    return Choices(
        stratum or next(iter(offer.strata), ""),
        one("method", "exact"),
        one("interval", "wald"),
        one("level", "95"),
        covariates,
        group,
    )


class Offer:
    """What a table lets a person choose from.

    Parameters
    ----------
    table : StudyTable
    """

    def __init__(self, table: StudyTable) -> None:
        self._table = table.pooled().usable

    @cached_property
    def strata(self) -> dict[str, int]:
        """Identifier and number of rows of each stratum with pooled rows, largest first."""
        counts = {name: len(rows) for name, rows in self._table.strata().items()}
        return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    @cached_property
    def covariates(self) -> dict[str, str]:
        """Columns that are known of every row and differ between them, with their titles."""
        frame = self._table.frame
        return {
            name: column(name).title if name in COLUMN_NAMES else name
            for name in map(str, frame.columns)
            if is_plain(name) and name not in _NO_COVARIATES and _varies(frame[name])
        }

    @cached_property
    def groups(self) -> dict[str, str]:
        """Columns of words, for a comparison of groups."""
        frame = self._table.frame
        return {name: title for name, title in self.covariates.items() if _is_words(frame[name])}


def is_plain(name: str) -> bool:
    """Tell whether a column may stand in a formula: a name, and nothing that could be run."""
    return _PLAIN.fullmatch(name) is not None and not iskeyword(name)


def chosen_rows(table: StudyTable, choices: Choices) -> StudyTable:
    """Return the pooled rows of the chosen stratum."""
    rows = table.pooled()
    return rows.strata().get(choices.stratum, rows)


def _varies(values: pd.Series[Any]) -> bool:
    known = values.notna() & values.astype(str).str.strip().ne("")
    distinct = int(values.nunique())
    if not bool(known.all()) or distinct < 2:
        return False
    return not _is_words(values) or distinct <= MOST_GROUPS


def _is_words(values: pd.Series[Any]) -> bool:
    return not is_numeric_dtype(values.dtype)
