"""The normal-normal likelihood against its literal twin and against differences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reference_values import frame, table
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from metadx.models.design import Design, build_design
from metadx.models.measures import correct_zero_cells
from metadx.models.normal_likelihood import evaluate, normal_data
from metadx.models.normal_search import search_normal
from metadx.tables import StudyTable


def mixed_table() -> StudyTable:
    """Paired rows, partial rows, a covariate and zero cells in one table."""
    rows = [
        ("a", "ct", 18, 4, 2, 40), ("a", "mri", 19, 1, 1, 43), ("b", "ct", 25, 2, 5, 31),
        ("b", "mri", 28, 0, 2, 33), ("c", "ct", 40, 9, 6, 60), ("d", "mri", None, 3, None, 22),
        ("e", "ct", 9, None, 3, None), ("e", "mri", 11, None, 1, None), ("f", "ct", 30, 6, 4, 48),
        ("g", "mri", 12, 2, 0, 19), ("h", "ct", 22, None, 8, None), ("h", "mri", None, 5, None, 61),
        ("i", "ct", 14, 3, 6, 17), ("j", "mri", 33, 8, 9, 72),
    ]  # fmt: skip
    made = pd.DataFrame(rows, columns=["study", "test", "tp", "fp", "fn", "tn"])
    made["age"] = np.linspace(50, 80, len(made)) % 17
    return StudyTable.from_frame(made.astype(dict.fromkeys(["tp", "fp", "fn", "tn"], "Int64")))


def kearon() -> StudyTable:
    known = frame("kearon1998_dvt_us").dropna(how="all", subset=["tp", "fp", "fn", "tn"])
    return StudyTable.from_frame(known, "kearon1998_dvt_us")


DESIGNS = {
    "plain": lambda: build_design(table("auditc")),
    "partial": lambda: build_design(kearon()),
    "shared studies": lambda: build_design(mixed_table(), "~ test", "~ test"),
    "covariates": lambda: build_design(mixed_table(), "~ test + age", "~ age"),
    "groups": lambda: build_design(mixed_table(), "~ test", "~ test", "test", True),
    "shared studies in groups": lambda: build_design(mixed_table(), "~ test", "~ test", "test"),
}


def literal(
    design: Design, counts: np.ndarray, factor: np.ndarray, restricted: bool
) -> tuple[float, np.ndarray, np.ndarray]:
    """Log-likelihood, coefficients and X'V^-1 X with one dense covariance matrix.

    Written from the equations: every pair of logits is looked at by itself.
    """
    p1 = design.columns[0].shape[1]
    p = p1 + design.columns[1].shape[1]
    y, s, x, owner = [], [], [], []
    for study in range(design.start.size - 1):
        for row in range(design.start[study], design.start[study + 1]):
            for margin in (0, 1):
                events, total = counts[row, 2 * margin], counts[row, 2 * margin + 1]
                if total == 0:
                    continue
                line = np.zeros(p)
                if margin == 0:
                    line[:p1] = design.columns[0][row]
                else:
                    line[p1:] = design.columns[1][row]
                y.append(np.log(events / (total - events)))
                s.append(1 / events + 1 / (total - events))
                x.append(line)
                owner.append((study, design.group[row], margin))
    v = np.diag(s)
    for i, (study_i, group_i, margin_i) in enumerate(owner):
        for k, (study_k, group_k, margin_k) in enumerate(owner):
            if study_i == study_k:
                left, right = (
                    np.array([[f[0], 0.0], [f[1], f[2]]])
                    for f in (factor[3 * group_i :][:3], factor[3 * group_k :][:3])
                )
                v[i, k] += (left @ right.T)[margin_i, margin_k]
    y, x = np.array(y), np.array(x)
    inverse = np.linalg.inv(v)
    information = x.T @ inverse @ x
    beta = np.linalg.solve(information, x.T @ inverse @ y)
    value = multivariate_normal(x @ beta, v).logpdf(y)
    if restricted:
        value += 0.5 * p * np.log(2 * np.pi) - 0.5 * np.linalg.slogdet(information)[1]
    return float(value), beta, information


def made(name: str, restricted: bool):
    design = DESIGNS[name]()
    counts, _ = correct_zero_cells(design.counts, "single")
    return design, counts, normal_data(design, counts, restricted)


def factors(design: Design, seed: int) -> np.ndarray:
    size = 3 * len(design.group_names)
    return np.random.default_rng(seed).normal(0.0, 0.8, size)


@pytest.mark.parametrize("restricted", [True, False], ids=["reml", "ml"])
@pytest.mark.parametrize("name", DESIGNS)
def test_value_is_that_of_the_literal_twin(name, restricted):
    design, counts, data = made(name, restricted)
    for factor in (factors(design, 1), factors(design, 2), 0.0 * factors(design, 3)):
        value, beta, information = literal(design, counts, factor, restricted)
        found = evaluate(data, factor)
        # Sums of some hundred terms in another order.
        assert found.value == pytest.approx(value, rel=1e-11)
        np.testing.assert_allclose(found.beta, beta, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.information, information, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("restricted", [True, False], ids=["reml", "ml"])
@pytest.mark.parametrize("name", DESIGNS)
def test_derivatives_are_those_of_differences(name, restricted):
    design, _, data = made(name, restricted)
    factor = factors(design, 4)
    found = evaluate(data, factor)
    step = 1e-5
    for a in range(factor.size):
        shift = step * np.eye(factor.size)[a]
        up, down = evaluate(data, factor + shift), evaluate(data, factor - shift)
        # Central differences: error of the order of step squared, 1e-10, times the curvature.
        slope = (up.value - down.value) / (2 * step)
        assert found.gradient[a] == pytest.approx(slope, rel=1e-6, abs=1e-6)
        curvature = (up.gradient - down.gradient) / (2 * step)
        np.testing.assert_allclose(found.hessian[a], curvature, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found.hessian, found.hessian.T, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("restricted", [True, False], ids=["reml", "ml"])
@pytest.mark.parametrize("name", ["plain", "partial", "shared studies", "covariates"])
def test_maximum_is_that_of_the_twin(name, restricted):
    """A search without derivatives over the twin finds no higher point, and the same one."""
    design, counts, data = made(name, restricted)
    found = search_normal(design, data, np.arange(3))
    free = found.theta[data.n_coefficients :]
    climbed = minimize(
        lambda f: -literal(design, counts, f, restricted)[0],
        free + 0.05,
        method="Nelder-Mead",
        options={"xatol": 1e-6, "fatol": 1e-11, "maxiter": 400},
    )
    assert found.loglik >= -climbed.fun - 1e-10
    assert found.loglik == pytest.approx(-climbed.fun, abs=1e-8)
    sigma, theirs = ([[f[0], 0], [f[1], f[2]]] @ np.array([[f[0], f[1]], [0, f[2]]])
                     for f in (free, climbed.x))  # fmt: skip
    # The value is flat at its top: 1e-11 in it is 1e-5 in the parameters.
    np.testing.assert_allclose(sigma, theirs, atol=3e-4)


@pytest.mark.parametrize("name", DESIGNS)
def test_covariances_come_from_the_right_blocks(name):
    design, counts, data = made(name, True)
    size = 3 * len(design.group_names)
    found = search_normal(design, data, np.arange(size))
    p = data.n_coefficients
    _, beta, information = literal(design, counts, found.theta[p:], True)
    np.testing.assert_allclose(found.theta[:p], beta, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(
        found.covariance()[:p, :p], np.linalg.inv(information), rtol=1e-7, atol=1e-12
    )
    assert not found.hessian[:p, p:].any()


def test_effects_are_the_posterior_means():
    """``E(z | y) = A' V^-1 (y - X beta)``, one study at a time."""
    design, counts, data = made("plain", True)
    found = search_normal(design, data, np.arange(3))
    l11, l21, l22 = found.theta[2:]
    loading = np.array([[l11, 0.0], [l21, l22]])
    for row, (tp, n1, tn, n0) in enumerate(counts):
        y = np.log([tp / (n1 - tp), tn / (n0 - tn)])
        v = loading @ loading.T + np.diag([1 / tp + 1 / (n1 - tp), 1 / tn + 1 / (n0 - tn)])
        expected = loading.T @ np.linalg.solve(v, y - found.theta[:2])
        np.testing.assert_allclose(found.modes[row], expected, rtol=1e-9, atol=1e-12)


def test_order_of_the_rows_does_not_matter():
    studies = mixed_table().frame
    shuffled = StudyTable.from_frame(studies.sample(frac=1.0, random_state=3))
    values = []
    for one in (mixed_table(), shuffled):
        design = build_design(one, "~ test", "~ test")
        counts, _ = correct_zero_cells(design.counts)
        values.append(search_normal(design, normal_data(design, counts, True), np.arange(3)))
    assert values[0].loglik == pytest.approx(values[1].loglik, abs=1e-10)
    np.testing.assert_allclose(values[0].theta, values[1].theta, atol=1e-7)


def test_the_diary_of_the_search():
    design, _, data = made("plain", True)
    record = search_normal(design, data, np.arange(3)).record
    assert record.status == "converged" and record.starts == 1 and record.evaluations < 30
    assert len(record.start) == len(record.final) == 5
    boundary = build_design(table("sim_boundary_k8"))
    counts, _ = correct_zero_cells(boundary.counts, "all")
    record = search_normal(boundary, normal_data(boundary, counts, True), np.arange(3)).record
    assert record.at_boundary == ("rho",) and record.starts == 4 and record.final[-1] == 0.0
