from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from edge_tables import ALL_PERFECT, EDGES, PARTIAL, SENSITIVITY_ONLY
from reference_values import table
from scipy.special import logit
from study_tables import fit, simulate, table_of

from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.inference import leave_one_out
from metadx.inference.influence import Influence
from metadx.inference.outliers import Outliers, outliers


def outliers_of(rows) -> Outliers | NotApplicable:
    return outliers(leave_one_out(fit(rows if not isinstance(rows, list) else table_of(rows))))


def test_residuals_from_their_formulas():
    found = leave_one_out(fit(table("dementia_csf")))
    frame = outliers(found, replicates=99).frame
    full = found.fit
    sigma, mu = full.between_study_cov, full.mean_logit
    for i in (0, 5, 13):
        tp, fp, fn, tn = full.table.frame.loc[i, ["tp", "fp", "fn", "tn"]].astype(float)
        y = np.log([(tp + 0.5) / (fn + 0.5), (tn + 0.5) / (fp + 0.5)])
        s = np.diag([1 / (tp + 0.5) + 1 / (fn + 0.5), 1 / (tn + 0.5) + 1 / (fp + 0.5)])
        row = frame.iloc[i]
        marginal = (y - mu) / np.sqrt(np.diag(sigma + s))
        assert row["marginal_sensitivity"] == pytest.approx(marginal[0])
        assert row["marginal_specificity"] == pytest.approx(marginal[1])
        other = found.refits[row["study_id"]]
        w = s + other.between_study_cov + other.mean_logit_cov
        gap = y - other.mean_logit
        assert row["distance"] == pytest.approx(gap @ np.linalg.inv(w) @ gap)
        assert row["deleted_specificity"] == pytest.approx(gap[1] / np.sqrt(w[1, 1]))
        # A study's own predicted value lies between its proportion and the pooled mean.
        assert abs(row["conditional_sensitivity"]) * np.sqrt(s[0, 0]) < abs(y[0] - mu[0]) + 0.3


def test_a_planted_outlier_is_found_and_nobody_else():
    good = simulate(np.random.default_rng(8), 14, 0.85, 0.9, tau=(0.2, 0.2), arms=(80, 160))
    rows = good.frame[["tp", "fp", "fn", "tn"]].astype(int).to_numpy().tolist()
    found = outliers_of([*rows, [30, 60, 70, 60]])
    assert found.outlying == ("S15",)
    assert "outlying: S15" in found.summary()


def test_p_values_where_no_study_is_outlying():
    """Over simulated tables a p value below 0.1 is as rare as it says, within three errors."""
    rng, ps = np.random.default_rng(4), []
    for _ in range(8):
        influence = leave_one_out(fit(simulate(rng, 20, 0.85, 0.85, tau=(0.5, 0.5), arms=(40, 90))))
        assert isinstance(influence, Influence)
        ps += outliers(influence, replicates=499).frame["p"].tolist()
    share = np.mean(np.array(ps) < 0.1)
    assert abs(share - 0.1) < 3.0 * np.sqrt(0.09 / len(ps)) + 0.02


def test_same_seed_same_p_values():
    found = leave_one_out(fit(table("auditc")))
    first, again, other = (outliers(found, replicates=199, seed=s).frame["p"] for s in (3, 3, 4))
    assert first.equals(again) and not first.equals(other)
    with pytest.raises(OptionError, match="at least one"):
        outliers(found, replicates=0)


def test_partial_studies_are_tested_on_the_margin_they_have():
    frame = outliers_of(PARTIAL).frame.set_index("study_id")
    assert list(frame.loc[["S6", "S7"], "margins"]) == [1, 1]
    assert np.isnan(frame.loc["S6", "deleted_specificity"])
    only = outliers_of(SENSITIVITY_ONLY).frame
    assert only["p"].notna().all() and only["deleted_specificity"].isna().all()
    expected = logit(22.5 / 63.0)
    assert np.isfinite(expected) and only["marginal_sensitivity"].iloc[3] < 0


def test_nothing_pooled_nothing_tested():
    found = outliers_of(ALL_PERFECT)
    assert isinstance(found, NotApplicable)


@pytest.mark.parametrize("name", EDGES)
def test_edges(name):
    influence = leave_one_out(fit(table_of(EDGES[name])))
    if isinstance(influence, NotApplicable):
        return
    found = outliers(influence, replicates=99)
    if isinstance(found, Outliers):
        assert (found.frame["p"].notna() | (found.frame["reason"] != "")).all()
        assert "nan" not in found.summary().lower()


def test_one_further_study_is_counted_in_the_singular():
    found = leave_one_out(fit(table("auditc")))
    tested = outliers(found, replicates=99)
    six = replace(tested, frame=tested.frame.head(6)).summary()
    assert "and 1 study with less deviation" in six
    assert "and 9 studies with less deviation" in tested.summary()
