"""Strategy files in memory, and a twin that follows patients one path at a time."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from metadx.decision import strategy_nodes as nodes
from metadx.decision.dependence import Dependence
from metadx.decision.inputs import Input
from metadx.decision.strategy_file import plan_of
from metadx.tables import StudyTable

SOURCE = "assumption: for a test"
ROWS = [(45, 7, 5, 60), (30, 4, 9, 52), (88, 30, 6, 140), (15, 1, 4, 22), (70, 16, 22, 81)]


def number(value: float, **more: Any) -> dict[str, Any]:
    return {"value": value, "source": SOURCE, **more}


def a_test(sensitivity: float, specificity: float, **more: Any) -> dict[str, Any]:
    return {
        "modality": "ct",
        "sensitivity": number(sensitivity),
        "specificity": number(specificity),
        **more,
    }


def after(test: str, positive: str, negative: str, **more: Any) -> dict[str, Any]:
    return {"test": test, "positive": positive, "negative": negative, **more}


def content(**changes: Any) -> dict[str, Any]:
    """Return a correct file: three tests, a split, and two strategies."""
    base: dict[str, Any] = {
        "title": "A test",
        "site": "hip",
        "population": "radiograph_negative",
        "prevalence": number(0.39, low=0.35, high=0.43),
        "tests": {
            "mri": a_test(0.97, 0.96, cost=number(300.0, currency="GBP", year=2010),
                          dose=number(0.0), hours=number(8.0)),
            "ct": a_test(0.88, 0.98, cost=number(100.0, currency="GBP", year=2010),
                         dose=number(5.0), hours=number(2.0)),
            "scan": a_test(0.93, 0.90, dose=number(4.0), hours=number(40.0)),
        },
        "strategies": {
            "first": {
                "start": "possible",
                "nodes": {
                    "possible": {
                        "split": "contraindication",
                        "branches": [
                            {"label": "no MRI", "share": number(0.2, n=50), "to": "scan"},
                            {"label": "MRI", "share": "rest", "to": "mri"},
                        ],
                    },
                    "mri": after("mri", "treat", "discharge"),
                    "scan": after("scan", "treat", "discharge"),
                },
            },
            "second": {
                "start": "ct",
                "nodes": {
                    "ct": after("ct", "treat", "mri"),
                    "mri": after("mri", "treat", "discharge"),
                },
            },
        },
    }  # fmt: skip
    return {**base, **changes}


def table(rows: list[tuple[int | None, ...]]) -> StudyTable:
    frame = pd.DataFrame(rows, columns=["tp", "fp", "fn", "tn"]).astype("Int64")
    frame.insert(0, "study", [f"S{i + 1}" for i in range(len(frame))])
    return StudyTable.from_frame(frame, "ct/hip/patient/radiograph_negative")


def strata() -> dict[str, StudyTable]:
    return {
        "ct/hip/patient/radiograph_negative": table(ROWS),
        "bone_scan/hip/patient/radiograph_negative": table([(20, None, 2, None)] * 2),
    }


def plan(changed: Mapping[str, Any] | None = None, inputs: Mapping[str, Input] | None = None):
    return plan_of(changed or content(), "test", strata(), inputs or {})


def enumerate_patients(
    plan: nodes.Plan,
    tree: nodes.Tree,
    values: Mapping[str, float],
    diseased: bool,
    dependence: Mapping[tuple[str, str], Dependence] | None = None,
) -> dict[str, float]:
    """Follow a patient through every combination of results and branches.

    Every test and split of the tree is decided beforehand, for all combinations; the
    probability of a path is the product over the nodes that the patient meets.
    """
    names = list(tree.nodes)
    ways = [range(len(tree.nodes[name].targets)) for name in names]
    total: dict[str, float] = {}
    for chosen in product(*ways):
        choice = dict(zip(names, chosen, strict=True))
        at, met, weight, tests, results = tree.start, [], 1.0, [], {}
        while at in tree.nodes:
            node = tree.nodes[at]
            met.append(at)
            way = choice[at]
            weight *= _chance(plan, tree, at, way, values, diseased, results, dependence or {})
            if isinstance(node, nodes.SingleNode):
                tests.append(node.test)
                results[node.test] = way == 0
            elif isinstance(node, nodes.ParallelNode):
                tests += node.tests
            at = node.targets[way]
        # Nodes that were not met: each combination of theirs repeats the same path.
        for name in names:
            if name not in met:
                weight /= len(tree.nodes[name].targets)
        for key in (f"action {at}", *(f"test {test}" for test in tests)):
            total[key] = total.get(key, 0.0) + weight
    return total


def _chance(plan, tree, at, way, values, diseased, results, dependence) -> float:
    node = tree.nodes[at]
    if isinstance(node, nodes.SplitNode):
        shares = [values[b.share.name] if b.share else None for b in node.branches]
        rest = 1.0 - sum(share for share in shares if share is not None)
        return rest if shares[way] is None else shares[way]
    margin = "sensitivity" if diseased else "specificity"
    if isinstance(node, nodes.ParallelNode):
        right = [values[f"tests.{test}.{margin}"] for test in node.tests]
        positive = [p if diseased else 1.0 - p for p in right]
        chance = (
            1.0 - np.prod([1.0 - p for p in positive]) if node.rule == "any" else np.prod(positive)
        )
        return float(chance if way == 0 else 1.0 - chance)
    right = values[f"tests.{node.test}.{margin}"]
    for earlier, positive in results.items():
        given = dependence.get((at, earlier), node.dependence if node.earlier == earlier else None)
        if given is None:
            continue
        first = values[f"tests.{earlier}.{margin}"]
        cov = float(given.covariance(margin, first, right))
        agrees = positive == diseased
        # Joint probability over the marginal one, as the definition says.
        joint = first * right + cov if agrees else (1.0 - first) * right - cov
        right = joint / (first if agrees else 1.0 - first)
    correct = right if (way == 0) == diseased else 1.0 - right
    return float(correct)
