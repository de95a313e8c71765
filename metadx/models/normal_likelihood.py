"""Log-likelihood of the bivariate normal-normal model with its exact derivatives.

Logit ``o`` of study ``c`` stands in a row of variance group ``g`` and belongs to one margin:
``y_o ~ N(x_o beta + a_o z_c, s_o)``, ``z_c ~ N(0, I_2)``, with the loading ``a_o = (l11, 0)``
for sensitivity and ``(l21, l22)`` for specificity of that group. So the logits of a study
have covariance ``V_c = S_c + A_c A_c'``, rows of the same study share their effects, and a
study that reports one margin enters with the logit it has. `beta` is profiled out by
generalised least squares. As in the exact kernel the Cholesky factor, in which `A` is linear,
keeps everything smooth where a variance is 0 or the correlation -1 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metadx.models.design import Design

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LOG_2PI: Final = float(np.log(2.0 * np.pi))


@dataclass(frozen=True, slots=True)
class Batch:
    """Studies that have the same number of logits.

    Attributes
    ----------
    study : ndarray of shape (k,)
        Position of each study in the design.
    y, s : ndarray of shape (k, m)
        Logits and their sampling variances.
    x : ndarray of shape (k, m, p)
        Rows of the joint design matrix, coefficients of sensitivity first.
    slopes : ndarray of shape (q, k, m, 2)
        Derivative of the loadings by each element of the Cholesky factors.
    """

    study: IntArray
    y: FloatArray
    s: FloatArray
    x: FloatArray
    slopes: FloatArray


@dataclass(frozen=True, slots=True)
class NormalData:
    """The logits of a model.

    Attributes
    ----------
    batches : tuple of Batch
        The studies by their number of logits.
    n_studies, n_logits, n_coefficients : int
        Sizes.
    restricted : bool
        True for the restricted (REML), False for the full likelihood.
    """

    batches: tuple[Batch, ...]
    n_studies: int
    n_logits: int
    n_coefficients: int
    restricted: bool


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The profile log-likelihood at given Cholesky factors.

    Attributes
    ----------
    value : float
        Log density of the logits. For REML ``-1/2 [(n - p) log 2 pi + sum log|V| +
        log|X'V^-1 X| + r'V^-1 r]``: the constant ``1/2 log|X'X|`` of Harville 1974 is left
        out, as R mada does, while metafor has it.
    beta : ndarray of shape (p,)
        Generalised least squares estimates.
    information : ndarray of shape (p, p)
        ``X'V^-1 X``.
    gradient, hessian : ndarray of shape (q,) and (q, q)
        Derivatives of `value` by the elements of the Cholesky factors.
    modes : ndarray of shape (n_studies, 2)
        Posterior mean of each study's effects on the standard normal scale.
    """

    value: float
    beta: FloatArray
    information: FloatArray
    gradient: FloatArray
    hessian: FloatArray
    modes: FloatArray


def normal_data(design: Design, counts: FloatArray, restricted: bool) -> NormalData:
    """Arrange the logits of `counts` by study.

    Parameters
    ----------
    design : Design
        Covariates, studies and variance groups of the rows.
    counts : ndarray of shape (n_rows, 4)
        TP, n1, TN, n0 after the continuity correction, in the rows of the design; no cell of
        a margin that is there may be 0.
    restricted : bool
        True for REML.
    """
    y, n = counts[:, 0::2], counts[:, 1::2]
    row, margin = np.nonzero(n > 0)
    events, total = y[row, margin], n[row, margin]
    logit = np.log(events) - np.log(total - events)
    variance = 1.0 / events + 1.0 / (total - events)
    sizes = [columns.shape[1] for columns in design.columns]
    x = np.zeros((row.size, sum(sizes)))
    for j, first in enumerate((0, sizes[0])):
        own = margin == j
        x[own, first : first + sizes[j]] = design.columns[j][row[own]]
    slopes = np.zeros((3 * len(design.group_names), row.size, 2))
    logits, at = np.arange(row.size), 3 * design.group[row]
    sens, spec = margin == 0, margin == 1
    slopes[at[sens], logits[sens], 0] = 1.0
    slopes[at[spec] + 1, logits[spec], 0] = 1.0
    slopes[at[spec] + 2, logits[spec], 1] = 1.0
    study = np.repeat(np.arange(design.start.size - 1), np.diff(design.start))[row]
    batches = []
    names, first_of, size_of = np.unique(study, return_index=True, return_counts=True)
    for m in np.unique(size_of):
        these = size_of == m
        pick = first_of[these][:, None] + np.arange(m)
        batches.append(Batch(names[these], logit[pick], variance[pick], x[pick], slopes[:, pick]))
    return NormalData(tuple(batches), design.start.size - 1, row.size, sum(sizes), restricted)


@dataclass(frozen=True, slots=True)
class _Solved:
    """One batch with the inverse of each study's covariance matrix and what hangs on it."""

    batch: Batch
    loadings: FloatArray
    inverse: FloatArray
    log_determinant: float
    weighted_x: FloatArray


