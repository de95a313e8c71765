"""Maximum likelihood of two tests whose results may be cross-classified in each study.

The likelihood is that of :mod:`metadx.kernels.crossed`; the search knows the same boundaries
as :mod:`metadx.models.search`, and one more: an odds ratio of 0 or infinity, where no patient
of any study has one of the four combinations of results.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize
from scipy.special import gammaln

from metadx.kernels import crossed as kernel
from metadx.kernels import newton
from metadx.kernels.quadrature import LEVELS
from metadx.models.exact import COMPLETE_FOR_CORRELATION
from metadx.models.search import (
    BOUNDARY_GAIN,
    GRADIENT_TOLERANCE,
    MOST_STEPS,
    NEAR_ONE_RHO,
    NEAR_ZERO_TAU,
    QUADRATURE_ERROR,
    REDUCTIONS,
    STATUS,
    OptimizerRecord,
)
from metadx.tables.crossed import PARTS, CrossedTable

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Columns = tuple[FloatArray, FloatArray]
Likelihood = Callable[[FloatArray], tuple[float, FloatArray]]

#: Names of the odds ratios where they end on their boundary.
ODDS_RATIOS: Final = tuple(f"odds_ratio_{part}" for part in PARTS)
#: A log odds ratio this far out (odds ratio about 3,000) has run to its boundary: one of the
#: four combinations of results does not occur.
LARGEST_OMEGA: Final = 8.0
#: Coefficients are logits; beyond this a margin has no finite maximum.
LARGEST_LOGIT: Final = 15.0
#: Level of the first search and levels of the last one, until two of them agree.
FIRST_LEVEL: Final = 3
#: Step of the central differences of the score that give the Hessian: the score is exact to
#: about 1e-13 a count, its third derivatives are of order one.
HESSIAN_STEP: Final = 1e-4
#: Newton steps from where the quasi-Newton search ends; two suffice where it ended well.
POLISHING_STEPS: Final = 12


@dataclass(frozen=True, slots=True)
class CrossedMaximum:
    """A maximum of the likelihood of two tests.

    Attributes
    ----------
    theta : ndarray of shape (p_1 + p_2 + 5,)
        As in :func:`metadx.kernels.crossed.loglik`, l11 and l22 not negative.
    free : ndarray of shape (n_free,)
        Parameters that were estimated; the others are fixed by the model or at a boundary.
    columns : tuple of two ndarrays of shape (2, p_j)
        Rows test a and test b.
    loglik : float
        With the multinomial and binomial coefficients.
    hessian : ndarray of shape (p, p)
        Second derivatives of the log-likelihood, zero for fixed parameters.
    record : OptimizerRecord
        The optimiser's diary.
    n_model : int
        Parameters of the model, those that ended at a boundary included.
    """

    theta: FloatArray
    free: IntArray
    columns: Columns
    loglik: float
    hessian: FloatArray
    record: OptimizerRecord
    n_model: int

    @property
    def slopes(self) -> int:
        """Number of coefficients; l11 stands next."""
        return int(self.columns[0].shape[1] + self.columns[1].shape[1])

    def covariance(self) -> FloatArray:
        """Inverse observed information of the free parameters, zero elsewhere."""
        full = np.zeros_like(self.hessian)
        block = np.ix_(self.free, self.free)
        full[block] = np.linalg.pinv(-self.hessian[block], hermitian=True)
        return full

    def logits(self) -> FloatArray:
        """Mean logits of sensitivity of a and b, then of specificity of a and b, shape (4,)."""
        p1 = self.columns[0].shape[1]
        return np.concatenate([
            self.columns[0] @ self.theta[:p1],
            self.columns[1] @ self.theta[p1 : self.slopes],
        ])  # fmt: skip

    def selector(self) -> FloatArray:
        """Matrix, (9, p), from the parameters to the four logits, l11, l21, l22 and omegas."""
        p1, slopes = self.columns[0].shape[1], self.slopes
        pick = np.zeros((9, self.theta.size))
        pick[:2, :p1], pick[2:4, p1:slopes] = self.columns
        pick[4:, slopes:] = np.eye(5)
        return pick


def fit_crossed(
    table: CrossedTable,
    columns: Columns | None = None,
    dependent: bool = True,
    parts: tuple[bool, bool] = (True, True),
) -> CrossedMaximum:
    """Fit the model of two tests by maximum likelihood.

    Parameters
    ----------
    table : CrossedTable
        Studies.
    columns : tuple of two ndarrays of shape (2, p_j), optional
        Design of the two margins, rows test a and test b; by default a mean for each test.
    dependent : bool
        False holds both odds ratios at 1: the patients' two results are independent given
        the study.
    parts : tuple of bool
        Whether sensitivity and specificity are in the model.
    """
    begun = time.perf_counter()
    columns = (np.eye(2), np.eye(2)) if columns is None else columns
    model = _Model(table, columns, dependent, parts)
    best = model.climb(model.start(), model.free)
    evaluations, starts = best.record.evaluations, 1
    if model.suspects(best):
        for theta in model.other_starts():
            end, calls = model.search(theta, model.free)
            evaluations += calls
            starts += 1
            if model.value(end)[0] > model.value(best.theta)[0] + QUADRATURE_ERROR:
                best = model.climb(end, model.free)
                evaluations += best.record.evaluations
        best, more = model.reduce(best)
        evaluations += more
    seconds = time.perf_counter() - begun
    record = replace(best.record, evaluations=evaluations, starts=starts, seconds=seconds)
    return replace(best, record=record, n_model=int(model.free.size))


def omega_end(table: CrossedTable, maximum: CrossedMaximum, part: int, fall: float) -> float:
    """Profile end of a log odds ratio that ran to its boundary, on the side of 0.

    Parameters
    ----------
    table : CrossedTable
        The studies of the fit.
    maximum : CrossedMaximum
        Of a model with both margins and a mean for each test.
    part : int
        0 for the diseased, 1 for the non-diseased.
    fall : float
        Fall of the log-likelihood at the end, half a chi-squared quantile.
    """
    at = maximum.slopes + 3 + part
    p1 = maximum.columns[0].shape[1]
    parts = (bool(np.isin(0, maximum.free)), bool(np.isin(p1, maximum.free)))
    model = _Model(table, maximum.columns, True, parts)
    others = maximum.free[maximum.free != at]
    target = model.value(maximum.theta)[0] - fall

    def excess(omega: float) -> float:
        theta = maximum.theta.copy()
        theta[at] = omega
        return model.value(model.search(theta, others)[0])[0] - target

    far = float(maximum.theta[at])
    near = -far
    return near if excess(near) > 0.0 else float(brentq(excess, near, far, xtol=1e-5))


class _Model:
    """The likelihood of one table and design, with the parameters that the data allow."""

    def __init__(
        self, table: CrossedTable, columns: Columns, dependent: bool, parts: tuple[bool, bool]
    ) -> None:
        self.columns = columns
        self.slopes = columns[0].shape[1] + columns[1].shape[1]
        kept = np.array(parts, dtype=float)
        self.counts = kernel.Counts(
            table.cells * kept[:, None],
            table.right * kept[:, None],
            table.total * kept[:, None],
        )
        right, total = table.margins()
        self.right, self.total = right * kept[:, None], total * kept[:, None]
        self.crossed = table.crossed & np.array(parts)
        self.free = self._free(dependent, parts)

    def _free(self, dependent: bool, parts: tuple[bool, bool]) -> IntArray:
        known = self.total.sum(axis=2) > 0
        several = known.sum(axis=0) > 1
        correlated = int(known.all(axis=1).sum()) >= COMPLETE_FOR_CORRELATION
        p1 = self.columns[0].shape[1]
        moves = np.zeros(self.slopes + 5, dtype=bool)
        moves[:p1], moves[p1 : self.slopes] = parts
        moves[self.slopes : self.slopes + 3] = several[0], correlated, several[1]
        moves[self.slopes + 3 :] = dependent & self.crossed.any(axis=0)
        return np.flatnonzero(moves)

    def start(self) -> FloatArray:
        """Pooled logits, moderate variances, and the odds ratio of the summed cross-tables."""
        theta = np.zeros(self.slopes + 5)
        right, total = self.right.sum(axis=0) + 0.5, self.total.sum(axis=0) + 1.0
        logits = np.log(right / (total - right))
        p1 = self.columns[0].shape[1]
        theta[:p1] = np.linalg.lstsq(self.columns[0], logits[0], rcond=None)[0]
        theta[p1 : self.slopes] = np.linalg.lstsq(self.columns[1], logits[1], rcond=None)[0]
        theta[self.slopes : self.slopes + 3] = 0.6, -0.18, 0.57
        cells = self.counts.cells.sum(axis=0) + 0.5
        omega = np.log(cells[:, 0] * cells[:, 3] / (cells[:, 1] * cells[:, 2]))
        theta[self.slopes + 3 :] = np.clip(omega, -4.0, 4.0)
        theta[np.setdiff1d(np.arange(theta.size), self.free)] = 0.0
        return theta

    def other_starts(self) -> list[FloatArray]:
        """Starts with small and large variances and either sign of the correlation."""
        starts = []
        for factor in ((0.3, 0.18, 0.24), (1.2, -0.96, 0.72), (1.0, 0.6, 0.8)):
            theta = self.start()
            moves = np.isin(self.slopes + np.arange(3), self.free)
            theta[self.slopes : self.slopes + 3] = np.where(moves, factor, 0.0)
            starts.append(theta)
        return starts

    def climb(self, theta: FloatArray, free: IntArray) -> CrossedMaximum:
        """Maximise over `free`, with enough nodes that a finer rule agrees."""
        end, calls = self.search(theta, free)
        far = np.abs(end[self.slopes + 3 :]) >= LARGEST_OMEGA - 0.01
        names = tuple(name for name, out in zip(ODDS_RATIOS, far, strict=True) if out)
        free = np.setdiff1d(free, self.slopes + 3 + np.flatnonzero(far))
        value = self.value(end)[0]
        for level in range(FIRST_LEVEL + 1, len(LEVELS)):
            finer = self.value(end, level)[0]
            missing = abs(finer - value)
            if missing < QUADRATURE_ERROR:
                break
            value = finer
        level -= 1
        end, hessian, slope, more = self._polish(end, free, level)
        value = self.value(end, level)[0]
        norm = float(np.abs(slope).max(initial=0.0))
        tolerance = max(GRADIENT_TOLERANCE, 1e-10 * float(self.total.sum()))
        record = OptimizerRecord(
            start=tuple(theta.tolist()),
            final=tuple(end.tolist()),
            gradient_norm=norm,
            evaluations=calls + more,
            starts=1,
            nodes=(LEVELS[level], LEVELS[level]),
            quadrature_error=missing,
            status=STATUS[newton.CONVERGED if norm < tolerance else newton.STALLED],
            at_boundary=names,
            seconds=0.0,
        )
        size = int(free.size)
        made = CrossedMaximum(
            end, free, self.columns, value + self._coefficients(), hessian, record, size
        )
        return self._canonical(made)

    def value(self, theta: FloatArray, level: int = FIRST_LEVEL) -> tuple[float, FloatArray]:
        """Log-likelihood without coefficients, and its score."""
        return kernel.loglik(theta, self.counts, self.columns, level)

    def search(self, theta: FloatArray, free: IntArray) -> tuple[FloatArray, int]:
        """Maximise at the first level; return the end and the number of evaluations."""
        full = theta.copy()

        def lost(x: FloatArray) -> tuple[float, FloatArray]:
            full[free] = x
            value, score = self.value(full)
            return -value, -score[free]

        bound = np.where(free >= self.slopes + 3, LARGEST_OMEGA, LARGEST_LOGIT)
        found = minimize(
            lost, theta[free], jac=True, method="L-BFGS-B",
            bounds=list(zip(-bound, bound, strict=True)),
            options={"maxiter": MOST_STEPS, "ftol": 1e-12, "gtol": 1e-5},
        )  # fmt: skip
        full[free] = found.x
        return full, int(found.nfev)

    def _polish(
        self, theta: FloatArray, free: IntArray, level: int
    ) -> tuple[FloatArray, FloatArray, FloatArray, int]:
        """Newton steps with the differenced score, each halved until it climbs."""
        end, calls = theta.copy(), 0
        hessian = np.zeros((theta.size, theta.size))
        for _ in range(POLISHING_STEPS):
            value, score = self.value(end, level)
            block = self._second(end, free, level)
            hessian[np.ix_(free, free)] = block
            calls += 1 + 2 * free.size
            slope = score[free]
            if np.abs(slope).max(initial=0.0) < GRADIENT_TOLERANCE:
                break
            curvature, vectors = np.linalg.eigh(-block)
            step = vectors @ ((vectors.T @ slope) / np.maximum(np.abs(curvature), 1e-6))
            step *= min(1.0, 1.0 / float(np.abs(step).max()))
            for _ in range(30):
                trial = end.copy()
                trial[free] += step
                calls += 1
                if self.value(trial, level)[0] >= value - 1e-11 * abs(value):
                    end = trial
                    break
                step *= 0.5
            else:
                break
        return end, hessian, self.value(end, level)[1][free], calls

    def _second(self, theta: FloatArray, free: IntArray, level: int) -> FloatArray:
        rows = []
        for i in free:
            up, down = theta.copy(), theta.copy()
            up[i] += HESSIAN_STEP
            down[i] -= HESSIAN_STEP
            gap = self.value(up, level)[1] - self.value(down, level)[1]
            rows.append(gap[free] / (2.0 * HESSIAN_STEP))
        block = np.array(rows).reshape(free.size, free.size)
        return 0.5 * (block + block.T)

    def _canonical(self, maximum: CrossedMaximum) -> CrossedMaximum:
        sign = np.ones(maximum.theta.size)
        at = self.slopes
        if maximum.theta[at] < 0:
            sign[[at, at + 1]] = -1.0
        if maximum.theta[at + 2] < 0:
            sign[at + 2] = -1.0
        hessian = maximum.hessian * sign[:, None] * sign[None, :]
        return replace(maximum, theta=maximum.theta * sign, hessian=hessian)

    def _coefficients(self) -> float:
        cells, right, total = self.counts
        crossed = gammaln(cells.sum(axis=2) + 1).sum() - gammaln(cells + 1).sum()
        plain = gammaln(total + 1) - gammaln(right + 1) - gammaln(total - right + 1)
        return float(crossed + plain.sum())

    def suspects(self, maximum: CrossedMaximum) -> bool:
        """Whether the random effects may lie at a boundary."""
        return any(self._near(maximum, names) for _, names in self._reductions())

    def _reductions(self) -> list[tuple[IntArray, tuple[str, ...]]]:
        return [(self.slopes + np.array(r.zero), r.names) for r in REDUCTIONS]

    def _near(self, maximum: CrossedMaximum, names: tuple[str, ...]) -> bool:
        l11, l21, l22 = maximum.theta[self.slopes : self.slopes + 3]
        tau2 = float(np.hypot(l21, l22))
        moves = np.isin(self.slopes + np.arange(3), maximum.free)
        small = {"tau_sens": l11 < NEAR_ZERO_TAU, "tau_spec": tau2 < NEAR_ZERO_TAU}
        if names == ("rho",):
            edge = abs(l21) > NEAR_ONE_RHO * tau2 or small["tau_sens"] or small["tau_spec"]
            return bool(moves.all() and edge)
        moving = {"tau_sens": moves[0], "tau_spec": moves[2]}
        return all(small[name] and moving[name] for name in names)

    def reduce(self, best: CrossedMaximum) -> tuple[CrossedMaximum, int]:
        """Return the smallest reduced model that loses nothing, or `best` itself."""
        calls = 0
        for zero, names in self._reductions():
            if not self._near(best, names):
                continue
            theta = best.theta.copy()
            if names == ("tau_sens",):
                theta[zero[0] + 2] = np.hypot(theta[zero[0] + 1], theta[zero[0] + 2])
            theta[zero] = 0.0
            smaller = self.climb(theta, np.setdiff1d(best.free, zero))
            calls += smaller.record.evaluations
            if best.loglik - smaller.loglik < BOUNDARY_GAIN:
                named = (*names, *smaller.record.at_boundary)
                return replace(smaller, record=replace(smaller.record, at_boundary=named)), calls
        return best, calls
