"""Accuracy measures of each study by itself, and the continuity correction they may need."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metadx.errors import OptionError
from metadx.models import delta
from metadx.tables import StudyTable

FloatArray = NDArray[np.float64]

#: Names of the proportion intervals and what statsmodels calls them.
INTERVALS: Final = {"wilson": "wilson", "clopper_pearson": "beta"}
ZERO_CELL: Final = ("single", "all", "none")
#: The measures in the order of the columns of :func:`study_measures`.
MEASURES: Final = (
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    "accuracy",
    "prevalence",
    "youden",
    "lr_positive",
    "lr_negative",
    "dor",
)


class Interval(NamedTuple):
    """A measure of all studies with its interval, NaN where a study does not have it.

    Attributes
    ----------
    value, low, high : ndarray of shape (k,)
        On the scale of the measure.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray


def counts_of(table: StudyTable) -> FloatArray:
    """Return TP, n1, TN, n0 of each row, shape (k, 4); a missing margin has n = 0."""
    arrays = table.arrays()
    counts = np.empty((len(table), 4))
    counts[:, 0::2] = arrays.positives
    counts[:, 1::2] = arrays.totals
    return counts


def correct_zero_cells(
    counts: FloatArray, zero_cell: str = "single", correction: float = 0.5
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Add a continuity correction to the cells of the studies that get one.

    Parameters
    ----------
    counts : ndarray of shape (k, 4)
        TP, n1, TN, n0; a margin that a study does not report has n = 0 and stays as it is.
    zero_cell : {"single", "all", "none"}
        ``"single"``: only the studies with a zero cell; ``"all"``: every study if any has
        one, as R mada does; ``"none"``: nobody.
    correction : float
        Added to every cell of these studies.

    Returns
    -------
    counts : ndarray of shape (k, 4)
        The corrected counts.
    corrected : ndarray of shape (k,)
        Which studies got the correction.

    Raises
    ------
    OptionError
        If the policy is unknown or the correction is not positive.
    """
    if zero_cell not in ZERO_CELL:
        raise OptionError(f"zero_cell is {zero_cell!r}; it is one of {', '.join(ZERO_CELL)}")
    if not 0.0 < correction < np.inf:
        raise OptionError(f"the correction is {correction}; it has to be positive, usually 0.5")
    corrected = np.zeros(len(counts), dtype=bool)
    if zero_cell != "none":
        corrected = has_zero_cell(counts)
        if zero_cell == "all":
            corrected = np.full(len(counts), bool(corrected.any()))
    added = np.where(corrected[:, None] & known_margins(counts), correction, 0.0)
    return counts + np.repeat(added, 2, axis=1) * np.array([1.0, 2.0, 1.0, 2.0]), corrected


def known_margins(counts: FloatArray) -> NDArray[np.bool_]:
    """Return which margins each study reports, shape (k, 2)."""
    return counts[:, 1::2] > 0


def has_zero_cell(counts: FloatArray) -> NDArray[np.bool_]:
    """Return which studies have a zero among the cells that they report, shape (k,)."""
    y, n = counts[:, 0::2], counts[:, 1::2]
    zero: NDArray[np.bool_] = (known_margins(counts) & ((y == 0) | (y == n))).any(axis=1)
    return zero


def proportion(
    y: FloatArray, n: FloatArray, level: float = 0.95, interval: str = "wilson"
) -> Interval:
    """Return the proportions ``y / n`` with score or exact intervals (probability).

    Parameters
    ----------
    y, n : ndarray of shape (k,)
        Events and totals; n = 0 says that the study does not have this proportion.
    level : float
        Nominal coverage.
    interval : {"wilson", "clopper_pearson"}
        Wilson's score interval, or the exact interval that RevMan prints.

    Raises
    ------
    OptionError
        If the interval is unknown or the level is not between 0 and 1.
    """
    from statsmodels.stats.proportion import proportion_confint

    if interval not in INTERVALS:
        raise OptionError(f"interval is {interval!r}; it is one of {', '.join(INTERVALS)}")
    delta.quantile(level)  # refuses a level outside 0 to 1
    known = n > 0
    value, low, high = (np.full(n.shape, np.nan) for _ in range(3))
    events, total = y[known], n[known]
    value[known] = events / total
    ends = proportion_confint(events, total, alpha=1.0 - level, method=INTERVALS[interval])
    # At 0 and n the exact interval ends there; statsmodels returns NaN in some versions.
    low[known] = np.where(events == 0, 0.0, ends[0])
    high[known] = np.where(events == total, 1.0, ends[1])
    return Interval(value, low, high)


def youden(sensitivity: Interval, specificity: Interval) -> Interval:
    """Return Youden's index with the square-and-add interval of its two proportions.

    Newcombe 1998, Stat Med,
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I, method 10.
    """
    value = sensitivity.value + specificity.value - 1.0
    down = np.hypot(sensitivity.value - sensitivity.low, specificity.value - specificity.low)
    up = np.hypot(sensitivity.high - sensitivity.value, specificity.high - specificity.value)
    return Interval(value, value - down, value + up)


def ratios(counts: FloatArray, level: float = 0.95) -> dict[str, Interval]:
    """Return both likelihood ratios and the odds ratio, intervals on the log scale.

    ``var ln LR+ = 1/TP - 1/n1 + 1/FP - 1/n0``, ``var ln LR- = 1/FN - 1/n1 + 1/TN - 1/n0``,
    ``var ln DOR = 1/TP + 1/FN + 1/FP + 1/TN``.

    Parameters
    ----------
    counts : ndarray of shape (k, 4)
        TP, n1, TN, n0, after :func:`correct_zero_cells`. A ratio that is 0 or infinite, or
        needs a margin that is missing, is NaN.
    level : float
        Nominal coverage.
    """
    tp, n1, tn, n0 = counts.T
    fn, fp = n1 - tp, n0 - tn
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = {
            "lr_positive": (np.log(tp / n1) - np.log(fp / n0), 1 / tp - 1 / n1 + 1 / fp - 1 / n0),
            "lr_negative": (np.log(fn / n1) - np.log(tn / n0), 1 / fn - 1 / n1 + 1 / tn - 1 / n0),
            "dor": (np.log(tp / fn) + np.log(tn / fp), 1 / tp + 1 / fn + 1 / fp + 1 / tn),
        }
    q = delta.quantile(level)
    return {name: _from_log(value, variance, q) for name, (value, variance) in logs.items()}


def _from_log(value: FloatArray, variance: FloatArray, q: float) -> Interval:
    usable = np.isfinite(value) & np.isfinite(variance)
    centre = np.where(usable, value, np.nan)
    half = q * np.sqrt(np.where(usable, variance, np.nan))
    return Interval(np.exp(centre), np.exp(centre - half), np.exp(centre + half))


def study_measures(
    table: StudyTable,
    zero_cell: str = "single",
    correction: float = 0.5,
    level: float = 0.95,
    interval: str = "wilson",
) -> pd.DataFrame:
    """Return the accuracy measures of every row of a study table.

    Proportions are those of the counts as they stand; only the three ratios use the
    continuity correction. Predictive values, accuracy and prevalence hold at the share of
    diseased in the study itself and must not be averaged over studies.

    Parameters
    ----------
    table : StudyTable
        Studies, partial ones included.
    zero_cell : {"single", "all", "none"}
        Which studies get the correction; see :func:`correct_zero_cells`. With ``"none"`` a
        ratio that is 0 or infinite is missing.
    correction : float
        Added to every cell of these studies.
    level : float
        Nominal coverage of the intervals.
    interval : {"wilson", "clopper_pearson"}
        Interval of the proportions.

    Returns
    -------
    DataFrame
        One row a study in the order of the table. ``study`` (display label), ``study_id``,
        ``corrected`` (whether the ratios use the correction), then ``sensitivity``,
        ``sensitivity_low``, ``sensitivity_high`` and likewise ``specificity``, ``ppv``,
        ``npv``, ``accuracy``, ``prevalence``, ``youden``, ``lr_positive``, ``lr_negative``,
        ``dor``, as nullable floats: missing where a partial study does not have the measure.

    Raises
    ------
    OptionError
        If an option has none of its values.

    Examples
    --------
    >>> table = StudyTable.from_frame(
    ...     pd.DataFrame({"study": ["a"], "tp": [18], "fp": [4], "fn": [2], "tn": [36]}))
    >>> study_measures(table)[["sensitivity", "lr_positive"]].round(2).iloc[0].to_list()
    [0.9, 9.0]
    """
    counts = counts_of(table)
    used, corrected = correct_zero_cells(counts, zero_cell, correction)
    tp, n1, tn, n0 = counts.T
    both = known_margins(counts).all(axis=1)
    positive, negative = tp + n0 - tn, tn + n1 - tp

    def share(y: FloatArray, n: FloatArray) -> Interval:
        return proportion(y, n, level, interval)

    sensitivity, specificity = share(tp, n1), share(tn, n0)
    found = {
        "sensitivity": sensitivity,
        "specificity": specificity,
        "ppv": share(tp, np.where(both, positive, 0.0)),
        "npv": share(tn, np.where(both, negative, 0.0)),
        "accuracy": share(tp + tn, np.where(both, n1 + n0, 0.0)),
        "prevalence": share(n1, np.where(both, n1 + n0, 0.0)),
        "youden": youden(sensitivity, specificity),
        **ratios(used, level),
    }
    columns: dict[str, object] = {
        "study": table.labels,
        "study_id": table.frame["study_id"].to_numpy(),
        "corrected": corrected & both,
    }
    for name in MEASURES:
        for tail, values in zip(("", "_low", "_high"), found[name], strict=True):
            columns[name + tail] = pd.array(values, dtype="Float64")
    return pd.DataFrame(columns)
