"""The trees of a strategy file: nodes, edges, and what can be wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from metadx.decision.dependence import INDEPENDENT, RULES, Dependence
from metadx.decision.inputs import Input
from metadx.decision.strategy_faults import Findings
from metadx.decision.strategy_nodes import (
    CONDITIONS,
    Action,
    Branch,
    IndexTest,
    Node,
    ParallelNode,
    SingleNode,
    SplitNode,
    Tree,
)
from metadx.decision.strategy_quantities import read_quantity
from metadx.errors import OptionError

TREE_KEYS: Final = ("label", "note", "ranked", "start", "nodes")
NODE_KEYS: Final = {
    "test": ("test", "positive", "negative", "dependence"),
    "tests": ("tests", "rule", "positive", "negative", "dependence"),
    "split": ("split", "label", "branches"),
}
BRANCH_KEYS: Final = ("label", "to", "share", "share_fracture", "share_no_fracture")
DEPENDENCE_KEYS: Final = ("with", "share", "sensitivity", "specificity", "source")
#: What a branch without a share of its own says.
REST: Final = "rest"
#: Rounding of shares that were written as decimals.
_SUM_SLACK: Final = 1e-9


class TreeReader:
    """Reads the trees of one file with the same tests, actions and inputs."""

    def __init__(
        self,
        tests: Mapping[str, IndexTest],
        actions: Mapping[str, Action],
        inputs: Mapping[str, Input],
        found: Findings,
    ) -> None:
        self.tests, self.actions, self.inputs, self.found = tests, actions, inputs, found

    def tree(self, name: str, row: Mapping[str, Any]) -> Tree:
        """Read one strategy."""
        place = f"strategies.{name}"
        self.found.keys(place, row, TREE_KEYS)
        nodes: dict[str, Node] = {}
        entries = self.found.table(f"{place}.nodes", row.get("nodes"))
        for key, entry in entries.items():
            node = self.node(f"{place}.nodes.{key}", self.found.table(place, entry))
            if node is not None:
                nodes[key] = node
            if key in self.actions:
                expected = "a name that no action has"
                self.found.add(f"{place}.nodes.{key}", key, expected, "name_clash")
        start = self.found.text(place, row, "start")
        label = self.found.text(place, row, "label") or name
        note, ranked = self.found.text(place, row, "note"), row.get("ranked", True)
        if not isinstance(ranked, bool):
            self.found.add(f"{place}.ranked", ranked, "true or false", "type")
        elif not ranked and not note:
            self.found.add(f"{place}.note", "", "why the strategy is not ranked", "no_source")
        tree = Tree(name, label, start, nodes, note, bool(ranked))
        self.check(tree, tuple(entries))
        return tree

    def node(self, place: str, row: Mapping[str, Any]) -> Node | None:
        """Read one node; what kind it is follows from its keys."""
        kinds = [kind for kind in NODE_KEYS if kind in row]
        if len(kinds) != 1:
            expected = "one of the keys test, tests (read together) or split"
            self.found.add(place, ", ".join(row), expected, "node_kind")
            return None
        kind = kinds[0]
        self.found.keys(place, row, NODE_KEYS[kind])
        if kind == "split":
            return self.split(place, row)
        edges = {}
        for result in ("positive", "negative"):
            edges[result] = self.found.text(place, row, result)
            if not edges[result]:
                expected = f"a node or an action after a {result} result"
                self.found.add(f"{place}.{result}", "", expected, "missing_edge")
        if kind == "tests":
            return self.parallel(place, row, edges)
        self.found.one_of(f"{place}.test", row["test"], self.tests, "unknown_test")
        earlier, dependence = self.dependence(place, row)
        return SingleNode(
            str(row["test"]), edges["positive"], edges["negative"], earlier, dependence
        )

    def parallel(self, place: str, row: Mapping[str, Any], edges: Mapping[str, str]) -> Node | None:
        """Read tests that everybody has."""
        names = row["tests"]
        if not isinstance(names, list) or len(set(map(str, names))) < max(2, len(names)):
            expected = "two or more different tests, tests = ['a', 'b']"
            self.found.add(f"{place}.tests", names, expected, "parallel")
            return None
        for name in names:
            self.found.one_of(f"{place}.tests", name, self.tests, "unknown_test")
        rule = row.get("rule")
        self.found.one_of(f"{place}.rule", rule, RULES, "parallel")
        _, dependence = self.dependence(place, row)
        if len(names) > 2 and not dependence.is_independence:
            self.found.add(
                f"{place}.dependence", "", "a dependence between two tests, not more", "dependence"
            )
        return ParallelNode(
            tuple(map(str, names)), str(rule), edges["positive"], edges["negative"], dependence
        )

    def dependence(self, place: str, row: Mapping[str, Any]) -> tuple[str, Dependence]:
        """Read how a test depends on an earlier one, or on the one beside it."""
        if "dependence" not in row:
            return "", INDEPENDENT
        place = f"{place}.dependence"
        entry = self.found.table(place, row["dependence"])
        self.found.keys(place, entry, DEPENDENCE_KEYS)
        earlier = self.found.text(place, entry, "with")
        if "test" in row:
            self.found.one_of(f"{place}.with", earlier, self.tests, "dependence")
        source = self.found.text(place, entry, "source")
        if not source:
            self.found.add(f"{place}.source", "", "where the dependence comes from", "no_source")
        numbers: dict[str, float | None] = {}
        for key in ("share", "sensitivity", "specificity"):
            value = entry.get(key)
            if value is not None and (
                isinstance(value, bool) or not isinstance(value, int | float)
            ):
                self.found.add(f"{place}.{key}", value, "a number", "dependence")
                value = None
            numbers[key] = None if value is None else float(value)
        try:
            found = Dependence(
                numbers["share"] or 0.0, numbers["sensitivity"], numbers["specificity"], source
            )
        except OptionError as error:
            self.found.add(f"{place}.share", entry.get("share"), str(error), "dependence")
            return earlier, INDEPENDENT
        return earlier, found

    def split(self, place: str, row: Mapping[str, Any]) -> SplitNode:
        """Read a split of the patients."""
        condition = row["split"]
        self.found.one_of(f"{place}.split", condition, CONDITIONS, "condition")
        entries = row.get("branches")
        rows = entries if isinstance(entries, list) else []
        if len(rows) < 2:
            expected = "two or more branches, [{ share, to, label }, ...]"
            self.found.add(f"{place}.branches", entries or "", expected, "branches")
        branches = []
        for position, entry in enumerate(rows, start=1):
            here = f"{place}.branches[{position}]"
            branch = self.branch(here, self.found.table(here, entry))
            if branch is not None:
                branches.append(branch)
        if branches and len(branches) == len(rows):
            self.sums(place, branches)
        return SplitNode(str(condition), self.found.text(place, row, "label"), tuple(branches))

    def branch(self, place: str, row: Mapping[str, Any]) -> Branch | None:
        """Read one way out of a split."""
        self.found.keys(place, row, BRANCH_KEYS)
        to, label = (self.found.text(place, row, key) for key in ("to", "label"))
        if not to:
            self.found.add(f"{place}.to", "", "a node or an action", "missing_edge")
        among = [key for key in ("share_fracture", "share_no_fracture") if key in row]
        if ("share" in row) == bool(among) or len(among) == 1:
            expected = (
                "share, or both share_fracture and share_no_fracture where the patients with and "
                "without a fracture differ"
            )
            self.found.add(place, ", ".join(row), expected, "shares")
            return None
        if row.get("share") == REST:
            return Branch(label, to)
        read = [
            read_quantity(row[key], f"{place}.{key}", "share", self.inputs, self.found)
            for key in (among or ["share"])
        ]
        if any(one is None for one in read):
            return None
        known = [one for one in read if one is not None]
        return (
            Branch(label, to, None, (known[0], known[1])) if among else Branch(label, to, known[0])
        )

    def sums(self, place: str, branches: list[Branch]) -> None:
        """Check that the shares of a split can sum to 1 in every draw."""
        rest = [branch for branch in branches if branch.share is None and branch.among is None]
        shares = [
            [branch.among[i] if branch.among else branch.share for branch in branches]
            for i in (0, 1)
        ]
        for part in shares:
            given = [one for one in part if one is not None]
            total = sum(one.distribution.mean for one in given)
            words = f"shares that sum to {total:.6g}"
            if len(rest) > 1:
                self.found.add(place, "several branches with share = 'rest'", "one", "shares")
            elif not rest and any(not one.distribution.is_fixed for one in given):
                expected = "share = 'rest' for one branch, since the others are uncertain"
                self.found.add(place, words, expected, "shares")
            elif not rest and abs(total - 1.0) > _SUM_SLACK:
                self.found.add(place, words, "shares that sum to 1", "shares")
            elif rest and total > 1.0 + _SUM_SLACK:
                self.found.add(place, words, "shares that leave a rest", "shares")
            else:
                continue
            return

    def check(self, tree: Tree, names: tuple[str, ...]) -> None:
        """Check the tree as a whole: targets, reachability, cycles, dependence."""
        place = f"strategies.{tree.name}"
        targets = (*names, *self.actions)
        self.found.one_of(f"{place}.start", tree.start or None, targets, "unknown_target")
        for name, node in tree.nodes.items():
            for target in filter(None, node.targets):
                self.found.one_of(f"{place}.nodes.{name}", target, targets, "unknown_target")
        loop = _cycle(tree)
        if loop:
            expected = "a tree, in which no node leads back to itself"
            self.found.add(f"{place}.nodes.{loop[0]}", " -> ".join(loop), expected, "cycle")
            return
        reached = {name for name, _ in tree.paths()}
        for name in tree.nodes:
            if name not in reached and tree.start in targets:
                expected = "a node that some path from the start reaches"
                self.found.add(f"{place}.nodes.{name}", name, expected, "unreachable")
        for name, before in tree.paths():
            node = tree.nodes[name]
            if isinstance(node, SingleNode) and node.earlier:
                done = [test for test, _ in before]
                if node.earlier not in done:
                    expected = f"a test done before on every path: {', '.join(done) or 'none is'}"
                    where = f"{place}.nodes.{name}.dependence.with"
                    self.found.add(where, node.earlier, expected, "dependence")
                    break


def read_trees(
    content: Mapping[str, Any],
    tests: Mapping[str, IndexTest],
    actions: Mapping[str, Action],
    inputs: Mapping[str, Input],
    found: Findings,
) -> dict[str, Tree]:
    """Read all strategies of a file."""
    entries = found.table("strategies", content.get("strategies"))
    if not entries:
        found.add("strategies", "", "at least one table [strategies.NAME]", "no_strategy")
    reader = TreeReader(tests, actions, inputs, found)
    trees = {
        name: reader.tree(name, found.table(f"strategies.{name}", row))
        for name, row in entries.items()
    }
    if trees and not any(tree.ranked for tree in trees.values()):
        found.add("strategies", "none that is ranked", "at least one that is", "no_strategy")
    return trees


def _cycle(tree: Tree) -> list[str]:
    """Names of the nodes of a cycle, the first one repeated at the end; empty for a tree."""
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> Iterator[list[str]]:
        if name in path:
            yield [*path[path.index(name) :], name]
            return
        if name in done or name not in tree.nodes:
            return
        for target in tree.nodes[name].targets:
            yield from visit(target, (*path, name))
        done.add(name)

    for name in tree.nodes:
        for loop in visit(name, ()):
            return loop
    return []
