"""Two extractions, cell by cell, and Cohen's kappa against its formula written out."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from metadx.errors import StudyTableError
from metadx.estimate import Estimate, NotApplicable
from metadx.tables.agreement import agreement, kappa


@pytest.fixture
def files(tmp_path: Path, row, text):
    def write(first, second) -> tuple[Path, Path]:
        paths = tmp_path / "anna.csv", tmp_path / "ben.csv"
        for path, rows in zip(paths, (first, second), strict=True):
            path.write_text(text(rows), encoding="utf-8")
        return paths

    return write


def test_disagreements_are_listed_cell_by_cell(files, row) -> None:
    first = [row(), row("Okada2020"), row("Silva2021"), row("OnlyAnna")]
    second = [
        row("Silva2021", tn="", fp="", design="prospective"),
        row("Okada2020", tp="39", notes="a remark", audit="corrected"),
        row(),
        row("OnlyBen", tp="1"),
    ]
    found = agreement(*files(first, second))
    assert (found.rows, found.only_first, found.only_second) == (3, ("OnlyAnna",), ("OnlyBen",))
    cells = found.disagreements[["study_id", "column", "first", "second"]].to_numpy().tolist()
    assert sorted(cells) == [
        ["Okada2020", "notes", "", "a remark"],
        ["Okada2020", "tp", "38", "39"],
        ["Silva2021", "design", "retrospective", "prospective"],
        ["Silva2021", "fp", "2", ""],
        ["Silva2021", "tn", "38", ""],
    ]
    table = found.columns.set_index("column")
    assert table.loc["tp", "agreeing"] == 2
    assert table.loc["tp", "agreement"] == pytest.approx(2 / 3)
    assert "audit" not in table.index
    text = found.text()
    assert "Okada2020, tp: 38 | 39" in text
    assert "tp: 2 of 3 agree" in text
    assert "Silva2021, fp: 2 | empty" in text
    assert text.endswith("3 rows compared, 5 cells disagree")


def test_rows_of_one_study_are_matched_by_their_reader(files, row) -> None:
    readers = [row(reader_or_threshold=f"reader {i}", tp=str(30 + i), pool="no") for i in range(3)]
    found = agreement(*files(readers, [{**readers[2], "fn": "5"}, readers[0], readers[1]]))
    assert len(found.disagreements) == 1
    assert found.disagreements["reader_or_threshold"][0] == "reader 2"


def test_equal_extractions(files, row) -> None:
    found = agreement(*files([row(), row("Okada2020")], [row("Okada2020"), row()]))
    assert len(found.disagreements) == 0
    assert (found.columns["agreeing"] == 2).all()
    assert "no kappa: one of the two gave every row the same code" in found.text()


def test_wrong_cells_are_compared_and_broken_files_refused(files, row, tmp_path: Path) -> None:
    found = agreement(*files([row(tp="-1")], [row(tp="many")]))
    assert len(found.disagreements) == 1
    (tmp_path / "ben.csv").write_text("", encoding="utf-8")
    with pytest.raises(StudyTableError):
        agreement(tmp_path / "anna.csv", tmp_path / "ben.csv")


def literal_kappa(table: list[list[int]]) -> tuple[float, float]:
    """Kappa and its standard error, Fleiss, Cohen & Everitt 1969, equation by equation."""
    n = sum(map(sum, table))
    p = [[x / n for x in line] for line in table]
    size = range(len(p))
    rows = [sum(p[i]) for i in size]
    columns = [sum(p[i][j] for i in size) for j in size]
    observed = sum(p[i][i] for i in size)
    chance = sum(rows[i] * columns[i] for i in size)
    value = (observed - chance) / (1 - chance)
    a = sum(p[i][i] * (1 - (rows[i] + columns[i]) * (1 - value)) ** 2 for i in size)
    b = sum(
        p[i][j] * (columns[i] + rows[j]) ** 2 for i in size for j in size if i != j
    ) * (1 - value) ** 2  # fmt: skip
    c = (value - chance * (1 - value)) ** 2
    return value, math.sqrt((a + b - c) / (n * (1 - chance) ** 2))


@pytest.mark.parametrize("table", [[[20, 5], [10, 15]], [[8, 1, 0], [2, 6, 3], [0, 1, 9]]])
def test_kappa_is_that_of_the_formula(table: list[list[int]]) -> None:
    pairs = [
        (f"code{i}", f"code{j}")
        for i, line in enumerate(table)
        for j, count in enumerate(line)
        for _ in range(count)
    ]
    found = kappa([a for a, _ in pairs], [b for _, b in pairs])
    assert isinstance(found, Estimate)
    value, error = literal_kappa(table)
    # Both are sums of a few dozen terms in double precision.
    assert found.value == pytest.approx(value, rel=1e-12)
    assert found.high - found.value == pytest.approx(1.959963984540054 * error, rel=1e-9)


def test_kappa_of_cohens_two_raters() -> None:
    # 20 and 15 agreements of 50: observed 0.70, by chance 0.50, kappa 0.40.
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    found = kappa(first, second)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("", "", "no row"),
        ("aa", "aa", "one of the two"),
        ("ab", "aa", "one of the two"),
        ("abb", "abb", "kappa is 1"),
    ],
)
def test_where_kappa_has_no_interval(first: str, second: str, reason: str) -> None:
    found = kappa(list(first), list(second))
    assert isinstance(found, NotApplicable)
    assert reason in found.reason


def test_agreement_below_chance_is_negative() -> None:
    found = kappa(list("aabb"), list("bbaa"))
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(-1.0)
    assert found.low >= -1.0
