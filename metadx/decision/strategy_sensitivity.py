"""What drives a comparison: one input at a time, and the dependence between tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metadx.decision.dependence import Dependence
from metadx.decision.strategy_evidence import unconditional_pairs
from metadx.decision.strategy_flow import flow_of
from metadx.decision.strategy_nodes import MARGINS
from metadx.errors import OptionError
from metadx.estimate import NotApplicable

if TYPE_CHECKING:
    from metadx.decision.strategy_results import StrategyResults

FloatArray = NDArray[np.float64]

#: Shares of the covariance bound that the sensitivity analysis walks through.
SHARES: Final = (-1.0, 0.0, 0.25, 0.5, 0.75, 1.0)
VARIED: Final = ("found", "missed", "false_alarms")


class Sensitivity:
    """Sensitivity analyses of one evaluation.

    Parameters
    ----------
    results : StrategyResults
        What was evaluated.
    """

    def __init__(self, results: StrategyResults) -> None:
        self.results = results

    def parameters(self) -> dict[str, str]:
        """Return what is uncertain: names of the draws, and what is printed for each."""
        plan, drawn = self.results.plan, self.results.drawn
        named = {
            f"tests.{test.name}.{margin}": f"{margin} of {test.label}"
            for test in plan.tests.values()
            for margin in MARGINS
        }
        named = plan.names() | named
        named["prevalence"] = "pretest probability"
        return {name: named.get(name, name) for name, one in drawn.items() if np.ptp(one) > 0.0}

    def _at(self, changed: dict[str, float]) -> StrategyResults:
        """Evaluate at the means of all draws but those that are changed."""
        values = {name: np.array([drawn.mean()]) for name, drawn in self.results.drawn.items()}
        values |= {name: np.array([value]) for name, value in changed.items()}
        return self.with_draws(values)

    def with_draws(self, drawn: dict[str, FloatArray]) -> StrategyResults:
        """Return the evaluation with other draws of everything uncertain, by name."""
        results = self.results
        average = drawn["prevalence"].size < results.n_draws
        given = {
            name: {key: one.for_analysis(average) for key, one in pairs.items()}
            for name, pairs in results.dependence.items()
        }
        flows = {
            name: flow_of(tree, results.plan, drawn, given.get(name))
            for name, tree in results.plan.trees.items()
        }
        return replace(
            results, flows=flows, drawn=drawn, prevalence=drawn["prevalence"], dependence=given
        )

    def _value(
        self, at: StrategyResults, strategy: str, reference: str | None, outcome: str
    ) -> float:
        own = at.draws(strategy, outcome)
        if isinstance(own, NotApplicable):
            raise OptionError(f"{strategy}: {own.reason}")
        if reference is None:
            return float(own[0])
        other = at.draws(reference, outcome)
        if isinstance(other, NotApplicable):
            raise OptionError(f"{reference}: {other.reason}")
        return float(own[0] - other[0])

    def one_way(
        self,
        parameter: str,
        values: Sequence[float],
        outcome: str = "found",
        strategy: str | None = None,
        reference: str | None = None,
    ) -> pd.DataFrame:
        """Vary one input, the others at their means.

        Parameters
        ----------
        parameter : str
            A name of :meth:`parameters`, or of a fixed number.
        values : sequence of float
            Values to take.
        outcome : str
            What is looked at.
        strategy : str, optional
            One strategy; all of them by default.
        reference : str, optional
            Strategy whose outcome is taken away.

        Raises
        ------
        OptionError
            If there is no such parameter, or an input of the outcome is missing.
        """
        if parameter not in self.results.drawn:
            known = ", ".join(sorted(self.results.drawn))
            raise OptionError(f"there is no input {parameter!r}; there are {known}")
        names = [strategy] if strategy else list(self.results.names)
        rows = []
        for value in values:
            at = self._at({parameter: float(value)})
            for name in names:
                found = self._value(at, name, reference, outcome)
                rows.append(
                    {"parameter": parameter, "at": value, "strategy": name, "outcome": outcome,
                     "value": found}
                )  # fmt: skip
        return pd.DataFrame(rows)

    def tornado(
        self, strategy: str, reference: str | None = None, outcome: str = "found"
    ) -> pd.DataFrame:
        """Move each uncertain input to the ends of its interval, the others at their means.

        Parameters
        ----------
        strategy : str
            Strategy whose outcome is looked at.
        reference : str, optional
            Strategy whose outcome is taken away.
        outcome : str
            One of ``strategy_results.CRITERIA``.

        Returns
        -------
        DataFrame
            One row an input that matters, the widest first: its ends (``from``, ``to``), the
            outcome at each (``at_low``, ``at_high``) and at the means (``base``).
        """
        level = self.results.level
        tails = [0.5 - 0.5 * level, 0.5 + 0.5 * level]
        base = self._value(self._at({}), strategy, reference, outcome)
        rows = []
        for name, label in self.parameters().items():
            ends = np.quantile(self.results.drawn[name], tails).tolist()
            low, high = (
                self._value(self._at({name: end}), strategy, reference, outcome) for end in ends
            )
            if low != high:
                rows.append(
                    {"parameter": name, "label": label, "from": ends[0], "to": ends[1],
                     "at_low": low, "at_high": high, "base": base}
                )  # fmt: skip
        columns = ["parameter", "label", "from", "to", "at_low", "at_high", "base"]
        frame = pd.DataFrame(rows, columns=columns)
        width = (frame["at_high"] - frame["at_low"]).abs()
        return frame.iloc[(-width).argsort(kind="stable")].reset_index(drop=True)

    def pairs(self) -> dict[str, list[tuple[str, str, str]]]:
        """Tests that follow each other without evidence on their dependence, by strategy."""
        plan, supports = self.results.plan, dict(self.results.supports)
        return {
            name: found
            for name, tree in plan.trees.items()
            if (found := unconditional_pairs(plan, tree, supports))
        }

    def at_dependence(self, share: float) -> StrategyResults:
        """Return the evaluation with a share of the covariance bound between all such tests."""
        results, pairs = self.results, self.pairs()
        one = Dependence(share, source=f"{share:g} of the covariance bound")
        flows, given = dict(results.flows), dict(results.dependence)
        for name, found in pairs.items():
            given[name] = {(node, earlier): one for node, _, earlier in found}
            tree = results.plan.trees[name]
            flows[name] = flow_of(tree, results.plan, results.drawn, given[name])
        return replace(results, flows=flows, dependence=given)

    def dependence(self, shares: Sequence[float] = SHARES) -> pd.DataFrame:
        """Vary the dependence between such tests over its possible range.

        Parameters
        ----------
        shares : sequence of float
            Covariances as shares of their bounds, between -1 and 1; 0 is independence.

        Returns
        -------
        DataFrame
            One row a strategy, share and outcome, with intervals; empty where no test follows
            another without evidence on their dependence.
        """
        rows = []
        varied = [(share, self.at_dependence(share)) for share in shares]
        for name in self.pairs():
            for share, at in varied:
                for outcome in VARIED:
                    found = at.estimate(name, outcome)
                    assert not isinstance(found, NotApplicable)
                    rows.append(
                        {"strategy": name, "share": share, "outcome": outcome,
                         "value": found.value, "low": found.low, "high": found.high}
                    )  # fmt: skip
        columns = ["strategy", "share", "outcome", "value", "low", "high"]
        return pd.DataFrame(rows, columns=columns)
