from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadx.decision.dependence import (
    Dependence,
    combined,
    covariance_bounds,
    second_result,
)
from metadx.errors import OptionError

#: The formulas are sums and products of a few numbers below 1.
EXACT = 1e-12
PROBABILITY = st.floats(0.01, 0.99)
SHARE = st.floats(-1.0, 1.0)


@given(PROBABILITY, PROBABILITY)
def test_bounds_keep_the_four_joint_probabilities_possible(p: float, q: float) -> None:
    for cov in map(float, covariance_bounds(p, q)):
        cells = [
            p * q + cov,
            p * (1 - q) - cov,
            (1 - p) * q - cov,
            (1 - p) * (1 - q) + cov,
        ]
        assert min(cells) == pytest.approx(0.0, abs=EXACT)
        assert sum(cells) == pytest.approx(1.0, abs=EXACT)


@given(PROBABILITY, PROBABILITY, PROBABILITY, PROBABILITY)
def test_parallel_tests_under_independence(s1: float, s2: float, c1: float, c2: float) -> None:
    sens, spec = combined([s1, s2], [c1, c2], "any")
    assert sens == pytest.approx(1 - (1 - s1) * (1 - s2), abs=EXACT)
    assert spec == pytest.approx(c1 * c2, abs=EXACT)
    sens, spec = combined([s1, s2], [c1, c2], "all")
    assert sens == pytest.approx(s1 * s2, abs=EXACT)
    assert spec == pytest.approx(1 - (1 - c1) * (1 - c2), abs=EXACT)


@given(PROBABILITY, PROBABILITY, PROBABILITY, PROBABILITY, SHARE)
def test_parallel_tests_under_covariance(
    s1: float, s2: float, c1: float, c2: float, share: float
) -> None:
    dependence = Dependence(share, source="a test")
    cov_s = float(dependence.covariance("sensitivity", s1, s2))
    cov_c = float(dependence.covariance("specificity", c1, c2))
    sens, spec = combined([s1, s2], [c1, c2], "any", dependence)
    assert sens == pytest.approx(s1 + s2 - (s1 * s2 + cov_s), abs=EXACT)
    assert spec == pytest.approx(c1 * c2 + cov_c, abs=EXACT)
    sens, spec = combined([s1, s2], [c1, c2], "all", dependence)
    assert sens == pytest.approx(s1 * s2 + cov_s, abs=EXACT)
    assert spec == pytest.approx(c1 + c2 - (c1 * c2 + cov_c), abs=EXACT)


@given(PROBABILITY, PROBABILITY, SHARE)
def test_results_in_sequence_add_up_to_the_second_test_alone(
    first: float, second: float, share: float
) -> None:
    cov = Dependence(share, source="a test").covariance("sensitivity", first, second)
    after_same = second_result(first, second, cov, agrees=True)
    after_other = second_result(first, second, cov, agrees=False)
    assert 0.0 <= after_same <= 1.0 and 0.0 <= after_other <= 1.0
    total = first * after_same + (1 - first) * after_other
    assert total == pytest.approx(second, abs=EXACT)
    assert first * after_same == pytest.approx(first * second + cov, abs=EXACT)


def test_three_tests_are_independent() -> None:
    sens, spec = combined([0.7, 0.8, 0.9], [0.95, 0.9, 0.8], "any")
    assert sens == pytest.approx(1 - 0.3 * 0.2 * 0.1, abs=EXACT)
    assert spec == pytest.approx(0.95 * 0.9 * 0.8, abs=EXACT)
    with pytest.raises(OptionError, match="between two tests"):
        combined([0.7] * 3, [0.9] * 3, "any", Dependence(0.5))


def test_a_perfect_first_test_leaves_no_covariance() -> None:
    cov = Dependence(1.0).covariance("sensitivity", 1.0, 0.8)
    assert cov == 0.0
    assert second_result(1.0, 0.8, cov, agrees=False) == 0.8


def test_an_absolute_covariance_has_to_be_possible() -> None:
    with pytest.raises(OptionError, match=r"covariance of 0\.2 is impossible .* between"):
        Dependence(sensitivity=0.2).covariance("sensitivity", 0.9, 0.9)
    drawn = np.array([0.9, 0.999])
    cov = Dependence(sensitivity=0.03).covariance("sensitivity", drawn, drawn)
    assert (cov <= covariance_bounds(drawn, drawn)[1] + EXACT).all()
    assert cov[0] == 0.03
    with pytest.raises(OptionError, match="between -1 and 1"):
        Dependence(1.5)
    with pytest.raises(OptionError, match="one of any, all"):
        combined([0.9, 0.9], [0.9, 0.9], "both")
