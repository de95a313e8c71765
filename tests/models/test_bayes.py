"""The posterior against Stan and JAGS, and where the data say little."""

from __future__ import annotations

import json
import sys
import time
import types
from functools import cache

import numpy as np
import pytest
import reference_values as rv
from scipy.special import expit, logit
from study_tables import swapped, table_of

from metadx.errors import ModelError, OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.kernels import batch
from metadx.models import bayes, bayes_results
from metadx.models.bayes import fit_bayes
from metadx.models.design import build_design
from metadx.models.prior import Prior
from metadx.tables import StudyTable

#: The bars. Two runs of other programs differ by up to 0.006 and 0.020.
MEANS, ENDS = 0.01, 0.03
PARAMETERS = ["mu_sens", "mu_spec", "tau_sens", "tau_spec", "rho"]
CASES = [
    pytest.param(case, id=f"{case['dataset']}-{case['program']}")
    for case in rv.load("bayes")["cases"]
]


def posterior(table, prior=None, **options):
    return fit_bayes(table, build_design(table), prior, **options)


@cache
def reference_fit(dataset):
    """Fit a reference data set under the prior of the reference programs."""
    return posterior(rv.table(dataset), Prior(mu_sd=3.0, tau_sd=1.0, rho_shape=1.0))


@pytest.mark.parametrize("case", CASES)
def test_means_and_interval_ends_of_the_parameters(case):
    fit = reference_fit(case["dataset"])
    table = fit.posterior_table()
    for name in PARAMETERS:
        expected = case["posterior"][name]
        assert table.loc[name, "mean"] == pytest.approx(expected["mean"], abs=MEANS)
        assert table.loc[name, "q2.5"] == pytest.approx(expected["q025"], abs=ENDS)
        assert table.loc[name, "q97.5"] == pytest.approx(expected["q975"], abs=ENDS)
        assert table.loc[name, "sd"] == pytest.approx(expected["sd"], rel=0.03)
    assert fit.diagnostics.pareto_k < 0.7
    assert fit.diagnostics.ess > 6000
    assert fit.converged


@pytest.mark.parametrize("case", CASES)
def test_estimates_on_their_own_scales(case):
    fit, expected = reference_fit(case["dataset"]), case["posterior"]
    for name, there in (("sensitivity", "sens"), ("specificity", "spec")):
        estimate = getattr(fit, name)
        for end, quantile in (("low", "q025"), ("value", "q50"), ("high", "q975")):
            here = logit(getattr(estimate, end))
            assert here == pytest.approx(logit(expected[there][quantile]), abs=ENDS)
    if case["program"] == "JAGS":
        return
    for name, there in (("lr_positive", "LRpos"), ("lr_negative", "LRneg"), ("dor", "DOR")):
        estimate = getattr(fit, name)
        for end, quantile in (("low", "q025"), ("value", "q50"), ("high", "q975")):
            assert getattr(estimate, end) == pytest.approx(expected[there][quantile], rel=ENDS)
    for name in ("sens", "spec"):
        long = {"sens": "sensitivity", "spec": "specificity"}[name]
        estimate = getattr(fit, f"prediction_{long}")
        assert estimate.value == getattr(fit, long).value
        # The reference simulates new studies: 0.06 is 2.5 standard errors of its far ends.
        for end, quantile in (("low", "q025"), ("high", "q975")):
            assert logit(getattr(estimate, end)) == pytest.approx(
                logit(expected[f"{name}_new"][quantile]), abs=0.06
            )


def test_the_grid_of_reference_cases_does_not_shrink():
    assert len(CASES) == 10


# What maximum likelihood cannot answer: one study, all perfect, all zero, one margin, nothing
# in common, two people; a correlation at its bound; a million people.
HARD = {
    "one study": [(9, 2, 1, 18)],
    "one perfect study": [(10, 0, 0, 20)],
    "two studies": [(18, 4, 2, 40), (12, 0, 3, 22)],
    "all perfect": [(10, 0, 0, 20), (14, 0, 0, 9), (8, 0, 0, 30)],
    "perfect specificity": [(18, 0, 2, 30), (25, 0, 5, 44), (9, 0, 1, 21), (40, 0, 8, 60)],
    "no true positive": [(0, 0, 10, 20), (0, 1, 8, 30), (0, 0, 20, 9)],
    "discordant": [(100, 2, 0, 180), (0, 50, 100, 0), (50, 3, 50, 3)],
    "one person a cell": [(1, 0, 0, 1), (0, 1, 1, 0)],
    "positive correlation of 1": [(95, 5, 5, 95), (50, 50, 50, 50), (80, 20, 20, 80)],
    "identical": [(18, 4, 2, 40)] * 4,
    "a million people": [(90000, 20000, 10000, 880000), (80000, 50000, 20000, 850000)],
    "partial of both kinds": [(9, None, 1, None), (15, None, 3, None), (None, 1, None, 30)],
    "sensitivity only": [(9, None, 1, None), (15, None, 3, None)],
    "specificity of one study": [(None, 1, None, 30)],
}


