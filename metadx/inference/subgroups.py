"""Subgroups: each group by itself, and tests of their differences, refused where idle."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from metadx.errors import MetadxWarning, ModelError, OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.inference.comparison import HYPOTHESES, Comparison, LikelihoodRatioTest, compare
from metadx.inference.headline import cells
from metadx.models import BivariateModel, BivariateResults
from metadx.models.design import MARGINS
from metadx.tables import StudyTable

#: With fewer studies in a group its mean and spread are not told apart, and a test says more of
#: which studies happened to be in it than of the group (the number from which the exact model
#: estimates a correlation; Takwoingi et al. 2017, doi:10.1177/0962280215592269).
FEWEST_A_LEVEL: Final = 4


@dataclass(frozen=True)
class Subgroups:
    """The groups of one column.

    Attributes
    ----------
    column : str
        What the studies are grouped by.
    fits : dict
        By level: the fit to its studies alone, or why there is none.
    k : dict of tuple of int
        By level: studies with sensitivity, with specificity, with both.
    tests : tuple of LikelihoodRatioTest or NotApplicable
        Equality of sensitivity, of specificity, of both, of the variances; or the reason why
        it is not tested.
    comparison : Comparison or NotApplicable
        Differences and ratios of every pair of levels.
    left_out : tuple of str
        Labels of the studies without a level.
    """

    column: str
    fits: dict[str, BivariateResults | NotApplicable]
    k: dict[str, tuple[int, int, int]]
    tests: tuple[LikelihoodRatioTest | NotApplicable, ...]
    comparison: Comparison | NotApplicable
    left_out: tuple[str, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row a level: ``level``, ``k_sensitivity``, ``k_specificity``, ``k_both``, each
        margin with ``_low`` and ``_high``, ``model_path``, ``note``."""  # fmt: skip
        rows = []
        for level, found in self.fits.items():
            sizes = self.k[level]
            row: dict[str, Any] = {"level": level, "k_sensitivity": sizes[0]}
            row |= {"k_specificity": sizes[1], "k_both": sizes[2]}
            notes = []
            for name in MARGINS:
                value = found if isinstance(found, NotApplicable) else getattr(found, name)
                row |= cells({name: value})
                if isinstance(value, NotApplicable):
                    notes.append(f"{name}: {value.reason}")
            row["model_path"] = found.model_path if isinstance(found, BivariateResults) else ""
            rows.append(row | {"note": "; ".join(notes)})
        return pd.DataFrame(rows)

    def summary(self) -> str:
        """Return groups and tests as text."""
        out = [f"Groups by {self.column}"]
        for level, found in self.fits.items():
            if isinstance(found, NotApplicable):
                said = str(found)
            else:
                values = ((name, getattr(found, name)) for name in MARGINS)
                said = "; ".join(
                    f"{name} {v.format(3) if isinstance(v, Estimate) else v}" for name, v in values
                )
            sens, spec, both = self.k[level]
            out.append(f"  {level} (k = {sens}, {spec}, both {both}): {said}")
        out += ["  " + _said(test) for test in self.tests]
        if self.left_out:
            out.append(f"  without {self.column}: {', '.join(self.left_out)}")
        return "\n".join(out)


def _said(test: LikelihoodRatioTest | NotApplicable) -> str:
    if isinstance(test, NotApplicable):
        return f"not tested: {test.reason}"
    return f"equal {test.hypothesis}: chi2({test.df}) = {test.chi2:.2f}, p = {test.p:.3f}"


def subgroups(
    table: StudyTable, column: str, override: bool = False, level: float = 0.95
) -> Subgroups | NotApplicable:
    """Pool each group of studies by itself and test whether the groups differ.

    Parameters
    ----------
    table : StudyTable
        Studies of one stratum.
    column : str
        Column of the groups; rows without a value are left out and named.
    override : bool
        True tests groups with fewer than four studies too.
    level : float
        Nominal coverage.

    Returns
    -------
    Subgroups or NotApplicable
        Not applicable where all studies are in one group.

    Raises
    ------
    OptionError
        If the table has no such column.
    """
    table = table.pooled()
    if column not in table.columns:
        raise OptionError(
            f"{table.name} has no column {column!r}; its columns are {', '.join(table.columns)}"
        )
    words = table.frame[column].astype("object").map(lambda v: "" if pd.isna(v) else str(v).strip())
    frame = table.frame.assign(**{column: words})
    known = words.ne("").to_numpy()
    left_out = tuple(label for label, has in zip(table.labels, known, strict=True) if not has)
    levels = sorted(set(words[known]))
    if len(levels) < 2:
        held = (
            f"all {int(known.sum())} studies have {levels[0]!r}" if levels else "none has a value"
        )
        return NotApplicable(f"{column}: {held}; there is nothing to compare")
    grouped = StudyTable(table.name, frame, tuple(table.labels)).select(**{column: levels})
    fits: dict[str, BivariateResults | NotApplicable] = {}
    sizes: dict[str, tuple[int, int, int]] = {}
    for one in levels:
        own = grouped.select(**{column: one})
        reported = own.arrays().totals > 0
        both = int(reported.all(axis=1).sum())
        sizes[one] = (int(reported[:, 0].sum()), int(reported[:, 1].sum()), both)
        fits[one] = _alone(own, level)
    comparison = _compared(grouped, column, sizes, override, level)
    if isinstance(comparison, NotApplicable):
        tests: tuple[LikelihoodRatioTest | NotApplicable, ...] = tuple(
            NotApplicable(f"{name}: {comparison.reason}") for name in HYPOTHESES
        )
    else:
        tests = comparison.tests
    return Subgroups(column, fits, sizes, tests, comparison, left_out)


def _alone(table: StudyTable, level: float) -> BivariateResults | NotApplicable:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MetadxWarning)
            found = BivariateModel(table).fit(level=level)
    except ModelError as error:
        return NotApplicable(str(error).removeprefix(f"{table.name}: "))
    assert isinstance(found, BivariateResults)
    return found


def _compared(
    table: StudyTable,
    column: str,
    sizes: dict[str, tuple[int, int, int]],
    override: bool,
    level: float,
) -> Comparison | NotApplicable:
    few = [f"{one} has {both}" for one, (_, _, both) in sizes.items() if both < FEWEST_A_LEVEL]
    if few and not override:
        return NotApplicable(
            f"groups are compared from {FEWEST_A_LEVEL} studies with both margins in each on "
            f"({', '.join(few)}), because with fewer a test says more of the studies that happen "
            "to be in a group than of the group"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MetadxWarning)
            return compare(table, column, level=level)
    except ModelError as error:
        return NotApplicable(str(error).removeprefix(f"{table.name}: "))
