from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metadx.decision import distributions
from metadx.decision.inputs import check_inputs, inputs_frame, read_inputs
from metadx.errors import OptionError, StudyTableError

FILE = Path(__file__).parents[2] / "studies" / "strategy_inputs.csv"
#: Root finding stops at 1e-12 of the logarithm of the concentration.
SOLVED = 1e-9


@pytest.mark.parametrize(
    ("family", "value", "low", "high"),
    [("beta", 0.39, 0.35, 0.43), ("beta", 0.92, 0.83, 0.98), ("gamma", 278.0, 84.0, 472.0)],
)
def test_mean_and_width_are_those_stated(
    family: str, value: float, low: float, high: float
) -> None:
    found = distributions.from_interval(family, value, low, high)
    assert found.mean == pytest.approx(value, rel=SOLVED)
    width = found.quantile(0.975) - found.quantile(0.025)
    assert width == pytest.approx(high - low, rel=SOLVED)


def test_quartiles_are_met_exactly_and_a_lognormal_has_the_value_as_median() -> None:
    gamma = distributions.from_interval("gamma", 2.31, 1.82, 3.58, "quartiles")
    assert gamma.quantile(0.25) == pytest.approx(1.82, rel=1e-6)
    assert gamma.quantile(0.75) == pytest.approx(3.58, rel=1e-6)
    ratio = distributions.from_interval("lognormal", 0.8, 0.66, 0.97)
    assert ratio.quantile(0.5) == pytest.approx(0.8, rel=1e-12)
    assert ratio.quantile(0.975) / ratio.quantile(0.025) == pytest.approx(0.97 / 0.66, rel=1e-9)


def test_counts_and_standard_errors() -> None:
    share = distributions.from_share(12 / 53, 53)
    assert (share.first, share.second) == pytest.approx((12.5, 41.5))
    mean = distributions.from_standard_deviation(53.76, 31.2, 21)
    assert mean.mean == pytest.approx(53.76)
    sd = np.sqrt(mean.first) * mean.second
    assert sd == pytest.approx(31.2 / np.sqrt(21), rel=1e-12)


@pytest.mark.parametrize(
    "one",
    [
        distributions.from_share(0.3, 20),
        distributions.fixed(0.4),
        distributions.from_interval("gamma", 3.0, 1.0, 6.0),
        distributions.from_interval("lognormal", 3.0, 1.0, 9.0),
    ],
)
def test_draws_follow_the_distribution(one: distributions.Distribution) -> None:
    drawn = one.draw(40_000, np.random.default_rng(3))
    # Four standard errors of a mean of 40,000 draws; a fixed number has none.
    assert drawn.mean() == pytest.approx(one.mean, abs=4 * drawn.std() / 200 + 1e-12)
    assert np.mean(drawn <= one.quantile(0.9)) == pytest.approx(
        1 if one.is_fixed else 0.9, abs=0.01
    )


def test_impossible_distributions_are_refused() -> None:
    for family, value, low, high, words in (
        ("beta", 0.5, 0.6, 0.7, "inside an interval"),
        ("beta", 1.0, 0.9, 1.0, "between 0 and 1"),
        ("gamma", 1.0, 0.0, 400.0, "as wide as"),
        ("lognormal", 1.0, 0.0, 2.0, "no end at 0"),
        ("normal", 0.5, 0.4, 0.6, "there are beta, gamma"),
    ):
        with pytest.raises(OptionError, match=words):
            distributions.from_interval(family, value, low, high)


def test_the_shipped_inputs_have_no_fault_and_keep_their_sources() -> None:
    inputs = read_inputs(FILE)
    assert check_inputs(FILE.parent) == ()
    assert len(inputs) == 185
    hip = inputs["PREV01"]
    assert (hip.value, hip.lower, hip.upper) == pytest.approx((0.39, 0.35, 0.43))
    assert "10.1148/radiol.2020192167" in hip.source
    assert hip.basis == "beta from the 95% interval"
    assert inputs["AVAIL03"].distribution.is_fixed
    assert inputs["AVAIL03"].basis == "no interval stated: fixed"
    assert not inputs["ICER01"].use and inputs["ICER01"].use_reason == "published_result"
    assert inputs["COST30"].currency == "GBP" and inputs["COST30"].price_year_stated
    assert all(one.distribution.is_fixed or one.use or one.use_reason for one in inputs.values())
    assert len(inputs_frame(inputs)) == len(inputs)


FAULTS = [
    ("input_id", "PREV01", "each input once"),
    ("input_id", "not an id", "ASCII letters"),
    ("quantity", "prevalance", "did you mean 'prevalence'"),
    ("value", "4O", "a number"),
    ("upper", "130", "a number from 0 up to 100"),
    ("value", "50", "a value between 35 and 43"),
    ("upper", "", "both ends or none"),
    ("interval", "", "what lower and upper are"),
    ("family", "gamma", ""),
    ("events", "9999", "at most n"),
    ("use", "maybe", "one of yes, no"),
    ("use_reason", "low_quality", "only there"),
    ("source_title", "", "a value"),
    ("printed", "", "a value"),
]


@pytest.mark.parametrize(("column", "cell", "words"), FAULTS)
def test_each_fault_is_named(tmp_path: Path, column: str, cell: str, words: str) -> None:
    frame = pd.read_csv(FILE, dtype=str, keep_default_na=False)
    row = 0 if column != "input_id" or cell != "PREV01" else 1
    frame.loc[row, column] = cell
    path = tmp_path / "strategy_inputs.csv"
    frame.to_csv(path, index=False)
    if not words:
        assert read_inputs(path)["PREV01"].distribution.family == "gamma"
        return
    with pytest.raises(StudyTableError) as caught:
        read_inputs(path)
    (fault,) = caught.value.faults
    assert words in str(fault) and fault.row == row + 2


def test_all_faults_come_at_once_and_a_missing_column_too(tmp_path: Path) -> None:
    frame = pd.read_csv(FILE, dtype=str, keep_default_na=False)
    for row, (column, cell) in enumerate([("unit", "per cent"), ("currency", ""), ("doi", "")]):
        frame.loc[row, column] = cell
    frame.loc[2, ["pmid", "source_url"]] = ""
    frame.loc[3, "family"] = "lognormal"
    costs = frame.index[frame["input_id"] == "COST30"]
    frame.loc[costs, "currency"] = ""
    path = tmp_path / "strategy_inputs.csv"
    frame.to_csv(path, index=False)
    rules = [fault.rule for fault in check_inputs(tmp_path)]
    assert rules == ["code", "source", "family", "currency"]
    frame.drop(columns=["use", "family"]).to_csv(path, index=False)
    assert [fault.column for fault in check_inputs(tmp_path)] == ["family", "use"]
    path.unlink()
    assert check_inputs(tmp_path) == ()
