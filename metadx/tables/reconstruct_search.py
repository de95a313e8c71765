"""All whole-number solutions of linear conditions on a 2x2 table.

The margins are listed first, then one cell of the first, then one of the second; each
range follows exactly from the conditions, so that nothing is tried and rejected but
margins. Everything is 64-bit integers: no table is lost to rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from metadx.errors import OptionError
from metadx.tables.kinds import MAX_COUNT
from metadx.tables.reconstruct_printed import Condition

IntArray = npt.NDArray[np.int64]

#: More tables than this say nothing about a study.
MAX_SOLUTIONS: Final = 200_000
#: Steps of a search that still takes about a second.
MAX_STEPS: Final = 20_000_000
_CHUNK: Final = 200_000
#: The same problem with diseased and test-positive, or the two classes, exchanged: each
#: entry says which cell stands in the place of tp, fp, fn and tn.
_VIEWS: Final = ((0, 1, 2, 3), (3, 2, 1, 0), (0, 2, 1, 3), (3, 1, 2, 0))


class Unbounded(OptionError):
    """Nothing limits the size of the table."""


@dataclass(frozen=True, slots=True)
class _View:
    """The conditions seen with one choice of which cell is called tp."""

    order: tuple[int, ...]
    rows: IntArray
    constants: IntArray
    bounds: list[tuple[int, int]]

    def margin(self, one: int, other: int, mask: Sequence[int]) -> tuple[int, int]:
        """Range of the sum of two cells."""
        low = self.bounds[one][0] + self.bounds[other][0]
        high = self.bounds[one][1] + self.bounds[other][1]
        for row, constant in zip(self.rows.tolist(), self.constants.tolist(), strict=True):
            if row == list(mask):
                low = max(low, -constant)
            if row == [-c for c in mask]:
                high = min(high, constant)
        return low, high


def solve(conditions: Sequence[Condition]) -> IntArray:
    """List every table that meets all conditions.

    Parameters
    ----------
    conditions : sequence of Condition

    Returns
    -------
    ndarray of shape (solutions, 4)
        tp, fp, fn, tn, sorted.

    Raises
    ------
    Unbounded
        The conditions allow tables of any size.
    OptionError
        More tables fit than can be listed.
    """
    parts: list[IntArray] = []
    found = 0
    for part in _tables(conditions):
        found += len(part)
        if found > MAX_SOLUTIONS:
            raise OptionError(f"more than {MAX_SOLUTIONS:,} tables fit; more numbers are needed")
        parts.append(part)
    if not parts:
        return np.empty((0, 4), dtype=np.int64)
    tables = np.concatenate(parts)
    return np.asarray(tables[np.lexsort(tables.T[::-1])])


def is_possible(conditions: Sequence[Condition]) -> bool:
    """Tell whether any table meets all conditions; raises as `solve` does."""
    return any(len(part) for part in _tables(conditions))


def _tables(conditions: Sequence[Condition]) -> Iterator[IntArray]:
    bounds = cell_bounds(conditions)
    if bounds is None:
        return
    if any(high > MAX_COUNT for _, high in bounds):
        raise Unbounded("nothing limits the size of the table")
    view, steps = _best_view(conditions, bounds)
    if steps > MAX_STEPS:
        raise OptionError(
            "the search is too wide: too many tables of this size have to be tried; "
            "more of the printed numbers are needed"
        )
    back = np.argsort(view.order)
    for tables in _search(view):
        yield tables[:, back]


def cell_bounds(conditions: Sequence[Condition]) -> list[tuple[int, int]] | None:
    """Narrow the range of each cell by every condition in turn until nothing changes.

    Returns
    -------
    list of (int, int) or None
        An upper end above `MAX_COUNT` says that there is none; None that no table fits.
    """
    free = 4 * MAX_COUNT
    bounds = [(0, free)] * 4
    for _ in range(60):
        before = list(bounds)
        for condition in conditions:
            for cell, coefficient in enumerate(condition.coefficients):
                if coefficient:
                    bounds[cell] = _narrowed(condition, cell, bounds)
            if any(low > high for low, high in bounds):
                return None
        if bounds == before:
            break
    return bounds


def _narrowed(condition: Condition, cell: int, bounds: list[tuple[int, int]]) -> tuple[int, int]:
    low, high = bounds[cell]
    most = condition.constant
    for other, coefficient in enumerate(condition.coefficients):
        if other != cell and coefficient:
            end = bounds[other][1 if coefficient > 0 else 0]
            if end > MAX_COUNT:
                return low, high
            most += coefficient * end
    own = condition.coefficients[cell]
    if own > 0:
        return max(low, -(most // own)), high
    return low, min(high, most // -own)


def _best_view(
    conditions: Sequence[Condition], bounds: list[tuple[int, int]]
) -> tuple[_View, float]:
    views = [_seen(conditions, bounds, order) for order in _VIEWS]
    return min(((view, _steps(view)) for view in views), key=lambda pair: pair[1])


def _seen(
    conditions: Sequence[Condition], bounds: list[tuple[int, int]], order: tuple[int, ...]
) -> _View:
    rows = np.array([[c.coefficients[i] for i in order] for c in conditions], dtype=np.int64)
    constants = np.array([c.constant for c in conditions], dtype=np.int64)
    return _View(order, rows.reshape(-1, 4), constants, [bounds[i] for i in order])


def _steps(view: _View) -> float:
    """Number of (margins, tp) combinations, by the widths at a few margins."""
    first, second = _margin_ranges(view)
    wide = np.array([first[0], (first[0] + first[1]) // 2, first[1]], dtype=np.int64)
    other = np.full(3, second[1], dtype=np.int64)
    low, high = _range_of_tp(view, wide, other)
    share = float(np.clip(high - low + 1, 0, None).mean())
    return _pairs(view, first, second) * max(share, 0.1)


def _margin_ranges(view: _View) -> tuple[tuple[int, int], tuple[int, int]]:
    first, second = view.margin(0, 2, (1, 0, 1, 0)), view.margin(1, 3, (0, 1, 0, 1))
    total = _known_total(view)
    if total is not None:
        first = max(first[0], total - second[1]), min(first[1], total - second[0])
        second = total - first[1], total - first[0]
    return first, second


def _pairs(view: _View, first: tuple[int, int], second: tuple[int, int]) -> float:
    sizes = [max(high - low + 1, 0) for low, high in (first, second)]
    return float(sizes[0] if _known_total(view) is not None else sizes[0] * sizes[1])


def _known_total(view: _View) -> int | None:
    """The size of the table where it is one number."""
    lows = [-c for row, c in _plain(view) if row == [1, 1, 1, 1]]
    highs = [c for row, c in _plain(view) if row == [-1, -1, -1, -1]]
    if lows and highs and max(lows) == min(highs):
        return max(lows)
    return None


def _plain(view: _View) -> Iterator[tuple[list[int], int]]:
    yield from zip(view.rows.tolist(), view.constants.tolist(), strict=True)


def _search(view: _View) -> Iterator[IntArray]:
    for first, second in _margins(view):
        low, high = _range_of_tp(view, first, second)
        for owner, tp in _expanded(low, high):
            n1, n0 = first[owner], second[owner]
            low_tn, high_tn = _range_of_tn(view, n1, n0, tp)
            for which, tn in _expanded(low_tn, high_tn):
                a, b, c = tp[which], n1[which], n0[which]
                yield np.column_stack([a, c - tn, b - a, tn])


def _margins(view: _View) -> Iterator[tuple[IntArray, IntArray]]:
    """Every pair of margins, a chunk at a time."""
    (low1, high1), (low0, high0) = _margin_ranges(view)
    total = _known_total(view)
    for start in range(low1, high1 + 1, _CHUNK):
        first = np.arange(start, min(start + _CHUNK, high1 + 1), dtype=np.int64)
        if total is not None:
            yield first, total - first
            continue
        width = np.full(first.shape, low0), np.full(first.shape, high0)
        for owner, second in _expanded(*width):
            yield first[owner], second


def _expanded(low: IntArray, high: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Every whole number of every range, with the position of its range."""
    widths = np.clip(high - low + 1, 0, None)
    ends = np.cumsum(widths)
    start = 0
    while start < len(low):
        done = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, done + _CHUNK, side="right")), start + 1)
        part = widths[start:stop]
        owner = np.repeat(np.arange(start, stop), part)
        offset = np.arange(len(owner)) - np.repeat(ends[start:stop] - part - done, part)
        if len(owner):
            yield owner, low[owner] + offset
        start = stop


