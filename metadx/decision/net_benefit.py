"""Net benefit by threshold probability, and what the test is worth by pretest probability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from metadx.decision.draws import N_DRAWS, AccuracyDraws, accuracy_draws
from metadx.decision.posttest import Posttest, posttest
from metadx.decision.pretest import Pretest, pretests
from metadx.decision.stakes import Stakes, stakes
from metadx.errors import OptionError
from metadx.estimate import Estimate
from metadx.models import BivariateResults, delta
from metadx.models.bayes_results import BayesianResults

FloatArray = NDArray[np.float64]
Source = BivariateResults | BayesianResults | AccuracyDraws

GRID: Final = tuple(np.round(np.arange(0.01, 1.0, 0.01), 2).tolist())


@dataclass(frozen=True)
class DecisionCurve:
    """Net benefit of testing, of treating all and of treating none.

    Attributes
    ----------
    frame : DataFrame
        One row a threshold probability: ``threshold``; ``test``, ``test_low``, ``test_high``
        (of the mean), ``test_new_low``, ``test_new_high`` (in a new hospital);
        ``treat_all`` with ``_low`` and ``_high``; ``treat_none``. Net true positives a person.
    pretest : Pretest
        Prevalence of the condition.
    useful_from, useful_to : Estimate
        Between these threshold probabilities acting on the test is best (harm of the test
        left out): the post-test probabilities after a negative and a positive result.
    test_harm : float
        Net true positives that testing one person costs.
    draws : AccuracyDraws
        Accuracy.
    level : float
        Nominal coverage.
    """

    frame: pd.DataFrame
    pretest: Pretest
    useful_from: Estimate
    useful_to: Estimate
    test_harm: float
    draws: AccuracyDraws
    level: float

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader has to know, one sentence each."""
        return self.draws.warnings


def net_benefit(
    sens: FloatArray, spec: FloatArray, prevalence: FloatArray, threshold: FloatArray
) -> FloatArray:
    """Net true positives a person: ``p sens - (1 - p) (1 - spec) t / (1 - t)``.

    Parameters
    ----------
    sens, spec, prevalence, threshold : ndarray
        Probabilities, broadcast against each other.

    References
    ----------
    Vickers & Elkin 2006, Med Decis Making, doi:10.1177/0272989X06295361.
    """
    odds = threshold / (1.0 - threshold)
    return np.asarray(prevalence * sens - (1.0 - prevalence) * (1.0 - spec) * odds)


def decision_curve(
    fit: Source,
    pretest: Any,
    thresholds: Any = GRID,
    *,
    test_harm: float = 0.0,
    level: float | None = None,
    n: int = N_DRAWS,
    seed: int = 1,
    source: str | None = None,
    at: Mapping[str, Any] | None = None,
) -> DecisionCurve:
    """Compute a decision curve from pooled accuracy.

    Parameters
    ----------
    fit : BivariateResults, BayesianResults or AccuracyDraws
        Accuracy of the test.
    pretest : float, tuple, distribution or array
        Prevalence, as for `posttest`.
    thresholds : sequence of float
        Threshold probabilities: the probability of the condition at which treating and
        leaving alone are equally good.
    test_harm : float
        Net true positives that testing one person costs (0.01: one missed in a hundred
        tests is a fair price).
    level : float, optional
        Nominal coverage, that of the fit by default.
    n, seed, source, at
        See `accuracy_draws`.

    Raises
    ------
    OptionError
        If an argument is out of range.
    ModelError
        If no study reports one of the margins.
    """
    draws = fit if isinstance(fit, AccuracyDraws) else accuracy_draws(fit, n, seed, source, at)
    draws.need_both("a decision curve")
    level = draws.level if level is None else level
    grid = _grid("thresholds", thresholds)
    if not 0.0 <= test_harm < 1.0:
        raise OptionError(f"test_harm is {test_harm:g}; it lies between 0 and 1 net true positives")
    (chosen,) = pretests(pretest, len(draws), draws.seed, level)
    (after,) = posttest(draws, chosen, level=level).rows
    rows = [_row(draws, chosen, t, test_harm, level) for t in grid.tolist()]
    return DecisionCurve(pd.DataFrame(rows), chosen, *_range_of(after), test_harm, draws, level)


def _range_of(after: Posttest) -> tuple[Estimate, Estimate]:
    assert isinstance(after.negative, Estimate)
    assert isinstance(after.positive, Estimate)
    return after.negative, after.positive


