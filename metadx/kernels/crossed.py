"""The likelihood of two tests whose results are cross-classified within each study.

Model of study i: the logits of test t are ``eta_1t = a_1t + u_1`` among the diseased and
``eta_2t = a_2t + u_2`` among the others, ``(u_1, u_2) = L z``, ``z ~ N(0, I)``: both tests
share the study's effects. Given these, the four cells of each cross-table are multinomial with
the two probabilities as margins and the odds ratio ``exp(omega)`` between them (Plackett 1965,
J Am Stat Assoc, doi:10.1080/01621459.1965.10480807); counts of which only the margins are known
are binomial. With ``omega = 0`` the multinomial is the product of the two binomials, up to the
coefficients, and the likelihood that of :mod:`metadx.kernels.cluster` with two rows a study.

The score is Fisher's identity under the weights of the quadrature, as there. A study's two
parts depend on ``u_1`` and ``u_2`` alone, so that all studies are worked out at once.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from metadx.kernels.cluster import LOG_2PI, MODE_STEPS, MODE_TOLERANCE
from metadx.kernels.quadrature import LOG_WEIGHTS, NODES, SIZES

FloatArray = NDArray[np.float64]

#: Logits beyond this would let the reciprocal of a cell's probability overflow.
FARTHEST: Final = 150.0
#: Step of the central difference that gives a study's observed curvature at its mode. It only
#: scales the grid, so that a few digits are enough.
CURVATURE_STEP: Final = 1e-4


class Counts(NamedTuple):
    """Counts of k studies; axis 1 is the part (diseased, non-diseased).

    Attributes
    ----------
    cells : ndarray of shape (k, 2, 4)
        Patients whom both tests classify rightly, test a alone, test b alone, neither; zeros
        where the part is not cross-classified.
    right, total : ndarray of shape (k, 2, 2)
        Right results and patients of test a and test b where only margins are known, else 0.
    """

    cells: FloatArray
    right: FloatArray
    total: FloatArray


class Part(NamedTuple):
    """Log-likelihood of one part given the logits, with its derivatives, shape of the logits.

    Attributes
    ----------
    value : ndarray
        Without the coefficients.
    score_a, score_b, score_omega : ndarray
        Derivatives by the logit of test a, of test b, and the log odds ratio.
    information : ndarray
        Expected information about a shift of both logits, never negative.
    """

    value: FloatArray
    score_a: FloatArray
    score_b: FloatArray
    score_omega: FloatArray
    information: FloatArray


def joint_probabilities(
    eta_a: FloatArray, eta_b: FloatArray, omega: float | FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return the probabilities of both right, a alone, b alone, neither.

    Each is the root of its own quadratic equation in the form without a difference of nearly
    equal numbers: swapping right and wrong of a test swaps the sign of `omega`.

    Parameters
    ----------
    eta_a, eta_b : ndarray
        Logits of being right.
    omega : float or ndarray
        Log odds ratio.
    """
    p_a, p_b = expit(eta_a), expit(eta_b)
    q_a, q_b = expit(-eta_a), expit(-eta_b)
    return (
        _corner(p_a, p_b, omega),
        _corner(p_a, q_b, -omega),
        _corner(q_a, p_b, -omega),
        _corner(q_a, q_b, omega),
    )


def expit(eta: FloatArray) -> FloatArray:
    """Return ``1 / (1 + exp(-eta))``."""
    return 1.0 / (1.0 + np.exp(-eta))


def _corner(p: FloatArray, q: FloatArray, omega: float | FloatArray) -> FloatArray:
    """Probability of the cell with margins p and q under odds ratio ``exp(omega)``."""
    psi = np.exp(omega)
    linear = 1.0 + (psi - 1.0) * (p + q)
    root = np.sqrt(linear * linear - 4.0 * psi * (psi - 1.0) * p * q)
    return 2.0 * psi * p * q / (linear + root)