@pytest.mark.parametrize("rows", [pytest.param(v, id=k) for k, v in HARD.items()])
def test_every_table_has_a_reliable_posterior(rows):
    fit = posterior(table_of(rows))
    assert fit.diagnostics.reliable, fit.diagnostics
    json.dumps(fit.to_dict(), allow_nan=False)
    assert "Prior: mean logit" in fit.summary()
    assert "Pareto k" in fit.summary()
    for margin in fit.margins.values():
        if margin.k:
            assert 0.0 < margin.estimate.low < margin.estimate.value < margin.estimate.high < 1.0
            assert 0.0 < margin.tau.low < margin.tau.value < margin.tau.high


@pytest.mark.parametrize("dataset", ["sim_sparse_k20", "edge_huge_n", "sim_boundary_k8", "edge_k3"])
def test_sparse_and_boundary_sets_are_reliable_under_the_prior_of_the_reference(dataset):
    fit = reference_fit(dataset)
    assert fit.diagnostics.reliable
    assert fit.warnings == () or dataset == "edge_k3"


@pytest.mark.parametrize("margin", ["sensitivity", "specificity"])
def test_with_one_margin_there_is_its_posterior_and_a_reason_for_the_rest(margin):
    column = 0 if margin == "sensitivity" else 3
    rows = [[None] * 4 for _ in range(3)]
    for row, (y, n) in zip(rows, [(9, 10), (15, 18), (30, 34)], strict=True):
        row[column], row[2 - (column == 3)] = y, n - y
    fit = posterior(table_of(rows))
    other = "specificity" if margin == "sensitivity" else "sensitivity"
    assert fit.model_path == "univariate"
    assert list(fit.params.index) == [f"mu_{margin[:4]}", f"tau_{margin[:4]}"]
    assert isinstance(getattr(fit, margin), Estimate)
    assert isinstance(getattr(fit, f"prediction_{margin}"), Estimate)
    absent = "lr_positive dor auc partial_auc correlation point mean_logit between_study_cov"
    for name in (*absent.split(), other, f"prediction_{other}", f"tau_{other}"):
        assert isinstance(getattr(fit, name), NotApplicable), name
    assert list(fit.draws) == [f"mu_{margin[:4]}", f"tau_{margin[:4]}", margin, f"new_{margin}"]
    assert "correlation" not in " ".join(fit.prior_sentences)
    assert fit.to_dict()["not_applicable"]["dor"] == f"no study reports {other}"


def test_one_margin_agrees_with_the_other_side_of_the_table():
    table = table_of([(9, None, 1, None), (15, None, 3, None), (30, None, 4, None)])
    there = posterior(table).sensitivity
    here = posterior(swapped(table)).specificity
    assert logit(here.value) == pytest.approx(logit(there.value), abs=0.005)
    assert logit(here.low) == pytest.approx(logit(there.low), abs=0.03)


def test_exchanging_the_margins_exchanges_the_answers():
    table = rv.table("dementia_csf")
    there, here = posterior(table).params, posterior(swapped(table)).params
    np.testing.assert_allclose(
        here[["mu_spec", "mu_sens"]], there[["mu_sens", "mu_spec"]], atol=0.01
    )
    np.testing.assert_allclose(
        here[["tau_spec", "tau_sens"]], there[["tau_sens", "tau_spec"]], atol=0.01
    )
    assert here["rho"] == pytest.approx(there["rho"], abs=0.01)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (1.0, (-0.95, 0.0, 0.95)),
        ((2.0, 2.0), (-0.8114, 0.0, 0.8114)),
        ((1.0, 3.0), (-0.9832, -0.5874, 0.4152)),
    ],
)
def test_without_complete_studies_the_correlation_keeps_its_prior(shape, expected):
    """Quantiles of Beta(a, b) stretched to -1 to 1."""
    table = table_of(
        [(9, None, 1, None), (15, None, 3, None), (None, 1, None, 30), (None, 4, None, 20)]
    )
    fit = posterior(table, Prior(rho_shape=shape))
    assert (fit.rho.low, fit.rho.value, fit.rho.high) == pytest.approx(expected, abs=0.02)
    assert any("correlation of the logits rests mainly on its prior" in w for w in fit.warnings)


