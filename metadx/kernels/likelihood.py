"""Log-likelihood, score and Hessian of the binomial-normal model over all studies."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from metadx.kernels.cluster import FAST, integrate_many, integrate_one, log_joint, mode
from metadx.kernels.quadrature import FIRST, LOG_WEIGHTS, NODES, SIZES, WORK_ROWS

#: A rule for the second dimension where no row has a loading on it: four nodes integrate
#: the square of a standard normal exactly, and nothing of higher order is left.
FLAT_LEVEL = 1


@njit(cache=True, fastmath=FAST, error_model="numpy")
def study_loglik(
    c,
    start,
    counts,
    offsets,
    factors,
    group,
    columns1,
    columns2,
    level,
    z,
    derivatives,
    score,
    second,
    s,
    m,
    work,
):
    """Return the log-likelihood of study `c` without binomial coefficients; add its derivatives.

    Parameters
    ----------
    c : int
        Number of the study.
    start : ndarray of shape (n_studies + 1,)
        First row of each study; rows of a study stand together.
    counts, offsets, factors, group, columns1, columns2
        As in :mod:`metadx.kernels.cluster`.
    level : int
        Quadrature level, an index into ``LEVELS``.
    z : ndarray of shape (n_studies, 2)
        Modes from the last call, updated.
    derivatives : bool
        False leaves `score` and `second` untouched.
    score, second : ndarray of shape (p,) and (p, p)
        Score and Hessian, added to.
    s, m : ndarray of shape (5,) and (5, 5), or (p,) and (p, p)
        Work space.
    work : ndarray of shape (WORK_ROWS, n)
        Work space for the largest grid.
    """
    rows = (start[c], start[c + 1])
    h11, h12, h22 = mode(rows, counts, offsets, factors, group, z[c])
    det = h11 * h22 - h12 * h12
    c11 = math.sqrt(h22 / det)
    scale = (c11, -h12 / det / c11, 1.0 / math.sqrt(h22))
    centre = (z[c, 0], z[c, 1])
    top = log_joint(rows, counts, offsets, factors, group, centre[0], centre[1])
    flat = True
    for i in range(rows[0], rows[1]):
        if factors[group[i], 2] != 0.0:
            flat = False
    level2 = min(level, FLAT_LEVEL) if flat else level
    rule = (
        SIZES[level],
        NODES[level],
        LOG_WEIGHTS[level],
        SIZES[level2],
        NODES[level2],
        LOG_WEIGHTS[level2],
        FIRST[level],
    )
    if rows[1] - rows[0] > 1:
        value = integrate_many(
            rows, counts, offsets, factors, group, columns1, columns2,
            centre, scale, top, rule, derivatives, s, m,
        )  # fmt: skip
        if derivatives:
            for j in range(score.shape[0]):
                score[j] += s[j]
                for jj in range(score.shape[0]):
                    second[j, jj] += m[j, jj]
        return value
    i = rows[0]
    g = group[i]
    value = integrate_one(
        counts[i], offsets[i, 0], offsets[i, 1], factors[g], centre, scale, top, rule,
        derivatives, s, m, work,
    )  # fmt: skip
    if derivatives:
        _add_row(columns1[i], columns2[i], g, s, m, score, second)
    return value


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _add_row(x1, x2, g, s, m, score, second):
    """Carry the five local derivatives of one row over to the model's parameters."""
    p1, p2 = x1.shape[0], x2.shape[0]
    at = p1 + p2 + 3 * g
    for j in range(p1):
        score[j] += s[0] * x1[j]
        for jj in range(p1):
            second[j, jj] += m[0, 0] * x1[j] * x1[jj]
        for jj in range(p2):
            second[j, p1 + jj] += m[0, 2] * x1[j] * x2[jj]
            second[p1 + jj, j] += m[0, 2] * x1[j] * x2[jj]
        for n, k in ((0, 1), (1, 3), (2, 4)):
            second[j, at + n] += m[0, k] * x1[j]
            second[at + n, j] += m[0, k] * x1[j]
    for j in range(p2):
        score[p1 + j] += s[2] * x2[j]
        for jj in range(p2):
            second[p1 + j, p1 + jj] += m[2, 2] * x2[j] * x2[jj]
        second[p1 + j, at] += m[1, 2] * x2[j]
        second[at, p1 + j] += m[1, 2] * x2[j]
        for n, k in ((1, 3), (2, 4)):
            second[p1 + j, at + n] += m[2, k] * x2[j]
            second[at + n, p1 + j] += m[2, k] * x2[j]
    for n, k in ((0, 1), (1, 3), (2, 4)):
        score[at + n] += s[k]
        for nn, kk in ((0, 1), (1, 3), (2, 4)):
            second[at + n, at + nn] += m[min(k, kk), max(k, kk)]


