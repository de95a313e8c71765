"""The likelihood of cross-classified patients against literal twins and its own limits."""

from __future__ import annotations

import crossed_literal as literal
import numpy as np
import pytest

from metadx.kernels import crossed
from metadx.kernels.likelihood import loglik as plain_loglik
from metadx.kernels.quadrature import level_for
from metadx.tables.crossed import CrossedTable

LOGITS, FACTOR, OMEGAS = ((1.5, 2.0), (2.2, 1.2)), (0.6, -0.3, 0.5), (1.5, -0.8)
COLUMNS = (np.eye(2), np.eye(2))
THETA = np.array([*LOGITS[0], *LOGITS[1], *FACTOR, *OMEGAS])


def made(k: int = 6, seed: int = 3, margins_only: bool = False, omegas=OMEGAS) -> CrossedTable:
    cells = literal.simulate(np.random.default_rng(seed), k, LOGITS, FACTOR, omegas)
    right, total = np.zeros((k, 2, 2)), np.zeros((k, 2, 2))
    if margins_only:
        # Study 0 gives margins among the diseased, study 1 nothing there, study 2 one test.
        right[0, 0], total[0, 0] = [40, 44], [50, 50]
        right[2, 0], total[2, 0] = [0, 30], [0, 35]
        cells[:3, 0] = 0.0
    return CrossedTable("t", "A", "B", tuple(f"S{i}" for i in range(k)), cells, right, total)


def counts(table: CrossedTable) -> crossed.Counts:
    return crossed.Counts(table.cells, table.right, table.total)


@pytest.mark.parametrize("omega", [-3.0, -0.4, 0.0, 1e-9, 0.7, 4.0])
@pytest.mark.parametrize("margins", [(0.2, 0.9), (0.97, 0.99), (0.5, 0.5), (0.999, 0.001)])
def test_cells_have_the_margins_and_the_odds_ratio(omega: float, margins) -> None:
    p, q = margins
    cells = [float(c) for c in crossed.joint_probabilities(
        np.log(p / (1 - p)), np.log(q / (1 - q)), omega)]  # fmt: skip
    assert sum(cells) == pytest.approx(1.0, abs=1e-14)
    assert cells[0] + cells[1] == pytest.approx(p, abs=1e-14)
    assert cells[0] + cells[2] == pytest.approx(q, abs=1e-14)
    assert np.log(cells[0] * cells[3] / (cells[1] * cells[2])) == pytest.approx(omega, abs=1e-9)
    # The twin's subtraction leaves 1e-16 in cells as small as 1e-6.
    assert cells == pytest.approx(literal.cell_probabilities(p, q, omega), rel=1e-7, abs=1e-13)


def test_far_out_cells_stay_positive() -> None:
    for omega in (-8.0, 8.0):
        found = crossed.joint_probabilities(
            np.array([-150.0, 0.0, 150.0]), np.array([150.0]), omega
        )
        assert all((cell > 0).all() for cell in found)


@pytest.mark.parametrize("margins_only", [False, True])
def test_the_literal_twin(margins_only: bool) -> None:
    table = made(3, margins_only=margins_only)
    sigma = np.array([[0.6, 0.0], [-0.3, 0.5]])
    sigma = sigma @ sigma.T
    constant = _coefficients(table)
    ours = crossed.loglik(THETA, counts(table), COLUMNS, level_for(24))[0] + constant
    # 61 points over 12 standard deviations: the rectangle rule is exact to rounding here.
    assert ours == pytest.approx(literal.loglik(table, LOGITS, sigma, OMEGAS), abs=1e-8)


def _coefficients(table: CrossedTable) -> float:
    from scipy.special import gammaln

    cells = gammaln(table.cells.sum(axis=2) + 1).sum() - gammaln(table.cells + 1).sum()
    n, y = table.total, table.right
    return float(cells + (gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)).sum())


@pytest.mark.parametrize("margins_only", [False, True])
def test_an_odds_ratio_of_one_is_the_model_of_paired_rows(margins_only: bool) -> None:
    table = made(8, margins_only=margins_only)
    theta = THETA.copy()
    theta[-2:] = 0.0
    right, total = table.margins()
    rows = np.zeros((16, 4))
    rows[:, 0::2] = right.transpose(0, 2, 1).reshape(16, 2)
    rows[:, 1::2] = total.transpose(0, 2, 1).reshape(16, 2)
    columns = np.tile(np.eye(2), (8, 1))
    score, second = np.zeros(7), np.zeros((7, 7))
    level = level_for(24)
    theirs = plain_loglik(
        theta[:7], rows, np.arange(0, 17, 2), np.zeros(16, dtype=np.int64), columns, columns,
        np.full(8, level), np.zeros((8, 2)), True, score, second,
    )  # fmt: skip
    ours, slope = crossed.loglik(theta, counts(table), COLUMNS, level)
    assert ours == pytest.approx(theirs, abs=1e-9)
    assert slope[:7] == pytest.approx(score, abs=1e-8)


def test_the_score_is_the_derivative() -> None:
    table = counts(made(7, margins_only=True))
    rng = np.random.default_rng(8)
    level = level_for(32)
    for _ in range(4):
        theta = THETA + 0.3 * rng.standard_normal(9)
        score = crossed.loglik(theta, table, COLUMNS, level)[1]
        steps = 1e-5 * np.eye(9)
        differences = [
            (crossed.loglik(theta + h, table, COLUMNS, level)[0]
             - crossed.loglik(theta - h, table, COLUMNS, level)[0]) / 2e-5
            for h in steps
        ]  # fmt: skip
        # A value of a thousand differenced over 1e-5 keeps seven digits after the point.
        assert score == pytest.approx(differences, abs=1e-6)


def test_studies_that_differ_a_thousandfold_have_their_modes_found() -> None:
    cells = literal.simulate(np.random.default_rng(2), 4, LOGITS, FACTOR, OMEGAS)
    cells[0] *= 400
    cells[1] = [[1, 0, 0, 0], [0, 0, 0, 1]]
    table = crossed.Counts(cells, np.zeros((4, 2, 2)), np.zeros((4, 2, 2)))
    values = [
        crossed.loglik(THETA + 1.0, table, COLUMNS, level_for(nodes))[0] for nodes in (24, 32, 44)
    ]
    assert values == pytest.approx([values[-1]] * 3, rel=1e-10)
