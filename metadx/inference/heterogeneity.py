"""How much the studies differ: standard deviations, odds ratios, I-squared, threshold, test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, sqrt
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from metadx.estimate import Estimate, NotApplicable
from metadx.inference.headline import records
from metadx.inference.homogeneity import HomogeneityTest, homogeneity_test
from metadx.inference.profile import profile
from metadx.inference.threshold_effect import ThresholdCorrelation, threshold_correlation
from metadx.models import BivariateResults, SummaryPoint
from metadx.models.design import MARGINS

#: Median of the absolute difference of two standard normal values.
MEDIAN_GAP: Final = sqrt(2.0) * float(ndtri(0.75))
NO_DETERMINANT: Final = (
    "at a correlation of -1 or 1 the determinant of the covariance is 0 whatever the variances are"
)
CAVEAT: Final = (
    "I-squared does not tell a difference in threshold from a difference in accuracy, and it "
    "grows with the size of the studies; read it beside the standard deviations and the "
    "prediction intervals"
)


@dataclass(frozen=True, slots=True)
class ISquared:
    """I-squared of both margins and of each (shares, 0 to 1).

    It does not account for a threshold effect: studies that differ in their threshold alone
    raise it as real differences in accuracy do.

    Attributes
    ----------
    bivariate : float
        ``sqrt|Sigma| / (sqrt|Sigma| + sqrt(E_sens E_spec))``.
    sensitivity, specificity : float
        ``tau2 / (tau2 + E)`` of each margin.
    """

    bivariate: float
    sensitivity: float
    specificity: float


def i_squared(fit: BivariateResults) -> ISquared | NotApplicable:
    """Compute I-squared after Zhou and Dendukuri.

    The typical within-study variance of a margin is
    ``E = (exp(tau2 / 2 + mu) + exp(tau2 / 2 - mu) + 2) mean(1 / n)``, with n the diseased for
    sensitivity and the non-diseased for specificity.

    Returns
    -------
    ISquared or NotApplicable
        Not applicable without a summary point.

    References
    ----------
    Zhou & Dendukuri 2014, Stat Med, doi:10.1002/sim.6115.
    """
    point = fit.point
    if not isinstance(point, SummaryPoint):
        return point
    return i_squared_at(point, fit.design.counts[:, 1::2])


def i_squared_at(point: SummaryPoint, totals: NDArray[np.float64]) -> ISquared:
    """Compute I-squared, as :func:`i_squared`, at a summary point.

    Parameters
    ----------
    point : SummaryPoint
        Of all studies or of one group.
    totals : ndarray of shape (k, 2)
        Diseased and non-diseased of the studies behind it; 0 where a study has no such margin.
    """
    cov = point.between_study_cov
    within = []
    for j in (0, 1):
        n = totals[:, j]
        mu, tau2 = float(point.psi[j]), float(cov[j, j])
        spread = np.exp(tau2 / 2.0 + mu) + np.exp(tau2 / 2.0 - mu) + 2.0
        within.append(float(spread * np.mean(1.0 / n[n > 0])))
    root = float(np.sqrt(max(np.linalg.det(cov), 0.0)))
    return ISquared(
        bivariate=root / (root + float(np.sqrt(within[0] * within[1]))),
        sensitivity=float(cov[0, 0] / (cov[0, 0] + within[0])),
        specificity=float(cov[1, 1] / (cov[1, 1] + within[1])),
    )


@dataclass(frozen=True)
class Heterogeneity:
    """How much the studies of a fit differ.

    Attributes
    ----------
    fit : BivariateResults
        The fit.
    tau : dict of Estimate or NotApplicable
        Between-study standard deviation of each margin (logit scale), profile interval where
        the likelihood closes one.
    median_odds_ratio : dict of Estimate or NotApplicable
        ``exp(sqrt(2) Phi^-1(3/4) tau)`` of each margin: the median ratio of the odds in two
        studies drawn at random, the larger over the smaller.
    prediction : dict of Estimate or NotApplicable
        Interval for a margin in a new study (probability).
    correlation : Estimate or NotApplicable
        Between-study correlation of logit sensitivity and logit specificity.
    i_squared : ISquared or NotApplicable
        Shares of the variation between studies.
    threshold : ThresholdCorrelation or NotApplicable
        Spearman's correlation of the studies' sensitivities and false-positive rates.
    test : HomogeneityTest or NotApplicable
        Likelihood-ratio test of no differences between studies.
    """

    fit: BivariateResults
    tau: dict[str, Estimate | NotApplicable]
    median_odds_ratio: dict[str, Estimate | NotApplicable]
    prediction: dict[str, Estimate | NotApplicable]
    correlation: Estimate | NotApplicable
    i_squared: ISquared | NotApplicable
    threshold: ThresholdCorrelation | NotApplicable
    test: HomogeneityTest | NotApplicable

    @property
    def frame(self) -> pd.DataFrame:
        """One row a quantity: ``quantity``, ``margin``, ``value``, ``low``, ``high``, ``k``,
        ``method``, ``note`` (why a cell is empty)."""  # fmt: skip
        rows = []
        for quantity, values in (
            ("between-study standard deviation", self.tau),
            ("median odds ratio", self.median_odds_ratio),
            ("prediction interval", self.prediction),
        ):
            for name in MARGINS:
                rows.append(_row(quantity, name, values[name], self.fit.margins[name].k))
        rows.append(_row("between-study correlation", "both", self.correlation, self.fit.k))
        shares = self.i_squared
        for name, margin in (("bivariate", "both"), *((name, name) for name in MARGINS)):
            share = shares if isinstance(shares, NotApplicable) else getattr(shares, name)
            if margin == "both" and "rho" in self.fit.at_boundary:
                share = NotApplicable(NO_DETERMINANT)
            rows.append(_row("I-squared", margin, share, self.fit.k))
        rank = self.threshold
        value = rank if isinstance(rank, NotApplicable) else rank.estimate
        rows.append(_row("threshold correlation", "both", value, self.fit.k_complete))
        return pd.DataFrame(rows)

    def summary(self) -> str:
        """Return the table as text, with what a reader must know of it."""
        out = ["How much the studies differ"]
        absent: dict[str, list[str]] = {}
        for row in records(self.frame):
            name = row["quantity"]
            name += "" if row["margin"] == "both" else f" of {row['margin']}"
            if pd.isna(row["value"]):
                absent.setdefault(row["note"], []).append(name)
            elif pd.isna(row["low"]):
                out.append(f"  {name} {row['value']:.3f}")
            else:
                ends = f"({row['low']:.3f} to {row['high']:.3f})"
                out.append(f"  {name} {row['value']:.3f} {ends}")
        out += [f"  {', '.join(names)}: {reason}" for reason, names in absent.items()]
        if not isinstance(self.i_squared, NotApplicable):
            out.append(f"  {CAVEAT}")
        said = self.test if isinstance(self.test, NotApplicable) else self.test.sentence
        out.append(f"  {said}")
        if isinstance(self.threshold, ThresholdCorrelation):
            out.append(f"  {self.threshold.sentence}")
        return "\n".join(out)


def heterogeneity(fit: BivariateResults) -> Heterogeneity:
    """Collect every measure of the differences between the studies of a fit.

    Parameters
    ----------
    fit : BivariateResults
        Fit without covariates.

    Returns
    -------
    Heterogeneity
        With a reason in place of each number that these studies do not support.

    References
    ----------
    Median odds ratio: Larsen & Merlo 2005, Am J Epidemiol, doi:10.1093/aje/kwi017.
    """
    tau = {name: _tau(fit, name) for name in MARGINS}
    predictions = (fit.prediction_sensitivity, fit.prediction_specificity)
    return Heterogeneity(
        fit=fit,
        tau=tau,
        median_odds_ratio={name: _transformed(tau[name], _odds_ratio) for name in MARGINS},
        prediction=dict(zip(MARGINS, predictions, strict=True)),
        correlation=_correlation(fit),
        i_squared=i_squared(fit),
        threshold=threshold_correlation(fit.table, fit.level),
        test=homogeneity_test(fit),
    )


def _tau(fit: BivariateResults, name: str) -> Estimate | NotApplicable:
    """Profile interval where there is one, else the interval or the reason of the fit."""
    margin = fit.margins[name]
    if margin.heterogeneity == "not_estimable":
        return NotApplicable(margin.reason)
    found = profile(fit, f"tau_{name}") if fit.method == "exact" else margin.tau
    return found if isinstance(found, Estimate) else margin.tau


def _correlation(fit: BivariateResults) -> Estimate | NotApplicable:
    if isinstance(fit.correlation, NotApplicable):
        return fit.correlation
    found = profile(fit, "correlation") if fit.method == "exact" else NotApplicable("")
    if isinstance(found, Estimate):
        return found
    return fit.point.correlation if isinstance(fit.point, SummaryPoint) else fit.point


def _odds_ratio(tau: float) -> float:
    return exp(MEDIAN_GAP * tau)


def _transformed(
    estimate: Estimate | NotApplicable, function: Callable[[float], float]
) -> Estimate | NotApplicable:
    """Carry an estimate and the ends of its interval through an increasing function."""
    if isinstance(estimate, NotApplicable):
        return estimate
    value, low, high = (function(x) for x in (estimate.value, estimate.low, estimate.high))
    return Estimate(value, low, high, estimate.level, estimate.method)


def _row(
    quantity: str, margin: str, value: Estimate | NotApplicable | float, k: int
) -> dict[str, Any]:
    row: dict[str, Any] = {"quantity": quantity, "margin": margin}
    if isinstance(value, Estimate):
        row |= {"value": value.value, "low": value.low, "high": value.high}
        return row | {"k": k, "method": value.method, "note": ""}
    row |= {"value": np.nan, "low": np.nan, "high": np.nan, "k": k, "method": ""}
    if isinstance(value, NotApplicable):
        return row | {"note": value.reason}
    return row | {"value": value, "note": ""}