def _solve(batch: Batch, factor: FloatArray) -> _Solved:
    loadings = np.tensordot(factor, batch.slopes, 1)
    cov = loadings @ loadings.swapaxes(1, 2)
    diagonal = np.arange(batch.s.shape[1])
    cov[:, diagonal, diagonal] += batch.s
    inverse = np.linalg.inv(cov)
    inverse = 0.5 * (inverse + inverse.swapaxes(1, 2))
    log_determinant = float(np.linalg.slogdet(cov)[1].sum())
    return _Solved(batch, loadings, inverse, log_determinant, inverse @ batch.x)


def evaluate(data: NormalData, factor: FloatArray, derivatives: bool = True) -> Evaluation:
    """Evaluate the profile log-likelihood at the Cholesky factors.

    Parameters
    ----------
    data : NormalData
        The logits.
    factor : ndarray of shape (q,)
        l11, l21, l22 of each variance group.
    derivatives : bool
        False leaves gradient and Hessian 0.
    """
    p, q = data.n_coefficients, factor.size
    solved = [_solve(batch, factor) for batch in data.batches]
    information, score = np.zeros((p, p)), np.zeros(p)
    for part in solved:
        information += np.einsum("imp,imr->pr", part.batch.x, part.weighted_x)
        score += np.einsum("imp,im->p", part.weighted_x, part.batch.y)
    beta = np.asarray(np.linalg.solve(information, score), dtype=np.float64)
    modes = np.zeros((data.n_studies, 2))
    spread, residuals = 0.0, []
    for part in solved:
        residual = part.batch.y - part.batch.x @ beta
        weighted = np.einsum("ims,is->im", part.inverse, residual)
        spread += float(np.vdot(residual, weighted))
        modes[part.batch.study] = np.einsum("imc,im->ic", part.loadings, weighted)
        residuals.append(weighted)
    value = data.n_logits * LOG_2PI + sum(part.log_determinant for part in solved) + spread
    if data.restricted:
        value += float(np.linalg.slogdet(information)[1]) - p * LOG_2PI
    gradient, hessian = np.zeros(q), np.zeros((q, q))
    if derivatives:
        cov_beta = np.asarray(np.linalg.inv(information), dtype=np.float64)
        gradient, hessian = _derivatives(data, solved, residuals, cov_beta)
    return Evaluation(-0.5 * value, beta, information, gradient, hessian, modes)


def _derivatives(
    data: NormalData, solved: list[_Solved], residuals: list[FloatArray], cov_beta: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return gradient and Hessian of the profile log-likelihood.

    With ``P = V^-1 - V^-1 X (X'V^-1 X)^-1 X'V^-1``, ``e = P y``, ``V_a`` the derivative of V
    and ``W = P`` for REML, ``V^-1`` for ML:
    ``g_a = -1/2 [tr(W V_a) - e'V_a e]``,
    ``H_ab = -1/2 [tr(W V_ab) - e'V_ab e - tr(W V_a W V_b) + 2 e'V_a P V_b e]``
    (Harville 1977, J Am Stat Assoc, doi:10.1080/01621459.1977.10480998).
    """
    q, p = solved[0].batch.slopes.shape[0], data.n_coefficients
    gradient, hessian = np.zeros(q), np.zeros((q, q))
    shift, crossed = np.zeros((q, p)), np.zeros((q, p, p))
    for part, e in zip(solved, residuals, strict=True):
        slopes, inverse, u = part.batch.slopes, part.inverse, part.weighted_x
        leverage = u @ cov_beta @ u.swapaxes(1, 2)
        weight = inverse - e[:, :, None] * e[:, None, :]
        if data.restricted:
            weight = weight - leverage
        half = slopes @ part.loadings.swapaxes(1, 2)
        change = half + half.swapaxes(2, 3)
        pulled = (change @ e[:, :, None])[..., 0]
        turned = inverse @ change
        back = turned.swapaxes(2, 3)
        gradient -= half.reshape(q, -1) @ weight.ravel()
        hessian -= _products(slopes, weight @ slopes)
        hessian -= _products(pulled, (inverse @ pulled[..., None])[..., 0])
        hessian += 0.5 * _products(turned, back)
        shift += np.tensordot(pulled, u, ((1, 2), (0, 1)))
        if data.restricted:
            hessian -= _products(leverage @ change, back)
            crossed += np.tensordot(change @ u, u, ((1, 2), (0, 1)))
    hessian += shift @ cov_beta @ shift.T
    if data.restricted:
        inner = crossed @ cov_beta
        hessian += 0.5 * _products(inner, inner.swapaxes(1, 2))
    return gradient, hessian


def _products(left: FloatArray, right: FloatArray) -> FloatArray:
    """Sum of the elementwise products of every ``left[a]`` with every ``right[b]``."""
    size = left.shape[0]
    product: FloatArray = left.reshape(size, -1) @ right.reshape(size, -1).T
    return product
