"""Every data set whose exact maximum-likelihood answer is known from another program.

Tolerances by kind of quantity: both sides maximise the same likelihood, ours with a quadrature
error below 1e-6 and a score below 1e-6, theirs with 31 nodes a dimension.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import reference_values as rv
from study_tables import fit as quiet_fit

from metadx.estimate import NotApplicable
from metadx.models import BivariateResults

LOGLIK = 2e-6
ESTIMATE = 1e-4  # relative
STANDARD_ERROR = 1e-3  # relative

#: Few or perfect studies: metadx answers with another model than the reference, on purpose.
LADDER = ("edge_k2", "edge_k3", "edge_perfect_sens", "edge_perfect_spec")
INTERIOR = tuple(c["dataset"] for c in rv.cases("exact_ml", singular=False))
BOUNDARY = tuple(c["dataset"] for c in rv.cases("exact_ml", singular=True)
                 if c["dataset"] not in LADDER)  # fmt: skip
NO_HETEROGENEITY = ("edge_identical", "edge_no_diseased_study", "edge_tiny_n")


@cache
def fitted(dataset: str) -> BivariateResults:
    return quiet_fit(rv.table(dataset), independent_rows=True)


def reference(dataset: str) -> dict:
    return rv.case("exact_ml", dataset)


def test_every_reference_set_is_looked_at():
    assert len(INTERIOR) == 19
    assert set(BOUNDARY) == {*NO_HETEROGENEITY, "metatron_mmse", "sim_boundary_k8"}
    assert len(INTERIOR) + len(BOUNDARY) + len(LADDER) == len(rv.cases("exact_ml")) == 28


@pytest.mark.parametrize("dataset", INTERIOR + BOUNDARY)
def test_log_likelihood(dataset):
    fit, known = fitted(dataset), reference(dataset)
    assert fit.llf == pytest.approx(known["logLik"], abs=LOGLIK)
    assert fit.converged
    assert fit.k == known["k"]
    assert fit.model_path == "bivariate"


@pytest.mark.parametrize("dataset", INTERIOR + BOUNDARY)
def test_information_criteria_count_five_parameters(dataset):
    """At a boundary too, as lme4 and the reference count."""
    fit, known = fitted(dataset), reference(dataset)
    assert fit.n_parameters == 5
    assert fit.aic == pytest.approx(known["AIC"], abs=2 * LOGLIK)
    assert fit.bic == pytest.approx(known["BIC_k"], abs=2 * LOGLIK)


@pytest.mark.parametrize("dataset", INTERIOR)
def test_an_interior_maximum_names_no_boundary(dataset):
    assert fitted(dataset).at_boundary == ()


@pytest.mark.parametrize("dataset", INTERIOR + BOUNDARY)
def test_means(dataset):
    fit, known = fitted(dataset), reference(dataset)
    np.testing.assert_allclose(fit.mean_logit, list(known["mu"].values()), rtol=ESTIMATE)


@pytest.mark.parametrize("dataset", INTERIOR + BOUNDARY)
def test_between_study_covariance(dataset):
    fit, known = fitted(dataset), reference(dataset)
    # The reference leaves a variance that is 0 at 1e-24.
    np.testing.assert_allclose(fit.between_study_cov, known["Sigma"], rtol=ESTIMATE, atol=1e-12)


@pytest.mark.parametrize("dataset", INTERIOR)
def test_correlation(dataset):
    assert fitted(dataset).correlation == pytest.approx(reference(dataset)["rho"], rel=ESTIMATE)


@pytest.mark.parametrize("dataset", INTERIOR)
def test_covariance_of_all_five_parameters(dataset):
    """Ours is in the Cholesky factor, theirs in log sd and atanh rho: carried over exactly."""
    fit = fitted(dataset)
    l11, l21, l22 = fit.params[["l11", "l21", "l22"]]
    square = l21**2 + l22**2
    jacobian = np.eye(5)
    jacobian[2, 2:] = 1 / l11, 0.0, 0.0
    jacobian[3, 2:] = 0.0, l21 / square, l22 / square
    # atanh(rho) = arcsinh(l21 / l22)
    jacobian[4, 2:] = 0.0, 1 / np.sqrt(square), -l21 / l22 / np.sqrt(square)
    found = jacobian @ fit.cov_params().to_numpy() @ jacobian.T
    known = np.array(reference(dataset)["vcov_full"])
    se = np.sqrt(np.diag(known))
    np.testing.assert_allclose(np.sqrt(np.diag(found)), se, rtol=STANDARD_ERROR)
    np.testing.assert_allclose(found / np.outer(se, se), known / np.outer(se, se), atol=2e-3)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.mean_logit_cov)), se[:2], rtol=STANDARD_ERROR)


@pytest.mark.parametrize("dataset", INTERIOR)
@pytest.mark.parametrize("name", ["Lambda", "Theta", "beta", "sigma2_alpha", "sigma2_theta"])
def test_hsroc_parameters(dataset, name):
    ours = {"sigma2_alpha": "var_alpha", "sigma2_theta": "var_theta"}.get(name, name)
    found = getattr(fitted(dataset).hsroc, ours).value
    # 1e-6 absolute: beta and Theta are differences that may lie near 0.
    assert found == pytest.approx(reference(dataset)["HSROC"][name], rel=ESTIMATE, abs=1e-6)


@pytest.mark.parametrize("dataset", INTERIOR)
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("sensitivity", "sens"), ("specificity", "spec"), ("dor", "DOR"), ("lr_positive", "LRpos"),
     ("lr_negative", "LRneg")],
)  # fmt: skip
def test_clinical_quantities_with_intervals(dataset, ours, theirs):
    found, known = getattr(fitted(dataset), ours), reference(dataset)[theirs]
    assert found.value == pytest.approx(known["est"], rel=ESTIMATE)
    # An end moves by 1.96 standard errors' worth of 1e-3 on its own scale.
    for end, other in ((found.low, known["lb"]), (found.high, known["ub"])):
        assert end == pytest.approx(other, rel=2 * STANDARD_ERROR)
    if "se_log" in known:
        width = np.log(found.high / found.low) / (2 * 1.959963984540054)
        assert width == pytest.approx(known["se_log"], rel=STANDARD_ERROR)


@pytest.mark.parametrize("dataset", INTERIOR)
def test_area_under_the_curve(dataset):
    assert fitted(dataset).auc.value == pytest.approx(reference(dataset)["AUC_sroc_RG"], rel=1e-5)


@pytest.mark.parametrize("dataset", INTERIOR)
def test_i_squared_of_zhou_and_dendukuri_from_the_fit(dataset):
    """Zhou & Dendukuri 2014, Stat Med, doi:10.1002/sim.6115, written out from the paper."""
    fit = fitted(dataset)
    tau2, within = np.diag(fit.between_study_cov), []
    for j in (0, 1):
        n = fit.design.counts[:, 2 * j + 1]
        mu, t = fit.mean_logit[j], tau2[j]
        within.append((np.exp(t / 2 + mu) + np.exp(t / 2 - mu) + 2) * np.mean(1 / n[n > 0]))
    between = np.sqrt(np.linalg.det(fit.between_study_cov))
    known = reference(dataset)["I2_zhou"]
    assert tau2[0] / (tau2[0] + within[0]) == pytest.approx(known["I2_sens"], rel=ESTIMATE)
    assert tau2[1] / (tau2[1] + within[1]) == pytest.approx(known["I2_spec"], rel=ESTIMATE)
    joint = between / (between + np.sqrt(within[0] * within[1]))
    assert joint == pytest.approx(known["I2_bivariate"], rel=ESTIMATE)


# At a boundary. The log-likelihood and the point agree (above); what else must agree follows.


@pytest.mark.parametrize("dataset", NO_HETEROGENEITY)
def test_without_heterogeneity_both_variances_are_named(dataset):
    fit, known = fitted(dataset), reference(dataset)
    assert fit.at_boundary == ("tau_sens", "tau_spec")
    # All of Sigma is fixed on both sides, so the standard errors agree as well.
    se = np.sqrt(np.diag(known["vcov_mu"]))
    np.testing.assert_allclose(np.sqrt(np.diag(fit.mean_logit_cov)), se, rtol=STANDARD_ERROR)
    assert isinstance(fit.hsroc, NotApplicable)
    assert isinstance(fit.correlation, NotApplicable)


@pytest.mark.parametrize(("dataset", "sign"), [("metatron_mmse", 1), ("sim_boundary_k8", -1)])
def test_a_correlation_of_one_is_named(dataset, sign):
    fit, known = fitted(dataset), reference(dataset)
    assert fit.at_boundary == ("rho",)
    assert fit.correlation == sign == round(known["rho"])
    assert fit.params["l22"] == 0.0


@pytest.mark.parametrize("dataset", ["metatron_mmse", "sim_boundary_k8"])
def test_standard_errors_with_a_correlation_of_one(dataset, kernel):
    """The reference holds all of Sigma fixed, metadx only what is at its bound.

    So the reference's covariance is the inverse of the means' own block of our information,
    and ours, which admits that the two standard deviations are estimated, is not smaller.
    """
    fit, known = fitted(dataset), np.array(reference(dataset)["vcov_mu"])
    information = -kernel(fit.design, fit.params.to_numpy()).hessian
    np.testing.assert_allclose(np.linalg.inv(information[:2, :2]), known, rtol=STANDARD_ERROR)
    four = np.linalg.inv(information[:4, :4])[:2, :2]
    np.testing.assert_allclose(fit.mean_logit_cov, four, rtol=STANDARD_ERROR)
    assert np.linalg.eigvalsh(fit.mean_logit_cov - known).min() > -1e-8


@pytest.mark.parametrize("dataset", INTERIOR + BOUNDARY)
def test_the_score_is_small_at_every_reported_maximum(dataset, kernel):
    fit = fitted(dataset)
    free = fit.joint.free
    score = kernel(fit.design, fit.params.to_numpy()).score[free]
    # Quadrature with other nodes than the fit's, so the score is that of a neighbour; in
    # edge_huge_n 1e9 patients leave a rounding of 1e-7 a unit of score.
    assert np.abs(score).max() < 2e-3 * max(1.0, 1e-4 * fit.design.counts.sum())


# The univariate model, one margin at a time.


@pytest.mark.parametrize("dataset", [c["dataset"] for c in rv.cases("univariate_glmm")])
@pytest.mark.parametrize("name", ["sens", "spec"])
def test_univariate_model_against_metafor(dataset, name):
    known = rv.case("univariate_glmm", dataset)[name]
    counts = {"sens": ["fp", "tn"], "spec": ["tp", "fn"]}[name]
    frame = rv.table(dataset).frame
    frame[counts] = None
    fit = quiet_fit(type(rv.table(dataset)).from_frame(frame), independent_rows=True)
    assert fit.model_path == "univariate"
    margin = fit.margins["sensitivity" if name == "sens" else "specificity"]
    logit = np.log(margin.estimate.value / (1 - margin.estimate.value))
    # metafor integrates with 7 nodes: 1e-4 in the mean, 5e-4 in the variance.
    assert logit == pytest.approx(known["beta"], abs=1.5e-4)
    tau2 = margin.tau.value**2 if margin.tau else 0.0
    assert tau2 == pytest.approx(known["tau2"], rel=5e-4, abs=1e-8)
    width = np.log(margin.estimate.high / (1 - margin.estimate.high)) - logit
    assert width / 1.959963984540054 == pytest.approx(known["se"], rel=5e-4)
