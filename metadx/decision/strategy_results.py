"""What a strategy file gives: outcomes of every strategy, draw by draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metadx.decision import economics
from metadx.decision.dependence import Dependence
from metadx.decision.strategy_evidence import Support
from metadx.decision.strategy_flow import Flow, Pair
from metadx.decision.strategy_nodes import Plan
from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable

if TYPE_CHECKING:
    from metadx.decision.strategy_pretest import BestByPretest

FloatArray = NDArray[np.float64]

#: Outcomes, their unit, and whether more is better.
OUTCOMES: Final[dict[str, tuple[str, str, bool]]] = {
    "found": ("fractures found", "per 1,000", True),
    "missed": ("fractures missed", "per 1,000", False),
    "false_alarms": ("false alarms", "per 1,000", False),
    "cleared": ("rightly sent home", "per 1,000", True),
    "imaging": ("examinations", "per 1,000", False),
    "cost": ("cost of imaging", "per patient", False),
    "dose": ("effective dose", "mSv per patient", False),
    "hours": ("time to the decision", "hours per patient", False),
}
#: What strategies are compared by, besides single outcomes.
CRITERIA: Final = (*OUTCOMES, "net_benefit", "net_money")
PER: Final = 1000.0
COUNTED: Final = ("found", "missed", "false_alarms", "cleared", "imaging")


@dataclass(frozen=True)
class StrategyResults:
    """Outcomes of the strategies of one file; nothing on it changes after the evaluation.

    All strategies share the draws, so that differences are paired. An estimate is the mean of
    the draws with their equal tails, method ``"simulation"``.

    Attributes
    ----------
    plan : Plan
        The strategy file.
    flows : dict of str to Flow
        What happens to patients with and without the fracture, by strategy.
    drawn : dict of str to ndarray
        Draws of everything uncertain, by name.
    prevalence : ndarray of shape (n,)
        Draws of the pretest probability.
    supports : dict of str to tuple of Support
        What sensitivity and specificity of each test rest on.
    dependence : dict
        Dependence by strategy, node and earlier test, where it departs from the file.
    level : float
        Share of the draws in an interval.
    seed, n_draws : int
        Seed and number of the draws.
    new_setting : bool
        Whether accuracy is that of a new hospital, or of the average one.
    threshold : float or None
        Probability of a fracture from which treating is right.
    willingness : float or None
        Money that finding one more fracture is worth.
    warnings : tuple of str
        What a reader has to know, one sentence each.
    """

    plan: Plan
    flows: Mapping[str, Flow]
    drawn: Mapping[str, FloatArray]
    prevalence: FloatArray
    supports: Mapping[str, tuple[Support, Support]]
    dependence: Mapping[str, Mapping[tuple[str, str], Dependence]]
    level: float
    seed: int
    n_draws: int
    new_setting: bool
    threshold: float | None
    willingness: float | None
    warnings: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the strategies, in the order of the file."""
        return tuple(self.flows)

    @property
    def ranked(self) -> tuple[str, ...]:
        """Names of the strategies that take part in comparisons."""
        return tuple(name for name in self.names if self.plan.trees[name].ranked)

    @property
    def labels(self) -> dict[str, str]:
        """What is printed for each strategy."""
        return {name: self.plan.trees[name].label for name in self.names}

    # Outcomes of one strategy.

    def pair(self, strategy: str, outcome: str) -> Pair | NotApplicable:
        """Return an outcome per patient with, and without, the fracture.

        Parameters
        ----------
        strategy : str
            Its name in the file.
        outcome : str
            One of `CRITERIA`, or ``"tests.NAME"`` for how often a test is done.

        Returns
        -------
        Pair or NotApplicable
            Not applicable where an input is missing; the reason names it.
        """
        flow = self._flow(strategy)
        nothing = Pair(np.zeros(1), np.zeros(1))
        if outcome.startswith("tests."):
            return flow.tests.get(outcome.removeprefix("tests."), nothing)
        treated = flow.treated
        makers: dict[str, Callable[[], Pair | NotApplicable]] = {
            "found": lambda: Pair(treated.fracture, nothing.none),
            "missed": lambda: Pair(1.0 - treated.fracture, nothing.none),
            "false_alarms": lambda: Pair(nothing.fracture, treated.none),
            "cleared": lambda: Pair(nothing.fracture, 1.0 - treated.none),
            "imaging": lambda: sum(flow.tests.values(), nothing),
            "cost": lambda: self._price(strategy, "cost"),
            "dose": lambda: self._price(strategy, "dose"),
            "hours": lambda: flow.hours or self._asks_for(strategy, "hours"),
            "net_benefit": lambda: self._net_benefit(treated),
            "net_money": lambda: self._net_money(strategy, treated),
        }
        if outcome not in makers:
            raise OptionError(f"there is no outcome {outcome!r}; there are {', '.join(CRITERIA)}")
        return makers[outcome]()

    def _flow(self, strategy: str) -> Flow:
        if strategy not in self.flows:
            known = ", ".join(self.names)
            raise OptionError(f"there is no strategy {strategy!r}; there are {known}")
        return self.flows[strategy]

    def _asks_for(self, strategy: str, price: str) -> NotApplicable:
        lacking = [
            f"tests.{test}.{price}"
            for test in self.flows[strategy].tests
            if price not in self.plan.tests[test].prices
        ]
        return NotApplicable(f"the strategy file does not give {' and '.join(lacking)}")

    def _price(self, strategy: str, price: str) -> Pair | NotApplicable:
        flow = self.flows[strategy]
        missing = [test for test in flow.tests if price not in self.plan.tests[test].prices]
        if missing:
            return self._asks_for(strategy, price)
        total = Pair(np.zeros(1), np.zeros(1))
        for test, use in flow.tests.items():
            total = total + use * self.drawn[self.plan.tests[test].prices[price].name]
        for action, use in flow.actions.items():
            if price in self.plan.actions[action].prices:
                total = total + use * self.drawn[self.plan.actions[action].prices[price].name]
        return total

    def _net_benefit(self, treated: Pair) -> Pair | NotApplicable:
        if self.threshold is None:
            return NotApplicable(
                "no threshold is given, the probability of a fracture from which treating is right"
            )
        weight = self.threshold / (1.0 - self.threshold)
        return Pair(treated.fracture, -weight * treated.none)

    def _net_money(self, strategy: str, treated: Pair) -> Pair | NotApplicable:
        if self.willingness is None:
            return NotApplicable(
                "no willingness to pay is given, the money that a found fracture is worth"
            )
        cost = self._price(strategy, "cost")
        if isinstance(cost, NotApplicable):
            return cost
        return Pair(self.willingness * treated.fracture - cost.fracture, -cost.none)

    def draws(self, strategy: str, outcome: str) -> FloatArray | NotApplicable:
        """Return the draws of an outcome: per 1,000 patients what is counted, else per patient."""
        pair = self.pair(strategy, outcome)
        if isinstance(pair, NotApplicable):
            return pair
        scale = PER if outcome in COUNTED or outcome.startswith("tests.") else 1.0
        return np.broadcast_to(scale * pair.at(self.prevalence), self.prevalence.shape)

    def estimate(self, strategy: str, outcome: str) -> Estimate | NotApplicable:
        """Return an outcome with its interval."""
        draws = self.draws(strategy, outcome)
        return draws if isinstance(draws, NotApplicable) else self.summarise(draws)

    def summarise(self, draws: FloatArray) -> Estimate:
        """Return mean and equal tails of draws."""
        low, high = np.quantile(draws, [0.5 - 0.5 * self.level, 0.5 + 0.5 * self.level]).tolist()
        mean = float(draws.mean())
        if not np.ptp(draws) > 0.0:
            low = high = mean
        return Estimate(mean, min(low, mean), max(high, mean), self.level, "simulation")

    # Tables over all strategies.

    def table(self) -> pd.DataFrame:
        """One row a strategy and outcome: value, low, high, unit, and the reason where empty."""
        uses = [f"tests.{test}" for test in self.plan.tests if self._is_used(test)]
        rows = []
        for name in self.names:
            for outcome in (*OUTCOMES, *uses):
                label, unit, _ = self.described(outcome)
                rows.append(
                    {"strategy": name, "label": self.labels[name], "outcome": outcome,
                     "quantity": label, "unit": unit,
                     **fields(self.estimate(name, outcome))}
                )  # fmt: skip
        return pd.DataFrame(rows)

    def _is_used(self, test: str) -> bool:
        return any(test in flow.tests for flow in self.flows.values())

    def described(self, outcome: str) -> tuple[str, str, bool]:
        """Return name, unit and direction of an outcome."""
        if outcome.startswith("tests."):
            test = self.plan.tests[outcome.removeprefix("tests.")]
            return test.label, "per 1,000", False
        if outcome == "net_benefit":
            return "net benefit", "true positives per patient", True
        if outcome == "net_money":
            return "net monetary benefit", f"{self.plan.currency} per patient", True
        label, unit, more = OUTCOMES[outcome]
        return label, f"{self.plan.currency} {unit}" if outcome == "cost" else unit, more

    def utility(
        self, criterion: str, strategies: Sequence[str] | None = None
    ) -> tuple[FloatArray, FloatArray, tuple[str, ...]] | NotApplicable:
        """Return what strategies are compared by, more being better.

        Parameters
        ----------
        criterion : str
            One of `CRITERIA`; an outcome of which less is better counts negatively.
        strategies : sequence of str, optional
            Those that are ranked by default, without those whose inputs are missing.

        Returns
        -------
        fracture, none : ndarray of shape (n, s)
            Of a patient with and without the fracture.
        names : tuple of str
            The strategies that could be compared.
        """
        pairs = {name: self.pair(name, criterion) for name in strategies or self.ranked}
        known = {name: one for name, one in pairs.items() if isinstance(one, Pair)}
        if not known:
            reasons = [str(one.reason) for one in pairs.values() if isinstance(one, NotApplicable)]
            return NotApplicable("; ".join(dict.fromkeys(reasons)))
        sign = 1.0 if self.described(criterion)[2] else -1.0
        shape = self.prevalence.shape
        sides = [
            np.stack([np.broadcast_to(sign * side(one), shape) for one in known.values()], axis=1)
            for side in (lambda pair: pair.fracture, lambda pair: pair.none)
        ]
        return sides[0], sides[1], tuple(known)

    def utilities(self, criterion: str) -> tuple[FloatArray, tuple[str, ...]] | NotApplicable:
        """Return the utility of an average patient, (n, s), and the names of the columns."""
        found = self.utility(criterion)
        if isinstance(found, NotApplicable):
            return found
        fracture, none, names = found
        share = self.prevalence[:, None]
        return share * fracture + (1.0 - share) * none, names

    def probability_best(self, criterion: str = "found") -> pd.Series | NotApplicable:
        """Probability that each strategy is the best by a criterion; ties are shared."""
        found = self.utilities(criterion)
        if isinstance(found, NotApplicable):
            return found
        utility, names = found
        return pd.Series(economics.probability_best(utility), index=names, name=criterion)

    def best(self, criterion: str = "found") -> str | NotApplicable:
        """Name of the strategy with the highest expected utility."""
        found = self.utilities(criterion)
        if isinstance(found, NotApplicable):
            return found
        utility, names = found
        order = self.cheapest_first(names)
        return names[order[economics.best_of(utility[:, order])]]

    def cheapest_first(self, names: Sequence[str]) -> list[int]:
        """Order in which the first of equals is the one with fewer examinations."""
        use = [float(np.mean(self.draws(name, "imaging"))) for name in names]  # type: ignore[arg-type]
        return sorted(range(len(names)), key=lambda i: (use[i], i))

    def difference(self, strategy: str, reference: str, outcome: str) -> Estimate | NotApplicable:
        """Return an outcome of a strategy less that of another, draw by draw."""
        both = [self.draws(name, outcome) for name in (strategy, reference)]
        for one in both:
            if isinstance(one, NotApplicable):
                return one
        return self.summarise(both[0] - both[1])  # type: ignore[operator]

    def differences(self, reference: str | None = None) -> pd.DataFrame:
        """Differences of every strategy from one of them, with the probability of being better.

        Parameters
        ----------
        reference : str, optional
            The first strategy by default.
        """
        base = reference or self.names[0]
        rows = []
        for name in self.names:
            if name == base:
                continue
            for outcome in OUTCOMES:
                label, unit, more = self.described(outcome)
                found = self.difference(name, base, outcome)
                better: float | None = None
                if isinstance(found, Estimate):
                    gap = self.draws(name, outcome) - self.draws(base, outcome)  # type: ignore[operator]
                    better = float(np.mean(gap > 0.0 if more else gap < 0.0))
                rows.append(
                    {"strategy": name, "reference": base, "outcome": outcome, "quantity": label,
                     "unit": unit, **fields(found), "probability_better": better}
                )  # fmt: skip
        return pd.DataFrame(rows)

    # Conveniences that other files of the room compute.

    @cached_property
    def sensitivity(self) -> Any:
        """One-way and tornado sensitivity, dependence: `strategy_sensitivity.Sensitivity`."""
        from metadx.decision.strategy_sensitivity import Sensitivity

        return Sensitivity(self)

    @cached_property
    def economics(self) -> Any:
        """Frontier, acceptability and value of information: `strategy_economics.Economics`."""
        from metadx.decision.strategy_economics import Economics

        return Economics(self)

    def by_pretest(self, criterion: str = "found") -> BestByPretest | NotApplicable:
        """Return the best strategy as a function of the pretest probability."""
        from metadx.decision.strategy_pretest import by_pretest

        return by_pretest(self, criterion)

    def at_dependence(self, share: float) -> StrategyResults:
        """Return the same evaluation with tests that err in the same patients.

        Parameters
        ----------
        share : float
            Covariance between tests whose studies do not condition on each other, as a share
            of its bound, for all of them.
        """
        return self.sensitivity.at_dependence(share)  # type: ignore[no-any-return]

    def answer(self) -> str:
        """Return the one-page answer: what is preferred when, and where the evidence ends."""
        from metadx.decision.strategy_answer import answer_text

        return answer_text(self)

    def summary(self) -> str:
        """Return the results as text: outcomes, comparison, evidence, warnings."""
        from metadx.decision.strategy_text import summary_text

        return summary_text(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the results as a JSON-ready dictionary."""
        from metadx.decision.strategy_text import as_dictionary

        return as_dictionary(self)

    def __str__(self) -> str:
        return self.summary()


def fields(found: Estimate | NotApplicable) -> dict[str, Any]:
    """Return the cells of a table for an estimate: value, low, high and reason."""
    if isinstance(found, NotApplicable):
        return {"value": None, "low": None, "high": None, "reason": found.reason}
    return {"value": found.value, "low": found.low, "high": found.high, "reason": ""}
