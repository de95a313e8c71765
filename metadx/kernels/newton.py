"""Maximisation by damped Newton steps with the exact Hessian, and the choice of nodes."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from metadx.kernels.cluster import FAST
from metadx.kernels.likelihood import loglik, study_logliks
from metadx.kernels.quadrature import SIZES

CONVERGED, STALLED, TOO_MANY_STEPS, DIVERGING = 0, 1, 2, 3

#: A step may move no parameter by more than this (logit scale).
LONGEST_STEP = 2.0
#: A mean beyond this logit has left the data: expit(30) differs from 1 by 1e-13.
FARTHEST = 30.0
#: Damping beyond which no step is left.
MOST_DAMPING = 1e12


@njit(cache=True, fastmath=FAST, error_model="numpy")
def solve_positive(a, b, x):
    """Solve ``a x = b`` by Cholesky, in place; return False where `a` is not positive definite."""
    n = b.shape[0]
    for j in range(n):
        d = a[j, j]
        for k in range(j):
            d -= a[j, k] * a[j, k]
        if not d > 0.0:
            return False
        root = math.sqrt(d)
        a[j, j] = root
        for i in range(j + 1, n):
            v = a[i, j]
            for k in range(j):
                v -= a[i, k] * a[j, k]
            a[i, j] = v / root
    for i in range(n):
        v = b[i]
        for k in range(i):
            v -= a[i, k] * x[k]
        x[i] = v / a[i, i]
    for i in range(n - 1, -1, -1):
        v = x[i]
        for k in range(i + 1, n):
            v -= a[k, i] * x[k]
        x[i] = v / a[i, i]
    return True


@njit(cache=True)
def copy_into(to, values):
    """Copy element by element; assigning a slice would pull error formatting into the build."""
    for i in range(to.shape[0]):
        to[i] = values[i]


@njit(cache=True)
def largest_of(values, index):
    """Largest absolute value among the indexed ones."""
    largest = 0.0
    for i in index:
        largest = max(largest, abs(values[i]))
    return largest


@njit(cache=True)
def gather(score, free, gradient):
    """Fill `gradient` with the free parameters' score; return its largest absolute value."""
    for i in range(free.shape[0]):
        gradient[i] = score[free[i]]
    return largest_of(score, free)


@njit(cache=True)
def newton_step(second, gradient, free, damping, a, step):
    """Fill `step` with the damped Newton step; return the damping that made it possible."""
    n = free.shape[0]
    while damping <= MOST_DAMPING:
        for i in range(n):
            for j in range(n):
                a[i, j] = -second[free[i], free[j]]
            a[i, i] += damping * max(abs(a[i, i]), 1e-2)
        if solve_positive(a, gradient, step):
            break
        damping = max(10.0 * damping, 1e-3)
    return damping


@njit(cache=True)
def move(theta, step, free, trial):
    """Fill `trial` with `theta` moved by the step, shortened to ``LONGEST_STEP``."""
    longest = 0.0
    for change in step:
        longest = max(longest, abs(change))
    shorten = LONGEST_STEP / longest if longest > LONGEST_STEP else 1.0
    for i in range(free.shape[0]):
        trial[free[i]] = theta[free[i]] + shorten * step[i]
    return longest


@njit(cache=True)
def has_left(theta, p1, p2):
    """Whether a mean of an intercept-only model has left the data."""
    return p1 == 1 == p2 and max(abs(theta[0]), abs(theta[1])) > FARTHEST


@njit(cache=True, fastmath=FAST, error_model="numpy", nogil=True)
def maximise(
    theta,
    free,
    counts,
    start,
    group,
    columns1,
    columns2,
    levels,
    z,
    tolerance,
    steps,
    score,
    second,
):
    """Maximise the log-likelihood over the free parameters.

    Parameters
    ----------
    theta : ndarray of shape (p,)
        Start, overwritten by the maximum.
    free : ndarray of shape (n_free,)
        Indices of the parameters that move; the others keep their start.
    counts, start, group, columns1, columns2, levels, z
        As in :func:`metadx.kernels.likelihood.loglik`.
    tolerance : float
        Largest absolute score of a free parameter at which the search ends.
    steps : int
        Most evaluations.
    score, second : ndarray of shape (p,) and (p, p)
        Score and Hessian at the end.

    Returns
    -------
    value : float
        Log-likelihood without binomial coefficients.
    evaluations : int
        Number of evaluations.
    status : int
        CONVERGED, STALLED (no further ascent in floating point), TOO_MANY_STEPS or DIVERGING.
    """
    n = free.shape[0]
    data = (counts, start, group, columns1, columns2, levels, z)
    value = loglik(theta, *data, True, score, second)
    evaluations = 1
    damping = 0.0
    a, step, gradient = np.empty((n, n)), np.empty(n), np.empty(n)
    trial = theta.copy()
    trial_score, trial_second = np.empty_like(score), np.empty_like(second)
    while True:
        largest = gather(score, free, gradient)
        if largest < tolerance:
            return value, evaluations, CONVERGED
        if evaluations >= steps:
            return value, evaluations, TOO_MANY_STEPS
        damping = newton_step(second, gradient, free, damping, a, step)
        if damping > MOST_DAMPING:
            return value, evaluations, STALLED
        longest = move(theta, step, free, trial)
        trial_value = loglik(trial, *data, True, trial_score, trial_second)
        evaluations += 1
        slack = 1e-10 * (1.0 + abs(value))
        level = abs(trial_value - value) <= slack
        if trial_value > value + slack or (level and largest_of(trial_score, free) < largest):
            value = trial_value
            copy_into(theta, trial)
            copy_into(score, trial_score)
            for i in range(theta.shape[0]):
                copy_into(second[i], trial_second[i])
            damping = damping * 0.1 if damping > 1e-4 else 0.0
            if has_left(theta, columns1.shape[1], columns2.shape[1]):
                return value, evaluations, DIVERGING
        else:
            copy_into(trial, theta)
            damping = max(10.0 * damping, 1e-2)
            if damping > MOST_DAMPING or longest < 1e-13:
                return value, evaluations, STALLED


