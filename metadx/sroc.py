"""Summary ROC curves, confidence and prediction regions."""

from __future__ import annotations

import warnings
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, fdtri, logit

from metadx.errors import OptionError, SparseDataWarning, ThresholdEffectWarning
from metadx.estimate import NotApplicable
from metadx.models import BivariateResults, SummaryPoint
from metadx.models.corrected_region import corrected_region
from metadx.models.moses import moses_littenberg
from metadx.models.summary_point import MU1, MU2

FloatArray = NDArray[np.float64]

#: Kinds of curve and what each is (Arends et al. 2008, Med Decis Making,
#: doi:10.1177/0272989X08319957; Chappell et al. 2009, Stat Med, doi:10.1002/sim.3644).
CURVES: Final = {
    "hsroc": "Rutter & Gatsonis: slope is the ratio of the between-study standard deviations",
    "sens_on_spec": "regression of logit sensitivity on logit specificity",
    "spec_on_sens": "regression of logit specificity on logit sensitivity, inverted",
    "major_axis": "major axis of the between-study distribution",
}
#: Kinds of curve that are not lines of the bivariate model: the historical regression, and the
#: name under which one popular program offers ``sens_on_spec``.
OTHER_CURVES: Final = {
    "moses_littenberg": "regression of the log diagnostic odds ratio on the threshold, historical",
    "naive": "sens_on_spec under its other name",
}
RADII: Final = ("f", "chi2")
#: Region with a centre and a radius of its own, corrected for few studies.
CORRECTED: Final = "ito_sugasawa"


def curve_line(point: SummaryPoint, kind: str = "hsroc") -> tuple[float, float] | NotApplicable:
    """Return intercept and slope of a curve, ``logit sens = a + b logit fpr``.

    Every kind passes through the summary point; they differ in the slope.

    Parameters
    ----------
    point : SummaryPoint
        Means and between-study covariance of the logits.
    kind : {"hsroc", "sens_on_spec", "spec_on_sens", "major_axis"}
        See :data:`CURVES`.

    Raises
    ------
    OptionError
        If the kind is unknown.
    """
    if kind not in CURVES:
        raise OptionError(f"curve kind is {kind!r}; it is one of {', '.join(CURVES)}")
    cov = point.between_study_cov
    var_sens, var_fpr, both = float(cov[0, 0]), float(cov[1, 1]), -float(cov[0, 1])
    if var_sens == 0.0 or var_fpr == 0.0:
        return NotApplicable(
            "a between-study variance is 0, so the shape of the SROC curve is undefined"
        )
    if both == 0.0 and kind in ("spec_on_sens", "major_axis"):
        return NotApplicable("the correlation is 0, so this curve has no slope")
    if kind == "hsroc":
        slope = float(np.sqrt(var_sens / var_fpr))
    elif kind == "sens_on_spec":
        slope = both / var_fpr
    elif kind == "spec_on_sens":
        slope = var_sens / both
    else:
        gap = var_sens - var_fpr
        slope = (gap + float(np.sqrt(gap * gap + 4.0 * both * both))) / (2.0 * both)
    mean_sens, mean_fpr = float(point.psi[MU1]), -float(point.psi[MU2])
    return mean_sens - slope * mean_fpr, slope


def sroc_curve(
    fit: BivariateResults,
    kind: str = "hsroc",
    fpr: FloatArray | None = None,
    n: int = 201,
) -> pd.DataFrame | NotApplicable:
    """Compute an SROC curve.

    Parameters
    ----------
    fit : BivariateResults
        A fit with a summary point and a correlation.
    kind : str
        One of :data:`CURVES` or :data:`OTHER_CURVES`. ``"moses_littenberg"`` is there for
        comparison with older reviews only: it ignores the precision of the studies and the
        differences between them, and should not be used for inference.
    fpr : ndarray, optional
        False-positive rates (probability); by default `n` of them from 0.001 to 0.999.
    n : int
        Number of default rates.

    Returns
    -------
    DataFrame or NotApplicable
        Columns ``fpr``, ``sensitivity`` (probability) and ``observed``, which says whether
        the rate lies within those of the studies.

    Warns
    -----
    ThresholdEffectWarning
        If sensitivity and specificity are positively correlated between studies: the curve
        then does not describe a trade-off between them.
    """
    if kind not in CURVES and kind not in OTHER_CURVES:
        known = ", ".join((*CURVES, *OTHER_CURVES))
        raise OptionError(f"curve kind is {kind!r}; it is one of {known}")
    observed = fit.observed_fpr
    if isinstance(observed, NotApplicable):
        return observed
    low, high = observed
    if fpr is None:
        grid = np.linspace(logit(0.001), logit(0.999), n)
        ends = [logit(x) for x in (low, high) if 0.0 < x < 1.0]
        fpr = expit(np.sort(np.concatenate([grid, ends])))
    sens = _historical(fit, fpr) if kind == "moses_littenberg" else _line(fit, kind, fpr)
    if isinstance(sens, NotApplicable):
        return sens
    inside = (fpr >= low - 1e-12) & (fpr <= high + 1e-12)
    return pd.DataFrame({"fpr": fpr, "sensitivity": sens, "observed": inside})


