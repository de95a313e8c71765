"""What the figures of the gallery show: the shipped tables, and published data sets.

The origin of each published data set stands in ``tests/reference/README.md``.
"""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path

import pandas as pd

import metadx as mx
from metadx.decision.strategy import Strategy
from metadx.decision.strategy_results import StrategyResults
from metadx.report import check_claims, read_claims, record_of, row_of
from metadx.report.claims import claim_rows
from metadx.report.estimates import with_headlines
from metadx.tables import headline_strata

ROOT = Path(__file__).resolve().parents[2]
DOMAINS = ("patient_selection", "index_test", "reference_standard", "flow_and_timing")
WORDS = ("low", "low", "unclear", "low", "high", "low", "low")


@cache
def studies() -> mx.StudyTable:
    """Return the shipped study tables."""
    return mx.read_studies(ROOT / "studies")


@cache
def fit(stratum: str) -> mx.BivariateResults:
    """Fit a stratum of the shipped tables, ``"ct/hip/patient/radiograph_negative"``."""
    names = ("modality", "site", "unit", "population")
    return fitted(studies().select(**dict(zip(names, stratum.split("/"), strict=False))))


@cache
def reference(name: str) -> mx.BivariateResults:
    """Fit a published data set by its name."""
    frame = pd.read_csv(ROOT / "tests" / "reference" / "datasets" / f"{name}.csv")
    return fitted(mx.StudyTable.from_frame(frame, name))


@cache
def strategies(name: str) -> StrategyResults:
    """Evaluate a shipped file of strategies."""
    path = ROOT / "analyses" / "strategies" / f"{name}.toml"
    return Strategy.from_file(path, ROOT / "studies").evaluate(draws=2000)


def fitted(table: mx.StudyTable) -> mx.BivariateResults:
    """Fit a table; what it warns of stands on the figure."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mx.MetadxWarning)
        return mx.BivariateModel(table).fit()


def made_up_judgements(table: mx.StudyTable) -> pd.DataFrame:
    """Return judgements that nobody made, to show what a figure of judgements looks like."""
    return pd.DataFrame(
        {"study_id": study, "domain": domain, "judgement": WORDS[(3 * i + j) % len(WORDS)]}
        for i, study in enumerate(table.frame["study_id"])
        for j, domain in enumerate(DOMAINS)
    )


@cache
def results_of_the_hip() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of estimates and of claims that ``metadx run`` writes, for the hip."""
    table = studies().select(site="hip", modality=["ct", "mri", "ultrasound"])
    strata = {name: part for name, part in table.strata().items() if len(part.pooled())}
    found = [record_of(name, part, fitted(part.pooled())) for name, part in strata.items()]
    records = with_headlines(found, headline_strata(table).values())
    ids = {name: frozenset(part.pooled().frame["study_id"]) for name, part in strata.items()}
    claims = [one for one in read_claims(ROOT / "studies" / "claims.csv") if one.site == "hip"]
    rows = claim_rows(check_claims(claims, records, ids))
    return pd.DataFrame([row_of(record) for record in records]), pd.DataFrame(rows)
