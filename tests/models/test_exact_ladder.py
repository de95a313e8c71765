"""Too few, too sparse, all perfect, all the same: which model answers, and with which numbers."""

from __future__ import annotations

import math
import warnings

import literal
import numpy as np
import pytest
import reference_values as rv
from scipy.optimize import minimize
from scipy.special import betaincinv, logit
from study_tables import fit as quiet_fit
from study_tables import rows_of, table_of

from metadx.errors import BoundaryWarning, ModelError, SparseDataWarning
from metadx.estimate import Estimate, NotApplicable
from metadx.models import BivariateModel

Z = 1.959963984540054


def clopper_pearson(y, n, level=0.95):
    """Clopper & Pearson 1934, Biometrika, as quantiles of the beta distribution."""
    tail = (1 - level) / 2
    low = 0.0 if y == 0 else betaincinv(y, n - y + 1, tail)
    high = 1.0 if y == n else betaincinv(y + 1, n - y, 1 - tail)
    return y / n, low, high


def assert_estimate(found, expected, tolerance=1e-9):
    assert isinstance(found, Estimate), found
    assert (found.value, found.low, found.high) == pytest.approx(expected, abs=tolerance)


def wald(y, n):
    """Pooled binomial with a Wald interval on the logit scale."""
    mean, se = logit(y / n), math.sqrt(1 / y + 1 / (n - y))
    return [literal.expit(x) for x in (mean, mean - Z * se, mean + Z * se)]


def univariate_maximum(y, n):
    """Mean, tau and log-likelihood of one margin by a search on the literal integral."""

    def loss(x):
        return -literal.margin_loglik(y, n, x[0], abs(x[1]))

    found = minimize(loss, [1.5, 0.3], method="Nelder-Mead",
                     options={"xatol": 1e-7, "fatol": 1e-11, "maxiter": 2000})  # fmt: skip
    zero = minimize(lambda x: loss([x[0], 0.0]), [1.5], method="Nelder-Mead",
                    options={"xatol": 1e-9, "fatol": 1e-12})  # fmt: skip
    if zero.fun <= found.fun + 1e-9:
        return float(zero.x[0]), 0.0, -float(zero.fun)
    return float(found.x[0]), abs(float(found.x[1])), -float(found.fun)


def test_one_study_is_reported_and_not_pooled():
    fit = quiet_fit(table_of([(18, 4, 2, 40)]))
    assert fit.model_path == "single_study"
    assert_estimate(fit.sensitivity, clopper_pearson(18, 20))
    assert_estimate(fit.specificity, clopper_pearson(40, 44))
    assert fit.sensitivity.method == "exact_binomial"
    assert "nothing is pooled" in fit.model_sentence
    assert isinstance(fit.llf, NotApplicable)
    for name in ("lr_positive", "dor", "auc", "hsroc", "prediction_sensitivity"):
        assert isinstance(getattr(fit, name), NotApplicable)
    assert fit.optimizer == ()


@pytest.mark.parametrize(
    ("row", "sens", "spec"),
    [((7, None, 0, None), (7, 7), None), ((None, 0, None, 9), None, (9, 9)),
     ((0, 5, 4, 0), (0, 4), (0, 5))],
)  # fmt: skip
def test_one_study_with_a_margin_missing_or_at_its_end(row, sens, spec):
    fit = quiet_fit(table_of([row]))
    for found, expected in ((fit.sensitivity, sens), (fit.specificity, spec)):
        if expected is None:
            assert isinstance(found, NotApplicable)
            assert "no study reports" in found.reason
        else:
            assert_estimate(found, clopper_pearson(*expected))


