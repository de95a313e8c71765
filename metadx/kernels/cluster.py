"""The integral over the effects of one study, with its score and curvature.

Model of a row: ``eta_1 = a_1 + l11 z_1``, ``eta_2 = a_2 + l21 z_1 + l22 z_2`` with
``z ~ N(0, I)``; ``y_j ~ Binomial(n_j, expit(eta_j))``; margin 1 is sensitivity, margin 2
specificity. Working with the factor ``L`` and not with ``Sigma = L L'`` keeps everything
smooth where a variance is 0 or the correlation is -1 or 1: the boundary is the plane
``l22 = 0``, an ordinary stationary point.

Score and information come from Fisher's and Louis' identities (Louis 1982, J R Stat Soc B,
doi:10.1111/j.2517-6161.1982.tb01203.x) under the quadrature's own weights. A margin that a
study does not have enters with n = 0 and drops out by itself.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from metadx.kernels.vector_math import exp_below, log1p_unit

#: Reassociation and contraction only: infinities and NaN keep their meaning.
FAST = {"contract", "reassoc", "nsz", "arcp"}
LOG_2PI = math.log(2.0 * math.pi)

#: Most Newton steps to the mode of one study. The step rule contracts from anywhere; an ordinary
#: study takes a handful, one of 2,000 patients under a tau of 60 fewer than 20.
MODE_STEPS = 60
MODE_TOLERANCE = 1e-7


@njit(cache=True, fastmath=FAST, error_model="numpy", inline="always")
def softplus_expit(eta):
    """Return ``log(1 + exp(eta))`` and ``expit(eta)``, both without overflow."""
    e = math.exp(-abs(eta))
    if eta >= 0.0:
        return eta + math.log1p(e), 1.0 / (1.0 + e)
    return math.log1p(e), e / (1.0 + e)


@njit(cache=True, fastmath=FAST, error_model="numpy")
def mode(rows, counts, offsets, factors, group, z):
    """Find the mode of ``log p(y | z) - z'z / 2`` of one study by damped Newton steps.

    The full step is shortened to ``log(1 + d) / d`` of itself where it moves a linear
    predictor by ``d > 1``; for a logistic likelihood this decreases the objective from any
    start (Bach 2010, Electron J Stat, doi:10.1214/09-EJS521, self-concordance), so that no
    study can cycle.

    Parameters
    ----------
    rows : tuple of int
        First row of the study and one past its last.
    counts : ndarray of shape (n_rows, 4)
        y_1, n_1, y_2, n_2.
    offsets : ndarray of shape (n_rows, 2)
        Fixed part of the linear predictors (logit).
    factors : ndarray of shape (n_groups, 3)
        l11, l21, l22 of each variance group.
    group : ndarray of shape (n_rows,)
        Variance group of each row.
    z : ndarray of shape (2,)
        Start, overwritten by the mode.

    Returns
    -------
    h11, h12, h22 : float
        Negative second derivatives at the mode.
    """
    h11, h12, h22 = 1.0, 0.0, 1.0
    for _ in range(MODE_STEPS):
        g1, g2 = -z[0], -z[1]
        h11, h12, h22 = 1.0, 0.0, 1.0
        for i in range(rows[0], rows[1]):
            l11, l21, l22 = factors[group[i], 0], factors[group[i], 1], factors[group[i], 2]
            if counts[i, 1] > 0.0:
                _, p = softplus_expit(offsets[i, 0] + l11 * z[0])
                g1 += l11 * (counts[i, 0] - counts[i, 1] * p)
                h11 += l11 * l11 * counts[i, 1] * p * (1.0 - p)
            if counts[i, 3] > 0.0:
                _, p = softplus_expit(offsets[i, 1] + l21 * z[0] + l22 * z[1])
                r = counts[i, 2] - counts[i, 3] * p
                v = counts[i, 3] * p * (1.0 - p)
                g1 += l21 * r
                g2 += l22 * r
                h11 += l21 * l21 * v
                h12 += l21 * l22 * v
                h22 += l22 * l22 * v
        det = h11 * h22 - h12 * h12
        s1 = (h22 * g1 - h12 * g2) / det
        s2 = (h11 * g2 - h12 * g1) / det
        d = 0.0
        for i in range(rows[0], rows[1]):
            l11, l21, l22 = factors[group[i], 0], factors[group[i], 1], factors[group[i], 2]
            d = max(d, abs(l11 * s1), abs(l21 * s1 + l22 * s2))
        shorten = math.log1p(d) / d if d > 1.0 else 1.0
        z[0] += shorten * s1
        z[1] += shorten * s2
        if max(abs(s1), abs(s2)) < MODE_TOLERANCE:
            break
    return h11, h12, h22


@njit(cache=True, fastmath=FAST, error_model="numpy")
def log_joint(rows, counts, offsets, factors, group, z1, z2):
    """Return ``log p(y | z) - z'z / 2`` of one study without the binomial coefficients."""
    value = -0.5 * (z1 * z1 + z2 * z2)
    for i in range(rows[0], rows[1]):
        g = group[i]
        if counts[i, 1] > 0.0:
            eta = offsets[i, 0] + factors[g, 0] * z1
            sp, _ = softplus_expit(eta)
            value += counts[i, 0] * eta - counts[i, 1] * sp
        if counts[i, 3] > 0.0:
            eta = offsets[i, 1] + factors[g, 1] * z1 + factors[g, 2] * z2
            sp, _ = softplus_expit(eta)
            value += counts[i, 2] * eta - counts[i, 3] * sp
    return value


