"""Small-study effects in both margins at once, which the odds ratio may hide.

An effect of size that raises sensitivity and lowers specificity leaves the odds ratio where it
was, so that Deeks' test does not see it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from metadx.estimate import Estimate, NotApplicable
from metadx.inference.refits import why_not_refitted
from metadx.inference.regression import FEWEST_EVER, regress
from metadx.inference.small_study import ASYMMETRY, FEWEST_STUDIES
from metadx.models import BivariateResults
from metadx.models.normal_likelihood import normal_data
from metadx.models.normal_search import search_normal

FloatArray = NDArray[np.float64]

#: Noma adds 0.5 to every cell of every study.
ADDED: Final = 0.5


@dataclass(frozen=True, slots=True)
class BivariateAsymmetry:
    """A test of small-study effects in both margins.

    Attributes
    ----------
    name : str
        ``"score"`` (Noma) or ``"regression"`` (exact model).
    chi2, df, p : float
        Statistic, degrees of freedom and upper tail of chi-squared.
    k : int
        Studies.
    slopes : dict of Estimate
        Change of the logit of each margin with one over the root of the arm's size, from the
        regression; empty for the score test.
    """

    name: str
    chi2: float
    df: int
    p: float
    k: int
    slopes: dict[str, Estimate]

    @property
    def sentence(self) -> str:
        """The result in one sentence."""
        what = {
            "score": "Noma's score test of both margins, 0.5 added to every cell",
            "regression": "exact bivariate regression on one over the root of the arms' sizes",
        }[self.name]
        found = "asymmetry" if self.p < ASYMMETRY else "no evidence of asymmetry"
        return (
            f"{what}: chi2({self.df}) = {self.chi2:.2f}, p = {self.p:.3f}, {found} "
            f"({self.k} studies)"
        )


def noma_test(
    fit: BivariateResults, any_number: bool = False
) -> BivariateAsymmetry | NotApplicable:
    """Test both margins for small-study effects by Noma's efficient score statistic.

    Egger's regression generalised: ``y_i = D_i a + b + e_i`` with
    ``D_i = diag(sqrt(s_ij^2 + psi_jj))`` and ``e_i ~ N(0, S_i + Psi)``, Psi by REML; the score
    statistic of a = 0 with b estimated is the fall of the generalised residual sum of squares
    when a is freed.

    Parameters
    ----------
    fit : BivariateResults
        Fit of the exact model without covariates, whose studies are tested.
    any_number : bool
        True tests fewer than 10 studies too.

    Returns
    -------
    BivariateAsymmetry or NotApplicable
        The limit for many studies; Psi is taken as known. Not applicable with fewer than 10
        studies, or without both margins.

    References
    ----------
    Noma 2020, Biometrics, doi:10.1111/biom.13343.
    """
    refused = _refused(fit, any_number)
    if refused is not None:
        return refused
    design = fit.design
    known = design.counts[:, 1::2] > 0
    counts = design.counts + ADDED * np.repeat(known, 2, axis=1) * np.array([1.0, 2.0, 1.0, 2.0])
    theta = search_normal(design, normal_data(design, counts, restricted=True), np.arange(3)).theta
    factor = np.array([[theta[2], 0.0], [theta[3], theta[4]]])
    psi = factor @ factor.T
    left, right, y = [], [], []
    for row, has in zip(counts, known, strict=True):
        use = np.flatnonzero(has)
        yes, no = row[2 * use], row[2 * use + 1] - row[2 * use]
        s2 = 1.0 / yes + 1.0 / no
        root = np.linalg.cholesky(psi[np.ix_(use, use)] + np.diag(s2))
        pick = np.eye(2)[use]
        size = np.diag(np.sqrt(s2 + np.diag(psi)[use])) @ pick
        left.append(np.linalg.solve(root, pick))
        right.append(np.linalg.solve(root, size))
        y.append(np.linalg.solve(root, np.log(yes / no)))
    plain, target = np.vstack(left), np.concatenate(y)
    full = np.hstack([plain, np.vstack(right)])
    chi2 = _residual(plain, target) - _residual(full, target)
    return BivariateAsymmetry("score", chi2, 2, float(chdtrc(2, chi2)), fit.k, {})


def _residual(x: FloatArray, y: FloatArray) -> float:
    gap = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return float(gap @ gap)


def size_regression(
    fit: BivariateResults, any_number: bool = False
) -> BivariateAsymmetry | NotApplicable:
    """Regress both logits on one over the root of the arm's size, in the exact model.

    Nothing is added to a cell and a study with one margin enters with that margin. The
    likelihood ratio of both slopes is chi-squared with two degrees of freedom.

    Parameters
    ----------
    fit, any_number
        As for :func:`noma_test`.

    Returns
    -------
    BivariateAsymmetry or NotApplicable
        Not applicable too where the sizes do not differ or a level of the covariates
        separates the counts.
    """
    totals = fit.table.arrays().totals.astype(float)
    x = 1.0 / np.sqrt(np.where(totals > 0, totals, np.nan))
    found = regress(fit, x, "one over the root of the arm's size", "unit of 1/sqrt(n)", any_number)
    if isinstance(found, NotApplicable):
        return found
    test = found.test("both")
    return BivariateAsymmetry("regression", test.chi2, test.df, test.p, found.k, found.slopes)


def _refused(fit: BivariateResults, any_number: bool) -> NotApplicable | None:
    refused = why_not_refitted(fit)
    if refused is not None:
        return refused
    fewest = FEWEST_EVER if any_number else FEWEST_STUDIES
    if fit.k_complete < fewest:
        return NotApplicable(
            f"the test needs {fewest} studies with both sensitivity and specificity, there "
            f"{'is' if fit.k_complete == 1 else 'are'} {fit.k_complete}"
        )
    return None
