"""How the results of two tests hang together in the same patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtri, expit

from metadx.estimate import Estimate, NotApplicable
from metadx.kernels.crossed import joint_probabilities
from metadx.models import delta
from metadx.models.crossed import LARGEST_OMEGA, ODDS_RATIOS, CrossedMaximum, omega_end
from metadx.models.design import MARGINS
from metadx.tables.crossed import PARTS, CrossedTable

FloatArray = NDArray[np.float64]

#: Draws behind the intervals of the covariances: their ends are good to a hundredth of their
#: width (a test asserts it), and they take 10 ms.
DRAWS: Final = 20_000
#: The parts of a study as a sentence names them.
WORDS: Final = dict(zip(PARTS, ("diseased", "non-diseased"), strict=True))


@dataclass(frozen=True, slots=True)
class Dependence:
    """How the results of two tests hang together among patients of one kind.

    Attributes
    ----------
    part : str
        ``"diseased"`` or ``"nondiseased"``.
    odds_ratio : Estimate or NotApplicable
        Odds of a positive test b in those with a positive test a by that in those with a
        negative one, in the same study; 1 is independence.
    covariance : Estimate or NotApplicable
        Of the two results (1 for positive) at the summary point: the probability that both
        are positive less the product of the single probabilities. Its interval holds the
        central draws of :meth:`PairedComparison.draws`.
    bounds : tuple of float
        Smallest and largest covariance that the two probabilities allow.
    k : int
        Studies with a cross-table.
    n : int
        Patients in them.
    """

    part: str
    odds_ratio: Estimate | NotApplicable
    covariance: Estimate | NotApplicable
    bounds: tuple[float, float] | NotApplicable
    k: int
    n: int


def covariance(logits: FloatArray, omega: FloatArray | float) -> FloatArray:
    """Covariance of two binary results with given logits and log odds ratio.

    Parameters
    ----------
    logits : ndarray of shape (..., 2)
    omega : float or ndarray
        Log odds ratio.
    """
    both = joint_probabilities(logits[..., 0], logits[..., 1], omega)[0]
    return np.asarray(both - expit(logits[..., 0]) * expit(logits[..., 1]))


def draw_accuracy(
    fit: CrossedMaximum, n: int, rng: np.random.Generator, new_setting: bool = False
) -> pd.DataFrame:
    """Draw from the normal approximation of a fit; see :meth:`PairedComparison.draws`."""
    values, vectors = np.linalg.eigh(fit.covariance())
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    drawn = fit.theta + rng.standard_normal((n, values.size)) @ root.T
    psi = drawn @ fit.selector().T
    logits = psi[:, :4]
    if new_setting:
        z = rng.standard_normal((n, 2))
        first = psi[:, 4] * z[:, 0]
        second = psi[:, 5] * z[:, 0] + psi[:, 6] * z[:, 1]
        logits = logits + np.column_stack([first, first, second, second])
    names = [f"{margin}_{t}" for margin in MARGINS for t in "ab"]
    frame = pd.DataFrame(expit(logits), columns=names)
    for j, part in enumerate(PARTS):
        frame[f"covariance_{part}"] = covariance(logits[:, 2 * j : 2 * j + 2], psi[:, 7 + j])
    return frame


def dependence(
    table: CrossedTable, fit: CrossedMaximum, problems: list[str], level: float
) -> dict[str, Dependence]:
    """Describe the dependence among the diseased and among the non-diseased.

    Parameters
    ----------
    table : CrossedTable
        The studies of the fit.
    fit : CrossedMaximum
        With a mean for each test.
    problems : list of str
        Why a part is not in the model, or an empty string, for each part.
    level : float
        Nominal coverage.
    """
    frame = draw_accuracy(fit, DRAWS, np.random.default_rng(1))
    logits = fit.logits().reshape(2, 2)
    made = {}
    for j, part in enumerate(PARTS):
        k, n = int(table.crossed[:, j].sum()), int(table.cells[:, j].sum())
        reason = problems[j] or ("" if k else f"no study cross-classifies the {WORDS[part]}")
        if reason:
            none = NotApplicable(reason)
            made[part] = Dependence(part, none, none, none, k, n)
            continue
        p = expit(logits[j])
        bounds = (float(max(-(1 - p).prod(), -p.prod())), float(p.min() - p.prod()))
        if ODDS_RATIOS[j] in fit.record.at_boundary:
            ends = _at_boundary(table, fit, j, level)
        else:
            ends = _inside(fit, j, frame[f"covariance_{part}"].to_numpy(), level)
        made[part] = Dependence(part, *ends, bounds, k, n)
    return made


def _inside(
    fit: CrossedMaximum, j: int, drawn: FloatArray, level: float
) -> tuple[Estimate, Estimate]:
    at = fit.slopes + 3 + j
    omega, se = float(fit.theta[at]), float(np.sqrt(fit.covariance()[at, at]))
    odds = delta.on_scale(omega, se, level, "wald", delta.quantile(level), "log")
    tail = 0.5 * (1.0 - level)
    low, high = np.quantile(drawn, [tail, 1.0 - tail])
    value = float(covariance(fit.logits()[2 * j : 2 * j + 2], omega))
    return odds, Estimate(value, float(low), float(high), level, "draws")


def _at_boundary(
    table: CrossedTable, fit: CrossedMaximum, j: int, level: float
) -> tuple[Estimate, Estimate]:
    """Profile the odds ratio on the side where the data bound it; 0 or infinity is the other."""
    logits = fit.logits()[2 * j : 2 * j + 2]
    end = omega_end(table, fit, j, 0.5 * float(chdtri(1.0, 1.0 - level)))
    upwards = fit.theta[fit.slopes + 3 + j] > 0
    limit = float("inf") if upwards else 0.0
    low, high = sorted((limit, float(np.exp(end))))
    covariances = sorted(float(covariance(logits, omega)) for omega in (
        end, LARGEST_OMEGA if upwards else -LARGEST_OMEGA,
    ))  # fmt: skip
    value = covariances[1] if upwards else covariances[0]
    return (
        Estimate(limit, low, high, level, "profile"),
        Estimate(value, covariances[0], covariances[1], level, "profile"),
    )