@pytest.mark.parametrize("dataset", ["edge_k2", "edge_k3"])
def test_two_or_three_studies_are_two_univariate_models(dataset):
    fit = quiet_fit(rv.table(dataset))
    assert fit.model_path == "independent_margins"
    assert "fewer than four" in fit.model_sentence
    assert isinstance(fit.correlation, NotApplicable)
    assert isinstance(fit.hsroc, NotApplicable)
    total = 0.0
    for j, name in enumerate(("sensitivity", "specificity")):
        counts = fit.design.counts[:, 2 * j : 2 * j + 2].T
        mean, tau, value = univariate_maximum(*counts)
        margin = fit.margins[name]
        assert margin.path == "univariate"
        assert logit(margin.estimate.value) == pytest.approx(mean, abs=1e-4)
        assert (margin.tau.value if margin.tau else 0.0) == pytest.approx(tau, abs=1e-3)
        assert margin.heterogeneity == ("estimated" if tau else "zero")
        total += value
    assert fit.llf == pytest.approx(total, abs=1e-6)
    # The margins are estimated apart, and say so in the covariance of the means.
    assert fit.mean_logit_cov[0, 1] == 0.0


def test_three_studies_without_heterogeneity_in_closed_form():
    fit = quiet_fit(rv.table("edge_k3"))
    rows = np.array(rows_of(rv.table("edge_k3")))
    tp, fp, fn, tn = rows.sum(axis=0)
    assert fit.at_boundary == ("tau_sens", "tau_spec")
    assert_estimate(fit.sensitivity, wald(tp, tp + fn), 1e-7)
    assert_estimate(fit.specificity, wald(tn, tn + fp), 1e-7)


@pytest.mark.parametrize("dataset", ["edge_k2", "edge_k3"])
def test_the_reference_with_a_correlation_gains_almost_nothing(dataset):
    """Its log-likelihood is higher by what a correlation of 1 buys; the points agree."""
    known, fit = rv.case("exact_ml", dataset), quiet_fit(rv.table(dataset))
    assert 0.0 <= known["logLik"] - fit.llf < 0.12
    assert fit.sensitivity.value == pytest.approx(known["sens"]["est"], abs=0.006)
    assert fit.specificity.value == pytest.approx(known["spec"]["est"], abs=0.006)


@pytest.mark.parametrize(
    ("dataset", "perfect", "other", "short"),
    [("edge_perfect_sens", "sensitivity", "specificity", "tau_spec"),
     ("edge_perfect_spec", "specificity", "sensitivity", "tau_sens")],
)  # fmt: skip
def test_a_perfect_margin_is_pooled_by_its_sums(dataset, perfect, other, short):
    fit, known = quiet_fit(rv.table(dataset)), rv.case("exact_ml", dataset)
    j = int(perfect == "specificity")
    n = fit.design.counts[:, 2 * j + 1].sum()
    assert fit.margins[perfect].path == "fixed_effect"
    # All n positive: the lower end is the (alpha / 2)-th power in closed form.
    assert_estimate(getattr(fit, perfect), (1.0, 0.025 ** (1 / n), 1.0))
    assert fit.margins[perfect].heterogeneity == "not_estimable"
    y, n = fit.design.counts[:, 2 - 2 * j : 4 - 2 * j].sum(axis=0)
    assert fit.margins[other].path == "univariate"
    assert_estimate(getattr(fit, other), wald(y, n), 1e-7)
    assert fit.at_boundary == (short,)
    # The reference climbs towards a logit of infinity; its limits are ours.
    assert fit.llf == pytest.approx(known["logLik"], abs=2e-6)
    assert known["sens" if j == 0 else "spec"]["est"] == pytest.approx(1.0, abs=1e-9)
    theirs = known["spec" if j == 0 else "sens"]
    found = getattr(fit, other)
    expected = [theirs[n] for n in ("est", "lb", "ub")]
    assert [found.value, found.low, found.high] == pytest.approx(expected, rel=1e-4)
    assert isinstance(fit.dor, NotApplicable)


@pytest.mark.parametrize("k", [2, 3, 4, 9])
def test_everything_perfect(k):
    fit = quiet_fit(table_of([(10 + i, 0, 0, 20 + i) for i in range(k)]))
    n1, n0 = sum(10 + i for i in range(k)), sum(20 + i for i in range(k))
    assert fit.model_path == "fixed_effect"
    assert_estimate(fit.sensitivity, (1.0, 0.025 ** (1 / n1), 1.0))
    assert_estimate(fit.specificity, (1.0, 0.025 ** (1 / n0), 1.0))
    assert "differences between studies" in fit.model_sentence


