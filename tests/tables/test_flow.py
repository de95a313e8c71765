from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from metadx.tables import StudyTable, flow, flow_text, headline_strata, read_studies

SHIPPED = Path(__file__).parents[2] / "studies"
OUT = {"pool": "no", "pool_note": "x"}
FILM_NEGATIVE = "ct/hip/patient/radiograph_negative"


@pytest.fixture(scope="module")
def shipped() -> StudyTable:
    return read_studies(SHIPPED)


def test_every_row_is_accounted_for(shipped: StudyTable):
    frame = flow(shipped)
    total = frame.iloc[-1]
    assert total["stratum"] == "total"
    assert total["extracted"] == len(shipped)
    assert total["pooled"] == len(shipped.pooled())
    reasons = frame.filter(like="excluded_").sum(axis=1)
    assert (frame["extracted"] == frame["removed"] + frame["excluded"] + frame["pooled"]).all()
    assert (frame["excluded"] == reasons).all()
    parts = frame["complete"] + frame["sens_only"] + frame["spec_only"]
    assert (frame["pooled"] == parts).all()
    assert frame["stratum"].tolist()[:-1] == list(shipped.strata())


def test_flow_by_reason(studies: Callable, row: Callable):
    partial = {"fp": "", "tn": "", "reported_specificity": "", "derivation": "sensitivity_only"}
    rows = [
        row("A1"),
        row("A2", **partial),
        row("A3", **OUT, pool_reason="conflict"),
        row("A4", **OUT, pool_reason="conflict"),
        row("A5", **OUT, pool_reason="incorporation"),
    ]
    removed = [row("A1", **OUT, pool_reason="double_entry")]
    table = read_studies(studies({"ct/hip.csv": rows, "removed.csv": removed}))
    counted = flow(table).drop(columns=["headline"]).set_index("stratum").loc[FILM_NEGATIVE]
    assert counted.to_dict() == {
        "extracted": 6,
        "removed": 1,
        "excluded": 3,
        "excluded_conflict": 2,
        "excluded_incorporation": 1,
        "pooled": 2,
        "complete": 1,
        "sens_only": 1,
        "spec_only": 0,
    }
    text = flow_text(table)
    assert "conflicting figures" in text
    assert (
        f"* {FILM_NEGATIVE}: CT, hip, per patient, radiograph negative\n"
        "    6 extracted, 1 removed, 2 excluded (conflicting figures), "
        "1 excluded (part of the reference), 2 pooled (1 complete, 1 sensitivity only)\n"
    ) in text


def _headline(studies: Callable, rows: list[dict[str, str]]) -> str:
    return headline_strata(read_studies(studies({"ct/hip.csv": rows})))["ct/hip"]


ALL = {"population": "all_suspected"}
PARTIAL = {"fp": "", "tn": "", "reported_specificity": "", "derivation": "sensitivity_only"}
BIG = {"tp": "380", "fn": "40"}
BONE = {"unit": "bone"}


@pytest.mark.parametrize(
    ("one", "other", "chosen"),
    [
        ([{}], [ALL, ALL], "ct/hip/patient/all_suspected"),
        ([{}], [ALL, ALL | OUT | {"pool_reason": "conflict"}], "ct/hip/patient/all_suspected"),
        ([{}, {}], [ALL, ALL | PARTIAL | BIG], FILM_NEGATIVE),
        ([{}], [ALL | BIG], "ct/hip/patient/all_suspected"),
        ([BONE], [ALL], "ct/hip/patient/all_suspected"),
        ([BONE], [{}], FILM_NEGATIVE),
    ],
    ids=["most_pooled", "by_name", "most_complete", "most_people", "unit_patient", "unit_again"],
)
def test_the_headline_of_a_test_and_site(
    studies: Callable, row: Callable, one: list, other: list, chosen: str
):
    rows = [row(f"S{i}", **changes) for i, changes in enumerate([*one, *other])]
    assert _headline(studies, rows) == chosen


def test_nothing_pooled_has_no_headline(studies: Callable, row: Callable):
    rows = [row(**OUT, pool_reason="conflict")]
    assert headline_strata(read_studies(studies({"ct/hip.csv": rows}))) == {}


def test_shipped_headlines_are_one_per_test_and_site(shipped: StudyTable):
    headlines = headline_strata(shipped)
    frame = flow(shipped)
    assert frame["headline"].sum() == len(headlines) >= 45
    for place, stratum in headlines.items():
        assert stratum.startswith(f"{place}/")
        assert len(shipped.strata()[stratum].pooled()) > 0


def test_somebody_elses_table_flows_as_one_stratum():
    frame = pd.DataFrame({"study": ["A", "B"], "tp": [1, 2], "fp": 1, "fn": 1, "tn": 3})
    table = StudyTable.from_frame(frame, "mine")
    assert flow(table)[["stratum", "extracted", "pooled"]].to_numpy().tolist() == [
        ["mine", 2, 2],
        ["total", 2, 2],
    ]
    assert headline_strata(table) == {"mine": "mine"}
    assert "mine: mine" in flow_text(table)
