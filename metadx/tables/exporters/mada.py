"""mada (R): columns names, TP, FN, FP, TN, in any order, others beside them."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from metadx.tables.exporters.sheet import Sheet, incomplete_rows, ordered

NAMES = {"study_id": "names", "tp": "TP", "fn": "FN", "fp": "FP", "tn": "TN"}


def mada(frame: pd.DataFrame) -> Sheet:
    """Name the columns as the functions of mada expect them."""
    return replace(ordered(frame, NAMES), notes=incomplete_rows(frame, "mada"))
