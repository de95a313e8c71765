"""Groups as covariates against the reference: every step of the model ladder."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
import reference_values as rv
from scipy.special import chdtrc
from study_tables import fit as quiet_fit

from metadx.errors import MetadxWarning, ModelError, OptionError
from metadx.estimate import NotApplicable
from metadx.models import BivariateModel
from metadx.tables import StudyTable

COLUMN = {"anti_ccp": "generation", "catheter_ivd": "type", "smoking": "type",
          "diabetes_hba1c_fpg": "test"}  # fmt: skip
DATASETS = tuple(COLUMN)
#: The reference integrates with 25 x 25 nodes: 1e-6 in the log-likelihood of these sets.
LOGLIK = 5e-6
ESTIMATE = 1e-4
STANDARD_ERROR = 1e-3
STEPS = {
    "exact_null": (False, False, False),
    "exact_sens_only": (True, False, False),
    "exact_spec_only": (False, True, False),
    "exact_common": (True, True, False),
    "exact_separate": (True, True, True),
}


def reference(dataset):
    return rv.case("compare", dataset)


@cache
def fitted(dataset, step):
    known, column = reference(dataset), COLUMN[dataset]
    table = rv.table(dataset)
    formula = f"~ C({column}, contr.treatment('{known['reference']}'))"
    sens, spec, separate = STEPS[step]
    model = {"variances": "by_group", "group": column} if separate else {}
    return quiet_fit(
        table, sens=formula if sens else "~ 1", spec=formula if spec else "~ 1",
        independent_rows=not known["shared_random_effects_by_study"], covariate_column=column,
        **model,
    )  # fmt: skip


def test_the_four_comparisons_are_there():
    assert {c["dataset"] for c in rv.cases("compare")} == set(DATASETS)
    assert reference("diabetes_hba1c_fpg")["shared_random_effects_by_study"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_log_likelihood_and_number_of_parameters(dataset, step):
    fit, known = fitted(dataset, step), reference(dataset)[step]
    assert fit.converged
    assert fit.llf == pytest.approx(known["logLik"], abs=LOGLIK)
    assert fit.n_parameters == known["npar"]
    assert fit.at_boundary == ()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_coefficients_with_their_covariance(dataset, step):
    fit, known = fitted(dataset, step), reference(dataset)[step]
    sens, spec, _ = STEPS[step]
    size = 2 + sens + spec
    # Their order is ours: sensitivity's intercept and effect, then specificity's.
    np.testing.assert_allclose(
        fit.joint.theta[:size], list(known["beta"].values()), rtol=ESTIMATE, atol=1e-5
    )
    theirs = np.array(known["vcov_beta"])
    se = np.sqrt(np.diag(theirs))
    np.testing.assert_allclose(np.sqrt(np.diag(fit.joint.cov)[:size]), se, rtol=STANDARD_ERROR)
    ours = fit.joint.cov[:size, :size]
    np.testing.assert_allclose(ours / np.outer(se, se), theirs / np.outer(se, se), atol=2e-3)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_between_study_covariances(dataset, step):
    fit, known = fitted(dataset, step), reference(dataset)[step]
    at = sum(columns.shape[1] for columns in fit.design.columns)
    # The reference's first group is the reference level of the covariate.
    groups = [reference(dataset)["reference"], reference(dataset)["comparator"]]
    for g, name in enumerate(fit.design.group_names):
        l11, l21, l22 = fit.joint.theta[at + 3 * g : at + 3 * g + 3]
        factor = np.array([[l11, 0.0], [l21, l22]])
        theirs = known["groups"][groups.index(name) if name else 0]["Sigma"]
        np.testing.assert_allclose(factor @ factor.T, theirs, rtol=5 * ESTIMATE)


@pytest.mark.parametrize("dataset", DATASETS)
def test_likelihood_ratio_tests(dataset):
    both = fitted(dataset, "exact_common").llf
    smaller = {"both": ("exact_null", 2), "sens": ("exact_spec_only", 1),
               "spec": ("exact_sens_only", 1)}  # fmt: skip
    for name, (step, df) in smaller.items():
        known = reference(dataset)["exact_LRT"][name]
        chi2 = 2 * (both - fitted(dataset, step).llf)
        assert df == known["df"]
        assert chi2 == pytest.approx(known["chisq"], abs=1e-5)
        assert chdtrc(df, chi2) == pytest.approx(known["p"], rel=1e-4)
    known = reference(dataset)["exact_LRT"]["separate_vs_common"]
    if known is not None:
        chi2 = 2 * (fitted(dataset, "exact_separate").llf - both)
        assert chi2 == pytest.approx(known["chisq"], abs=1e-5)


@pytest.mark.parametrize("dataset", DATASETS)
def test_points_of_the_groups(dataset):
    known, column = reference(dataset), COLUMN[dataset]
    fit = fitted(dataset, "exact_common")
    points = [fit.at(**{column: known[name]}) for name in ("reference", "comparator")]
    for i, point in enumerate(points, start=1):
        for ours, theirs in (("sensitivity", "sens"), ("specificity", "spec")):
            value = known["exact_relative_common"][f"{theirs}{i}"]
            assert getattr(point, ours).value == pytest.approx(value, rel=ESTIMATE)


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("step", ["exact_null", "exact_common"])
def test_the_laplace_program_is_below_the_exact_answer(dataset, step):
    """How far lme4's nAGQ = 1 is from maximum likelihood: its own log-likelihood says it."""
    theirs = reference(dataset)[step.replace("exact", "lme4")]["logLik"]
    gap = fitted(dataset, step).llf - theirs
    assert 0.0 < gap < 0.015 * reference(dataset)["n_rows"]


