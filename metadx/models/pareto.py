"""Pareto-smoothed importance weights and the diagnostic that goes with them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

#: With a shape up to this the smoothed estimate is reliable at practical numbers of draws
#: (Vehtari et al. 2024, J Mach Learn Res 25(72)).
RELIABLE_SHAPE: Final = 0.7
#: Prior of the shape, 0.5 with the weight of ten draws: steadies tails of few draws
#: (Vehtari et al. 2024).
PRIOR_SHAPE, PRIOR_DRAWS = 0.5, 10.0
#: A tail needs at least this many draws for a fit.
SHORTEST_TAIL: Final = 5


def fit_generalised_pareto(exceedances: FloatArray) -> tuple[float, float]:
    """Fit a generalised Pareto distribution by the quasi-Bayesian estimator.

    Parameters
    ----------
    exceedances : ndarray of shape (n,)
        Positive, ascending.

    Returns
    -------
    shape, scale : float
        With the weakly informative prior on the shape.

    References
    ----------
    Zhang & Stephens 2009, Technometrics, doi:10.1198/tech.2009.08017.
    """
    n = exceedances.size
    size = 30 + int(np.sqrt(n))
    quartile = exceedances[int(n / 4 + 0.5) - 1]
    steps = 1.0 - np.sqrt(size / (np.arange(1, size + 1) - 0.5))
    grid = 1.0 / exceedances[-1] + steps / (3.0 * quartile)
    shapes = np.log1p(-grid[:, None] * exceedances).mean(axis=1)
    profile = n * (np.log(-grid / shapes) - shapes - 1.0)
    weights = np.exp(profile - profile.max())
    theta = float(grid @ weights / weights.sum())
    shape = float(np.log1p(-theta * exceedances).mean())
    scale = -shape / theta
    return (n * shape + PRIOR_DRAWS * PRIOR_SHAPE) / (n + PRIOR_DRAWS), scale


def tail_length(n: int) -> int:
    """Number of the largest of `n` weights that make up the tail."""
    return int(np.ceil(min(0.2 * n, 3.0 * np.sqrt(n))))


def smooth_weights(log_weights: FloatArray) -> tuple[FloatArray, float]:
    """Replace the largest importance weights by quantiles of a fitted Pareto tail.

    Parameters
    ----------
    log_weights : ndarray of shape (n,)
        Log importance ratios up to a constant; ``-inf`` is a weight of 0.

    Returns
    -------
    weights : ndarray of shape (n,)
        Smoothed, with sum 1.
    shape : float
        The diagnostic Pareto k; ``-inf`` where the largest weights are all equal.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao & Gabry 2024, J Mach Learn Res 25(72).
    """
    ratios = np.exp(log_weights - log_weights.max())
    n = ratios.size
    tail = tail_length(n)
    order = np.argsort(ratios, kind="stable")
    largest = order[n - tail :]
    cutoff = ratios[order[n - tail - 1]]
    exceedances = ratios[largest] - cutoff
    quartile = exceedances[int(tail / 4 + 0.5) - 1] if tail >= SHORTEST_TAIL else 0.0
    shape = -np.inf
    # A quartile this close to 0 is a tail of ties, to which no distribution can be fitted.
    if quartile > 1e-12:
        shape, scale = fit_generalised_pareto(exceedances)
        share = (np.arange(tail) + 0.5) / tail
        quantiles = np.expm1(-shape * np.log1p(-share)) * scale / shape
        ratios[largest] = np.minimum(cutoff + quantiles, 1.0)
    return ratios / ratios.sum(), float(shape)


def effective_size(weights: FloatArray) -> float:
    """Kish's effective number of draws of weights with sum 1."""
    return float(1.0 / np.square(weights).sum())
