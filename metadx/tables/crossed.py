"""Tables of studies in which two tests' results were cross-classified, patient by patient.

One row a study. Among the diseased and among the non-diseased a study gives either the four
cells of its cross-table,

``both_positive_diseased``, ``a_only_diseased``, ``b_only_diseased``, ``both_negative_diseased``,
``both_positive_nondiseased``, ``a_only_nondiseased``, ``b_only_nondiseased``,
``both_negative_nondiseased`` ("a only": test a positive, test b negative),

or only the margins of it, ``tp_a``, ``fn_a``, ``tp_b``, ``fn_b`` and ``tn_a``, ``fp_a``,
``tn_b``, ``fp_b``, of both tests or of one. Columns that no study needs may be left out.
``test_a`` and ``test_b`` may name the tests; a row that names them the other way round is
turned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metadx.errors import Fault, OptionError, StudyTableError
from metadx.tables import kinds
from metadx.tables.frames import MISSING_WORDS, raw_from_frame, study_as_column
from metadx.tables.reading import RawTable, read_raw
from metadx.tables.table import IN_MEMORY, StudyTable

FloatArray = NDArray[np.float64]

#: The two parts of a study, in the order of every array.
PARTS: Final = ("diseased", "nondiseased")
CELLS: Final = tuple(
    tuple(f"{cell}_{part}" for cell in ("both_positive", "a_only", "b_only", "both_negative"))
    for part in PARTS
)
#: Right and wrong results of test a, then of test b, in each part.
MARGINS: Final = (
    (("tp_a", "fn_a"), ("tp_b", "fn_b")),
    (("tn_a", "fp_a"), ("tn_b", "fp_b")),
)
#: For each part the cells in the order both right, a alone, b alone, neither: among the
#: non-diseased it is the negative result that is right.
_RIGHT_ORDER: Final = ((0, 1, 2, 3), (3, 2, 1, 0))
COUNT_NAMES: Final = tuple(
    [name for cells in CELLS for name in cells]
    + [name for part in MARGINS for pair in part for name in pair]
)
TEST_NAMES: Final = ("test_a", "test_b")


@dataclass(frozen=True, eq=False)
class CrossedTable:
    """Studies of two tests, cross-classified or not.

    Attributes
    ----------
    name : str
        What messages call the table.
    a, b : str
        The two tests.
    studies : tuple of str
        Study of each row.
    cells : ndarray of shape (k, 2, 4)
        Among the diseased and the non-diseased: patients whom both tests classify rightly,
        test a alone, test b alone, neither; zeros where a part is not cross-classified.
    right, total : ndarray of shape (k, 2, 2)
        Right results and patients of test a and of test b where only margins are known, zeros
        elsewhere.
    """

    name: str
    a: str
    b: str
    studies: tuple[str, ...]
    cells: FloatArray
    right: FloatArray
    total: FloatArray

    def __len__(self) -> int:
        return len(self.studies)

    @property
    def crossed(self) -> NDArray[np.bool_]:
        """Whether each part of each study is cross-classified, shape (k, 2)."""
        return np.asarray(self.cells.sum(axis=2) > 0)

    def margins(self) -> tuple[FloatArray, FloatArray]:
        """Right results and patients by study, part and test, cross-tables summed up.

        Returns
        -------
        right, total : ndarray of shape (k, 2, 2)
            Axis 1: diseased, non-diseased; axis 2: test a, test b.
        """
        both, a_alone, b_alone, _ = np.moveaxis(self.cells, 2, 0)
        right = self.right + np.stack([both + a_alone, both + b_alone], axis=2)
        return right, self.total + self.cells.sum(axis=2)[:, :, None]

    @classmethod
    def from_frame(
        cls, frame: pd.DataFrame, a: str = "", b: str = "", name: str = "table"
    ) -> CrossedTable:
        """Make a table of a frame with the columns that the module describes.

        Parameters
        ----------
        frame : DataFrame
            One row a study and pair of tests.
        a, b : str
            The tests. Needed where the columns ``test_a`` and ``test_b`` name several
            pairs, of which those rows are then taken; elsewhere they only name the tests.
        name : str
            What messages call the table.

        Raises
        ------
        StudyTableError
            All faults at once. Rows are numbered from 2, as in a spreadsheet.
        OptionError
            The table holds several pairs of tests, or not the one asked for.
        """
        if not isinstance(frame, pd.DataFrame):
            raise OptionError(f"a pandas DataFrame is needed, not {type(frame).__name__}")
        return _checked(raw_from_frame(study_as_column(frame), IN_MEMORY), a, b, name)

    def with_studies(self, table: StudyTable, column: str) -> CrossedTable:
        """Add the studies of an ordinary table, of which only the margins are known.

        Parameters
        ----------
        table : StudyTable
            One row a study and test; a study may have both tests or one.
        column : str
            Column that names the test; rows of other tests are left out.

        Raises
        ------
        OptionError
            If the column is unknown or has neither test.
        StudyTableError
            If a study stands there twice with the same test, or in both tables.
        """
        table = table.pooled()
        if column not in table.columns:
            raise OptionError(
                f"{table.name} has no column {column!r}; it has {', '.join(table.columns)}"
            )
        frame, counts = table.frame, table.arrays()
        tests = frame[column].astype(str).tolist()
        if self.a not in tests and self.b not in tests:
            raise OptionError(
                f"column {column!r} of {table.name} has neither {self.a!r} nor {self.b!r}; "
                f"it has {', '.join(sorted(set(tests)))}"
            )
        place = {study: i for i, study in enumerate(self.studies)}
        first = len(place)
        right: list[FloatArray] = []
        total: list[FloatArray] = []
        faults = []
        for row, (study, test) in enumerate(zip(frame["study_id"].astype(str), tests, strict=True)):
            if test not in (self.a, self.b):
                continue
            at = place.setdefault(study, len(place)) - first
            if at == len(right):
                right.append(np.zeros((2, 2)))
                total.append(np.zeros((2, 2)))
            t = (self.a, self.b).index(test)
            if at < 0 or total[at][:, t].any():
                expected = "each study in one table, and there each test once"
                faults.append(Fault(table.name, row + 2, study, column, test, expected, "repeat"))
                continue
            right[at][:, t], total[at][:, t] = counts.positives[row], counts.totals[row]
        if faults:
            raise StudyTableError(faults)
        return CrossedTable(
            self.name,
            self.a,
            self.b,
            tuple(place),
            np.concatenate([self.cells, np.zeros((len(right), 2, 4))]),
            np.concatenate([self.right, np.stack(right)]),
            np.concatenate([self.total, np.stack(total)]),
        )


def read_crossed(path: str | Path, a: str = "", b: str = "") -> CrossedTable:
    """Read a table of cross-classified studies from a file.

    Parameters
    ----------
    path : str or Path
        A table file as :func:`metadx.read_studies` takes it, with the columns that
        :mod:`metadx.tables.crossed` describes.
    a, b : str
        As in :meth:`CrossedTable.from_frame`.

    Raises
    ------
    StudyTableError
        All faults at once, with file, row and study.
    """
    file = Path(path)
    return _checked(read_raw(file), a, b, file.stem)


def _checked(raw: RawTable, a: str, b: str, name: str) -> CrossedTable:
    faults = [*raw.faults, *_header_faults(raw)]
    if faults:
        raise StudyTableError(faults)
    rows = [dict(zip(raw.header, cells, strict=True)) for cells in raw.rows]
    for line, row in zip(raw.lines, rows, strict=True):
        faults += [
            Fault(raw.file, line, row["study_id"], column, row.get(column, ""), expected, rule)
            for column, expected, rule in _row_faults(row)
        ]
    if faults:
        raise StudyTableError(faults)
    a, b, rows, lines = _one_pair(raw, rows, a, b, name)
    seen: dict[str, int] = {}
    for line, row in zip(lines, rows, strict=True):
        study = row["study_id"]
        if study in seen:
            expected = f"each study once; it stands in row {seen[study]} as well"
            faults.append(Fault(raw.file, line, study, "study_id", study, expected, "repeat"))
        seen.setdefault(study, line)
    if faults:
        raise StudyTableError(faults)
    return _arrays(rows, a, b, name)


def _header_faults(raw: RawTable) -> Iterator[Fault]:
    if "study_id" not in raw.header:
        found = ", ".join(raw.header)
        yield Fault(raw.file, raw.header_line, "", "", found, "a column study", "column")
    if not set(COUNT_NAMES) & set(raw.header):
        expected = f"columns of counts, of {', '.join(COUNT_NAMES)}"
        yield Fault(raw.file, raw.header_line, "", "", ", ".join(raw.header), expected, "column")
    if not raw.rows:
        yield Fault(raw.file, None, "", "", "", "at least one study", "empty")


def _row_faults(row: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield column, what would be right, and the name of each rule that a row breaks."""
    if not row["study_id"]:
        yield "study_id", "the name of the study", "required"
    counts: dict[str, int] = {}
    for name in COUNT_NAMES:
        text = _cell(row, name)
        value = kinds.whole(text) if text else None
        if value is not None and value >= 0:
            counts[name] = value
        elif text:
            yield name, "a whole number from 0 up, or an empty cell", "count"
    if not any(_cell(row, name) for name in COUNT_NAMES):
        yield "", "counts of at least one test", "no_counts"
    for cells in CELLS:
        if any(_cell(row, name) for name in cells):
            for name in cells:
                if not _cell(row, name):
                    yield name, "all four cells of the cross-table, or none", "cross_table"
    for pairs, cells in zip(MARGINS, CELLS, strict=True):
        for t, pair in enumerate(pairs):
            yield from _margin_faults(row, counts, pair, cells, t)
    if all(row.get(name) for name in TEST_NAMES) and row["test_a"] == row["test_b"]:
        yield "test_b", "a test other than test_a", "same_test"


