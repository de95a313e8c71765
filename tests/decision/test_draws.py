"""Draws of accuracy: what they centre on, how wide they are, and what they refuse."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.special import expit
from study_tables import fit, simulate, swapped, table_of

from metadx.decision import accuracy_draws
from metadx.errors import MetadxWarning, ModelError, OptionError
from metadx.models import BivariateModel

REGULAR = table_of(
    [
        [45, 7, 5, 60],
        [30, 4, 9, 52],
        [88, 30, 6, 140],
        [15, 1, 4, 22],
        [70, 16, 22, 81],
        [52, 3, 3, 95],
    ]
)
PARTIAL = table_of([[20, None, 3, None], [11, None, 2, None], [30, None, 9, None]])


@pytest.fixture(scope="module")
def many():
    return fit(simulate(np.random.default_rng(5), 25, sens=0.9, spec=0.85, arms=(40, 120)))


def test_the_source_follows_the_number_of_studies_and_is_said(many):
    assert accuracy_draws(many).source == "maximum likelihood"
    few = accuracy_draws(fit(REGULAR))
    assert few.source == "posterior"
    assert "prior" in few.model
    assert few.k == (6, 6)


def test_means_have_the_distribution_of_the_estimates(many):
    # 200,000 draws: the Monte-Carlo error of a mean is 0.0022 sd, of a covariance 0.3 %.
    draws = accuracy_draws(many, n=200_000)
    error = np.sqrt(np.diag(many.mean_logit_cov))
    np.testing.assert_allclose(draws.mean.mean(axis=0), many.mean_logit, atol=0.01 * error.min())
    np.testing.assert_allclose(np.cov(draws.mean.T), many.mean_logit_cov, rtol=0.03)
    np.testing.assert_array_equal(draws.point, many.mean_logit)


def test_a_new_hospital_adds_the_variation_between_studies_and_its_correlation(many):
    # Drawing the Cholesky factor adds its own variance to Sigma: cov of the products of
    # jointly normal numbers, E[L L'] = L L' + E[noise noise'].
    draws = accuracy_draws(many, n=200_000)
    extra = np.cov((draws.new_setting - draws.mean).T)
    _, cov, _ = many.margin_parameters()
    added = np.array([[cov[2, 2], cov[2, 3]], [cov[2, 3], cov[3, 3] + cov[4, 4]]])
    np.testing.assert_allclose(extra, many.between_study_cov + added, rtol=0.03, atol=2e-3)


def test_posterior_draws_have_the_posteriors_quantiles():
    result = fit(REGULAR).bayesian
    draws = accuracy_draws(result, n=50_000)
    shares = [0.025, 0.5, 0.975]
    for column, name in enumerate(("sensitivity", "specificity")):
        expected = getattr(result, name)
        found = np.quantile(expit(draws.mean[:, column]), shares)
        # Ends of 95 % intervals of 50,000 draws: error 0.012 sd, here below 0.002.
        np.testing.assert_allclose(
            found, [expected.low, expected.value, expected.high], atol=2.5e-3
        )
        new = getattr(result, f"prediction_{name}")
        found = np.quantile(expit(draws.new_setting[:, column]), shares[::2])
        np.testing.assert_allclose(found, [new.low, new.high], atol=0.012)


def test_the_same_seed_gives_the_same_draws_and_strata_are_independent():
    one, again = accuracy_draws(fit(REGULAR), seed=3), accuracy_draws(fit(REGULAR), seed=3)
    np.testing.assert_array_equal(one.new_setting, again.new_setting)
    other = accuracy_draws(fit(REGULAR), seed=4)
    assert not np.array_equal(one.mean, other.mean)
    renamed = type(REGULAR).from_frame(REGULAR.frame, "another")
    apart = accuracy_draws(fit(renamed), seed=3)
    assert abs(np.corrcoef(one.mean[:, 0], apart.mean[:, 0])[0, 1]) < 0.05
    shorter = accuracy_draws(fit(type(REGULAR).from_frame(REGULAR.frame[:5], "test")), seed=3)
    assert abs(np.corrcoef(one.mean[:, 0], shorter.mean[:, 0])[0, 1]) < 0.05


def test_a_stratum_keeps_its_stream_when_a_study_is_added():
    columns = {"modality": "ct", "site": "hip", "unit": "patient", "population": "all_suspected"}
    frame = REGULAR.frame.assign(**columns)
    every, fewer = (
        accuracy_draws(fit(type(REGULAR).from_frame(rows, "ct/hip")), source="maximum likelihood")
        for rows in (frame, frame[:5])
    )
    # The same normals, carried to two estimates that differ by one study.
    assert np.corrcoef(every.mean[:, 0], fewer.mean[:, 0])[0, 1] > 0.9


def test_a_missing_margin_is_nan_and_says_so():
    draws = accuracy_draws(fit(PARTIAL))
    assert draws.has_sensitivity
    assert not draws.has_specificity
    assert np.isfinite(draws.new_setting[:, 0]).all()
    assert np.isnan(draws.mean[:, 1]).all()
    assert "No study reports specificity." in draws.warnings
    assert "no study of test reports specificity" in str(draws.margin("specificity"))
    with pytest.raises(ModelError, match="reports specificity"):
        draws.need_both("a post-test probability")
    mirrored = accuracy_draws(fit(swapped(PARTIAL)))
    assert not mirrored.has_sensitivity
    assert mirrored.has_specificity


def test_one_study_has_draws_and_a_warning():
    draws = accuracy_draws(fit(table_of([[20, 1, 3, 40]])))
    assert draws.source == "posterior"
    assert np.isfinite(draws.new_setting).all()
    assert any(text.startswith("One study reports sensitivity") for text in draws.warnings)


@pytest.mark.parametrize(
    "rows",
    [
        [[18, 0, 2, 30], [25, 0, 5, 44], [9, 0, 1, 21], [40, 0, 8, 60]],
        [[18, 0, 0, 30], [25, 0, 0, 44], [9, 0, 0, 21]],
        [[40, 10, 10, 90]] * 12,
    ],
    ids=["perfect specificity", "all perfect", "identical"],
)
def test_hard_tables_have_finite_draws(rows):
    draws = accuracy_draws(fit(table_of(rows)), n=500)
    assert np.isfinite(draws.new_setting).all()


def test_a_variance_at_its_boundary_adds_nothing():
    identical = fit(table_of([[40, 10, 10, 90]] * 12))
    assert "tau_sens" in identical.at_boundary
    draws = accuracy_draws(identical, n=200, source="maximum likelihood")
    np.testing.assert_array_equal(draws.mean[:, 0], draws.new_setting[:, 0])


def test_student_t_intervals_have_student_t_draws():
    wald = accuracy_draws(fit(REGULAR), n=50_000, source="maximum likelihood")
    wide = accuracy_draws(fit(REGULAR, interval="wald_t"), n=50_000, source="maximum likelihood")
    ends = [np.quantile(one.mean[:, 0], 0.975) - one.point[0] for one in (wald, wide)]
    # t with 4 degrees of freedom against normal: 2.776 / 1.960.
    assert ends[1] / ends[0] == pytest.approx(2.776 / 1.960, rel=0.03)


def test_what_was_left_out_is_said_whatever_the_source():
    strata = {"modality": "ct", "site": "rib", "unit": "rib"}
    frame = REGULAR.frame.assign(**strata, population=["all_suspected"] * 4 + ["confirmed"] * 2)
    frame["population"] = frame["population"].replace("confirmed", "confirmed_fracture")
    result = fit(type(REGULAR).from_frame(frame, "ct/rib"))
    for source in ("posterior", "maximum likelihood"):
        draws = accuracy_draws(result, n=50, source=source)
        assert draws.stratum == "ct/rib/rib/all_suspected"
        assert any("holds several strata" in text for text in draws.warnings)


def test_covariates_need_their_values():
    frame = REGULAR.frame.assign(age=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    model = BivariateModel(type(REGULAR).from_frame(frame, "aged"), sens="~ age")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        result = model.fit()
    with pytest.raises(ModelError, match="covariates"):
        accuracy_draws(result)
    draws = accuracy_draws(result, at={"age": 3.0})
    np.testing.assert_array_equal(draws.point, result.at(age=3.0).mean_logit)


def test_wrong_options_are_refused():
    result = fit(REGULAR)
    with pytest.raises(OptionError, match="posterior, maximum likelihood"):
        accuracy_draws(result, source="bootstrap")
    with pytest.raises(OptionError, match="at least two"):
        accuracy_draws(result, n=1)
    with pytest.raises(OptionError, match="seed"):
        accuracy_draws(result, seed=-1)
    with pytest.raises(OptionError, match="Bayesian"):
        accuracy_draws(result.bayesian, source="maximum likelihood")
    perfect = fit(table_of([[18, 0, 2, 30], [25, 0, 5, 44], [9, 0, 1, 21], [40, 0, 8, 60]]))
    with pytest.raises(ModelError, match="source='posterior'"):
        accuracy_draws(perfect, source="maximum likelihood")
