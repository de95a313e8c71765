from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from metadx.tables.schema import COLUMN_NAMES

Row = dict[str, str]

_GOOD = {
    "study_id": "Mueller2014",
    "first_author": "Müller",
    "year": "2014",
    "title": "CT of the occult hip fracture",
    "doi": "10.1000/mueller",
    "pmid": "12345678",
    "source_url": "https://example.org/mueller",
    "citation_key": "Mueller2014",
    "site": "hip",
    "modality": "ct",
    "unit": "patient",
    "population": "radiograph_negative",
    "radiograph_negative": "yes",
    "osteoporotic": "mixed",
    "design": "retrospective",
    "mean_age": "78.4",
    "tp": "38",
    "fp": "2",
    "fn": "4",
    "tn": "38",
    "reported_sensitivity": "90.5",
    "reported_specificity": "95",
    "derivation": "counts",
    "pool": "yes",
    "audit": "audited",
}


def make_row(study: str = "", **changes: str) -> Row:
    """Return a row without faults, of its own study where a name is given."""
    row = {name: _GOOD.get(name, "") for name in COLUMN_NAMES}
    if study:
        own = {"study_id": study, "citation_key": study, "doi": f"10.1000/{study.lower()}"}
        row |= {**own, "first_author": study, "pmid": ""}
    return row | changes


def to_text(rows: Iterable[Row], separator: str = ",") -> str:
    rows = list(rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, delimiter=separator, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


@pytest.fixture
def row() -> Callable[..., Row]:
    return make_row


@pytest.fixture
def text() -> Callable[..., str]:
    return to_text


@pytest.fixture
def studies(tmp_path: Path) -> Callable[..., Path]:
    """Make a folder of study tables: ``studies({"ct/hip.csv": rows})``."""

    def make(tables: dict[str, list[Row]], keys: Iterable[str] | None = None) -> Path:
        root = tmp_path / "studies"
        for name, rows in tables.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(to_text(rows), encoding="utf-8")
        used = {row["citation_key"] for rows in tables.values() for row in rows}
        entries = [f"@misc{{{key}, title = {{x}}}}" for key in sorted(keys or used) if key]
        (root / "references.bib").write_text("\n".join(entries), encoding="utf-8")
        return root

    return make