def _margin_faults(
    row: dict[str, str],
    counts: dict[str, int],
    pair: tuple[str, str],
    cells: tuple[str, ...],
    t: int,
) -> Iterator[tuple[str, str, str]]:
    filled = [name for name in pair if _cell(row, name)]
    if len(filled) == 1:
        missing = pair[1 - pair.index(filled[0])]
        yield missing, f"a count, because {filled[0]} has one", "margin"
    positive = counts.get(cells[0], 0) + counts.get(cells[1 + t], 0)
    negative = counts.get(cells[3], 0) + counts.get(cells[2 - t], 0)
    complete = all(name in counts for name in cells)
    summed = dict(zip(pair, (positive, negative), strict=True))
    if pair[0].startswith("tn"):
        summed = dict(zip(pair, (negative, positive), strict=True))
    for name in pair:
        if complete and name in counts and counts[name] != summed[name]:
            yield name, f"{summed[name]}, the sum of the cross-table", "sum"


def _cell(row: dict[str, str], name: str) -> str:
    text = row.get(name, "")
    return "" if text in MISSING_WORDS else text


def _one_pair(
    raw: RawTable, rows: list[dict[str, str]], a: str, b: str, name: str
) -> tuple[str, str, list[dict[str, str]], list[int]]:
    """Take the rows of one pair of tests, turned so that a is the first."""
    if not set(TEST_NAMES) <= set(raw.header):
        return a or "a", b or "b", rows, list(raw.lines)
    pairs = [(row["test_a"], row["test_b"]) for row in rows]
    known = list(dict.fromkeys(tuple(sorted(pair)) for pair in pairs))
    if not a and not b and len(known) == 1:
        a, b = pairs[0]
    wanted = tuple(sorted((a, b)))
    if wanted not in known:
        listed = "; ".join(f"{first} and {second}" for first, second in known)
        raise OptionError(f"{name}: name the two tests to compare, a and b; it holds {listed}")
    kept = [i for i, pair in enumerate(pairs) if tuple(sorted(pair)) == wanted]
    turned = [rows[i] if pairs[i] == (a, b) else _turned(rows[i]) for i in kept]
    return a, b, turned, [raw.lines[i] for i in kept]


