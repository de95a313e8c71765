"""What happens to patients with and without the fracture in one strategy, for every draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metadx.decision.dependence import INDEPENDENT, Dependence, combined, second_result
from metadx.decision.strategy_nodes import (
    Branch,
    ParallelNode,
    Plan,
    SingleNode,
    SplitNode,
    Tree,
)

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """One outcome of a patient who has the fracture, and of one who has none.

    Attributes
    ----------
    fracture, none : ndarray of shape (n,)
        Probability, or expected amount, one for each draw.
    """

    fracture: FloatArray
    none: FloatArray

    def at(self, prevalence: float | FloatArray) -> FloatArray:
        """Average over patients of whom a share `prevalence` has the fracture."""
        return np.asarray(prevalence * self.fracture + (1.0 - prevalence) * self.none)

    def __add__(self, other: Pair) -> Pair:
        return Pair(self.fracture + other.fracture, self.none + other.none)

    def __mul__(self, factor: float | FloatArray) -> Pair:
        return Pair(self.fracture * factor, self.none * factor)


@dataclass(frozen=True)
class Flow:
    """Everything that a strategy does, by patients with and without the fracture.

    Attributes
    ----------
    treated : Pair
        Managed as having the fracture.
    tests, actions : dict of str to Pair
        How often each test is done and each action taken, per patient.
    hours : Pair or None
        Time to the decision; None where the time of a test is not known.
    """

    treated: Pair
    tests: dict[str, Pair]
    actions: dict[str, Pair]
    hours: Pair | None


@dataclass
class _Step:
    """Patients at one node: their shares, and the earlier tests on the way there."""

    name: str
    fracture: FloatArray
    none: FloatArray
    before: dict[str, tuple[bool, FloatArray, FloatArray]]


def flow_of(
    tree: Tree,
    plan: Plan,
    values: Mapping[str, FloatArray],
    dependence: Mapping[tuple[str, str], Dependence] | None = None,
) -> Flow:
    """Send patients through a strategy.

    Parameters
    ----------
    tree : Tree
        The strategy.
    plan : Plan
        Its file.
    values : mapping
        Draws by name: ``tests.NAME.sensitivity`` and ``tests.NAME.specificity``
        (probabilities), and the plan's quantities. All of one length, or of length 1.
    dependence : mapping, optional
        By node and earlier test, ``(node, earlier)``, in place of what the file says; of
        tests read together under ``(node, "")``.

    Returns
    -------
    Flow
        Probabilities that sum to 1 over the actions, for patients with and without fracture.
    """
    runner = _Runner(tree, plan, values, dependence or {})
    one = np.ones(max((np.size(v) for v in values.values()), default=1))
    stack = [_Step(tree.start, one, one.copy(), {})]
    while stack:
        stack += runner.visit(stack.pop())
    treated = Pair(np.zeros_like(one), np.zeros_like(one))
    for name, pair in runner.actions.items():
        if plan.actions[name].calls_fracture:
            treated = treated + pair
    return Flow(treated, runner.tests, runner.actions, runner.hours if runner.timed else None)


class _Runner:
    """Sums what happens at the nodes of one tree."""

    def __init__(
        self,
        tree: Tree,
        plan: Plan,
        values: Mapping[str, FloatArray],
        dependence: Mapping[tuple[str, str], Dependence],
    ) -> None:
        self.tree, self.plan, self.values, self.given = tree, plan, values, dependence
        self.tests: dict[str, Pair] = {}
        self.actions: dict[str, Pair] = {}
        self.hours = Pair(np.zeros(1), np.zeros(1))
        self.timed = True

    def visit(self, step: _Step) -> list[_Step]:
        """Count a node and return where its patients go."""
        node = self.tree.nodes.get(step.name)
        if node is None:
            self._add(self.actions, step.name, step)
            waiting = self.plan.actions[step.name].prices.get("hours")
            if waiting is not None:
                self._wait(step, self.values[waiting.name])
            return []
        if isinstance(node, SplitNode):
            return self._split(node, step)
        names = (node.test,) if isinstance(node, SingleNode) else node.tests
        for name in names:
            self._add(self.tests, name, step)
        self._time(names, step)
        if isinstance(node, SingleNode):
            sens, spec = self._single(node, step)
        else:
            sens, spec = self._parallel(node, step.name)
        done = "+".join(names)
        alone = self._accuracy(names[0]) if len(names) == 1 else (sens, spec)
        return [
            _Step(node.positive, step.fracture * sens, step.none * (1.0 - spec),
                  {**step.before, done: (True, *alone)}),
            _Step(node.negative, step.fracture * (1.0 - sens), step.none * spec,
                  {**step.before, done: (False, *alone)}),
        ]  # fmt: skip

    def _accuracy(self, test: str) -> tuple[FloatArray, FloatArray]:
        place = f"tests.{test}"
        return self.values[f"{place}.sensitivity"], self.values[f"{place}.specificity"]

    def _single(self, node: SingleNode, step: _Step) -> tuple[FloatArray, FloatArray]:
        sens, spec = self._accuracy(node.test)
        for earlier, (positive, first_sens, first_spec) in step.before.items():
            own = node.dependence if earlier == node.earlier else INDEPENDENT
            dependence = self.given.get((step.name, earlier), own)
            if dependence.is_independence:
                continue
            cov = dependence.covariance("sensitivity", first_sens, sens)
            sens = second_result(first_sens, sens, cov, agrees=positive)
            cov = dependence.covariance("specificity", first_spec, spec)
            spec = second_result(first_spec, spec, cov, agrees=not positive)
        return sens, spec

    def _parallel(self, node: ParallelNode, name: str) -> tuple[FloatArray, FloatArray]:
        both = [self._accuracy(test) for test in node.tests]
        dependence = self.given.get((name, ""), node.dependence)
        return combined([s for s, _ in both], [c for _, c in both], node.rule, dependence)

    def _split(self, node: SplitNode, step: _Step) -> list[_Step]:
        shares = [self._shares(branch) for branch in node.branches]
        found = []
        for side in (0, 1):
            known = [one[side] for one in shares if one is not None]
            total = np.asarray(sum(known, np.zeros(1)))
            # Two uncertain shares may exceed 1 in a draw, which leaves nothing for the rest.
            scale = np.maximum(total, 1.0)
            rest = np.maximum(1.0 - total, 0.0)
            found.append([rest if one is None else one[side] / scale for one in shares])
        return [
            _Step(branch.to, step.fracture * with_it, step.none * without, dict(step.before))
            for branch, with_it, without in zip(node.branches, *found, strict=True)
        ]

    def _shares(self, branch: Branch) -> tuple[FloatArray, FloatArray] | None:
        if branch.among is not None:
            first, second = branch.among
            return self.values[first.name], self.values[second.name]
        if branch.share is None:
            return None
        share = self.values[branch.share.name]
        return share, share

    def _add(self, where: dict[str, Pair], name: str, step: _Step) -> None:
        here = Pair(step.fracture, step.none)
        where[name] = where[name] + here if name in where else here

    def _wait(self, step: _Step, hours: FloatArray) -> None:
        self.hours = self.hours + Pair(step.fracture * hours, step.none * hours)

    def _time(self, names: tuple[str, ...], step: _Step) -> None:
        """Add the time of a test; tests that are done together take as long as the longest."""
        times = [self.plan.tests[name].prices.get("hours") for name in names]
        known = [self.values[one.name] for one in times if one is not None]
        if len(known) < len(times):
            self.timed = False
            return
        longest = known[0]
        for one in known[1:]:
            longest = np.maximum(longest, one)
        self._wait(step, longest)