def part(
    cells: FloatArray,
    right: FloatArray,
    total: FloatArray,
    eta_a: FloatArray,
    eta_b: FloatArray,
    omega: float,
) -> Part:
    """Work out one part of all studies.

    Parameters
    ----------
    cells : ndarray of shape (k, 4)
    right, total : ndarray of shape (k, 2)
        As in :class:`Counts`.
    eta_a, eta_b : ndarray of shape (k, ...)
        Logits of the two tests.
    omega : float
        Log odds ratio.
    """
    wide = (slice(None),) + (None,) * (eta_a.ndim - 1)
    eta_a, eta_b = (np.clip(eta, -FARTHEST, FARTHEST) for eta in (eta_a, eta_b))
    p11, p10, p01, p00 = joint_probabilities(eta_a, eta_b, omega)
    r11, r10, r01, r00 = 1.0 / p11, 1.0 / p10, 1.0 / p01, 1.0 / p00
    n11, n10, n01, n00 = (cells[:, c][wide] for c in range(4))
    spread = 1.0 / (r11 + r10 + r01 + r00)
    by_a, by_b = (r10 + r00) * spread, (r01 + r00) * spread
    p_a, p_b = expit(eta_a), expit(eta_b)
    v_a, v_b = p_a * expit(-eta_a), p_b * expit(-eta_b)
    e11, e10, e01, e00 = n11 * r11, n10 * r10, n01 * r01, n00 * r00
    value = n11 * np.log(p11) + n10 * np.log(p10) + n01 * np.log(p01) + n00 * np.log(p00)
    score_a = v_a * (e11 * by_a + e10 * (1.0 - by_a) - e01 * by_a - e00 * (1.0 - by_a))
    score_b = v_b * (e11 * by_b + e01 * (1.0 - by_b) - e10 * by_b - e00 * (1.0 - by_b))
    score_omega = spread * (e11 - e10 - e01 + e00)
    move = v_a * by_a + v_b * by_b
    information = (n11 + n10 + n01 + n00) * (
        move * move * r11
        + (v_a - move) ** 2 * r10
        + (v_b - move) ** 2 * r01
        + (v_a + v_b - move) ** 2 * r00
    )
    for t, (eta, p, v) in enumerate(((eta_a, p_a, v_a), (eta_b, p_b, v_b))):
        y, n = right[:, t][wide], total[:, t][wide]
        value = value + y * eta - n * np.logaddexp(0.0, eta)
        information = information + n * v
        if t == 0:
            score_a = score_a + y - n * p
        else:
            score_b = score_b + y - n * p
    return Part(value, score_a, score_b, score_omega, information)


