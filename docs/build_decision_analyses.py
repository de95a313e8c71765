"""Write docs/decision_analyses.md: published decision analyses, recomputed from what they print.

Run from the repository: python docs/build_decision_analyses.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from metadx.decision.economics import frontier
from metadx.decision.inputs import Input, read_inputs
from metadx.decision.strategy import Strategy
from metadx.decision.strategy_file import plan_of
from metadx.decision.strategy_results import StrategyResults
from metadx.tables import StudyTable, read_studies

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "decision_analyses.md"
CT_WRIST = "ct/wrist/patient/radiograph_negative"
MRI_WRIST = "mri/wrist/patient/radiograph_negative"

HEAD = """\
# Published decision analyses, recomputed

This page is written by `python docs/build_decision_analyses.py` from `studies/strategy_inputs.csv`
and the study tables; a test compares it. Only abstracts of these analyses are public. What their
arithmetic implies is recomputed, what would be needed to go on is named, and nothing is tuned.
"""


def value(inputs: dict[str, Input], name: str) -> float:
    """Return the value of an input."""
    found = inputs[name].value
    assert found is not None
    return found


def stated(number: float, **more: Any) -> dict[str, Any]:
    """Return a number of a strategy file."""
    return {"value": number, "source": "as the analysis prints or implies it", **more}


def evaluated(content: dict[str, Any], strata: dict[str, StudyTable]) -> StrategyResults:
    """Evaluate a strategy file in memory."""
    plan = plan_of(content, "published", strata, {})
    return Strategy(plan, strata, {}).evaluate()


def alone(test: str) -> dict[str, Any]:
    """Return the strategy of one test in everybody."""
    return {
        "start": test,
        "nodes": {test: {"test": test, "positive": "treat", "negative": "discharge"}},
    }


def break_even(inputs: dict[str, Input]) -> list[str]:
    """CT against CT with MRI in femoral shaft fractures: everything is printed."""
    price, miss, after = (value(inputs, name) for name in ("COST02", "COST03", "THR08"))
    reduction = price / miss
    tests = {
        "ct": {"modality": "ct", "sensitivity": stated(0.0), "specificity": stated(1.0),
               "cost": stated(0.0, currency="GBP")},
        "mri": {"modality": "mri", "sensitivity": stated(reduction / 0.12),
                "specificity": stated(1.0), "cost": stated(price, currency="GBP")},
    }  # fmt: skip
    content = {
        "title": "Femoral neck fractures that CT misses", "site": "hip",
        "population": "all_suspected", "prevalence": stated(0.12), "tests": tests,
        "strategies": {"ct": alone("ct"), "mri": alone("mri")},
    }  # fmt: skip
    results = evaluated(content, {})
    ratio = results.economics.incremental_ratio("mri", "ct")
    missed = results.estimate("mri", "missed")
    return [
        "## Hip: MRI beside CT in femoral shaft fractures (2022)", "",
        f"Source: {inputs['COST02'].source}. Printed: 12 % of the patients have a femoral neck "
        f"fracture that CT misses, MRI costs GBP {price:g}, a missed fracture GBP {miss:g}; "
        f"break-even at {after:g} %, absolute risk reduction 5 %, number needed to treat 20.", "",
        "| quantity | printed | recomputed |", "|---|---|---|",
        f"| absolute risk reduction at break-even, price / cost of a miss | 5 % | "
        f"{100 * reduction:.2f} % |",
        f"| share still missed at break-even | {after:g} % | {missed.value / 10:.2f} % |",
        f"| number needed to treat | 20 | {1 / reduction:.1f} |",
        f"| cost of one more fracture found by a strategy file with these numbers | {miss:g} | "
        f"{ratio.value:.1f} |", "",
        "Gap: none but rounding. The paper rounds the reduction to 5 % before it divides, which "
        "makes 20 of 19. False positives of MRI and the fractures that MRI misses are not in it.",
        "",
    ]  # fmt: skip


def transfer(inputs: dict[str, Input], hip: StrategyResults) -> list[str]:
    """CT, MRI or CT and then MRI in occult hip fracture: what the thresholds imply."""
    gap, icer = value(inputs, "COST04"), value(inputs, "ICER01")
    worth = value(inputs, "THR03")
    low, high = value(inputs, "THR01"), value(inputs, "THR02")
    gained = gap / icer
    benefit = worth * gained - gap
    negative = (benefit - low) / (high - low)
    sens = float(hip.drawn["tests.ct.sensitivity"].mean())
    spec = float(hip.drawn["tests.ct.specificity"].mean())
    share = (1.0 - negative - (1.0 - spec)) / (sens + spec - 1.0)
    mri = float(hip.drawn["tests.mri.sensitivity"].mean())
    each = gained / (share * (mri - sens))
    return [
        "## Hip: CT, MRI, or CT and then MRI (Yun et al. 2016)", "",
        f"Source: {inputs['ICER01'].source}. Printed: MRI gains 0.05 QALY over CT at USD "
        f"{gap:,.0f} more, USD {icer:,.0f} per QALY; at USD {worth:,.0f} per QALY a hospital "
        f"without MRI transfers everybody up to a transfer cost of USD {low:,.0f}, those with a "
        f"negative CT up to USD {high:,.0f}, and nobody above it.", "",
        "| quantity | printed | recomputed |", "|---|---|---|",
        f"| QALY gained, cost / ratio | 0.05 | {gained:.4f} |",
        f"| ratio from the printed, rounded gain | {icer:,.0f} | {gap / 0.05:,.0f} |",
        f"| net benefit of MRI over CT, USD a patient | | {benefit:,.0f} |",
        f"| share with a negative CT that both thresholds imply | not printed | "
        f"{100 * negative:.1f} % |", "",
        "The last line follows from three indifferences. With T the cost of a transfer, A the net "
        "benefit of MRI over CT and B that of CT-then-MRI over CT, both without transfer, and q "
        f"the share with a negative CT: B = q * {high:,.0f} where CT alone takes over, and "
        f"A - B = (1 - q) * {low:,.0f} where transfer of everybody ends. Hence "
        f"q = (A - {low:,.0f}) / ({high:,.0f} - {low:,.0f}).", "",
        f"Gap: the table of model inputs is not public. With the pooled CT of this repository "
        f"(sensitivity {sens:.2f}, specificity {spec:.2f}) that share means a pretest probability "
        f"of {100 * share:.0f} %, below the 39 % of input PREV01 and between it and the 4.4 % of "
        f"PREV31. With the pooled MRI (sensitivity {mri:.2f}) each fracture that MRI finds and CT "
        f"does not would then be worth {each:.1f} QALY. The losses of utility among the "
        f"inputs ({value(inputs, 'UTIL01'):g} in the first three months, UTIL01; "
        f"{value(inputs, 'UTIL02'):g} at a year, UTIL02) do not add up to that without deaths, so "
        "that the model probably had a lower sensitivity of CT, deaths after a missed fracture, "
        "or both. Which, the public part does not say.", "",
        "A second analysis (dual-energy CT in Singapore, "
        f"{inputs['ICER02'].source}) prints SGD 106.41 for 0.30 QALY and SGD "
        f"{value(inputs, 'ICER02'):.2f} per QALY: 106.41 / {value(inputs, 'ICER02'):.2f} = "
        f"{106.41 / value(inputs, 'ICER02'):.4f}, consistent.", "",
    ]  # fmt: skip


def scaphoid(inputs: dict[str, Input], strata: dict[str, StudyTable]) -> list[str]:
    """CT and MRI at once in suspected scaphoid fracture, with our accuracies."""
    average, icer = value(inputs, "COST14"), value(inputs, "ICER04")
    share = value(inputs, "PREV26")
    content: dict[str, Any] = {
        "title": "Suspected scaphoid fracture", "site": "wrist",
        "population": "radiograph_negative", "prevalence": stated(share),
        "tests": {
            name: {"stratum": stratum, "cost": stated(0.0, currency="USD")}
            for name, stratum in (("ct", CT_WRIST), ("mri", MRI_WRIST))
        },
        "strategies": {"ct": alone("ct"), "mri": alone("mri")},
    }  # fmt: skip
    found = evaluated(content, strata)
    rate = {name: found.estimate(name, "found").value / 1000.0 for name in ("ct", "mri")}
    ct = average * rate["ct"]
    mri = ct + icer * (rate["mri"] - rate["ct"])
    content["tests"]["ct"]["cost"] = stated(ct, currency="USD")
    content["tests"]["mri"]["cost"] = stated(max(mri, 0.0), currency="USD")
    results = evaluated(content, strata)
    gained = results.difference("mri", "ct", "found")
    cost = {name: results.estimate(name, "cost").value for name in ("ct", "mri")}
    ratio = (cost["mri"] - cost["ct"]) / (gained.value / 1000.0)
    sure = results.differences("ct").set_index("outcome").loc["found", "probability_better"]
    return [
        "## Scaphoid: CT or MRI at once (Yin et al. 2015)", "",
        f"Source: {inputs['ICER04'].source}. Printed: USD {average:,.0f} per fracture detected "
        f"with CT at once, USD {icer:,.0f} for each further one with MRI at once, USD "
        f"{value(inputs, 'ICER05'):,.0f} with MRI on day 3.", "",
        f"With the pooled accuracies of this repository ({CT_WRIST}, {MRI_WRIST}) and a pretest "
        f"probability of {100 * share:.1f} % (input PREV26):", "",
        "| quantity | printed | recomputed |", "|---|---|---|",
        f"| fractures found per 1,000, CT | | {results.estimate('ct', 'found').format(0)} |",
        f"| fractures found per 1,000, MRI | | {results.estimate('mri', 'found').format(0)} |",
        f"| difference | | {gained.format(1)} |",
        f"| cost of a CT pathway that gives the printed average, USD a patient | not printed | "
        f"{ct:,.0f} |",
        f"| cost of an MRI pathway that gives the printed ratio | not printed | {mri:,.0f} |",
        f"| cost per fracture detected with CT, from a strategy file with them | {average:,.0f} | "
        f"{cost['ct'] / rate['ct']:,.0f} |",
        f"| incremental ratio from that file | {icer:,.0f} | {ratio:,.0f} |", "",
        "Gap: costs, pretest probability and accuracies of the model are not public, so that the "
        "prices above are implied, not compared. Our studies "
        f"give MRI more fractures than CT in {100 * sure:.0f} % of the draws; where the difference "
        "may have either sign, an incremental ratio has no interval, and metadx gives none: "
        f"\"{results.economics.incremental_ratio('mri', 'ct')}\".", "",
    ]  # fmt: skip


def nonunion(inputs: dict[str, Input]) -> list[str]:
    """Bone scan or repeated films in suspected scaphoid fracture."""
    costs = [value(inputs, name) for name in ("COST15", "COST16", "COST17")]
    worst, icer = value(inputs, "DISP09"), value(inputs, "ICER10")
    saved = (costs[2] - costs[0]) / icer
    places = frontier([costs[0], costs[2]], [-worst, -(worst - saved)])  # type: ignore[arg-type]
    return [
        "## Scaphoid: repeated films or bone scan (Tiel-van Buul et al. 1995)", "",
        f"Source: {inputs['ICER10'].source}. Printed: ECU {costs[0]:g} (films to two weeks), "
        f"{costs[1]:g} (films to six weeks), {costs[2]:g} (bone scan); nonunion "
        f"{100 * worst:.1f} % with the first; ECU {icer:,.0f} per nonunion saved by the bone "
        "scan.", "",
        "| quantity | printed | recomputed |", "|---|---|---|",
        f"| nonunions saved, difference in cost / ratio | not printed | {100 * saved:.2f} % |",
        f"| nonunion with the bone scan | not printed | {100 * (worst - saved):.2f} % |",
        f"| ECU per nonunion saved, from the frontier | {icer:,.0f} | {places[1].ratio:,.0f} |", "",
        f"Films to six weeks cost ECU {costs[1] - costs[2]:.1f} more than the bone scan and "
        "immobilise longest; they are dominated unless they save more nonunions than the bone scan "
        "does, which the abstract does not say.", "",
        "Gap: probabilities of fracture and nonunion by strategy are in the paper, which is not "
        "public.", "",
    ]  # fmt: skip


def page() -> str:
    """Return the page."""
    inputs = read_inputs(ROOT / "studies")
    table = read_studies(ROOT / "studies")
    strata = table.pooled().strata()
    hip = Strategy.from_file(ROOT / "analyses" / "strategies" / "hip.toml", table).evaluate()
    lines = [HEAD]
    lines += break_even(inputs) + transfer(inputs, hip)
    lines += scaphoid(inputs, strata) + nonunion(inputs)
    return "\n".join(lines).rstrip("\n") + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