@njit(cache=True, fastmath=FAST, error_model="numpy")
def lay_out(count, a1, factor, centre, scale, top, rule, work):
    """Fill the grid's first dimension and everything that depends on it alone.

    Parameters
    ----------
    count, a1, factor, centre, scale, top, rule
        As in :func:`integrate_one`.
    work : ndarray of shape (5, n)
        Filled for each node of the pruned tensor grid with z_1, z_2, the log weight, the
        residual and the variance of the first margin.

    Returns
    -------
    int
        Number of nodes.
    """
    size1, nodes1, logw1, size2, nodes2, logw2, first = rule
    n = 0
    for a in range(size1):
        z1 = centre[0] + scale[0] * nodes1[a]
        sp, p = softplus_expit(a1 + factor[0] * z1)
        base = logw1[a] - top - 0.5 * z1 * z1 + count[0] * (a1 + factor[0] * z1) - count[1] * sp
        r1 = count[0] - count[1] * p
        v1 = count[1] * p * (1.0 - p)
        shift = centre[1] + scale[1] * nodes1[a]
        low = first[a] if size1 == size2 else 0
        for b in range(low, size2 - low):
            at = n + b - low
            work[0, at] = z1
            work[1, at] = shift + scale[2] * nodes2[b]
            work[2, at] = base + logw2[b]
            work[3, at] = r1
            work[4, at] = v1
        n += size2 - 2 * low
    return n


@njit(cache=True, fastmath=FAST, error_model="numpy")
def sum_weights(count, a2, factor, n, work):
    """Return the sum of the integrand over the grid, for when no derivatives are wanted."""
    total = 0.0
    for at in range(n):
        z2 = work[1, at]
        eta = a2 + factor[1] * work[0, at] + factor[2] * z2
        e = exp_below(-abs(eta))
        sp = max(eta, 0.0) + log1p_unit(e)
        total += exp_below(work[2, at] - 0.5 * z2 * z2 + count[2] * eta - count[3] * sp)
    return total


