"""Run by IPython before the first cell of each page."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from IPython import get_ipython

_root = Path(os.environ["METADX_ROOT"])
_folder = Path(tempfile.mkdtemp())
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
for _name in ("studies", "analyses/strategies", "tests/reference/datasets"):
    shutil.copytree(_root / _name, _folder / _name)
os.chdir(_folder)
sys.path.insert(0, str(_root / "docs" / "concepts"))


def _short_warning(message, category, *_rest) -> str:
    return f"{category.__name__}: {message}\n"


def _svg(figure) -> str:
    from io import BytesIO

    from metadx.plots import figure_style

    stream = BytesIO()
    with figure_style():
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue().decode()


def _metadx(line: str) -> None:
    """Run a command as a reader would type it; an unannounced exit code stops the build."""
    line, _, announced = line.partition("  # exit code ")
    tools = Path(os.environ["METADX_PYTHON"]).parent
    done = subprocess.run(
        line,
        shell=True,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"},
        check=False,
    )
    print(done.stdout, end="")
    if done.returncode != int(announced or 0):
        raise RuntimeError(f"{line} ended with {done.returncode}")


def _commands(lines: list[str]) -> list[str]:
    """Turn a cell of metadx commands into calls; other cells pass."""
    if not lines or not lines[0].startswith("metadx "):
        return lines
    text = "".join(lines).replace("\\\n", " ")
    return [f"_metadx({line!r})\n" for line in text.splitlines() if line.strip()]


warnings.formatwarning = _short_warning
_shell = get_ipython()
_shell.push({"_metadx": _metadx})
_shell.input_transformers_cleanup.append(_commands)
_shell.display_formatter.formatters["image/svg+xml"].for_type_by_name(
    "matplotlib.figure", "Figure", _svg
)
