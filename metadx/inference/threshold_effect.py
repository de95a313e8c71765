"""The threshold effect: do studies buy sensitivity with false positives?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import spearmanr

from metadx.estimate import Estimate, NotApplicable
from metadx.models import delta
from metadx.models.measures import counts_of, known_margins
from metadx.tables import StudyTable

#: The interval's standard error has k - 3 in its denominator.
FEWEST_STUDIES: Final = 4


@dataclass(frozen=True, slots=True)
class ThresholdCorrelation:
    """Spearman's correlation of sensitivity and false-positive rate over the studies.

    Attributes
    ----------
    estimate : Estimate
        Rank correlation (-1 to 1); positive where studies trade one for the other.
    k, left_out : int
        Studies with both margins, and those left out because they report one.
    """

    estimate: Estimate
    k: int
    left_out: int

    @property
    def sentence(self) -> str:
        """The result in one sentence."""
        r = self.estimate
        if r.low > 0.0:
            found = (
                "studies with a higher sensitivity have more false positives: a threshold effect"
            )
        elif r.high < 0.0:
            found = "more sensitive studies have fewer false positives: not a threshold effect"
        else:
            found = "the studies do not settle whether there is a threshold effect"
        return f"Spearman's correlation of sensitivity and false-positive rate {r}: {found}"


def threshold_correlation(
    table: StudyTable, level: float = 0.95
) -> ThresholdCorrelation | NotApplicable:
    """Correlate the ranks of sensitivity and false-positive rate.

    Parameters
    ----------
    table : StudyTable
        Studies of one stratum; those with one margin are left out.
    level : float
        Nominal coverage.

    Returns
    -------
    ThresholdCorrelation or NotApplicable
        Interval on Fisher's z scale with variance ``(1 + r^2 / 2) / (k - 3)``. Not applicable
        with fewer than four studies or where a margin does not vary.

    References
    ----------
    Bonett & Wright 2000, Psychometrika, doi:10.1007/BF02294183.
    """
    q = delta.quantile(level)
    counts = counts_of(table)
    counts = counts[known_margins(counts).all(axis=1)]
    k, left_out = len(counts), len(table) - len(counts)
    if k < FEWEST_STUDIES:
        return NotApplicable(
            f"the correlation needs {FEWEST_STUDIES} studies with both sensitivity and "
            f"specificity, there {'is' if k == 1 else 'are'} {k}"
        )
    sens, fpr = counts[:, 0] / counts[:, 1], 1.0 - counts[:, 2] / counts[:, 3]
    for name, values in (("sensitivity", sens), ("specificity", fpr)):
        if np.ptp(values) < 1e-12:
            return NotApplicable(f"all studies have the same {name}, so there is no correlation")
    r = float(spearmanr(sens, fpr).statistic)
    if abs(r) > 1.0 - 1e-9:
        value = Estimate(r, r, r, level, "boundary")
        return ThresholdCorrelation(value, k, left_out)
    se = float(np.sqrt((1.0 + r * r / 2.0) / (k - 3)))
    estimate = delta.on_scale(float(np.arctanh(r)), se, level, "wald", q, "atanh")
    return ThresholdCorrelation(estimate, k, left_out)
