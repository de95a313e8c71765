from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metadx.errors import OptionError, StudyTableError
from metadx.tables import StudyTable, read_studies, write_studies

SHIPPED = Path(__file__).parents[2] / "studies"


def _frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Study": ["Wu 2001", "Li 2002", "Ito 2003"],
            "TP": [10, 8, np.nan],
            "FP": [1, np.nan, 2],
            "FN": [2, 0, np.nan],
            "TN": [30, np.nan, 25],
            "Slice mm": [1.0, 3.0, 1.0],
        }
    )


@pytest.fixture(scope="module")
def shipped() -> StudyTable:
    return read_studies(SHIPPED)


def test_a_frame_becomes_a_table_with_partial_studies():
    table = StudyTable.from_frame(_frame(), "mine")
    assert table.columns == ("study_id", "tp", "fp", "fn", "tn", "Slice mm")
    assert [len(t) for t in (table.complete, table.sens_only, table.spec_only)] == [1, 1, 1]
    assert str(table.frame["tp"].dtype) == "Int64"
    assert table.sens_only.labels == ["Li 2002"]
    counts = table.arrays()
    np.testing.assert_array_equal(counts.positives, [[10, 30], [8, 0], [0, 25]])
    np.testing.assert_array_equal(counts.totals, [[12, 31], [8, 0], [0, 27]])
    assert counts.totals.dtype == np.int64


def test_the_study_may_stand_in_the_index():
    table = StudyTable.from_frame(_frame().set_index("Study"))
    assert table.labels == ["Wu 2001", "Li 2002", "Ito 2003"]


def test_nothing_changes_a_table():
    mine = _frame()
    table = StudyTable.from_frame(mine)
    before = table.sha256
    mine.loc[0, "TP"] = 99
    mine.loc[0, "Slice mm"] = 99
    copy = table.frame
    copy.loc[0, "tp"] = 99
    with pytest.raises(ValueError, match="read-only"):
        table.arrays().totals[0, 0] = 99
    with pytest.raises(FrozenInstanceError):
        table.name = "other"  # type: ignore[misc]
    fresh = StudyTable.from_frame(table.frame)
    assert fresh.sha256 == before
    assert table.frame.loc[0, "tp"] == 10
    assert table.frame.loc[0, "Slice mm"] == 1.0


def test_a_table_survives_pickling():
    table = StudyTable.from_frame(_frame(), "mine")
    table.arrays()
    again = pickle.loads(pickle.dumps(table))
    assert again == table
    assert (again.name, again.labels) == (table.name, table.labels)
    assert not again.arrays().totals.flags.writeable


def test_faults_of_a_frame_come_all_at_once():
    frame = _frame().astype({"TP": object})
    frame.loc[0, "TP"] = "12 (3)"
    frame.loc[1, "FP"] = 3
    with pytest.raises(StudyTableError) as caught:
        StudyTable.from_frame(frame)
    found = [(fault.row, fault.study, fault.column) for fault in caught.value.faults]
    assert found == [(2, "Wu 2001", "tp"), (3, "Li 2002", "tn")]


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"study": ["A"], "tp": [1]})])
def test_a_frame_without_its_columns_is_refused(frame: pd.DataFrame):
    with pytest.raises(StudyTableError, match="a column fn"):
        StudyTable.from_frame(frame)


def test_something_else_than_a_frame_is_refused():
    with pytest.raises(OptionError, match="DataFrame is needed, not list"):
        StudyTable.from_frame([1, 2])  # type: ignore[arg-type]


def test_selection_by_value_and_by_list(shipped: StudyTable):
    hip = shipped.select(modality="ct", site=["hip", "pelvis"])
    assert set(hip.frame["site"]) == {"hip", "pelvis"}
    assert set(hip.frame["modality"]) == {"ct"}
    assert shipped.select(modality="ct", site="hip").name == "ct/hip"
    assert len(shipped.select(year=2020)) == shipped.frame["year"].eq(2020).sum()
    # A code that exists, in a place without studies, is an empty answer and no error.
    assert len(shipped.select(modality="tbs", site="rib")) == 0


def test_selection_names_what_there_is(shipped: StudyTable):
    with pytest.raises(
        OptionError, match=r"no value 'MRT'; did you mean 'mri'\? \(there are: xray"
    ):
        shipped.select(modality="MRT")
    with pytest.raises(OptionError, match=r"no column 'modalty'; did you mean 'modality'"):
        shipped.select(modalty="ct")
    with pytest.raises(OptionError, match="has no value 7"):
        StudyTable.from_frame(_frame()).select(**{"Slice mm": 7})


