"""A number as covariate of both margins: tests, slopes, and what they say in probabilities."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc

from metadx.errors import MetadxWarning, ModelError, OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.inference.comparison import LikelihoodRatioTest
from metadx.inference.refits import refit, why_not_refitted
from metadx.models import BivariateModel, BivariateResults, delta
from metadx.models.design import MARGINS
from metadx.tables import StudyTable

FloatArray = NDArray[np.float64]

#: With fewer studies a slope is as likely to be noise as not (Cochrane Handbook for DTA
#: reviews, version 2, chapter 10: ten studies for each characteristic).
FEWEST_STUDIES: Final = 10
#: What can be fitted at all: two means, two slopes and three variances.
FEWEST_EVER: Final = 6
COLUMNS: Final = ("covariate_sensitivity", "covariate_specificity")


@dataclass(frozen=True)
class MetaRegression:
    """Regression of both logits on one covariate, in the exact model.

    Attributes
    ----------
    name : str
        The covariate, in words.
    unit : str
        Unit of the slopes.
    k : int
        Studies in the regression.
    left_out : tuple of str
        Labels of the studies without a value.
    tests : tuple of LikelihoodRatioTest
        No effect on sensitivity, on specificity, on both.
    slopes : dict of Estimate
        Change of each logit with one unit of the covariate.
    values : tuple of float
        Smallest, median and largest value of the covariate.
    predicted : dict of tuple of Estimate
        Each margin at these values (probability).
    """

    name: str
    unit: str
    k: int
    left_out: tuple[str, ...]
    tests: tuple[LikelihoodRatioTest, ...]
    slopes: dict[str, Estimate]
    values: tuple[float, ...]
    predicted: dict[str, tuple[Estimate, ...]]

    @property
    def frame(self) -> pd.DataFrame:
        """One row a margin: ``margin``, ``k``, ``slope`` and ends, ``chi2``, ``df``, ``p``."""
        rows = []
        for test, name in zip(self.tests, MARGINS, strict=False):
            slope = self.slopes[name]
            rows.append(
                {
                    "margin": name, "k": self.k, "slope": slope.value, "slope_low": slope.low,
                    "slope_high": slope.high, "chi2": test.chi2, "df": test.df, "p": test.p,
                }
            )  # fmt: skip
        return pd.DataFrame(rows)

    def test(self, hypothesis: str) -> LikelihoodRatioTest:
        """Return the test of ``"sensitivity"``, ``"specificity"`` or ``"both"``."""
        (found,) = [test for test in self.tests if test.hypothesis == hypothesis]
        return found

    def summary(self) -> str:
        """Return the regression as text; the tests are always there."""
        out = [f"Regression on {self.name} ({self.k} studies)"]
        for name in MARGINS:
            slope, low, high = self.slopes[name], self.predicted[name][0], self.predicted[name][-1]
            out.append(
                f"  {name}: logit changes by {slope} per {self.unit}; {low.format(3)} at "
                f"{self.values[0]:.3g}, {high.format(3)} at {self.values[-1]:.3g}"
            )
        out += [
            f"  no effect on {test.hypothesis}: chi2({test.df}) = {test.chi2:.2f}, p = {test.p:.3f}"
            for test in self.tests
        ]
        if self.left_out:
            out.append(f"  without a value: {', '.join(self.left_out)}")
        return "\n".join(out)


def meta_regression(
    fit: BivariateResults, column: str, override: bool = False
) -> MetaRegression | NotApplicable:
    """Regress both margins on a numeric column of the study table.

    Parameters
    ----------
    fit : BivariateResults
        Fit of the exact model without covariates.
    column : str
        Column with numbers; studies without one are left out and named.
    override : bool
        True regresses fewer than 10 studies too.

    Returns
    -------
    MetaRegression or NotApplicable
        Not applicable with too few studies or a column that does not vary.

    Raises
    ------
    OptionError
        If the table has no such column, or it does not hold numbers.
    """
    frame = fit.table.frame
    if column not in frame.columns:
        raise OptionError(f"{fit.table.name} has no column {column!r}")
    values = pd.to_numeric(frame[column], errors="coerce")
    wrong = frame.loc[values.isna() & frame[column].notna(), column].astype(str)
    wrong = wrong[wrong.str.strip() != ""]
    if len(wrong):
        raise OptionError(
            f"column {column!r} holds {wrong.iloc[0]!r}; a regression needs numbers, for groups "
            "use subgroups()"
        )
    x = values.to_numpy(dtype=float)
    return regress(fit, np.column_stack([x, x]), column, f"unit of {column}", override)


def regress(
    fit: BivariateResults, x: FloatArray, name: str, unit: str, override: bool = False
) -> MetaRegression | NotApplicable:
    """Regress sensitivity on the first column of `x` and specificity on the second.

    Parameters
    ----------
    fit : BivariateResults
        Fit of the exact model without covariates.
    x : ndarray of shape (k, 2)
        Covariate of each margin, one row a row of the table; NaN where it is not known.
    name, unit : str
        The covariate in words, and the unit of its slopes.
    override : bool
        True regresses fewer than 10 studies too.

    Returns
    -------
    MetaRegression or NotApplicable
        As for :func:`meta_regression`.
    """
    refused = why_not_refitted(fit)
    if refused is not None:
        return refused
    reported = fit.table.arrays().totals > 0
    usable = np.asarray(np.isfinite(np.where(reported, x, 0.0)).all(axis=1))
    left_out = tuple(np.array(fit.table.labels, dtype=object)[~usable])
    k = int((usable & reported.all(axis=1)).sum())
    fewest = FEWEST_EVER if override else FEWEST_STUDIES
    if k < fewest:
        return NotApplicable(
            f"a regression asks for {fewest} studies with both margins and a value, there "
            f"{'is' if k == 1 else 'are'} {k}"
        )
    ids = fit.table.frame["study_id"].astype(str).to_numpy()
    null = refit(fit, ids[usable].tolist()) if left_out else fit
    if isinstance(null, NotApplicable) or null.model_path != "bivariate":
        return NotApplicable("the studies with a value have no joint likelihood")
    x, reported = x[usable], reported[usable]
    centre, scale = np.empty(2), np.empty(2)
    for j in (0, 1):
        own = x[reported[:, j], j]
        centre[j], scale[j] = own.mean(), own.std()
        if scale[j] < 1e-9 * max(1.0, abs(centre[j])):
            return NotApplicable(f"{name} is the same in all studies of {MARGINS[j]}")
    # Standardised, so that the search and its rule against infinite coefficients see no unit.
    z = np.where(reported, (x - centre) / scale, 0.0)
    frame = null.table.frame.assign(**dict(zip(COLUMNS, z.T, strict=True)))
    table = StudyTable(null.table.name, frame, tuple(null.table.labels))
    try:
        fits = {
            which: _fitted(table, null, sens, spec)
            for which, sens, spec in (
                ("both", COLUMNS[0], COLUMNS[1]),
                ("sensitivity", COLUMNS[0], "1"),
                ("specificity", "1", COLUMNS[1]),
            )
        }
    except ModelError as error:
        return NotApplicable(str(error).removeprefix(f"{table.name}: "))
    tests = (
        _test("sensitivity", fits["specificity"], fits["both"]),
        _test("specificity", fits["sensitivity"], fits["both"]),
        _test("both", null, fits["both"]),
    )
    every = x[reported]
    values = (float(every.min()), float(np.median(every)), float(every.max()))
    slopes, predicted = _slopes(fits["both"], centre, scale, values)
    return MetaRegression(name, unit, null.k, left_out, tests, slopes, values, predicted)


def _fitted(table: StudyTable, null: BivariateResults, sens: str, spec: str) -> BivariateResults:
    model = BivariateModel(table, f"~ {sens}", f"~ {spec}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        found = model.fit(level=null.level)
    assert isinstance(found, BivariateResults)
    return found


def _test(name: str, small: BivariateResults, large: BivariateResults) -> LikelihoodRatioTest:
    low, high = small.llf, large.llf
    assert isinstance(low, float) and isinstance(high, float)
    chi2, df = max(2.0 * (high - low), 0.0), 2 if name == "both" else 1
    return LikelihoodRatioTest(name, chi2, df, float(chdtrc(df, chi2)), low, high)


def _slopes(
    fit: BivariateResults, centre: FloatArray, scale: FloatArray, values: tuple[float, ...]
) -> tuple[dict[str, Estimate], dict[str, tuple[Estimate, ...]]]:
    """Slopes in the covariate's own unit, and each margin at `values`."""
    params, cov, q = fit.params, fit.cov_params(), delta.quantile(fit.level)
    slopes, predicted = {}, {}
    for j, (name, column) in enumerate(zip(MARGINS, COLUMNS, strict=True)):
        keys = [f"{name}:Intercept", f"{name}:{column}"]
        beta, v = params[keys].to_numpy(), cov.loc[keys, keys].to_numpy()
        se = float(np.sqrt(v[1, 1])) / scale[j]
        slopes[name] = delta.on_scale(
            float(beta[1]) / scale[j], se, fit.level, "wald", q, "identity"
        )
        rows = [np.array([1.0, (value - centre[j]) / scale[j]]) for value in values]
        predicted[name] = tuple(
            delta.on_scale(
                float(row @ beta), float(np.sqrt(row @ v @ row)), fit.level, "wald", q, "logit"
            )
            for row in rows
        )
    return slopes, predicted
