"""The lines of a stratum's figure in ROC space, for the page's script to draw."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from metadx.models import BivariateResults
from metadx.plots import sroc_data

#: Points a line keeps; it stays smooth at the size of a page.
POINTS: Final = 72
DIGITS: Final = 4


def drawing(fit: BivariateResults) -> dict[str, Any]:
    """Return summary point, curve over the observed range, and regions of a fit.

    Parameters
    ----------
    fit : BivariateResults

    Returns
    -------
    dict
        ``summary`` as (1 - specificity, sensitivity), ``curve``, ``confidence_region`` and
        ``prediction_region`` as lists of such points (probability, four digits). What does not
        apply to the fit is absent.
    """
    data = sroc_data(fit)
    found: dict[str, Any] = {}
    for part in ("curve", "confidence_region", "prediction_region"):
        rows = data[data["part"] == part]
        if part == "curve":
            rows = rows[rows["observed"].fillna(False).astype(bool)]
        if len(rows) > 1:
            found[part] = _points(_thinned(rows))
    summary = data[data["part"] == "summary"]
    if len(summary):
        found["summary"] = _points(summary)[0]
    return found


def _thinned(rows: pd.DataFrame) -> pd.DataFrame:
    step = max(1, len(rows) // POINTS)
    keep = sorted({*range(0, len(rows), step), len(rows) - 1})
    return rows.iloc[keep]


def _points(rows: pd.DataFrame) -> list[list[float]]:
    pairs = rows[["fpr", "sensitivity"]].to_numpy(dtype=float).round(DIGITS)
    return [[float(x), float(y)] for x, y in pairs]