@njit(cache=True, fastmath=FAST, error_model="numpy", nogil=True)
def predict_levels(theta, counts, start, group, columns1, columns2, z, sizes, error, levels):
    """Fill `levels` with the level at which each study's error should fall below `error`.

    The error of a Gauss-Hermite rule falls geometrically with its nodes. Three low levels
    (4, 8 and 12 nodes) give the rate; :func:`raise_levels` checks what comes of it.
    """
    n = start.shape[0] - 1
    values = np.empty((3, n))
    for step in range(3):
        levels.fill(1 + step)
        study_logliks(theta, counts, start, group, columns1, columns2, levels, z, values[step])
    for c in range(n):
        first = abs(values[1, c] - values[0, c])
        second = max(abs(values[2, c] - values[1, c]), 0.02 * first)
        level = 3 if second > error else 2
        if second > error:
            rate = min(max(second / max(first, 1e-300), 0.001), 0.8)
            nodes = 12.0 + 4.0 * math.log(error * (1.0 - rate) / second) / math.log(rate)
            while level < HIGHEST_GUESS and sizes[level] < nodes:
                level += 1
        levels[c] = level


@njit(cache=True, fastmath=FAST, error_model="numpy", nogil=True)
def raise_levels(theta, counts, start, group, columns1, columns2, levels, z, error, highest):
    """Compare each study with the next level; where they differ by more than `error`, go there.

    Returns
    -------
    missing : float
        Sum over studies of the absolute differences: an estimate of the quadrature's error.
    raised : int
        Number of studies whose level was raised.
    """
    n = start.shape[0] - 1
    trial = np.empty(n, dtype=np.int64)
    now, higher = np.empty(n), np.empty(n)
    for c in range(n):
        trial[c] = min(levels[c] + 1, highest)
    study_logliks(theta, counts, start, group, columns1, columns2, levels, z, now)
    study_logliks(theta, counts, start, group, columns1, columns2, trial, z, higher)
    missing, raised = 0.0, 0
    for c in range(n):
        gap = abs(higher[c] - now[c])
        missing += gap
        if gap > error and levels[c] < highest:
            levels[c] = min(levels[c] + 2, highest)
            raised += 1
    return missing, raised


#: No study starts the fine search above this level; those that need more are raised after it.
HIGHEST_GUESS = 7
#: Level and evaluations of the search that only brings the parameters near the maximum.
COARSE_LEVEL, COARSE_STEPS, COARSE_TOLERANCE = 2, 10, 1e-2


@njit(cache=True, fastmath=FAST, error_model="numpy", nogil=True)
def fit(
    theta,
    free,
    counts,
    start,
    group,
    columns1,
    columns2,
    levels,
    z,
    tolerance,
    steps,
    error,
    score,
    second,
):
    """Maximise coarsely, choose the nodes, maximise finely, check the nodes.

    Parameters
    ----------
    theta, free, counts, start, group, columns1, columns2, z, tolerance, steps, score, second
        As in :func:`maximise`.
    levels : ndarray of shape (n_studies,)
        Filled with the chosen quadrature levels.
    error : float
        Quadrature error to stay below, summed over the studies.

    Returns
    -------
    value, evaluations, status
        As in :func:`maximise`.
    missing : float
        Estimate of the quadrature's error in `value`.
    """
    highest = SIZES.shape[0] - 1
    n = start.shape[0] - 1
    levels.fill(COARSE_LEVEL)
    _, evaluations, _ = maximise(
        theta, free, counts, start, group, columns1, columns2, levels, z,
        COARSE_TOLERANCE, COARSE_STEPS, score, second,
    )  # fmt: skip
    share = error / n
    predict_levels(theta, counts, start, group, columns1, columns2, z, SIZES, 0.5 * share, levels)
    while True:
        value, more, status = maximise(
            theta, free, counts, start, group, columns1, columns2, levels, z,
            tolerance, steps, score, second,
        )  # fmt: skip
        evaluations += more
        if status == DIVERGING:
            return value, evaluations, status, 0.0
        missing, raised = raise_levels(
            theta, counts, start, group, columns1, columns2, levels, z, share, highest
        )
        if raised == 0 or missing < error:
            return value, evaluations, status, missing
