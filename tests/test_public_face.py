"""The public names, the weight of an import, and the rooms' order."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import metadx

ROOT = Path(__file__).parents[1]


def test_every_public_name_is_there() -> None:
    for name in metadx.__all__:
        assert getattr(metadx, name) is not None
    assert len(metadx.__all__) <= 32
    assert set(metadx.__all__) <= set(dir(metadx))
    assert metadx.plots.plot_forest is metadx.plot_forest
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = metadx.nonsense


@pytest.mark.parametrize("command", ["import metadx", "import metadx.cli"])
def test_importing_is_light(command: str) -> None:
    heavy = ("pandas", "numba", "matplotlib", "scipy", "statsmodels", "pandera")
    program = f"{command}; import sys; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_rooms_import_downwards_only() -> None:
    command = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert command, "import-linter belongs to the extra 'test'"
    done = subprocess.run([command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "2 kept, 0 broken" in done.stdout


def test_files_and_functions_stay_small() -> None:
    import ast

    long = []
    for path in sorted((ROOT / "metadx").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") < 600, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                if body and node.end_lineno - body[0].lineno >= 60:
                    long.append(f"{path.name}:{node.lineno} {node.name}")
    assert long == []
