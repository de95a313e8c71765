"""Two extractions of the same studies, compared cell by cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from metadx.errors import StudyTableError
from metadx.estimate import Estimate, NotApplicable
from metadx.tables.changes import Row, compare
from metadx.tables.check import inspect
from metadx.tables.frames import plain_cell
from metadx.tables.schema import COLUMN_NAMES, COUNT_COLUMNS, column

#: Columns that say who extracted, and not what.
_NOT_EXTRACTED: Final = ("audit",)
#: Faults that make a file unreadable as a table; the others are what is compared.
_UNREADABLE: Final = (
    "file", "binary_file", "encoding", "nul_byte", "empty_file", "quoting", "unnamed_column",
    "duplicate_column", "row_length", "missing_column", "no_rows",
)  # fmt: skip
LEVEL: Final = 0.95


@dataclass(frozen=True)
class Agreement:
    """How far two extractions agree.

    Attributes
    ----------
    rows : int
        Rows that both have.
    only_first, only_second : tuple of str
        Studies with a row that the other does not have.
    disagreements : DataFrame
        study_id, reader_or_threshold, column, first, second: one row a cell.
    columns : DataFrame
        One row a column: kind ``"code"`` or ``"count"``, rows compared, agreeing, agreement with
        Wilson's interval, and for codes Cohen's kappa with interval, or why there is none.
    """

    rows: int
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    disagreements: pd.DataFrame
    columns: pd.DataFrame

    def text(self) -> str:
        """Write everything for the terminal."""
        return "\n".join(_lines(self))


def agreement(first: str | Path, second: str | Path) -> Agreement:
    """Compare two extractions.

    Rows are matched by study and, where a study has several rows, by how much they agree. An empty
    cell is a value: that one extractor found no count and the other did is a disagreement.

    Parameters
    ----------
    first, second : str or Path
        Tables, or folders of tables; a cell may hold anything, right or wrong.

    Raises
    ------
    StudyTableError
        A file cannot be read as a table.

    References
    ----------
    Cohen 1960, Educ Psychol Meas, doi:10.1177/001316446002000104; variance: Fleiss, Cohen & Everitt
    1969, Psychol Bull, doi:10.1037/h0028106.
    """
    one, other = _rows(Path(first)), _rows(Path(second))
    changes = compare(one, other)
    gone = [change.before for change in changes if change.after is None]
    come = [change.after for change in changes if change.before is None]
    changed = [(c.before, c.after) for c in changes if c.before is not None and c.after is not None]
    pairs = [(row, row) for row in _unchanged(one, [*gone, *(a for a, _ in changed)])]
    pairs += changed
    names = [name for name in COLUMN_NAMES if any(name in a and name in b for a, b in pairs)]
    cells = [
        {
            "study_id": a.get("study_id", ""),
            "reader_or_threshold": a.get("reader_or_threshold", ""),
            "column": name,
            "first": a.get(name, ""),
            "second": b.get(name, ""),
        }
        for a, b in pairs
        for name in names
        if name not in _NOT_EXTRACTED and a.get(name, "") != b.get(name, "")
    ]
    frame = pd.DataFrame(
        cells, columns=["study_id", "reader_or_threshold", "column", "first", "second"]
    )
    return Agreement(
        len(pairs),
        tuple(sorted({row.get("study_id", "") for row in gone if row is not None})),
        tuple(sorted({row.get("study_id", "") for row in come if row is not None})),
        frame,
        pd.DataFrame([_of_column(name, pairs) for name in names if _is_compared(name)]),
    )


def kappa(first: Sequence[str], second: Sequence[str]) -> Estimate | NotApplicable:
    """Return Cohen's kappa of two readings of the same items.

    ``kappa = (p_o - p_e) / (1 - p_e)``, with the agreement observed and the one that the
    frequencies of the codes alone would give.

    Parameters
    ----------
    first, second : sequence of str
        Codes, item by item.
    """
    codes = sorted({*first, *second})
    if not first:
        return NotApplicable("no row was compared")
    if 1 in (len(set(first)), len(set(second))):
        return NotApplicable("one of the two gave every row the same code: chance has no measure")
    if list(first) == list(second):
        return NotApplicable("both agree on every row: kappa is 1, and its interval has no width")
    counted = pd.crosstab(pd.Series(first), pd.Series(second))
    found = cohens_kappa(counted.reindex(index=codes, columns=codes, fill_value=0).to_numpy())
    low, high = max(float(found.kappa_low), -1.0), min(float(found.kappa_upp), 1.0)
    return Estimate(float(found.kappa), low, high, LEVEL, "wald")


def _rows(path: Path) -> list[Row]:
    inspection = inspect(path)
    broken = [fault for fault in inspection.faults if fault.rule in _UNREADABLE]
    if broken:
        raise StudyTableError(broken)
    return [
        {
            name: plain_cell(name, cell, raw.decimal_comma, True) if name in COLUMN_NAMES else cell
            for name, cell in zip(raw.header, row, strict=True)
        }
        for raw, _ in inspection.tables
        for row in raw.rows
    ]


def _unchanged(rows: Sequence[Row], others: Sequence[Row | None]) -> Iterator[Row]:
    gone = {id(row) for row in others}
    yield from (row for row in rows if id(row) not in gone)


def _is_compared(name: str) -> bool:
    return name in COUNT_COLUMNS or (bool(column(name).codes) and name not in _NOT_EXTRACTED)


def _of_column(name: str, pairs: Sequence[tuple[Row, Row]]) -> dict[str, object]:
    first = [a.get(name, "") for a, _ in pairs]
    second = [b.get(name, "") for _, b in pairs]
    same = sum(a == b for a, b in zip(first, second, strict=True))
    low, high = proportion_confint(same, len(pairs), alpha=1 - LEVEL, method="wilson")
    coded = bool(column(name).codes)
    found = kappa(first, second) if coded else NotApplicable("a count is compared as it is")
    measured = isinstance(found, Estimate)
    return {
        "column": name,
        "kind": "code" if coded else "count",
        "rows": len(pairs),
        "agreeing": same,
        "agreement": same / len(pairs),
        "agreement_low": float(low),
        "agreement_high": float(high),
        "kappa": found.value if isinstance(found, Estimate) else None,
        "kappa_low": found.low if isinstance(found, Estimate) else None,
        "kappa_high": found.high if isinstance(found, Estimate) else None,
        "reason": "" if measured else str(getattr(found, "reason", "")),
    }


def _lines(found: Agreement) -> Iterator[str]:
    for studies, which in ((found.only_first, "first"), (found.only_second, "second")):
        if studies:
            yield f"only in the {which}: {', '.join(studies)}"
    for row in found.disagreements.to_dict("records"):
        reader = f", {row['reader_or_threshold']}" if row["reader_or_threshold"] else ""
        yield (
            f"{row['study_id']}{reader}, {row['column']}: "
            f"{row['first'] or 'empty'} | {row['second'] or 'empty'}"
        )
    for row in found.columns.to_dict("records"):
        line = f"{row['column']}: {row['agreeing']} of {row['rows']} agree"
        if row["kappa"] is not None and row["kappa"] == row["kappa"]:
            line += (
                f", kappa {row['kappa']:.2f} ({row['kappa_low']:.2f} to {row['kappa_high']:.2f})"
            )
        elif row["kind"] == "code":
            line += f", no kappa: {row['reason']}"
        yield line
    cells = len(found.disagreements)
    yield f"{found.rows} rows compared, {cells} cell{'' if cells == 1 else 's'} disagree"