@njit(cache=True)
def _largest_grid(levels):
    """Nodes of the largest tensor grid that any study needs."""
    highest = 0
    for level in levels:
        highest = max(highest, level)
    return SIZES[highest] * SIZES[highest]


@njit(cache=True, fastmath=FAST, error_model="numpy")
def unpack(theta, columns1, columns2, offsets, factors):
    """Split `theta` = (beta_1, beta_2, then l11, l21, l22 a group) into its parts, in place."""
    p1, p2 = columns1.shape[1], columns2.shape[1]
    for i in range(columns1.shape[0]):
        a1 = 0.0
        for j in range(p1):
            a1 += columns1[i, j] * theta[j]
        a2 = 0.0
        for j in range(p2):
            a2 += columns2[i, j] * theta[p1 + j]
        offsets[i, 0] = a1
        offsets[i, 1] = a2
    for g in range(factors.shape[0]):
        for n in range(3):
            factors[g, n] = theta[p1 + p2 + 3 * g + n]


@njit(cache=True, fastmath=FAST, error_model="numpy", nogil=True)
def loglik(theta, counts, start, group, columns1, columns2, levels, z, derivatives, score, second):
    """Return the log-likelihood without binomial coefficients; fill score and Hessian.

    Parameters
    ----------
    theta : ndarray of shape (p,)
        beta_1, beta_2 (logit scale), then l11, l21, l22 of each variance group, where
        ``Sigma = L L'`` with ``L = [[l11, 0], [l21, l22]]``.
    counts : ndarray of shape (n_rows, 4)
        TP, n_1, TN, n_0 as floats; a margin that a row does not have has n = 0.
    start : ndarray of shape (n_studies + 1,)
        First row of each study.
    group : ndarray of shape (n_rows,)
        Variance group of each row.
    columns1, columns2 : ndarray of shape (n_rows, p_1) and (n_rows, p_2)
        Design matrices of the two margins.
    levels : ndarray of shape (n_studies,)
        Quadrature level of each study.
    z : ndarray of shape (n_studies, 2)
        Modes, start values in and modes out.
    derivatives : bool
        False leaves `score` and `second` untouched.
    score, second : ndarray of shape (p,) and (p, p)
        Overwritten.
    """
    size = theta.shape[0]
    offsets = np.empty((columns1.shape[0], 2))
    factors = np.empty(((size - columns1.shape[1] - columns2.shape[1]) // 3, 3))
    unpack(theta, columns1, columns2, offsets, factors)
    work = np.empty((WORK_ROWS, _largest_grid(levels)))
    s1, m1 = np.empty(5), np.empty((5, 5))
    s2, m2 = np.empty(size), np.empty((size, size))
    if derivatives:
        score.fill(0.0)
        second.fill(0.0)
    value = 0.0
    for c in range(start.shape[0] - 1):
        s, m = (s1, m1) if start[c + 1] - start[c] == 1 else (s2, m2)
        value += study_loglik(
            c, start, counts, offsets, factors, group, columns1, columns2, levels[c], z,
            derivatives, score, second, s, m, work,
        )  # fmt: skip
    return value


@njit(cache=True, fastmath=FAST, error_model="numpy", nogil=True)
def study_logliks(theta, counts, start, group, columns1, columns2, levels, z, out):
    """Fill `out`, of shape (n_studies,), with each study's log-likelihood at its own level."""
    size = theta.shape[0]
    offsets = np.empty((columns1.shape[0], 2))
    factors = np.empty(((size - columns1.shape[1] - columns2.shape[1]) // 3, 3))
    unpack(theta, columns1, columns2, offsets, factors)
    work = np.empty((WORK_ROWS, _largest_grid(levels)))
    s, m = np.empty(size), np.empty((size, size))
    for c in range(start.shape[0] - 1):
        out[c] = study_loglik(
            c, start, counts, offsets, factors, group, columns1, columns2, levels[c], z,
            False, s, m, s, m, work,
        )  # fmt: skip
