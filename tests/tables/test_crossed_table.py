"""Tables of cross-classified patients: how they are read, and every fault at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metadx.errors import OptionError, StudyTableError
from metadx.tables import StudyTable
from metadx.tables.crossed import CELLS, CrossedTable, read_crossed

COLUMNS = ["study", *CELLS[0], *CELLS[1], "test_a", "test_b"]
#: Two published cross-tables of urine tests for bladder cancer (facts, as collected in the
#: data sets of the R programs of A. H. Zwinderman): cytology with NMP22 and with BTA stat.
BLADDER = [
    ["Miyanaga", 12, 2, 8, 0, 0, 1, 60, 218, "cytology", "NMP22"],
    ["Nasuti", 3, 0, 0, 0, 1, 3, 15, 78, "cytology", "BTA stat"],
]


def frame(rows=BLADDER) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS)


def test_the_cells_stand_by_who_is_right() -> None:
    table = CrossedTable.from_frame(frame(), "cytology", "NMP22")
    assert (table.a, table.b, table.studies) == ("cytology", "NMP22", ("Miyanaga",))
    # Among the non-diseased a negative result is right: "b only" positive is "a alone" right.
    assert table.cells.tolist() == [[[12, 2, 8, 0], [218, 60, 1, 0]]]
    right, total = table.margins()
    assert right.tolist() == [[[14, 20], [278, 219]]]
    assert total.tolist() == [[[22, 22], [279, 279]]]
    assert table.crossed.all()


def test_a_row_that_names_the_tests_the_other_way_round_is_turned() -> None:
    ours = CrossedTable.from_frame(frame(), "cytology", "NMP22")
    other = CrossedTable.from_frame(frame(), "NMP22", "cytology")
    assert other.cells.tolist() == ours.cells[:, :, [0, 2, 1, 3]].tolist()
    mixed = frame()
    mixed.loc[2] = ["Other", 9, 1, 4, 6, 2, 3, 5, 70, "NMP22", "cytology"]
    both = CrossedTable.from_frame(mixed, "cytology", "NMP22")
    assert both.cells[1].tolist() == [[9, 4, 1, 6], [70, 3, 5, 2]]
    margins = pd.DataFrame({"study": ["M"], "tp_a": [8], "fn_a": [2], "tp_b": [5], "fn_b": [5],
                            "test_a": ["y"], "test_b": ["x"]})  # fmt: skip
    turned = CrossedTable.from_frame(margins, "x", "y")
    assert turned.right[0, 0].tolist() == [5, 8]


def test_several_pairs_have_to_be_chosen_from() -> None:
    with pytest.raises(OptionError, match="NMP22 and cytology; BTA stat and cytology"):
        CrossedTable.from_frame(frame())
    with pytest.raises(OptionError, match="name the two tests"):
        CrossedTable.from_frame(frame(), "cytology", "CT")
    assert CrossedTable.from_frame(frame()[:1]).b == "NMP22"


def test_margins_stand_beside_cross_tables(tmp_path: Path) -> None:
    text = (
        "Study,both_positive_diseased,a_only_diseased,b_only_diseased,both_negative_diseased,"
        "tp_a,fn_a,tp_b,fn_b,tn_a,fp_a\n"
        "One,10,3,2,5,,,,,40,2\n"
        "Two,,,,,12,4,NA,NA,,\n"
    )
    path = tmp_path / "pairs.csv"
    path.write_text(text, encoding="utf-8")
    table = read_crossed(path, "CT", "MRI")
    assert (table.name, table.a, table.b) == ("pairs", "CT", "MRI")
    assert table.crossed.tolist() == [[True, False], [False, False]]
    assert table.total.tolist() == [[[0, 0], [42, 0]], [[16, 0], [0, 0]]]
    assert table.right[1, 0].tolist() == [12, 0]


def test_all_faults_come_at_once() -> None:
    data = pd.DataFrame(
        [
            ["One", 10, 3, "x", 5, 1, 1, 1, None, 13, 2, "CT", "MRI"],
            ["", 10, 3, 2, 5, 1, 1, 1, 9, None, None, "CT", "CT"],
            ["Three", None, None, None, None, -1, 1, 1, 9, 4, None, "CT", "MRI"],
            ["Four", *[None] * 10, "CT", "MRI"],
            ["Five", 10, 3, 2, 5, 1, 1, 1, 9, 12, 7, "CT", "MRI"],
        ],
        columns=["study", *CELLS[0], *CELLS[1], "tp_a", "fn_a", "test_a", "test_b"],
    )
    with pytest.raises(StudyTableError) as caught:
        CrossedTable.from_frame(data)
    found = {(fault.row, fault.column, fault.rule) for fault in caught.value.faults}
    assert found == {
        (2, "b_only_diseased", "count"),
        (2, "both_negative_nondiseased", "cross_table"),
        (3, "study_id", "required"),
        (3, "test_b", "same_test"),
        (4, "both_positive_nondiseased", "count"),
        (4, "fn_a", "margin"),
        (5, "", "no_counts"),
        (6, "tp_a", "sum"),
    }
    assert "expected 13, the sum of the cross-table" in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"author": ["A"], "tp_a": [3], "fn_a": [1]}, "a column study"),
        ({"study": ["A"], "tp": [3]}, "columns of counts"),
        ({"study": [], "tp_a": [], "fn_a": []}, "at least one study"),
        ({"study": ["A", "A"], "tp_a": [3, 4], "fn_a": [1, 1]}, "stands in row 2 as well"),
    ],
)
def test_a_table_without_what_it_needs(columns: dict, words: str) -> None:
    with pytest.raises(StudyTableError, match=words):
        CrossedTable.from_frame(pd.DataFrame(columns))


def test_no_frame_is_refused() -> None:
    with pytest.raises(OptionError, match="DataFrame"):
        CrossedTable.from_frame([1, 2])  # type: ignore[arg-type]


def ordinary(rows: list[list[object]]) -> StudyTable:
    return StudyTable.from_frame(
        pd.DataFrame(rows, columns=["study", "test", "tp", "fp", "fn", "tn"]), "rows"
    )


def test_ordinary_rows_join() -> None:
    table = CrossedTable.from_frame(frame(), "cytology", "NMP22")
    joined = table.with_studies(
        ordinary([
            ["A", "NMP22", 8, 3, 2, 30],
            ["A", "cytology", 5, 1, 5, 32],
            ["B", "cytology", 7, 0, 9, 20],
            ["C", "BTA stat", 7, 0, 9, 20],
        ]), "test",
    )  # fmt: skip
    assert joined.studies == ("Miyanaga", "A", "B")
    assert joined.right[1].tolist() == [[5, 8], [32, 30]]
    assert joined.total[2].tolist() == [[16, 0], [20, 0]]
    assert np.array_equal(joined.cells[0], table.cells[0])
    assert joined.crossed.sum() == 2


def test_a_study_may_not_stand_in_both_tables_or_twice() -> None:
    table = CrossedTable.from_frame(frame(), "cytology", "NMP22")
    rows = ordinary([
        ["Miyanaga", "NMP22", 8, 3, 2, 30],
        ["A", "NMP22", 8, 3, 2, 30],
        ["A", "NMP22", 7, 3, 2, 30],
    ])  # fmt: skip
    with pytest.raises(StudyTableError) as caught:
        table.with_studies(rows, "test")
    assert [fault.row for fault in caught.value.faults] == [2, 4]
    with pytest.raises(OptionError, match="no column 'kind'"):
        table.with_studies(rows, "kind")
    with pytest.raises(OptionError, match="neither 'cytology' nor 'NMP22'"):
        table.with_studies(ordinary([["A", "CT", 8, 3, 2, 30]]), "test")
