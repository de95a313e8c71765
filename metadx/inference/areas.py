"""Differences between the areas under the SROC curves of two groups."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.inference.bootstrap import REPLICATES, resample
from metadx.inference.comparison import Comparison
from metadx.models.summary_point import curve_area


def auc_differences(
    comparison: Comparison, n: int = REPLICATES, seed: int = 1, level: float = 0.95
) -> dict[tuple[str, str], Estimate | NotApplicable]:
    """Compare the areas under the SROC curves of every pair of groups by parametric bootstrap.

    Tables are drawn from the model behind the comparison, study effects shared where the
    studies are paired, and refitted; the interval holds the central replicates of the
    difference (Noma et al. 2021, doi:10.1080/23737484.2021.1894408, for independent groups).

    Parameters
    ----------
    comparison : Comparison
        From :func:`metadx.inference.compare`, by the exact method.
    n : int
        Replicates.
    seed : int
        Same seed, same replicates, whatever the number of threads.
    level : float
        Nominal coverage.

    Returns
    -------
    dict
        For each pair (a, b) of :attr:`Comparison.pairs` the difference, area of a minus area
        of b (-1 to 1), or the reason why there is none.
    """
    if n < 1:
        raise OptionError(f"n is {n}; at least one replicate is needed")
    if not 0.0 < level < 1.0:
        raise OptionError(f"level is {level}; it has to lie between 0 and 1")
    pairs = [(a, b) for b, a in combinations(comparison.groups, 2)]
    fit = comparison.fit
    without = [g for g, point in comparison.points.items() if isinstance(point.auc, NotApplicable)]
    if fit.method != "exact" or without:
        reason = (
            f"group {without[0]} has no SROC curve: a between-study variance is 0"
            if without
            else "the bootstrap resamples the exact model"
        )
        return dict.fromkeys(pairs, NotApplicable(reason))
    maximum = fit.maxima[0]
    free = np.arange(maximum.theta.size)
    thetas, _, _ = resample(fit.design, maximum, free, n, np.random.default_rng(seed))
    areas, centres = {}, {}
    for group in comparison.groups:
        pick = fit.selector(**{comparison.column: group})
        centres[group] = curve_area(pick @ maximum.theta, 0.0, 1.0)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            areas[group] = np.array([curve_area(psi, 0.0, 1.0) for psi in thetas @ pick.T])
    tail = 0.5 * (1.0 - level)
    found: dict[tuple[str, str], Estimate | NotApplicable] = {}
    for a, b in pairs:
        low, high = np.nanquantile(areas[a] - areas[b], [tail, 1.0 - tail])
        difference = centres[a] - centres[b]
        found[a, b] = Estimate(difference, float(low), float(high), level, "bootstrap")
    return found
