"""What a strategy file says, as plain data.

A *strategy* is a tree of tests, splits and actions. A file describes the patients, the tests,
and one or several strategies that compete for the same patients.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from metadx.decision.dependence import INDEPENDENT, Dependence
from metadx.decision.distributions import Distribution

#: Why patients take different branches.
CONDITIONS: Final = ("availability", "contraindication", "age", "suspicion", "trauma", "other")
MARGINS: Final[tuple[str, ...]] = ("sensitivity", "specificity")
#: What a test costs a patient or a payer.
PRICES: Final[tuple[str, ...]] = ("cost", "dose", "hours")


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number of a strategy file with its uncertainty and its source.

    Attributes
    ----------
    name : str
        Identifier of the input, or the place in the file: one name, one set of draws.
    distribution : Distribution
        Its uncertainty; probabilities, money, mSv or hours.
    source : str
        Where it comes from.
    is_assumption : bool
        Whether it stands in the strategy file and not in the table of inputs.
    basis : str
        What the distribution rests on.
    currency : str
        Of a cost.
    year : int or None
        Year of the prices, or of publication.
    """

    name: str
    distribution: Distribution
    source: str
    is_assumption: bool = True
    basis: str = ""
    currency: str = ""
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Borrowed:
    """A margin taken from another stratum.

    Attributes
    ----------
    stratum : str
        Identifier of the stratum.
    source : str
        Why it may stand in.
    """

    stratum: str
    source: str


@dataclass(frozen=True, slots=True)
class IndexTest:
    """A test that strategies may use.

    Attributes
    ----------
    name, label, modality : str
        Key in the file, what is printed, and the code of the study tables.
    stratum : str
        Stratum whose studies give its accuracy; empty where both margins are assumed.
    assumed : mapping
        Margins that are assumed or borrowed; a margin that the stratum reports is never.
    prices : mapping
        Of ``"cost"``, ``"dose"`` and ``"hours"`` those that are known.
    """

    name: str
    label: str
    modality: str
    stratum: str
    assumed: Mapping[str, Quantity | Borrowed]
    prices: Mapping[str, Quantity]


@dataclass(frozen=True, slots=True)
class Action:
    """What ends a path.

    Attributes
    ----------
    name, label : str
        Key in the file, and what is printed.
    calls_fracture : bool
        Whether patients are then managed as having the fracture.
    prices : mapping
        ``"cost"`` and ``"hours"`` where they are known; nothing counts as nothing.
    """

    name: str
    label: str
    calls_fracture: bool
    prices: Mapping[str, Quantity] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SingleNode:
    """One test; `earlier` is the test that its result depends on, if any."""

    test: str
    positive: str
    negative: str
    earlier: str = ""
    dependence: Dependence = INDEPENDENT

    @property
    def targets(self) -> tuple[str, ...]:
        """Where the edges lead."""
        return self.positive, self.negative


@dataclass(frozen=True, slots=True)
class ParallelNode:
    """Several tests in everybody, read together by the rule ``"any"`` or ``"all"``."""

    tests: tuple[str, ...]
    rule: str
    positive: str
    negative: str
    dependence: Dependence = INDEPENDENT

    @property
    def targets(self) -> tuple[str, ...]:
        """Where the edges lead."""
        return self.positive, self.negative


@dataclass(frozen=True, slots=True)
class Branch:
    """One way out of a split; without a share it takes the rest.

    Attributes
    ----------
    label, to : str
        What is printed, and where it leads.
    share : Quantity or None
        Share of all patients.
    among : tuple of Quantity or None
        Shares of the patients with and without the fracture, where they differ.
    """

    label: str
    to: str
    share: Quantity | None = None
    among: tuple[Quantity, Quantity] | None = None


