"""An appraisal as a record and as a part of a page."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from metadx._version import __version__
from metadx.estimate import NotApplicable
from metadx.inference.appraisal import SECTIONS, Appraisal, said
from metadx.report.documents import html


def appraisal_record(appraisal: Appraisal) -> dict[str, Any]:
    """Return an appraisal as a JSON-ready dictionary.

    Each part has its text and, where it is a table, its rows; a part that does not apply has
    the reason instead.
    """
    fit = appraisal.fit
    record: dict[str, Any] = {
        "metadx": __version__,
        "table": fit.table.name,
        "stratum": sorted(set(fit.table.stratum_ids())),
        "k": fit.k,
        "model_path": fit.model_path,
        "level": fit.level,
        "pretest": appraisal.pretest,
        "seed": appraisal.seed,
        "parts": {},
    }
    for name, heading in SECTIONS.items():
        part = getattr(appraisal, name)
        own: dict[str, Any] = {"heading": heading}
        if isinstance(part, NotApplicable):
            own["not_applicable"] = part.reason
        else:
            own["text"] = said(part)
            frame = getattr(part, "frame", None)
            if isinstance(frame, pd.DataFrame):
                own["rows"] = plain_rows(frame)
        record["parts"][name] = own
    return record


def plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame with plain values; a missing cell is None."""
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (str, bool, int)):
        return value
    if value is None or value is pd.NA:
        return None
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return str(value)


def appraisal_html(appraisal: Appraisal, fragment: bool = False) -> str:
    """Write an appraisal as a page, or as the part of one.

    Parameters
    ----------
    appraisal : Appraisal
    fragment : bool
        Whether only the part is wanted. It names the parts that do not apply with their
        reason, so that it stays small for a stratum with few studies.
    """
    parts, absent = [], []
    for name, heading in SECTIONS.items():
        part = getattr(appraisal, name)
        if isinstance(part, NotApplicable):
            absent.append((heading, part.reason))
        else:
            parts.append((heading, said(part)))
    return html(
        "appraisal",
        f"Appraisal of {appraisal.title}",
        fragment,
        parts=parts,
        absent=absent,
        k=appraisal.fit.k,
    )
