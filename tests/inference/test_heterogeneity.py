from __future__ import annotations

import warnings

import numpy as np
import pytest
from edge_tables import ALL_PERFECT, EDGES, PARTIAL
from reference_values import case, table
from scipy.optimize import minimize
from scipy.stats import spearmanr
from study_tables import fit, simulate, table_of

from metadx.errors import MetadxWarning, OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.inference.heterogeneity import heterogeneity
from metadx.inference.homogeneity import (
    cone_weights,
    half_lines,
    homogeneity_test,
    kappa,
    mixture_tail,
)
from metadx.inference.threshold_effect import ThresholdCorrelation, threshold_correlation
from metadx.models import BivariateModel


def test_the_likelihood_ratio_of_metadta():
    """Printed: LR test random against fixed 91.40, from a log-likelihood of -82.80333."""
    found = homogeneity_test(fit(table("dementia_csf")))
    assert found.chi2 == pytest.approx(91.40, abs=0.005)
    assert found.p < 1e-15 and sum(found.weights) == pytest.approx(1.0)


def test_the_fixed_likelihood_is_that_of_common_proportions():
    from scipy.stats import binom

    studies = table("auditc")
    counts = studies.arrays()
    share = counts.positives.sum(axis=0) / counts.totals.sum(axis=0)
    wanted = binom.logpmf(counts.positives, counts.totals, share).sum()
    assert homogeneity_test(fit(studies)).loglik_fixed == pytest.approx(wanted, rel=1e-10)


def test_equal_patterns_give_the_circular_cone():
    """A cone of half angle 45 degrees: shares (1 - cos a)/2 and, for its polar, (1 - sin a)/2."""
    side = 1.0 / np.sqrt(2.0)
    wanted = ((1 - side) / 2, side / 2, side / 2, (1 - side) / 2)
    assert cone_weights(1.0) == pytest.approx(wanted, abs=1e-12)
    assert half_lines(2) == pytest.approx((0.25, 0.5, 0.25))


@pytest.mark.parametrize("shape", [1.0, 0.4])
def test_weights_against_projections_of_random_vectors(shape):
    """The squared length of the projection, found by a general optimiser."""
    rng, squared = np.random.default_rng(5), []
    for z in rng.standard_normal((150, 3)):

        def gap(low, z=z):
            point = low[0] ** 2, np.sqrt(2 * shape) * low[0] * low[1], low[1] ** 2 + low[2] ** 2
            return float(((z - np.array(point)) ** 2).sum())

        starts = ([1.0, 0.1, 1.0], [0.6, -0.6, 0.3], [0.6, 0.6, 0.3])
        squared.append(z @ z - min(minimize(gap, start).fun for start in starts))
    weights = cone_weights(shape)
    for x in (0.5, 2.0, 4.0):
        share, wanted = np.mean(np.array(squared) > x), mixture_tail(x, weights)
        assert abs(share - wanted) < 3.5 * np.sqrt(wanted * (1 - wanted) / 150)


def test_the_tail_of_the_mixture():
    assert mixture_tail(0.0, (0.5, 0.5)) == 1.0
    assert mixture_tail(3.841459, (0.5, 0.5)) == pytest.approx(0.025, abs=1e-6)
    assert mixture_tail(100.0, (0.15, 0.35, 0.35, 0.15)) < 1e-15


@pytest.mark.slow
def test_p_values_are_uniform_where_nothing_differs():
    """The limit with many studies, the simulation with few; shares within three standard errors."""
    rng, limit, simulated = np.random.default_rng(11), [], []
    for _ in range(250):
        many = simulate(rng, 300, 0.8, 0.85, tau=(1e-6, 1e-6), rho=0.0, arms=(40, 80))
        few = simulate(rng, 15, 0.8, 0.85, tau=(1e-6, 1e-6), rho=0.0, arms=(40, 80))
        limit.append(homogeneity_test(fit(many), replicates=1).p)
        simulated.append(homogeneity_test(fit(few), replicates=199).p_simulated)
    for share in (0.05, 0.2):
        error = np.sqrt(share * (1 - share) / 250)
        for ps in (limit, simulated):
            assert abs(np.mean(np.array(ps) <= share) - share) < 3.0 * error


def test_simulation_and_limit_agree_for_many_studies():
    studies = simulate(
        np.random.default_rng(2), 150, 0.8, 0.85, tau=(0.15, 0.15), rho=0.0, arms=(40, 80)
    )
    full = fit(studies)
    found = homogeneity_test(full, replicates=399)
    # The limit's own error at this size is of the order of 0.03, the simulation's 0.02.
    assert 0.02 < found.p < 0.9 and abs(found.p - found.p_simulated) < 0.1
    first, again = (homogeneity_test(full, replicates=20, seed=3).p_simulated for _ in range(2))
    assert first == again
    with pytest.raises(OptionError, match="at least one"):
        homogeneity_test(full, replicates=0)


