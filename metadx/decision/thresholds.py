"""When to test and when to treat: the thresholds of Pauker and Kassirer with uncertainty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from metadx.decision.draws import N_DRAWS, AccuracyDraws, accuracy_draws
from metadx.decision.pretest import pretests
from metadx.decision.sentences import share
from metadx.decision.stakes import Stakes, stakes
from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.models import BivariateResults, delta
from metadx.models.bayes_results import BayesianResults

FloatArray = NDArray[np.float64]
Probability = Estimate | NotApplicable

ACTIONS = ("leave", "test", "treat")


@dataclass(frozen=True)
class Thresholds:
    """Pretest probabilities at which the best action changes.

    Attributes
    ----------
    testing : Estimate or NotApplicable
        Below it, neither test nor treat (probability).
    treatment : Estimate or NotApplicable
        Above it, treat without the test; between the two, test (probability).
    untested : Estimate
        Treatment threshold where there is no test, ``harm / (benefit + harm)``.
    testing_new, treatment_new : Estimate or NotApplicable
        The same with the interval for a new hospital.
    useful, useful_new : float
        Share of the draws in which some pretest probability makes the test the best action.
    lines : ndarray of shape (n, 2)
        Testing and treatment threshold of every draw of the mean.
    stakes : Stakes
        Benefits and harms.
    draws : AccuracyDraws
        Accuracy.
    level : float
        Nominal coverage.
    """

    testing: Probability
    treatment: Probability
    untested: Estimate
    testing_new: Probability
    treatment_new: Probability
    useful: float
    useful_new: float
    lines: FloatArray
    stakes: Stakes
    draws: AccuracyDraws
    level: float

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader has to know, one sentence each."""
        return self.draws.warnings

    @property
    def frame(self) -> pd.DataFrame:
        """One row a threshold (probability), with its reason where there is none."""
        rows = []
        for name in ("testing", "treatment", "testing_new", "treatment_new", "untested"):
            value = getattr(self, name)
            row: dict[str, Any] = {"threshold": name, "reason": ""}
            if isinstance(value, Estimate):
                row |= {"value": value.value, "low": value.low, "high": value.high}
            else:
                row["reason"] = value.reason
            rows.append(row)
        columns = ["threshold", "value", "low", "high", "reason"]
        frame = pd.DataFrame(rows).reindex(columns=columns)
        return frame.astype(dict.fromkeys(columns[1:4], "Float64"))

    def actions(self, pretest: float) -> dict[str, float]:
        """Probability that each action is the best at a pretest probability.

        Parameters
        ----------
        pretest : float
            Probability.

        Returns
        -------
        dict
            ``"leave"``, ``"test"``, ``"treat"``; they sum to 1.
        """
        (chosen,) = pretests(pretest, len(self.draws), self.draws.seed, self.level)
        if chosen.kind != "number":
            raise OptionError("actions takes one number, the pretest probability")
        leave = float((chosen.value < self.lines[:, 0]).mean())
        treat = float((chosen.value >= self.lines[:, 1]).mean())
        return dict(zip(ACTIONS, (leave, 1.0 - leave - treat, treat), strict=True))

    def summary(self) -> str:
        """Return the thresholds as text, with their intervals."""
        draws = self.draws
        benefit, harm, test_harm = self.stakes.middle
        out = [
            f"{draws.stratum}: testing and treatment thresholds (Pauker & Kassirer 1980)",
            f"Studies: {draws.k[0]} with sensitivity, {draws.k[1]} with specificity",
            f"Draws: {draws.source}, n = {len(draws):,}, seed {draws.seed}",
            f"Model: {draws.model}",
            f"Benefit {benefit:g}, harm {harm:g}, harm of the test {test_harm:g}"
            + ("" if self.stakes.fixed else " (medians of distributions)"),
            "",
        ]
        words = {"testing": "Testing threshold", "treatment": "Treatment threshold"}
        for name, text in words.items():
            value, new = getattr(self, name), getattr(self, f"{name}_new")
            shown = share(value) if isinstance(value, Estimate) else str(value)
            wider = f"   new hospital {share(new)}" if isinstance(new, Estimate) else ""
            out.append(f"{text:<32}{shown}{wider}")
        out.append(f"{'Treatment threshold, no test':<32}{share(self.untested)}")
        out.append(
            f"The test is worth doing at some pretest probability in {100 * self.useful:.0f}% "
            f"of the draws ({100 * self.useful_new:.0f}% in a new hospital)."
        )
        out += [f"Note: {text}" for text in self.warnings]
        return "\n".join(out)

    def to_dict(self) -> dict[str, Any]:
        """Return the thresholds as a JSON-ready dictionary; what does not apply is None."""
        record: dict[str, Any] = {
            "stratum": self.draws.stratum,
            "k_sensitivity": self.draws.k[0],
            "k_specificity": self.draws.k[1],
            "source": self.draws.source,
            "model": self.draws.model,
            "level": self.level,
            "benefit": self.stakes.middle[0],
            "harm": self.stakes.middle[1],
            "test_harm": self.stakes.middle[2],
            "useful": self.useful,
            "useful_new": self.useful_new,
        }
        for name in ("testing", "treatment", "untested", "testing_new", "treatment_new"):
            value = getattr(self, name)
            record[name] = value.to_dict() if isinstance(value, Estimate) else None
        return record | {"warnings": list(self.warnings)}

    def __str__(self) -> str:
        return self.summary()


