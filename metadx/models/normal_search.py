"""The search for the maximum of the normal-normal model, boundaries included."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metadx.kernels import newton
from metadx.models.design import Design
from metadx.models.normal_likelihood import Evaluation, NormalData, evaluate
from metadx.models.search import (
    GRADIENT_TOLERANCE,
    MOST_STEPS,
    NEAR_ONE_RHO,
    NEAR_ZERO_TAU,
    REDUCTIONS,
    STATUS,
    Maximum,
    OptimizerRecord,
    Reduction,
    start_values,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CONVERGED: Final = STATUS[newton.CONVERGED]
#: Newton goes on to a score this small, where parameters are good to 1e-8 even if the
#: likelihood is as flat as 0.01 a square logit; GRADIENT_TOLERANCE only judges the end.
POLISHED: Final = 1e-10
#: Halvings of a step without a higher value that end the search: only rounding is left.
MOST_HALVINGS: Final = 40
#: Error of a log-likelihood that is a sum over studies, relative to it and to the square root
#: of their number: some hundred units in the last place.
ROUNDING: Final = 1e-13
#: Longest Newton step. Cholesky elements are logits; a longer one leaves the data's range.
LONGEST_STEP: Final = 2.0
#: A reduced model is the maximum if freeing its parameters gains less than this: the sum of
#: rounding errors in the log-likelihood of 10,000 studies, as no quadrature stands between.
BOUNDARY_GAIN: Final = 1e-9
#: Other starts, as (correlation, factor on the standard deviations), where the first ends
#: near a boundary.
OTHER_STARTS: Final = ((0.6, 1.0), (-0.8, 2.0), (0.0, 0.4))


@dataclass(frozen=True, slots=True)
class _Top:
    """A stationary point: Cholesky factors, which were free, the evaluation there."""

    factor: FloatArray
    free: IntArray
    found: Evaluation
    evaluations: int
    status: str

    @property
    def gradient_norm(self) -> float:
        """Largest absolute score of a free element."""
        return float(np.abs(self.found.gradient[self.free]).max(initial=0.0))


def search_normal(design: Design, data: NormalData, free: IntArray) -> Maximum:
    """Find the maximum over the Cholesky elements `free`, at a boundary too.

    Parameters
    ----------
    design : Design
        Gives the start values.
    data : NormalData
        The logits, with the choice between REML and ML.
    free : ndarray of shape (n_free,)
        Positions of the elements to estimate among l11, l21, l22 of each group; the others
        are 0. Empty for the fixed-effect model.

    Returns
    -------
    Maximum
        Its Hessian is ``-X'V^-1 X`` for the coefficients, the second derivatives of the
        profile (restricted) log-likelihood for the Cholesky elements, and 0 between them, so
        that the covariance of the coefficients is ``(X'V^-1 X)^-1`` as other programs have it.
    """
    begun = time.perf_counter()
    start = np.zeros(3 * len(design.group_names))
    start[free] = start_values(design)[data.n_coefficients :][free]
    best = _climb(data, start, free)
    tried, starts = [best], 1
    at_boundary: tuple[str, ...] = ()
    if _near_boundary(best) or best.status != CONVERGED:
        others = _other_starts(start, free)
        tried += [_climb(data, other, free) for other in others]
        starts += len(others)
        best = max(tried, key=lambda top: top.found.value)
        best, at_boundary = _reduce(data, best, tried)
    theta = np.concatenate([best.found.beta, best.factor])
    first = evaluate(data, start, derivatives=False).beta
    record = OptimizerRecord(
        start=(*first.tolist(), *start.tolist()),
        final=tuple(theta.tolist()),
        gradient_norm=best.gradient_norm,
        evaluations=sum(top.evaluations for top in tried),
        starts=starts,
        nodes=(0, 0),
        quadrature_error=0.0,
        status=best.status,
        at_boundary=at_boundary,
        seconds=time.perf_counter() - begun,
    )
    return _as_maximum(best, data, theta, record, data.n_coefficients + int(free.size))


def _as_maximum(
    top: _Top, data: NormalData, theta: FloatArray, record: OptimizerRecord, n_model: int
) -> Maximum:
    p = data.n_coefficients
    hessian = np.zeros((theta.size, theta.size))
    hessian[:p, :p] = -top.found.information
    hessian[p:, p:] = top.found.hessian
    return Maximum(
        theta=theta,
        free=np.concatenate([np.arange(p), p + top.free]),
        loglik=top.found.value,
        hessian=hessian,
        levels=np.zeros(data.n_studies, dtype=np.int64),
        modes=top.found.modes,
        record=record,
        n_model=n_model,
    )


def _climb(data: NormalData, start: FloatArray, free: IntArray) -> _Top:
    """Newton's method on the exact Hessian, made negative definite, with step halving."""
    factor, here = start, evaluate(data, start)
    evaluations, status = 1, STATUS[newton.TOO_MANY_STEPS]
    for _ in range(MOST_STEPS):
        gradient = here.gradient[free]
        if np.abs(gradient).max(initial=0.0) < POLISHED:
            status = CONVERGED
            break
        step = _step(gradient, here.hessian[np.ix_(free, free)])
        better, used = _line_search(data, factor, here, free, step)
        evaluations += used
        if better is None:
            status = STATUS[newton.STALLED]
            break
        factor, here = better
    factor = _signed(factor)
    top = _Top(factor, free, evaluate(data, factor), evaluations + 1, status)
    return replace(top, status=CONVERGED) if top.gradient_norm < GRADIENT_TOLERANCE else top


def _step(gradient: FloatArray, hessian: FloatArray) -> FloatArray:
    """Newton step uphill: curvature of either sign counts by its size."""
    curvature, axes = np.linalg.eigh(hessian)
    size = np.abs(curvature)
    step: FloatArray = axes @ ((axes.T @ gradient) / np.maximum(size, 1e-10 * size.max() + 1e-12))
    return step * min(1.0, LONGEST_STEP / float(np.linalg.norm(step)))


def _line_search(
    data: NormalData, factor: FloatArray, here: Evaluation, free: IntArray, step: FloatArray
) -> tuple[tuple[FloatArray, Evaluation] | None, int]:
    """Halve the step until the value rises; None if it never does.

    In the last digits the value no longer tells better from worse; there a step counts if the
    value stays within rounding and the score halves.
    """
    rounding = ROUNDING * (1.0 + abs(here.value)) * np.sqrt(data.n_studies)
    score = float(np.abs(here.gradient[free]).max())
    for used in range(1, MOST_HALVINGS + 1):
        trial = factor.copy()
        trial[free] += step
        there = evaluate(data, trial)
        gain = there.value - here.value
        if gain > rounding:
            return (trial, there), used
        if gain >= -rounding and float(np.abs(there.gradient[free]).max()) < 0.5 * score:
            return (trial, there), used
        step = 0.5 * step
    return None, MOST_HALVINGS


def _signed(factor: FloatArray) -> FloatArray:
    """Turn the columns of each Cholesky factor so that l11 and l22 are not negative."""
    turned = factor.copy()
    for at in range(0, factor.size, 3):
        if turned[at] < 0:
            turned[at : at + 2] *= -1.0
        turned[at + 2] = abs(turned[at + 2])
    return turned


def _small(factor: FloatArray, at: int) -> dict[str, bool]:
    """Which parameters of the group at `at` are so near their bound that it may be there."""
    l11, l21, l22 = factor[at : at + 3]
    tau_spec = float(np.hypot(l21, l22))
    small = {"tau_sens": l11 < NEAR_ZERO_TAU, "tau_spec": tau_spec < NEAR_ZERO_TAU}
    near_one = abs(l21) > NEAR_ONE_RHO * tau_spec
    return {**small, "rho": near_one or small["tau_sens"] or small["tau_spec"]}


def _near_boundary(top: _Top) -> bool:
    return any(
        any(_small(top.factor, at)[name] for name in _owned(top.free, at))
        for at in range(0, top.factor.size, 3)
    )


def _owned(free: IntArray, at: int) -> list[str]:
    """Parameters of the group at `at` that the model estimates."""
    here = set((free[(free >= at) & (free < at + 3)] - at).tolist())
    names = []
    if 0 in here:
        names.append("tau_sens")
    if 2 in here:
        names.append("tau_spec")
    return [*names, "rho"] if here == {0, 1, 2} else names


def _other_starts(start: FloatArray, free: IntArray) -> list[FloatArray]:
    starts = []
    for rho, scale in OTHER_STARTS:
        other = np.zeros_like(start)
        for at in range(0, start.size, 3):
            l11, l21, l22 = start[at : at + 3]
            tau_spec = scale * float(np.hypot(l21, l22))
            other[at : at + 3] = scale * l11, rho * tau_spec, np.sqrt(1 - rho**2) * tau_spec
        fixed = np.setdiff1d(np.arange(start.size), free)
        other[fixed] = 0.0
        starts.append(other)
    return starts


def _reduce(data: NormalData, best: _Top, tried: list[_Top]) -> tuple[_Top, tuple[str, ...]]:
    """Take in each group the smallest reduced model that loses nothing."""
    names: tuple[str, ...] = ()
    for at in range(0, best.factor.size, 3):
        for reduction in REDUCTIONS:
            owned, small = _owned(best.free, at), _small(best.factor, at)
            if not all(name in owned and small[name] for name in reduction.names):
                continue
            reduced = _climb(data, *_reduced(best, at, reduction))
            tried.append(reduced)
            if best.found.value - reduced.found.value < BOUNDARY_GAIN:
                best, names = reduced, (*names, *reduction.names)
                break
    return best, tuple(dict.fromkeys(names))


def _reduced(best: _Top, at: int, reduction: Reduction) -> tuple[FloatArray, IntArray]:
    """Start and free elements of the model with the reduction's elements at 0."""
    zero = at + np.array(reduction.zero)
    start = best.factor.copy()
    if reduction.names == ("tau_sens",):
        start[at + 2] = np.hypot(start[at + 1], start[at + 2])
    start[zero] = 0.0
    return start, np.setdiff1d(best.free, zero)
