"""Study tables for tests, and a fit that keeps its warnings to itself."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from metadx.errors import MetadxWarning
from metadx.models import BivariateModel, BivariateResults
from metadx.tables import StudyTable

Cell = int | None


def table_of(rows: Sequence[Sequence[Cell]], name: str = "test") -> StudyTable:
    """Return a table of rows (tp, fp, fn, tn); None where a margin is missing."""
    frame = pd.DataFrame(rows, columns=["tp", "fp", "fn", "tn"]).astype("Int64")
    frame.insert(0, "study", [f"S{i + 1}" for i in range(len(frame))])
    return StudyTable.from_frame(frame, name)


def rows_of(table: StudyTable) -> list[list[int]]:
    return table.frame[["tp", "fp", "fn", "tn"]].astype(int).to_numpy().tolist()


def swapped(table: StudyTable) -> StudyTable:
    """Exchange the diseased and the non-diseased: sensitivity becomes specificity."""
    names = {"tp": "tn", "tn": "tp", "fp": "fn", "fn": "fp"}
    return StudyTable.from_frame(table.frame.rename(columns=names), table.name)


def fit(table: StudyTable, level: float = 0.95, interval: str = "wald", **model: Any):
    """Fit the model; what it warns of is on the result as well and is asserted there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        result: BivariateResults = BivariateModel(table, **model).fit(
            level=level, interval=interval
        )
    return result


def simulate(
    rng: np.random.Generator,
    k: int,
    sens: float = 0.97,
    spec: float = 0.97,
    tau: tuple[float, float] = (0.8, 1.0),
    rho: float = -0.4,
    arms: tuple[int, int] = (8, 41),
) -> StudyTable:
    """Draw a table from the model; `sens`, `spec` at the mean logit, arms from a range."""
    n1, n0 = rng.integers(*arms, size=(2, k))
    cov = rho * tau[0] * tau[1]
    factor = np.linalg.cholesky([[tau[0] ** 2, cov], [cov, tau[1] ** 2]])
    mean = np.log([sens / (1 - sens), spec / (1 - spec)])
    p = 1.0 / (1.0 + np.exp(-(mean + rng.standard_normal((k, 2)) @ factor.T)))
    tp, tn = rng.binomial(n1, p[:, 0]), rng.binomial(n0, p[:, 1])
    rows = np.column_stack([tp, n0 - tn, n1 - tp, tn]).tolist()
    return table_of(rows, f"simulated, k = {k}")
