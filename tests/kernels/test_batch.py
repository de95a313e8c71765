"""The batched log-likelihood against the one-vector kernel and the paper's integral."""

from __future__ import annotations

import literal
import numpy as np
import pytest
from study_tables import table_of

from metadx.kernels import batch
from metadx.kernels.quadrature import level_for
from metadx.models.design import build_design

# Zero cells, a missing margin on either side, a large study beside a small one.
ROWS = [
    (18, 4, 2, 40), (12, 0, 3, 22), (9, 3, 0, 15), (0, 2, 5, 11), (4, 6, 3, 0),
    (27, 25, 47, 1233), (30, None, 6, None), (None, 5, None, 44),
]  # fmt: skip


def vectors(n, seed=1):
    """Parameter vectors from a typical posterior, correlations of both signs, shape (5, n)."""
    rng = np.random.default_rng(seed)
    mu = rng.normal([[1.3], [1.9]], 0.5, (2, n))
    tau = rng.lognormal(-0.3, 0.7, (2, n))
    rho = np.tanh(rng.normal(-0.4, 0.8, n))
    return np.stack([*mu, tau[0], tau[1] * rho, tau[1] * np.sqrt(1.0 - rho**2)])


def evaluate(thetas, design, nodes):
    out = np.empty(thetas.shape[1])
    levels = np.full(design.counts.shape[0], level_for(nodes), dtype=np.int64)
    batch.logliks(thetas, design.counts, levels, np.zeros((levels.size, 2)), out)
    return out


# One vector, a block but for one, a block, a block and one; and enough for several threads.
@pytest.mark.parametrize("n", [1, batch.LANES - 1, batch.LANES, batch.LANES + 1, 1500])
def test_every_column_is_what_the_kernel_for_one_vector_gives(kernel, n):
    design = build_design(table_of(ROWS))
    thetas = vectors(n)
    found = evaluate(thetas, design, 60) + design.log_binomial_coefficients()
    some = range(0, n, max(1, n // 50))
    expected = [kernel(design, thetas[:, i], 60, derivatives=False).value for i in some]
    # The kernel for one vector leaves out the corners of its grid: up to 2e-5 where tau is 2.
    np.testing.assert_allclose(found[some], expected, rtol=0, atol=5e-5)


def test_it_is_the_integral_of_the_paper():
    design = build_design(table_of(ROWS))
    thetas = vectors(3)
    found = evaluate(thetas, design, 60) + design.log_binomial_coefficients()
    rows = [
        (tp or 0, (tp or 0) + (fn or 0), tn or 0, (tn or 0) + (fp or 0)) for tp, fp, fn, tn in ROWS
    ]
    for value, (mu1, mu2, l11, l21, l22) in zip(found, thetas.T, strict=True):
        factor = np.array([[l11, 0.0], [l21, l22]])
        assert value == pytest.approx(literal.loglik(rows, (mu1, mu2), factor @ factor.T), abs=1e-8)


def test_no_heterogeneity_is_the_binomial_likelihood():
    design = build_design(table_of([(9, 2, 1, 18), (7, 0, 3, 9)]))
    mu = np.array([1.7, 2.0])
    found = evaluate(np.array([[*mu, 0.0, 0.0, 0.0]]).T, design, 8)[0]
    p = 1.0 / (1.0 + np.exp(-mu))
    y, n = design.counts[:, ::2], design.counts[:, 1::2]
    assert found == pytest.approx(float((y * np.log(p) + (n - y) * np.log1p(-p)).sum()), abs=1e-10)


def test_eight_nodes_are_enough_for_importance_weights(kernel):
    """What matters is how the error varies over the posterior: it moves no weight by 1 %."""
    design = build_design(table_of(ROWS))
    thetas = vectors(1000, seed=2)
    error = evaluate(thetas, design, 8) - evaluate(thetas, design, 60)
    assert np.std(error) < 0.01


def test_a_vector_far_from_the_data_has_a_finite_likelihood():
    """A correlation near 1 and means 80 logits apart: the case that needed most steps."""
    tau, rho = (12.9, 10.4), 0.99984
    theta = np.array([[-34.8, 45.7, tau[0], tau[1] * rho, tau[1] * np.sqrt(1.0 - rho * rho)]]).T
    design = build_design(table_of([(23629, 81852, 57935, 891399)]))
    few, many = evaluate(theta, design, 8), evaluate(theta, design, 60)
    assert np.isfinite(few).all()
    # Most of it is the binomial log-likelihood of a million people.
    assert few == pytest.approx(many, rel=1e-6)


def test_the_number_of_threads_changes_no_bit(monkeypatch):
    design = build_design(table_of(ROWS))
    thetas = vectors(2000, seed=3)
    results = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(batch.config, "NUMBA_NUM_THREADS", threads)
        results.append(evaluate(thetas, design, 8).tobytes())
    assert len(set(results)) == 1
