from __future__ import annotations

import numpy as np
import pytest
from edge_tables import EDGES, PARTIAL
from reference_values import frame, table
from study_tables import fit, simulate, table_of

from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.inference.prevalence import prevalence_dependence
from metadx.inference.regression import meta_regression
from metadx.inference.small_study_bivariate import noma_test, size_regression
from metadx.inference.subgroups import subgroups
from metadx.inference.worst_case import worst_case
from metadx.tables import StudyTable


def with_column(name: str, **columns) -> StudyTable:
    return StudyTable.from_frame(table(name).frame.assign(**columns), name)


def test_noma_is_that_of_the_package():
    """R MVPBT 1.2.1, MVPBT2 on its edta() effects; its REML stops at 1e-5 of its own."""
    for name, chi2, p in (
        ("auditc", 11.4862751123285, 0.0032046975662573),
        ("asthma_feno_eosinophilia", 1.96245446467735, 0.37485078744612),
    ):
        found = noma_test(fit(table(name)))
        assert found.chi2 == pytest.approx(chi2, rel=1e-4)
        assert found.p == pytest.approx(p, rel=1e-4)
    assert "Noma" in found.sentence and "no evidence" in found.sentence


def test_size_regression_against_a_plain_regression():
    """The same covariates through the model's own formulas, unstandardised."""
    name = "asthma_feno_eosinophilia"
    totals = table(name).arrays().totals
    studies = with_column(name, a=10 / np.sqrt(totals[:, 0]), b=10 / np.sqrt(totals[:, 1]))
    larger, null = fit(studies, sens="~ a", spec="~ b"), fit(table(name))
    found = size_regression(null)
    assert found.chi2 == pytest.approx(2 * (larger.llf - null.llf), abs=1e-5)
    slope = larger.params["sensitivity:a"] * 10
    assert found.slopes["sensitivity"].value == pytest.approx(slope, rel=1e-3)


def test_few_studies_are_refused_unless_asked_for():
    few = fit(table("sim_boundary_k8"))
    assert "needs 10" in noma_test(few).reason
    assert "asks for 10" in size_regression(few).reason
    assert isinstance(noma_test(few, any_number=True).chi2, float)
    assert "asks for 10" in prevalence_dependence(few).reason


def test_generation_as_a_number_is_the_published_likelihood_ratio():
    """Printed: chi2(2) = 12.163, p = .0023 for the generation of the test, equal variances."""
    second = frame("anti_ccp")["generation"].eq("CCP2").astype(float)
    studies = with_column("anti_ccp", second=second)
    found = meta_regression(fit(studies), "second")
    assert found.test("both").chi2 == pytest.approx(12.163, abs=2e-3)
    assert found.test("both").p == pytest.approx(0.0023, abs=5e-5)
    assert "no effect on both" in found.summary()
    values = found.predicted["sensitivity"]
    assert values[0].value < values[-1].value
    assert list(found.frame["margin"]) == ["sensitivity", "specificity"]


def test_studies_without_a_value_are_left_out_and_named():
    x = np.linspace(0, 1, 14)
    x[3] = np.nan
    found = meta_regression(fit(with_column("auditc", x=x)), "x")
    assert found.k == 13 and found.left_out == (table("auditc").labels[3],)
    assert "without a value" in found.summary()
    with pytest.raises(OptionError, match="no column"):
        meta_regression(fit(table("auditc")), "age")
    with pytest.raises(OptionError, match="needs numbers"):
        meta_regression(fit(with_column("auditc", x=["a"] * 14)), "x")
    assert "is the same" in meta_regression(fit(with_column("auditc", x=1.0)), "x").reason


