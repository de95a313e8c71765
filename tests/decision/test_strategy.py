from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from strategy_plans import SOURCE, content, plan, strata
from typer.testing import CliRunner

from metadx.cli import app
from metadx.decision.dependence import Dependence
from metadx.decision.economics import best_of, probability_best
from metadx.decision.strategy import Strategy, find_inputs, find_strategy
from metadx.decision.strategy_answer import _certainty, _percent
from metadx.decision.strategy_economics import Economics
from metadx.decision.strategy_results import StrategyResults
from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.plots.strategy_basis import strategy_captions, threshold_caption
from metadx.plots.strategy_pretest import plot_strategy_pretest
from metadx.tables import StudyTable, read_studies

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "analyses" / "strategies").glob("*.toml"))
#: Sums of a few products of numbers up to 1,000.
EXACT = 1e-9


@pytest.fixture(scope="module")
def studies() -> StudyTable:
    return read_studies(ROOT / "studies")


@pytest.fixture(scope="module")
def hip(studies: StudyTable) -> Strategy:
    return Strategy.from_file(ROOT / "analyses" / "strategies" / "hip.toml", studies)


@pytest.fixture(scope="module")
def results(hip: Strategy) -> StrategyResults:
    return hip.evaluate(draws=4000)


def small(changed: dict[str, Any] | None = None, **options: Any) -> StrategyResults:
    return Strategy(plan(changed), strata(), {}).evaluate(draws=2000, **options)


def test_the_shipped_files_cover_the_three_sites(studies: StudyTable) -> None:
    assert {"hip", "vertebra", "rib"} <= {path.stem for path in FILES}
    for path in FILES:
        found = Strategy.from_file(path, studies)
        labels = [tree.label for tree in found.plan.trees.values()]
        assert any(label.startswith("Review: ") for label in labels), path
        assert any(tree.start in ("discharge", "xray") for tree in found.plan.trees.values())


def test_totals_per_thousand_add_up(results: StrategyResults) -> None:
    for name in results.names:
        drawn = {
            outcome: results.draws(name, outcome)
            for outcome in ("found", "missed", "false_alarms", "cleared")
        }
        assert sum(drawn.values()) == pytest.approx(np.full(4000, 1000.0), abs=EXACT)
        with_it = drawn["found"] + drawn["missed"]
        assert with_it == pytest.approx(1000.0 * results.prevalence, abs=EXACT)
        for values in drawn.values():
            assert (values >= -EXACT).all() and (values <= 1000.0 + EXACT).all()
        tests = sum(results.draws(name, f"tests.{test}") for test in results.plan.tests)
        assert tests == pytest.approx(results.draws(name, "imaging"), abs=EXACT)


