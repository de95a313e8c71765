"""What a fit returns: frozen, labelled, on the stated scales, ready for JSON."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest
import reference_values as rv
from scipy.integrate import quad
from scipy.stats import norm, t
from study_tables import fit as quiet_fit
from study_tables import table_of

from metadx.errors import BoundaryWarning, OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.models import BivariateModel, SummaryPoint
from metadx.models.summary_point import hsroc_parameters
from metadx.tables import StudyTable

ROWS = [(18, 4, 2, 40), (25, 2, 5, 31), (40, 9, 6, 60), (9, 1, 3, 22), (30, 6, 4, 48),
        (15, None, 4, None), (None, 3, None, 44)]  # fmt: skip


def expit(x):
    return 1 / (1 + np.exp(-x))


@pytest.fixture(scope="module")
def fit():
    return quiet_fit(rv.table("dementia_csf"))


def test_counts_of_studies_and_patients():
    fit = quiet_fit(table_of(ROWS))
    assert (fit.k, fit.k_complete, fit.k_sens_only, fit.k_spec_only) == (7, 5, 1, 1)
    assert fit.n_diseased == sum(r[0] + r[2] for r in ROWS if r[0] is not None)
    assert fit.n_nondiseased == sum(r[1] + r[3] for r in ROWS if r[1] is not None)


def test_nothing_changes_after_the_fit(fit):
    with pytest.raises(FrozenInstanceError):
        fit.level = 0.9
    with pytest.raises(FrozenInstanceError):
        fit.point.level = 0.9
    with pytest.raises(FrozenInstanceError):
        fit.sensitivity.value = 1.0
    before = fit.mean_logit.copy()
    fit.mean_logit[0] = 99.0
    fit.mean_logit_cov[:] = 99.0
    np.testing.assert_array_equal(fit.mean_logit, before)


def test_parameters_are_labelled(fit):
    names = ["sensitivity:Intercept", "specificity:Intercept", "l11", "l21", "l22"]
    assert list(fit.params.index) == names
    assert list(fit.bse.index) == names
    cov = fit.cov_params()
    assert list(cov.index) == list(cov.columns) == names
    np.testing.assert_allclose(fit.bse**2, np.diag(cov))
    interval = fit.conf_int(0.9)
    np.testing.assert_allclose(
        interval["high"] - interval["low"], 2 * norm.ppf(0.95) * fit.bse, rtol=1e-12
    )


def test_scales(fit):
    """mean_logit is on the logit scale, the estimates are probabilities and ratios."""
    assert expit(fit.mean_logit[0]) == pytest.approx(fit.sensitivity.value, abs=1e-14)
    assert expit(fit.mean_logit[1]) == pytest.approx(fit.specificity.value, abs=1e-14)
    sens, spec = fit.sensitivity.value, fit.specificity.value
    assert fit.lr_positive.value == pytest.approx(sens / (1 - spec), rel=1e-12)
    assert fit.lr_negative.value == pytest.approx((1 - sens) / spec, rel=1e-12)
    assert fit.dor.value == pytest.approx(fit.lr_positive.value / fit.lr_negative.value, rel=1e-12)
    factor = np.array([[fit.params["l11"], 0], [fit.params["l21"], fit.params["l22"]]])
    np.testing.assert_allclose(fit.between_study_cov, factor @ factor.T)
    assert fit.margins["sensitivity"].tau.value == pytest.approx(
        np.sqrt(fit.between_study_cov[0, 0])
    )


@pytest.mark.parametrize(("interval", "level"), [("wald", 0.95), ("wald", 0.8), ("wald_t", 0.95)])
def test_intervals_are_the_delta_method_done_by_hand(interval, level):
    fit = quiet_fit(rv.table("dementia_csf"), level, interval)
    upper = 0.5 + level / 2
    q = norm.ppf(upper) if interval == "wald" else t.ppf(upper, fit.k - 2)
    mu, v = fit.mean_logit, fit.mean_logit_cov
    sens, spec = expit(mu)
    # Slopes of log LR+, log LR- and log DOR in the two mean logits.
    slopes = {"lr_positive": (1 - sens, spec), "lr_negative": (-sens, -(1 - spec)), "dor": (1, 1)}
    for name, slope in slopes.items():
        found = getattr(fit, name)
        se = np.sqrt(np.array(slope) @ v @ np.array(slope))
        expected = found.value * np.exp(np.array([-q, q]) * se)
        # 1e-6: the slopes inside are central differences.
        np.testing.assert_allclose([found.low, found.high], expected, rtol=1e-6)
    for j, found in enumerate((fit.sensitivity, fit.specificity)):
        ends = expit(mu[j] + np.array([-q, q]) * np.sqrt(v[j, j]))
        np.testing.assert_allclose([found.low, found.high], ends, rtol=1e-12)
        assert (found.level, found.method) == (level, interval)


def test_prediction_intervals_add_the_between_study_variance(fit):
    """t with k - 2 degrees of freedom on the logit scale, centred on the pooled value."""
    q = t.ppf(0.975, fit.k - 2)
    for j, name in enumerate(("sensitivity", "specificity")):
        found = getattr(fit, f"prediction_{name}")
        spread = np.sqrt(fit.between_study_cov[j, j] + fit.mean_logit_cov[j, j])
        ends = expit(fit.mean_logit[j] + np.array([-q, q]) * spread)
        np.testing.assert_allclose([found.low, found.high], ends, rtol=1e-12)
        assert found.value == getattr(fit, name).value


def test_prediction_interval_of_a_margin_beside_one_that_is_not_pooled():
    """Sensitivity stands although specificity does not; so does its prediction interval."""
    rows = [(16, 0, 0, 28), (26, 0, 1, 14), (11, 3, 1, 25), (10, 2, 1, 13), (21, 0, 0, 10)]
    fit = quiet_fit(table_of(rows))
    assert isinstance(fit.sensitivity, Estimate)
    assert isinstance(fit.specificity, NotApplicable)
    assert isinstance(fit.prediction_sensitivity, Estimate)
    assert fit.prediction_sensitivity.low < fit.sensitivity.low
    assert isinstance(fit.prediction_specificity, NotApplicable)
    assert "not pooled" in fit.summary()
    json.dumps(fit.to_dict(), allow_nan=False)


def test_hsroc_and_back_is_exact(fit):
    """Harbord et al. 2007: without covariates the two models are one."""
    found = fit.hsroc
    root = np.exp(found.beta.value / 2)
    mu = (
        (found.Theta.value + found.Lambda.value / 2) / root,
        -(found.Theta.value - found.Lambda.value / 2) * root,
    )
    np.testing.assert_allclose(mu, fit.mean_logit, rtol=1e-12)
    product = found.var_theta.value + found.var_alpha.value / 4
    covariance = found.var_alpha.value / 4 - found.var_theta.value
    square = np.exp(found.beta.value)
    sigma = [[product / square, covariance], [covariance, product * square]]
    np.testing.assert_allclose(sigma, fit.between_study_cov, rtol=1e-12)


def test_hsroc_standard_errors_against_a_simulation(fit):
    """Delta method against the spread over draws of the parameters, narrowed to be linear."""
    rng = np.random.default_rng(3)
    scale = 0.01
    draws = rng.multivariate_normal(fit.point.psi, scale**2 * fit.point.cov, 20_000)
    spread = np.array([hsroc_parameters(draw) for draw in draws]).std(axis=0) / scale
    for i, name in enumerate(("Lambda", "Theta", "beta")):
        found = getattr(fit.hsroc, name)
        se = (found.high - found.low) / (2 * norm.ppf(0.975))
        assert se == pytest.approx(spread[i], rel=0.02)  # Monte-Carlo error 0.5 %


def test_area_under_the_curve_is_the_integral_of_the_curve(fit):
    found = fit.hsroc

    def height(x):
        logit = np.log(x / (1 - x))
        lift = found.Lambda.value * np.exp(-found.beta.value / 2)
        return expit(lift + np.exp(-found.beta.value) * logit)

    assert fit.auc.value == pytest.approx(quad(height, 0, 1, epsabs=1e-12)[0], abs=1e-8)
    low, high = fit.observed_fpr
    part = quad(height, low, high, epsabs=1e-12)[0] / (high - low)
    assert fit.partial_auc.value == pytest.approx(part, abs=1e-8)
    assert low == pytest.approx(min(1 - r.tn / (r.tn + r.fp) for r in rows_frame().itertuples()))


def rows_frame():
    return rv.frame("dementia_csf")


def test_information_criteria(fit):
    assert fit.aic == pytest.approx(2 * 5 - 2 * fit.llf)
    assert fit.bic == pytest.approx(5 * np.log(14) - 2 * fit.llf)


@pytest.mark.parametrize(
    "rows",
    [ROWS, ROWS[:1], ROWS[:2], [(10, 0, 0, 20)] * 4, [ROWS[5]] * 3, [ROWS[0]] * 5,
     [(12, 3, 0, 30), (2, 4, 8, 31)]],
    ids=["mixed", "one", "two", "perfect", "sensitivity only", "identical", "flat"],
)  # fmt: skip
def test_the_dictionary_is_json_and_gives_a_reason_for_every_gap(rows):
    fit = quiet_fit(table_of(rows))
    record = json.loads(json.dumps(fit.to_dict(), allow_nan=False))
    reasons = record["not_applicable"]
    for name in ("k", "k_complete", "k_sens_only", "k_spec_only", "method", "model_path", "nodes",
                 "converged", "gradient_norm", "at_boundary", "warnings", "loglik",
                 "n_parameters", "aic", "bic", "mean_logit", "mean_logit_cov",
                 "between_study_cov", "correlation", "sensitivity", "specificity", "lr_positive",
                 "lr_negative", "dor", "hsroc", "auc", "partial_auc"):  # fmt: skip
        assert name in record
        assert record[name] is not None or reasons[name]
    for name in ("sensitivity", "dor", "auc"):
        if record[name] is not None:
            assert set(record[name]) == {"value", "low", "high", "level", "method"}


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], ROWS[:2], [(10, 0, 0, 20)] * 4, [ROWS[0]] * 5])
def test_the_summary_says_studies_path_and_boundary(rows):
    fit = quiet_fit(table_of(rows))
    text = fit.summary()
    assert str(fit) == text
    assert f"{fit.k} stud" in text
    assert fit.model_sentence in text
    assert ("boundary" in text) == bool(fit.at_boundary)
    for warning in fit.warnings:
        assert warning in text
    assert "nan" not in text.lower()
    assert "not applicable: not applicable" not in text


def test_every_estimate_is_printed_as_reviewers_write_it():
    assert str(Estimate(0.9412, 0.8888, 0.9701)) == "0.94 (0.89 to 0.97)"
    assert Estimate(0.9412, 0.8888, 0.9701).format(3) == "0.941 (0.889 to 0.970)"
    assert not NotApplicable("one study")
    assert str(NotApplicable("one study")) == "not applicable: one study"


def test_study_estimates_stand_in_the_order_of_the_table():
    table = table_of(ROWS)
    frame = quiet_fit(table).study_estimates()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame["study"]) == table.labels
    assert frame["sensitivity"][0].value == 18 / 20
    assert frame["specificity"][5] is None
    assert frame["specificity"][6].value == 44 / 47


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, 95])
def test_a_level_outside_0_to_1_is_refused(level):
    with pytest.raises(OptionError, match="between 0 and 1"):
        quiet_fit(table_of(ROWS), level)


def test_an_unknown_interval_is_refused():
    with pytest.raises(OptionError, match=r"wald"):
        quiet_fit(table_of(ROWS), interval="walt")
    with pytest.raises(OptionError, match=r"wald"):
        quiet_fit(table_of(ROWS[:1]), interval="walt")
    with pytest.raises(OptionError, match="wald, wald_t"):
        SummaryPoint(np.zeros(5), np.eye(5), 5, 0.95, "walt")


def test_parameters_of_a_path_without_a_joint_model_say_so():
    fit = quiet_fit(table_of(ROWS[:1]))
    with pytest.raises(OptionError, match="single_study"):
        _ = fit.params


def test_independent_margins_lie_beside_a_bivariate_fit():
    fit = quiet_fit(rv.table("telomerase"))
    assert fit.at_boundary == ("rho",)
    assert set(fit.independent) == {"sensitivity", "specificity"}
    assert "as independent margins" in fit.summary()
    assert isinstance(fit.correlation, float)


def test_laplace_mode_is_named():
    fit = BivariateModel(rv.table("dementia_csf")).fit(method="laplace")
    assert fit.method == "laplace"
    assert fit.optimizer[0].nodes == (1, 1)
    assert "Laplace" in fit.model_sentence + fit.summary()


def test_a_study_in_several_rows_has_no_posterior_and_says_so() -> None:
    frame = pd.DataFrame(
        {"study": list("aabbcd"), "tp": [9, 8, 9, 7, 9, 9], "fp": [1, 1, 2, 1, 1, 1],
         "fn": [1, 2, 1, 2, 1, 3], "tn": [9] * 6, "test": list("xyxyxy")}
    )  # fmt: skip
    table = StudyTable.from_frame(frame)
    with pytest.warns(BoundaryWarning):
        fit = BivariateModel(table, covariate_column="test").fit()
    assert isinstance(fit.bayesian, NotApplicable)
    assert "one row a study" in fit.bayesian.reason
    assert "Sensitivity" in fit.summary()
    assert {margin.k for margin in fit.margins.values()} == {4}
