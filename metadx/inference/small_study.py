"""Small-study effects: Deeks' regression of the odds ratio on the effective sample size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from statsmodels.regression.linear_model import WLS

from metadx.estimate import Estimate, NotApplicable
from metadx.models import delta
from metadx.models.measures import correct_zero_cells, counts_of, has_zero_cell, known_margins
from metadx.tables import StudyTable

FloatArray = NDArray[np.float64]

#: With fewer studies the test has next to no power and is not shown unless asked for
#: (Cochrane Handbook for DTA reviews, version 2, chapter 10).
FEWEST_STUDIES: Final = 10
#: Deeks et al. read a p value below this as asymmetry, because the test's power is low.
ASYMMETRY: Final = 0.10
#: A line with a residual needs this many points.
FEWEST_POINTS: Final = 3


@dataclass(frozen=True, slots=True)
class DeeksTest:
    """Deeks' test of funnel plot asymmetry.

    Attributes
    ----------
    slope : Estimate
        Change of the log diagnostic odds ratio with ``1 / sqrt(ESS)``.
    intercept : Estimate
        Log diagnostic odds ratio of a study without limit of size.
    t : float
        Slope over its standard error.
    degrees : int
        Degrees of freedom, k - 2.
    p : float
        Two-sided p value of slope 0.
    k, left_out : int
        Studies in the regression, and those left out because they report one margin.
    zero_cell : str
        Which studies got the continuity correction; p depends on it.
    correction : float
        What was added to their cells.
    log_dor, inverse_root_ess, ess : ndarray of shape (k,)
        What was regressed on what, and the weights: the funnel plot.
    """

    slope: Estimate
    intercept: Estimate
    t: float
    degrees: int
    p: float
    k: int
    left_out: int
    zero_cell: str
    correction: float
    log_dor: FloatArray
    inverse_root_ess: FloatArray
    ess: FloatArray

    @property
    def sentence(self) -> str:
        """The result in one sentence, correction included."""
        found = "asymmetry" if self.p < ASYMMETRY else "no evidence of asymmetry"
        return (
            f"Deeks' test: p = {self.p:.3f}, {found} (slope {self.slope.value:.2f}, {self.k} "
            f"studies, {self.correction_words})"
        )

    @property
    def correction_words(self) -> str:
        """Which cells were corrected, in words."""
        return {
            "single": f"{self.correction:g} added to the studies with a zero cell",
            "all": f"{self.correction:g} added to all studies if one has a zero cell",
            "none": "no continuity correction",
        }[self.zero_cell]


def deeks_test(
    table: StudyTable,
    zero_cell: str = "single",
    correction: float = 0.5,
    level: float = 0.95,
    any_number: bool = False,
) -> DeeksTest | NotApplicable:
    """Test whether small studies report other diagnostic odds ratios than large ones.

    ``ln DOR`` on ``1 / sqrt(ESS)`` with weights ``ESS = 4 n1 n0 / (n1 + n0)``, the effective
    sample size of the observed counts.

    Parameters
    ----------
    table : StudyTable
        Studies of one stratum; those with one margin are left out.
    zero_cell : {"single", "all", "none"}
        Which studies get the continuity correction, in the odds ratio only. ``"single"`` is
        what R meta does.
    correction : float
        Added to every cell of these studies.
    level : float
        Nominal coverage of the intervals, t with k - 2 degrees of freedom.
    any_number : bool
        True tests fewer than 10 studies too.

    Returns
    -------
    DeeksTest or NotApplicable
        Not applicable with fewer than 10 studies, without differences in size, or with a
        zero cell under ``"none"``.

    Raises
    ------
    OptionError
        If an option has none of its values.

    References
    ----------
    Deeks, Macaskill & Irwig 2005, J Clin Epidemiol, doi:10.1016/j.jclinepi.2005.01.016.
    """
    delta.quantile(level)  # refuses a level outside 0 to 1
    counts = counts_of(table)
    counts = counts[known_margins(counts).all(axis=1)]
    used, _ = correct_zero_cells(counts, zero_cell, correction)
    k, fewest = len(counts), FEWEST_POINTS if any_number else FEWEST_STUDIES
    if k < fewest:
        return NotApplicable(
            f"{k} {'study reports' if k == 1 else 'studies report'} both sensitivity and "
            f"specificity; the test needs {fewest}"
        )
    if has_zero_cell(used).any():
        return NotApplicable("a study with a zero cell has no odds ratio without a correction")
    ess = effective_sample_size(counts)
    if float(np.ptp(ess)) <= 1e-9 * float(ess.max()):
        return NotApplicable("all studies have the same effective sample size")
    tp, n1, tn, n0 = used.T
    log_dor = np.log(tp / (n1 - tp)) + np.log(tn / (n0 - tn))
    return _regress(log_dor, ess, level, len(table) - k, zero_cell, correction)


def effective_sample_size(counts: FloatArray) -> FloatArray:
    """Effective sample size ``4 n1 n0 / (n1 + n0)`` of counts (TP, n1, TN, n0), shape (k,)."""
    n1, n0 = counts[:, 1], counts[:, 3]
    ess: FloatArray = 4.0 * n1 * n0 / (n1 + n0)
    return ess


def _regress(
    log_dor: FloatArray, ess: FloatArray, level: float, left_out: int, zero_cell: str, added: float
) -> DeeksTest:
    inverse_root = 1.0 / np.sqrt(ess)
    x = np.column_stack([np.ones_like(ess), inverse_root])
    line = WLS(log_dor, x, weights=ess).fit()
    intercept, slope = (
        Estimate(float(value), float(low), float(high), level, "wald_t")
        for value, (low, high) in zip(line.params, line.conf_int(1.0 - level), strict=True)
    )
    return DeeksTest(
        slope=slope,
        intercept=intercept,
        t=float(line.tvalues[1]),
        degrees=int(line.df_resid),
        p=float(line.pvalues[1]),
        k=log_dor.size,
        left_out=left_out,
        zero_cell=zero_cell,
        correction=added,
        log_dor=log_dor,
        inverse_root_ess=inverse_root,
        ess=ess,
    )
