"""The how-to page for the tables: every command on it is run, in the order of the page."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from typed_commands import metadx

from metadx.tables import read_studies
from metadx.workflow.diff import State
from metadx.workflow.snapshot import save_snapshot

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "how_to" / "update_the_tables.md"
#: What a person answers to `metadx add` before they stop.
TYPED = {"guided": "search.nbib\n\n\n\n\nback\n\n\nquit\n"}
_BLOCK = re.compile(r"^```(\w+)(?: (\w+)=(\S+))?\n(.*?)^```$", re.S | re.M)


@dataclass
class Block:
    language: str
    name: str
    value: str
    text: str


def blocks() -> list[Block]:
    return [Block(*match.groups("")) for match in _BLOCK.finditer(PAGE.read_text("utf-8"))]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a small copy of the project in git, a run's snapshot, and two extractions."""
    place = tmp_path / "metadx"
    for name in ("ct/hip.csv", "mri/hip.csv", "claims.csv", "references.bib"):
        (place / "studies" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "studies" / name, place / "studies" / name)
    (place / ".gitignore").write_text("results/\nfigures/\n*.html\n.metadx.lock\n", "utf-8")
    for who in ("anna", "ben"):
        shutil.copy(ROOT / "studies" / "mri" / "hip.csv", place / f"{who}.csv")
    for arguments in ("init -q", "add .", "commit -q -m Start"):
        run(f"git {arguments}", place)
    state = State("before", read_studies(place / "studies"))
    records = [state.record(name) for name in state.strata]
    save_snapshot(place / "results", state.table, records, "2026-01-31")
    return tmp_path


def run(command: str, folder: Path, typed: str = "") -> str:
    program, *arguments = shlex.split(command)
    if program == "metadx":
        told = metadx(folder, *arguments, typed=typed)
        assert told.returncode == 0, f"{command}\n{told.stdout}\n{told.stderr}"
        return told.stdout
    assert program == "git", f"{command!r} cannot be tried"
    environment = {
        **os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.org",
    }  # fmt: skip
    done = subprocess.run(("git", *arguments), cwd=folder, capture_output=True, text=True,
                          env=environment, encoding="utf-8", check=True)  # fmt: skip
    return done.stdout


def test_every_command_of_the_page_works(home: Path) -> None:
    folder = home
    said = ""
    commands = 0
    for block in blocks():
        if block.name == "file":
            (folder / block.value).write_text(block.text, encoding="utf-8")
        elif block.language == "bash":
            said = ""
            for command in block.text.strip().splitlines():
                commands += 1
                if command.startswith("cd "):
                    folder = folder / command.removeprefix("cd ")
                    assert folder.is_dir()
                else:
                    said += run(command, folder, TYPED.get(block.value, ""))
        else:
            # What the page shows is what the commands above it printed.
            for line in block.text.strip().splitlines():
                assert line.strip() in said, f"{line!r} is not in\n{said}"
    assert commands >= 10
    assert (folder / "update.html").is_file()
    assert (folder / "update.png").is_file()


def test_every_fence_of_the_page_is_read() -> None:
    assert PAGE.read_text(encoding="utf-8").count("\n```") == 2 * len(blocks())
