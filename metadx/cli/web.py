"""The local web application."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from metadx.cli.application import STUDIES


def register(app: typer.Typer) -> None:
    """Add this module's command to the application."""
    app.command("app")(web_application)


def web_application(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
    studies: Annotated[Path, typer.Option(help="Folder of study tables.")] = STUDIES,
) -> None:
    """Work with tables, figures and calculators in the browser, on this machine only."""
    import importlib.util

    from metadx.errors import OptionError

    needed = ("fastapi", "uvicorn", "python_multipart")
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise OptionError(
            f"the application needs {', '.join(missing)}; install with: pip install 'metadx[app]'"
        )
    from metadx.app.serving import serve

    serve(studies, port, browser=not no_browser, tell=typer.echo)
