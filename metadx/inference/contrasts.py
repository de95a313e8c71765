"""Ratio and difference of two correlated probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from metadx.estimate import Estimate
from metadx.models import delta

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Contrast:
    """One probability compared with another.

    Attributes
    ----------
    ratio : Estimate
        First by second, interval on the log scale.
    difference : Estimate
        First minus second (-1 to 1).
    p : float
        Test that they are equal: Wald's on the logit scale, or what the maker states.
    """

    ratio: Estimate
    difference: Estimate
    p: float


def contrast(logits: FloatArray, cov: FloatArray, level: float = 0.95) -> Contrast:
    """Compare two probabilities by the delta method.

    Parameters
    ----------
    logits : ndarray of shape (2,)
        Logits of the two probabilities.
    cov : ndarray of shape (2, 2)
        Covariance of their estimates.
    level : float
        Nominal coverage.
    """
    q = delta.quantile(level)
    step = np.array([1.0, -1.0])
    z = float((logits @ step) / np.sqrt(step @ cov @ step))

    def estimate(function: Callable[[FloatArray], float], scale: str) -> Estimate:
        se = delta.standard_error(function, logits, cov)
        return delta.on_scale(function(logits), se, level, "wald", q, scale)

    return Contrast(
        estimate(_log_ratio, "log"), estimate(_difference, "identity"), float(2.0 * ndtr(-abs(z)))
    )


def _log_ratio(logits: FloatArray) -> float:
    return float(np.log(expit(logits[0])) - np.log(expit(logits[1])))


def _difference(logits: FloatArray) -> float:
    return float(expit(logits[0]) - expit(logits[1]))
