"""From a pretest probability to the probability after the test, with both bands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from metadx.decision.bayes_rule import NEGATIVE, POSITIVE, posttest_probability
from metadx.decision.draws import (
    N_DRAWS,
    AccuracyDraws,
    accuracy_draws,
    interval_of,
    log_likelihood_ratios,
)
from metadx.decision.frequencies import TOTAL, Frequencies, natural_frequencies
from metadx.decision.pretest import Pretest, pretests
from metadx.decision.wording import Wording, wording_of
from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.models import BivariateResults, delta, quantities
from metadx.models.bayes_results import BayesianResults

FloatArray = NDArray[np.float64]
Probability = Estimate | NotApplicable


@dataclass(frozen=True)
class Posttest:
    """Post-test probabilities for one pretest probability.

    Attributes
    ----------
    pretest : Pretest
        Before the test.
    positive, negative : Estimate or NotApplicable
        Probability of the condition after a positive and after a negative result: the value
        at the summary point with the interval of the mean.
    positive_new, negative_new : Estimate or NotApplicable
        The same with the interval for a new hospital.
    positive_delta, negative_delta : Estimate or NotApplicable
        The delta method's interval on the logit scale, for comparison.
    frequencies : Frequencies
        What happens to 1,000 people.
    """

    pretest: Pretest
    positive: Probability
    negative: Probability
    positive_new: Probability
    negative_new: Probability
    positive_delta: Probability
    negative_delta: Probability
    frequencies: Frequencies

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as a JSON-ready dictionary; what does not apply is None."""
        p = self.pretest
        record: dict[str, Any] = {
            "label": p.label,
            "pretest": {"kind": p.kind, "value": p.value, "low": p.low, "high": p.high},
        }
        for name in PROBABILITIES:
            value = getattr(self, name)
            record[name] = value.to_dict() if isinstance(value, Estimate) else None
        return record | {"frequencies": self.frequencies.to_dict()}


PROBABILITIES = (
    "positive", "negative", "positive_new", "negative_new", "positive_delta", "negative_delta"
)  # fmt: skip


@dataclass(frozen=True)
class PosttestResult:
    """Post-test probabilities of one test, one row for each pretest probability.

    Attributes
    ----------
    rows : tuple of Posttest
        In the order in which they were asked for.
    draws : AccuracyDraws
        What they rest on.
    level : float
        Nominal coverage of every interval.
    wording : Wording
        Names of condition, people and test.
    """

    rows: tuple[Posttest, ...]
    draws: AccuracyDraws
    level: float
    wording: Wording

    @property
    def stratum(self) -> str:
        """Identifier of the stratum, or the name of the table."""
        return self.draws.stratum

    @property
    def k(self) -> tuple[int, int]:
        """Studies that report sensitivity, and specificity."""
        return self.draws.k

    @property
    def source(self) -> str:
        """Where the draws come from, ``"posterior"`` or ``"maximum likelihood"``."""
        return self.draws.source

    @property
    def model(self) -> str:
        """The model in one sentence."""
        return self.draws.model

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader has to know, one sentence each."""
        return self.draws.warnings

    @property
    def positive(self) -> Probability:
        """Probability after a positive result, where one pretest probability was given."""
        return self._only.positive

    @property
    def negative(self) -> Probability:
        """Probability after a negative result, where one pretest probability was given."""
        return self._only.negative

    @property
    def frequencies(self) -> Frequencies:
        """Natural frequencies, where one pretest probability was given."""
        return self._only.frequencies

    @property
    def _only(self) -> Posttest:
        if len(self.rows) > 1:
            raise OptionError(f"there are {len(self.rows)} pretest probabilities; take one of rows")
        return self.rows[0]

    @cached_property
    def likelihood_ratios(self) -> dict[str, Probability]:
        """LR+ and LR- at the summary point, of the mean and (``_new``) of a new hospital."""
        names = ("lr_positive", "lr_negative")
        found: dict[str, Probability] = {}
        point = np.exp(log_likelihood_ratios(self.draws.point)).tolist()
        for tail, logits in (("", self.draws.mean), ("_new", self.draws.new_setting)):
            values = np.exp(log_likelihood_ratios(logits))
            for column, name in enumerate(names):
                if self.draws.missing is None:
                    found[name + tail] = interval_of(
                        point[column], values[:, column], self.level, self.source
                    )
                else:
                    found[name + tail] = self.draws.missing
        return found

    @property
    def frame(self) -> pd.DataFrame:
        """One row a pretest probability, every quantity with its ends (probability)."""
        rows = []
        for row in self.rows:
            p = row.pretest
            flat: dict[str, Any] = {
                "label": p.label, "kind": p.kind,
                "pretest": p.value, "pretest_low": p.low, "pretest_high": p.high,
            }  # fmt: skip
            for name in PROBABILITIES:
                value = getattr(row, name)
                here = isinstance(value, Estimate)
                flat[name] = value.value if here else None
                flat[f"{name}_low"] = value.low if here else None
                flat[f"{name}_high"] = value.high if here else None
            rows.append(flat)
        frame = pd.DataFrame(rows)
        texts = ["label", "kind"]
        return frame.astype(dict.fromkeys(frame.columns.difference(texts), "Float64"))

    def sentence(self, row: Posttest | None = None) -> str:
        """Say one row in natural frequencies, the first by default."""
        from metadx.decision.sentences import posttest_sentence

        return posttest_sentence(self, self.rows[0] if row is None else row)

    def summary(self) -> str:
        """Return the results as text, every number with its interval."""
        from metadx.decision.sentences import posttest_text

        return posttest_text(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the results as a JSON-ready dictionary; what does not apply is None."""
        ratios = {
            name: value.to_dict() if isinstance(value, Estimate) else None
            for name, value in self.likelihood_ratios.items()
        }
        return {
            "stratum": self.stratum,
            "k_sensitivity": self.k[0],
            "k_specificity": self.k[1],
            "source": self.source,
            "model": self.model,
            "level": self.level,
            "seed": self.draws.seed,
            "n_draws": len(self.draws),
            "likelihood_ratios": ratios,
            "not_applicable": self.draws.missing.reason if self.draws.missing else None,
            "rows": [row.to_dict() | {"sentence": self.sentence(row)} for row in self.rows],
            "warnings": list(self.warnings),
        }

    def __str__(self) -> str:
        return self.summary()


