from __future__ import annotations

import time

import numpy as np
import pytest
from strategy_plans import a_test, after, content, enumerate_patients, number, plan

from metadx.decision.dependence import Dependence
from metadx.decision.strategy_flow import flow_of

#: Sums of products of a few probabilities.
EXACT = 1e-12
DEEP = {
    "start": "old",
    "nodes": {
        "old": {
            "split": "age",
            "branches": [
                {"label": "old", "share": number(0.3), "to": "both"},
                {"label": "middle", "share": number(0.25), "to": "ct"},
                {"label": "young", "share": "rest", "to": "scan"},
            ],
        },
        "both": {"tests": ["mri", "ct"], "rule": "all", "positive": "treat", "negative": "scan"},
        "ct": after("ct", "scan", "mri"),
        "mri": after("mri", "treat", "discharge",
                     dependence={"with": "ct", "share": 0.4, "source": "a test"}),
        "scan": after("scan", "treat", "discharge"),
    },
}  # fmt: skip


def at_means(one) -> dict[str, np.ndarray]:
    values = {q.name: np.array([q.distribution.mean]) for q in one.quantities().values()}
    return values | {"prevalence": np.array([0.39])}


@pytest.mark.parametrize("name", ["first", "second", "deep"])
def test_the_engine_agrees_with_following_single_patients(name: str) -> None:
    changed = content()
    changed["strategies"]["deep"] = DEEP
    one = plan(changed)
    values = at_means(one)
    flow = flow_of(one.trees[name], one, values)
    plain = {key: float(value[0]) for key, value in values.items()}
    for diseased, side in ((True, "fracture"), (False, "none")):
        twin = enumerate_patients(one, one.trees[name], plain, diseased)
        for test, pair in flow.tests.items():
            assert getattr(pair, side)[0] == pytest.approx(twin[f"test {test}"], abs=EXACT)
        for action, pair in flow.actions.items():
            assert getattr(pair, side)[0] == pytest.approx(twin[f"action {action}"], abs=EXACT)
        assert sum(getattr(pair, side)[0] for pair in flow.actions.values()) == pytest.approx(
            1.0, abs=EXACT
        )


def test_series_is_the_textbook_formula_with_and_without_covariance() -> None:
    one = plan()
    values = at_means(one)
    s1, s2, c1, c2 = 0.88, 0.97, 0.98, 0.96
    flow = flow_of(one.trees["second"], one, values)
    assert flow.treated.fracture[0] == pytest.approx(s1 + (1 - s1) * s2, abs=EXACT)
    assert flow.treated.none[0] == pytest.approx(1 - c1 * c2, abs=EXACT)
    assert flow.tests["mri"].fracture[0] == pytest.approx(1 - s1, abs=EXACT)
    given = {("mri", "ct"): Dependence(sensitivity=0.01, specificity=0.005)}
    flow = flow_of(one.trees["second"], one, values, given)
    assert flow.treated.fracture[0] == pytest.approx(s1 + s2 - (s1 * s2 + 0.01), abs=EXACT)
    assert flow.treated.none[0] == pytest.approx(1 - (c1 * c2 + 0.005), abs=EXACT)


def test_time_adds_up_in_series_and_is_the_longest_in_parallel() -> None:
    changed = content()
    changed["strategies"]["together"] = {
        "start": "both",
        "nodes": {
            "both": {"tests": ["mri", "ct"], "rule": "any", "positive": "treat",
                     "negative": "discharge"}
        },
    }  # fmt: skip
    one = plan(changed)
    values = at_means(one)
    assert flow_of(one.trees["together"], one, values).hours.fracture[0] == 8.0
    series = flow_of(one.trees["second"], one, values).hours
    assert series.fracture[0] == pytest.approx(2.0 + 0.12 * 8.0, abs=EXACT)


def test_shares_may_differ_by_fracture_and_never_leave_the_unit_interval() -> None:
    changed = content()
    changed["strategies"] = {
        "one": {
            "start": "suspicion",
            "nodes": {
                "suspicion": {
                    "split": "suspicion",
                    "branches": [
                        {"label": "high", "to": "ct", "share_fracture": number(0.9, n=20),
                         "share_no_fracture": number(0.4, n=20)},
                        {"label": "sure", "to": "treat", "share": number(0.05, n=20)},
                        {"label": "low", "share": "rest", "to": "discharge"},
                    ],
                },
                "ct": after("ct", "treat", "discharge"),
            },
        }
    }  # fmt: skip
    one = plan(changed)
    rng = np.random.default_rng(1)
    values = {q.name: q.distribution.draw(2000, rng) for q in one.quantities().values()}
    flow = flow_of(one.trees["one"], one, values)
    for pair in (*flow.actions.values(), *flow.tests.values()):
        for side in (pair.fracture, pair.none):
            assert ((side >= 0.0) & (side <= 1.0)).all()
    assert flow.tests["ct"].fracture.mean() == pytest.approx(0.88, abs=0.03)
    assert flow.tests["ct"].none.mean() == pytest.approx(0.41, abs=0.03)
    total = sum(pair.fracture for pair in flow.actions.values())
    assert total == pytest.approx(np.ones(2000), abs=EXACT)


def test_ten_thousand_draws_through_five_nodes_are_quick() -> None:
    changed = content()
    changed["strategies"] = {"deep": DEEP}
    changed["tests"]["ct"] = a_test(0.88, 0.98)
    changed["tests"]["ct"]["sensitivity"] = number(0.88, low=0.8, high=0.93)
    one = plan(changed)
    rng = np.random.default_rng(1)
    values = {q.name: q.distribution.draw(10_000, rng) for q in one.quantities().values()}
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        flow_of(one.trees["deep"], one, values)
        seconds.append(time.perf_counter() - start)
    # The bar of the strategy engine; it takes a hundredth of that on an idle machine.
    assert min(seconds) < 0.2