def _turned(row: dict[str, str]) -> dict[str, str]:
    """Exchange the two tests of a row."""
    other = {}
    for name, text in row.items():
        if name.startswith("a_only"):
            name = name.replace("a_only", "b_only", 1)
        elif name.startswith("b_only"):
            name = name.replace("b_only", "a_only", 1)
        elif name.endswith(("_a", "_b")):
            name = name[:-1] + ("b" if name.endswith("a") else "a")
        other[name] = text
    return other


def _arrays(rows: Sequence[dict[str, str]], a: str, b: str, name: str) -> CrossedTable:
    k = len(rows)
    cells, right, total = np.zeros((k, 2, 4)), np.zeros((k, 2, 2)), np.zeros((k, 2, 2))
    for i, row in enumerate(rows):
        for j in range(len(PARTS)):
            texts = [_cell(row, column) for column in CELLS[j]]
            if all(texts):
                cells[i, j] = np.array([kinds.whole(text) for text in texts])[list(_RIGHT_ORDER[j])]
                continue
            for t, (good, bad) in enumerate(MARGINS[j]):
                if _cell(row, good):
                    right[i, j, t] = kinds.whole(_cell(row, good))
                    total[i, j, t] = right[i, j, t] + float(kinds.whole(_cell(row, bad)) or 0)
    studies = tuple(row["study_id"] for row in rows)
    return CrossedTable(name, a, b, studies, cells, right, total)