def test_everything_wrong():
    fit = quiet_fit(table_of([(0, 9, 10, 0), (0, 12, 8, 0), (0, 20, 30, 0), (0, 5, 6, 0)]))
    assert_estimate(fit.sensitivity, (0.0, 0.0, 1 - 0.025 ** (1 / 54)))
    assert_estimate(fit.specificity, (0.0, 0.0, 1 - 0.025 ** (1 / 46)))


BASE = [(18, 4, 2, 40), (25, 2, 5, 31), (40, 9, 6, 60), (9, 1, 3, 22), (30, 6, 4, 48)]


@pytest.mark.parametrize("cell", range(4))
def test_a_zero_in_one_cell_needs_no_correction(cell):
    row = [3, 1, 1, 2]
    row[cell] = 0
    fit = quiet_fit(table_of([row, *BASE[1:]]))
    assert fit.model_path == "bivariate"
    assert fit.converged
    assert fit.n_diseased == row[0] + row[2] + sum(r[0] + r[2] for r in BASE[1:])
    assert 0.3 < fit.sensitivity.value < 1
    assert 0.3 < fit.specificity.value < 1


@pytest.mark.parametrize("cells", [(0, 2), (1, 3)])
def test_a_zero_margin_is_a_missing_margin(cells):
    zero, missing = list(BASE[0]), list(BASE[0])
    for cell in cells:
        zero[cell], missing[cell] = 0, None
    one, other = quiet_fit(table_of([zero, *BASE[1:]])), quiet_fit(table_of([missing, *BASE[1:]]))
    assert one.k_complete == other.k_complete == 4
    assert one.llf == pytest.approx(other.llf, abs=1e-9)
    np.testing.assert_allclose(one.mean_logit, other.mean_logit, atol=1e-9)


def test_identical_studies_have_no_heterogeneity():
    fit = quiet_fit(table_of([BASE[0]] * 6))
    assert fit.at_boundary == ("tau_sens", "tau_spec")
    assert_estimate(fit.sensitivity, wald(6 * 18, 6 * 20), 1e-7)
    assert_estimate(fit.specificity, wald(6 * 40, 6 * 44), 1e-7)
    for margin in fit.margins.values():
        assert margin.heterogeneity == "zero"


@pytest.mark.parametrize("factor", [100, 10_000])
def test_one_study_a_hundred_times_larger(factor):
    giant = tuple(factor * cell for cell in BASE[2])
    fit = quiet_fit(table_of([*BASE[:2], giant, *BASE[3:]]))
    assert fit.converged
    assert fit.model_path == "bivariate"
    assert 0.7 < fit.sensitivity.value < 0.95
    assert fit.optimizer[0].quadrature_error < 1e-6


@pytest.mark.parametrize("margin", [0, 1])
def test_only_one_margin_reported(margin):
    blank = {0: (1, 3), 1: (0, 2)}[margin]
    rows = [[None if c in blank else v for c, v in enumerate(row)] for row in BASE]
    fit = quiet_fit(table_of(rows))
    assert fit.model_path == "univariate"
    assert fit.k_complete == 0
    counts = fit.design.counts[:, 2 * margin : 2 * margin + 2].T
    mean, _, value = univariate_maximum(*counts)
    found = (fit.sensitivity, fit.specificity)[margin]
    assert logit(found.value) == pytest.approx(mean, abs=1e-4)
    assert fit.llf == pytest.approx(value, abs=1e-6)
    assert isinstance((fit.specificity, fit.sensitivity)[margin], NotApplicable)


def test_complete_studies_decide_on_the_correlation_and_all_studies_on_a_margin():
    partial = [(30, None, 4, None), (12, None, 1, None), (22, None, 3, None), (15, None, 4, None)]
    few = quiet_fit(table_of([*BASE[:3], *partial]))
    assert few.model_path == "independent_margins"
    assert (few.k, few.k_complete, few.k_sens_only, few.k_spec_only) == (7, 3, 4, 0)
    assert few.margins["sensitivity"].k == 7
    assert few.margins["specificity"].k == 3
    enough = quiet_fit(table_of([*BASE[:4], *partial]))
    assert enough.model_path == "bivariate"
    assert (enough.k_complete, enough.margins["sensitivity"].k) == (4, 8)