def test_warnings_say_what_rests_on_the_prior():
    text = " ".join(posterior(table_of(HARD["one perfect study"])).warnings)
    assert "sensitivity: every study is at 100%" in text
    assert (
        "specificity: the between-study standard deviation rests mainly on its prior, with 1 study"
        in text
    )
    assert "no true" not in text
    assert posterior(rv.table("sim_k30")).warnings == ()


def test_an_unreliable_sample_is_recorded_not_hidden(monkeypatch):
    for module in (bayes, bayes_results):
        monkeypatch.setattr(module, "LEAST_EFFECTIVE", 1e9)
    monkeypatch.setattr(bayes, "MOST_DRAWS", 4096)
    monkeypatch.setattr(bayes, "DRAWS", 4096)
    fit = posterior(table_of(HARD["two studies"]))
    assert not fit.converged
    assert "the importance sample is not reliable" in fit.warnings[0]
    assert "NOT reliable" in fit.summary()
    assert fit.to_dict()["diagnostics"]["reliable"] is False


def test_same_seed_same_bytes_whatever_the_number_of_threads(monkeypatch):
    results = []
    for threads in (1, 2, 4):
        monkeypatch.setattr(batch.config, "NUMBA_NUM_THREADS", threads)
        fit = posterior(rv.table("dementia_csf"), seed=7)
        results.append(fit.posterior.parameters.tobytes() + fit.draws.to_numpy().tobytes())
    assert len(set(results)) == 1


def test_another_seed_gives_another_sample_of_the_same_posterior():
    one, two = (posterior(rv.table("sim_k30"), seed=seed) for seed in (1, 2))
    assert not np.array_equal(one.draws.iloc[0], two.draws.iloc[0])
    # A tenth of the posterior sd is 12 standard errors of 16,000 draws.
    assert (np.abs(one.params - two.params) < 0.1 * one.bse).all()


def test_draws_have_the_posterior_and_the_predictive_distribution():
    fit = posterior(rv.table("dementia_csf"), draws=20_000)
    draws = fit.draws
    assert len(draws) == 20_000
    np.testing.assert_allclose(draws[PARAMETERS].mean(), fit.params, atol=0.02)
    np.testing.assert_allclose(draws[PARAMETERS].cov(), fit.cov_params(), atol=0.01)
    np.testing.assert_allclose(draws["sensitivity"], expit(draws["mu_sens"]))
    for name in ("sensitivity", "specificity"):
        predicted = getattr(fit, f"prediction_{name}")
        inside = draws[f"new_{name}"].between(predicted.low, predicted.high).mean()
        assert inside == pytest.approx(0.95, abs=0.006)  # four standard errors
    new = logit(draws[["new_sensitivity", "new_specificity"]])
    expected = fit.mean_logit_cov + fit.between_study_cov
    np.testing.assert_allclose(new.cov(), expected, atol=0.05)
    draws["rho"] = 0.0
    assert not (fit.draws["rho"] == 0.0).any()


def test_level_widens_every_interval():
    narrow, wide = (posterior(rv.table("dementia_csf"), level=level) for level in (0.5, 0.99))
    for name in (
        "sensitivity",
        "lr_positive",
        "auc",
        "partial_auc",
        "rho",
        "prediction_specificity",
    ):
        a, b = getattr(narrow, name), getattr(wide, name)
        assert b.low < a.low < a.value == b.value < a.high < b.high
        assert (a.level, a.method.split("_")[0]) == (0.5, "posterior")
    assert (wide.conf_int(0.9)["high"] < wide.conf_int()["high"]).all()


