"""Whether printed numbers suffice for a 2x2 table, and which of them contradict each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from math import ceil, floor
from typing import Final

import numpy as np
import numpy.typing as npt

from metadx.errors import OptionError
from metadx.tables.reconstruct_printed import INTERVALS, SHARES, TOTALS, Condition, Printed
from metadx.tables.reconstruct_search import is_possible

#: What an error proposes, in the order in which papers print it.
_PROPOSALS: Final = (
    "n_diseased", "n_nondiseased", "n", "sensitivity", "specificity", "ppv", "npv", "accuracy",
    "n_test_positive",
)  # fmt: skip
_MARGINS: Final = ("n_diseased", "n_nondiseased", "n_test_positive")
#: The two cells of each class, as columns of the conditions.
_CLASSES: Final = {("tp", "fn"): (0, 2), ("fp", "tn"): (1, 3)}


def determined(names: Iterable[str], scale: bool = False) -> tuple[str, ...]:
    """Say which cells a set of printed numbers pins down, apart from rounding.

    Parameters
    ----------
    names : iterable of str
        What is printed, by the names of `Printed`.
    scale : bool
        Whether the size of the table is limited from elsewhere.

    Returns
    -------
    tuple of str
        All four cells, those of one class, or none.
    """
    wanted = {*names, "n"} if scale else set(names)
    known = _closed(wanted)
    matrix = _equations(known)
    if np.linalg.matrix_rank(matrix) == 4 or set(_MARGINS) <= known:
        return ("tp", "fp", "fn", "tn")
    for cells, columns in _CLASSES.items():
        inside = [row for row in matrix if not np.delete(row, columns).any()]
        if inside and np.linalg.matrix_rank(np.array(inside)) == 2:
            return cells
    return ()


def _closed(names: set[str]) -> set[str]:
    """Add the totals that follow from the totals that are there."""
    known = set(names)
    masks = np.array([TOTALS[name] for name in TOTALS], dtype=float)
    own = np.array([TOTALS[name] for name in TOTALS if name in known], dtype=float)
    if not own.size:
        return known
    rank = np.linalg.matrix_rank(own)
    for name, mask in zip(TOTALS, masks, strict=True):
        if np.linalg.matrix_rank(np.vstack([own, mask])) == rank:
            known.add(name)
    return known


def _equations(names: set[str]) -> npt.NDArray[np.float64]:
    """One row for each number; a percentage has a value that no accident can produce."""
    rows = [TOTALS[name] for name in TOTALS if name in names]
    values = np.random.default_rng(7).uniform(0.2, 0.8, len(SHARES))
    for value, (name, (above, below)) in zip(values, SHARES.items(), strict=True):
        if name in names:
            rows.append(tuple(np.subtract(above, value * np.array(below))))
    rows += [SHARES[name.removesuffix("_interval")][1] for name in INTERVALS if name in names]
    return np.array(rows, dtype=float).reshape(-1, 4)


def totals_that_follow(printed: Printed) -> dict[str, int]:
    """Return the group sizes that the given totals imply and that were not given."""
    own = [TOTALS[name] for name in printed.totals]
    values = list(printed.totals.values())
    if not own:
        return {}
    basis, right = np.array(own, dtype=float).T, np.array(values, dtype=float)
    found = {}
    for name in ("n_diseased", "n_nondiseased"):
        weights, *_ = np.linalg.lstsq(basis, np.array(TOTALS[name], dtype=float), rcond=None)
        if name not in printed.totals and np.allclose(basis @ weights, TOTALS[name]):
            found[name] = round(float(weights @ right))
    return found


def insufficient(printed: Printed) -> OptionError:
    """Make the error that says what would suffice."""
    given = set(printed.given)
    limited = printed.n_max is not None
    ways: list[str] = []
    for size in (1, 2, 3):
        for extra in combinations([name for name in _PROPOSALS if name not in given], size):
            if len(determined(given | set(extra), limited)) == 4:
                ways.append(" and ".join(extra))
        if ways:
            break
    have = ", ".join(printed.given.values()) or "nothing"
    either = "; or ".join(ways[:6])
    hint = ""
    if not limited and len(determined(given, scale=True)) == 4:
        hint = "; or n_max, the largest number of people that is possible"
    return OptionError(
        f"these numbers do not suffice for a 2x2 table: {have}. This would suffice as well as "
        f"them: {either}{hint}"
    )


def conflicts(printed: Printed, limit: Sequence[Condition]) -> tuple[tuple[str, ...], ...]:
    """Find the smallest sets of printed numbers that no table can meet together.

    Parameters
    ----------
    printed : Printed
        Numbers that together have no solution.
    limit : sequence of Condition
        Limits that hold anyway.

    Returns
    -------
    tuple of tuple of str
        All such sets of the smallest size at which there is one.
    """
    names = [name for name in printed.given if name not in INTERVALS]
    for size in range(1, len(names) + 1):
        found = tuple(
            chosen for chosen in combinations(names, size) if _clash(printed, chosen, limit)
        )
        if found:
            return found
    return ()


def _clash(printed: Printed, names: Sequence[str], limit: Sequence[Condition]) -> bool:
    conditions = [c for name in names for c in printed.conditions(name)]
    try:
        return not is_possible([*conditions, *limit])
    except OptionError:
        # Too large to list; without a solution in fractions there is none in whole numbers.
        return not _has_real_solution([*conditions, *limit])


def _has_real_solution(conditions: Sequence[Condition]) -> bool:
    from scipy.optimize import linprog

    rows = np.array([c.coefficients for c in conditions], dtype=float)
    constants = np.array([c.constant for c in conditions], dtype=float)
    scale = np.abs(rows).max(axis=1, keepdims=True)
    found = linprog(np.zeros(4), A_ub=-rows / scale, b_ub=constants / scale[:, 0])
    return bool(found.status != 2)


def near_misses(printed: Printed, names: Sequence[str]) -> str:
    """For a percentage that its group size cannot give, the nearest that it can."""
    groups = {tuple(TOTALS[name]): name for name in TOTALS}
    all_totals = {**printed.totals, **totals_that_follow(printed)}
    for name in names:
        if name not in printed.shares:
            continue
        group = groups[SHARES[name][1]]
        total = all_totals.get(group, 0)
        if not total or not set(names) <= {name, group}:
            continue
        low, high = printed.shares[name]
        around = sorted({floor(low * total), ceil(high * total)})
        unit, top = (" %", 100) if printed.percent else ("", 1)
        digits = 2 if printed.percent else 4
        shown = [f"{a} of {total} are {top * a / total:.{digits}f}{unit}" for a in around]
        return ", ".join(shown)
    return ""
