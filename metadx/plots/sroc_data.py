"""The numbers of an SROC plot: studies, summary points, curves and regions."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from metadx.errors import OptionError, SparseDataWarning, ThresholdEffectWarning
from metadx.estimate import Estimate, NotApplicable
from metadx.models import BivariateResults
from metadx.plots.captions import RANDOM_EFFECTS
from metadx.plots.covariates import covariate_of
from metadx.plots.groups import FitSource, by_name
from metadx.plots.studies import study_proportions
from metadx.sroc import CORRECTED, RADII, confidence_region, prediction_region, sroc_curve

#: What may be drawn beside studies and summary point.
PARTS: Final = ("curve", "confidence", "prediction")
#: Parts that concern one margin: studies that report no other, and pooled values that stand
#: alone because the other margin is not pooled.
ONE_MARGIN: Final = {"sensitivity_only": "sensitivity", "specificity_only": "specificity"}
POOLED_MARGIN: Final = {
    "pooled_sensitivity": "sensitivity",
    "pooled_specificity": "specificity",
}
#: Both radii of a region at once.
BOTH: Final = "both"
COLUMNS: Final = (
    "test", "part", "kind", "label", "study_id", "fpr", "specificity", "sensitivity",
    "n_diseased", "n_nondiseased", "low", "high", "observed",
)  # fmt: skip


def fits_of(source: FitSource) -> dict[str, BivariateResults]:
    """Return the fits by name; a single fit is the test ``""``.

    Raises
    ------
    OptionError
        If there is none, or something else than a fit.
    """
    found = by_name(source)
    for name, item in found.items():
        if not isinstance(item, BivariateResults):
            raise OptionError(f"{name or item.name}: a table without a fit; fit it first")
    return found


def sroc_data(
    source: FitSource,
    *,
    curve: str | Sequence[str] = "hsroc",
    region_radius: str = "f",
    color_by: str | None = None,
) -> pd.DataFrame:
    """Return the numbers behind an SROC plot.

    Parameters
    ----------
    source : BivariateResults, Comparison, or a dict or list of fits
        One test, or several.
    curve : str or sequence of str
        Kinds of SROC curve, see `metadx.sroc.sroc_curve`.
    region_radius : {"f", "chi2", "both", "ito_sugasawa"}
        Radius of the regions, see `metadx.sroc.confidence_region`; there is no corrected
        prediction region, so that ``"ito_sugasawa"`` leaves that one its F radius.
    color_by : str, optional
        Column of the study table that is added as ``covariate``.

    Returns
    -------
    DataFrame
        ``test``; ``part``: ``"study"``, ``"sensitivity_only"``, ``"specificity_only"``,
        ``"summary"``, ``"pooled_sensitivity"``, ``"pooled_specificity"``, ``"curve"``,
        ``"confidence_region"`` or ``"prediction_region"``; ``kind`` of a curve and radius of
        a region; ``fpr``, ``specificity`` and
        ``sensitivity`` (probability, missing where a study does not report them), sizes of
        a study, ``low`` and ``high`` of a margin that is pooled alone, and ``observed``
        for a curve's points.
        What does not apply to a fit has no row.
    """
    parts = []
    for test, fit in fits_of(source).items():
        found = [_studies(fit, color_by), _summary(fit)]
        for kind in curve_kinds(curve):
            line = curve_of(fit, kind)
            if not isinstance(line, NotApplicable):
                found.append(line.assign(part="curve", kind=kind, specificity=1.0 - line["fpr"]))
        for radius in radii_of(region_radius):
            for name, region in regions_of(fit, radius).items():
                if not isinstance(region, NotApplicable):
                    kind = _radius_of(name, radius)
                    found.append(
                        region.assign(part=name, kind=kind, fpr=1.0 - region["specificity"])
                    )
        parts += [one.assign(test=test) for one in found if len(one)]
    names = [*COLUMNS, *(["covariate"] if color_by is not None else [])]
    data = pd.concat(parts, ignore_index=True).reindex(columns=names)
    words = ["kind", "label", "study_id"]
    data[words] = data[words].astype(object).fillna("")
    data["observed"] = data["observed"].astype("boolean")
    return data


def curve_kinds(curve: str | Sequence[str]) -> tuple[str, ...]:
    """Return the kinds of curve that are drawn."""
    return (curve,) if isinstance(curve, str) else tuple(dict.fromkeys(curve))


def radii_of(region_radius: str) -> tuple[str, ...]:
    """Return the radii of the regions that are drawn."""
    return RADII if region_radius == BOTH else (region_radius,)


def curve_of(fit: BivariateResults, kind: str) -> pd.DataFrame | NotApplicable:
    """Return the SROC curve; the figure's caption says what its warning would."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ThresholdEffectWarning)
        return sroc_curve(fit, kind)


def regions_of(fit: BivariateResults, radius: str) -> dict[str, pd.DataFrame | NotApplicable]:
    """Return confidence and prediction region; the caption says what a warning would."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SparseDataWarning)
        return {
            "confidence_region": confidence_region(fit, fit.level, radius),
            "prediction_region": prediction_region(
                fit, fit.level, _radius_of("prediction_region", radius)
            ),
        }


def _radius_of(part: str, radius: str) -> str:
    """The corrected radius is of confidence regions only."""
    return "f" if (part, radius) == ("prediction_region", CORRECTED) else radius


def _studies(fit: BivariateResults, color_by: str | None) -> pd.DataFrame:
    rows = study_proportions(fit.table)
    names = ["label", "study_id", "sensitivity", "specificity", "n_diseased", "n_nondiseased"]
    rows = rows[names].assign(fpr=1.0 - rows["specificity"])
    rows["part"] = np.select(
        [rows["specificity"].isna(), rows["sensitivity"].isna()],
        ["sensitivity_only", "specificity_only"],
        "study",
    )
    if color_by is not None:
        rows["covariate"] = covariate_of(fit.table, color_by).astype(object)
    return rows


def _summary(fit: BivariateResults) -> pd.DataFrame:
    """The summary point, or the one margin that is pooled with random effects."""
    pooled = {
        name: margin.estimate
        for name, margin in fit.margins.items()
        if isinstance(margin.estimate, Estimate) and margin.path not in ("single_study", "none")
    }
    if len(pooled) == 2:
        values = {name: estimate.value for name, estimate in pooled.items()}
        return pd.DataFrame([{"part": "summary", "fpr": 1.0 - values["specificity"], **values}])
    rows = []
    for name, estimate in pooled.items():
        if fit.margins[name].path in RANDOM_EFFECTS:
            ends = {"low": estimate.low, "high": estimate.high}
            rows.append({"part": f"pooled_{name}", name: estimate.value, **ends})
    found = pd.DataFrame(rows)
    return found.assign(fpr=1.0 - found["specificity"]) if "specificity" in found else found
