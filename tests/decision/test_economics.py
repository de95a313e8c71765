from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from metadx.decision import economics

#: Sums of a thousand numbers of the size of 1.
ROUNDING = 1e-9
AMOUNTS = arrays.arrays(float, 6, elements=st.integers(0, 8).map(float))


def dominated_by_hand(price: np.ndarray, effect: np.ndarray) -> set[int]:
    """Strategies for which a rival, or a mixture of two, is as good for less or better."""
    out = set()
    n = price.size
    for i in range(n):
        for j in range(n):
            better = price[j] < price[i] or effect[j] > effect[i]
            if price[j] <= price[i] and effect[j] >= effect[i] and better:
                out.add(i)
            for k in range(n):
                if not effect[j] < effect[i] < effect[k] or price[j] > price[k]:
                    continue
                share = (effect[i] - effect[j]) / (effect[k] - effect[j])
                mixed = (1 - share) * price[j] + share * price[k]
                if mixed < price[i] - 1e-9:
                    out.add(i)
    return out


@settings(max_examples=200, deadline=None)
@given(AMOUNTS, AMOUNTS)
def test_the_frontier_is_what_nothing_dominates(price: np.ndarray, effect: np.ndarray) -> None:
    places = economics.frontier(price, effect)
    on = [i for i, one in enumerate(places) if one.status == economics.FRONTIER]
    dominated = dominated_by_hand(price, effect)
    assert not dominated & set(on)
    # What is off the frontier is dominated, or equal to one on it, or on a line between two.
    for i in set(range(price.size)) - set(on) - dominated:
        twin = any(price[i] == price[j] and effect[i] == effect[j] for j in on)
        assert twin
    ratios = [places[i].ratio for i in sorted(on, key=lambda i: effect[i])][1:]
    assert all(first <= second + 1e-9 for first, second in pairwise(ratios))
    assert all(places[i].by for i in range(price.size) if i not in on)


@settings(max_examples=100, deadline=None)
@given(AMOUNTS, AMOUNTS, st.integers(0, 20))
def test_the_best_by_net_benefit_is_on_the_frontier(
    price: np.ndarray, effect: np.ndarray, money: int
) -> None:
    places = economics.frontier(price, effect)
    net = money * effect - price
    on = [net[i] for i, one in enumerate(places) if one.status == economics.FRONTIER]
    assert max(on) == pytest.approx(net.max(), abs=ROUNDING)


def test_a_worked_example_of_extended_dominance() -> None:
    places = economics.frontier(np.array([0.0, 50, 100, 90]), np.array([0.0, 1, 10, 2]))
    assert [one.status for one in places] == [
        "on the frontier", "extendedly dominated", "on the frontier", "extendedly dominated",
    ]  # fmt: skip
    assert places[1].by == (0, 2)
    assert places[2].ratio == 10.0


def utilities(seed: int = 1, n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Utility of three strategies that depends on four inputs, of which one is fixed."""
    theta = np.random.default_rng(seed).standard_normal((n, 4))
    theta[:, 3] = 0.7
    utility = np.stack(
        [np.zeros(n), 0.1 + theta[:, 0] + 0.3 * theta[:, 1], theta[:, 0] * theta[:, 3] - 0.1],
        axis=1,
    )
    return utility, theta


def test_perfect_information_on_a_fixed_input_is_worth_nothing() -> None:
    utility, theta = utilities()
    assert economics.evppi(utility, theta[:, 3]) == 0.0
    assert economics.evppi(utility, theta[:, [3, 3]]) == 0.0


@pytest.mark.parametrize("columns", [[0], [1], [2], [0, 1], [0, 1, 2]])
def test_information_on_one_input_is_never_worth_more_than_on_all(columns: list[int]) -> None:
    for seed in range(5):
        utility, theta = utilities(seed)
        part = economics.evppi(utility, theta[:, columns])
        assert 0.0 <= part <= economics.evpi(utility)


def test_value_of_information_agrees_with_the_closed_form() -> None:
    """U_1 = 0, U_2 = mu + s z: E max(0, U_2) = mu Phi(mu/s) + s phi(mu/s)."""
    n, mu, s, noise = 200_000, -0.2, 1.0, 0.8
    rng = np.random.default_rng(2)
    z, other = rng.standard_normal((2, n))
    utility = np.stack([np.zeros(n), mu + s * z + noise * other], axis=1)

    def expected(sd: float) -> float:
        density = np.exp(-0.5 * (mu / sd) ** 2) / np.sqrt(2 * np.pi)
        below = 0.5 * (1 + float(np.vectorize(math.erf)(mu / sd / np.sqrt(2))))
        return mu * below + sd * density

    # Four Monte-Carlo standard errors of the mean of max(0, U).
    slack = 4 * np.maximum(utility[:, 1], 0).std() / np.sqrt(n)
    assert economics.evpi(utility) == pytest.approx(expected(np.hypot(s, noise)), abs=slack)
    assert economics.evppi(utility, z) == pytest.approx(expected(s), abs=slack)


def test_an_input_without_influence_is_worth_next_to_nothing() -> None:
    utility, theta = utilities(n=20_000)
    assert economics.evppi(utility, theta[:, 2]) < 0.02 * economics.evpi(utility)


def test_equal_draws_stay_in_one_bin() -> None:
    n = 1000
    utility = np.stack([np.zeros(n), np.tile([1.0, -1.0], n // 2)], axis=1)
    coarse = np.repeat([0.0, 1.0], n // 2)
    assert economics.evppi(utility, coarse) == pytest.approx(0.0, abs=ROUNDING)
    assert economics.evpi(utility) == pytest.approx(0.5)


def test_ties_share_the_probability() -> None:
    utility = np.array([[1.0, 1.0, 0.0], [0.0, 2.0, 1.0]])
    assert economics.probability_best(utility) == pytest.approx([0.25, 0.75, 0.0])
    assert economics.best_of(utility) == 1


def test_switching_points_of_lines_are_their_crossings() -> None:
    fracture = np.array([[0.0, 0.8, 1.0]])
    none = np.array([[0.0, -0.1, -0.4]])
    found = economics.switches(fracture, none, 0.95)
    assert [(one.below, one.above) for one in found] == [(0, 1), (1, 2)]
    assert found[0].value == pytest.approx(0.1 / 0.9)
    assert found[1].value == pytest.approx(0.3 / 0.5)
    assert all(one.low == one.value == one.high and one.share_inside == 1.0 for one in found)


def test_switching_points_carry_the_uncertainty_of_the_draws() -> None:
    rng = np.random.default_rng(4)
    gain = rng.uniform(0.5, 1.0, 5000)
    fracture = np.stack([np.zeros(5000), gain], axis=1)
    none = np.stack([np.zeros(5000), np.full(5000, -0.5)], axis=1)
    (found,) = economics.switches(fracture, none, 0.9)
    crossing = 0.5 / (gain + 0.5)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(crossing, [0.05, 0.95])))
    assert found.value == pytest.approx(0.5 / (gain.mean() + 0.5))
    assert economics.switches(none, fracture[:, ::-1], 0.9) == []
