from __future__ import annotations

import time
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from metadx.errors import OptionError
from metadx.tables.reconstruct import reconstruct_counts, reconstruction

Table = tuple[int, int, int, int]
#: Sets of numbers that papers print together and that suffice.
SETS = (
    ("sensitivity", "specificity", "n_diseased", "n_nondiseased"),
    ("sensitivity", "specificity", "n", "n_diseased"),
    ("sensitivity", "specificity", "ppv", "n"),
    ("sensitivity", "specificity", "npv", "n"),
    ("sensitivity", "specificity", "accuracy", "n"),
    ("sensitivity", "specificity", "prevalence", "n"),
    ("ppv", "npv", "accuracy", "n"),
    ("sensitivity", "ppv", "npv", "n"),
    ("ppv", "npv", "n_diseased", "n_nondiseased"),
    ("sensitivity", "accuracy", "n_diseased", "n_nondiseased"),
    ("sensitivity", "specificity", "ppv", "npv", "accuracy", "n"),
    ("n_diseased", "n_nondiseased", "n_test_positive"),
)
ROUNDINGS = {"nearest": (ROUND_HALF_UP, ROUND_HALF_EVEN), "cut": (ROUND_FLOOR,)}


def _share(name: str, table: Table) -> tuple[int, int]:
    tp, fp, fn, tn = table
    return {
        "sensitivity": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "ppv": (tp, tp + fp),
        "npv": (tn, tn + fn),
        "accuracy": (tp + tn, tp + fp + fn + tn),
        "prevalence": (tp + fn, tp + fp + fn + tn),
    }[name]


def _total(name: str, table: Table) -> int:
    tp, fp, fn, tn = table
    return {
        "n": tp + fp + fn + tn,
        "n_diseased": tp + fn,
        "n_nondiseased": fp + tn,
        "n_test_positive": tp + fp,
    }[name]


def _rounded(above: int, below: int, decimals: int, how: str) -> str:
    exact = Decimal(100 * above) / Decimal(below)
    return str(exact.quantize(Decimal(1).scaleb(-decimals), rounding=how))


def _printed(names: tuple[str, ...], table: Table, decimals: int, how: str) -> dict[str, Any]:
    """What a paper with this table prints; nothing where a denominator is 0."""
    given: dict[str, Any] = {}
    for name in names:
        if name.startswith("n") and name != "npv":
            given[name] = _total(name, table)
        elif _share(name, table)[1] == 0:
            return {}
        else:
            given[name] = _rounded(*_share(name, table), decimals, how)
    return given


def _all_tables(n: int) -> np.ndarray:
    grid = np.array(list(product(range(n + 1), repeat=3)))
    grid = grid[grid.sum(axis=1) <= n]
    return np.column_stack([grid, n - grid.sum(axis=1)])


ALL = {n: _all_tables(n) for n in range(2, 31)}


def _brute_force(given: dict[str, Any], n: int, decimals: int) -> list[Table]:
    """Try every table of that size against every printed number, in whole numbers."""
    tables = ALL[n]
    keep = np.ones(len(tables), dtype=bool)
    columns = tuple(tables.T)
    unit = 10**decimals
    for name, value in given.items():
        if isinstance(value, int):
            keep &= _total(name, columns) == value
            continue
        above, below = _share(name, columns)
        # |100 a / b - v| <= half a unit, times 2 b unit
        distance = abs(200 * unit * above - 2 * round(float(value) * unit) * below)
        keep &= (below > 0) & (distance <= below)
    return sorted(map(tuple, tables[keep].tolist()))


def _agrees_with_brute_force(rng: np.random.Generator) -> int:
    n = int(rng.integers(2, 31))
    table = tuple(map(int, ALL[n][rng.integers(len(ALL[n]))]))
    names = SETS[rng.integers(len(SETS))]
    decimals = int(rng.integers(0, 3))
    how = ROUNDINGS["nearest"][rng.integers(2)]
    given = _printed(names, table, decimals, how)
    if not given:
        return 0
    found = reconstruct_counts(**given)
    rows = [tuple(row) for row in found.to_numpy().tolist()]
    assert table in rows, (given, table)
    assert rows == _brute_force(given, n, decimals), given
    assert found.attrs["unique"] is (len(rows) == 1)
    return 1


def test_every_solution_of_2000_random_tables_and_no_other():
    rng = np.random.default_rng(20261122)
    assert sum(_agrees_with_brute_force(rng) for _ in range(2000)) > 1800


@pytest.mark.slow
def test_every_solution_of_10000_random_tables_and_no_other():
    rng = np.random.default_rng(7)
    done = 0
    while done < 10_000:
        done += _agrees_with_brute_force(rng)