def test_kappa_shrinks_where_few_studies_are_complete():
    assert kappa(fit(table_of(PARTIAL)).design) < kappa(fit(table_of(PARTIAL[:5])).design)


def test_spearman_is_that_of_scipy():
    """R mada prints another number: Pearson's, of proportions with 0.5 added."""
    for name in ("auditc", "anti_ccp", "dementia_csf", "smoking"):
        studies = table(name)
        counts = studies.arrays()
        sens, spec = (counts.positives / counts.totals).T
        found = threshold_correlation(studies)
        assert found.estimate.value == pytest.approx(spearmanr(sens, 1 - spec).statistic)
        assert -1.0 < found.estimate.low < found.estimate.value < found.estimate.high < 1.0


def test_interval_of_spearman_from_its_formula():
    found = threshold_correlation(table("auditc"))
    r = found.estimate.value
    half = 1.959963985 * np.sqrt((1 + r * r / 2) / 11)
    assert found.estimate.low == pytest.approx(np.tanh(np.arctanh(r) - half))
    assert "a threshold effect" in found.sentence


def test_directions_of_the_threshold():
    up = [(50 + 5 * i, 10 + 7 * i, 50 - 5 * i, 90 - 7 * i) for i in range(8)]
    up[3], up[4] = up[4], up[3]
    down = [(tp, 100 - fp, fn, 100 - tn) for tp, fp, fn, tn in up]
    assert "a threshold effect" in threshold_correlation(table_of(up)).sentence
    assert threshold_correlation(table_of(down)).estimate.value == -1.0
    mixed = [(50 + 5 * i, 10 + 7 * ((3 * i) % 8), 50 - 5 * i, 90) for i in range(8)]
    found = threshold_correlation(table_of(mixed))
    assert isinstance(found, ThresholdCorrelation) and "do not settle" in found.sentence


def test_median_odds_ratio():
    """Twice a million draws: the median of the larger over the smaller odds."""
    found = heterogeneity(fit(table("dementia_csf")))
    tau = found.tau["sensitivity"].value
    gaps = np.abs(np.diff(np.random.default_rng(2).normal(0, tau, (1_000_000, 2)), axis=1))
    assert found.median_odds_ratio["sensitivity"].value == pytest.approx(
        np.exp(np.median(gaps)), rel=3e-3
    )


def test_the_table_holds_the_values_of_its_parts():
    full = fit(table("dementia_csf"))
    frame = heterogeneity(full).frame.set_index(["quantity", "margin"])
    printed = case("published", "dementia_csf", kind="heterogeneity")["values"]
    for name, margin in (("bivariate", "both"), ("sens", "sensitivity"), ("spec", "specificity")):
        value = printed[f"i2_{name}"]
        assert frame.loc[("I-squared", margin), "value"] == pytest.approx(
            value["value"], abs=2 * value["half_unit"]
        )
    row = frame.loc[("prediction interval", "specificity")]
    assert (row["low"], row["high"]) == (
        full.prediction_specificity.low,
        full.prediction_specificity.high,
    )
    assert frame.loc[("between-study correlation", "both"), "value"] == pytest.approx(
        -0.5988, abs=1e-3
    )


@pytest.mark.parametrize("name", EDGES)
def test_edges_have_a_number_or_a_reason(name):
    found = heterogeneity(fit(table_of(EDGES[name])))
    frame = found.frame
    assert (frame["value"].notna() | (frame["note"].str.len() > 10)).all()
    assert "nan" not in found.summary().lower()


def test_at_a_boundary():
    found = heterogeneity(fit(table("sim_boundary_k8")))
    assert "determinant" in found.summary()
    # The profile ends at the bound up to its own tolerance.
    assert found.tau["sensitivity"].low == pytest.approx(0.0, abs=1e-7)
    assert found.test.p > 0.05


def test_all_perfect_has_no_test():
    assert isinstance(homogeneity_test(fit(table_of(ALL_PERFECT))), NotApplicable)


def test_approximate_fits_have_wald_intervals_and_no_exact_test():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        reml = BivariateModel(table("dementia_csf")).fit("reml")
    found = heterogeneity(reml)
    assert isinstance(found.tau["sensitivity"], Estimate)
    assert isinstance(found.test, NotApplicable) and "exact" in found.test.reason
