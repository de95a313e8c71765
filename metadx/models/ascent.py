"""The mode of a density that is evaluated in batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

MOST_CLIMBS: Final = 60
#: Steps of the numerical derivatives: this many standard deviations of each parameter, as far
#: as the curvature is known, and never more than the second number.
STEP, LONGEST_DIFFERENCE = 0.2, 0.1
#: The climb ends where Newton's decrement promises less than this gain in log density.
LEAST_GAIN: Final = 1e-3
#: Curvatures below this are raised to it: a direction in which the density is flat gets a
#: standard deviation of 4, on a scale on which the prior's own is near 1.
LEAST_CURVATURE: Final = 1.0 / 16.0
#: Shares of a Newton step that are tried at once.
LENGTHS: Final = np.array([1.0, 0.5, 0.25, 0.1, 0.02])


def climb(
    log_density: Callable[[FloatArray], FloatArray], start: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Find a mode by Newton's method with numerical derivatives.

    All points of a difference scheme are evaluated in one call, which costs a batched density
    hardly more than a single point.

    Parameters
    ----------
    log_density : callable
        Finite and smooth along the way.
    start : ndarray of shape (d,)
        Where the climb begins.

    Returns
    -------
    mode : ndarray of shape (d,)
        Where the density is highest.
    covariance : ndarray of shape (d, d)
        Inverse negative curvature there, positive definite.
    """
    x, widths = start, np.full(start.size, LONGEST_DIFFERENCE)
    for _ in range(MOST_CLIMBS):
        value, gradient, curvature = _derivatives(log_density, x, widths)
        values, vectors = np.linalg.eigh(curvature)
        values = np.maximum(values, LEAST_CURVATURE)
        covariance = (vectors / values) @ vectors.T
        step = covariance @ gradient
        gain = 0.5 * float(gradient @ step)
        trials = x + LENGTHS[:, None] * step / max(1.0, float(np.abs(step).max()))
        heights = log_density(trials)
        best = int(np.argmax(heights))
        if gain < LEAST_GAIN or not heights[best] > value:
            break
        x = trials[best]
        steepest = np.maximum(np.diag(curvature), LEAST_CURVATURE)
        widths = np.minimum(LONGEST_DIFFERENCE, STEP / np.sqrt(steepest))
    return x, np.asarray(covariance)


def _derivatives(
    log_density: Callable[[FloatArray], FloatArray], x: FloatArray, widths: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    """Value, gradient and negative Hessian by central differences."""
    d = x.size
    one = np.diag(widths)
    pairs = np.column_stack(np.tril_indices(d, -1))
    both = one[pairs[:, 0]] + one[pairs[:, 1]]
    f = log_density(x + np.concatenate([np.zeros((1, d)), one, -one, both, -both]))
    value, up, down = f[0], f[1 : d + 1], f[d + 1 : 2 * d + 1]
    bend = up + down - 2.0 * value
    hessian = np.diag(bend)
    mixed = f[2 * d + 1 :].reshape(2, -1).sum(axis=0) - 2.0 * value
    for (i, j), twice in zip(pairs, mixed, strict=True):
        hessian[i, j] = hessian[j, i] = 0.5 * (twice - bend[i] - bend[j])
    scale = widths[:, None] * widths[None, :]
    return float(value), (up - down) / (2.0 * widths), -hessian / scale
