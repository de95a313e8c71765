"""Dependence between the tests of a strategy as a caller gives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from metadx.decision.dependence import Dependence
from metadx.decision.strategy_evidence import Support, unconditional_pairs
from metadx.decision.strategy_nodes import ParallelNode, Plan, Tree
from metadx.errors import OptionError

if TYPE_CHECKING:
    from metadx.inference.paired import PairedComparison

#: Strategy, node, and earlier test; the last is empty for tests that are read together.
Place: TypeAlias = tuple[str, str, str]
One: TypeAlias = "Dependence | PairedComparison"
Given: TypeAlias = "float | PairedComparison | Mapping[Place, One]"
ByStrategy: TypeAlias = dict[str, dict[tuple[str, str], Dependence]]


def dependence_given(
    plan: Plan,
    supports: dict[str, tuple[Support, Support]],
    given: Given | None,
    draws: int,
    seed: int,
) -> ByStrategy:
    """Find the nodes for which a dependence is given.

    Parameters
    ----------
    plan : Plan
        The strategy file.
    supports : dict
        What each test rests on.
    given : float, PairedComparison, mapping or None
        As for ``Strategy.evaluate``.
    draws, seed : int
        Of the evaluation.

    Raises
    ------
    OptionError
        If a node or an earlier test is not there, or draws are not as many as those of the
        evaluation.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return _by_place(plan, given, draws, seed)
    found: ByStrategy = {}
    if isinstance(given, (int, float)):
        one = Dependence(float(given), source=f"{given:g} of the covariance bound, as asked for")
        for name, node, _, earlier in _places(plan, supports):
            found.setdefault(name, {})[node, earlier] = one
        return found
    one = Dependence.from_paired(given, draws, seed)
    open_places = list(_places(plan, supports))
    for name, node, test, earlier in open_places:
        if _is_pair(plan, (test, earlier) if earlier else tuple(test.split(" and ")), given):
            found.setdefault(name, {})[node, earlier] = one
    if not found:
        pairs = dict.fromkeys(f"{test} after {first}" if first else test
                              for _, _, test, first in open_places)  # fmt: skip
        raise OptionError(
            f"no strategy uses {given.a} and {given.b} in the same patients without evidence on "
            f"their dependence; there are {', '.join(pairs) or 'no such pairs'}"
        )
    return found


def _places(
    plan: Plan, supports: dict[str, tuple[Support, Support]]
) -> Iterator[tuple[str, str, str, str]]:
    """Strategy, node, test and earlier test wherever independence would be assumed."""
    for name, tree in plan.trees.items():
        for node, test, earlier in unconditional_pairs(plan, tree, supports):
            yield name, node, test, earlier


def _is_pair(plan: Plan, names: tuple[str, ...], comparison: PairedComparison) -> bool:
    """Whether two tests are those of the comparison, each by its name or its modality."""
    first, second = ({name, plan.tests[name].modality} for name in names)
    a, b = comparison.a, comparison.b
    return (a in first and b in second) or (b in first and a in second)


def _by_place(plan: Plan, given: Mapping[Place, One], draws: int, seed: int) -> ByStrategy:
    found: ByStrategy = {}
    for (name, node, earlier), stated in given.items():
        if name not in plan.trees or node not in plan.trees[name].nodes:
            raise OptionError(f"there is no node {node!r} in a strategy {name!r}")
        known = _earlier(plan.trees[name], node)
        if earlier not in known:
            words = ", ".join(repr(one) for one in sorted(known)) or "no test"
            raise OptionError(
                f"{earlier!r} does not come before node {node!r} of strategy {name!r}; "
                f"there is {words}"
            )
        one = (
            stated
            if isinstance(stated, Dependence)
            else Dependence.from_paired(stated, draws, seed)
        )
        for values in (one.sensitivity, one.specificity, *(one.shares or {}).values()):
            if values is not None and np.size(values) not in (1, draws):
                raise OptionError(
                    f"the dependence at node {node!r} has {np.size(values)} draws and the "
                    f"evaluation {draws}; take as many"
                )
        found.setdefault(name, {})[node, earlier] = one
    return found


def _earlier(tree: Tree, node: str) -> set[str]:
    """Names under which a dependence at a node may stand."""
    if isinstance(tree.nodes[node], ParallelNode):
        return {""}
    return {test for name, before in tree.paths() if name == node for test, _ in before}


def dependence_warnings(plan: Plan, given: ByStrategy) -> list[str]:
    """Say where a dependence stands in place of conditional independence, and its source."""
    found: dict[str, None] = {}
    for name, places in given.items():
        for (node, _), one in places.items():
            found[f"Dependence in {name}, node {node}: {one.source}."] = None
    return list(found)