def _line(fit: BivariateResults, kind: str, fpr: FloatArray) -> FloatArray | NotApplicable:
    if isinstance(fit.hsroc, NotApplicable):
        return fit.hsroc
    assert isinstance(fit.point, SummaryPoint)
    line = curve_line(fit.point, "sens_on_spec" if kind == "naive" else kind)
    if isinstance(line, NotApplicable):
        return line
    if fit.point.between_study_cov[0, 1] > 0:
        warnings.warn(threshold_sentence(fit.table.name), ThresholdEffectWarning, stacklevel=3)
    return np.asarray(expit(line[0] + line[1] * logit(fpr)))


def _historical(fit: BivariateResults, fpr: FloatArray) -> FloatArray | NotApplicable:
    if fit.k_complete < 3:
        return NotApplicable("a regression line needs three complete studies")
    return moses_littenberg(fit.table).curve(fpr)


def threshold_sentence(name: str) -> str:
    """Say why a curve must be read with care."""
    return (
        f"{name}: studies with a higher sensitivity also have a higher specificity, so the "
        "SROC curve does not describe a trade-off between them; read the summary point"
    )


def radius(k: int, level: float = 0.95, kind: str = "f") -> float | NotApplicable:
    """Radius of a joint region in standard deviations.

    Parameters
    ----------
    k : int
        Number of studies.
    level : float
        Nominal coverage.
    kind : {"f", "chi2"}
        ``"f"``: ``sqrt(2 F(2, k - 2))``, as metandi, RevMan and MetaDTA; ``"chi2"``:
        ``sqrt(chi2(2))``, as mada.
    """
    if kind not in RADII:
        known = ", ".join(RADII)
        raise OptionError(
            f"radius is {kind!r}; it is one of {known}, and {CORRECTED} for a confidence region"
        )
    if not 0.0 < level < 1.0:
        raise OptionError(f"level is {level}; it has to lie between 0 and 1, for example 0.95")
    if kind == "chi2":
        return float(np.sqrt(-2.0 * np.log1p(-level)))
    if k < 3:
        return NotApplicable("a region with the F radius needs three studies")
    return float(np.sqrt(2.0 * fdtri(2.0, k - 2.0, level)))


def confidence_region(
    fit: BivariateResults, level: float = 0.95, radius: str = "f", n: int = 181
) -> pd.DataFrame | NotApplicable:
    """Outline of the joint confidence region of the summary point.

    ``mu + chol(V) r (cos t, sin t)`` on the logit scale, mapped to probabilities; V is the
    covariance of the estimated means.

    Parameters
    ----------
    fit : BivariateResults
        A fit with a summary point.
    level : float
        Nominal coverage.
    radius : {"f", "chi2", "ito_sugasawa"}
        See :func:`radius`; ``"ito_sugasawa"`` is the region corrected for few studies of
        :func:`metadx.models.corrected_region.corrected_region`. It belongs to the normal
        approximation, and has the centre and the covariance of its own moment estimate, so
        that it is offered for ``method="reml"`` and ``"ml"`` only.
    n : int
        Points of the outline.

    Returns
    -------
    DataFrame or NotApplicable
        Columns ``specificity`` and ``sensitivity`` (probability), a closed curve of n points.
    """
    if radius == CORRECTED:
        return _corrected(fit, level, n)
    return _region(fit, level, radius, n, between=False)


def prediction_region(
    fit: BivariateResults, level: float = 0.95, radius: str = "f", n: int = 181
) -> pd.DataFrame | NotApplicable:
    """Outline of the region in which the true values of a new study are expected.

    As :func:`confidence_region`, with V plus the between-study covariance.
    """
    return _region(fit, level, radius, n, between=True)


def _region(
    fit: BivariateResults, level: float, kind: str, n: int, between: bool
) -> pd.DataFrame | NotApplicable:
    point = fit.point
    if isinstance(point, NotApplicable):
        return point
    size = radius(point.k, level, kind)
    if isinstance(size, NotApplicable):
        return size
    cov = point.mean_logit_cov + (point.between_study_cov if between else 0.0)
    return _outline(point.mean_logit, cov, size, n)


def _corrected(fit: BivariateResults, level: float, n: int) -> pd.DataFrame | NotApplicable:
    if fit.method not in ("reml", "ml"):
        return NotApplicable(
            "the region of Ito & Sugasawa belongs to the normal approximation: fit by reml, or "
            "take the F radius"
        )
    found = corrected_region(fit, level)
    if isinstance(found, NotApplicable):
        return found
    for text in found.warnings:
        warnings.warn(text, SparseDataWarning, stacklevel=3)
    return _outline(found.centre, found.cov, found.radius, n)


def _outline(centre: FloatArray, cov: FloatArray, size: float, n: int) -> pd.DataFrame:
    values, vectors = np.linalg.eigh(cov)
    angle = np.linspace(0.0, 2.0 * np.pi, n)
    circle = np.vstack([np.cos(angle), np.sin(angle)])
    outline = (
        centre[:, None] + vectors @ (np.sqrt(np.maximum(values, 0.0))[:, None] * circle) * size
    )
    return pd.DataFrame({"specificity": expit(outline[1]), "sensitivity": expit(outline[0])})
