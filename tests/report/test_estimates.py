"""The table of estimates: its columns, what is empty and why, and both files alike."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from io import BytesIO

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from metadx.errors import MetadxWarning
from metadx.models import BivariateModel, BivariateResults
from metadx.report.estimates import (
    COLUMNS,
    NOTHING,
    Cell,
    StratumRecord,
    failed,
    record_of,
    row_of,
    with_headlines,
)
from metadx.report.output import TEXT, WHOLE, csv_text, parquet_bytes
from metadx.tables import StudyTable, headline_strata

#: Rows of tp, fp, fn, tn; None is an empty cell.
TABLES: dict[str, list[tuple[int | None, ...]]] = {
    "bivariate": [
        (18, 4, 2, 40), (25, 8, 15, 31), (40, 3, 6, 60), (9, 9, 9, 22), (30, 1, 12, 48),
        (50, 12, 3, 60),
    ],
    "single": [(18, 4, 2, 40)],
    "sens_only": [(18, None, 2, None), (25, None, 9, None), (40, None, 2, None)],
    "perfect": [(18, 0, 2, 40), (25, 0, 9, 31), (9, 0, 2, 22)],
    "unbounded": [(20, 1, 0, 30), (15, 9, 0, 8), (30, 0, 9, 30)],
}  # fmt: skip
#: The columns that the issue names, in its order.
NAMED = (
    "modality", "site", "unit", "population", "headline", "k", "k_complete", "k_sens_only",
    "k_spec_only", "n_diseased", "n_nondiseased", "model_path", "at_boundary", "sensitivity",
    "sensitivity_low", "sensitivity_high", "specificity", "specificity_low", "specificity_high",
)  # fmt: skip


def fitted(name: str) -> tuple[BivariateResults, StratumRecord]:
    frame = pd.DataFrame(TABLES[name], columns=["tp", "fp", "fn", "tn"], dtype="Int64")
    frame["study"] = [f"s{i}" for i in range(len(frame))]
    table = StudyTable.from_frame(frame, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        fit = BivariateModel(table).fit()
        assert isinstance(fit, BivariateResults)
        return fit, record_of(name, table, fit)


@pytest.fixture(scope="module")
def records() -> dict[str, StratumRecord]:
    return {name: fitted(name)[1] for name in TABLES}


def test_columns_begin_with_those_that_were_asked_for() -> None:
    assert COLUMNS[0] == "stratum"
    assert COLUMNS[1 : 1 + len(NAMED)] == NAMED
    assert COLUMNS[-1] == "reason"
    assert len(set(COLUMNS)) == len(COLUMNS)
    assert set(COLUMNS) >= WHOLE | TEXT


def test_a_row_repeats_the_fit() -> None:
    fit, record = fitted("bivariate")
    row = row_of(record)
    assert tuple(row) == COLUMNS
    assert row["k"] == row["k_complete"] == 6
    assert row["model_path"] == "bivariate"
    for name in ("sensitivity", "specificity", "lr_positive", "lr_negative", "dor", "auc"):
        quantity = getattr(fit, name)
        assert (row[name], row[f"{name}_low"], row[f"{name}_high"]) == (
            quantity.value,
            quantity.low,
            quantity.high,
        )
    assert row["sensitivity_prediction_low"] == fit.prediction_sensitivity.low  # type: ignore[union-attr]
    assert row["converged"] is True


def assert_empty(row: Mapping[str, Cell], *names: str) -> None:
    for name in names:
        assert row[name] is None, name


def test_one_study_has_its_own_proportions_and_nothing_pooled(
    records: dict[str, StratumRecord],
) -> None:
    row = row_of(records["single"])
    assert row["sensitivity"] == 0.9
    assert row["model_path"] == "single_study"
    assert_empty(row, "tau_sens", "tau_spec", "correlation", "lr_positive", "auc", "converged")
    assert_empty(row, "sensitivity_prediction_low", "sensitivity_bayesian", "gradient_norm")
    assert "one study" in str(row["reason"])


def test_a_margin_that_nobody_reports_is_empty(records: dict[str, StratumRecord]) -> None:
    row = row_of(records["sens_only"])
    assert (row["k_sens_only"], row["k_complete"]) == (3, 0)
    assert_empty(row, *(name for name in COLUMNS if name.startswith("specificity") and
                        name not in TEXT | WHOLE))  # fmt: skip
    assert row["specificity_k"] == 0
    assert row["specificity_heterogeneity"] == ""
    assert "no study reports specificity" in str(row["reason"])


def test_a_margin_without_bounded_heterogeneity_has_range_sum_and_posterior(
    records: dict[str, StratumRecord],
) -> None:
    row = row_of(records["unbounded"])
    assert row["sensitivity_heterogeneity"] == "not_estimable"
    assert_empty(row, "sensitivity", "sensitivity_low", "sensitivity_high", "tau_sens")
    assert row["sensitivity_fixed_effect"] == pytest.approx(65 / 74, abs=1e-15)
    assert row["sensitivity_studies_low"] == pytest.approx(30 / 39, abs=1e-15)
    assert row["sensitivity_studies_high"] == 1.0
    low, high = row["sensitivity_bayesian_low"], row["sensitivity_bayesian_high"]
    assert isinstance(low, float)
    assert isinstance(high, float)
    assert 0.3 < low < 65 / 74 < high < 1.0
    assert str(row["prior"])


def test_a_perfect_margin_is_labelled_as_summed(records: dict[str, StratumRecord]) -> None:
    record = records["perfect"]
    assert record.specificity.path == "fixed_effect"
    assert not record.specificity.is_pooled
    assert record.specificity.best == record.specificity.pooled != NOTHING


def test_every_absent_number_has_a_reason(records: dict[str, StratumRecord]) -> None:
    for record in records.values():
        row = row_of(record)
        for name in ("sensitivity", "specificity", "lr_positive", "auc", "correlation"):
            if row[name] is None:
                assert name in str(row["reason"]), (record.stratum, name)


def test_no_number_is_rounded_and_none_is_nan(records: dict[str, StratumRecord]) -> None:
    rows = [row_of(record) for record in records.values()]
    text = csv_text(rows, COLUMNS)
    assert "nan" not in text.lower()
    back = pd.read_csv(pd.io.common.StringIO(text)).to_dict("records")
    for row, read in zip(rows, back, strict=True):
        for name in set(COLUMNS) - TEXT:
            if row[name] is None:
                assert np.isnan(read[name])
            else:
                assert read[name] == row[name]


def test_parquet_holds_the_same_table_with_types_and_origin(
    records: dict[str, StratumRecord],
) -> None:
    rows = [row_of(record) for record in records.values()]
    data = parquet_bytes(rows, COLUMNS, {"version": "1", "tables": "abc"})
    table = pq.read_table(BytesIO(data))
    assert tuple(table.column_names) == COLUMNS
    assert table.schema.metadata[b"metadx.tables"] == b"abc"
    assert str(table.schema.field("k").type) == "int64"
    assert str(table.schema.field("sensitivity").type) == "double"
    assert table.column("specificity")[2].as_py() is None
    written = csv_text(
        [
            {name: "" if cell is None else cell for name, cell in row.items()}
            for row in table.to_pylist()
        ],
        COLUMNS,
    )
    assert written == csv_text(rows, COLUMNS)
    assert parquet_bytes(rows, COLUMNS, {"version": "1", "tables": "abc"}) == data


def test_an_empty_table_keeps_its_columns() -> None:
    assert csv_text([], COLUMNS) == ",".join(COLUMNS) + "\n"
    assert pq.read_table(BytesIO(parquet_bytes([], COLUMNS, {}))).num_rows == 0


def test_records_survive_the_cache(records: dict[str, StratumRecord]) -> None:
    for record in records.values():
        assert StratumRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record


def test_a_failed_stratum_keeps_its_counts_and_its_message() -> None:
    table = fitted("bivariate")[0].table
    row = row_of(failed("x", table, "no maximum"))
    assert (row["k"], row["n_diseased"], row["reason"]) == (6, 219, "not computed: no maximum")
    assert row["sensitivity"] is None


def test_the_headline_is_the_stratum_with_the_most_studies() -> None:
    def rows(unit: str, population: str, count: int) -> list[dict[str, object]]:
        return [
            {"study": f"{unit}{population}{i}", "tp": 9, "fp": 1, "fn": 1, "tn": 9,
             "modality": "ct", "site": "hip", "unit": unit, "population": population}
            for i in range(count)
        ]  # fmt: skip

    frame = pd.DataFrame(
        rows("patient", "all_suspected", 2)
        + rows("fracture", "all_suspected", 3)
        + rows("patient", "radiograph_negative", 3)
    )
    table = StudyTable.from_frame(frame)
    made = [failed(name, rows, "") for name, rows in table.strata().items()]
    found = with_headlines(reversed(made), headline_strata(table).values())
    assert [record.stratum for record in found] == sorted(table.strata())
    assert [record.stratum for record in found if record.headline] == [
        "ct/hip/patient/radiograph_negative"
    ]
