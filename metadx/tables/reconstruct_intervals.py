"""Printed confidence intervals as a filter on the tables that fit everything else."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt
from statsmodels.stats.proportion import proportion_confint

from metadx.tables.reconstruct_printed import INTERVAL_METHODS, SHARES, Printed
from metadx.tables.reconstruct_search import IntArray

#: Names of the methods in statsmodels.
_NAMES = dict(zip(INTERVAL_METHODS, ("wilson", "beta", "normal"), strict=True))
#: Far below a unit in the last printed digit, far above the error of the quantiles.
_SLACK = 1e-9


def fits_intervals(printed: Printed, tables: IntArray) -> npt.NDArray[np.bool_]:
    """Tell which tables have the printed confidence intervals.

    Parameters
    ----------
    printed : Printed
        Its `interval_method` is the formula, or None for any of the three.
    tables : ndarray of shape (n, 4)
        tp, fp, fn, tn.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    keep = np.ones(len(tables), dtype=bool)
    for name, ends in printed.intervals.items():
        above, below = (tables @ np.array(mask) for mask in SHARES[name.removesuffix("_interval")])
        methods = [printed.interval_method] if printed.interval_method else INTERVAL_METHODS
        any_method = np.zeros(len(tables), dtype=bool)
        for method in methods:
            any_method |= _agrees(above, below, ends, _NAMES[method], 1.0 - printed.level)
        keep &= any_method
    return keep


def _agrees(
    above: IntArray,
    below: IntArray,
    ends: tuple[tuple[Fraction, Fraction], ...],
    method: str,
    alpha: float,
) -> npt.NDArray[np.bool_]:
    # Many tables share a proportion; the beta quantiles are the slow part.
    pairs, which = np.unique(np.column_stack([above, below]), axis=0, return_inverse=True)
    found = proportion_confint(pairs[:, 0], pairs[:, 1], alpha, method)
    agrees = np.ones(len(pairs), dtype=bool)
    for values, (low, high) in zip(found, ends, strict=True):
        # A Wald interval may leave the range that is printed.
        inside = np.clip(np.asarray(values, dtype=float), 0.0, 1.0)
        agrees &= (inside >= float(low) - _SLACK) & (inside <= float(high) + _SLACK)
    return np.asarray(agrees[which.ravel()])