def table():
    return StudyTable.from_frame(
        pd.DataFrame(
            {"study": list("abcdef"), "tp": [18, 25, 40, 9, 30, 22], "fp": [4, 2, 9, 1, 6, 3],
             "fn": [2, 5, 6, 3, 4, 9], "tn": [40, 31, 60, 22, 48, 30],
             "age": [61.0, 70.0, 66.0, 74.0, 58.0, 63.0], "scan": list("xyxyxy")}
        )
    )  # fmt: skip


def test_a_continuous_covariate_moves_the_point_along_its_slope():
    fit = quiet_fit(table(), sens="~ age")
    slope = fit.params["sensitivity:age"]
    low, high = fit.at(age=60.0), fit.at(age=70.0)
    assert high.mean_logit[0] - low.mean_logit[0] == pytest.approx(10 * slope, abs=1e-10)
    assert high.mean_logit[1] == low.mean_logit[1]


def test_two_ways_to_write_a_group_are_one_model():
    one = quiet_fit(table(), sens="~ C(scan)", spec="~ C(scan)")
    other = quiet_fit(table(), sens="~ 0 + C(scan)", spec="~ 0 + C(scan)")
    assert one.llf == pytest.approx(other.llf, abs=1e-8)
    for scan in "xy":
        np.testing.assert_allclose(
            one.at(scan=scan).mean_logit, other.at(scan=scan).mean_logit, atol=1e-6
        )
        np.testing.assert_allclose(
            one.at(scan=scan).mean_logit_cov, other.at(scan=scan).mean_logit_cov, atol=1e-6
        )


def test_without_levels_there_is_no_one_point():
    fit = quiet_fit(table(), sens="~ age")
    for name in ("sensitivity", "specificity", "dor", "auc"):
        assert isinstance(getattr(fit, name), NotApplicable)
        assert "covariates" in getattr(fit, name).reason
    assert fit.to_dict()["not_applicable"]["sensitivity"]


@pytest.mark.parametrize(
    ("model", "error", "text"),
    [({"sens": "~ colour"}, OptionError, "no column 'colour'"),
     ({"sens": "~ age +"}, OptionError, "cannot be read"),
     ({"sens": "~ scan", "spec": "~ age + I(2 * age)"}, ModelError, "not independent"),
     ({"variances": "by_group"}, ModelError, "group"),
     ({"variances": "free"}, ModelError, "'common' or 'by_group'")],
)  # fmt: skip
def test_a_model_that_cannot_be_built_says_why(model, error, text):
    with pytest.raises(error, match=text):
        BivariateModel(table(), **model)


def test_a_group_that_is_perfect_has_no_coefficient():
    frame = table().frame
    frame.loc[frame["scan"] == "y", "fp"] = 0
    with pytest.raises(ModelError, match="100%"):
        quiet_fit(StudyTable.from_frame(frame), spec="~ C(scan)")


def test_a_level_that_no_study_has_is_a_fault():
    found = fitted("anti_ccp", "exact_common")
    with pytest.raises(OptionError, match="generation = CCP9"):
        found.at(generation="CCP9")


def test_a_year_is_a_covariate_in_any_scaling() -> None:
    years = [1988, 1991, 1995, 1999, 2003, 2006, 2011, 2015]
    frame = pd.DataFrame(
        {"study": [f"s{year}" for year in years], "year": years,
         "tp": [30, 33, 31, 36, 35, 38, 41, 40], "fp": [9, 8, 10, 6, 7, 5, 6, 4],
         "fn": [15, 12, 14, 9, 10, 7, 4, 5], "tn": [36, 37, 35, 39, 38, 40, 39, 41]}
    )  # fmt: skip
    table = StudyTable.from_frame(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        fits = [
            BivariateModel(table, sens=formula, spec=formula).fit()
            for formula in ("~ year", "~ I(year - 2000)", "~ center(year)", "~ scale(year)")
        ]
    # The same model: only the search's own precision separates the maxima.
    assert [fit.llf for fit in fits] == pytest.approx([fits[0].llf] * 4, abs=1e-6)
    values = [fit.at(year=2008).sensitivity.value for fit in fits]
    assert values == pytest.approx([values[0]] * 4, abs=1e-5)
