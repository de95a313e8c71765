"""Weighted draws of the posterior and the quantities that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, ndtr

from metadx.models.mixture import weighted_moments

FloatArray = NDArray[np.float64]

#: Logit of the false-positive rate beyond which nothing is left of an area: 1e-11.
FAR: Final = 25.0
#: On an interval of twice FAR the rule is good to 1e-8 for slopes up to 1.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(80)


@dataclass(frozen=True)
class PosteriorDraws:
    """Weighted draws in the natural parameters.

    Attributes
    ----------
    names : tuple of str
        ``mu_sens, mu_spec, tau_sens, tau_spec, rho``, or mu and tau of the one margin.
    parameters : ndarray of shape (n, d)
        Mean logits, between-study standard deviations (logit scale), correlation.
    weights : ndarray of shape (n,)
        Pareto-smoothed importance weights with sum 1.
    """

    names: tuple[str, ...]
    parameters: FloatArray
    weights: FloatArray

    def __len__(self) -> int:
        return len(self.parameters)

    def __getitem__(self, name: str) -> FloatArray:
        return np.asarray(self.parameters[:, self.names.index(name)])

    @property
    def both(self) -> bool:
        """Whether both margins have a posterior."""
        return "rho" in self.names

    def moments(self) -> tuple[FloatArray, FloatArray]:
        """Posterior mean and covariance of the natural parameters."""
        return weighted_moments(self.parameters, self.weights)

    def quantiles(self, values: FloatArray, shares: FloatArray) -> FloatArray:
        """Posterior quantiles of a quantity given for every draw.

        The distribution function is interpolated linearly between the draws.
        """
        order = np.argsort(values, kind="stable")
        below = np.cumsum(self.weights[order]) - 0.5 * self.weights[order]
        return np.asarray(np.interp(shares, below, values[order]))

    def predictive_quantile(self, short: str, share: float) -> float:
        """Quantile of a new study's logit, ``short`` being ``"sens"`` or ``"spec"``.

        The mixture of normals over the draws is solved, not simulated.
        """
        mu, tau = self[f"mu_{short}"], np.maximum(self[f"tau_{short}"], 1e-12)

        def excess(x: float) -> float:
            return float((self.weights * ndtr((x - mu) / tau)).sum()) - share

        centre = float((self.weights * mu).sum())
        spread = float(np.sqrt((self.weights * ((mu - centre) ** 2 + tau**2)).sum()))
        low, high = centre - spread, centre + spread
        while excess(low) > 0.0:
            low -= 2.0 * spread
        while excess(high) < 0.0:
            high += 2.0 * spread
        return float(brentq(excess, low, high, xtol=1e-5))

    def between_study_cov(self) -> FloatArray:
        """Posterior mean of the between-study covariance matrix, shape (2, 2)."""
        tau1, tau2, rho = (self[name] for name in ("tau_sens", "tau_spec", "rho"))
        cross = (self.weights * rho * tau1 * tau2).sum()
        squares = [(self.weights * tau * tau).sum() for tau in (tau1, tau2)]
        return np.array([[squares[0], cross], [cross, squares[1]]])

    def hsroc(self) -> dict[str, FloatArray]:
        """HSROC parameters of every draw.

        ``beta = ln(sB/sA)``, ``Lambda = (sB/sA)^(1/2) muA + (sA/sB)^(1/2) muB``,
        ``Theta = ((sB/sA)^(1/2) muA - (sA/sB)^(1/2) muB) / 2``,
        ``var_alpha = 2 (1 + rho) sA sB``, ``var_theta = (1 - rho) sA sB / 2`` with A
        sensitivity and B specificity (Harbord et al. 2007, doi:10.1093/biostatistics/kxl004).
        """
        mu1, mu2, tau1, tau2, rho = self.parameters.T
        tau1, tau2 = np.maximum(tau1, 1e-12), np.maximum(tau2, 1e-12)
        root = np.sqrt(tau2 / tau1)
        return {
            "Lambda": root * mu1 + mu2 / root,
            "Theta": 0.5 * (root * mu1 - mu2 / root),
            "beta": 2.0 * np.log(root),
            "var_alpha": 2.0 * (1.0 + rho) * tau1 * tau2,
            "var_theta": 0.5 * (1.0 - rho) * tau1 * tau2,
        }

    def area(self, low: float, high: float) -> FloatArray:
        """Mean height of every draw's HSROC curve between two false-positive rates.

        The curve is a line ``a + b u`` in logits. Where it is steeper than 1 the area is taken
        along the other axis, so that the integrand is smooth for every b.
        """
        curve = self.hsroc()
        a, b = curve["Lambda"] * np.exp(-0.5 * curve["beta"]), np.exp(-curve["beta"])
        ends = [float(np.clip(_logit(rate), -FAR, FAR)) for rate in (low, high)]
        steep = b > 1.0
        slope = np.where(steep, 1.0 / b, b)
        height = np.where(steep, -a / b, a)
        first, last = (np.where(steep, np.clip(a + b * u, -FAR, FAR), u) for u in ends)
        half = 0.5 * (last - first)
        total = np.zeros(len(self))
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            u = first + half * (1.0 + node)
            rate = expit(u)
            total += weight * expit(height + slope * u) * rate * (1.0 - rate)
        total *= half
        rectangle = expit(ends[1]) * expit(a + b * ends[1]) - expit(ends[0]) * expit(
            a + b * ends[0]
        )
        return np.asarray(np.where(steep, rectangle - total, total) / (high - low))

    def resample(self, n: int, rng: np.random.Generator) -> pd.DataFrame:
        """Draw `n` rows of equal weight, with a new study's accuracy for each.

        Systematic resampling: a draw of weight w appears ``floor(n w)`` or one more times.

        Returns
        -------
        DataFrame
            The natural parameters; sensitivity and specificity (probability) at the mean;
            new_sensitivity and new_specificity (probability) of a new study.
        """
        ends = np.cumsum(self.weights)
        places = (rng.random() + np.arange(n)) / n * ends[-1]
        rows = rng.permutation(np.searchsorted(ends, places, side="right").clip(0, len(self) - 1))
        frame = pd.DataFrame(self.parameters[rows], columns=list(self.names))
        noise = rng.standard_normal((2, n))
        if self.both:
            rho = frame["rho"].to_numpy()
            noise[1] = rho * noise[0] + np.sqrt(1.0 - rho * rho) * noise[1]
        for words, short, own in (("sensitivity", "sens", 0), ("specificity", "spec", 1)):
            if f"mu_{short}" in self.names:
                mu, tau = frame[f"mu_{short}"].to_numpy(), frame[f"tau_{short}"].to_numpy()
                frame[words] = expit(mu)
                frame[f"new_{words}"] = expit(mu + tau * noise[own])
        return frame


def _logit(rate: float) -> float:
    with np.errstate(divide="ignore"):
        return float(np.log(rate) - np.log1p(-rate))
