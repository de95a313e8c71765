"""Dependence between tests as cross-classified studies show it, in strategies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from metadx.decision.dependence import Dependence, covariance_bounds
from metadx.decision.strategy import Strategy
from metadx.errors import OptionError
from metadx.inference.paired import PairedComparison, compare_paired
from metadx.plots.strategy_basis import strategy_captions
from metadx.tables.crossed import CrossedTable

ROOT = Path(__file__).parents[2]
DRAWS = 1000
#: Both right, only the first, only the second, neither; diseased and not, by study. The studies
#: differ, so that no variance is at its boundary.
CELLS = (
    ((30, 2, 4, 6), (22, 4, 3, 9)),
    ((57, 2, 3, 1), (66, 5, 6, 9)),
    ((12, 4, 6, 9), (38, 2, 3, 4)),
    ((60, 5, 7, 10), (90, 2, 3, 2)),
    ((41, 3, 2, 3), (40, 3, 2, 1)),
)
PLACE = ("ct_then_mri", "mri", "ct")


def compared(a: str = "ct", b: str = "mri", cells: object = CELLS) -> PairedComparison:
    joint = np.asarray(cells, dtype=float)
    empty = np.zeros((len(joint), 2, 2))
    names = tuple(f"S{i}" for i in range(len(joint)))
    return compare_paired(CrossedTable("crossed", a, b, names, joint, empty, empty))


@pytest.fixture(scope="module")
def comparison() -> PairedComparison:
    return compared()


@pytest.fixture(scope="module")
def hip() -> Strategy:
    return Strategy.from_file(ROOT / "analyses/strategies/hip.toml", ROOT / "studies")


def test_the_shares_are_those_of_the_drawn_covariances(comparison: PairedComparison) -> None:
    found = Dependence.from_paired(comparison, DRAWS, 3)
    drawn = comparison.draws(DRAWS, 3)
    assert found.shares is not None
    for margin, part in (("sensitivity", "diseased"), ("specificity", "nondiseased")):
        p, q = drawn[f"{margin}_a"].to_numpy(), drawn[f"{margin}_b"].to_numpy()
        # At the accuracies of the studies themselves the covariance comes back.
        back = found.covariance(margin, p, q)
        assert back == pytest.approx(drawn[f"covariance_{part}"].to_numpy(), abs=1e-12)
        # At any other accuracies it stays possible, in every draw.
        low, high = covariance_bounds(0.97, 0.6)
        other = found.covariance(margin, 0.97, 0.6)
        assert (low <= other).all() and (other <= high).all()
    assert not found.is_independence
    assert "5 studies that cross-classify 267 diseased" in found.source


def test_a_strategy_takes_a_paired_comparison(hip: Strategy, comparison: PairedComparison) -> None:
    plain = hip.evaluate(draws=DRAWS)
    found = hip.evaluate(draws=DRAWS, dependence=comparison)
    dependence = found.dependence["ct_then_mri"]["mri", "ct"]
    assert list(found.dependence) == ["ct_then_mri"]
    sens = [found.drawn[f"tests.{test}.sensitivity"] for test in ("ct", "mri")]
    misses = (1 - sens[0]) * (1 - sens[1]) + dependence.covariance("sensitivity", *sens)
    contraindicated = found.drawn["CONTRA07"]
    expected = contraindicated * (1 - sens[0]) + (1 - contraindicated) * misses
    drawn = found.draws("ct_then_mri", "missed")
    assert drawn == pytest.approx(1000 * found.prevalence * expected, abs=1e-9)
    least = plain.estimate("ct_then_mri", "missed").value
    most = plain.at_dependence(1.0).estimate("ct_then_mri", "missed").value
    assert least < drawn.mean() < most
    same = hip.evaluate(draws=DRAWS, dependence={PLACE: comparison})
    assert same.estimate("ct_then_mri", "missed") == found.estimate("ct_then_mri", "missed")
    swapped = hip.evaluate(draws=DRAWS, dependence=compared("mri", "ct"))
    assert list(swapped.dependence) == ["ct_then_mri"]


def test_every_output_says_which_dependence_it_rests_on(
    hip: Strategy, comparison: PairedComparison
) -> None:
    for given, words in ((comparison, "estimated for ct and mri"), (0.5, "0.5 of the covariance")):
        found = hip.evaluate(draws=DRAWS, dependence=given)
        for text in (found.summary(), str(found.to_dict()["warnings"]), found.answer(),
                     " ".join(strategy_captions(found))):  # fmt: skip
            assert f"Dependence in ct_then_mri, node mri: {words}" in text
        assert "conditionally independent" not in " ".join(strategy_captions(found))


def test_analyses_at_the_means_take_the_mean_dependence(
    hip: Strategy, comparison: PairedComparison
) -> None:
    found = hip.evaluate(draws=DRAWS, dependence=comparison)
    base = found.sensitivity.tornado("ct_then_mri")["base"].iloc[0]
    # Means of products differ a little from products of means.
    assert base == pytest.approx(found.estimate("ct_then_mri", "found").value, rel=0.01)
    frame = found.economics.perfect_information()
    assert (frame["value"].iloc[1:] <= frame["value"].iloc[0]).all()
    # An absolute covariance that an end of an interval does not allow is cut there.
    absolute = hip.evaluate(draws=DRAWS, dependence={PLACE: Dependence(sensitivity=0.015)})
    assert not absolute.sensitivity.tornado("ct_then_mri", "ct_only").empty


def test_a_dependence_that_fits_nowhere_is_refused(
    hip: Strategy, comparison: PairedComparison
) -> None:
    for given, message in (
        (compared("ct", "dxa_vfa"), "no strategy uses ct and dxa_vfa .* there are mri after ct"),
        ({("ct_then_mri", "mri", "bone_scan"): 0}, "'bone_scan' does not come before node 'mri'"),
        ({PLACE: Dependence(sensitivity=np.full(7, 0.001))}, "has 7 draws and the evaluation 1000"),
    ):
        with pytest.raises(OptionError, match=message):
            hip.evaluate(draws=DRAWS, dependence=given)


def test_a_part_without_a_cross_table_is_said_to_be_independent() -> None:
    table = CrossedTable(
        "half", "ct", "mri", ("S0", "S1", "S2"),
        np.array([[one[0], (0, 0, 0, 0)] for one in CELLS[:3]], dtype=float),
        np.array([[[0, 0], [45, 44]], [[0, 0], [69, 68]], [[0, 0], [20, 24]]], dtype=float),
        np.array([[[0, 0], [50, 50]], [[0, 0], [70, 70]], [[0, 0], [35, 35]]], dtype=float),
    )  # fmt: skip
    found = Dependence.from_paired(compare_paired(table), DRAWS)
    assert found.shares is not None and list(found.shares) == ["sensitivity"]
    assert float(found.covariance("specificity", 0.9, 0.8)) == 0.0
    assert "specificity independent, as no study cross-classifies" in found.source
