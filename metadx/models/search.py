"""The search for a maximum: starts, boundary, reduced refits, and a record of all that."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from metadx.kernels import newton
from metadx.kernels.likelihood import loglik
from metadx.kernels.quadrature import LEVELS, level_for
from metadx.models.design import Design

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: The search ends when no free parameter's score exceeds this.
GRADIENT_TOLERANCE: Final = 1e-6
#: Quadrature error allowed in the log-likelihood, summed over studies.
QUADRATURE_ERROR: Final = 1e-6
MOST_STEPS: Final = 200
#: Where to look for a boundary at all: outside these the reduced models are not tried.
NEAR_ZERO_TAU: Final = 0.15
NEAR_ONE_RHO: Final = 0.93
#: A reduced model is the maximum if freeing its parameters gains less than this. It stands
#: well above the quadrature's error and far below any gain that an interior maximum shows.
BOUNDARY_GAIN: Final = 5e-6
STATUS: Final = {
    newton.CONVERGED: "converged",
    newton.STALLED: "no further ascent in floating point",
    newton.TOO_MANY_STEPS: "too many steps",
    newton.DIVERGING: "a mean runs to infinity",
}


@dataclass(frozen=True, slots=True)
class OptimizerRecord:
    """What the optimiser did.

    Attributes
    ----------
    start, final : tuple of float
        Kernel parameters (regression coefficients on the logit scale, then l11, l21, l22 of
        each variance group, where the covariance matrix is L L').
    gradient_norm : float
        Largest absolute score of a free parameter at the end.
    evaluations : int
        Evaluations of the log-likelihood with its derivatives, all starts together.
    starts : int
        Number of starts; more than one only if the first ended at a boundary.
    nodes : tuple of int
        Smallest and largest number of quadrature nodes a dimension over the studies.
    quadrature_error : float
        Estimate of the quadrature's error in the log-likelihood.
    status : str
        ``"converged"``, or what happened instead.
    at_boundary : tuple of str
        Parameters on their boundary: ``"tau_sens"``, ``"tau_spec"``, ``"rho"``.
    seconds : float
        Wall time.
    """

    start: tuple[float, ...]
    final: tuple[float, ...]
    gradient_norm: float
    evaluations: int
    starts: int
    nodes: tuple[int, int]
    quadrature_error: float
    status: str
    at_boundary: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Maximum:
    """A maximum of the likelihood, in the kernel's parameters.

    Attributes
    ----------
    theta : ndarray of shape (p,)
        Regression coefficients, then l11, l21, l22 of each variance group with l11, l22 >= 0.
    free : ndarray of shape (n_free,)
        Parameters that were estimated; the others are fixed by the model or at a boundary.
    loglik : float
        With the binomial coefficients, as lme4 reports it.
    hessian : ndarray of shape (p, p)
        Second derivatives of the log-likelihood.
    levels : ndarray of shape (n_studies,)
        Quadrature level of each study.
    modes : ndarray of shape (n_studies, 2)
        Mode of each study's effects on the standard normal scale.
    record : OptimizerRecord
        The optimiser's diary.
    n_model : int
        Parameters of the model, those that ended at a boundary included.
    """

    theta: FloatArray
    free: IntArray
    loglik: float
    hessian: FloatArray
    levels: IntArray
    modes: FloatArray
    record: OptimizerRecord
    n_model: int

    @property
    def converged(self) -> bool:
        """Whether the score is below the tolerance (rounding included for huge counts)."""
        return self.record.status == STATUS[newton.CONVERGED]

    def covariance(self) -> FloatArray:
        """Inverse observed information of the free parameters, zero elsewhere, (p, p)."""
        full = np.zeros_like(self.hessian)
        block = np.ix_(self.free, self.free)
        full[block] = inverse(-self.hessian[block])
        return full


def inverse(information: FloatArray) -> FloatArray:
    """Inverse of an information matrix, the pseudo-inverse where it is singular."""
    try:
        np.linalg.cholesky(information)
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.pinv(information, hermitian=True))
    return np.asarray(np.linalg.inv(information))


def start_values(design: Design) -> FloatArray:
    """Moment estimates from empirical logits with 0.5 added, rho at -0.3."""
    pieces, taus = [], []
    for j, columns in enumerate(design.columns):
        y, n = design.counts[:, 2 * j], design.counts[:, 2 * j + 1]
        known = n > 0
        if not known.any():
            pieces.append(np.zeros(columns.shape[1]))
            taus.append(0.0)
            continue
        y, n, x = y[known] + 0.5, n[known] + 1.0, columns[known]
        logit, variance = np.log(y / (n - y)), 1.0 / y + 1.0 / (n - y)
        spread = float(logit.var(ddof=1)) if logit.size > 1 else 0.0
        tau2 = max(spread - float(variance.mean()), 0.05)
        weight = np.sqrt(1.0 / (variance + tau2))
        pieces.append(np.linalg.lstsq(x * weight[:, None], logit * weight, rcond=None)[0])
        taus.append(float(np.sqrt(tau2)))
    factor = np.array([taus[0], -0.3 * taus[1], np.sqrt(1 - 0.09) * taus[1]])
    return np.concatenate([*pieces, np.tile(factor, len(design.group_names))])


def climb(design: Design, theta: FloatArray, free: IntArray, nodes: int | None = None) -> Maximum:
    """Maximise over `free` from `theta`, with nodes chosen per study or fixed for all.

    Parameters
    ----------
    design : Design
        The model's arrays.
    theta : ndarray of shape (p,)
        Start; parameters outside `free` keep these values.
    free : ndarray of shape (n_free,)
        Indices of the parameters to estimate.
    nodes : int, optional
        Nodes a dimension for every study (1 is the Laplace approximation); None lets the
        kernel choose and check them.
    """
    begun = time.perf_counter()
    end = theta.astype(float).copy()
    size, n_studies = end.size, design.start.size - 1
    score, hessian = np.zeros(size), np.zeros((size, size))
    modes = np.zeros((n_studies, 2))
    levels = np.full(n_studies, 0 if nodes is None else level_for(nodes), dtype=np.int64)
    data = (design.counts, design.start, design.group, *design.columns, levels, modes)
    missing = 0.0
    if nodes is None:
        value, evaluations, status, missing = newton.fit(
            end, free, *data, GRADIENT_TOLERANCE, MOST_STEPS, QUADRATURE_ERROR, score, hessian
        )
    else:
        value, evaluations, status = _climb_numerically(end, free, data, score, hessian)
    norm = float(np.abs(score[free]).max()) if free.size else 0.0
    if status == newton.STALLED and norm < _rounding(design):
        status = newton.CONVERGED
    sizes = np.array(LEVELS)[levels]
    record = OptimizerRecord(
        start=tuple(theta.tolist()),
        final=tuple(end.tolist()),
        gradient_norm=norm,
        evaluations=int(evaluations),
        starts=1,
        nodes=(int(sizes.min()), int(sizes.max())),
        quadrature_error=float(missing),
        status=STATUS[int(status)],
        at_boundary=(),
        seconds=time.perf_counter() - begun,
    )
    value = float(value) + design.log_binomial_coefficients()
    return _canonical(
        design, Maximum(end, free, value, hessian, levels, modes, record, int(free.size))
    )


#: Steps of the numerical score and Hessian of a rule with few nodes, and the score at which
#: its search ends: what central differences of a smooth function resolve in double precision.
SCORE_STEP, HESSIAN_STEP, NUMERICAL_TOLERANCE = 1e-5, 1e-3, 1e-4


def _climb_numerically(
    end: FloatArray, free: IntArray, data: tuple[Any, ...], score: FloatArray, hessian: FloatArray
) -> tuple[float, int, int]:
    """Maximise the quadrature's own value, by differences; `end`, score, hessian are filled.

    With few nodes (one is Laplace's approximation) the value is not the function whose score
    Fisher's identity gives, so that the quadrature itself is differentiated.
    """
    calls = 0

    def value(x: FloatArray) -> float:
        nonlocal calls
        calls += 1
        data[-1].fill(0.0)  # warm modes would put their own tolerance into the differences
        theta = end.copy()
        theta[free] = x
        return float(loglik(theta, *data, False, score, hessian))

    def gradient(x: FloatArray) -> FloatArray:
        steps = SCORE_STEP * np.eye(x.size)
        return np.array([(value(x + h) - value(x - h)) / (2 * SCORE_STEP) for h in steps])

    found = minimize(
        lambda x: -value(x), end[free], jac=lambda x: -gradient(x), method="BFGS",
        options={"gtol": 0.1 * NUMERICAL_TOLERANCE, "maxiter": MOST_STEPS},
    )  # fmt: skip
    x = found.x
    end[free] = x
    score[:], hessian[:] = 0.0, 0.0
    slope = gradient(x)
    steps = HESSIAN_STEP * np.eye(x.size)
    block = np.array([(gradient(x + h) - gradient(x - h)) / (2 * HESSIAN_STEP) for h in steps])
    score[free] = slope
    hessian[np.ix_(free, free)] = 0.5 * (block + block.T)
    good = bool(np.abs(slope).max(initial=0.0) < NUMERICAL_TOLERANCE)
    return value(x), calls, newton.CONVERGED if good else newton.STALLED


def _rounding(design: Design) -> float:
    """Score that floating point cannot resolve: a sum of counts times the unit roundoff."""
    return max(GRADIENT_TOLERANCE, float(design.counts.sum()) * 1e-12)


def _canonical(design: Design, maximum: Maximum) -> Maximum:
    """Flip the signs of the columns of L so that l11 and l22 are not negative."""
    sign = np.ones(maximum.theta.size)
    at = sum(columns.shape[1] for columns in design.columns)
    for g in range(len(design.group_names)):
        l11, l21, l22 = at + 3 * g, at + 3 * g + 1, at + 3 * g + 2
        if maximum.theta[l11] < 0:
            sign[[l11, l21]] = -1.0
        if maximum.theta[l22] < 0:
            sign[l22] = -1.0
    if (sign > 0).all():
        return maximum
    return replace(
        maximum,
        theta=maximum.theta * sign,
        hessian=maximum.hessian * sign[:, None] * sign[None, :],
    )


@dataclass(frozen=True, slots=True)
class Reduction:
    """A boundary of one variance group: which of l11, l21, l22 are 0, and its name."""

    zero: tuple[int, ...]
    names: tuple[str, ...]


#: From the smallest model up: the first that loses nothing is taken.
REDUCTIONS: Final = (
    Reduction((0, 1, 2), ("tau_sens", "tau_spec")),
    Reduction((1, 2), ("tau_spec",)),
    Reduction((0, 1), ("tau_sens",)),
    Reduction((2,), ("rho",)),
)


def search(design: Design, free: IntArray | None = None, nodes: int | None = None) -> Maximum:
    """Find the maximum, at a boundary too, from several starts where the first ends at one.

    Parameters
    ----------
    design : Design
        The model's arrays.
    free : ndarray of shape (n_free,), optional
        Parameters to estimate; all if None. Those left out are fixed at 0.
    nodes : int, optional
        As in :func:`climb`.

    Returns
    -------
    Maximum
        In the reduced model where a boundary was found; ``record.at_boundary`` names it.
    """
    begun = time.perf_counter()
    theta = start_values(design)
    free = np.arange(theta.size) if free is None else free
    fixed = np.delete(np.arange(theta.size), free)
    theta[fixed] = 0.0
    best = climb(design, theta, free, nodes)
    tried = [best]
    if _suspects(design, best) or not best.converged:
        for other in _other_starts(design, theta, fixed):
            tried.append(climb(design, other, free, nodes))
        best = max(tried, key=lambda m: (round(m.loglik, 6), m.converged))
        for g in range(len(design.group_names)):
            best = _reduce(design, best, g, nodes, tried)
    record = replace(
        best.record,
        evaluations=sum(m.record.evaluations for m in tried),
        starts=len({m.record.start for m in tried}),
        seconds=time.perf_counter() - begun,
    )
    return replace(best, record=record, n_model=int(free.size))


def _factor(design: Design, theta: FloatArray, g: int) -> tuple[int, FloatArray]:
    at = sum(columns.shape[1] for columns in design.columns) + 3 * g
    return at, theta[at : at + 3]


def _suspects(design: Design, maximum: Maximum) -> bool:
    for g in range(len(design.group_names)):
        at, (l11, l21, l22) = _factor(design, maximum.theta, g)
        free = set(maximum.free.tolist())
        if at in free and l11 < NEAR_ZERO_TAU:
            return True
        tau2 = float(np.hypot(l21, l22))
        if at + 2 in free and tau2 < NEAR_ZERO_TAU:
            return True
        if at + 1 in free and at + 2 in free and abs(l21) > NEAR_ONE_RHO * tau2:
            return True
    return False


def _other_starts(design: Design, theta: FloatArray, fixed: IntArray) -> list[FloatArray]:
    starts = []
    for rho, scale in ((0.6, 1.0), (-0.8, 2.0), (0.0, 0.4)):
        other = theta.copy()
        for g in range(len(design.group_names)):
            at, (l11, l21, l22) = _factor(design, theta, g)
            tau2 = scale * float(np.hypot(l21, l22))
            other[at : at + 3] = scale * l11, rho * tau2, np.sqrt(1 - rho * rho) * tau2
        other[fixed] = 0.0
        starts.append(other)
    return starts


def _reduce(
    design: Design, best: Maximum, g: int, nodes: int | None, tried: list[Maximum]
) -> Maximum:
    """Return the smallest reduced model of group `g` that loses nothing, or `best` itself."""
    for reduction in REDUCTIONS:
        at, _ = _factor(design, best.theta, g)
        zero = np.array([at + n for n in reduction.zero])
        if not np.isin(zero, best.free).any() or not _worth_trying(design, best, g, reduction):
            continue
        theta = best.theta.copy()
        if reduction.names == ("tau_sens",):
            theta[at + 2] = np.hypot(theta[at + 1], theta[at + 2])
        theta[zero] = 0.0
        reduced = climb(design, theta, np.setdiff1d(best.free, zero), nodes)
        tried.append(reduced)
        gain = best.loglik - reduced.loglik
        if gain < BOUNDARY_GAIN and _is_top(design, reduced, at, reduction):
            names = best.record.at_boundary + _names(design, best, at, reduction)
            return replace(reduced, record=replace(reduced.record, at_boundary=names))
    return best


def _names(design: Design, best: Maximum, at: int, reduction: Reduction) -> tuple[str, ...]:
    """Names of what is at its boundary, without margins that have no variance to estimate."""
    owner = {"tau_sens": (at,), "tau_spec": (at + 1, at + 2), "rho": (at + 1,)}
    return tuple(n for n in reduction.names if np.isin(owner[n], best.free).any())


def _worth_trying(design: Design, best: Maximum, g: int, reduction: Reduction) -> bool:
    at, (l11, l21, l22) = _factor(design, best.theta, g)
    tau2 = float(np.hypot(l21, l22))
    small_sens, small_spec = l11 < NEAR_ZERO_TAU, tau2 < NEAR_ZERO_TAU
    if reduction.names == ("rho",):
        both = bool(np.isin([at, at + 1, at + 2], best.free).all())
        return both and (abs(l21) > NEAR_ONE_RHO * tau2 or small_sens or small_spec)
    needed = {"tau_sens": small_sens, "tau_spec": small_spec}
    return all(needed[name] for name in reduction.names)


def _is_top(design: Design, reduced: Maximum, at: int, reduction: Reduction) -> bool:
    """Whether the reduced point is a maximum of the larger model as well.

    For a correlation of -1 or 1 the removed parameter l22 enters the likelihood squared, so
    that its second derivative alone decides.
    """
    if reduction.names != ("rho",):
        return True
    return bool(reduced.hessian[at + 2, at + 2] <= 1e-8 * abs(reduced.hessian[at, at]) + 1e-8)


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The log-likelihood of a design at fixed quadrature levels, as a function.

    Attributes
    ----------
    design : Design
        The model's arrays.
    levels : ndarray of shape (n_studies,)
        Quadrature level of each study.
    """

    design: Design
    levels: IntArray

    def __call__(self, theta: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return value (with binomial coefficients), score (p,) and Hessian (p, p)."""
        size = theta.size
        score, hessian = np.zeros(size), np.zeros((size, size))
        modes = np.zeros((self.design.start.size - 1, 2))
        value = loglik(
            np.ascontiguousarray(theta, dtype=float), self.design.counts, self.design.start,
            self.design.group, *self.design.columns, self.levels, modes, True, score, hessian,
        )  # fmt: skip
        return float(value) + self.design.log_binomial_coefficients(), score, hessian
