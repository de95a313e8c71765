"""Commands as a person types them in a folder, run in this process."""

from __future__ import annotations

import contextlib
import io
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import pytest

from metadx.cli import main


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def metadx(folder: Path, *arguments: str, typed: str = "") -> Done:
    """Run ``metadx`` with these arguments from a folder, with these lines on the keyboard."""
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
        patch.chdir(folder)
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
    return Done(code, out.getvalue(), err.getvalue())
