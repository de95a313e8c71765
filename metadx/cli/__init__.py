"""The command line: arguments in, calls out; no logic."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import typer

from metadx.cli import appraise, core, exchange, figure, living, posttest, strategy, web
from metadx.cli.application import app
from metadx.errors import MetadxError, MetadxWarning

__all__ = ["app", "main"]

for _room in (core, exchange, figure, living, posttest, strategy, appraise, web):
    _room.register(app)


def main() -> Any:
    """Run the command line; an expected error is one message and exit code 1.

    Warnings are silent here because every result prints those it carries.
    """
    warnings.simplefilter("ignore", MetadxWarning)
    try:
        return app()
    except MetadxError as error:
        typer.echo(f"metadx: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        typer.echo("metadx: interrupted; what was finished is kept", err=True)
        sys.exit(130)
