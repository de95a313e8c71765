"""Two tests in the patients of one study, where a margin at 0 or 100 % rules out logits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from metadx.estimate import Estimate
from metadx.inference.contrasts import Contrast


def paired_contrast(cells: NDArray[np.float64], level: float = 0.95) -> Contrast:
    """Compare two proportions in the same patients.

    Parameters
    ----------
    cells : ndarray of shape (4,)
        Patients whom both tests classify rightly, test a alone, test b alone, neither.
    level : float
        Nominal coverage.

    Returns
    -------
    Contrast
        The difference with Newcombe's interval (method 10: Wilson intervals squared and
        added, less the correlation of the two proportions), the ratio with the interval
        that the same ends of the difference imply at the observed proportion of b, and the
        p value of McNemar's exact test.

    References
    ----------
    Newcombe 1998, Stat Med 17:2635-2650.
    """
    both, a_alone, b_alone, neither = (float(cell) for cell in cells)
    n = both + a_alone + b_alone + neither
    right = both + a_alone, both + b_alone
    (l1, u1), (l2, u2) = (proportion_confint(x, n, 1.0 - level, "wilson") for x in right)
    p1, p2 = right[0] / n, right[1] / n
    phi = _correlation(both, a_alone, b_alone, neither)
    below = np.hypot(p1 - l1, u2 - p2) ** 2 - 2.0 * phi * (p1 - l1) * (u2 - p2)
    above = np.hypot(u1 - p1, p2 - l2) ** 2 - 2.0 * phi * (u1 - p1) * (p2 - l2)
    gap = p1 - p2
    low, high = gap - float(np.sqrt(max(below, 0.0))), gap + float(np.sqrt(max(above, 0.0)))
    difference = Estimate(gap, max(low, -1.0), min(high, 1.0), level, "newcombe_paired")
    p = float(mcnemar([[both, a_alone], [b_alone, neither]], exact=True).pvalue)
    return Contrast(_ratio(difference, p2), difference, min(p, 1.0))


def _correlation(both: float, a_alone: float, b_alone: float, neither: float) -> float:
    """Correlation of the two results, Newcombe's correction for continuity where positive."""
    spread = (both + a_alone) * (b_alone + neither) * (both + b_alone) * (a_alone + neither)
    if spread == 0.0:
        return 0.0
    product = both * neither - a_alone * b_alone
    if product > 0.0:
        product = max(product - 0.5 * (both + a_alone + b_alone + neither), 0.0)
    return product / float(np.sqrt(spread))


def _ratio(difference: Estimate, p2: float) -> Estimate:
    ends = (1.0 + x / p2 for x in (difference.value, difference.low, difference.high))
    value, low, high = (max(x, 0.0) for x in ends)
    return Estimate(value, low, high, difference.level, difference.method)
