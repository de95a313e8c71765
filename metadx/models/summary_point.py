"""Everything that follows from the two mean logits and the between-study covariance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.models import delta

FloatArray = NDArray[np.float64]

#: Positions in the vector of parameters of a summary point.
MU1, MU2, L11, L21, L22 = range(5)
INTERVALS = ("wald", "wald_t")


@dataclass(frozen=True, slots=True)
class HSROC:
    """Parameters of the hierarchical summary ROC model (Rutter & Gatsonis 2001).

    Attributes
    ----------
    Lambda : Estimate
        Accuracy: mean of ``logit sens + logit spec`` after scaling by the shape.
    Theta : Estimate
        Threshold.
    beta : Estimate
        Shape; 0 is a symmetric curve.
    var_alpha, var_theta : Estimate
        Between-study variances of accuracy and threshold.

    References
    ----------
    Rutter & Gatsonis 2001, Stat Med, doi:10.1002/sim.942; in terms of the bivariate model
    Harbord et al. 2007, Biostatistics, doi:10.1093/biostatistics/kxl004.
    """

    Lambda: Estimate
    Theta: Estimate
    beta: Estimate
    var_alpha: Estimate
    var_theta: Estimate


@dataclass(frozen=True)
class SummaryPoint:
    """The summary point of one test with all that is derived from it.

    Attributes
    ----------
    psi : ndarray of shape (5,)
        Mean logit sensitivity, mean logit specificity, l11, l21, l22; the between-study
        covariance of the logits is L L' with L = [[l11, 0], [l21, l22]].
    cov : ndarray of shape (5, 5)
        Covariance of the estimates; zero rows for parameters that are fixed.
    k : int
        Studies that inform both margins at least in part; for the t quantile and the regions.
    level : float
        Nominal coverage of every interval.
    interval : {"wald", "wald_t"}
        Quantile of the intervals: normal, or Student t with k - 2 degrees of freedom.
    """

    psi: FloatArray
    cov: FloatArray
    k: int
    level: float = 0.95
    interval: str = "wald"

    def __post_init__(self) -> None:
        if self.interval not in INTERVALS:
            raise OptionError(
                f"interval is {self.interval!r}; a summary point knows {', '.join(INTERVALS)}"
            )

    @property
    def mean_logit(self) -> FloatArray:
        """Mean (logit sensitivity, logit specificity), shape (2,)."""
        return self.psi[:2].copy()

    @property
    def mean_logit_cov(self) -> FloatArray:
        """Covariance of the estimated mean logits, shape (2, 2)."""
        return self.cov[:2, :2].copy()

    @property
    def between_study_cov(self) -> FloatArray:
        """Between-study covariance of (logit sensitivity, logit specificity), shape (2, 2)."""
        factor = np.array([[self.psi[L11], 0.0], [self.psi[L21], self.psi[L22]]])
        return np.asarray(factor @ factor.T)

    @cached_property
    def _quantile(self) -> float:
        if self.interval == "wald_t" and self.k > 2:
            return delta.quantile(self.level, self.k - 2)
        return delta.quantile(self.level)

    def _interval(self, value: float, se: float, scale: str) -> Estimate:
        return delta.on_scale(value, se, self.level, self.interval, self._quantile, scale)

    def _se(self, function) -> float:  # type: ignore[no-untyped-def]
        return delta.standard_error(function, self.psi, self.cov)

    @cached_property
    def sensitivity(self) -> Estimate:
        """Sensitivity at the summary point (probability)."""
        return self._interval(self.psi[MU1], float(np.sqrt(self.cov[MU1, MU1])), "logit")

    @cached_property
    def specificity(self) -> Estimate:
        """Specificity at the summary point (probability)."""
        return self._interval(self.psi[MU2], float(np.sqrt(self.cov[MU2, MU2])), "logit")

    @cached_property
    def lr_positive(self) -> Estimate:
        """Positive likelihood ratio, ``sensitivity / (1 - specificity)``."""
        return self._ratio(lambda v: float(-np.log1p(np.exp(-v[MU1])) + np.log1p(np.exp(v[MU2]))))

    @cached_property
    def lr_negative(self) -> Estimate:
        """Negative likelihood ratio, ``(1 - sensitivity) / specificity``."""
        return self._ratio(lambda v: float(-np.log1p(np.exp(v[MU1])) + np.log1p(np.exp(-v[MU2]))))

    @cached_property
    def dor(self) -> Estimate:
        """Diagnostic odds ratio, ``exp(logit sens + logit spec)``."""
        return self._ratio(lambda v: float(v[MU1] + v[MU2]))

    def _ratio(self, log_ratio) -> Estimate:  # type: ignore[no-untyped-def]
        return self._interval(log_ratio(self.psi), self._se(log_ratio), "log")

    def _prediction(self, margin: int) -> Estimate | NotApplicable:
        if self.k < 3:
            return NotApplicable("a prediction interval needs three studies")
        q = delta.quantile(self.level, self.k - 2)
        spread = self.between_study_cov[margin, margin] + self.cov[margin, margin]
        return delta.on_scale(
            self.psi[margin], float(np.sqrt(spread)), self.level, "prediction_t", q, "logit"
        )

    @cached_property
    def prediction_sensitivity(self) -> Estimate | NotApplicable:
        """Interval for the sensitivity in a new study, t with k - 2 degrees of freedom."""
        return self._prediction(MU1)

    @cached_property
    def prediction_specificity(self) -> Estimate | NotApplicable:
        """Interval for the specificity in a new study, t with k - 2 degrees of freedom."""
        return self._prediction(MU2)

    @cached_property
    def tau_sensitivity(self) -> Estimate | NotApplicable:
        """Between-study standard deviation of logit sensitivity, interval on the log scale."""
        return self._tau(slice(L11, L21))

    @cached_property
    def tau_specificity(self) -> Estimate | NotApplicable:
        """Between-study standard deviation of logit specificity, interval on the log scale."""
        return self._tau(slice(L21, L22 + 1))

    def _tau(self, row: slice) -> Estimate | NotApplicable:
        """Length of a row of L, ``sqrt(l21^2 + l22^2)``, with its delta-method interval."""
        factor = self.psi[row]
        tau = float(np.sqrt(factor @ factor))
        if tau == 0.0:
            return NotApplicable("the between-study variance is estimated as 0, its boundary")
        se = float(np.sqrt(factor @ self.cov[row, row] @ factor)) / tau
        return delta.standard_deviation(tau, se, self.level, self.interval, self._quantile)

    @cached_property
    def correlation(self) -> Estimate | NotApplicable:
        """Between-study correlation of the two logits, interval on Fisher's z scale."""
        l11, l21, l22 = self.psi[L11:]
        tau2 = float(np.hypot(l21, l22))
        if l11 == 0.0 or tau2 == 0.0:
            return NotApplicable("a between-study variance is 0, so there is no correlation")
        if l22 == 0.0:
            return NotApplicable(
                f"the correlation is estimated as {np.sign(l21):.0f}, its boundary"
            )
        if self.cov[L21, L21] == 0.0:
            return NotApplicable("the margins were modelled as independent")

        def fisher_z(v: FloatArray) -> float:
            return float(np.arcsinh(v[L21] / v[L22]))

        return self._interval(fisher_z(self.psi), self._se(fisher_z), "atanh")

    @cached_property
    def hsroc(self) -> HSROC | NotApplicable:
        """Parameters of the HSROC model, standard errors by the delta method."""
        reason = self._no_curve()
        if reason:
            return NotApplicable(reason)

        def made(function, scale="identity") -> Estimate:  # type: ignore[no-untyped-def]
            value = function(self.psi)
            return self._interval(value, self._se(function), scale)

        return HSROC(
            Lambda=made(lambda v: hsroc_parameters(v)[0]),
            Theta=made(lambda v: hsroc_parameters(v)[1]),
            beta=made(lambda v: hsroc_parameters(v)[2]),
            var_alpha=self._variance(lambda v: hsroc_parameters(v)[3]),
            var_theta=self._variance(lambda v: hsroc_parameters(v)[4]),
        )

    def _variance(self, function) -> Estimate:  # type: ignore[no-untyped-def]
        value = function(self.psi)
        if value <= 0.0:
            return Estimate(0.0, 0.0, 0.0, self.level, "boundary")
        return self._ratio(lambda v: float(np.log(max(function(v), 1e-300))))

    def probability_above(self, sensitivity: float, specificity: float) -> float:
        """Probability that a new study's true values exceed both bounds.

        ``P(logit sens > logit a, logit spec > logit b)`` under the normal predictive
        distribution ``N(mu, V + Sigma)``, in which the uncertainty of the means is included.

        Parameters
        ----------
        sensitivity, specificity : float
            Bounds (probability, between 0 and 1; 0 leaves a margin free).

        Raises
        ------
        OptionError
            If a bound lies outside 0 to 1.
        """
        from scipy.stats import multivariate_normal

        for name, bound in (("sensitivity", sensitivity), ("specificity", specificity)):
            if not 0.0 <= bound < 1.0:
                raise OptionError(f"the bound of {name} is {bound}; it lies between 0 and 1")
        with np.errstate(divide="ignore"):
            bounds = logit(np.array([sensitivity, specificity]))
        spread = self.mean_logit_cov + self.between_study_cov
        below = np.where(np.isneginf(bounds), -1e6, bounds)
        return float(multivariate_normal(-self.mean_logit, spread, allow_singular=True).cdf(-below))

    def _no_curve(self) -> str:
        """Why there is no SROC curve, or an empty string."""
        if self.psi[L11] == 0.0 or float(np.hypot(self.psi[L21], self.psi[L22])) == 0.0:
            return "a between-study variance is 0, so the shape of the SROC curve is undefined"
        return ""

    @cached_property
    def auc(self) -> Estimate | NotApplicable:
        """Area under the HSROC curve over false-positive rates 0 to 1."""
        return self.area(0.0, 1.0)

    def area(self, low: float, high: float) -> Estimate | NotApplicable:
        """Area under the HSROC curve between two false-positive rates, divided by their distance.

        Parameters
        ----------
        low, high : float
            False-positive rates (probability).
        """
        reason = self._no_curve()
        if reason:
            return NotApplicable(reason)
        if not high > low:
            return NotApplicable("the studies have one false-positive rate only")
        return delta.probability(
            lambda v: curve_area(v, low, high),
            self.psi,
            self.cov,
            self.level,
            self.interval,
            self._quantile,
        )


