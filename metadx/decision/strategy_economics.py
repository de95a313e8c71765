"""What finding a fracture costs: frontier, acceptability, value of information."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metadx.decision import economics
from metadx.decision.strategy_nodes import MARGINS
from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable

if TYPE_CHECKING:
    from metadx.decision.strategy_results import StrategyResults

FloatArray = NDArray[np.float64]

#: What may be paid for an effect.
PAYMENTS: Final = ("cost", "dose", "hours", "imaging")
#: Steps of an acceptability curve.
STEPS: Final = 101


class Economics:
    """Economic comparison of the strategies of one evaluation.

    Parameters
    ----------
    results : StrategyResults
        What was evaluated.
    """

    def __init__(self, results: StrategyResults) -> None:
        self.results = results

    def frontier(self, payment: str = "imaging", effect: str = "found") -> pd.DataFrame:
        """Find the efficient frontier of what is paid and what is found.

        Parameters
        ----------
        payment : {"cost", "dose", "hours", "imaging"}
            What is paid.
        effect : str
            An outcome of which more is better, or ``"net_benefit"``.

        Returns
        -------
        DataFrame
            One row a ranked strategy: expected payment and effect, ``status`` (``"on the
            frontier"``, ``"dominated"``, ``"extendedly dominated"`` or ``"not applicable"``),
            ``by``, ``ratio`` (payment for one more unit of effect, both as in the table) and
            ``reason``.

        Raises
        ------
        OptionError
            If the payment is unknown, or less of the effect is better.
        """
        if payment not in PAYMENTS:
            raise OptionError(f"payment is {payment!r}; it is one of {', '.join(PAYMENTS)}")
        if not self.results.described(effect)[2]:
            raise OptionError(f"of {effect!r} less is better; the frontier needs an effect")
        pairs = {
            name: (self.results.draws(name, payment), self.results.draws(name, effect))
            for name in self.results.ranked
        }
        known = {
            name: (float(paid.mean()), float(gained.mean()))
            for name, (paid, gained) in pairs.items()
            if not isinstance(paid, NotApplicable) and not isinstance(gained, NotApplicable)
        }
        points = np.array(list(known.values())).reshape(-1, 2)
        places = dict(zip(known, economics.frontier(points[:, 0], points[:, 1]), strict=True))
        names = list(known)
        rows = []
        for name, both in pairs.items():
            row: dict[str, object] = {"strategy": name, "payment": payment, "effect": effect}
            if name in places:
                place = places[name]
                row |= {
                    "paid": known[name][0], "gained": known[name][1], "status": place.status,
                    "by": " and ".join(names[i] for i in place.by),
                    "ratio": None if np.isnan(place.ratio) else place.ratio, "reason": "",
                }  # fmt: skip
            else:
                reason = next(str(one.reason) for one in both if isinstance(one, NotApplicable))
                row |= {"paid": None, "gained": None, "status": "not applicable", "by": "",
                        "ratio": None, "reason": reason}  # fmt: skip
            rows.append(row)
        return pd.DataFrame(rows)

    def plane(self, reference: str | None = None) -> pd.DataFrame | NotApplicable:
        """Draws of differences in cost and in fractures found against one strategy.

        Returns
        -------
        DataFrame or NotApplicable
            Columns strategy, found (per patient) and cost (per patient), one row a draw.
        """
        known = self.with_cost()
        if isinstance(known, NotApplicable):
            return known
        base = reference or known[0]
        if base not in known:
            missing = self.results.draws(base, "cost")
            assert isinstance(missing, NotApplicable)
            return missing
        frames = []
        for name in known:
            if name == base:
                continue
            gained = self._draws(name, "found") - self._draws(base, "found")
            paid = self._draws(name, "cost") - self._draws(base, "cost")
            frames.append(pd.DataFrame({"strategy": name, "found": gained / 1000.0, "cost": paid}))
        if not frames:
            return NotApplicable("only one strategy has all its costs; there is nothing to compare")
        return pd.concat(frames, ignore_index=True)

    def with_cost(self) -> list[str] | NotApplicable:
        """Return the strategies whose cost is known, or why none is."""
        found = [
            name
            for name in self.results.ranked
            if not isinstance(self.results.draws(name, "cost"), NotApplicable)
        ]
        priced = [name for name in found if self.results.flows[name].tests]
        if not priced:
            reasons = [self.results.draws(name, "cost") for name in self.results.ranked]
            words = [one.reason for one in reasons if isinstance(one, NotApplicable)]
            return NotApplicable("; ".join(dict.fromkeys(words)))
        return found

    def _draws(self, name: str, outcome: str) -> FloatArray:
        found = self.results.draws(name, outcome)
        assert not isinstance(found, NotApplicable)
        return found

    def incremental_ratio(self, strategy: str, reference: str) -> Estimate | NotApplicable:
        """Money for one more fracture found, with the interval of its draws.

        The value is the ratio of the expected differences. Not applicable where either
        difference may have both signs, since the interval of the ratio has no meaning then.
        """
        paid = self.results.difference(strategy, reference, "cost")
        gained = self.results.difference(strategy, reference, "found")
        for one, words in ((paid, "cost"), (gained, "fractures found")):
            if isinstance(one, NotApplicable):
                return one
            if one.low <= 0.0 <= one.high:
                return NotApplicable(f"the difference in {words} may have either sign")
        cost = self._draws(strategy, "cost") - self._draws(reference, "cost")
        found = (self._draws(strategy, "found") - self._draws(reference, "found")) / 1000.0
        tails = [0.5 - 0.5 * self.results.level, 0.5 + 0.5 * self.results.level]
        ends = np.quantile(cost / found, tails).tolist()
        ratio = float(cost.mean() / found.mean())
        return Estimate(
            ratio, min(ends[0], ratio), max(ends[1], ratio), self.results.level, "simulation"
        )

    def acceptability(
        self, willingness: Sequence[float] | None = None
    ) -> pd.DataFrame | NotApplicable:
        """Probability that each strategy has the highest net monetary benefit.

        Parameters
        ----------
        willingness : sequence of float, optional
            Money that finding one more fracture is worth; by default from 0 to four times the
            value of the file, or to a hundred times the dearest strategy.

        Returns
        -------
        DataFrame or NotApplicable
            Columns willingness, strategy, probability_best, expected (net monetary benefit per
            patient) and is_best (highest expectation, the acceptability frontier).
        """
        known = self.with_cost()
        if isinstance(known, NotApplicable):
            return known
        if willingness is None:
            most = 100.0 * max(float(self._draws(name, "cost").mean()) for name in known)
            worth = self.results.willingness
            willingness = np.linspace(0.0, 4.0 * worth if worth else most, STEPS).tolist()
        rows = []
        for money in willingness:
            utility, names = self._net_money(float(money))
            share, mean = economics.probability_best(utility), utility.mean(axis=0)
            best = int(np.argmax(mean))
            rows += [
                {"willingness": money, "strategy": name, "probability_best": share[i],
                 "expected": mean[i], "is_best": i == best}
                for i, name in enumerate(names)
            ]  # fmt: skip
        return pd.DataFrame(rows)

    def _net_money(self, money: float) -> tuple[FloatArray, tuple[str, ...]]:
        found = replace(self.results, willingness=money).utilities("net_money")
        assert not isinstance(found, NotApplicable)
        return found

    def perfect_information(self, criterion: str = "net_benefit") -> pd.DataFrame | NotApplicable:
        """Value of perfect information on everything, and on each input by itself.

        Parameters
        ----------
        criterion : str
            What is decided by; its unit is that of the value, per patient.

        Returns
        -------
        DataFrame or NotApplicable
            Columns parameter, label and value, that of everything first; sensitivity and
            specificity of one test count together. An input on which the criterion does not
            depend is worth exactly 0.
        """
        found = self.results.utilities(criterion)
        if isinstance(found, NotApplicable):
            return found
        utility, _ = found
        rows: list[dict[str, object]] = [
            {"parameter": "everything", "label": "everything", "value": economics.evpi(utility)}
        ]
        for name, (label, members) in self._groups().items():
            value = 0.0
            if self._matters(members, criterion, utility):
                parameters = np.stack([self.results.drawn[one] for one in members], axis=1)
                value = economics.evppi(utility, parameters)
            rows.append({"parameter": name, "label": label, "value": value})
        frame = pd.DataFrame(rows)
        order = frame["value"].iloc[1:].sort_values(ascending=False, kind="stable").index
        return frame.loc[[0, *order]].reset_index(drop=True)

    def _matters(self, members: Sequence[str], criterion: str, utility: FloatArray) -> bool:
        """Whether anything changes when these inputs stand at their means."""
        drawn = dict(self.results.drawn)
        for name in members:
            drawn[name] = np.full_like(drawn[name], drawn[name].mean())
        found = self.results.sensitivity.with_draws(drawn).utilities(criterion)
        assert not isinstance(found, NotApplicable)
        return not np.array_equal(found[0], utility)

    def _groups(self) -> dict[str, tuple[str, list[str]]]:
        drawn = self.results.drawn
        groups: dict[str, tuple[str, list[str]]] = {}
        accuracy: set[str] = set()
        for test in self.results.plan.tests.values():
            names = [f"tests.{test.name}.{margin}" for margin in MARGINS]
            if names[0] in drawn:
                groups[f"tests.{test.name}"] = (f"accuracy of {test.label}", names)
                accuracy |= set(names)
        for name, label in self.results.sensitivity.parameters().items():
            if name not in accuracy:
                groups[name] = (label, [name])
        return groups