def test_prevalence_that_changes_accuracy_is_found():
    found = prevalence_dependence(fit(table("asthma_feno_eosinophilia")))
    assert found.depends and "do not mix" in found.summary()
    totals = table("asthma_feno_eosinophilia").arrays().totals
    share = totals[:, 0] / totals.sum(axis=1)
    assert found.prevalence == pytest.approx((share.min(), np.median(share), share.max()), abs=0.02)
    flat = simulate(np.random.default_rng(5), 25, 0.85, 0.85, tau=(0.3, 0.3), arms=(40, 160))
    assert "no evidence" in prevalence_dependence(fit(flat)).sentence


@pytest.mark.parametrize("name", EDGES)
def test_edges_say_why(name):
    full = fit(table_of(EDGES[name]))
    for made in (noma_test, size_regression, prevalence_dependence):
        found = made(full, True)
        assert isinstance(found, NotApplicable) or 0.0 <= found.p <= 1.0
    bound = worst_case(full)
    text = bound.reason if isinstance(bound, NotApplicable) else bound.summary()
    assert "nan" not in text


def test_worst_case_by_brute_force():
    """Of many studies like one, the best share is published: nothing is left of the argument."""
    studies = table_of([(80, 20, 20, 80)] * 4 + [(70, 30, 30, 75)] * 4)
    full = fit(studies)
    found = worst_case(full, missing=[0.25]).frame.iloc[0]
    mu, sigma = full.mean_logit, full.between_study_cov
    p = full.sensitivity.value, full.specificity.value
    v = sigma + np.diag([1 / (100 * q * (1 - q)) for q in p])
    rng = np.random.default_rng(1)
    y = rng.multivariate_normal(mu, (v + v.T) / 2, size=400_000)
    published = np.sort(y[:, 0])[100_000:]
    bias = published.mean() - mu[0]
    # The 105 non-diseased of the other four studies make V differ by a little.
    logit = np.log(found["sensitivity"] / (1 - found["sensitivity"]))
    assert mu[0] - logit == pytest.approx(bias, rel=0.02)
    assert found["studies"] == pytest.approx(8 / 3)


def test_worst_case_grows_and_spares_what_is_not_there():
    frame_ = worst_case(fit(table("dementia_csf"))).frame
    for name in ("sensitivity", "specificity", "dor"):
        assert (np.diff(frame_[name]) < 0).all()
    with pytest.raises(OptionError, match="between 0 and 1"):
        worst_case(fit(table("dementia_csf")), [1.5])
    assert "Exploratory" in worst_case(fit(table_of(PARTIAL))).summary()


def test_subgroups_pool_each_level_and_test():
    studies = with_column("anti_ccp", generation=frame("anti_ccp")["generation"])
    found = subgroups(studies, "generation")
    by = found.frame.set_index("level")
    # Printed: CCP2 alone (29 studies) .7053 and .9532.
    assert by.loc["CCP2", "sensitivity"] == pytest.approx(0.7053, abs=5e-5)
    assert by.loc["CCP2", "specificity"] == pytest.approx(0.9532, abs=5e-5)
    assert by.loc["CCP2", "k_both"] == 29 and by["k_both"].sum() == 37
    both = next(t for t in found.tests if t.hypothesis == "both")
    assert both.chi2 == pytest.approx(12.163, abs=2e-3)
    assert "equal both" in found.summary()


def test_subgroups_refuse_and_say_why():
    group = ["a"] * 11 + ["b"] * 3
    studies = with_column("auditc", group=group)
    found = subgroups(studies, "group")
    assert all(isinstance(test, NotApplicable) for test in found.tests)
    assert "b has 3" in found.summary() and found.fits["a"].k == 11
    asked = subgroups(studies, "group", override=True)
    assert any(not isinstance(test, NotApplicable) for test in asked.tests)
    one = subgroups(with_column("auditc", group="a"), "group")
    assert "nothing to compare" in one.reason
    missing = subgroups(with_column("auditc", group=["a"] * 6 + ["b"] * 7 + [None]), "group")
    assert missing.left_out == (table("auditc").labels[13],)
    with pytest.raises(OptionError, match="no column"):
        subgroups(table("auditc"), "reader")
