"""The page docs/how_to/posttest.md, run as it stands."""

from __future__ import annotations

import re
import shlex
import shutil
import warnings
from pathlib import Path

import pytest
from typer.testing import CliRunner

from metadx.cli import app
from metadx.errors import MetadxWarning, OptionError

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "how_to" / "posttest.md").read_text(encoding="utf-8")
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()
]


#: What the page uses of the study tables; all of them take a second to read, each time.
FILES = ("ct/hip.csv", "mri/hip.csv", "references.bib", "strategy_inputs.csv")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in FILES:
        (tmp_path / "studies" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "studies" / name, tmp_path / "studies" / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_run(folder, command):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        done = CliRunner().invoke(app, shlex.split(command)[1:])
    if "--pretest" not in command and " posttest " in command:
        assert isinstance(done.exception, OptionError)
        assert "known prevalences of the site hip" in str(done.exception)
        return
    assert done.exit_code == 0, done.output
    assert done.output.strip()


def test_python_runs(folder, capsys):
    space: dict[str, object] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        for block in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL):
            exec(block, space)
    printed = capsys.readouterr().out
    assert "after a negative radiograph" in printed
    assert "Testing threshold" in printed
