"""The how-to page on import and export, command by command."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

import metadx.cli
from metadx.cli import app

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "how_to" / "import_export.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]
BARE = (
    "study,tp,fp,fn,tn\nAdams,90,20,9,201\nBaker,40,5,8,60\nClark,22,3,1,30\nDavis,70,9,12,99\n"
    "Evans,18,2,4,41\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    iqcode = ROOT / "tests" / "reference" / "datasets" / "iqcode_metadta.csv"
    shutil.copy(iqcode, tmp_path / "iqcode.csv")
    (tmp_path / "other.csv").write_text("paper,hits,fp,misses,tn\nAdams,10,2,1,20\n")
    (tmp_path / "bare.csv").write_text(BARE)
    return tmp_path


def _run(command: str) -> tuple[int, str]:
    words = shlex.split(command.removesuffix(" || true"))
    assert words[0] == "metadx"
    result = CliRunner().invoke(app, words[1:])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_every_command_of_the_page_works(folder: Path):
    assert len(COMMANDS) > 12
    for command in COMMANDS:
        if "mine.xlsx --dry-run" in command:
            _fill(folder / "mine.xlsx")
        code, output = _run(command)
        assert code == (1 if command.endswith("|| true") else 0), (command, output)
    assert {"for_mada.csv", "for_stata.dta", "for_r.rda", "iqcode_metadx.csv"} <= {
        path.name for path in folder.iterdir()
    }
    assert (folder / "mystudies" / "ct" / "wrist.csv").is_file()


def test_the_answers_the_page_quotes(folder: Path):
    _, output = _run(next(c for c in COMMANDS if "--n-nondiseased 51" in c))
    assert output.strip() == "Exactly one table fits: tp 42, fp 6, fn 3, tn 45."
    assert output.strip() in PAGE
    _, output = _run(next(c for c in COMMANDS if "|| true" in c))
    assert "contradict each other" in output
    _, output = _run(next(c for c in COMMANDS if "interval" in c))
    assert "tp 42" in output


def test_the_python_of_the_page(folder: Path, capsys: pytest.CaptureFixture[str]):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(code, "import_export.md", "exec"), {})
    assert "of the information is missing" in capsys.readouterr().out


def test_import_writes_nothing_unless_told(folder: Path):
    before = sorted(path.name for path in folder.iterdir())
    assert _run("metadx import iqcode.csv")[0] == 0
    assert _run("metadx import iqcode.csv --to out.csv --dry-run")[0] == 0
    assert sorted(path.name for path in folder.iterdir()) == before


def test_problems_are_listed_and_the_exit_code_is_1(folder: Path):
    (folder / "bad.csv").write_text("study,tp,fp,fn,tn\nAdams,-1,2,1.5,20\n")
    code, output = _run("metadx import bad.csv --to out.csv")
    assert code == 1
    assert "bad.csv, row 2" in output
    assert output.strip().endswith("2 problems")
    assert not (folder / "out.csv").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["reconstruct", "--sensitivity", "93"], "do not suffice"),
        (["reconstruct", "--sensitivity", "abc", "--n-diseased", "5"], "from 0 to 100"),
        (["import", "iqcode.csv", "--as", "spss"], "there is no format 'spss'"),
        (["import", "iqcode.csv", "--map", "tp"], "THEIRS=OURS"),
        (["export", "iqcode.csv", "--as", "mada", "--out", "bare.csv"], "exists"),
        (["export", "nothing.csv", "--as", "mada", "--out", "x.csv"], "no file"),
        (["template", "bare.csv"], ".xlsx"),
    ],
)
def test_mistakes_are_one_message_and_no_traceback(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
):
    monkeypatch.setattr(sys, "argv", ["metadx", *words])
    with pytest.raises(SystemExit) as stopped:
        metadx.cli.main()
    assert stopped.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith("metadx: ")
    assert message in said
    assert "Traceback" not in said


def test_all_solutions_as_csv(folder: Path):
    code, output = _run("metadx reconstruct --sensitivity 90 --n-diseased 45 --csv")
    assert (code, output) == (1, "tp,fp,fn,tn\n")
    code, output = _run("metadx reconstruct --sensitivity 90 --n-diseased 450 --csv")
    assert output.splitlines()[0] == "tp,fp,fn,tn"
    assert len(output.splitlines()) == 6


def _fill(path: Path) -> None:
    book = load_workbook(path)
    sheet = book["studies"]
    header = [cell.value for cell in sheet[1]]
    for name, value in {"study_id": "Adams2001", "tp": 9, "fp": 1, "fn": 1, "tn": 9}.items():
        sheet.cell(2, header.index(name) + 1, value)
    book.save(path)