@njit(cache=True, fastmath=FAST, error_model="numpy")
def sum_moments(count, a2, factor, n, work, s, m):
    """Sum the integrand with its score (5,) and second moments (5, 5, upper triangle)."""
    y2, n2, l21, l22 = count[2], count[3], factor[1], factor[2]
    total = 0.0
    e1 = e2 = e3 = e4 = e5 = 0.0
    m11 = m12 = m22 = m13 = m14 = m15 = m24 = m25 = 0.0
    m33 = m34 = m35 = m44 = m45 = m55 = 0.0
    for at in range(n):
        z1, z2, r1, v1 = work[0, at], work[1, at], work[3, at], work[4, at]
        eta = a2 + l21 * z1 + l22 * z2
        e = exp_below(-abs(eta))
        sp = max(eta, 0.0) + log1p_unit(e)
        share = 1.0 / (1.0 + e)
        p = share if eta >= 0.0 else e * share
        w = exp_below(work[2, at] - 0.5 * z2 * z2 + y2 * eta - n2 * sp)
        r2 = y2 - n2 * p
        c1 = w * (r1 * r1 - v1)
        c2 = w * (r2 * r2 - n2 * p * (1.0 - p))
        w1, w2 = w * r1, w * r2
        both = w1 * r2
        total += w
        e1 += w1
        e2 += w1 * z1
        e3 += w2
        e4 += w2 * z1
        e5 += w2 * z2
        m11 += c1
        m12 += c1 * z1
        m22 += c1 * z1 * z1
        m13 += both
        m14 += both * z1
        m15 += both * z2
        m24 += both * z1 * z1
        m25 += both * z1 * z2
        m33 += c2
        m34 += c2 * z1
        m35 += c2 * z2
        m44 += c2 * z1 * z1
        m45 += c2 * z1 * z2
        m55 += c2 * z2 * z2
    s[0], s[1], s[2], s[3], s[4] = e1, e2, e3, e4, e5
    m[0, 0], m[0, 1], m[0, 2], m[0, 3], m[0, 4] = m11, m12, m13, m14, m15
    m[1, 1], m[1, 2], m[1, 3], m[1, 4] = m22, m14, m24, m25
    m[2, 2], m[2, 3], m[2, 4] = m33, m34, m35
    m[3, 3], m[3, 4], m[4, 4] = m44, m45, m55
    return total


@njit(cache=True, fastmath=FAST, error_model="numpy")
def integrate_one(count, a1, a2, factor, centre, scale, top, rule, derivatives, s, m, work):
    """Integrate a study of one row; fill its score and its second derivatives.

    Parameters
    ----------
    count : ndarray of shape (4,)
        y_1, n_1, y_2, n_2.
    a1, a2 : float
        Fixed part of the two linear predictors (logit).
    factor : ndarray of shape (3,)
        l11, l21, l22.
    centre : tuple of float
        Mode z_1, z_2.
    scale : tuple of float
        Lower Cholesky factor c11, c21, c22 of the inverse curvature.
    top : float
        Log joint density at the mode, subtracted before exponentials are taken.
    rule : tuple
        Size, nodes and log weights of the first and of the second dimension, first kept node.
    derivatives : bool
        False leaves `s` and `m` untouched.
    s : ndarray of shape (5,)
        Filled with the score for (a1, l11, a2, l21, l22).
    m : ndarray of shape (5, 5)
        Filled with the second derivatives (upper triangle).
    work : ndarray of shape (5, n)
        Work space for the grid.

    Returns
    -------
    float
        Log of the integral of ``p(y | z) phi(z)`` without binomial coefficients.
    """
    n = lay_out(count, a1, factor, centre, scale, top, rule, work)
    if not derivatives:
        total = sum_weights(count, a2, factor, n, work)
        return top + math.log(scale[0] * scale[2] * total) - LOG_2PI
    total = sum_moments(count, a2, factor, n, work, s, m)
    inverse = 1.0 / total
    for i in range(5):
        s[i] *= inverse
    for i in range(5):
        for j in range(i, 5):
            m[i, j] = m[i, j] * inverse - s[i] * s[j]
    return top + math.log(scale[0] * scale[2] * total) - LOG_2PI


