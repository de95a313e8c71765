"""The Moses-Littenberg regression, for comparison with old reviews and for nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from statsmodels.regression.linear_model import WLS

from metadx.errors import ModelError
from metadx.estimate import Estimate, NotApplicable
from metadx.models import delta
from metadx.models.measures import correct_zero_cells, counts_of, has_zero_cell, known_margins
from metadx.tables import StudyTable

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MosesLittenberg:
    """The line ``D = a + b S`` through the studies of one table.

    ``D = logit sens - logit fpr`` is the log diagnostic odds ratio, ``S = logit sens +
    logit fpr`` stands for the threshold.

    Warnings
    --------
    Historical. The regression takes S, which is measured with error and correlated with D,
    as fixed, gives no summary point, and its standard errors ignore both; it should not be
    used for inference (Arends et al. 2008, doi:10.1177/0272989X08319957). The HSROC curve of
    the bivariate model replaces it.

    Attributes
    ----------
    k : int
        Studies with both margins.
    weighted : bool
        Whether studies have the weight ``1 / var D``.
    intercept : Estimate
        a, the log diagnostic odds ratio where S = 0; t interval with k - 2 degrees of freedom.
    slope : Estimate or NotApplicable
        b; 0 is a symmetric curve. Not applicable where all studies have the same S: the line
        is then horizontal.
    """

    k: int
    weighted: bool
    intercept: Estimate
    slope: Estimate | NotApplicable

    @property
    def coefficients(self) -> tuple[float, float]:
        """Intercept and slope (log odds ratio), the slope 0 where it does not apply."""
        return self.intercept.value, self.slope.value if isinstance(self.slope, Estimate) else 0.0

    @property
    def q_star(self) -> float:
        """Sensitivity where the curve meets sensitivity = specificity (probability)."""
        return float(expit(0.5 * self.intercept.value))

    def curve(self, fpr: FloatArray) -> FloatArray | NotApplicable:
        """Sensitivity on the curve at false-positive rates `fpr` (probability), same shape.

        ``logit sens = a / (1 - b) + (1 + b) / (1 - b) logit fpr``, which falls with the
        false-positive rate, and says nothing, unless b lies between -1 and 1.
        """
        a, b = self.coefficients
        if abs(b) >= 1.0:
            return NotApplicable(f"the slope is {b:.2f}; outside -1 to 1 the curve does not rise")
        with np.errstate(divide="ignore"):
            return np.asarray(expit(a / (1.0 - b) + (1.0 + b) / (1.0 - b) * logit(fpr)))


def moses_littenberg(
    table: StudyTable,
    weighted: bool = False,
    zero_cell: str = "all",
    correction: float = 0.5,
    level: float = 0.95,
) -> MosesLittenberg:
    """Regress the log diagnostic odds ratio on the threshold (historical comparison only).

    Parameters
    ----------
    table : StudyTable
        Studies; those with one margin are left out.
    weighted : bool
        False for equal weights, as in R mada; True for ``1 / var D``.
    zero_cell : {"all", "single", "none"}
        Which studies get the continuity correction; ``"all"`` is that of the original.
    correction : float
        Added to every cell of these studies.
    level : float
        Nominal coverage of the intervals.

    Raises
    ------
    ModelError
        If fewer than three studies have both margins, or a cell is 0 under ``"none"``.

    References
    ----------
    Moses, Shapiro & Littenberg 1993, Stat Med, doi:10.1002/sim.4780121403.
    """
    counts = counts_of(table)
    counts = counts[known_margins(counts).all(axis=1)]
    if len(counts) < 3:
        raise ModelError(
            f"{table.name}: the regression needs three studies with both sensitivity and "
            f"specificity, there are {len(counts)}"
        )
    counts, _ = correct_zero_cells(counts, zero_cell, correction)
    if has_zero_cell(counts).any():
        raise ModelError(
            f"{table.name}: the regression needs a continuity correction for its zero cells"
        )
    tp, n1, tn, n0 = counts.T
    sens, fpr = np.log(tp / (n1 - tp)), np.log((n0 - tn) / tn)
    d, s = sens - fpr, sens + fpr
    variance = 1 / tp + 1 / (n1 - tp) + 1 / tn + 1 / (n0 - tn)
    weight = 1.0 / variance if weighted else np.ones_like(d)
    flat = bool(np.ptp(s) < 1e-12)
    x = np.ones((d.size, 1)) if flat else np.column_stack([np.ones_like(s), s])
    line = WLS(d, x, weights=weight).fit()
    delta.quantile(level)  # refuses a level outside 0 to 1
    ends = line.conf_int(1.0 - level)
    found = [
        Estimate(float(value), float(low), float(high), level, "wald_t")
        for value, (low, high) in zip(line.params, ends, strict=True)
    ]
    slope = NotApplicable("all studies have the same threshold") if flat else found[1]
    return MosesLittenberg(d.size, weighted, found[0], slope)
