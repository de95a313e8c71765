"""Many fits of one design to many tables of counts, in parallel."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from metadx.kernels.cluster import FAST
from metadx.kernels.newton import copy_into, maximise, solve_positive

#: Curvature in l22 or l11 below which a replicate counts as lying on that boundary, and the
#: covariance of the means is taken with that parameter fixed.
FLAT = 1e-3


@njit(cache=True, fastmath=FAST, error_model="numpy", nogil=True)
def covariance_of_means(hessian, theta, free, n_means, out):
    """Fill `out`, (n_means, n_means), with the covariance of the free regression coefficients.

    Factor parameters whose value is below ``FLAT`` are taken as fixed, as a reduced refit
    would; where the information is still not positive definite all of them are.
    """
    keep = np.empty(free.shape[0], dtype=np.int64)
    for attempt in range(2):
        n = 0
        for i in free:
            if i < n_means or (attempt == 0 and abs(theta[i]) > FLAT):
                keep[n] = i
                n += 1
        a, b, x = np.empty((n, n)), np.zeros(n), np.empty(n)
        good = True
        for j in range(n):
            if keep[j] >= n_means:
                break
            for i in range(n):
                for k in range(n):
                    a[i, k] = -hessian[keep[i], keep[k]]
                b[i] = 0.0
            b[j] = 1.0
            good = solve_positive(a, b, x)
            if not good:
                break
            for i in range(n):
                if keep[i] < n_means:
                    out[keep[i], keep[j]] = x[i]
        if good:
            return True
    return False


@njit(cache=True, fastmath=FAST, error_model="numpy", parallel=True)
def refit(
    theta,
    free,
    counts,
    start,
    group,
    columns1,
    columns2,
    levels,
    tolerance,
    steps,
    thetas,
    covs,
    values,
    status,
):
    """Fit each of many tables, every search starting from `theta`.

    Parameters
    ----------
    theta : ndarray of shape (p,)
        Start of every search.
    free : ndarray of shape (n_free,)
        Parameters that move.
    counts : ndarray of shape (n_tables, n_rows, 4)
        Counts of each table.
    start, group, columns1, columns2, levels, tolerance, steps
        As in :func:`metadx.kernels.newton.maximise`.
    thetas : ndarray of shape (n_tables, p)
        Filled with the maxima.
    covs : ndarray of shape (n_tables, n_means, n_means)
        Filled with the covariance of the regression coefficients; NaN where the information
        is singular.
    values : ndarray of shape (n_tables,)
        Filled with the log-likelihoods without binomial coefficients.
    status : ndarray of shape (n_tables,)
        Filled with the search's status.
    """
    n_means = columns1.shape[1] + columns2.shape[1]
    for r in prange(counts.shape[0]):
        own = theta.copy()
        z = np.zeros((start.shape[0] - 1, 2))
        score, second = np.empty(own.shape[0]), np.empty((own.shape[0], own.shape[0]))
        value, _, state = maximise(
            own, free, counts[r], start, group, columns1, columns2, levels, z,
            tolerance, steps, score, second,
        )  # fmt: skip
        copy_into(thetas[r], own)
        values[r] = value
        status[r] = state
        if not covariance_of_means(second, own, free, n_means, covs[r]):
            covs[r].fill(math.nan)
