from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from study_tables import fit, table_of

from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.inference.imputation import impute, rubin
from metadx.tables import reconstruct_counts

ROWS = [(18, 4, 2, 40), (25, 2, 5, 31), (40, 9, 6, 60), (9, 1, 3, 22), (30, 6, 4, 48),
        (420, 60, 30, 400)]  # fmt: skip


def _solutions() -> dict[int, pd.DataFrame]:
    return {
        5: reconstruct_counts(93, 87, n_diseased=450, n_nondiseased=460),
        1: pd.DataFrame([(25, 2, 5, 31), (25, 3, 5, 30)], columns=["tp", "fp", "fn", "tn"]),
    }


def _rubin_by_hand(q: list[float], u: list[float], nu: float) -> tuple[float, float, float]:
    """Barnard & Rubin 1999, equations (1) to (3), one sum after the other."""
    m = len(q)
    mean = sum(q) / m
    between = sum((x - mean) ** 2 for x in q) / (m - 1)
    total = sum(u) / m + (m + 1) / m * between
    gamma = (m + 1) / m * between / total
    nu_m = (m - 1) / gamma**2
    nu_obs = (nu + 1) / (nu + 3) * nu * (1 - gamma)
    return mean, total, 1 / (1 / nu_m + 1 / nu_obs)


def test_rubins_rules_against_sums_written_out():
    rng = np.random.default_rng(3)
    q, u = rng.normal(2, 0.3, 7), rng.uniform(0.05, 0.2, 7)
    found = rubin(q, u, degrees=9.0)
    expected = _rubin_by_hand(list(q), list(u), 9.0)
    got = (found.estimate, found.total, found.degrees_of_freedom)
    assert got == pytest.approx(expected, rel=1e-12)
    assert 0 < found.fraction_missing < 1


def test_without_spread_nothing_is_missing():
    found = rubin(np.full(5, 1.5), np.full(5, 0.04))
    assert found.between == 0
    assert found.total == pytest.approx(0.04)
    assert found.degrees_of_freedom == np.inf
    assert found.fraction_missing == 0.0


def test_the_pooled_interval_against_separate_fits():
    table = table_of(ROWS)
    found = impute(table, _solutions(), m=6, seed=4)
    rng = np.random.default_rng(4)
    frames = _solutions()
    draws = {row: rng.integers(len(frames[row]), size=6) for row in (1, 5)}
    logits, variances = [], []
    for i in range(6):
        rows = [list(row) for row in ROWS]
        for row in (1, 5):
            cells = frames[row].iloc[draws[row][i]]
            rows[row] = [int(cells[name]) for name in ("tp", "fp", "fn", "tn")]
        one = fit(table_of(rows))
        logits.append(float(one.mean_logit[0]))
        variances.append(float(one.mean_logit_cov[0, 0]))
    q, total, df = _rubin_by_hand(logits, variances, 1e12)
    half = stats.t.ppf(0.975, df) * np.sqrt(total)
    expected = 1 / (1 + np.exp(-np.array([q, q - half, q + half])))
    got = found.sensitivity
    # The standard error comes back from the printed interval of the fit: rounding error only.
    assert (got.value, got.low, got.high) == pytest.approx(tuple(expected), abs=1e-7)
    assert got.method == "rubin"
    assert found.k == 6
    assert found.k_imputed == 2


def test_certain_counts_give_the_plain_fit():
    table = table_of(ROWS)
    sure = {0: pd.DataFrame([ROWS[0]], columns=["tp", "fp", "fn", "tn"])}
    found, plain = impute(table, sure, m=2), fit(table)
    assert found.specificity.low == pytest.approx(plain.specificity.low, abs=1e-9)
    assert found.specificity.high == pytest.approx(plain.specificity.high, abs=1e-9)
    assert found.fraction_missing == {"sensitivity": 0.0, "specificity": 0.0}
    assert found.k_imputed == 0


def test_slack_widens_the_interval():
    rows = [(90, 10, 10, 90), (85, 12, 15, 88), (70, 20, 30, 80), (95, 5, 5, 95)]
    margins = {"n_diseased": 100, "n_nondiseased": 100}
    wide = {i: reconstruct_counts(**margins, n_test_positive=100) for i in (0, 3)}
    wide = {i: frame[frame["tp"].between(60, 95)] for i, frame in wide.items()}
    found, plain = impute(table_of(rows), wide, m=30), fit(table_of(rows))
    width = found.sensitivity.high - found.sensitivity.low
    assert width > plain.sensitivity.high - plain.sensitivity.low
    assert found.fraction_missing["sensitivity"] > 0.1


def test_the_seed_decides_and_student_is_wider():
    table, frames = table_of(ROWS), _solutions()
    one, same = impute(table, frames, m=5, seed=9), impute(table, frames, m=5, seed=9)
    pd.testing.assert_frame_equal(one.imputations, same.imputations)
    other = impute(table, frames, m=5, seed=10)
    assert not one.imputations.equals(other.imputations)
    student = impute(table, frames, m=5, seed=9, interval="wald_t")
    assert student.sensitivity.high - student.sensitivity.low > (
        one.sensitivity.high - one.sensitivity.low
    )


def test_a_single_study_has_no_standard_error():
    found = impute(table_of(ROWS[5:]), {0: _solutions()[5]}, m=3)
    assert isinstance(found.sensitivity, NotApplicable)
    assert "3 of 3 imputations" in found.sensitivity.reason
    assert found.pooled == {}
    assert "not applicable" in found.summary()


def test_a_margin_that_is_reported_alone():
    rows = [(18, None, 2, None), (25, None, 5, None), (40, None, 6, None), (419, None, 31, None)]
    frames = {3: reconstruct_counts(sensitivity=93, n_diseased=450)}
    found = impute(table_of(rows), frames, m=4)
    assert 0.8 < found.sensitivity.value < 0.95
    assert isinstance(found.specificity, NotApplicable)
    assert "sensitivity" in found.fraction_missing


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"m": 1}, "at least 2"),
        ({"method": "bayes"}, "exact, laplace"),
        ({"interval": "profile"}, "wald_t"),
        ({"level": 1.0}, "between 0 and 1"),
        ({"solutions": {17: _solutions()[5]}}, "rows 0 to 5"),
        ({"solutions": {1: _solutions()[5].iloc[:0]}}, "S2"),
    ],
)
def test_wrong_options_are_refused(change: dict, message: str):
    options = {"solutions": _solutions(), **change}
    with pytest.raises(OptionError, match=message):
        impute(table_of(ROWS), **options)