@njit(cache=True, fastmath=FAST, error_model="numpy")
def local_score(
    rows, counts, offsets, factors, group, columns1, columns2, z1, z2, w, local, second
):
    """Fill `local` with a study's score given its effects; subtract w times its curvature.

    Only the lower triangle of `second` is filled.
    """
    p1, p2 = columns1.shape[1], columns2.shape[1]
    local.fill(0.0)
    for i in range(rows[0], rows[1]):
        g = group[i]
        at = p1 + p2 + 3 * g
        if counts[i, 1] > 0.0:
            _, p = softplus_expit(offsets[i, 0] + factors[g, 0] * z1)
            r = counts[i, 0] - counts[i, 1] * p
            v = w * counts[i, 1] * p * (1.0 - p)
            for j in range(p1):
                local[j] += r * columns1[i, j]
                for jj in range(j + 1):
                    second[j, jj] -= v * columns1[i, j] * columns1[i, jj]
                second[at, j] -= v * z1 * columns1[i, j]
            local[at] += r * z1
            second[at, at] -= v * z1 * z1
        if counts[i, 3] > 0.0:
            _, p = softplus_expit(offsets[i, 1] + factors[g, 1] * z1 + factors[g, 2] * z2)
            r = counts[i, 2] - counts[i, 3] * p
            v = w * counts[i, 3] * p * (1.0 - p)
            for j in range(p2):
                local[p1 + j] += r * columns2[i, j]
                for jj in range(j + 1):
                    second[p1 + j, p1 + jj] -= v * columns2[i, j] * columns2[i, jj]
                second[at + 1, p1 + j] -= v * z1 * columns2[i, j]
                second[at + 2, p1 + j] -= v * z2 * columns2[i, j]
            local[at + 1] += r * z1
            local[at + 2] += r * z2
            second[at + 1, at + 1] -= v * z1 * z1
            second[at + 2, at + 1] -= v * z1 * z2
            second[at + 2, at + 2] -= v * z2 * z2


@njit(cache=True, fastmath=FAST, error_model="numpy")
def integrate_many(
    rows,
    counts,
    offsets,
    factors,
    group,
    columns1,
    columns2,
    centre,
    scale,
    top,
    rule,
    derivatives,
    score,
    second,
):
    """Integrate a study of several rows that share its effects (paired tests).

    Arguments as in :func:`integrate_one`, with the design matrices `columns1` of shape
    (n_rows, p_1) and `columns2` of shape (n_rows, p_2). `score`, of shape (p,), and the full
    matrix `second`, of shape (p, p), are in the model's own parameters
    (beta_1, beta_2, then l11, l21, l22 of each group).
    """
    size1, nodes1, logw1, size2, nodes2, logw2, _ = rule
    size = score.shape[0]
    local = np.zeros(size)
    score.fill(0.0)
    second.fill(0.0)
    total = 0.0
    for a in range(size1):
        z1 = centre[0] + scale[0] * nodes1[a]
        for b in range(size2):
            z2 = centre[1] + scale[1] * nodes1[a] + scale[2] * nodes2[b]
            joint = log_joint(rows, counts, offsets, factors, group, z1, z2)
            w = math.exp(logw1[a] + logw2[b] + joint - top)
            total += w
            if not derivatives:
                continue
            local_score(
                rows, counts, offsets, factors, group, columns1, columns2, z1, z2, w, local, second
            )
            for j in range(size):
                score[j] += w * local[j]
                for jj in range(j + 1):
                    second[j, jj] += w * local[j] * local[jj]
    if derivatives:
        for j in range(size):
            score[j] /= total
        for j in range(size):
            for jj in range(j + 1):
                second[j, jj] = second[j, jj] / total - score[j] * score[jj]
                second[jj, j] = second[j, jj]
    return top + math.log(scale[0] * scale[2] * total) - LOG_2PI
