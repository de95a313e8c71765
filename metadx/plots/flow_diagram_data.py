"""The numbers behind the flow diagram: what became of every extracted row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from metadx.tables import StudyTable, flow, label
from metadx.tables.flow import TOTAL

#: Steps of the flow in order; "before" are the caller's own, ahead of the tables.
STEPS: Final = ("before", "extracted", "removed", "excluded", "pooled", "part")
PARTS: Final = {
    "complete": "Both margins",
    "sens_only": "Sensitivity only",
    "spec_only": "Specificity only",
}
_REASON: Final = "excluded_"


def flow_diagram_data(table: StudyTable, before: Mapping[str, int] | None = None) -> pd.DataFrame:
    """Return the boxes of the flow diagram.

    Parameters
    ----------
    table : StudyTable
        All rows, pooled or not, of one stratum or of many.
    before : mapping of str to int, optional
        Steps ahead of the tables in the caller's words, records found and screened for
        example. The tables do not know them.

    Returns
    -------
    DataFrame
        Columns step, label, reason (empty but for excluded rows), rows and studies; a step of
        the caller's has no number of studies.
    """
    counts = next(row for row in flow(table).to_dict("records") if row["stratum"] == TOTAL)
    pooled = table.pooled()
    boxes: list[tuple[str, str, str, int, int | None]] = [
        ("before", words, "", int(number), None) for words, number in (before or {}).items()
    ]
    boxes.append(("extracted", "Rows extracted", "", len(table), _studies(table)))
    boxes.append(("removed", "Removed: double entries", "", int(counts["removed"]), None))
    reasons = {
        str(name).removeprefix(_REASON): int(number)
        for name, number in counts.items()
        if str(name).startswith(_REASON) and number
    }
    for code in sorted(reasons, key=lambda code: (-reasons[code], code)):
        words = label("pool_reason", code)
        boxes.append(("excluded", "Kept, not pooled", words, reasons[code], None))
    boxes.append(("pooled", "Rows pooled", "", len(pooled), _studies(pooled)))
    for name, words in PARTS.items():
        part = getattr(pooled, name)
        boxes.append(("part", words, "", len(part), _studies(part)))
    frame = pd.DataFrame(boxes, columns=["step", "label", "reason", "rows", "studies"])
    return frame.astype({"rows": "Int64", "studies": "Int64"})


def _studies(table: StudyTable) -> int:
    return int(table.frame["study_id"].nunique())
