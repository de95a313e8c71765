"""Values computed by other programs, as the tests and the validation page read them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from metadx.tables import StudyTable

FOLDER = Path(__file__).parent / "reference"


@cache
def load(name: str) -> dict[str, Any]:
    """Return one file: a ``source`` record and a list of ``cases``."""
    record: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return record


def cases(name: str, **wanted: Any) -> list[dict[str, Any]]:
    return [c for c in load(name)["cases"] if all(c.get(k) == v for k, v in wanted.items())]


def case(name: str, dataset: str, **wanted: Any) -> dict[str, Any]:
    (found,) = cases(name, dataset=dataset, **wanted)
    return found


def frame(dataset: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / "datasets" / f"{dataset}.csv")


@cache
def table(dataset: str) -> StudyTable:
    """Return a data set as a study table under the names of its column ``study``.

    In three sets ``study_id`` numbers the papers, several of which report more than one
    table; the reference programs took every row for a study.
    """
    return StudyTable.from_frame(frame(dataset).drop(columns="study_id", errors="ignore"), dataset)