def hsroc_parameters(psi: FloatArray) -> tuple[float, float, float, float, float]:
    """Transform a summary point into Lambda, Theta, beta, var_alpha, var_theta.

    ``beta = ln(sB/sA)``, ``Lambda = (sB/sA)^(1/2) muA + (sA/sB)^(1/2) muB``,
    ``Theta = ((sB/sA)^(1/2) muA - (sA/sB)^(1/2) muB) / 2``, ``var_alpha = 2 (sA sB + sAB)``,
    ``var_theta = (sA sB - sAB) / 2`` with A sensitivity and B specificity (Harbord et al. 2007,
    doi:10.1093/biostatistics/kxl004).
    """
    s_a, s_b = abs(psi[L11]), float(np.hypot(psi[L21], psi[L22]))
    s_ab = psi[L11] * psi[L21]
    root = np.sqrt(s_b / s_a)
    return (
        float(root * psi[MU1] + psi[MU2] / root),
        float(0.5 * (root * psi[MU1] - psi[MU2] / root)),
        float(np.log(s_b / s_a)),
        float(2.0 * (s_a * s_b + s_ab)),
        float(0.5 * (s_a * s_b - s_ab)),
    )


def hsroc_curve(psi: FloatArray, fpr: FloatArray) -> FloatArray:
    """Sensitivity on the HSROC curve at false-positive rates `fpr` (probability).

    ``logit sens = Lambda exp(-beta/2) + exp(-beta) logit fpr``.
    """
    accuracy, _, shape, _, _ = hsroc_parameters(psi)
    with np.errstate(divide="ignore"):
        logit_fpr = np.log(fpr) - np.log1p(-fpr)
    return np.asarray(expit(accuracy * np.exp(-shape / 2.0) + np.exp(-shape) * logit_fpr))


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)
#: Logit of the false-positive rate beyond which the curve's contribution to an area is nil.
_FAR = 40.0


def curve_area(psi: FloatArray, low: float, high: float) -> float:
    """Mean height of the HSROC curve between two false-positive rates.

    The integral is taken over the logit of the rate, where the integrand is smooth however
    steep the curve is: Gauss-Legendre with 200 nodes agrees with adaptive quadrature to 1e-9.
    """
    accuracy, _, shape, _, _ = hsroc_parameters(psi)
    centre = -accuracy * np.exp(shape / 2.0)
    a = max(np.log(low / (1 - low)) if low > 0 else -_FAR, -_FAR)
    b = min(np.log(high / (1 - high)) if high < 1 else _FAR, _FAR)
    cuts = [a, *sorted(c for c in (-4.0, 4.0, centre) if a < c < b), b]
    total = 0.0
    for left, right in pairwise(cuts):
        x = 0.5 * (right - left) * _NODES + 0.5 * (right + left)
        height = expit(accuracy * np.exp(-shape / 2.0) + np.exp(-shape) * x)
        total += 0.5 * (right - left) * float(_WEIGHTS @ (height * expit(x) * expit(-x)))
    return total / (high - low)
