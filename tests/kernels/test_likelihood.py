"""The compiled likelihood against the paper's integral, done literally."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import literal
import numpy as np
import pandas as pd
import pytest
from study_tables import table_of

import metadx
from metadx.models.design import build_design
from metadx.tables import StudyTable

# A zero in each cell, a missing margin on either side, a study of 1332 beside one of 8.
ROWS = [
    (18, 4, 2, 40), (12, 0, 3, 22), (9, 3, 0, 15), (0, 2, 5, 11), (4, 6, 3, 0),
    (27, 25, 47, 1233), (30, None, 6, None), (None, 5, None, 44), (4, 0, 0, 4),
]  # fmt: skip
POINTS = [
    pytest.param((1.2, 2.5), (0.8, 1.0), -0.4, id="typical"),
    pytest.param((1.2, 2.5), (0.8, 1.0), 0.6, id="positive correlation"),
    pytest.param((2.0, 1.3), (1.6, 0.6), -0.95, id="near the boundary of rho"),
    pytest.param((-0.7, 3.6), (0.05, 0.3), 0.0, id="little heterogeneity"),
    pytest.param((3.0, 4.0), (2.0, 2.0), -0.5, id="much heterogeneity"),
]


def sigma_of(tau, rho):
    return np.array([[tau[0] ** 2, rho * tau[0] * tau[1]], [rho * tau[0] * tau[1], tau[1] ** 2]])


def theta_of(mu, tau, rho):
    return np.array([*mu, tau[0], rho * tau[1], np.sqrt(1 - rho * rho) * tau[1]])


@pytest.fixture(scope="module")
def design():
    return build_design(table_of(ROWS))


@pytest.mark.parametrize(("mu", "tau", "rho"), POINTS)
def test_value_is_the_integral_over_the_study_effects(kernel, design, mu, tau, rho):
    expected = literal.loglik(design.counts.tolist(), mu, sigma_of(tau, rho))
    found = kernel(design, theta_of(mu, tau, rho)).value
    # 1e-8 over nine studies: halving the twin's step moves it by 1e-12, and 60 nodes are
    # exact to 1e-9 at these heterogeneities.
    assert found == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(("mu", "tau", "rho"), POINTS)
def test_each_study_by_itself(kernel, design, mu, tau, rho):
    whole = kernel(design, theta_of(mu, tau, rho)).value
    parts = [kernel(build_design(table_of([row])), theta_of(mu, tau, rho)).value for row in ROWS]
    assert sum(parts) == pytest.approx(whole, abs=1e-10)  # rounding only


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("tau", [(0.8, 1.0), (1.6, 0.6)])
def test_value_with_a_correlation_of_one(kernel, design, sign, tau):
    mu = (1.2, 2.5)
    found = kernel(design, np.array([*mu, tau[0], sign * tau[1], 0.0])).value
    expected = literal.line_loglik(design.counts.tolist(), mu, tau, sign)
    assert found == pytest.approx(expected, abs=1e-8)  # as above


def test_value_without_heterogeneity_is_a_product_of_binomials(kernel, design):
    mu = (1.2, 2.5)
    counts = design.counts
    expected = sum(
        literal.margin_loglik(counts[:, 2 * j], counts[:, 2 * j + 1], mu[j], 0.0) for j in (0, 1)
    )
    found = kernel(design, np.array([*mu, 0.0, 0.0, 0.0])).value
    assert found == pytest.approx(expected, abs=1e-10)  # closed form on both sides


@pytest.mark.parametrize(("mu", "tau", "rho"), POINTS)
def test_a_missing_margin_leaves_the_integral_of_the_other(kernel, mu, tau, rho):
    for j, row in enumerate([(30, None, 6, None), (None, 5, None, 44)]):
        one = build_design(table_of([row]))
        y, n = one.counts[0, 2 * j], one.counts[0, 2 * j + 1]
        expected = literal.margin_loglik([y], [n], mu[j], tau[j])
        assert kernel(one, theta_of(mu, tau, rho)).value == pytest.approx(expected, abs=1e-9)


def test_without_correlation_the_margins_fall_apart(kernel, design):
    mu, tau = (1.2, 2.5), (0.8, 1.0)
    counts = design.counts
    expected = sum(
        literal.margin_loglik(counts[:, 2 * j], counts[:, 2 * j + 1], mu[j], tau[j]) for j in (0, 1)
    )
    assert kernel(design, theta_of(mu, tau, 0.0)).value == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("derivatives", [False, True])
@pytest.mark.parametrize("nodes", [1, 8, 24, 60])
def test_asking_for_derivatives_does_not_change_the_value(kernel, design, nodes, derivatives):
    theta = theta_of((1.2, 2.5), (0.8, 1.0), -0.4)
    one = kernel(design, theta, nodes, derivatives).value
    assert one == pytest.approx(kernel(design, theta, nodes).value, abs=1e-11)


def test_the_value_does_not_depend_on_the_signs_of_the_factor(kernel, design):
    theta = theta_of((1.2, 2.5), (0.8, 1.0), -0.4)
    value = kernel(design, theta).value
    for flip in ([1, 1, -1, -1, 1], [1, 1, 1, 1, -1]):
        assert kernel(design, theta * flip).value == pytest.approx(value, abs=1e-10)


PAIRED = pd.DataFrame(
    {
        "study": ["A", "A", "B", "C", "C", "D"],
        "test": ["x", "y", "x", "x", "y", "y"],
        "tp": [18, 15, 12, 30, 33, 9],
        "fp": [4, 2, 0, 9, 5, 1],
        "fn": [2, 5, 3, 6, 3, 2],
        "tn": [40, 42, 22, 31, 35, 18],
    }
)


@pytest.mark.parametrize(("mu", "tau", "rho"), POINTS[:4])
def test_rows_of_a_study_share_its_effects(kernel, mu, tau, rho):
    table = StudyTable.from_frame(PAIRED)
    design = build_design(table, "~ C(test)", "~ C(test)")
    gain = (0.3, -0.5)
    expected = 0.0
    for _, rows in PAIRED.groupby("study"):
        counts = [(r.tp, r.tp + r.fn, r.tn, r.tn + r.fp) for r in rows.itertuples()]
        means = [
            (mu[0] + gain[0] * (r.test == "y"), mu[1] + gain[1] * (r.test == "y"))
            for r in rows.itertuples()
        ]
        expected += float(np.log(literal.study_likelihood(counts, means, sigma_of(tau, rho))))
    theta = np.concatenate([[mu[0], gain[0], mu[1], gain[1]], theta_of(mu, tau, rho)[2:]])
    assert kernel(design, theta).value == pytest.approx(expected, abs=1e-8)  # as above


def test_a_study_of_several_rows_of_which_one_has_counts(kernel, design):
    """The code for several rows, given an empty second row, repeats the code for one."""
    theta = theta_of((1.2, 2.5), (0.8, 1.0), -0.4)
    one = kernel(design, theta, 32)
    counts = np.zeros((2 * len(design.counts), 4))
    counts[0::2] = design.counts
    doubled = replace(
        design,
        counts=counts,
        start=2 * design.start,
        group=np.repeat(design.group, 2),
        columns=tuple(np.repeat(columns, 2, axis=0) for columns in design.columns),
        order=np.arange(len(counts)),
    )
    many = kernel(doubled, theta, 32)
    # Rounding and, with 32 nodes, what the grid for one row leaves out at its corners.
    assert many.value == pytest.approx(one.value, abs=1e-8)
    np.testing.assert_allclose(many.score, one.score, atol=1e-6)
    np.testing.assert_allclose(many.hessian, one.hessian, atol=1e-5)


def test_variances_by_group(kernel):
    """Each group's rows are judged by that group's covariance."""
    table = StudyTable.from_frame(PAIRED)
    design = build_design(table, "~ C(test)", "~ C(test)", "test", independent_rows=True)
    sigmas = {"x": ((0.8, 1.0), -0.4), "y": ((0.5, 1.4), 0.3)}
    mu = {"x": (1.2, 2.5), "y": (1.5, 2.0)}
    expected = 0.0
    for row in PAIRED.itertuples():
        counts = (row.tp, row.tp + row.fn, row.tn, row.tn + row.fp)
        expected += literal.loglik([counts], mu[row.test], sigma_of(*sigmas[row.test]))
    factors = [theta_of((0, 0), *sigmas[group])[2:] for group in design.group_names]
    theta = np.concatenate([[1.2, 0.3, 2.5, -0.5], *factors])
    assert kernel(design, theta).value == pytest.approx(expected, abs=1e-8)  # as above


SMALL = """
import numpy as np, pandas as pd
from metadx.models.design import build_design
from metadx.models.search import climb
from metadx.tables import StudyTable
frame = pd.DataFrame({"study": list("abc"), "tp": [18, 12, 30], "fp": [4, 1, 9],
                      "fn": [2, 3, 12], "tn": [40, 22, 31]})
start = np.array([1.4, 1.9, 0.4, -0.2, 0.4])
found = climb(build_design(StudyTable.from_frame(frame)), start, np.array([0, 1]))
answer = [found.loglik, *found.theta[:2].tolist()]
"""


def test_interpreted_code_gives_the_compiled_answer():
    """What coverage sees, with the compiler switched off, is what users run."""
    compiled: dict = {}
    exec(SMALL, compiled)
    environment = os.environ | {
        "NUMBA_DISABLE_JIT": "1",
        "PYTHONPATH": str(Path(metadx.__file__).parents[1]),
    }
    done = subprocess.run(
        [sys.executable, "-c", SMALL + "print(answer)"],
        env=environment, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    interpreted = [float(x) for x in done.stdout.strip(" []\n").split(",")]
    np.testing.assert_allclose(interpreted, compiled["answer"], atol=1e-8)  # order of summation