def test_select_understands_other_spellings_of_a_column():
    table = StudyTable.from_frame(_frame())
    assert table.select(study="Li 2002").labels == ["Li 2002"]


def test_strata_hold_every_row_once(shipped: StudyTable):
    strata = shipped.strata()
    assert list(strata) == sorted(strata)
    assert sum(map(len, strata.values())) == len(shipped)
    for name, stratum in strata.items():
        assert stratum.stratum_id == stratum.name == name
    assert len(strata) >= 45


def test_a_table_of_several_strata_has_no_single_identifier(shipped: StudyTable):
    with pytest.raises(OptionError, match="holds"):
        _ = shipped.stratum_id


def test_a_table_without_strata_is_one(tmp_path: Path):
    table = StudyTable.from_frame(_frame(), "mine")
    assert list(table.strata()) == ["mine"]
    assert table.stratum_id == "mine"
    assert table.pooled() is table


def test_a_study_is_pooled_once_per_stratum(shipped: StudyTable):
    for stratum in shipped.strata().values():
        assert stratum.pooled().frame["study_id"].is_unique


def test_labels_say_what_is_not_known(studies: Callable, row: Callable):
    rows = [
        row("A1", first_author="Zhang", year="2020"),
        row("A2", first_author="Zhang", year="2020"),
        row("A2", first_author="Zhang", year="2020", unit="fracture"),
        row("A3", first_author="", year="2020"),
        row("A4", first_author="Lee", year=""),
        row("A5", first_author="", year=""),
        row("A6", first_author="", year=""),
    ]
    table = read_studies(studies({"ct/hip.csv": rows}))
    assert table.labels == [
        "Zhang 2020a",
        "Zhang 2020b",
        "Zhang 2020b",
        "author not stated, 2020",
        "Lee, year not stated",
        "author not stated (a)",
        "author not stated (b)",
    ]
    assert table.select(study_id="A2").labels == ["Zhang 2020b", "Zhang 2020b"]


def test_printing(shipped: StudyTable):
    text = repr(StudyTable.from_frame(_frame(), "mine"))
    assert text == (
        "<StudyTable 'mine': 3 rows, 3 studies, 1 complete, "
        "1 with sensitivity only, 1 with specificity only>"
    )
    frame = _frame()
    frame.loc[0, "Study"] = "<script>"
    html = StudyTable.from_frame(frame)._repr_html_()
    assert "&lt;script&gt;" in html
    assert "NaN" not in html
    assert "<NA>" not in html
    assert "more rows" in shipped._repr_html_()


def test_an_empty_selection_works(shipped: StudyTable):
    empty = shipped.select(modality="tbs", site="rib")
    assert (len(empty.pooled()), len(empty.complete), empty.strata()) == (0, 0, {})
    assert empty.arrays().totals.shape == (0, 2)
    assert "0 rows" in repr(empty)
    assert empty._repr_html_()


def test_shipped_tables_round_trip(shipped: StudyTable, tmp_path: Path):
    path = tmp_path / "all.csv"
    write_studies(shipped, path)
    again = read_studies(path)
    assert again == shipped
    assert list(tmp_path.iterdir()) == [path]


_margin = st.one_of(
    st.none(), st.tuples(st.integers(0, 5000), st.integers(0, 5000)).filter(lambda m: sum(m) > 0)
)
_study = st.tuples(_margin, _margin).filter(lambda pair: pair != (None, None))
_name = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(_name, _study, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_any_table_in_any_case_round_trips(
    tmp_path_factory: pytest.TempPathFactory, drawn: dict, random
):
    rows = [
        (name, *(first or (None, None)), *(second or (None, None)))
        for name, (first, second) in drawn.items()
    ]
    names = ["study", "tp", "fn", "tn", "fp"]
    spelled = ["".join(random.choice([c.upper(), c.lower()]) for c in name) for name in names]
    table = StudyTable.from_frame(pd.DataFrame(rows, columns=spelled))
    path = tmp_path_factory.mktemp("trip") / "mine.csv"
    write_studies(table, path)
    assert read_studies(path) == table
    assert len(table.complete) + len(table.sens_only) + len(table.spec_only) == len(drawn)
