from __future__ import annotations

import warnings

import numpy as np
import pytest
from edge_tables import EDGES, THREE, TWO
from reference_values import table
from study_tables import fit, table_of

from metadx.errors import MetadxWarning
from metadx.estimate import Estimate, NotApplicable
from metadx.inference.alternatives import historical, univariate_classic
from metadx.inference.comparison_of_methods import compare_methods
from metadx.inference.robustness import GROUPS, robustness
from metadx.models import BivariateModel
from metadx.models.moses import moses_littenberg


@pytest.fixture(scope="module")
def auditc():
    return fit(table("auditc"))


@pytest.fixture(scope="module")
def found(auditc):
    judged = {s: ("low", "high", "unclear")[i % 3] for i, s in enumerate(_ids(auditc))}
    return robustness(auditc, judged)


def _ids(one):
    return one.table.frame["study_id"].astype(str).tolist()


def approximate(name: str, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        return BivariateModel(table(name)).fit("reml", **options)


def test_old_against_new(auditc):
    """The page of published figures: REML with 0.5 everywhere loses 3.4 points of sensitivity."""
    compared = compare_methods(auditc)
    rows = compared.frame.set_index("method")
    assert rows.loc["exact", "sensitivity"] == pytest.approx(0.9249, abs=5e-5)
    gap = rows.loc["normal_reml_all", "sensitivity_difference"]
    assert gap == pytest.approx(-0.034, abs=5e-4)
    assert any("3.4 percentage points below" in text for text in compared.warnings)
    assert rows.loc["summed", "specificity"] == pytest.approx(
        auditc.design.counts[:, 2].sum() / auditc.design.counts[:, 3].sum()
    )
    line = moses_littenberg(auditc.table)
    wanted = line.curve(np.array([1 - auditc.specificity.value]))[0]
    assert rows.loc["moses_littenberg", "sensitivity"] == pytest.approx(wanted)
    assert np.isnan(rows.loc["moses_littenberg", "sensitivity_low"])


def test_the_normal_approximation_is_that_of_mada(auditc):
    row = compare_methods(auditc).frame.set_index("method").loc["normal_reml_all"]
    # Printed: coefficients 2.09974224746266 of logit sensitivity, +0.5 on all studies.
    logit = np.log(row["sensitivity"] / (1 - row["sensitivity"]))
    assert logit == pytest.approx(2.09974224746266, rel=1e-5)


def test_no_warning_where_methods_agree():
    same = table_of([(400, 100, 100, 900)] * 5)
    compared = compare_methods(fit(same))
    assert compared.warnings == () and "more than a point" in compared.summary()


def test_moments_from_their_formula():
    y, n = table("dementia_mmse").arrays().positives[:, 0], table("dementia_mmse").arrays().totals
    use = (y > 0) & (y < n[:, 0])
    rows = [(int(a), 5, int(b - a), 50) for a, b in zip(y[use], n[use, 0], strict=True)]
    mine = univariate_classic(fit(table_of(rows))).sensitivity
    logit = np.log(y[use] / (n[use, 0] - y[use]))
    weight = 1 / (1 / y[use] + 1 / (n[use, 0] - y[use]))
    mean = np.average(logit, weights=weight)
    q = (weight * (logit - mean) ** 2).sum()
    tau2 = (q - len(rows) + 1) / (weight.sum() - (weight**2).sum() / weight.sum())
    again = 1 / (1 / weight + max(tau2, 0))
    wanted = np.average(logit, weights=again)
    assert np.log(mine.value / (1 - mine.value)) == pytest.approx(wanted)


def test_every_group_has_its_rows(found):
    assert list(dict.fromkeys(found.frame["group"])) == list(GROUPS)
    rows = found.frame.set_index("name")
    assert rows.loc["headline", "sensitivity_difference"] == 0.0
    for name in ("low_risk", "not_high_risk", "robust", "bayesian", "univariate_exact"):
        assert np.isfinite(rows.loc[name, "sensitivity"])
    assert "zero cell" in rows.loc["normal_reml_none", "note"]
    assert (rows["k"] <= 14).all()


def test_differences_are_from_the_headline(found):
    rows = found.frame
    gap = rows["specificity"] - rows["specificity"].iloc[0]
    assert np.allclose(rows["specificity_difference"], gap, equal_nan=True)


def test_restrictions_are_refits(auditc, found):
    keep = [s for i, s in enumerate(_ids(auditc)) if i % 3 == 0]
    alone = fit(auditc.table.select(study_id=keep))
    row = found.frame.set_index("name").loc["low_risk"]
    assert row["k"] == 5
    if isinstance(alone.sensitivity, Estimate):
        assert row["sensitivity"] == pytest.approx(alone.sensitivity.value, abs=1e-5)


def test_the_sentence_names_the_largest_move(found):
    one, gap = found.largest("sensitivity")
    moves = found.frame["sensitivity_difference"].abs()
    assert abs(gap) == pytest.approx(moves.max())
    assert one.words in found.sentences[0] and "percentage points" in found.sentences[0]


def test_posterior_is_that_of_the_fit(auditc, found):
    row = found.frame.set_index("name").loc["bayesian"]
    assert row["sensitivity"] == auditc.bayesian.sensitivity.value


def test_corrections_are_the_fits_of_the_model(found):
    rows = found.frame.set_index("name")
    for policy in ("single", "all"):
        theirs = approximate("auditc", zero_cell=policy).sensitivity.value
        assert rows.loc[f"normal_reml_{policy}", "sensitivity"] == pytest.approx(theirs)


@pytest.mark.parametrize("name", EDGES)
def test_edges(name):
    one = fit(table_of(EDGES[name]))
    for made in (robustness(one, bayesian=False), compare_methods(one)):
        text = made.reason if isinstance(made, NotApplicable) else made.summary()
        assert "nan" not in text.lower()
    if one.k > 1:
        frame = made.frame
        assert (frame["sensitivity"].notna() | (frame["note"] != "")).all()


def test_restriction_that_leaves_nobody():
    one = fit(table_of(THREE))
    none = robustness(one, {"S1": "high", "S2": "high", "S3": "high"}, bayesian=False)
    rows = none.frame.set_index("name")
    assert rows.loc["low_risk", "note"].endswith("no study is left")
    unjudged = robustness(one, {"S1": "high"}, bayesian=False).frame.set_index("name")
    assert "2 not judged" in unjudged.loc["not_high_risk", "words"]
    everybody = robustness(one, {"S1": "low", "S2": "low", "S3": "low"}, bayesian=False)
    assert "these are all studies" in everybody.summary()


def test_historical_needs_a_curve():
    assert isinstance(historical(fit(table_of(TWO))).sensitivity, NotApplicable)
    assert "approximate" not in historical(fit(table_of(EDGES["perfect specificity"]))).words
