"""What the figures of the registry are drawn from in the tests, by what they need."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd
from drawn import REGULAR, TABLES, make_table

from metadx.decision.strategy import Strategy
from metadx.decision.strategy_file import plan_of
from metadx.decision.strategy_results import StrategyResults
from metadx.inference.cumulative import cumulative
from metadx.models import BivariateResults
from metadx.plots.registry import Figurable
from metadx.tables import StudyTable
from metadx.tables.quadas import Judged, QuadasTable

DOMAINS = ("patient_selection", "index_test", "reference_standard", "flow_and_timing")
WORDS = ("low", "high", "unclear", "low", "")


def judgements(table: StudyTable) -> pd.DataFrame:
    """Return judgements of all studies but the last, some items left out."""
    rows = [
        {"study_id": study, "domain": domain, "judgement": WORDS[(2 * i + j) % len(WORDS)]}
        for i, study in enumerate(table.frame["study_id"].iloc[: max(1, len(table) - 1)])
        for j, domain in enumerate(DOMAINS)
    ]
    frame = pd.DataFrame(rows)
    return frame[frame["judgement"] != ""]


def quadas_of(table: StudyTable) -> Judged:
    """Return the same judgements beside the rows of the table."""
    frame = judgements(table).assign(
        modality="", site="", version="QUADAS-2", compared_with="", question="risk_of_bias",
        source="",
    )  # fmt: skip
    quadas = QuadasTable(frame)
    return Judged(table, "QUADAS-2", quadas.judgements(table, "QUADAS-2"))


def estimates() -> pd.DataFrame:
    """Return estimates of strata with many and with few studies."""
    rows = []
    strata = {"ct/hip/patient/radiograph_negative": 12, "ct/rib/rib/confirmed_fracture": 5,
              "mri/rib/rib/all_suspected": 1}  # fmt: skip
    for name, k in strata.items():
        modality, site, unit, population = name.split("/")
        rows.append({
            "stratum": name, "modality": modality, "site": site, "unit": unit,
            "population": population, "headline": True, "k": k, "k_complete": k,
            "n_diseased": 264, "n_nondiseased": 306, "sensitivity": 0.94,
            "sensitivity_low": 0.82, "sensitivity_high": 0.98, "specificity": None,
            "specificity_low": None, "specificity_high": None, "sensitivity_k": k,
            "specificity_k": 3, "sensitivity_path": "univariate", "specificity_path": "none",
        })  # fmt: skip
    return pd.DataFrame(rows)


def claims() -> pd.DataFrame:
    """Return a claim of every verdict, each with one stratum."""
    claim = {
        "claim_id": "C01", "statement": "CT finds over 90 percent of hip fractures",
        "quantity": "sensitivity", "relation": "at least", "claimed_low": 0.9,
        "claimed_high": None, "verdict": "not enough evidence", "reason": "the interval is wide",
        "stratum": "ct/hip/patient/radiograph_negative", "comparator": "", "k": 8,
        "basis": "pooled", "value": 0.94, "low": 0.82, "high": 0.98,
        "stratum_verdict": "not enough evidence",
    }  # fmt: skip
    verdicts = ("not enough evidence", "supported", "contradicted")
    return pd.DataFrame([
        claim | {"claim_id": f"C0{i}", "verdict": verdict, "stratum_verdict": verdict}
        for i, verdict in enumerate(verdicts)
    ])  # fmt: skip


def source_for(figure: Figurable, fit: BivariateResults) -> Any:
    """Return what a figure is drawn from, made of a fit where it concerns studies."""
    if figure.name == "cumulative":
        return cumulative(fit, by=[2001 + i for i in range(len(fit.table))]) or fit
    if figure.needs in ("fit", "one fit"):
        return fit
    if figure.needs == "table":
        return fit.table
    if figure.needs == "quadas":
        return quadas_of(fit.table)
    others = {"estimates": estimates, "claims": claims, "strategy": strategies}
    return {**others, "none": lambda: None}[figure.needs]()


@cache
def strategies() -> StrategyResults:
    """Return strategies of stated accuracy, all their inputs given."""

    def number(value: float, **more: Any) -> dict[str, Any]:
        return {"value": value, "source": "assumption: for a test", **more}

    def test(sensitivity: float, specificity: float, cost: float, dose: float) -> dict[str, Any]:
        return {
            "modality": "ct", "sensitivity": number(sensitivity, n=60),
            "specificity": number(specificity, n=90), "dose": number(dose), "hours": number(3.0),
            "cost": number(cost, low=0.5 * cost, high=1.6 * cost, currency="GBP"),
        }  # fmt: skip

    def alone(name: str) -> dict[str, Any]:
        node = {"test": name, "positive": "treat", "negative": "discharge"}
        return {"start": name, "label": f"{name.upper()} in everybody", "nodes": {name: node}}

    both = alone("mri")["nodes"] | {"ct": {"test": "ct", "positive": "treat", "negative": "mri"}}
    content = {
        "title": "Strategies for a test", "site": "hip", "population": "radiograph_negative",
        "prevalence": number(0.39, low=0.35, high=0.43), "threshold": number(0.1),
        "value_of_finding": number(2000.0, currency="GBP"),
        "tests": {"ct": test(0.9, 0.97, 100.0, 3.0), "mri": test(0.98, 0.96, 300.0, 0.0)},
        "strategies": {
            "ct": alone("ct"), "mri": alone("mri"), "none": {"start": "discharge"},
            "both": {"start": "ct", "label": "CT, MRI after a negative CT", "nodes": both},
        },
    }  # fmt: skip
    return Strategy(plan_of(content, "test", {}, {}), {}, {}).evaluate(draws=1000)


def regular() -> StudyTable:
    """Return a small table with a covariate that has a missing value."""
    frame = make_table(REGULAR).frame
    frame["age"] = pd.array([61, 64, None, 70, 73, 79], dtype="Int64")
    frame["design"] = ["cohort", "case-control", "cohort", None, "cohort", "case-control"]
    return StudyTable.from_frame(frame, "regular")


def with_years() -> StudyTable:
    """Return fifteen studies of different years."""
    frame = make_table(TABLES["fifteen"]).frame
    frame["year"] = pd.array([2001 + i for i in range(15)], dtype="Int64")
    return StudyTable.from_frame(frame, "fifteen")
