"""Who changed which cell when, from git; and what is said where there is no git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from metadx.errors import OptionError, StudyTableError
from metadx.tables.history import history, history_frame, history_text
from metadx.tables.revisions import Repository


def git(folder: Path, *arguments: str, author: str = "Anna Beispiel") -> None:
    day = "2026-01-02T03:04:05+01:00"
    environment = {
        "GIT_AUTHOR_NAME": author, "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_AUTHOR_DATE": day,
        "GIT_COMMITTER_NAME": author, "GIT_COMMITTER_EMAIL": "a@example.org",
        "GIT_COMMITTER_DATE": day, "GIT_CONFIG_GLOBAL": "/dev/null", "PATH": "/usr/bin:/bin",
    }  # fmt: skip
    subprocess.run(("git", *arguments), cwd=folder, env=environment, check=True,
                   capture_output=True)  # fmt: skip


@pytest.fixture
def folder(studies, row, text) -> Path:
    """Three commits: two rows, a corrected count, a removed row; and an unrecorded note."""
    root = studies({"ct/hip.csv": [row(), row("Okada2020")], "mri/hip.csv": [
        row("Okada2020", modality="mri")]})  # fmt: skip
    place = root.parent
    git(place, "init", "-q")
    git(place, "add", ".")
    git(place, "commit", "-q", "-m", "First extraction")
    table = root / "ct" / "hip.csv"
    table.write_text(text([row(), row("Okada2020", fn="5")]), encoding="utf-8")
    git(place, "commit", "-q", "-a", "-m", "Correct a count", author="Ben Çelik")
    table.write_text(text([row()]), encoding="utf-8")
    git(place, "commit", "-q", "-a", "-m", "Take a row out")
    mri = root / "mri" / "hip.csv"
    mri.write_text(text([row("Okada2020", modality="mri", notes="look again")]), encoding="utf-8")
    return root


def test_every_change_with_who_and_when(folder: Path) -> None:
    events = history("Okada2020", folder)
    told = [(e.commit.author, e.commit.subject, e.change.table, e.change.kind) for e in events]
    assert told == [
        ("Anna Beispiel", "First extraction", "ct/hip", "came"),
        ("Anna Beispiel", "First extraction", "mri/hip", "came"),
        ("Ben Çelik", "Correct a count", "ct/hip", "changed"),
        ("Anna Beispiel", "Take a row out", "ct/hip", "went"),
        ("not recorded yet", "", "mri/hip", "changed"),
    ]
    frame = history_frame(events)
    changed = frame[frame["column"] == "fn"].iloc[0]
    assert (changed["before"], changed["after"]) == ("4", "5")
    assert changed["date"] == "2026-01-02T03:04:05+01:00"
    text = history_text(events)
    assert "2026-01-02 03:04  Ben Çelik" in text
    assert "    ct/hip: fn: 4 → 5" in text
    assert "ct/hip: the row went, tp 38" in text
    assert text.rstrip().endswith("mri/hip: notes: empty → look again")


def test_a_study_that_never_changed_has_its_first_day(folder: Path) -> None:
    (event,) = history("Mueller2014", folder)
    assert event.change.kind == "came"


def test_an_unknown_study_is_not_an_empty_history(folder: Path) -> None:
    with pytest.raises(OptionError, match="did you mean 'Mueller2014'"):
        history("Muller2014", folder)


def test_without_git_a_clear_sentence(studies, row, monkeypatch: pytest.MonkeyPatch) -> None:
    root = studies({"ct/hip.csv": [row()]})
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", root.parent.as_posix())
    with pytest.raises(OptionError, match="in no git repository"):
        history("Mueller2014", root)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OptionError, match="git is not installed"):
        history("Mueller2014", root)
    with pytest.raises(OptionError, match="no folder"):
        history("Mueller2014", root / "none")


def test_a_repository_without_a_commit(studies, row) -> None:
    root = studies({"ct/hip.csv": [row()]})
    git(root.parent, "init", "-q")
    (event,) = history("Mueller2014", root)
    assert event.commit.author == "not recorded yet"


def test_tables_of_a_revision(folder: Path) -> None:
    repository = Repository(folder)
    assert len(repository.table("HEAD~2")) == 3
    assert len(repository.table("HEAD")) == 2
    with pytest.raises(OptionError, match="is no revision"):
        repository.table("HEAD~7")
    with pytest.raises(OptionError, match="is no revision"):
        repository.table("--output=x")


def test_faults_of_a_revision_name_the_revision(folder: Path, text, row) -> None:
    (folder / "ct" / "hip.csv").write_text(text([row(tp="-1")]), encoding="utf-8")
    git(folder.parent, "commit", "-q", "-a", "-m", "A slip")
    with pytest.raises(StudyTableError, match=r"HEAD:.*ct/hip\.csv, row 2") as caught:
        Repository(folder).table("HEAD")
    assert all(fault.file.startswith("HEAD:") for fault in caught.value.faults)