@dataclass(frozen=True, slots=True)
class SplitNode:
    """Patients who differ by a condition take different branches."""

    condition: str
    label: str
    branches: tuple[Branch, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """Where the edges lead."""
        return tuple(branch.to for branch in self.branches)


Node: TypeAlias = SingleNode | ParallelNode | SplitNode


@dataclass(frozen=True, slots=True)
class Tree:
    """One strategy.

    Attributes
    ----------
    name, label, note : str
        Key in the file, what is printed, and a remark.
    ranked : bool
        Whether it takes part in comparisons; a strategy that its evidence does not reach is
        shown and not ranked, and its note says why.
    start : str
        Name of the first node, or of an action.
    nodes : mapping
        By name.
    """

    name: str
    label: str
    start: str
    nodes: Mapping[str, Node]
    note: str = ""
    ranked: bool = True

    def paths(self) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
        """Yield every node with what happened before: pairs of a test and its result.

        A result is ``"positive"`` or ``"negative"``. Tests read together count as one that
        stands under their names joined by ``+``.
        """
        stack: list[tuple[str, tuple[tuple[str, str], ...]]] = [(self.start, ())]
        while stack:
            name, before = stack.pop()
            node = self.nodes.get(name)
            if node is None:
                continue
            yield name, before
            if isinstance(node, SplitNode):
                stack += [(branch.to, before) for branch in node.branches]
                continue
            done = node.test if isinstance(node, SingleNode) else "+".join(node.tests)
            stack += [
                (node.positive, (*before, (done, "positive"))),
                (node.negative, (*before, (done, "negative"))),
            ]

    def tests(self) -> tuple[str, ...]:
        """Names of the tests that it uses, in the order in which they first stand."""
        found: dict[str, None] = {}
        for name, _ in self.paths():
            node = self.nodes[name]
            if isinstance(node, SingleNode):
                found[node.test] = None
            elif isinstance(node, ParallelNode):
                found.update(dict.fromkeys(node.tests))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole strategy file.

    Attributes
    ----------
    name, title, site, population, note : str
        Stem of the file, title, and codes of the study tables for the patients who enter.
    prevalence : Quantity
        Pretest probability of a patient who enters.
    threshold : Quantity or None
        Probability of a fracture from which treating is right; it weighs a false alarm
        against a missed fracture.
    value_of_finding : Quantity or None
        Money that finding one more fracture is worth.
    tests, actions, trees : mapping
        By name.
    """

    name: str
    title: str
    site: str
    population: str
    prevalence: Quantity
    tests: Mapping[str, IndexTest]
    actions: Mapping[str, Action]
    trees: Mapping[str, Tree]
    threshold: Quantity | None = None
    value_of_finding: Quantity | None = None
    note: str = ""

    def quantities(self) -> dict[str, Quantity]:
        """Every uncertain number that is not the accuracy of a stratum, by name."""
        found = [self.prevalence]
        for test in self.tests.values():
            found += [one for one in test.assumed.values() if isinstance(one, Quantity)]
            found += test.prices.values()
        for action in self.actions.values():
            found += action.prices.values()
        for tree in self.trees.values():
            for node in tree.nodes.values():
                if isinstance(node, SplitNode):
                    for branch in node.branches:
                        found += [branch.share] if branch.share else list(branch.among or ())
        return {one.name: one for one in found}

    @property
    def currency(self) -> str:
        """Currency of the costs; empty where no cost is given."""
        return next((one.currency for one in self.quantities().values() if one.currency), "")

    def names(self) -> dict[str, str]:
        """Return what is printed for each quantity; a cost, dose or time names its test."""
        found = {self.prevalence.name: "pretest probability"}
        for test in self.tests.values():
            for margin, one in test.assumed.items():
                if isinstance(one, Quantity):
                    found[one.name] = f"{margin} of {test.label}"
        owners: list[IndexTest | Action] = [*self.tests.values(), *self.actions.values()]
        for owner in owners:
            for kind, one in owner.prices.items():
                known = found.get(one.name)
                if known is None:
                    found[one.name] = f"{kind} of {owner.label}"
                elif owner.label not in known:
                    found[one.name] = f"{known}, {owner.label}"
        for tree in self.trees.values():
            for node in tree.nodes.values():
                if isinstance(node, SplitNode):
                    found.update(_shares(node))
        return found


def _shares(node: SplitNode) -> dict[str, str]:
    """What is printed for the shares of a split."""
    found = {}
    for branch in node.branches:
        words = f"share '{branch.label or branch.to}'"
        if branch.share is not None:
            found[branch.share.name] = words
        for one, who in zip(branch.among or (), ("with", "without"), strict=False):
            found[one.name] = f"{words} {who} a fracture"
    return found
