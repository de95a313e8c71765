"""Two files change together or not at all, whatever stops the writer."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from metadx.errors import OptionError, StudyTableError
from metadx.tables import check, read_studies
from metadx.tables.add import draft_study
from metadx.tables.record import record_from
from metadx.tables.transaction import (
    JOURNAL_FILE,
    LOCK_FILE,
    Change,
    commit,
    finish_interrupted,
    locked,
)

HARNESS = Path(__file__).with_name("killed_add.py")
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
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.csv").write_bytes(b"old a")
    return tmp_path


def changes() -> dict[str, Change]:
    return {"new/b.bib": Change(None, b"new b"), "a.csv": Change(b"old a", b"new a")}


def test_all_files_are_written_and_nothing_else_is_left(folder: Path) -> None:
    with locked(folder):
        commit(folder, changes())
    assert (folder / "a.csv").read_bytes() == b"new a"
    assert (folder / "new" / "b.bib").read_bytes() == b"new b"
    assert {path.name for path in folder.rglob("*") if path.is_file()} == {
        "a.csv", "b.bib", LOCK_FILE,
    }  # fmt: skip


def test_a_file_that_changed_since_it_was_read_is_left_alone(folder: Path) -> None:
    (folder / "a.csv").write_bytes(b"edited")
    with locked(folder), pytest.raises(OptionError, match=r"a\.csv was changed by another"):
        commit(folder, changes())
    assert (folder / "a.csv").read_bytes() == b"edited"
    assert not (folder / "new").exists()


def interrupted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop between the journal and the files."""
    with monkeypatch.context() as patch:
        patch.setattr("metadx.tables.transaction._finish", lambda folder: None)
        with locked(folder):
            commit(folder, changes())
    assert (folder / JOURNAL_FILE).is_file()
    assert (folder / "a.csv").read_bytes() == b"old a"


def test_the_next_reader_finishes_what_was_decided(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(folder, monkeypatch)
    (folder / ".a.csv.rest").write_bytes(b"half a f")
    finish_interrupted(folder)
    assert (folder / "a.csv").read_bytes() == b"new a"
    assert (folder / "new" / "b.bib").read_bytes() == b"new b"
    assert not (folder / JOURNAL_FILE).exists()
    assert not (folder / ".a.csv.rest").exists()


def test_what_somebody_edited_after_the_interruption_is_not_overwritten(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(folder, monkeypatch)
    (folder / "a.csv").write_bytes(b"edited by hand")
    with pytest.raises(StudyTableError, match=r"a\.csv edited since"):
        finish_interrupted(folder)
    assert (folder / "a.csv").read_bytes() == b"edited by hand"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"files": [{"path": "a.csv", "before": null, "after": "00", "content": "aGk="}]}',
        '{"files": [{"path": "../a.csv"}]}',
    ],
)
def test_a_damaged_journal_changes_nothing(folder: Path, text: str) -> None:
    (folder / JOURNAL_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(StudyTableError, match="damaged"):
        finish_interrupted(folder)
    assert (folder / "a.csv").read_bytes() == b"old a"


def test_a_journal_writes_only_below_its_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(folder, monkeypatch)
    journal = folder / JOURNAL_FILE
    journal.write_text(journal.read_text().replace("new/b.bib", "../b.bib"), encoding="utf-8")
    with pytest.raises(StudyTableError, match="damaged"):
        finish_interrupted(folder)
    assert not (folder.parent / "b.bib").exists()


def test_a_second_writer_waits_and_then_says_so(folder: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from metadx.tables.transaction import locked\n"
        f"with locked(Path({str(folder)!r})):\n    print('in', flush=True); time.sleep(30)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"in"
        with pytest.raises(OptionError, match="another program"), locked(folder, patience=0.1):
            pytest.fail("both writers are in")
        other.kill()
    # A killed writer leaves its lock file, which keeps nobody out.
    with locked(folder, patience=5.0):
        commit(folder, changes())


@pytest.fixture
def pristine(studies, row, tmp_path: Path) -> Path:
    (tmp_path / "record.json").write_text(json.dumps(RECORD), encoding="utf-8")
    return studies({"ct/hip.csv": [row(), row("Okada2020")], "mri/hip.csv": [
        row("Okada2020", modality="mri", audit="corrected", notes="unité")]})  # fmt: skip


def test_killed_at_any_line_the_tables_are_as_before_or_as_after(pristine: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(HARNESS), str(pristine)], capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    assert told["last"] == "after"
    outcomes = told["outcomes"]
    # Every line that runs between the lock and its release is a kill point.
    assert len(outcomes) >= 100
    states = [state for _, state, _ in outcomes]
    assert set(states) == {"before", "after"}
    assert set(states[states.index("after") :]) == {"after"}
    # Some kills leave the reference without its row, which is no fault, and never the reverse;
    # whoever opens the tables next completes them.
    changed = [names for names, _, _ in outcomes]
    assert ["references.bib"] in changed
    assert ["ct/hip.csv"] not in changed
    # What a killed writer left half-written beside a finished change is swept away.
    assert all(not hidden for _, state, hidden in outcomes if state == "after")


def test_a_reader_completes_an_interrupted_addition(
    pristine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = draft_study(pristine, ("ct", "hip"), record_from(RECORD, "test"))
    with monkeypatch.context() as patch, locked(pristine):
        patch.setattr("metadx.tables.transaction._finish", lambda folder: None)
        commit(pristine, draft.changes)
    assert "Nowak2026" not in (pristine / "ct" / "hip.csv").read_text(encoding="utf-8")
    # A single table is enough to find the journal beside the bibliography.
    assert "Nowak2026" in set(read_studies(pristine / "ct" / "hip.csv").frame["study_id"])
    assert check(pristine).ok


def add_process(folder: Path, record: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "metadx", "add", "ct/hip", "--from", str(record)]
    return subprocess.Popen(
        [*command, "--studies", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_two_additions_at_once_lose_no_row(pristine: Path, tmp_path: Path) -> None:
    records = []
    for i in range(3):
        path = tmp_path / f"{i}.json"
        path.write_text(json.dumps({**RECORD, "study_id": f"Study{i}", "tp": 20 + i}), "utf-8")
        records.append(path)
    running = [add_process(pristine, path) for path in records]
    for process in running:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    table = read_studies(pristine)
    assert {"Study0", "Study1", "Study2"} <= set(table.frame["study_id"])
    bibliography = (pristine / "references.bib").read_text(encoding="utf-8")
    assert all(f"@misc{{Study{i}," in bibliography for i in range(3))


@pytest.mark.slow
def test_killed_at_a_hundred_random_moments(pristine: Path, tmp_path: Path) -> None:
    rng = random.Random(6)
    hips, bibliography = pristine / "ct" / "hip.csv", pristine / "references.bib"
    before = (hips.read_bytes(), bibliography.read_bytes())
    kept = shutil.copytree(pristine, tmp_path / "kept")
    started = time.perf_counter()
    add_process(pristine, tmp_path / "record.json").communicate()
    seconds = time.perf_counter() - started
    after = (hips.read_bytes(), bibliography.read_bytes())
    assert after != before
    for _ in range(100):
        shutil.rmtree(pristine)
        shutil.copytree(kept, pristine)
        process = add_process(pristine, tmp_path / "record.json")
        time.sleep(rng.uniform(0.5, 1.05) * seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert check(pristine).ok
        assert (hips.read_bytes(), bibliography.read_bytes()) in (before, after)