@pytest.mark.parametrize("rounding", ["nearest", "cut", "either"])
def test_the_true_table_of_up_to_500_is_always_found_within_50_ms(rounding: str):
    rng = np.random.default_rng(11)
    seconds = []
    for number in range(250):
        sizes = rng.multinomial(int(rng.integers(20, 501)), rng.dirichlet([2, 1, 1, 3]))
        table = tuple(map(int, sizes))
        hows = ROUNDINGS.get(rounding, (ROUND_FLOOR, ROUND_HALF_UP))
        names = SETS[number % len(SETS)]
        given = _printed(names, table, int(rng.integers(0, 3)), hows[number % len(hows)])
        if given:
            start = time.process_time()
            found = reconstruct_counts(**given, rounding=rounding)
            seconds.append(time.process_time() - start)
            assert (found.to_numpy() == table).all(axis=1).any(), (given, table)
    # The median: a busy machine makes single ones slow.
    assert np.median(seconds) < 0.05


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[st.integers(0, 10**4)] * 4), st.integers(2, 6))
def test_the_true_table_of_large_studies_is_found(table: Table, decimals: int):
    names = ("sensitivity", "specificity", "n_diseased", "n_nondiseased")
    given = _printed(names, table, decimals, ROUND_HALF_EVEN)
    if given:
        found = reconstruct_counts(**given, decimals=decimals)
        assert (found.to_numpy() == table).all(axis=1).any()


def test_one_solution_is_marked_and_said():
    found = reconstruction(sensitivity=93.3, specificity=88.2, n_diseased=45, n_nondiseased=51)
    assert found.unique
    assert found.sentence == "Exactly one table fits: tp 42, fp 6, fn 3, tn 45."
    assert found.solutions.to_numpy().tolist() == [[42, 6, 3, 45]]


def test_several_solutions_have_ranges():
    found = reconstruction(sensitivity=93, specificity=88, n_diseased=450, n_nondiseased=51)
    assert not found.unique
    assert found.ranges == {"tp": (417, 420), "fp": (6, 6), "fn": (30, 33), "tn": (45, 45)}
    assert found.sentence == "4 tables fit: tp 417 to 420, fp 6, fn 30 to 33, tn 45."


def test_half_a_unit_away_is_inside_whichever_way_halves_were_rounded():
    # 1 of 8 is 12.5 %: half up prints 13, half to even 12.
    for printed in (12, 13):
        found = reconstruct_counts(sensitivity=printed, n_diseased=8)
        assert found[["tp", "fn"]].to_numpy().tolist() == [[1, 7]]
    assert reconstruct_counts(sensitivity=11, n_diseased=8).empty


def test_cut_percentages_need_to_be_asked_for():
    # 2 of 3 is 66.66..., cut to 66.
    assert reconstruct_counts(sensitivity=66, n_diseased=3).empty
    for rounding in ("cut", "either"):
        found = reconstruct_counts(sensitivity=66, n_diseased=3, rounding=rounding)
        assert found["tp"].tolist() == [2]


def test_trailing_zeros_count_in_a_string_only():
    assert len(reconstruct_counts(sensitivity="93.0", n_diseased=1000)) == 1
    assert len(reconstruct_counts(sensitivity=93.0, n_diseased=1000)) == 11
    assert len(reconstruct_counts(sensitivity=93.0, n_diseased=1000, decimals=1)) == 1
    by_name = reconstruct_counts(sensitivity=93, n_diseased=1000, decimals={"sensitivity": 1})
    assert len(by_name) == 1


def test_other_spellings_of_the_same_number():
    for value in ("93.3", "93,3", "93.3%", "93.3 %", 93.3, Decimal("93.3"), np.float64(93.3)):
        assert reconstruct_counts(sensitivity=value, n_diseased=45)["tp"].tolist() == [42]
    as_share = reconstruct_counts(sensitivity="0.933", n_diseased=45, percent=False)
    assert as_share["tp"].tolist() == [42]


def test_sensitivity_alone_leaves_the_other_class_empty():
    found = reconstruct_counts(sensitivity=93.3, n_diseased=45)
    assert found["fp"].isna().all()
    assert found["tn"].isna().all()
    assert found.attrs["ranges"] == {"tp": (42, 42), "fn": (3, 3)}
    other = reconstruct_counts(specificity=50, n=100, n_diseased=90)
    assert other.drop(columns=["tp", "fn"]).to_numpy().tolist() == [[5, 5]]


def test_what_could_not_be_used_is_said():
    found = reconstruction(sensitivity=93.3, n_diseased=45, ppv=80)
    assert found.ignored == ("ppv",)
    assert found.sentence.endswith("too little is printed to use ppv 80 %.")


def test_a_table_known_in_its_margins_only():
    found = reconstruct_counts(n_diseased=4, n_nondiseased=6, n_test_positive=5)
    assert found.to_numpy().tolist() == [[t, 5 - t, 4 - t, 1 + t] for t in range(5)]