def posttest(
    fit: BivariateResults | BayesianResults | AccuracyDraws,
    pretest: Any,
    *,
    level: float | None = None,
    n: int = N_DRAWS,
    seed: int = 1,
    source: str | None = None,
    at: Mapping[str, Any] | None = None,
    total: int = TOTAL,
    condition: str | None = None,
) -> PosttestResult:
    """Compute the probability of the condition after a positive and a negative result.

    Parameters
    ----------
    fit : BivariateResults, BayesianResults or AccuracyDraws
        Accuracy of the test.
    pretest : float, tuple, distribution, array, list or mapping
        A probability; a pair (low, high), for which the result spans both ends; a frozen
        distribution of scipy or an array of draws; a list of these; or a mapping from the
        names of strata to them.
    level : float, optional
        Nominal coverage, that of the fit by default.
    n, seed, source, at
        See `accuracy_draws`.
    total : int
        People in the natural frequencies.
    condition : str, optional
        The condition with its article, for example ``"a fracture"``; the population of the
        stratum says it by default.

    Returns
    -------
    PosttestResult
        Where no study reports one of the margins, the half of the natural frequencies that
        the other one gives, and post-test probabilities that are not applicable.

    Raises
    ------
    OptionError
        If an argument is out of range.
    ModelError
        If the fit does not support what is asked.

    Notes
    -----
    Each value is Bayes' rule at the summary point and at the pretest probability (for a
    distribution at its median). Intervals are equal tails over the draws, pretest and
    accuracy drawn independently of each other; sensitivity and specificity of a draw belong
    together. The interval of the mean holds for the average hospital, that of a new hospital
    includes the variation between studies (Zwinderman & Bossuyt 2008, doi:10.1002/sim.2992).
    """
    draws = fit if isinstance(fit, AccuracyDraws) else accuracy_draws(fit, n, seed, source, at)
    level = draws.level if level is None else level
    delta.quantile(level)
    rows = []
    for chosen in pretests(pretest, len(draws), draws.seed, level):
        found = [*_probabilities(draws, chosen, level), *_delta(fit, chosen, level, at)]
        frequencies = natural_frequencies(draws, chosen, total, level)
        named = dict(zip(PROBABILITIES, found, strict=True))
        rows.append(Posttest(pretest=chosen, frequencies=frequencies, **named))
    return PosttestResult(tuple(rows), draws, level, wording_of(draws.table, condition))


def _probabilities(draws: AccuracyDraws, pretest: Pretest, level: float) -> list[Probability]:
    """After a positive and a negative result, of the mean and for a new hospital."""
    if draws.missing is not None:
        return [draws.missing] * 4
    point = posttest_probability(np.array(pretest.value), draws.point)
    found: list[Probability] = []
    for logits, method in ((draws.mean, "mean"), (draws.new_setting, "prediction")):
        for column in (POSITIVE, NEGATIVE):
            low, high = pretest.tails(_one_result(logits, column), level).tolist()
            value = float(point[column])
            found.append(Estimate(value, min(low, value), max(high, value), level, method))
    return found


def _one_result(logits: FloatArray, column: int) -> Any:
    return lambda p: posttest_probability(p, logits)[:, column]


def _delta(
    fit: BivariateResults | BayesianResults | AccuracyDraws,
    pretest: Pretest,
    level: float,
    at: Mapping[str, Any] | None,
) -> list[Probability]:
    """Intervals by the delta method on the logit scale of the maximum-likelihood fit."""
    if not isinstance(fit, BivariateResults):
        return [NotApplicable("there is no maximum-likelihood fit")] * 2
    if pretest.kind != "number":
        return [NotApplicable("the pretest probability is not a single number")] * 2
    point = fit.at(**dict(at)) if at else fit.point
    if isinstance(point, NotApplicable):
        return [point] * 2
    q, before = delta.quantile(level), float(logit(pretest.value))
    found: list[Probability] = []
    for ratio in (quantities.log_lr_positive, quantities.log_lr_negative):
        se = delta.standard_error(ratio, point.psi, point.cov)
        value = before + ratio(point.psi)
        found.append(delta.on_scale(value, se, level, "delta", q, "logit"))
    return found