def _range_of_tp(view: _View, n1: IntArray, n0: IntArray) -> tuple[IntArray, IntArray]:
    """Range of tp for given margins, whatever tn is."""
    low = np.maximum(view.bounds[0][0], n1 - view.bounds[2][1])
    high = np.minimum(view.bounds[0][1], n1 - view.bounds[2][0])
    for (tp, fp, fn, tn), constant in _plain(view):
        rest = fn * n1 + fp * n0 + constant + (max(tn - fp, 0) * n0)
        low, high = _cut(low, high, tp - fn, rest)
    return low, high


def _range_of_tn(
    view: _View, n1: IntArray, n0: IntArray, own: IntArray
) -> tuple[IntArray, IntArray]:
    low = np.maximum(view.bounds[3][0], n0 - view.bounds[1][1])
    high = np.minimum(view.bounds[3][1], n0 - view.bounds[1][0])
    for (tp, fp, fn, tn), constant in _plain(view):
        rest = fn * n1 + fp * n0 + constant + (tp - fn) * own
        low, high = _cut(low, high, tn - fp, rest)
    return low, high


def _cut(low: IntArray, high: IntArray, factor: int, rest: IntArray) -> tuple[IntArray, IntArray]:
    """Apply ``factor x + rest >= 0`` to the range of x."""
    if factor > 0:
        return np.maximum(low, -(rest // factor)), high
    if factor < 0:
        return low, np.minimum(high, rest // -factor)
    return low, np.where(rest >= 0, high, low - 1)
