"""What must hold for every table, on tables that hypothesis makes up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_tables import fit as quiet_fit
from study_tables import rows_of, simulate, swapped, table_of

from metadx.estimate import Estimate, NotApplicable
from metadx.models.design import build_design
from metadx.tables import StudyTable

#: Two searches of the same maximum end within a score of 1e-6 of it; along the flattest
#: direction of these tables (standard errors up to 3) that is 1e-5 in a parameter.
SAME = 5e-5
SAME_LOGLIK = 5e-6


@st.composite
def tables(draw, smallest=4, largest=9, sparse=True):
    """Tables from the model: hypothesis chooses truth, sizes and seed, so cases stay plausible."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    low, high = (8, 40) if sparse else (40, 150)
    return simulate(
        rng,
        draw(st.integers(smallest, largest)),
        sens=draw(st.sampled_from([0.7, 0.85, 0.95])),
        spec=draw(st.sampled_from([0.75, 0.9, 0.96])),
        tau=(draw(st.sampled_from([0.3, 0.8, 1.3])), draw(st.sampled_from([0.3, 0.8, 1.3]))),
        rho=draw(st.sampled_from([-0.8, -0.3, 0.0, 0.6])),
        arms=(low, high),
    )


def assert_same(one, other):
    assert one.model_path == other.model_path
    assert one.at_boundary == other.at_boundary
    if isinstance(one.llf, float):
        assert one.llf == pytest.approx(other.llf, abs=SAME_LOGLIK)
    for name in ("sensitivity", "specificity"):
        assert_same_estimate(getattr(one, name), getattr(other, name))


def assert_same_estimate(one, other):
    assert type(one) is type(other)
    if isinstance(one, Estimate):
        assert (one.value, one.low, one.high) == pytest.approx(
            (other.value, other.low, other.high), abs=SAME
        )


@given(tables(smallest=2), st.randoms(use_true_random=False))
def test_the_order_of_the_studies_does_not_matter(table, random):
    rows = rows_of(table)
    random.shuffle(rows)
    assert_same(quiet_fit(table), quiet_fit(table_of(rows)))


@given(tables(smallest=2))
def test_exchanging_the_diseased_and_the_healthy_exchanges_the_margins(table):
    one, other = quiet_fit(table), quiet_fit(swapped(table))
    assert_same_estimate(one.sensitivity, other.specificity)
    assert_same_estimate(one.specificity, other.sensitivity)
    if isinstance(one.llf, float):
        assert one.llf == pytest.approx(other.llf, abs=SAME_LOGLIK)
    exchange = {"tau_sens": "tau_spec", "tau_spec": "tau_sens", "rho": "rho"}
    assert {exchange[name] for name in one.at_boundary} == set(other.at_boundary)
    if one.point and other.point:
        np.testing.assert_allclose(
            one.between_study_cov, other.between_study_cov[::-1, ::-1], atol=20 * SAME
        )


@given(tables(smallest=4))
def test_every_study_twice_doubles_the_likelihood_and_halves_the_variances(table):
    """The estimates stay; what depends on them alone stays too."""
    once, twice = quiet_fit(table), quiet_fit(table_of(rows_of(table) * 2))
    if "not_estimable" in {m.heterogeneity for m in once.margins.values()}:
        return  # twice as many studies may bound what these do not
    if once.model_path != "bivariate":
        return
    assert twice.llf == pytest.approx(2 * once.llf, abs=2 * SAME_LOGLIK)
    assert twice.at_boundary == once.at_boundary
    np.testing.assert_allclose(twice.mean_logit, once.mean_logit, atol=SAME)
    np.testing.assert_allclose(2 * twice.mean_logit_cov, once.mean_logit_cov, rtol=2e-3, atol=1e-6)


@given(tables(smallest=4), st.integers(0, 1))
def test_one_margin_alone_is_the_univariate_model(table, margin):
    """Blank out the other margin, or cut the correlation: the same estimate."""
    columns = [["fp", "tn"], ["tp", "fn"]][margin]
    frame = table.frame
    frame[columns] = None
    fit = quiet_fit(StudyTable.from_frame(frame))
    name = ("sensitivity", "specificity")[margin]
    assert fit.margins[name].path in ("univariate", "fixed_effect")
    both = quiet_fit(table)
    if both.model_path == "bivariate" and fit.margins[name].path == "univariate":
        kept = fit.margins[name].estimate
        beside = both.independent[name]
        if isinstance(kept, Estimate):
            assert_same_estimate(kept, beside)


