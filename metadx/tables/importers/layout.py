"""From one row a study with columns for each test to one row a study and test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from metadx.tables.importers.columns import TEST_COLUMN
from metadx.tables.importers.grid import Grid
from metadx.tables.schema import COUNT_COLUMNS

_SUFFIX: Final = re.compile(r"(tp|fp|fn|tn)(?:[ _.\-]+(.+)|(\d+))", re.IGNORECASE)
_PREFIX: Final = re.compile(r"(.+)[ _.\-]+(tp|fp|fn|tn)", re.IGNORECASE)


def tests_in(names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Find the tests of a wide table.

    Parameters
    ----------
    names : sequence of str
        Column names such as ``tp_ct``, ``ct.tp`` or ``tp1``.

    Returns
    -------
    dict of str to dict of str to int
        For each test that has all four counts, their positions; empty for a table that has
        columns of the plain names.
    """
    if set(COUNT_COLUMNS) & {name.strip().lower() for name in names}:
        return {}
    found: dict[str, dict[str, int]] = {}
    for position, name in enumerate(names):
        part = _parts(name.strip())
        if part:
            found.setdefault(part[1], {})[part[0]] = position
    return {test: cells for test, cells in found.items() if set(cells) == set(COUNT_COLUMNS)}


def _parts(name: str) -> tuple[str, str] | None:
    match = _SUFFIX.fullmatch(name)
    if match:
        return match[1].lower(), match[2] or match[3]
    match = _PREFIX.fullmatch(name)
    return (match[2].lower(), match[1]) if match else None


def one_row_a_test(grid: Grid) -> Grid:
    """Turn a wide table into a long one; leave any other as it is.

    A column ``test1`` beside ``tp1`` names the test, as in the paired layout of metadta. A
    study in which all four counts of a test are empty did not have that test.
    """
    tests = tests_in(grid.names)
    if not tests:
        return grid
    counts = {position for cells in tests.values() for position in cells.values()}
    called = {test: _named(grid.names, test) for test in tests}
    used = counts | {position for position in called.values() if position is not None}
    rest = [i for i in range(len(grid.names)) if i not in used]
    rows, lines = [], []
    for row, line in zip(grid.rows, grid.lines, strict=True):
        for test, cells in tests.items():
            values = [row[cells[name]] for name in COUNT_COLUMNS]
            if not any(values):
                continue
            position = called[test]
            label = row[position] if position is not None else test
            rows.append((*(row[i] for i in rest), label, *values))
            lines.append(line)
    names = (*(grid.names[i] for i in rest), TEST_COLUMN, *COUNT_COLUMNS)
    note = f"one row a study was turned into one row a study and test: {', '.join(tests)}"
    return replace(
        grid, names=names, rows=tuple(rows), lines=tuple(lines), notes=(*grid.notes, note)
    )


def _named(names: Sequence[str], test: str) -> int | None:
    """Position of the column that names a numbered test."""
    wanted = (f"test{test}", f"test_{test}")
    return next((i for i, name in enumerate(names) if name.strip().lower() in wanted), None)