def test_the_same_seed_gives_the_same_results(hip: Strategy) -> None:
    first, second, other = (hip.evaluate(draws=500, seed=seed).table() for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(first, second)
    assert not first["value"].equals(other["value"])


def test_a_test_that_is_added_leaves_the_draws_of_the_others(studies: StudyTable) -> None:
    changed = content()
    del changed["tests"]["scan"], changed["strategies"]["first"]
    fewer = small(changed)
    more = small()
    assert np.array_equal(fewer.draws("second", "found"), more.draws("second", "found"))


def test_intervals_agree_with_the_delta_method() -> None:
    """One test with Beta(a, b) sensitivity at a fixed pretest probability: exact moments."""
    changed = content()
    changed["tests"]["ct"]["sensitivity"] = {"value": 0.9, "n": 4000, "source": SOURCE}
    changed["strategies"] = {
        "one": {
            "start": "ct",
            "nodes": {"ct": {"test": "ct", "positive": "treat", "negative": "discharge"}},
        }
    }
    found = (
        Strategy(plan(changed), strata(), {}).evaluate(0.4, draws=40_000).estimate("one", "found")
    )
    mean, sd = 3600.5 / 4001.0, np.sqrt(0.9 * 0.1 / 4001.0)
    assert isinstance(found, Estimate)
    # With 4,000 patients a beta is a normal to a hundredth of its width; ends of 40,000 draws
    # have a standard error of 1.3 % of the standard deviation.
    assert found.value == pytest.approx(400.0 * mean, abs=0.04 * 400.0 * sd)
    assert found.low == pytest.approx(400.0 * (mean - 1.96 * sd), abs=0.08 * 400.0 * sd)
    assert found.high == pytest.approx(400.0 * (mean + 1.96 * sd), abs=0.08 * 400.0 * sd)


def test_the_file_says_which_stratum_and_how_many_studies(results: StrategyResults) -> None:
    text = results.summary()
    for test, both in results.supports.items():
        for one in both:
            assert f"{one.stratum}, {one.k} stud" in text, test
    assert any("MRI after CT" in warning for warning in results.warnings)
    assert any("thin" in warning for warning in results.warnings)
    assert any("different years" in warning for warning in results.warnings)
    frame = results.sensitivity.dependence()
    assert set(frame["strategy"]) == {"ct_then_mri", "ai_then_mri"}


def test_dependence_moves_missed_fractures_between_its_bounds(results: StrategyResults) -> None:
    frame = results.sensitivity.dependence()
    rows = frame[(frame["strategy"] == "ct_then_mri") & (frame["outcome"] == "missed")]
    missed = rows.sort_values("share")["value"].to_numpy()
    assert (np.diff(missed) > 0.0).all()
    independent = rows.loc[rows["share"] == 0.0, "value"].iloc[0]
    assert independent == pytest.approx(results.estimate("ct_then_mri", "missed").value)


def test_dependence_may_be_given_as_a_share_or_as_draws(hip: Strategy) -> None:
    half = hip.evaluate(draws=500, dependence=0.5)
    plain = hip.evaluate(draws=500)
    assert half.estimate("ct_then_mri", "missed").value > (
        plain.estimate("ct_then_mri", "missed").value
    )
    assert half.estimate("ct_only", "missed") == plain.estimate("ct_only", "missed")
    same = plain.at_dependence(0.5)
    assert same.estimate("ct_then_mri", "found") == half.estimate("ct_then_mri", "found")
    drawn = np.full(500, 0.001)
    given = {("ct_then_mri", "mri", "ct"): Dependence(sensitivity=drawn, source="a study")}
    assert hip.evaluate(draws=500, dependence=given).estimate("ct_then_mri", "missed").value > (
        plain.estimate("ct_then_mri", "missed").value
    )
    with pytest.raises(OptionError, match="no node 'pet'"):
        hip.evaluate(draws=500, dependence={("ct_then_mri", "pet", "ct"): Dependence(0.1)})


def test_what_is_missing_is_asked_for_by_name(results: StrategyResults) -> None:
    cost = results.estimate("bone_scan_only", "cost")
    assert cost == NotApplicable("the strategy file does not give tests.bone_scan.cost")
    assert isinstance(results.estimate("ct_only", "cost"), Estimate)
    assert isinstance(results.estimate("bone_scan_only", "found"), Estimate)
    shares = results.probability_best("net_money")
    assert "bone_scan_only" not in shares.index
    assert shares.sum() == pytest.approx(1.0)


def test_without_any_cost_the_economic_outputs_say_so() -> None:
    changed = content()
    for test in changed["tests"].values():
        test.pop("cost", None)
    found = small(changed)
    for one in (found.economics.plane(), found.economics.acceptability()):
        assert isinstance(one, NotApplicable)
        assert "tests.ct.cost" in one.reason
    assert not found.probability_best("net_money")
    assert "no threshold is given" in found.probability_best("net_benefit").reason
    assert set(found.economics.frontier("cost")["status"]) == {"not applicable"}
    assert found.economics.frontier("imaging")["reason"].eq("").all()


def test_paired_draws_make_differences_sharper(results: StrategyResults) -> None:
    gap = results.difference("ct_then_mri", "ct_only", "found")
    own = [results.estimate(name, "found") for name in ("ct_then_mri", "ct_only")]
    assert gap.value == pytest.approx(own[0].value - own[1].value, abs=EXACT)
    assert gap.low > 0.0
    widths = [one.high - one.low for one in own]
    assert gap.high - gap.low < np.hypot(*widths)
    frame = results.differences("ct_only").set_index(["strategy", "outcome"])
    assert frame.loc[("ct_then_mri", "found"), "probability_better"] == 1.0
    assert frame.loc[("ct_then_mri", "cost"), "probability_better"] == 0.0


@pytest.mark.parametrize("criterion", ["found", "net_benefit", "net_money"])
def test_probabilities_of_being_best_sum_to_one(results: StrategyResults, criterion: str) -> None:
    shares = results.probability_best(criterion)
    assert shares.sum() == pytest.approx(1.0)
    assert "ai_then_mri" not in shares.index
    along = results.by_pretest(criterion)
    assert along.probability.sum(axis=1) == pytest.approx(np.ones(along.grid.size))
    for one, estimate in zip(along.switches, along.estimates(), strict=True):
        assert 0.0 <= estimate.low <= estimate.value <= estimate.high <= 1.0
        below, above = along.best_at(one.value - 0.02), along.best_at(one.value + 0.02)
        others = [other.value for other in along.switches if other is not one]
        # Far enough from its neighbours and from the ends of the grid to look at both sides.
        if all(abs(one.value - value) > 0.04 for value in [0.0, 1.0, *others]):
            assert below[0] == along.names[one.below] and above[0] == along.names[one.above]


def test_a_dominated_strategy_is_never_the_best(results: StrategyResults) -> None:
    frame = results.economics.frontier("cost").set_index("strategy")
    curve = results.economics.acceptability()
    winners = set(curve.loc[curve["is_best"], "strategy"])
    assert winners <= set(frame.index[frame["status"] == "on the frontier"])
    best = results.best("net_money")
    assert frame.loc[best, "status"] == "on the frontier"
    total = curve.groupby("willingness")["probability_best"].sum()
    assert total.to_numpy() == pytest.approx(np.ones(len(total)))


def test_perfect_information(results: StrategyResults) -> None:
    for criterion in ("net_benefit", "net_money"):
        frame = results.economics.perfect_information(criterion)
        whole = frame.loc[0, "value"]
        assert frame.loc[0, "parameter"] == "everything"
        assert (frame["value"] >= 0.0).all() and (frame["value"] <= whole).all()
        assert (np.diff(frame["value"].to_numpy()[1:]) <= 0.0).all()
    fixed = set(results.drawn) - set(results.sensitivity.parameters())
    assert {"AVAIL03", "DOSE12"} <= fixed
    assert not fixed & set(frame["parameter"])


def test_the_tornado_moves_one_input_at_a_time(results: StrategyResults) -> None:
    frame = results.sensitivity.tornado("ct_then_mri", "ct_only", "found")
    assert frame.loc[0, "parameter"] == "tests.ct.sensitivity"
    widths = (frame["at_high"] - frame["at_low"]).abs().to_numpy()
    assert (np.diff(widths) <= 0.0).all()
    ends = frame.loc[0, ["from", "to"]].tolist()
    swept = results.sensitivity.one_way(
        "tests.ct.sensitivity", ends, "found", "ct_then_mri", "ct_only"
    )
    assert swept["value"].tolist() == pytest.approx(frame.loc[0, ["at_low", "at_high"]].tolist())
    with pytest.raises(OptionError, match="no input 'ct'"):
        results.sensitivity.one_way("ct", [0.5])
    with pytest.raises(OptionError, match=r"tests\.bone_scan\.cost"):
        results.sensitivity.tornado("bone_scan_only", outcome="cost")


def test_the_cost_of_one_more_fracture(results: StrategyResults) -> None:
    ratio = results.economics.incremental_ratio("ct_then_mri", "ct_only")
    assert isinstance(ratio, Estimate) and ratio.low < ratio.value < ratio.high
    frame = results.economics.frontier("cost").set_index("strategy")
    on = frame[frame["status"] == "on the frontier"].sort_values("paid")
    assert on["ratio"].dropna().is_monotonic_increasing
    unclear = results.economics.incremental_ratio("review_ct", "ct_only")
    assert isinstance(unclear, Estimate | NotApplicable)
    assert isinstance(results.economics, Economics)
    with pytest.raises(OptionError, match="one of cost, dose"):
        results.economics.frontier("money")
    with pytest.raises(OptionError, match="less is better"):
        results.economics.frontier("cost", "missed")


def test_a_new_hospital_is_less_certain(hip: Strategy) -> None:
    mean, new = (hip.evaluate(draws=2000, new_setting=new).estimate("ct_only", "missed")
                 for new in (False, True))  # fmt: skip
    assert new.high - new.low > mean.high - mean.low


def test_arguments_are_checked(hip: Strategy, results: StrategyResults) -> None:
    for options, words in (
        ({"prevalence": 1.2}, "from 0 to 1"),
        ({"prevalence": "PREV99"}, "for the hip PREV01, PREV02, PREV03, PREV04, PREV06,"),
        ({"draws": 1}, "at least two"),
        ({"level": 95}, "between 0 and 1"),
        ({"threshold": 0.0}, "between 0 and 1"),
        ({"willingness_to_pay": -5.0}, "money from 0 up"),
        ({"willingness_to_pay": float("nan")}, "money from 0 up"),
        ({"willingness_to_pay": float("inf")}, "money from 0 up"),
        ({"dependence": 2.0}, "between -1 and 1"),
    ):
        with pytest.raises(OptionError, match=re.escape(words)):
            hip.evaluate(**options)
    with pytest.raises(OptionError, match="no outcome 'cured'"):
        results.draws("ct_only", "cured")
    with pytest.raises(OptionError, match="no strategy 'pet'"):
        results.draws("pet", "found")
    assert hip.evaluate("PREV31", draws=500).prevalence.mean() == pytest.approx(0.044, abs=0.003)


def test_a_strategy_that_is_not_ranked_needs_a_reason() -> None:
    changed = content()
    changed["strategies"]["first"] |= {"ranked": False, "note": "its studies do not reach it"}
    found = small(changed)
    assert found.ranked == ("second",)
    assert "NOT RANKED" in found.summary()
    assert found.best("found") == "second"


def test_the_answer_names_what_is_preferred_and_where_the_evidence_ends(
    results: StrategyResults,
) -> None:
    text = results.answer()
    for share in ("At 10 %: ", "At 40 %: ", "At 80 %: "):
        assert share in text
    for words in ("could be as good", "Where the evidence runs out",
                  "What the evidence supports", "If they miss the same fractures",
                  "No cost is known for Bone scan", "not ranked"):  # fmt: skip
        assert words in text, words
    assert "nan" not in text.lower().split()


def test_the_answer_does_not_call_the_best_on_average_the_likely_best() -> None:
    # The first strategy wins by little in three of four draws and loses by much in the fourth.
    results = small(content())
    utility = np.array([[1.0, 0.9], [1.0, 0.9], [1.0, 0.9], [0.0, 0.9]])
    certain = probability_best(utility)
    words = _certainty(results, certain, results.names, best_of(utility))
    assert certain.tolist() == [0.75, 0.25] and best_of(utility) == 1
    assert words.startswith("best on average, and the single best in 25 % of the draws")
    assert f"{results.labels['first']} is so in more of them (75 %), but loses more" in words
    assert words.endswith("the evidence does not settle it")
    assert [_percent(one) for one in (0.0, 0.001, 0.41)] == ["0 %", "under 1 %", "41 %"]


def test_judgements_are_marked_as_assumptions_in_every_output(
    hip: Strategy, results: StrategyResults
) -> None:
    words = "Treating is right from a probability of 0.1: an assumption, not evidence (a missed"
    money = "A found fracture is worth 2457.5 GBP: an assumption, not evidence (treatment of"
    record = results.to_dict()
    for text in (results.summary(), results.answer(), " ".join(record["warnings"]),
                 " ".join(record["assumptions"])):  # fmt: skip
        assert words in text and money in text
    asked = hip.evaluate(draws=100, threshold=0.2, willingness_to_pay=5.0).summary()
    assert "probability of 0.2: an assumption, not evidence (as asked for)" in asked
    assert "worth 5 GBP: an assumption, not evidence (as asked for)" in asked
    assert "best on average, the single best in" in asked
    captions = " ".join(
        [*strategy_captions(results), *threshold_caption(results, "net_money"),
         *threshold_caption(hip.evaluate(draws=100, threshold=0.2), "net_benefit")]
    )  # fmt: skip
    assert "worth 2,458 GBP (an assumption" in captions
    assert "20% (an assumption, as asked for)" in captions
    assert "MRI (mri/hip/patient/radiograph_negative): sensitivity k = 5" in captions
    for weak in ("thin for MRI", "indirect for Radiograph read again by AI",
                 "unconditional for MRI"):  # fmt: skip
        assert weak in captions, weak


def test_open_shares_are_named_in_words_and_marked_in_every_output(studies: StudyTable) -> None:
    rib = Strategy.from_file(ROOT / "analyses" / "strategies" / "rib.toml", studies)
    found = rib.evaluate(draws=500)
    words = "The share 'young or clear trauma' is an assumption, not evidence (no study says"
    for text in (found.summary(), found.answer(), " ".join(found.to_dict()["assumptions"])):
        assert words in text and "branches[1]" not in text
    assert "never better than the better of them" in found.answer()
    assert "Assumed, not evidence: share 'young or clear trauma' 0." in " ".join(
        strategy_captions(found)
    )
    figure = plot_strategy_pretest(found).get_figure(root=True)
    drawn = " ".join(text.get_text() for text in figure.findobj(Text)).split()
    assert "Best in under 1% of the draws throughout: Review: CT if young" in " ".join(drawn)


def test_a_share_from_the_inputs_comes_with_its_source_and_its_notes(
    results: StrategyResults,
) -> None:
    (said,) = [text for text in results.warnings if "input CONTRA07" in text]
    assert said.startswith("The share 'MRI contraindicated', input CONTRA07: CT recommended as")
    assert "read the paper before relying on it" in said and said in results.answer()


def test_a_pretest_probability_that_is_not_used_is_not_warned_of(studies: StudyTable) -> None:
    path = ROOT / "analyses" / "strategies" / "vertebra.toml"
    vertebra = Strategy.from_file(path, studies)
    assert "pretest probability, input PREV16, is used" in " ".join(
        vertebra.evaluate(draws=50).warnings
    )
    asked = " ".join(vertebra.evaluate(0.1, draws=50).warnings)
    assert "PREV16" not in asked
    assert "pretest probability is an assumption, not evidence (10 %, as asked for)" in asked


def test_the_record_is_json_and_holds_no_nan(results: StrategyResults) -> None:
    text = json.dumps(results.to_dict(), allow_nan=False)
    record = json.loads(text)
    assert record["name"] == "hip" and record["draws"] == 4000
    reasons = [row["reason"] for row in record["outcomes"] if row["value"] is None]
    assert reasons and all(reasons)
    assert record["compared"]["net_money"]["best"] in results.names


def test_files_are_found_by_name(tmp_path: Path) -> None:
    assert find_strategy("hip", ROOT / "analyses") == FILES[0].with_name("hip.toml")
    assert find_inputs(FILES[0]) == ROOT / "studies" / "strategy_inputs.csv"
    with pytest.raises(OptionError, match=r"no strategy 'knee' .* there are hip, rib, vertebra"):
        find_strategy("knee", ROOT / "analyses")
    assert find_inputs(tmp_path / "a.toml") is None


def test_on_the_command_line() -> None:
    run = CliRunner().invoke
    common = ["--studies", str(ROOT / "studies"), "--folder", str(ROOT / "analyses"),
              "--draws", "500"]  # fmt: skip
    done = run(app, ["strategy", "hip", "--prevalence", "0.1", "--json", *common])
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    assert record["prevalence"]["value"] == pytest.approx(0.1)
    options = ["--prevalence", "PREV31", "--willingness-to-pay", "5000", "--threshold", "0.2"]
    done = run(app, ["strategy", "hip", *options, *common])
    assert done.exit_code == 0, done.output
    assert "worth 5000 GBP" in done.stdout and "right from 20 %" in done.stdout
    done = run(app, ["strategy", "knee", *common])
    assert isinstance(done.exception, OptionError)
