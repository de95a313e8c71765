"""The application object, its root options and what every command shares."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from metadx._version import __version__

app = typer.Typer(
    help="Meta-analysis of diagnostic test accuracy, from study tables to strategies.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

STUDIES = Path("studies")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"metadx {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Meta-analysis of diagnostic test accuracy, from study tables to strategies."""
