"""Few, sparse, perfect, partial and paired studies in the approximate model."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from reference_values import frame, table

from metadx.errors import ModelError, OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.models.approximate import fit_approximate
from metadx.models.design import build_design
from metadx.models.results import BivariateResults
from metadx.tables import StudyTable

COUNTS = ["tp", "fp", "fn", "tn"]


def make(rows: list[tuple], **more: list) -> StudyTable:
    made = pd.DataFrame(rows, columns=COUNTS).astype("Int64")
    made.insert(0, "study", [f"s{i}" for i in range(len(made))])
    return StudyTable.from_frame(made.assign(**more))


def fit(studies: StudyTable, method: str = "reml", formula: str = "~ 1", **options):
    build = {key: options.pop(key) for key in ("variance_group", "independent_rows")
             if key in options}  # fmt: skip
    design = build_design(studies, formula, formula, **build)
    return fit_approximate(studies, design, (formula, formula), method, **options)


def sound(results: BivariateResults) -> None:
    """No NaN anywhere, ordered intervals, and everything that a user may call works."""
    text = json.dumps(results.to_dict(), allow_nan=False)
    assert "NaN" not in text and "nan" not in results.summary().lower()
    for name in ("sensitivity", "specificity", "lr_positive", "dor", "auc"):
        value = getattr(results, name)
        if isinstance(value, Estimate):
            assert value.low <= value.value <= value.high
        else:
            assert value.reason
    assert results.converged


COMPLETE = [(45, 10, 5, 90), (60, 12, 15, 70), (30, 4, 9, 50), (22, 3, 6, 30), (80, 20, 7, 99)]
SENS_ONLY = [(40, None, 6, None), (31, None, 9, None), (12, None, 2, None)]
SPEC_ONLY = [(None, 5, None, 61), (None, 9, None, 44)]


@pytest.mark.parametrize("method", ["reml", "ml", "fixed"])
@pytest.mark.parametrize(
    ("rows", "path"),
    [
        (COMPLETE[:1], "single_study"),
        (COMPLETE[:2], "bivariate"),
        (COMPLETE[:3], "bivariate"),
        (COMPLETE, "bivariate"),
        (COMPLETE + SENS_ONLY + SPEC_ONLY, "bivariate"),
        (COMPLETE[:1] + SENS_ONLY + SPEC_ONLY, "independent_margins"),
        (SENS_ONLY + SPEC_ONLY, "independent_margins"),
        (SENS_ONLY, "univariate"),
        (SPEC_ONLY, "univariate"),
        (SENS_ONLY[:1], "single_study"),
        (COMPLETE[:1] + SENS_ONLY, "univariate+single_study"),
        (SENS_ONLY[:1] + SPEC_ONLY[:1], "single_study"),
    ],
)
def test_every_number_of_studies_has_a_path(rows, path, method):
    if method == "fixed":
        path = path.replace("univariate", "fixed_effect")
        path = "fixed_effect" if path in ("bivariate", "independent_margins") else path
    found = fit(make(rows), method)
    assert found.model_path == path and found.method == method
    sound(found)


@pytest.mark.parametrize("name", ["edge_perfect_sens", "edge_perfect_spec", "edge_tiny_n"])
@pytest.mark.parametrize("method", ["reml", "ml", "fixed"])
def test_perfect_margins_are_pooled_with_a_warning(name, method):
    found = fit(table(name), method)
    json.dumps(found.to_dict(), allow_nan=False)
    assert any("exact model does not" in text for text in found.warnings)
    if method != "fixed":
        assert found.at_boundary == ("tau_sens", "tau_spec")
        assert any("boundary" in text for text in found.warnings)


def test_identical_studies_are_their_common_proportion():
    found = fit(table("edge_identical"))
    assert found.sensitivity.value == pytest.approx(0.8, abs=1e-12)
    assert found.specificity.value == pytest.approx(0.9, abs=1e-12)
    # Five times 1/40 + 1/10: nothing but sampling error.
    assert found.mean_logit_cov[0, 0] == pytest.approx((1 / 40 + 1 / 10) / 5, rel=1e-12)
    assert isinstance(found.correlation, NotApplicable) and isinstance(found.auc, NotApplicable)


def test_boundary_estimates_are_on_it_exactly():
    found = fit(table("sim_boundary_k8"), zero_cell="all")
    assert found.at_boundary == ("rho",) and found.correlation == -1.0
    assert found.joint.theta[-1] == 0.0 and found.joint.cov[-1].max() == 0.0
    assert found.n_parameters == 5


def test_one_boundary_variance():
    """Sensitivity is 80 % in every study, specificity differs by far more."""
    rows = [(40, 5, 10, 95), (40, 40, 10, 60), (80, 12, 20, 95), (40, 30, 10, 33), (60, 3, 15, 80)]
    for swap in (False, True):
        if swap:
            rows = [(tn, fn, fp, tp) for tp, fp, fn, tn in rows]
        found = fit(make(rows), "ml")
        assert found.at_boundary == (("tau_spec",) if swap else ("tau_sens",))
        alone = fit(make(rows), "fixed")
        margin = "specificity" if swap else "sensitivity"
        other = "sensitivity" if swap else "specificity"
        assert found.margins[margin].heterogeneity == "zero"
        assert getattr(found, margin).value == pytest.approx(getattr(alone, margin).value, abs=1e-9)
        assert found.margins[other].tau.value > 0.5
        sound(found)


def test_margins_without_complete_studies_are_two_univariate_models():
    both, sens, spec = (fit(make(rows)) for rows in (SENS_ONLY + SPEC_ONLY, SENS_ONLY, SPEC_ONLY))
    assert both.llf == pytest.approx(sens.llf + spec.llf, abs=1e-10)
    assert both.sensitivity.to_dict() == pytest.approx(sens.sensitivity.to_dict(), abs=1e-8)
    assert both.specificity.to_dict() == pytest.approx(spec.specificity.to_dict(), abs=1e-8)
    assert isinstance(both.correlation, NotApplicable)


def test_partial_studies_inform_their_margin():
    without, more = fit(make(COMPLETE)), fit(make(COMPLETE + SENS_ONLY))
    assert (more.k, more.k_complete, more.k_sens_only, more.k_spec_only) == (8, 5, 3, 0)
    width = [f.sensitivity.high - f.sensitivity.low for f in (without, more)]
    assert width[1] < width[0]
    # Through the correlation the other margin moves a little as well.
    assert more.specificity.value == pytest.approx(without.specificity.value, abs=0.01)


def test_real_partial_studies():
    known = frame("kearon1998_dvt_us").dropna(how="all", subset=COUNTS)
    found = fit(StudyTable.from_frame(known))
    assert (found.k, found.k_spec_only) == (32, int(known["tp"].isna().sum()))
    sound(found)


def test_fixed_effects_are_inverse_variance_means():
    found = fit(make(COMPLETE), "fixed")
    tp, fp, fn, tn = np.array(COMPLETE, dtype=float).T
    for margin, y, v in (
        (0, np.log(tp / fn), 1 / tp + 1 / fn),
        (1, np.log(tn / fp), 1 / tn + 1 / fp),
    ):
        mean = (y / v).sum() / (1 / v).sum()
        assert found.joint.theta[margin] == pytest.approx(mean, rel=1e-12)
        assert found.joint.cov[margin, margin] == pytest.approx(1 / (1 / v).sum(), rel=1e-12)
    assert found.at_boundary == () and isinstance(found.llf, NotApplicable)
    assert isinstance(found.prediction_sensitivity, NotApplicable)
    assert isinstance(found.margins["sensitivity"].tau, NotApplicable)


def test_policies_change_the_answer_and_say_so():
    single, everybody = (fit(table("auditc"), zero_cell=p) for p in ("single", "all"))
    assert single.sensitivity.value > everybody.sensitivity.value  # 0.5 pulls towards 50 %
    assert any("of 2 of 14 rows (2 with a zero cell" in text for text in single.warnings)
    assert any("of 14 of 14 rows (2 with a zero cell" in text for text in everybody.warnings)
    with pytest.raises(ModelError, match=r"zero cells of .* use zero_cell="):
        fit(table("auditc"), zero_cell="none")
    assert fit(make(COMPLETE), zero_cell="none").llf == fit(make(COMPLETE), zero_cell="all").llf


def test_separate_variances_and_means_are_separate_fits():
    group = ["ct", "mri"] * 5 + ["ct"]
    rows = [*COMPLETE, (18, 4, 2, 40), (25, 9, 5, 31), (40, 9, 6, 60), (9, 1, 3, 22),
            (30, 16, 4, 48), (70, 5, 30, 66)]  # fmt: skip
    studies = make(rows, test=group)
    both = fit(studies, "ml", "~ 0 + test", variance_group="test")
    parts = [fit(studies.select(test=name), "ml") for name in ("ct", "mri")]
    assert both.llf == pytest.approx(sum(part.llf for part in parts), abs=1e-9)
    for g, (name, part) in enumerate(zip(("ct", "mri"), parts, strict=True)):
        point = both.at(test=name)
        np.testing.assert_allclose(point.mean_logit, part.mean_logit, atol=1e-7)
        np.testing.assert_allclose(point.between_study_cov, part.between_study_cov, atol=1e-7)
        np.testing.assert_allclose(point.mean_logit_cov, part.mean_logit_cov, atol=1e-7)
        np.testing.assert_allclose(
            both.joint.theta[4 + 3 * g :][:3], part.joint.theta[2:], atol=1e-7
        )


def test_paired_rows_share_their_study():
    """Two tests in the same studies: what the studies share leaves the difference."""
    rng = np.random.default_rng(5)
    rows, test, study = [], [], []
    for i in range(12):
        effect = rng.normal(0, 1.0, 2)
        for name, shift in (("ct", 0.0), ("mri", 0.7)):
            n = 120
            tp, tn = (rng.binomial(n, 1 / (1 + np.exp(-(1.0 + shift + e)))) for e in effect)
            rows.append((tp, n - tn, n - tp, tn))
            test.append(name)
            study.append(f"study {i}")
    made = make(rows, test=test).frame.assign(study_id=study)
    studies = StudyTable.from_frame(made)
    paired = fit(studies, "reml", "~ test")
    apart = fit(studies, "reml", "~ test", independent_rows=True)
    assert (paired.k, apart.k) == (12, 24)
    assert paired.llf > apart.llf + 5
    slope = "sensitivity:test[T.mri]"
    assert paired.bse[slope] < 0.5 * apart.bse[slope]


def test_sparse_tables_always_end_somewhere():
    rng = np.random.default_rng(11)
    for k in (2, 3, 5, 8):
        for _ in range(12):
            n1, n0 = rng.integers(8, 40, (2, k))
            tp, tn = rng.binomial(n1, 0.97), rng.binomial(n0, 0.97)
            found = fit(make(list(zip(tp, n0 - tn, n1 - tp, tn, strict=True))), "reml")
            assert found.converged and found.model_path == "bivariate"
            assert isinstance(found.sensitivity, Estimate)


@pytest.mark.parametrize(
    ("rows", "more", "formula", "group", "message"),
    [
        (COMPLETE[:2], {"age": [50.0, 60.0]}, "~ age", None, "nothing to estimate the heterog"),
        (SENS_ONLY, {"age": [50.0, 60.0, 70.0]}, "~ age", None, "no study reports specificity"),
        (
            COMPLETE[:3] + SENS_ONLY,
            {"test": ["ct", "ct", "ct", "mri", "mri", "mri"]},
            "~ test",
            None,
            "specificity is not reported often enough for '~ test'",
        ),
        (COMPLETE, {"test": list("aaaab")}, "~ test", "test", "group 'b' has fewer than two"),
    ],
)
def test_too_few_studies_are_refused_by_name(rows, more, formula, group, message):
    with pytest.raises(ModelError, match=message):
        fit(make(rows, **more), "reml", formula, variance_group=group)


def test_unknown_options_are_refused():
    for options in ({"method": "dl"}, {"zero_cell": "two"}, {"level": 2.0}, {"interval": "exact"},
                    {"correction": -1.0}):  # fmt: skip
        with pytest.raises(OptionError):
            fit(make(COMPLETE), **options)


def test_level_and_quantile_reach_the_intervals():
    plain, t, wide = (
        fit(make(COMPLETE), **o) for o in ({}, {"interval": "wald_t"}, {"level": 0.99})
    )
    assert plain.sensitivity.low > t.sensitivity.low and t.sensitivity.method == "wald_t"
    assert plain.sensitivity.low > wide.sensitivity.low and wide.sensitivity.level == 0.99
