"""The log-likelihood of the plain bivariate model at thousands of parameter vectors.

Importance sampling asks for the likelihood, without derivatives, at many points at once. The
innermost loops therefore run over :data:`LANES` parameter vectors that share a study, on the
branch-free functions of :mod:`metadx.kernels.vector_math`, and the compiler turns them into
vector instructions: 3 ns a quadrature node, the search for the modes included. Blocks of
vectors are spread over the threads; which thread works on a block has no influence on its
numbers.

The model is that of :mod:`metadx.kernels.cluster` with one row a study, no covariates and
one between-study covariance matrix.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import config, njit

from metadx.kernels.cluster import FAST, LOG_2PI
from metadx.kernels.quadrature import LOG_WEIGHTS, NODES, SIZES, FloatArray, IntArray
from metadx.kernels.vector_math import exp_below, log1p_unit

#: Parameter vectors a block: a multiple of every vector width, and a block's work space (11 kB)
#: stays in the first cache.
LANES = 64
#: Blocks that a thread takes at a time. Threads fetch work instead of splitting it beforehand
#: and meeting at a barrier: on a machine with other work that is twice as fast as ``prange``,
#: on an idle one as fast, and nothing outlives the call that a forked process could miss.
CHUNK = 8
#: The centre of the rule need not be the exact mode: 1e-4 of a standard deviation beside it
#: moves no integral by 1e-9.
CENTRE_TOLERANCE = 1e-4
#: A damped step moves no logit by more than 2, and draws from the tails of a wide prior may
#: start 200 logits away from the data in each margin.
CENTRE_STEPS = 300

# Rows of the work space, each LANES long: one flat array with constant distances is what lets
# the compiler see that the rows do not overlap.
_A1, _A2, _L11, _L21, _L22, _Z1, _Z2, _H11, _H12, _H22, _TOP, _C11, _C21, _C22 = (
    LANES * row for row in range(14)
)
_BASE, _SHIFT, _FIXED, _SLOPE, _TOTAL, _STEP, _SUM = (LANES * row for row in range(14, 21))
_SPACE = LANES * 21


@njit(cache=True, error_model="numpy", inline="always")
def fast_softplus(eta):
    """Return ``log(1 + exp(eta))`` without a branch or a call."""
    return max(eta, 0.0) + log1p_unit(exp_below(-abs(eta)))


@njit(cache=True, error_model="numpy", inline="always")
def fast_expit(eta):
    """Return ``1 / (1 + exp(-eta))`` without a branch or a call."""
    e = exp_below(-abs(eta))
    return (1.0 if eta > 0.0 else e) / (1.0 + e)


@njit(cache=True, fastmath=FAST, error_model="numpy", inline="always")
def _load(thetas, first, last, spec_only, z, w):
    """Load a block of parameters; a study of specificity alone has it as its first margin."""
    for i in range(LANES):
        at = min(first + i, last)
        w[_Z1 + i], w[_Z2 + i] = z[0], z[1]
        if spec_only:
            w[_A1 + i], w[_L11 + i] = thetas[1, at], math.hypot(thetas[3, at], thetas[4, at])
            w[_A2 + i] = w[_L21 + i] = w[_L22 + i] = 0.0
        else:
            w[_A1 + i], w[_A2 + i] = thetas[0, at], thetas[1, at]
            w[_L11 + i], w[_L21 + i], w[_L22 + i] = thetas[2, at], thetas[3, at], thetas[4, at]


@njit(cache=True, fastmath=FAST, error_model="numpy", inline="always")
def _newton_step(y1, n1, y2, n2, w):
    """Take one damped Newton step towards the mode in every lane; leave curvature and step.

    The step is shortened to ``1 / (1 + d / 2)`` of itself where it moves a linear predictor by
    d: never more than the ``log(1 + d) / d`` of :func:`metadx.kernels.cluster.mode`, hence as
    safe, and in the limit a full step.
    """
    for i in range(LANES):
        l11, l21, l22 = w[_L11 + i], w[_L21 + i], w[_L22 + i]
        z1, z2 = w[_Z1 + i], w[_Z2 + i]
        p1 = fast_expit(w[_A1 + i] + l11 * z1)
        p2 = fast_expit(w[_A2 + i] + l21 * z1 + l22 * z2)
        r1, r2 = y1 - n1 * p1, y2 - n2 * p2
        v1, v2 = n1 * p1 * (1.0 - p1), n2 * p2 * (1.0 - p2)
        g1, g2 = l11 * r1 + l21 * r2 - z1, l22 * r2 - z2
        h11 = 1.0 + l11 * l11 * v1 + l21 * l21 * v2
        h12, h22 = l21 * l22 * v2, 1.0 + l22 * l22 * v2
        inverse = 1.0 / (h11 * h22 - h12 * h12)
        s1, s2 = (h22 * g1 - h12 * g2) * inverse, (h11 * g2 - h12 * g1) * inverse
        d1, d2 = abs(l11 * s1), abs(l21 * s1 + l22 * s2)
        shorten = 1.0 / (1.0 + 0.5 * max(d1, d2))
        w[_Z1 + i], w[_Z2 + i] = z1 + shorten * s1, z2 + shorten * s2
        w[_H11 + i], w[_H12 + i], w[_H22 + i] = h11, h12, h22
        w[_STEP + i] = abs(s1) + abs(s2)


@njit(cache=True, fastmath=FAST, error_model="numpy", inline="always")
def _centre(y1, n1, y2, n2, w):
    """Find centre and scale of the rule, and the log joint density there, in every lane."""
    for _ in range(CENTRE_STEPS):
        _newton_step(y1, n1, y2, n2, w)
        longest = 0.0
        for i in range(LANES):
            longest = max(longest, w[_STEP + i])
        if longest < CENTRE_TOLERANCE:
            break
    for i in range(LANES):
        z1, z2 = w[_Z1 + i], w[_Z2 + i]
        eta1 = w[_A1 + i] + w[_L11 + i] * z1
        eta2 = w[_A2 + i] + w[_L21 + i] * z1 + w[_L22 + i] * z2
        top = y1 * eta1 - n1 * fast_softplus(eta1) + y2 * eta2 - n2 * fast_softplus(eta2)
        w[_TOP + i] = top - 0.5 * (z1 * z1 + z2 * z2)
        h12, h22 = w[_H12 + i], w[_H22 + i]
        c11 = math.sqrt(h22 / (w[_H11 + i] * h22 - h12 * h12))
        w[_C11 + i], w[_C21 + i], w[_C22 + i] = c11, -h12 / h22 * c11, 1.0 / math.sqrt(h22)
        w[_TOTAL + i] = 0.0


@njit(cache=True, fastmath=FAST, error_model="numpy", inline="always")
def _add_column(y1, n1, y2, n2, t, log_weight, size2, nodes2, log_weights2, w):
    """Add the nodes that share the first coordinate `t` to every lane's integral."""
    for i in range(LANES):
        z1 = w[_Z1 + i] + w[_C11 + i] * t
        eta = w[_A1 + i] + w[_L11 + i] * z1
        shift = w[_Z2 + i] + w[_C21 + i] * t
        w[_BASE + i] = log_weight - w[_TOP + i] - 0.5 * z1 * z1 + y1 * eta - n1 * fast_softplus(eta)
        w[_SHIFT + i] = shift
        w[_FIXED + i] = w[_A2 + i] + w[_L21 + i] * z1 + w[_L22 + i] * shift
        w[_SLOPE + i] = w[_L22 + i] * w[_C22 + i]
    for b in range(size2):
        u, log_w = nodes2[b], log_weights2[b]
        for i in range(LANES):
            eta = w[_FIXED + i] + w[_SLOPE + i] * u
            z2 = w[_SHIFT + i] + w[_C22 + i] * u
            value = w[_BASE + i] + log_w - 0.5 * z2 * z2 + y2 * eta - n2 * fast_softplus(eta)
            w[_TOTAL + i] += exp_below(value)