def threshold_lines(accuracy: FloatArray, stake: FloatArray) -> FloatArray:
    """Testing and treatment threshold (probability), before asking which is smaller.

    Parameters
    ----------
    accuracy : ndarray of shape (..., 2)
        Sensitivity and specificity (probability).
    stake : ndarray of shape (..., 3)
        Benefit B, harm H, harm of the test R.

    Returns
    -------
    ndarray of shape (..., 2)

    Notes
    -----
    ``testing = ((1 - spec) H + R) / ((1 - spec) H + sens B)``,
    ``treatment = (spec H - R) / (spec H + (1 - sens) B)``.

    References
    ----------
    Pauker & Kassirer 1980, N Engl J Med, doi:10.1056/NEJM198005153022003.
    """
    sens, spec = accuracy[..., 0], accuracy[..., 1]
    benefit, harm, test_harm = stake[..., 0], stake[..., 1], stake[..., 2]
    testing = ((1.0 - spec) * harm + test_harm) / ((1.0 - spec) * harm + sens * benefit)
    treatment = (spec * harm - test_harm) / (spec * harm + (1.0 - sens) * benefit)
    return np.stack([testing, treatment], axis=-1)


def thresholds(
    fit: BivariateResults | BayesianResults | AccuracyDraws,
    benefit: Any,
    harm: Any,
    test_harm: Any = 0.0,
    *,
    level: float | None = None,
    n: int = N_DRAWS,
    seed: int = 1,
    source: str | None = None,
    at: Mapping[str, Any] | None = None,
) -> Thresholds:
    """Compute the pretest probabilities between which testing is the best action.

    Parameters
    ----------
    fit : BivariateResults, BayesianResults or AccuracyDraws
        Accuracy of the test.
    benefit : float, distribution or array
        Gain from treating one person with the condition.
    harm : float, distribution or array
        Loss from treating one person without it, in the same unit.
    test_harm : float, distribution or array
        Loss from testing one person, in the same unit.
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
    Where the testing threshold is not below the treatment threshold no pretest probability
    makes the test the best action. Such draws have both at ``H / (B + H)``, the threshold
    without the test; at the summary point the thresholds are then not applicable.
    """
    draws = fit if isinstance(fit, AccuracyDraws) else accuracy_draws(fit, n, seed, source, at)
    draws.need_both("a threshold")
    level = draws.level if level is None else level
    delta.quantile(level)
    stake = stakes(benefit, harm, test_harm, len(draws), draws.seed)
    point = threshold_lines(expit(draws.point), stake.middle)
    alone = stake.draws[:, 1] / (stake.draws[:, 0] + stake.draws[:, 1])
    middle = float(stake.middle[1] / (stake.middle[0] + stake.middle[1]))
    every = {}
    shares = {}
    for tail, new in (("", False), ("_new", True)):
        lines = threshold_lines(draws.probabilities(new), stake.draws)
        pays = lines[:, 0] < lines[:, 1]
        every[tail] = np.where(pays[:, None], lines, alone[:, None])
        shares[tail] = float(pays.mean())
    found: dict[str, Probability] = {}
    for column, name in enumerate(("testing", "treatment")):
        for tail, lines in every.items():
            found[name + tail] = (
                _estimate(float(point[column]), lines[:, column], level)
                if point[0] < point[1]
                else NotApplicable(
                    "at the summary point no pretest probability makes the test the best action"
                )
            )
    return Thresholds(
        **found,
        untested=_estimate(middle, alone, level),
        useful=shares[""],
        useful_new=shares["_new"],
        lines=every[""],
        stakes=stake,
        draws=draws,
        level=level,
    )


def _estimate(value: float, drawn: FloatArray, level: float) -> Estimate:
    low, high = np.quantile(drawn, [0.5 - 0.5 * level, 0.5 + 0.5 * level]).tolist()
    return Estimate(value, min(low, value), max(high, value), level, "simulation")