def test_curve_and_area_agree_with_those_of_a_summary_point():
    from metadx.models.summary_point import curve_area, hsroc_parameters

    fit = posterior(table_of(HARD["two studies"]))
    posterior_draws, rows = fit.posterior, np.arange(0, len(fit.posterior), 400)
    mu1, mu2, tau1, tau2, rho = posterior_draws.parameters[rows].T
    kernel = np.column_stack([mu1, mu2, tau1, tau2 * rho, tau2 * np.sqrt(1 - rho**2)])
    for low, high in ((0.0, 1.0), (0.02, 0.3)):
        expected = [curve_area(psi, low, high) for psi in kernel]
        np.testing.assert_allclose(posterior_draws.area(low, high)[rows], expected, atol=2e-6)
    found = np.column_stack(list(posterior_draws.hsroc().values()))[rows]
    np.testing.assert_allclose(
        found, [hsroc_parameters(psi) for psi in kernel], rtol=1e-6, atol=1e-9
    )


def test_the_summary_point_carries_means_and_covariances():
    fit = reference_fit("sim_k30")
    np.testing.assert_allclose(fit.point.mean_logit, fit.params[["mu_sens", "mu_spec"]])
    np.testing.assert_allclose(fit.point.mean_logit_cov, fit.mean_logit_cov)
    np.testing.assert_allclose(fit.point.between_study_cov, fit.between_study_cov)
    # 30 studies: the normal approximation is close to the posterior.
    assert fit.point.auc.value == pytest.approx(fit.auc.value, abs=0.003)


def test_counts_and_keys_are_those_of_a_maximum_likelihood_fit():
    from study_tables import fit as maximum_likelihood

    table = table_of([(18, 4, 2, 40), (12, 0, 3, 22), (9, 3, 1, 15), (30, None, 6, None),
                      (20, 5, 4, 44), (14, 1, 3, 19)])  # fmt: skip
    here, there = posterior(table), maximum_likelihood(table)
    for name in ("k", "k_complete", "k_sens_only", "k_spec_only", "n_diseased", "n_nondiseased"):
        assert getattr(here, name) == getattr(there, name)
    assert here.observed_fpr == pytest.approx(there.observed_fpr)
    keys = set(there.to_dict()) - {"optimizer"}
    assert keys <= set(here.to_dict())
    for name in ("sensitivity", "specificity", "prediction_sensitivity", "lr_positive", "auc"):
        assert isinstance(getattr(here, name), Estimate)


def test_prior_sensitivity_lays_five_priors_side_by_side():
    fit = posterior(rv.table("edge_k3"))
    table = fit.prior_sensitivity()
    assert table.index[0] == "as stated"
    assert table.shape[0] == 5
    tau = table["tau_sensitivity_high"]
    assert tau["scale of tau x 0.5"] < tau["as stated"] < tau["scale of tau x 2"]
    assert table.loc["as stated", "sensitivity"] == fit.sensitivity.value
    assert (table["pareto_k"] < 0.7).all()
    assert "sd 4" in table.loc["sd of the means x 2", "text"]


def test_without_arviz_the_export_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "arviz", None)
    with pytest.raises(OptionError, match="pip install arviz"):
        reference_fit("sim_k30").to_arviz()


@pytest.mark.parametrize("version", ["0.22.0", "1.0.0"])
def test_the_export_hands_arviz_one_chain(monkeypatch, version):
    calls = []
    fake = types.SimpleNamespace(
        __version__=version, from_dict=lambda *args, **named: calls.append((args, named))
    )
    monkeypatch.setitem(sys.modules, "arviz", fake)
    reference_fit("sim_k30").to_arviz()
    ((args, named),) = calls
    groups = named["posterior"] if version[0] == "0" else args[0]["posterior"]
    assert groups["mu_sens"].shape == (1, 4000)


def test_what_the_mode_does_not_know_is_refused():
    frame = rv.table("sim_k10").frame.assign(group=["a", "b"] * 5)
    table = StudyTable.from_frame(frame, "two groups")
    with pytest.raises(ModelError, match="knows no covariates"):
        fit_bayes(table, build_design(table, sens="~ group"))
    with pytest.raises(OptionError, match="level"):
        posterior(table, level=1.5)
    with pytest.raises(OptionError, match="draws"):
        posterior(table, draws=0)


@pytest.mark.slow
def test_thirty_studies_take_at_most_three_tenths_of_a_second():
    """Processor time of all threads together, which other work on the machine leaves alone."""
    table, times = rv.table("sim_k30"), []
    for seed in range(6):
        begun = time.process_time()
        posterior(table, seed=seed)
        times.append(time.process_time() - begun)
    assert min(times) < 0.3
