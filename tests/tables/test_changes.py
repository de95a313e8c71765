"""Rows that came, went or changed, recognised whatever was corrected in them."""

from __future__ import annotations

import random

import pytest

from metadx.tables.changes import CAME, CHANGED, WENT, compare, stratum_of, text_rows
from metadx.tables.load import read_studies


@pytest.fixture
def rows(row) -> list[dict[str, str]]:
    return [row(), row("Okada2020", tp="20"), row("Okada2020", tp="21", pool="no",
            reader_or_threshold="reader 2"), row("Silva2021")]  # fmt: skip


def test_the_same_rows_in_any_order_are_no_change(rows) -> None:
    shuffled = rows[:]
    random.Random(1).shuffle(shuffled)
    assert compare(rows, shuffled) == ()
    assert compare([*rows, rows[0]], [rows[0], *rows]) == ()


def test_each_kind_of_change(rows, row) -> None:
    after = [{**rows[0], "tp": "37", "notes": "audited"}, *rows[1:3], row("Nowak2026", tp="39")]
    went, changed, came = compare(rows, after)
    assert (went.kind, went.study) == (WENT, "Silva2021")
    assert (came.kind, came.study) == (CAME, "Nowak2026")
    assert (changed.kind, changed.study) == (CHANGED, "Mueller2014")
    assert [str(cell) for cell in changed.cells] == ["tp: 38 → 37", "notes: empty → audited"]
    assert "Silva2021 (ct/hip) went: tp 38, fp 2, fn 4, tn 38" in str(went)
    assert changed.label == "Müller 2014"
    assert all(change.matters for change in (went, changed, came))


def test_rows_of_one_study_are_told_apart_by_how_much_they_agree(rows) -> None:
    after = [rows[0], {**rows[2], "fn": "5"}, {**rows[1], "fn": "6"}, rows[3]]
    changes = compare(rows, after)
    assert {str(c.cells[0]) + c.row["reader_or_threshold"] for c in changes} == {
        "fn: 4 → 5reader 2", "fn: 4 → 6",
    }  # fmt: skip
    assert [change.matters for change in changes].count(True) == 1


def test_a_corrected_identifier_or_stratum_is_a_change_of_the_row(rows) -> None:
    renamed = {**rows[3], "study_id": "Silva2022", "citation_key": "Silva2022", "year": "2022"}
    (change,) = compare(rows, [*rows[:3], renamed])
    assert change.kind == CHANGED
    assert {cell.column for cell in change.cells} == {"study_id", "citation_key", "year"}
    moved = {**rows[3], "population": "all_suspected"}
    (change,) = compare(rows, [*rows[:3], moved])
    assert change.strata == (
        "ct/hip/patient/radiograph_negative", "ct/hip/patient/all_suspected",
    )  # fmt: skip


def test_another_study_with_other_cells_came_and_went(rows, row) -> None:
    other = row("Nowak2026", tp="3", fp="4", fn="5", tn="6", technique="photon counting",
                country="Poland", design="prospective", subsite="neck", year="2026",
                evidence="table 1", osteoporotic="no")  # fmt: skip
    assert [change.kind for change in compare(rows, [*rows[:3], other])] == [WENT, CAME]


def test_a_row_outside_the_pool_moves_nothing(rows) -> None:
    after = [*rows[:2], {**rows[2], "tp": "30"}, rows[3]]
    (change,) = compare(rows, after)
    assert not change.matters
    after = [*rows[:2], {**rows[2], "pool": "yes"}, rows[3]]
    assert compare(rows, after)[0].matters
    (change,) = compare(rows, [{**rows[0], "title": "Another title"}, *rows[1:]])
    assert not change.matters


def test_numbers_are_compared_as_numbers(studies, row) -> None:
    one = studies({"ct/hip.csv": [row(mean_age="78.40", tp="38")]})
    before = text_rows(read_studies(one))
    two = studies({"ct/hip.csv": [row(mean_age="78.4", tp="38.0")]})
    assert compare(before, text_rows(read_studies(two))) == ()


def test_a_table_from_elsewhere_has_no_strata() -> None:
    rows = [{"study_id": "A", "tp": "1"}, {"study_id": "B", "tp": "2"}]
    (change,) = compare(rows, [rows[0], {"study_id": "B", "tp": "3"}])
    assert change.strata == ("",)
    assert stratum_of(rows[0]) == ""
    assert change.label == "B"
    assert change.matters