def _row(
    draws: AccuracyDraws, pretest: Pretest, threshold: float, test_harm: float, level: float
) -> dict[str, float]:
    point, t = expit(draws.point), np.array(threshold)
    p = np.array(pretest.value)
    row = {"threshold": threshold}
    row["test"] = float(net_benefit(point[0], point[1], p, t)) - test_harm
    for tail, new in (("", False), ("_new", True)):
        sens, spec = draws.probabilities(new).T

        def benefit(q: FloatArray, sens: FloatArray = sens, spec: FloatArray = spec) -> FloatArray:
            return net_benefit(sens, spec, q, t) - test_harm

        low, high = pretest.tails(benefit, level).tolist()
        row[f"test{tail}_low"] = min(low, row["test"])
        row[f"test{tail}_high"] = max(high, row["test"])
    one, none = np.array(1.0), np.array(0.0)
    row["treat_all"] = float(net_benefit(one, none, p, t))
    low, high = pretest.tails(lambda q: net_benefit(one, none, np.atleast_1d(q), t), level).tolist()
    row["treat_all_low"], row["treat_all_high"] = low, high
    row["treat_none"] = 0.0
    return row


@dataclass(frozen=True)
class ValueOfTest:
    """What the test is worth by pretest probability.

    Attributes
    ----------
    frame : DataFrame
        One row a pretest probability: ``pretest``; ``gain``, ``gain_low``, ``gain_high`` (of
        the mean), ``gain_new_low``, ``gain_new_high`` (in a new hospital), in the unit of the
        stakes a person; ``best``, the best action at the summary point; ``probability``, the
        share of the draws in which testing is best.
    stakes : Stakes
        Benefits and harms.
    draws : AccuracyDraws
        Accuracy.
    level : float
        Nominal coverage.
    """

    frame: pd.DataFrame
    stakes: Stakes
    draws: AccuracyDraws
    level: float


def value_of_test(
    fit: Source,
    benefit: Any,
    harm: Any,
    test_harm: Any = 0.0,
    pretest: Any = GRID,
    *,
    level: float | None = None,
    n: int = N_DRAWS,
    seed: int = 1,
    source: str | None = None,
    at: Mapping[str, Any] | None = None,
) -> ValueOfTest:
    """Compute the gain of acting on the test over the better of treating all and none.

    Parameters
    ----------
    fit : BivariateResults, BayesianResults or AccuracyDraws
        Accuracy of the test.
    benefit, harm, test_harm : float, distribution or array
        As for `thresholds`.
    pretest : sequence of float
        Pretest probabilities.
    level : float, optional
        Nominal coverage, that of the fit by default.
    n, seed, source, at
        See `accuracy_draws`.

    Raises
    ------
    OptionError
        If an argument is out of range.
    ModelError
        If no study reports one of the margins.

    Notes
    -----
    ``gain = p sens B - (1 - p) (1 - spec) H - R - max(0, p B - (1 - p) H)``.
    It is positive exactly between the testing and the treatment threshold.
    """
    draws = fit if isinstance(fit, AccuracyDraws) else accuracy_draws(fit, n, seed, source, at)
    draws.need_both("the value of a test")
    level = draws.level if level is None else level
    delta.quantile(level)
    stake = stakes(benefit, harm, test_harm, len(draws), draws.seed)
    point, shares = expit(draws.point), [0.5 - 0.5 * level, 0.5 + 0.5 * level]
    rows = []
    for p in _grid("pretest", pretest).tolist():
        value, treat = (float(x) for x in gain(point, stake.middle, p))
        row: dict[str, Any] = {"pretest": p, "gain": value}
        for tail, new in (("", False), ("_new", True)):
            drawn, _ = gain(draws.probabilities(new), stake.draws, p)
            low, high = np.quantile(drawn, shares).tolist()
            row[f"gain{tail}_low"], row[f"gain{tail}_high"] = min(low, value), max(high, value)
            row[f"probability{tail}"] = float((drawn > 0.0).mean())
        row["best"] = "test" if value > 0.0 else "treat" if treat > 0.0 else "leave"
        rows.append(row)
    return ValueOfTest(pd.DataFrame(rows), stake, draws, level)


def gain(accuracy: FloatArray, stake: FloatArray, pretest: float) -> tuple[FloatArray, FloatArray]:
    """Gain of testing over the better alternative, and utility of treating all.

    Parameters
    ----------
    accuracy : ndarray of shape (..., 2)
        Sensitivity and specificity (probability).
    stake : ndarray of shape (..., 3)
        Benefit, harm, harm of the test.
    pretest : float
        Probability.
    """
    sens, spec = accuracy[..., 0], accuracy[..., 1]
    benefit, harm, test_harm = stake[..., 0], stake[..., 1], stake[..., 2]
    tested = pretest * sens * benefit - (1.0 - pretest) * (1.0 - spec) * harm - test_harm
    treated = pretest * benefit - (1.0 - pretest) * harm
    return np.asarray(tested - np.maximum(treated, 0.0)), np.asarray(treated)


def _grid(name: str, given: Any) -> FloatArray:
    try:
        grid = np.atleast_1d(np.asarray(given, dtype=float))
    except (TypeError, ValueError):
        grid = np.array([])
    if grid.size == 0 or not ((grid > 0.0) & (grid < 1.0)).all():
        raise OptionError(f"{name} are probabilities between 0 and 1, and at least one")
    return grid
