from __future__ import annotations

import numpy as np
import pytest
from scipy.special import factorial2

from metadx.kernels.quadrature import LEVELS, LOG_WEIGHTS, NODES, SIZES, level_for


@pytest.mark.parametrize("level", range(len(LEVELS)))
def test_a_rule_integrates_normal_moments_up_to_its_degree(level):
    size = int(SIZES[level])
    assert size == LEVELS[level]
    x = NODES[level, :size]
    w = np.exp(LOG_WEIGHTS[level, :size] - 0.5 * x * x) / np.sqrt(2 * np.pi)
    for power in range(0, min(2 * size, 16), 2):
        moment = float(factorial2(power - 1)) if power else 1.0
        # 1e-11: the weights come from a symmetric eigenproblem in double precision.
        assert w @ x**power == pytest.approx(moment, rel=1e-11)


@pytest.mark.parametrize("level", range(len(LEVELS)))
def test_nodes_are_symmetric_and_ascending(level):
    x = NODES[level, : LEVELS[level]]
    np.testing.assert_allclose(x, -x[::-1], atol=1e-12)
    assert (np.diff(x) > 0).all()


def test_the_lowest_level_with_enough_nodes_is_taken():
    assert LEVELS[level_for(1)] == 1
    for nodes in range(1, max(LEVELS) + 1):
        found = level_for(nodes)
        assert LEVELS[found] >= nodes
        assert found == 0 or LEVELS[found - 1] < nodes
    assert level_for(10_000) == len(LEVELS) - 1
