"""What every figure needs to know of the studies: proportions with intervals, k and n."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.stats.proportion import proportion_confint

from metadx.errors import OptionError
from metadx.tables import StudyTable, stratum_label

MARGINS: Final = ("sensitivity", "specificity")
#: Interval of a single proportion: our name, statsmodels' name, and how a caption says it.
INTERVALS: Final = {"wilson": ("wilson", "Wilson"), "exact": ("beta", "Clopper-Pearson")}


def study_proportions(
    table: StudyTable, interval: str = "wilson", level: float = 0.95
) -> pd.DataFrame:
    """Return sensitivity and specificity of each row with intervals.

    Parameters
    ----------
    table : StudyTable
        Studies, in the order of the result.
    interval : {"wilson", "exact"}
        Wilson's score interval, or Clopper and Pearson's.
    level : float
        Nominal coverage.

    Returns
    -------
    DataFrame
        ``label``, ``study_id``, the four counts, ``n_diseased`` and ``n_nondiseased``
        (nullable integers), and for each margin value, ``_low``, ``_high`` (probability)
        and ``_method``. A margin that a study does not report is missing.

    Raises
    ------
    OptionError
        If the interval is not one of the two.
    """
    if interval not in INTERVALS:
        raise OptionError(f"interval is {interval!r}; a study has {', '.join(INTERVALS)}")
    frame, counts = table.frame, table.arrays()
    columns: dict[str, object] = {"label": table.labels, "study_id": frame["study_id"].astype(str)}
    for name in ("tp", "fp", "fn", "tn"):
        columns[name] = frame[name].astype("Int64")
    for j, name in enumerate(("n_diseased", "n_nondiseased")):
        n = pd.Series(counts.totals[:, j], dtype="Int64")
        columns[name] = n.mask(n == 0)
    for j, margin in enumerate(MARGINS):
        value, low, high = _intervals(counts.positives[:, j], counts.totals[:, j], interval, level)
        columns |= {margin: value, f"{margin}_low": low, f"{margin}_high": high}
        columns[f"{margin}_method"] = np.where(counts.totals[:, j] > 0, interval, "")
    return pd.DataFrame(columns)


def _intervals(
    positives: NDArray[np.int64], totals: NDArray[np.int64], interval: str, level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    value, low, high = (np.full(len(totals), np.nan) for _ in range(3))
    known = totals > 0
    if known.any():
        y, n = positives[known], totals[known]
        ends = proportion_confint(y, n, alpha=1.0 - level, method=INTERVALS[interval][0])
        value[known] = y / n
        # Rounding leaves an end of 1 + 2e-16, and Beta quantiles are not defined at 0 and n.
        low[known] = np.where(y == 0, 0.0, np.clip(ends[0], 0.0, 1.0))
        high[known] = np.where(y == n, 1.0, np.clip(ends[1], 0.0, 1.0))
    return value, low, high


def count_words(k: int, n: int, unit: str) -> str:
    """Write ``"k = 12, n = 1,234 diseased"``, or ``"k = 0"`` where there is no study."""
    if not k:
        return "k = 0"
    return f"k = {k}, n = {n:,} {unit}"


def percent(level: float) -> str:
    """Write a level as ``"95%"``."""
    return f"{100 * level:g}%"


def code_of(name: str, table: StudyTable) -> str:
    """Return what identifies the test of a table: its modality code, else `name`."""
    if "modality" in table.columns:
        codes = table.frame["modality"].dropna().unique()
        if len(codes) == 1:
            return str(codes[0])
    return name


def title_of(table: StudyTable) -> str:
    """Return what a figure of this table is called, ``"CT, hip, per patient, ..."``."""
    ids = set(table.stratum_ids())
    return stratum_label(ids.pop()) if len(ids) == 1 else table.name


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as dictionaries by column name."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
