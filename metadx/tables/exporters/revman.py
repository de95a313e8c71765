"""RevMan: the table of test data, Study, Test, TP, FP, FN, TN and one column a covariate.

A test's table in RevMan has one row a study, those four columns and the covariates
(Cochrane, RevMan Knowledge Base, Data and analyses in DTA reviews).
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from metadx.tables.exporters.sheet import Sheet, incomplete_rows, ordered
from metadx.tables.importers.columns import TEST_COLUMN

NAMES = {
    "study_id": "Study",
    TEST_COLUMN: "Test",
    "tp": "TP",
    "fp": "FP",
    "fn": "FN",
    "tn": "TN",
}


def revman(frame: pd.DataFrame) -> Sheet:
    """Name the columns as a test's table in RevMan does."""
    sheet = ordered(frame, NAMES)
    notes = incomplete_rows(frame, "RevMan")
    key = [name for name in ("study_id", TEST_COLUMN, "modality") if name in frame.columns]
    repeated = int(frame.duplicated(key).sum())
    if repeated:
        notes = (
            *notes,
            f"{repeated} rows repeat a study within a test; RevMan has one row for each: give "
            "thresholds or readers a test of their own there",
        )
    return replace(sheet, notes=notes)
