"""The application in this process, with a copy of a few shipped tables."""

from __future__ import annotations

import csv
import io
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_visitor import BASE, Visitor
from fastapi.testclient import TestClient

from metadx.app import create_app
from metadx.errors import MetadxWarning

ROOT = Path(__file__).parents[2]
TABLES = ("ct/hip.csv", "ct/rib.csv", "mri/sacrum.csv")


@pytest.fixture(scope="session")
def bibliography() -> str:
    """References of the tables alone: reading all of them takes most of the time of a check."""
    cited = {
        row["citation_key"]
        for name in TABLES
        for row in csv.DictReader(io.StringIO((ROOT / "studies" / name).read_text("utf-8-sig")))
    }
    text = (ROOT / "studies" / "references.bib").read_text(encoding="utf-8")
    entries = [f"@{entry}" for entry in text.split("\n@")[1:]]
    kept = [one for one in entries if one[one.index("{") + 1 : one.index(",")] in cited]
    assert len(kept) == len(cited)
    return "\n".join(kept)


@pytest.fixture
def studies(tmp_path: Path, bibliography: str) -> Path:
    """A folder of study tables that a test may change."""
    folder = tmp_path / "studies"
    for name in TABLES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "studies" / name, folder / name)
    (folder / "references.bib").write_text(bibliography, encoding="utf-8")
    return folder


@pytest.fixture
def visitor(studies: Path) -> Iterator[Visitor]:
    # What a fit warns of stands on its result; the command line silences it in the same way.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        yield Visitor(TestClient(create_app(studies), base_url=BASE))
