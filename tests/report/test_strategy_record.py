"""The strategies as the page and the table of results have them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from metadx.decision.strategy import Strategy
from metadx.decision.strategy_results import StrategyResults
from metadx.report.strategies import (
    COLUMNS,
    OUTCOMES,
    PRETEST_PERCENT,
    StrategyRecord,
    strategies_for_page,
    strategy_record,
    strategy_rows,
)

ROOT = Path(__file__).parents[2]
DRAWS = 400


@pytest.fixture(scope="module")
def results() -> StrategyResults:
    path = ROOT / "analyses" / "strategies" / "hip.toml"
    return Strategy.from_file(path, ROOT / "studies").evaluate(draws=DRAWS, seed=3)


@pytest.fixture(scope="module")
def record(results: StrategyResults) -> StrategyRecord:
    return strategy_record("hip", results)


def test_rows_are_the_evaluation_at_each_pretest_probability(
    results: StrategyResults, record: StrategyRecord
) -> None:
    rows = strategy_rows([record])
    assert len(rows) == len(results.names) * len(PRETEST_PERCENT) * (len(OUTCOMES) + 1)
    assert all(set(row) == set(COLUMNS) for row in rows)
    at = replace(results, prevalence=np.full(DRAWS, 0.4))
    for row in rows:
        if row["pretest"] == 0.4 and row["outcome"] in OUTCOMES:
            expected = at.estimate(str(row["strategy"]), str(row["outcome"]))
            assert (row["value"], row["low"], row["high"]) == (
                expected.value, expected.low, expected.high,
            )  # fmt: skip


def test_found_and_missed_are_all_fractures(record: StrategyRecord) -> None:
    found = {(r["strategy"], r["pretest"], r["outcome"]): r["value"] for r in record.rows}
    for (strategy, pretest, outcome), value in found.items():
        if outcome == "found":
            # Means of complementary draws: only rounding separates their sum from the total.
            assert value + found[strategy, pretest, "missed"] == pytest.approx(1000 * pretest)


def test_probabilities_of_being_best_sum_to_one(record: StrategyRecord) -> None:
    assert record.criterion == "net_benefit"
    for percent in PRETEST_PERCENT:
        shares = [
            row["value"]
            for row in record.rows
            if row["outcome"] == "probability_best"
            and row["pretest"] == percent / 100
            and row["value"] is not None
        ]
        assert sum(shares) == pytest.approx(1.0, abs=1e-9)  # ties are shared, nothing is lost


def test_a_record_survives_json_and_the_page_has_every_number(record: StrategyRecord) -> None:
    assert StrategyRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record
    page = strategies_for_page([record])[0]
    assert [one["label"] for one in page["strategies"]] == list(record.labels.values())
    for one in page["strategies"]:
        assert all(
            len(one[name]) == len(PRETEST_PERCENT) for name in (*OUTCOMES, "probability_best")
        )
    assert "At 40 %" in record.answer