def test_a_flat_likelihood_is_not_pooled():
    """Two studies, one at 100 % and one at 20 %: tau is anything from 1 to infinity."""
    fit = quiet_fit(table_of([(12, 3, 0, 30), (2, 4, 8, 31)]))
    margin = fit.margins["sensitivity"]
    assert margin.heterogeneity == "not_estimable"
    assert isinstance(fit.sensitivity, NotApplicable)
    assert (margin.study_low, margin.study_high) == (0.2, 1.0)
    assert_estimate(margin.fixed_effect, clopper_pearson(14, 22))
    # The other margin is not dragged down.
    assert isinstance(fit.specificity, Estimate)
    assert any("do not bound" in text for text in fit.warnings)


ZOO = {
    "flat sensitivity in a bivariate fit": [(16, 0, 0, 28), (26, 0, 1, 14), (11, 3, 1, 25),
                                            (10, 2, 1, 13), (21, 0, 0, 10)],
    "discordant": [(20, 0, 0, 20), (0, 20, 20, 0), (20, 0, 0, 20), (0, 20, 20, 0)],
    "one patient an arm": [(1, 0, 0, 1), (0, 1, 1, 0), (1, 1, 0, 0), (1, 0, 0, 1), (0, 0, 1, 1)],
    "half and half": [(5, 5, 5, 5)] * 4,
    "perfect but one patient": [(10, 0, 0, 10), (12, 0, 0, 9), (8, 0, 1, 14), (20, 1, 0, 30)],
    "no complete study": [(10, None, 2, None), (None, 3, None, 20), (12, None, 1, None),
                          (None, 1, None, 30)],
    "complementary pair": [(10, None, 2, None), (None, 3, None, 20)],
    "perfect and missing": [(10, None, 0, None), (14, None, 0, None), (None, 0, None, 9)],
    "ends of both margins": [(10, 9, 0, 0), (0, 0, 12, 11), (7, 6, 0, 0), (0, 0, 9, 9)],
    "a million patients": [(900_000, 10, 100_000, 990), (9, 20, 1, 80), (19, 2, 3, 30),
                           (40, 11, 3, 90)],
}  # fmt: skip


@pytest.mark.parametrize("interval", ["wald", "wald_t"])
@pytest.mark.parametrize("name", list(ZOO))
def test_every_odd_table_is_answered_without_nan(name, interval):
    fit = quiet_fit(table_of(ZOO[name]), interval=interval)
    assert fit.model_path
    # Where tau is not bounded there may be no maximum for the search to end at.
    unbounded = [m for m in fit.margins.values() if m.heterogeneity == "not_estimable"]
    assert fit.converged or unbounded
    record = fit.to_dict()
    text = fit.summary()
    assert not list(not_finite(record)), list(not_finite(record))
    assert "nan" not in text.lower()
    for margin in fit.margins.values():
        if isinstance(margin.estimate, Estimate):
            assert 0 <= margin.estimate.low <= margin.estimate.value <= margin.estimate.high <= 1
        else:
            assert margin.reason


def not_finite(value, where="fit"):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from not_finite(inner, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from not_finite(inner, f"{where}[{i}]")
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{where} = {value}"


def test_nothing_to_pool_says_what_is_missing():
    empty = table_of(BASE).select(study_id="S1").sens_only
    with pytest.raises(ModelError, match="no study"):
        BivariateModel(empty).fit()


@pytest.mark.parametrize(
    ("rows", "kind", "text"),
    [([BASE[0]] * 6, BoundaryWarning, "variance of sensitivity is 0"),
     ([(12, 3, 0, 30), (2, 4, 8, 31), (5, 4, 5, 30)], SparseDataWarning, "do not bound")],
)  # fmt: skip
def test_warnings_have_the_class_of_their_cause_and_stand_on_the_result(rows, kind, text):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = BivariateModel(table_of(rows)).fit()
    assert any(issubclass(w.category, kind) and text in str(w.message) for w in caught)
    assert [str(w.message) for w in caught] == list(fit.warnings)