@given(tables(smallest=4, sparse=False))
def test_the_score_is_small_where_no_boundary_is_named(kernel, table):
    fit = quiet_fit(table)
    if fit.model_path != "bivariate":
        return
    assert fit.converged
    assert fit.gradient_norm < 1e-6
    score = kernel(fit.design, fit.joint.theta).score
    # 1e-4: the fit's own nodes are fewer than the 60 of this evaluation.
    assert np.abs(score[fit.joint.free]).max() < 1e-4
    hessian = kernel(fit.design, fit.joint.theta).hessian[np.ix_(fit.joint.free, fit.joint.free)]
    assert np.linalg.eigvalsh(hessian).max() < 0
    if not fit.at_boundary:
        assert fit.joint.free.size == 5


@given(tables(smallest=4, largest=7))
def test_no_parameters_nearby_are_better(kernel, table):
    """A maximum is a maximum: random steps of all sizes lead down."""
    fit = quiet_fit(table)
    if fit.model_path != "bivariate":
        return
    rng = np.random.default_rng(0)
    top = kernel(fit.design, fit.joint.theta, 44).value
    for size in (1e-3, 1e-2, 0.1, 0.5):
        for step in size * rng.standard_normal((5, 5)):
            assert kernel(fit.design, fit.joint.theta + step, 44).value < top + SAME_LOGLIK


@given(tables(smallest=4), tables(smallest=1, largest=3))
def test_studies_of_one_margin_add_to_that_margin_only(table, extra):
    """Specificity-only rows leave sensitivity's univariate answer as it was."""
    more = extra.frame
    more["study_id"] = "extra " + more["study_id"]
    more[["tp", "fn"]] = None
    joined = StudyTable.from_frame(pd.concat([table.frame, more], ignore_index=True))
    one, other = quiet_fit(table), quiet_fit(joined)
    assert other.k_spec_only == len(extra)
    assert other.margins["sensitivity"].k == one.margins["sensitivity"].k
    assert other.margins["specificity"].k == one.margins["specificity"].k + len(extra)
    if "bivariate" == one.model_path == other.model_path:
        assert_same_estimate(one.independent["sensitivity"], other.independent["sensitivity"])


@given(tables(smallest=4))
def test_wider_confidence_contains_the_narrower(table):
    fits = [quiet_fit(table, level=level) for level in (0.8, 0.95, 0.99)]
    for name in ("sensitivity", "specificity", "lr_positive", "lr_negative", "dor", "auc"):
        found = [getattr(fit, name) for fit in fits]
        if not isinstance(found[0], NotApplicable):
            lows, highs = [e.low for e in found], [e.high for e in found]
            assert lows == sorted(lows, reverse=True)
            assert highs == sorted(highs)
            assert all(e.low <= e.value <= e.high for e in found)


@given(tables(smallest=4))
def test_intervals_of_a_new_study_are_wider_than_those_of_the_mean(table):
    fit = quiet_fit(table)
    for name in ("sensitivity", "specificity"):
        mean, new = getattr(fit, name), getattr(fit, f"prediction_{name}")
        if isinstance(new, Estimate):
            assert new.low <= mean.low + 1e-12
            assert new.high >= mean.high - 1e-12
            assert new.value == mean.value


@given(tables(smallest=5), st.integers(0, 4))
def test_a_design_keeps_the_counts_whatever_the_rows_names(table, shift):
    design = build_design(table)
    rows = np.array(rows_of(table))
    np.testing.assert_array_equal(design.counts[:, 0], rows[:, 0])
    np.testing.assert_array_equal(design.counts[:, 1], rows[:, 0] + rows[:, 2])
    np.testing.assert_array_equal(design.counts[:, 2], rows[:, 3])
    np.testing.assert_array_equal(design.counts[:, 3], rows[:, 3] + rows[:, 1])
    turned = np.roll(rows, shift, axis=0).tolist()
    assert build_design(table_of(turned)).log_binomial_coefficients() == pytest.approx(
        design.log_binomial_coefficients()
    )
