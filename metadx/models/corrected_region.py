"""The confidence region corrected for few studies, Ito & Sugasawa 2020.

The chi-squared region takes the between-study covariance for known. Expanding the coverage of
``{mu : (m - mu)' V^-1 (m - mu) <= x}`` to the order 1/k shows by how much that falls short, and
``x (1 + h)`` in place of x repairs it. The method belongs to the normal approximation of the
logits with the moment estimate of the between-study covariance, for which the expansion holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.models.measures import correct_zero_cells
from metadx.models.results import BivariateResults

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CorrectedRegion:
    """Centre, shape and radius of the corrected region on the logit scale.

    Attributes
    ----------
    centre : ndarray of shape (2,)
        Mean logit sensitivity and specificity, generalised least squares.
    cov : ndarray of shape (2, 2)
        Covariance of the centre with the between-study covariance taken for known.
    between_study_cov : ndarray of shape (2, 2)
        Moment estimate, negative eigenvalues set to 0.
    correction : float
        h: the squared radius is ``(1 + h) chi2(2)``.
    radius : float
        In standard deviations.
    k : int
        Complete studies.
    level : float
        Nominal coverage.
    warnings : tuple of str
        What a reader has to know.
    """

    centre: FloatArray
    cov: FloatArray
    between_study_cov: FloatArray
    correction: float
    radius: float
    k: int
    level: float
    warnings: tuple[str, ...]


def corrected_region(
    fit: BivariateResults, level: float = 0.95, zero_cell: str = "single"
) -> CorrectedRegion | NotApplicable:
    """Compute the corrected region of Ito & Sugasawa from the complete studies of a fit.

    Parameters
    ----------
    fit : BivariateResults
        A fit without covariates; only its studies are used.
    level : float
        Nominal coverage.
    zero_cell : {"single", "all", "none"}
        Continuity correction of the logits.

    Raises
    ------
    OptionError
        If `level` is not between 0 and 1, or a cell is 0 under ``zero_cell="none"``.

    Notes
    -----
    With ``B_i = Psi + S_i``, ``V = (sum B_i^-1)^-1``, ``M_ijk = V B_j^-1 B_i B_k^-1`` and x the
    chi-squared quantile with 2 degrees of freedom,

    ``k^2 h = (x/16 - 3/4) sum_ijk [tr(M_ijk M_ijk) + tr(M_ijk)^2]
    + (x/16 - 1/4) sum_ijk tr(M_ijk M_ikj)
    + sum_ij [tr(V B_i^-1 B_j B_i^-1 B_j B_i^-1) + tr(B_i^-1 B_j) tr(V B_i^-1 B_j B_i^-1)]``.

    The expansion was derived anew: the terms are the second moments of the moment estimate in
    the variance of the weights, and the variance that estimated weights add to the mean. The
    authors' published program has the first trace in another order,
    ``tr(V A_i V A_i)`` with ``A_i = sum_j B_j^-1 B_i B_j^-1``, which is the same where all
    studies are equally large, and changes the radius by less than 1 in 10,000 in the tests.

    References
    ----------
    Ito & Sugasawa 2020, arXiv:1906.08428.
    """
    if not 0.0 < level < 1.0:
        raise OptionError(f"level is {level}; it has to lie between 0 and 1, for example 0.95")
    if not fit.design.intercept_only:
        return NotApplicable("the corrected region is made for models without covariates")
    if fit.design.start.size - 1 < len(fit.design.counts):
        return NotApplicable("the corrected region needs one row a study")
    complete = (fit.design.counts[:, [1, 3]] > 0).all(axis=1)
    k = int(complete.sum())
    if k < 3:
        return NotApplicable("the corrected region needs three complete studies")
    counts, _ = correct_zero_cells(fit.design.counts[complete], zero_cell)
    right, wrong = counts[:, [0, 2]], counts[:, [1, 3]] - counts[:, [0, 2]]
    if min(right.min(), wrong.min()) <= 0.0:
        raise OptionError("a cell is 0; zero_cell is 'single' or 'all' here")
    y, s = np.log(right / wrong), 1.0 / right + 1.0 / wrong
    psi, cut = _moment_estimate(y, s)
    spreads = psi + np.stack([np.diag(row) for row in s])
    inverse = np.linalg.inv(spreads)
    cov = np.linalg.inv(inverse.sum(axis=0))
    x = float(-2.0 * np.log1p(-level))
    correction = _correction(spreads, inverse, cov, x)
    warnings = []
    if cut:
        warnings.append(
            "the moment estimate of the between-study covariance was not positive definite and "
            "was set to the nearest one that is not negative"
        )
    if correction > 1.0:
        warnings.append(
            f"the correction more than doubles the squared radius ({1.0 + correction:.1f} times): "
            "the studies are too few for an expansion of this order"
        )
    return CorrectedRegion(
        cov @ np.einsum("kij,kj->i", inverse, y), cov, psi, correction,
        float(np.sqrt(x * (1.0 + correction))), k, level, tuple(warnings),
    )  # fmt: skip


def _moment_estimate(y: FloatArray, s: FloatArray) -> tuple[FloatArray, bool]:
    """Unbiased moment estimate of the between-study covariance; whether it had to be cut."""
    k = len(y)
    away = y - y.mean(axis=0)
    naive = (away.T @ away - np.diag(s.sum(axis=0))) / k
    unbiased = naive + (k * naive + np.diag(s.sum(axis=0))) / k**2
    values, vectors = np.linalg.eigh(unbiased)
    return (vectors * np.maximum(values, 0.0)) @ vectors.T, bool(values[0] < 0.0)


def _correction(spreads: FloatArray, inverse: FloatArray, cov: FloatArray, x: float) -> float:
    """Return h; see the notes of :func:`corrected_region`.

    Each sum over i, j and k is a product of sums over one of them, so that the work grows
    with the number of studies and not with its cube.
    """
    weighted = np.einsum("ab,jbc->jac", cov, inverse)
    pairs = np.einsum("iab,icd->abcd", spreads, spreads)
    left = np.einsum("jab,jcd->abcd", weighted, weighted)
    right = np.einsum("jab,jcd->abcd", inverse, inverse)
    across = np.einsum("jab,jcd->abcd", weighted, inverse)
    threes = np.einsum("iab,icd,ief->abcdef", inverse, inverse, inverse)
    first = np.einsum("abde,bcef,cdfa->", left, pairs, right)
    first += np.einsum("abde,bcef,cafd->", left, pairs, right)
    second = np.einsum("abfa,bcef,decd->", across, pairs, across)
    last = np.einsum("ab,bcdefa,cdef->", cov, threes, pairs)
    last += np.einsum("cd,abdefc,baef->", cov, threes, pairs)
    weight = (x / 16.0 - 0.75) * first + (x / 16.0 - 0.25) * second
    return float((weight + last) / len(spreads) ** 2)
