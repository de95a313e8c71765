"""The commands that keep tables up to date, as a person types them."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import pytest

from metadx.cli import main
from metadx.tables import check

ROOT = Path(__file__).parents[1]
RECORD = {
    "study_id": "Nowak2026",
    "first_author": "Nowak",
    "year": 2026,
    "title": "CT of hips",
    "source_url": "https://example.org/nowak",
    "unit": "patient",
    "population": "radiograph_negative",
    "radiograph_negative": "yes",
    "osteoporotic": "unclear",
    "design": "prospective",
    "tp": 20,
    "fp": 1,
    "fn": 2,
    "tn": 30,
}


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A copy of some of the study tables in a folder of its own."""
    for name in ("ct/hip.csv", "mri/hip.csv", "claims.csv", "references.bib"):
        (tmp_path / "studies" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "studies" / name, tmp_path / "studies" / name)
    (tmp_path / "new.json").write_text(json.dumps(RECORD), encoding="utf-8")
    return tmp_path


def metadx(place: Path, *arguments: str, typed: str = "") -> Done:
    """Run the command line in this process, from the folder of the copy."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(),
    ):
        patch.setattr(sys, "argv", ["metadx", *arguments])
        patch.setattr(sys, "stdin", io.StringIO(typed))
        patch.chdir(place)
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


def test_add_from_a_file(place: Path) -> None:
    shown = metadx(place, "add", "ct/hip", "--from", "new.json", "--dry-run")
    assert "ct/hip.csv, row 11" in shown.stdout
    assert "Nowak2026" not in (place / "studies/ct/hip.csv").read_text(encoding="utf-8")
    done = metadx(place, "add", "ct/hip", "--from", "new.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert "ct/hip.csv: Nowak2026 is row 11" in done.stdout
    assert check(place / "studies").ok
    again = metadx(place, "add", "ct/hip", "--from", "new.json")
    assert again.returncode == 1
    assert "each row once" in again.stderr
    assert "Traceback" not in again.stderr


def test_add_asks_for_what_it_needs(place: Path) -> None:
    typed = [
        "", "", "", "Nowak", "2026", "CT of hips", "", "https://example.org/nowak", "", "", "",
        "patien", "patient", "radiograph_negative", "", "yes", "unclear", "", "prospective", "", "",
        "", "20", "1", "back", "1", "2", "30", "", "", "", "", "", "", "", "yes",
    ]  # fmt: skip
    done = metadx(place, "add", "ct/hip", typed="\n".join(typed) + "\n")
    assert done.returncode == 0
    assert "did you mean 'patient'?" in done.stdout
    assert "ct/hip.csv: Nowak2026 is row 11" in done.stdout
    assert check(place / "studies").ok


def test_add_writes_nothing_when_a_person_stops(place: Path) -> None:
    before = (place / "studies/ct/hip.csv").read_bytes()
    for typed in ("quit\n", "", "\n\n\nNowak\n"):
        done = metadx(place, "add", "ct/hip", typed=typed)
        assert done.returncode == 0
        assert "nothing was written" in done.stdout
    assert (place / "studies/ct/hip.csv").read_bytes() == before
    assert metadx(place, "add", "cts/hip").stderr.startswith("metadx: there is no modality 'cts'")
