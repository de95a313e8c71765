"""Curves and regions: what they pass through, contain, and are made of."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import reference_values as rv
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.path import Path
from scipy.special import expit, logit
from scipy.stats import chi2, f
from study_tables import fit as quiet_fit
from study_tables import simulate, table_of

from metadx.errors import OptionError, ThresholdEffectWarning
from metadx.estimate import NotApplicable
from metadx.models.moses import moses_littenberg
from metadx.sroc import (
    CURVES,
    confidence_region,
    curve_line,
    prediction_region,
    radius,
    sroc_curve,
)


@pytest.fixture(scope="module")
def fit():
    return quiet_fit(rv.table("dementia_csf"))


@st.composite
def fits(draw):
    """Bivariate fits with a summary point, boundary ones included."""
    rng = np.random.default_rng(draw(st.integers(0, 2_000)))
    rho = draw(st.sampled_from([-0.9, -0.4, 0.0, 0.5]))
    table = simulate(rng, draw(st.integers(4, 12)), 0.85, 0.9, (0.9, 0.9), rho, (20, 80))
    return quiet_fit(table)


def curve(fit, kind="hsroc", **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ThresholdEffectWarning)
        return sroc_curve(fit, kind, **options)


@pytest.mark.parametrize("kind", CURVES)
@given(fits())
def test_every_curve_passes_through_the_summary_point(kind, fit):
    if not fit.point:
        return
    found = curve(fit, kind, fpr=np.array([1 - fit.specificity.value]))
    if isinstance(found, NotApplicable):
        assert found.reason
        return
    assert found["sensitivity"][0] == pytest.approx(fit.sensitivity.value, abs=1e-10)


def test_the_slopes_are_those_of_the_papers(fit):
    """Arends et al. 2008, written out for (logit sens, logit fpr)."""
    (a, c), (_, b) = fit.between_study_cov
    c = -c
    slopes = {"hsroc": np.sqrt(a / b), "sens_on_spec": c / b, "spec_on_sens": a / c,
              "major_axis": (a - b + np.sqrt((a - b) ** 2 + 4 * c * c)) / (2 * c)}  # fmt: skip
    for kind, slope in slopes.items():
        assert curve_line(fit.point, kind)[1] == pytest.approx(slope, rel=1e-12)
    # Regressions enclose the other two.
    order = [slopes["sens_on_spec"], slopes["hsroc"], slopes["spec_on_sens"]]
    assert order == sorted(order)
    _, vectors = np.linalg.eigh(np.array([[b, c], [c, a]]))
    assert slopes["major_axis"] == pytest.approx(vectors[1, 1] / vectors[0, 1])


def test_the_hsroc_curve_in_rutter_and_gatsonis_own_terms(fit):
    """logit sens = Lambda exp(-beta / 2) + exp(-beta) logit fpr."""
    fpr = np.array([0.02, 0.2, 0.5, 0.9])
    h = fit.hsroc
    expected = expit(
        h.Lambda.value * np.exp(-h.beta.value / 2) + np.exp(-h.beta.value) * logit(fpr)
    )
    np.testing.assert_allclose(curve(fit, fpr=fpr)["sensitivity"], expected, rtol=1e-12)


@given(fits())
def test_a_curve_rises_and_knows_what_was_observed(fit):
    found = curve(fit)
    if isinstance(found, NotApplicable):
        return
    assert (found["fpr"].diff().dropna() > 0).all()
    assert (found["sensitivity"].diff().dropna() >= 0).all()
    assert found[["fpr", "sensitivity"]].stack().between(0, 1).all()
    low, high = fit.observed_fpr
    seen = found.loc[found["observed"], "fpr"]
    assert seen.between(low - 1e-9, high + 1e-9).all()
    if 0 < low < high < 1:
        assert seen.min() == pytest.approx(low)
        assert seen.max() == pytest.approx(high)


@pytest.mark.parametrize("region", [confidence_region, prediction_region])
@pytest.mark.parametrize("kind", ["f", "chi2"])
@given(fits())
def test_a_region_is_closed_and_contains_the_summary_point(region, kind, fit):
    if not fit.point:
        assert isinstance(region(fit, radius=kind), NotApplicable)
        return
    outline = region(fit, radius=kind)
    logits = logit(outline[["specificity", "sensitivity"]].to_numpy())
    np.testing.assert_allclose(logits[0], logits[-1], atol=1e-9)
    centre = fit.mean_logit[::-1]
    assert Path(logits).contains_point(centre)
    np.testing.assert_allclose(logits[:-1].mean(axis=0), centre, atol=1e-8)


@pytest.mark.parametrize("kind", ["f", "chi2"])
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_outlines_lie_at_the_stated_distance(fit, kind, level):
    """Mahalanobis distance: chi-squared (mada) or 2 F(2, k - 2) (metandi, RevMan)."""
    expected = chi2.ppf(level, 2) if kind == "chi2" else 2 * f.ppf(level, 2, fit.k - 2)
    assert radius(fit.k, level, kind) ** 2 == pytest.approx(expected, rel=1e-10)
    for region, cov in (
        (confidence_region, fit.mean_logit_cov),
        (prediction_region, fit.mean_logit_cov + fit.between_study_cov),
    ):
        outline = region(fit, level=level, radius=kind)
        away = logit(outline[["sensitivity", "specificity"]].to_numpy()) - fit.mean_logit
        distance = np.einsum("ij,jk,ik->i", away, np.linalg.inv(cov), away)
        np.testing.assert_allclose(distance, expected, rtol=1e-8)


@given(fits())
def test_the_prediction_region_encloses_the_confidence_region(fit):
    if not fit.point:
        return
    inner = logit(confidence_region(fit)[["sensitivity", "specificity"]].to_numpy())
    away = inner - fit.mean_logit
    outer = np.linalg.inv(fit.mean_logit_cov + fit.between_study_cov)
    distance = np.einsum("ij,jk,ik->i", away, outer, away)
    # They touch along the axis that a correlation of -1 or 1 leaves without spread.
    assert distance.max() <= radius(fit.k) ** 2 * (1 + 1e-9)


def test_the_chi_squared_radius_is_the_smaller():
    assert radius(14, 0.95, "chi2") < radius(14, 0.95, "f")
    assert isinstance(radius(2, 0.95, "f"), NotApplicable)
    assert radius(2, 0.95, "chi2") == pytest.approx(np.sqrt(chi2.ppf(0.95, 2)))


def test_a_positive_correlation_is_warned_of():
    fit = quiet_fit(rv.table("scheidler_lag"))
    assert fit.correlation > 0
    with pytest.warns(ThresholdEffectWarning, match="does not describe a trade-off"):
        sroc_curve(fit)


def test_a_negative_correlation_is_not(fit):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sroc_curve(fit)


@pytest.mark.parametrize(
    "rows",
    [[(18, 4, 2, 40)], [(18, 4, 2, 40), (9, 3, 1, 25)], [(18, 4, 2, 40)] * 5,
     [(10, 0, 0, 20)] * 5, [(10, None, 2, None)] * 4],
    ids=["one", "two", "identical", "perfect", "sensitivity only"],
)  # fmt: skip
def test_where_there_is_no_curve_there_is_a_reason(rows):
    fit = quiet_fit(table_of(rows))
    found = sroc_curve(fit)
    assert isinstance(found, NotApplicable)
    assert found.reason


@pytest.mark.parametrize(
    ("call", "text"),
    [(lambda fit: sroc_curve(fit, "moses"), "hsroc, sens_on_spec"),
     (lambda fit: confidence_region(fit, radius="t"), "f, chi2"),
     (lambda fit: prediction_region(fit, level=95), "between 0 and 1")],
)  # fmt: skip
def test_unknown_options_are_refused_with_the_known_ones(fit, call, text):
    with pytest.raises(OptionError, match=text):
        call(fit)


def test_a_region_at_the_boundary_of_the_correlation():
    fit = quiet_fit(rv.table("telomerase"))
    assert fit.at_boundary == ("rho",)
    outline = prediction_region(fit)
    assert np.isfinite(outline.to_numpy()).all()


def test_the_historical_curve_is_that_of_its_regression() -> None:
    result = quiet_fit(rv.table("auditc"))
    grid = np.linspace(0.05, 0.9, 12)
    curve = sroc_curve(result, "moses_littenberg", fpr=grid)
    line = moses_littenberg(rv.table("auditc"))
    assert curve["sensitivity"].to_numpy() == pytest.approx(line.curve(grid))
    assert not np.allclose(curve["sensitivity"], sroc_curve(result, fpr=grid)["sensitivity"])


def test_the_other_name_of_a_curve_is_the_same_curve() -> None:
    result = quiet_fit(rv.table("auditc"))
    naive, plain = (sroc_curve(result, kind) for kind in ("naive", "sens_on_spec"))
    assert naive.equals(plain)
    with pytest.raises(OptionError, match="moses_littenberg, naive"):
        sroc_curve(result, "straight")