@njit(cache=True, fastmath=FAST, error_model="numpy", inline="always")
def _block(thetas, first, counts, levels, modes, w, out):
    """Evaluate the parameter vectors of one block."""
    last = thetas.shape[1] - 1
    for i in range(LANES):
        w[_SUM + i] = 0.0
    for c in range(counts.shape[0]):
        y1, n1, y2, n2 = counts[c, 0], counts[c, 1], counts[c, 2], counts[c, 3]
        spec_only = n1 == 0.0
        if spec_only:
            y1, n1, y2, n2 = y2, n2, 0.0, 0.0
        _load(thetas, first, last, spec_only, modes[c], w)
        _centre(y1, n1, y2, n2, w)
        level = levels[c]
        # One node is exact for the dimension that a missing margin leaves standard normal.
        level2 = level if n2 > 0.0 else 0
        for a in range(SIZES[level]):
            _add_column(
                y1, n1, y2, n2, NODES[level, a], LOG_WEIGHTS[level, a],
                SIZES[level2], NODES[level2], LOG_WEIGHTS[level2], w,
            )  # fmt: skip
        for i in range(LANES):
            area = w[_C11 + i] * w[_C22 + i] * w[_TOTAL + i]
            w[_SUM + i] += w[_TOP + i] + math.log(area) - LOG_2PI
    for i in range(min(LANES, last + 1 - first)):
        out[first + i] = w[_SUM + i]


@njit(cache=True, fastmath=FAST, error_model="numpy", nogil=True)
def _blocks(thetas, first, last, counts, levels, modes, out):
    """Evaluate the blocks from `first` up to, without, `last`."""
    w = np.empty(_SPACE)
    for block in range(first, last):
        _block(thetas, block * LANES, counts, levels, modes, w, out)


def logliks(
    thetas: FloatArray,
    counts: FloatArray,
    levels: IntArray,
    modes: FloatArray,
    out: FloatArray,
) -> None:
    """Fill `out` with the log-likelihood, without binomial coefficients, of each column.

    Parameters
    ----------
    thetas : ndarray of shape (5, n)
        Mean logit sensitivity, mean logit specificity, l11, l21, l22 with ``Sigma = L L'``,
        finite; one parameter vector a column.
    counts : ndarray of shape (n_studies, 4)
        TP, n_1, TN, n_0 as floats; a margin that a study does not have has n = 0.
    levels : ndarray of shape (n_studies,)
        Quadrature level of each study, an index into ``LEVELS``, the same for every column.
    modes : ndarray of shape (n_studies, 2)
        Where the search for each study's mode starts (standard normal scale).
    out : ndarray of shape (n,)
        Overwritten.
    """
    blocks = -(-thetas.shape[1] // LANES)
    starts = range(0, blocks, CHUNK)
    threads = min(len(starts), config.NUMBA_NUM_THREADS)

    def run(first: int) -> None:
        _blocks(thetas, first, min(first + CHUNK, blocks), counts, levels, modes, out)

    if threads < 2:
        _blocks(thetas, 0, blocks, counts, levels, modes, out)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, starts))
