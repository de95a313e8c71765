"""Gauss-Hermite rules, all levels in one padded table that compiled code can index.

A *level* is an index into :data:`LEVELS`. Each study has its own, because a study
with ten patients and a wide prior needs 24 nodes where one with a thousand needs 8.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Nodes per dimension. 1 is the Laplace approximation; the others are multiples of four, the
#: width of a vector register, so that no lane runs empty.
LEVELS: Final = (1, 4, 8, 12, 16, 20, 24, 32, 44, 60, 84)

#: Products of weights below this share of the largest are left out of the tensor grid. A rule
#: that is scaled to the curvature at the mode may still owe 1e-6 of a skewed study's integral to
#: nodes with a share of 1e-15; at this bound the tests find no difference from a dense integral.
PRUNE: Final = 1e-24


def level_for(nodes: int) -> int:
    """Return the lowest level with at least `nodes` nodes a dimension (the last if none)."""
    for level, size in enumerate(LEVELS):
        if size >= nodes:
            return level
    return len(LEVELS) - 1


def rule_table() -> tuple[IntArray, FloatArray, FloatArray, IntArray]:
    """Build the padded table of rules.

    Returns
    -------
    sizes : ndarray of shape (n_levels,)
        Nodes a dimension.
    nodes : ndarray of shape (n_levels, max_size)
        Abscissas for a standard normal scale, ``sqrt(2) * x``.
    log_weights : ndarray of shape (n_levels, max_size)
        ``log(sqrt(2) w) + x**2``: the sum of ``exp(log_weight) f(node)`` approximates the
        plain integral of ``f``.
    first : ndarray of shape (n_levels, max_size)
        For node a of the first dimension, the first node of the second dimension that is
        kept after pruning; by symmetry the last is ``size - 1 - first``.
    """
    largest = max(LEVELS)
    sizes = np.array(LEVELS, dtype=np.int64)
    nodes = np.zeros((len(LEVELS), largest))
    log_weights = np.zeros((len(LEVELS), largest))
    first = np.zeros((len(LEVELS), largest), dtype=np.int64)
    for level, size in enumerate(LEVELS):
        x, w = np.polynomial.hermite.hermgauss(size)
        nodes[level, :size] = np.sqrt(2.0) * x
        log_weights[level, :size] = 0.5 * np.log(2.0) + np.log(w) + x * x
        share = w / w.max()
        for a in range(size):
            keep = np.flatnonzero(share[a] * share > PRUNE)
            first[level, a] = keep[0] if keep.size else size // 2
    return sizes, nodes, log_weights, first


SIZES, NODES, LOG_WEIGHTS, FIRST = rule_table()

#: Rows of the work space of one integral.
WORK_ROWS: Final = 5
