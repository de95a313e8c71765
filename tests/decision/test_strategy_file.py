from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from strategy_plans import a_test, after, content, number, plan, strata

from metadx.decision.inputs import read_inputs
from metadx.decision.strategy_faults import StrategyError
from metadx.decision.strategy_file import read_plan

INPUTS = read_inputs(Path(__file__).parents[2] / "studies")


def at(place: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Return a change of one place of a file; the value DELETE takes it away."""

    def change(file: dict[str, Any]) -> None:
        *path, last = place.split(".")
        for key in path:
            file = file[int(key) if isinstance(file, list) else key]
        if value is DELETE:
            del file[last]
        else:
            file[last] = value

    return change


DELETE = object()
FIRST = "strategies.first.nodes"
FAULTS: list[tuple[str, Callable[[dict[str, Any]], None], str, str]] = [
    ("unknown key", at("prevalance", 0.3), "unknown_key", "did you mean 'prevalence'"),
    ("unknown site", at("site", "hipp"), "site", "did you mean 'hip'"),
    ("no population", at("population", DELETE), "population", "found nothing; expected one of"),
    ("no prevalence", at("prevalence", DELETE), "no_prevalence", "the pretest probability"),
    ("unknown input", at("prevalence", "PREV99"), "unknown_input", "strategy_inputs.csv"),
    ("wrong input", at("prevalence", "COST30"), "wrong_input", "whose quantity is prevalence"),
    ("unusable input", at("prevalence", "PREV18"), "unusable_input", "derived_by_us"),
    ("no source", at("prevalence", {"value": 0.3}), "no_source", "where the number comes from"),
    ("value too high", at("prevalence", number(39)), "bad_distribution", "from 0 to 1"),
    ("value outside", at("prevalence", number(0.3, low=0.4, high=0.5)), "bad_distribution",
     "0.3 (0.4 to 0.5) is not a value inside an interval"),
    ("one end", at("prevalence", number(0.3, low=0.2)), "bad_distribution", "stand together"),
    ("family", at("prevalence", number(0.3, low=0.2, high=0.4, family="normal")),
     "bad_distribution", "there are beta, gamma"),
    ("unknown stratum", at("tests.ct", {"stratum": "ct/hip/patient/radiograph_negativ"}),
     "unknown_stratum", "did you mean 'ct/hip/patient/radiograph_negative'"),
    ("specificity missing",
     at("tests.ct", {"stratum": "bone_scan/hip/patient/radiograph_negative"}),
     "missing_margin", "a stated assumption"),
    ("nothing known", at("tests.ct", {"modality": "ct", "sensitivity": number(0.9)}),
     "missing_margin", "a stratum, or specificity with a value"),
    ("unknown modality", at("tests.ct.modality", "cat"), "modality", "expected one of xray"),
    ("borrowed without reason",
     at("tests.ct.specificity", {"stratum": "ct/hip/patient/radiograph_negative"}),
     "no_source", "why this stratum may stand in"),
    ("cost without currency", at("tests.ct.cost", number(5.0)), "currency", "the currency of"),
    ("two currencies", at("tests.ct.cost", number(5.0, currency="USD")), "currency",
     "costs in one currency; metadx converts none"),
    ("action unknown", at("actions", {"watch": {"calls": "maybe"}}), "action",
     "one of fracture, no fracture"),
    ("node or action unknown", at(f"{FIRST}.mri.positive", "trate"), "unknown_target",
     "did you mean 'treat'"),
    ("missing result edge", at(f"{FIRST}.mri.negative", DELETE), "missing_edge",
     "a node or an action after a negative result"),
    ("unknown test", at(f"{FIRST}.mri.test", "mrt"), "unknown_test", "did you mean 'mri'"),
    ("unreachable node", at(f"{FIRST}.extra", after("ct", "treat", "discharge")), "unreachable",
     "some path from the start"),
    ("cycle", at(f"{FIRST}.mri.negative", "possible"), "cycle", "possible -> mri -> possible"),
    ("name clash", at(f"{FIRST}.treat", after("ct", "treat", "discharge")), "name_clash",
     "a name that no action has"),
    ("what kind of node", at(f"{FIRST}.mri", {"positive": "treat"}), "node_kind",
     "test, tests (read together) or split"),
    ("unknown condition", at(f"{FIRST}.possible.split", "weather"), "condition", "availability"),
    ("shares do not sum", at(f"{FIRST}.possible.branches.1.share", number(0.7)), "shares",
     "share = 'rest' for one branch"),
    ("two rests", at(f"{FIRST}.possible.branches.0.share", "rest"), "shares",
     "several branches with share = 'rest'"),
    ("one branch", at(f"{FIRST}.possible.branches", [{"share": "rest", "to": "mri"}]), "branches",
     "two or more branches"),
    ("share missing", at(f"{FIRST}.possible.branches.0.share", DELETE), "shares",
     "both share_fracture and share_no_fracture"),
    ("same test twice in parallel",
     at(f"{FIRST}.mri", {"tests": ["ct", "ct"], "rule": "any", "positive": "treat",
                         "negative": "discharge"}), "parallel", "two or more different tests"),
    ("rule", at(f"{FIRST}.mri", {"tests": ["ct", "mri"], "rule": "or", "positive": "treat",
                                 "negative": "discharge"}), "parallel", "one of any, all"),
    ("dependence on a later test",
     at("strategies.second.nodes.ct.dependence", {"with": "mri", "share": 0.2, "source": "x"}),
     "dependence", "a test done before on every path: none is"),
    ("impossible dependence",
     at("strategies.second.nodes.mri.dependence", {"with": "ct", "share": 2, "source": "x"}),
     "dependence", "between -1 and 1"),
    ("dependence without source",
     at("strategies.second.nodes.mri.dependence", {"with": "ct", "share": 0.2}), "no_source",
     "where the dependence comes from"),
    ("no strategy", at("strategies", {}), "no_strategy", "at least one table"),
    ("no start", at("strategies.first.start", DELETE), "unknown_target", "found nothing"),
    ("text expected", at("title", 5), "type", "text in quotes"),
    ("table expected", at("tests.ct", 5), "type", "a table of keys and values"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "rule", "words"), [f[1:] for f in FAULTS],
                         ids=[f[0] for f in FAULTS])  # fmt: skip
def test_each_fault_has_its_own_message(
    change: Callable[[dict[str, Any]], None], rule: str, words: str
) -> None:
    changed = deepcopy(content())
    change(changed)
    with pytest.raises(StrategyError) as caught:
        plan(changed, INPUTS)
    matching = [fault for fault in caught.value.faults if fault.rule == rule]
    assert matching, [str(fault) for fault in caught.value.faults]
    assert any(words in str(fault) for fault in matching), [str(f) for f in matching]


def test_the_messages_of_different_faults_differ() -> None:
    messages = set()
    for _, change, rule, _ in FAULTS:
        changed = deepcopy(content())
        change(changed)
        with pytest.raises(StrategyError) as caught:
            plan(changed, INPUTS)
        first = next(fault for fault in caught.value.faults if fault.rule == rule)
        messages.add(str(first))
    assert len(messages) == len(FAULTS) >= 12


def test_fixed_shares_have_to_sum_to_one() -> None:
    changed = content()
    branches = changed["strategies"]["first"]["nodes"]["possible"]["branches"]
    branches[0]["share"], branches[1]["share"] = number(0.3), number(0.6)
    with pytest.raises(StrategyError, match=r"shares that sum to 0\.9'; expected shares that sum"):
        plan(changed)
    branches[1]["share"] = number(0.7)
    plan(changed)
    branches[0]["share"], branches[1]["share"] = number(1.3 - 0.2, n=9), "rest"
    with pytest.raises(StrategyError, match="from 0 to 1"):
        plan(changed)


def test_all_faults_of_a_file_come_at_once() -> None:
    changed = content(site="hipp")
    del changed["prevalence"]
    changed["tests"]["ct"] = a_test(0.9, 1.9)
    changed["strategies"]["second"]["nodes"]["mri"]["positive"] = "tret"
    with pytest.raises(StrategyError) as caught:
        plan(changed)
    rules = [fault.rule for fault in caught.value.faults]
    assert rules == ["site", "no_prevalence", "bad_distribution", "unknown_target"]
    assert str(caught.value).startswith("4 faults in the strategy file\n")


def test_a_file_that_is_not_toml_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("title = \n[tests", encoding="utf-8")
    with pytest.raises(StrategyError, match=r"bad\.toml: found 'Invalid value .*line 1.*TOML"):
        read_plan(path, strata(), {})
    path.write_bytes(b"title = '\xff'")
    with pytest.raises(StrategyError, match="UTF-8"):
        read_plan(path, strata(), {})
    with pytest.raises(StrategyError, match="a file that can be read"):
        read_plan(tmp_path / "missing.toml", strata(), {})


def test_a_stated_margin_does_not_replace_what_studies_report() -> None:
    changed = content()
    changed["tests"]["ct"] = {
        "stratum": "bone_scan/hip/patient/radiograph_negative",
        "specificity": number(0.9, n=20),
    }
    one = plan(changed)
    assert set(one.tests["ct"].assumed) == {"specificity"}
    assert one.tests["ct"].modality == "bone_scan"
    assert one.currency == "GBP"
