"""The commands that keep tables up to date, as a person types them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typed_commands import metadx

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


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A copy of some of the study tables in a folder of its own."""
    for name in ("ct/hip.csv", "mri/hip.csv", "claims.csv", "references.bib"):
        (tmp_path / "studies" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "studies" / name, tmp_path / "studies" / name)
    (tmp_path / "new.json").write_text(json.dumps(RECORD), encoding="utf-8")
    return tmp_path


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


TITLE = (
    "Sensitivity and specificity of CT- and MRI-scanning in evaluation of occult fracture of the "
    "proximal femur"
)
RIS = """TY  - JOUR
AU  - Haubro, M
TI  - {title}
PY  - 2015
ER  -
"""


def test_screen_prints_saves_and_never_overwrites(place: Path) -> None:
    (place / "new.ris").write_text(RIS.format(title=TITLE), encoding="utf-8")
    done = metadx(place, "screen", "new.ris", "--save", "list.csv")
    assert "in the tables (1)" in done.stdout
    assert (place / "list.csv").read_bytes().startswith(b"\xef\xbb\xbfrecord,status")
    again = metadx(place, "screen", "new.ris", "--csv", "--save", "list.csv")
    assert again.returncode == 1
    assert "exists already" in again.stderr
    assert again.stdout.startswith("record,status")


def test_duplicates_are_listed_and_decided(place: Path) -> None:
    assert "to look at" in metadx(place, "duplicates").stdout
    assert metadx(place, "duplicates", "--csv").stdout.startswith("study_a,study_b,reasons")
    decided = metadx(place, "duplicates", "--decide", "Dunker2012", "Haubro2015", "--as",
                     "different", "--reason", "Other hospitals.")  # fmt: skip
    assert "Dunker2012 and Haubro2015, different" in decided.stdout
    wrong = metadx(place, "duplicates", "--decide", "Dunker2012", "Haubro2015", "--as", "no")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("metadx: a decision is different or same_patients")


def test_agree_and_history_and_diff_say_what_is_wrong(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", place.as_posix())
    agreed = metadx(place, "agree", "studies/ct/hip.csv", "studies/ct/hip.csv")
    assert agreed.stdout.rstrip().endswith("0 cells disagree")
    head = metadx(place, "agree", "studies/ct/hip.csv", "studies/ct/hip.csv", "--csv").stdout
    assert head.strip() == "study_id,reader_or_threshold,column,first,second"
    for arguments in (("history", "Haubro2015"), ("diff",)):
        done = metadx(place, *arguments)
        assert done.returncode == 1
        assert "no git repository" in done.stderr
        assert "Traceback" not in done.stderr
