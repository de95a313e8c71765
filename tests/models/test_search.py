"""The search: boundaries by name, several starts, a record of it all."""

from __future__ import annotations

import brute_force
import literal
import numpy as np
import pytest
import reference_values as rv
from study_tables import fit as quiet_fit
from study_tables import simulate, table_of

from metadx.models.design import build_design
from metadx.models.search import climb, search, start_values

#: Sizes and seeds of the sparse tables: arms of 8 to 40, true sensitivity and specificity 0.97.
SPARSE = [(k, seed) for k in (3, 4, 5, 8, 15) for seed in range(8)]


def sparse_design(k, seed):
    """A sparse table in which both margins leave something to estimate."""
    rng = np.random.default_rng([97, k, seed])
    while True:
        design = build_design(simulate(rng, k))
        y, n = design.counts[:, 0::2], design.counts[:, 1::2]
        if ((y < n).any(axis=0) & (y > 0).any(axis=0)).all():
            return design


@pytest.mark.parametrize(("k", "seed"), SPARSE)
def test_the_boundary_flag_is_that_of_a_brute_force_profile(k, seed):
    design = sparse_design(k, seed)
    found, tried = search(design), brute_force.profile(design)
    # Global: no start of the grid reaches higher.
    assert found.loglik == pytest.approx(tried.top, abs=1e-5)
    assert found.converged
    if tried.is_clear:
        assert found.record.at_boundary == tried.flag


def test_the_brute_force_sees_every_kind_of_boundary():
    """The sample above would prove little if it held interior maxima only."""
    flags = {search(sparse_design(k, seed)).record.at_boundary for k, seed in SPARSE}
    assert flags >= {(), ("rho",), ("tau_sens", "tau_spec")}


@pytest.mark.parametrize("k", [5, 8])
def test_the_literal_integral_agrees_at_a_maximum_on_the_boundary(k):
    """Independent of the kernel: value there, and that no step inside is better."""
    designs = (sparse_design(k, seed) for seed in range(8))
    design, found = next(
        (d, m) for d, m in ((d, search(d)) for d in designs) if m.record.at_boundary == ("rho",)
    )
    rows, (mu1, mu2, l11, l21, l22) = design.counts.tolist(), found.theta
    assert l22 == 0.0
    sign = int(np.sign(l21))
    at_bound = literal.line_loglik(rows, (mu1, mu2), (l11, abs(l21)), sign)
    assert found.loglik == pytest.approx(at_bound, abs=2e-6)
    for rho in (0.99, 0.9, 0.5, 0.0, -0.9):
        cov = sign * rho * l11 * abs(l21)
        inside = literal.loglik(rows, (mu1, mu2), [[l11**2, cov], [cov, l21**2]])
        assert inside < at_bound


KNOWN = {
    "telomerase": ("rho",),
    "scheidler_ct": ("rho",),
    "scheidler_lag": (),
    "sim_boundary_k8": ("rho",),
    "metatron_mmse": ("rho",),
    "edge_identical": ("tau_sens", "tau_spec"),
    "dementia_csf": (),
    "gould2001_fdgpet": (),
}


@pytest.mark.parametrize("dataset", KNOWN)
def test_boundaries_that_are_described_with_the_data(dataset):
    """The list of data sets says of each what its maximum is like; brute force agrees."""
    design = build_design(rv.table(dataset))
    found = search(design)
    assert found.record.at_boundary == KNOWN[dataset] == brute_force.profile(design).flag


def test_positive_correlation_is_found_as_well():
    found = search(build_design(rv.table("scheidler_lag")))
    assert found.theta[3] > 0


@pytest.mark.parametrize(
    ("rows", "flag"),
    [  # sensitivities of one binomial, specificities that differ
        ([(16, 2, 4, 40), (20, 20, 5, 30), (24, 5, 6, 15), (12, 1, 3, 44), (32, 14, 8, 20)],
         ("tau_sens",)),
        ([(40, 4, 2, 16), (30, 5, 20, 20), (15, 6, 5, 24), (44, 3, 1, 12), (20, 8, 14, 32)],
         ("tau_spec",)),
    ],
)  # fmt: skip
def test_one_variance_at_zero(rows, flag):
    design = build_design(table_of(rows))
    found = search(design)
    assert found.record.at_boundary == flag == brute_force.profile(design).flag
    zero = [2, 3] if flag == ("tau_sens",) else [3, 4]
    np.testing.assert_array_equal(found.theta[zero], 0.0)
    np.testing.assert_array_equal(np.diag(found.covariance())[zero], 0.0)


def test_standard_errors_at_a_boundary_are_those_of_the_reduced_model(kernel):
    design = build_design(rv.table("telomerase"))
    found = search(design)
    assert found.free.tolist() == [0, 1, 2, 3]
    hessian = kernel(design, found.theta).hessian[:4, :4]
    np.testing.assert_allclose(found.covariance()[:4, :4], np.linalg.inv(-hessian), rtol=1e-3)


def test_the_record_tells_the_whole_search():
    design = build_design(rv.table("dementia_csf"))
    record = search(design).record
    assert record.status == "converged"
    assert record.starts == 1
    assert record.start == pytest.approx(start_values(design).tolist())
    assert 0 < record.gradient_norm < 1e-6
    assert 3 <= record.evaluations <= 30
    assert 1 < record.nodes[0] <= record.nodes[1]
    assert 0 <= record.quadrature_error < 1e-6
    assert record.seconds > 0
    assert record.at_boundary == ()


def test_a_boundary_is_looked_at_from_several_starts():
    record = search(build_design(rv.table("telomerase"))).record
    assert record.at_boundary == ("rho",)
    assert record.starts > 2


@pytest.mark.parametrize("dataset", [c["dataset"] for c in rv.cases("exact_ml", singular=False)])
def test_starts_are_near_and_the_climb_is_short(dataset):
    design = build_design(rv.table(dataset), independent_rows=True)
    found = search(design)
    assert found.record.evaluations < 40 * found.record.starts
    assert np.abs(start_values(design)[:2] - found.theta[:2]).max() < 1.0


def test_the_answer_does_not_depend_on_the_clock_or_on_earlier_fits():
    tables = [rv.table(name) for name in ("dementia_csf", "telomerase")]
    first = [quiet_fit(table) for table in tables]
    again = [quiet_fit(table) for table in reversed(tables)][::-1]
    for one, other in zip(first, again, strict=True):
        assert one.llf == other.llf
        np.testing.assert_array_equal(one.joint.theta, other.joint.theta)


def test_free_parameters_are_the_ones_that_are_asked_for():
    design = build_design(rv.table("dementia_csf"))
    found = search(design, np.array([0, 1, 2, 4]))
    assert found.theta[3] == 0.0
    apart = [climb(design, found.theta, np.array([0, 1, 2, 4])).loglik]
    assert found.loglik == pytest.approx(apart[0], abs=1e-8)
    counts = design.counts
    literally = sum(
        literal.margin_loglik(
            counts[:, 2 * j], counts[:, 2 * j + 1], found.theta[j], found.theta[2 + 2 * j]
        )
        for j in (0, 1)
    )
    assert found.loglik == pytest.approx(literally, abs=2e-6)