def modes(
    counts: Counts, centres: FloatArray, factor: FloatArray, omegas: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Find each study's mode on the standard normal scale and the curvature there.

    Newton steps with the expected information, shortened as in
    :func:`metadx.kernels.cluster.mode`.

    Parameters
    ----------
    counts : Counts
        Of k studies.
    centres : ndarray of shape (2, 2)
        Mean logits by part and test.
    factor : ndarray of shape (3,)
        l11, l21, l22.
    omegas : ndarray of shape (2,)
        Log odds ratios among diseased and non-diseased.

    Returns
    -------
    z : ndarray of shape (k, 2)
        Modes.
    curvature : ndarray of shape (k, 3)
        Negative second derivatives h11, h12, h22.
    """
    l11, l21, l22 = factor
    z = np.zeros((counts.cells.shape[0], 2))
    for _ in range(MODE_STEPS):
        shifts = _shifts(z, factor)
        found = [_shifted(counts, j, centres, shifts[j], omegas) for j in (0, 1)]
        (s1, i1), (s2, i2) = ((f.score_a + f.score_b, f.information) for f in found)
        h11, h12, h22 = _curvature(factor, i1, i2)
        g1, g2 = l11 * s1 + l21 * s2 - z[:, 0], l22 * s2 - z[:, 1]
        det = h11 * h22 - h12 * h12
        step = np.column_stack([(h22 * g1 - h12 * g2) / det, (h11 * g2 - h12 * g1) / det])
        reach = np.maximum(np.abs(l11 * step[:, 0]), np.abs(step @ [l21, l22]))
        far = reach > 1.0
        step[far] *= (np.log1p(reach[far]) / reach[far])[:, None]
        z += step
        if np.abs(step).max() < MODE_TOLERANCE:
            break
    shifts = _shifts(z, factor)
    observed = []
    for j, f in enumerate(found):
        up, down = (
            _shifted(counts, j, centres, shifts[j] + h, omegas)
            for h in (CURVATURE_STEP, -CURVATURE_STEP)
        )
        drop = (down.score_a + down.score_b - up.score_a - up.score_b) / (2.0 * CURVATURE_STEP)
        observed.append(np.where(drop > 0.1 * f.information, drop, f.information))
    return z, np.column_stack(_curvature(factor, *observed))


def _shifts(z: FloatArray, factor: FloatArray) -> tuple[FloatArray, FloatArray]:
    return factor[0] * z[:, 0], factor[1] * z[:, 0] + factor[2] * z[:, 1]


def _shifted(
    counts: Counts, j: int, centres: FloatArray, shift: FloatArray, omegas: FloatArray
) -> Part:
    return part(
        counts.cells[:, j], counts.right[:, j], counts.total[:, j],
        centres[j, 0] + shift, centres[j, 1] + shift, float(omegas[j]),
    )  # fmt: skip


def _curvature(
    factor: FloatArray, i1: FloatArray, i2: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    l11, l21, l22 = factor
    return 1.0 + l11 * l11 * i1 + l21 * l21 * i2, l21 * l22 * i2, 1.0 + l22 * l22 * i2


def loglik(
    theta: FloatArray, counts: Counts, columns: tuple[FloatArray, FloatArray], level: int
) -> tuple[float, FloatArray]:
    """Log-likelihood without coefficients, and its score.

    Parameters
    ----------
    theta : ndarray of shape (p_1 + p_2 + 5,)
        Coefficients of the two margins, l11, l21, l22, log odds ratios among diseased and
        non-diseased.
    counts : Counts
        Of k studies.
    columns : tuple of two ndarrays of shape (2, p_j)
        Rows test a and test b: logits are ``columns[j] @ beta_j``.
    level : int
        Quadrature level, an index into ``LEVELS``.

    Returns
    -------
    value : float
    score : ndarray of shape (p_1 + p_2 + 5,)
    """
    p1 = columns[0].shape[1]
    slopes = p1 + columns[1].shape[1]
    factor, omegas = theta[slopes : slopes + 3], theta[slopes + 3 :]
    centres = np.stack([columns[0] @ theta[:p1], columns[1] @ theta[p1:slopes]])
    z, curvature = modes(counts, centres, factor, omegas)
    h11, h12, h22 = curvature.T
    det = h11 * h22 - h12 * h12
    c11, c22 = np.sqrt(h22 / det), 1.0 / np.sqrt(h22)
    size = SIZES[level]
    node, log_weight = NODES[level, :size], LOG_WEIGHTS[level, :size]
    z1 = z[:, 0, None] + c11[:, None] * node
    z2 = (z[:, 1, None] - (h12 / det / c11)[:, None] * node)[:, :, None] + (
        c22[:, None, None] * node
    )
    first = _shifted(counts, 0, centres, factor[0] * z1, omegas)
    second = _shifted(counts, 1, centres, factor[1] * z1[:, :, None] + factor[2] * z2, omegas)
    joint = (
        (first.value + log_weight - 0.5 * z1 * z1)[:, :, None]
        + second.value + log_weight - 0.5 * z2 * z2
    )  # fmt: skip
    top = joint.max(axis=(1, 2))
    weight = np.exp(joint - top[:, None, None])
    total = weight.sum(axis=(1, 2))
    weight /= total[:, None, None]
    value = float((top + np.log(c11 * c22 * total)).sum()) - z.shape[0] * LOG_2PI
    along = weight.sum(axis=2)
    shift = weight * (second.score_a + second.score_b)
    by_logit = (
        np.array([(along * first.score_a).sum(), (along * first.score_b).sum()]),
        np.array([(weight * second.score_a).sum(), (weight * second.score_b).sum()]),
    )
    score = np.concatenate([
        columns[0].T @ by_logit[0],
        columns[1].T @ by_logit[1],
        [
            (along * (first.score_a + first.score_b) * z1).sum(),
            (shift * z1[:, :, None]).sum(),
            (shift * z2).sum(),
            (along * first.score_omega).sum(),
            (weight * second.score_omega).sum(),
        ],
    ])  # fmt: skip
    return value, score
