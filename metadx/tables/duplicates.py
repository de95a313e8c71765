"""The rules that compare rows with each other, across all files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from metadx.errors import Fault
from metadx.tables.frames import COMMON_COLUMNS
from metadx.tables.rules import Row
from metadx.tables.schema import COUNT_COLUMNS, STRATUM_COLUMNS

#: What all rows of one study say alike.
_OF_THE_STUDY: Final = ("first_author", "year", "title", "doi", "pmid", "citation_key")
#: Reasons that admit that two rows are about the same patients.
_ADMITTED: Final = ("double_entry", "overlapping_cohort")


def comparisons(rows: Sequence[Row]) -> Iterator[Fault]:
    """Return the faults that only show when rows are laid side by side."""
    yield from _repeated_rows(rows)
    ours = [row for row in rows if row.ours]
    yield from _pooled_twice(ours)
    yield from _same_publication(ours)
    yield from _studies_agree(ours)
    yield from _indistinct(rows)


def _where(row: Row) -> str:
    return f"row {row.line} of {row.file}"


def _repeated_rows(rows: Sequence[Row]) -> Iterator[Fault]:
    first: dict[tuple[object, ...], Row] = {}
    for row in rows:
        key = (None if row.ours else row.file, *sorted(row.plain.items()))
        earlier = first.setdefault(key, row)
        if earlier is not row:
            expected = f"each row once; {_where(earlier)} is the same"
            yield row.fault("duplicate_row", "study_id", expected)


def _pooled_twice(rows: Sequence[Row]) -> Iterator[Fault]:
    first: dict[tuple[str, ...], Row] = {}
    for row in rows:
        stratum = tuple(row.plain.get(name, "") for name in STRATUM_COLUMNS)
        if row.plain.get("pool") != "yes" or not row.study or not all(stratum):
            continue
        earlier = first.setdefault((row.study, *stratum), row)
        if earlier is not row and earlier.plain != row.plain:
            expected = f"one pooled row per study and stratum; {_where(earlier)} is pooled too"
            yield row.fault("duplicate_study", "study_id", expected)


def _same_publication(rows: Sequence[Row]) -> Iterator[Fault]:
    first: dict[tuple[str, ...], Row] = {}
    for row in rows:
        if not row.has("doi") or row.plain.get("pool_reason") in _ADMITTED:
            continue
        names = ("doi", *STRATUM_COLUMNS, *COUNT_COLUMNS)
        earlier = first.setdefault(tuple(row.plain.get(name, "") for name in names), row)
        if earlier.study != row.study:
            expected = (
                f"one identifier for one study; {_where(earlier)} ({earlier.study}) has the "
                "same DOI and counts"
            )
            yield row.fault("duplicate_publication", "study_id", expected)


def _studies_agree(rows: Sequence[Row]) -> Iterator[Fault]:
    first: dict[tuple[str, str], Row] = {}
    for row in rows:
        for name in _OF_THE_STUDY:
            if not row.study or name not in row.found:
                continue
            earlier = first.setdefault((row.study, name), row)
            if earlier.plain[name] != row.plain[name]:
                same = earlier.found[name] or "an empty cell"
                expected = f"{same}, as in {_where(earlier)} of the same study"
                yield row.fault("study_differs", name, expected)


def _indistinct(rows: Sequence[Row]) -> Iterator[Fault]:
    """In anybody else's table a study may have several rows if a column tells them apart."""
    first: dict[tuple[str, str], Row] = {}
    for row in rows:
        if row.ours or not row.study or not set(row.found) <= set(COMMON_COLUMNS):
            continue
        earlier = first.setdefault((row.file, row.study), row)
        if earlier is not row and earlier.plain != row.plain:
            expected = f"each study once, or a column that tells it from {_where(earlier)}"
            yield row.fault("duplicate_study", "study_id", expected)
