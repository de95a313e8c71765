"""The numbers of crosshair and ellipse plots: the uncertainty of each study in ROC space."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from metadx.errors import OptionError
from metadx.models import BivariateResults
from metadx.plots.groups import FitSource
from metadx.plots.sroc_data import fits_of, sroc_data
from metadx.plots.studies import study_proportions

FloatArray = NDArray[np.float64]

#: Added to all four cells of a study with a zero cell, whose logits have no variance else.
CORRECTION: Final = 0.5
#: Points of an outline.
OUTLINE: Final = 73


def crosshair_data(
    source: FitSource,
    *,
    interval: str = "wilson",
    level: float = 0.95,
    color_by: str | None = None,
) -> pd.DataFrame:
    """Return the numbers behind a crosshair plot.

    Parameters
    ----------
    source : BivariateResults, Comparison, or a dict or list of fits
        One test, or several.
    interval : {"wilson", "exact"}
        Interval of a study's proportions.
    level : float
        Its coverage.
    color_by : str, optional
        Column of the study table that is added as ``covariate``.

    Returns
    -------
    DataFrame
        As `sroc_data`, with ``sens_low``, ``sens_high``, ``fpr_low`` and ``fpr_high`` of
        each study (probability).
    """
    fits = fits_of(source)
    data = sroc_data(fits, color_by=color_by)
    for test, fit in fits.items():
        found = study_proportions(fit.table, interval, level)
        rows = _study_rows(data, test)
        for end, other in (("low", "high"), ("high", "low")):
            data.loc[rows, f"sens_{end}"] = found[f"sensitivity_{end}"].to_numpy()
            data.loc[rows, f"fpr_{end}"] = 1.0 - found[f"specificity_{other}"].to_numpy()
    return data


def roc_ellipses_data(
    source: FitSource,
    *,
    level: float = 0.95,
    color_by: str | None = None,
) -> pd.DataFrame:
    """Return the numbers behind a plot of ROC ellipses.

    Parameters
    ----------
    source, color_by
        As for `crosshair_data`.
    level : float
        Coverage of the joint region of a study.

    Returns
    -------
    DataFrame
        As `sroc_data`, with centre, standard errors (logit scale) and the radius of each
        study's region in standard errors: ``logit_sens``, ``logit_fpr``, ``se_sens``,
        ``se_fpr``, ``radius``.

    Notes
    -----
    Within a study both logits are independent, with variances ``1/TP + 1/FN`` and
    ``1/FP + 1/TN``; 0.5 is added to the four cells of a study that has a zero. The region is
    ``(logit fpr, logit sens) + r (se_fpr cos t, se_sens sin t)`` with
    ``r^2 = -2 ln(1 - level)``, mapped to probabilities.
    """
    if not 0.0 < level < 1.0:
        raise OptionError(f"level is {level}; it has to lie between 0 and 1, for example 0.95")
    fits = fits_of(source)
    data = sroc_data(fits, color_by=color_by)
    for test, fit in fits.items():
        rows = _study_rows(data, test)
        for name, values in _logits(fit).items():
            data.loc[rows, name] = values
        data.loc[rows, "radius"] = float(np.sqrt(-2.0 * np.log1p(-level)))
    return data


def _study_rows(data: pd.DataFrame, test: str) -> pd.Series:
    studies = data["part"].isin(["study", "sensitivity_only", "specificity_only"])
    return studies & (data["test"] == test)


def _logits(fit: BivariateResults) -> dict[str, FloatArray]:
    counts = (
        fit.table.frame[["tp", "fn", "fp", "tn"]].astype("Float64").to_numpy(float, na_value=np.nan)
    )
    zero = (counts == 0).any(axis=1)
    tp, fn, fp, tn = (counts + CORRECTION * zero[:, None]).T
    return {
        "logit_sens": np.log(tp / fn),
        "logit_fpr": np.log(fp / tn),
        "se_sens": np.sqrt(1.0 / tp + 1.0 / fn),
        "se_fpr": np.sqrt(1.0 / fp + 1.0 / tn),
    }


def outlines(rows: pd.DataFrame) -> list[FloatArray]:
    """Return the region of each study in ROC space, arrays of shape (n, 2)."""
    turn = np.linspace(0.0, 2.0 * np.pi, OUTLINE)
    columns = ["logit_fpr", "logit_sens", "se_fpr", "se_sens", "radius"]
    return [
        expit(np.column_stack([x + r * sx * np.cos(turn), y + r * sy * np.sin(turn)]))
        for x, y, sx, sy, r in rows[columns].to_numpy(dtype=float)
    ]