@pytest.mark.parametrize(
    ("given", "sets", "words"),
    [
        (
            {"sensitivity": 90, "n_diseased": 7},
            {("sensitivity", "n_diseased")},
            "6 of 7 are 85.71 %, 7 of 7 are 100.00 %",
        ),
        (
            {"n": 100, "n_diseased": 40, "n_nondiseased": 50, "sensitivity": 90, "specificity": 90},
            {("n", "n_diseased", "n_nondiseased")},
            "n 100 and n diseased 40 and n nondiseased 50 contradict each other",
        ),
        (
            {"sensitivity": 100, "npv": 50, "n_diseased": 20, "n_nondiseased": 30, "ppv": 91},
            {("sensitivity", "npv", "n_diseased")},
            "npv 50 %",
        ),
    ],
)
def test_contradictions_name_the_smallest_sets(given: dict[str, Any], sets: set, words: str):
    found = reconstruction(**given)
    assert len(found) == 0
    assert set(map(frozenset, found.contradictions)) == set(map(frozenset, sets))
    assert words in found.sentence
    frame = reconstruct_counts(**given)
    assert frame.empty
    assert frame.attrs["contradictions"]


def test_proportions_taken_for_percentages_are_suspected():
    found = reconstruction(sensitivity=0.93, n_diseased=45)
    assert "proportions need percent=False" in found.contradiction


def test_insufficient_numbers_say_what_would_suffice():
    with pytest.raises(OptionError, match=r"n_diseased; or n_nondiseased; or ppv; or npv"):
        reconstruct_counts(sensitivity=93, specificity=90, n=200)
    with pytest.raises(OptionError, match="n_diseased and n_nondiseased"):
        reconstruct_counts(sensitivity=93, specificity=90)
    with pytest.raises(OptionError, match="nothing"):
        reconstruct_counts()


def test_percentages_alone_need_a_largest_size():
    shares = {"sensitivity": "92.3", "specificity": "85.7", "ppv": "85.7", "npv": "92.3"}
    with pytest.raises(OptionError, match="n_max"):
        reconstruct_counts(**shares)
    found = reconstruct_counts(**shares, n_max=60)
    assert [12, 2, 1, 12] in found.to_numpy().tolist()
    assert (found.sum(axis=1) <= 60).all()


@pytest.mark.parametrize("method", ["wilson", "clopper_pearson", "wald"])
def test_a_printed_interval_stands_for_the_group_size(method: str):
    name = {"wilson": "wilson", "clopper_pearson": "beta", "wald": "normal"}[method]
    low, high = proportion_confint(42, 45, 0.05, name)
    printed = (f"{100 * low:.1f}", f"{100 * min(high, 1):.1f}")
    given = {"sensitivity": "93.3", "specificity": "88.2", "n": 96}
    found = reconstruct_counts(**given, sensitivity_interval=printed, interval_method=method)
    assert found.to_numpy().tolist() == [[42, 6, 3, 45]]
    any_method = reconstruct_counts(**given, sensitivity_interval=printed)
    assert [42, 6, 3, 45] in any_method.to_numpy().tolist()
    wrong = reconstruction(**given, sensitivity_interval=("10.0", "20.0"), interval_method=method)
    assert wrong.contradiction


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sensitivity": 101, "n_diseased": 5}, "from 0 to 100"),
        ({"sensitivity": "many", "n_diseased": 5}, "from 0 to 100"),
        ({"sensitivity": float("nan"), "n_diseased": 5}, "from 0 to 100"),
        ({"sensitivity": 90, "n_diseased": 5, "percent": False}, "from 0 to 1"),
        ({"sensitivity": 90, "n_diseased": -5}, "whole number"),
        ({"sensitivity": 90, "n_diseased": 5.5}, "whole number"),
        ({"sensitivity": 90, "n_diseased": True}, "whole number"),
        ({"sensitivity": "93.35", "n_diseased": 5, "decimals": 1}, "more than 1 decimals"),
        ({"sensitivity": 90, "n_diseased": 5, "rounding": "up"}, "nearest, cut, either"),
        ({"sensitivity": 90, "n_diseased": 5, "interval_method": "exact"}, "wilson"),
        ({"sensitivity": 90, "n_diseased": 5, "sensitivity_interval": (90, 80)}, "comes first"),
        ({"sensitivity": 90, "n_diseased": 5, "decimals": {"sens": 1}}, "sens"),
        ({"sensitivty": 90, "n_diseased": 5}, "did you mean 'sensitivity'"),
    ],
)
def test_what_cannot_be_read_is_refused(given: dict[str, Any], message: str):
    with pytest.raises(OptionError, match=message):
        reconstruction(**given)


def test_too_many_tables_are_not_listed():
    with pytest.raises(OptionError, match="more than"):
        reconstruct_counts(sensitivity=50, specificity=50, n_diseased=10**6, n_nondiseased=10**6)
    with pytest.raises(OptionError, match=r"too wide|more than"):
        reconstruct_counts(accuracy=50, ppv=50, npv=50, n=10**8)


def test_a_single_cell_that_is_printed_helps():
    found = reconstruct_counts(tp=42, sensitivity=93.3, specificity=88.2, n_nondiseased=51)
    assert found.to_numpy().tolist() == [[42, 6, 3, 45]]
