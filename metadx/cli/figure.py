"""One figure by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from metadx.cli.application import STUDIES


def register(app: typer.Typer) -> None:
    """Add this module's command to the application."""
    app.command()(figure)


def figure(
    name: Annotated[str, typer.Argument(help="Name of the figure; --list shows all.")] = "",
    stratum: Annotated[str, typer.Argument(help="A stratum (ct/hip) or a CSV.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="File, or path without suffix for all formats.")
    ] = None,
    size: Annotated[str | None, typer.Option(help="one-column, two-column or slide.")] = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", help="svg, pdf or png; may repeat.")
    ] = None,
    group: Annotated[str | None, typer.Option(help="Column of groups to draw.")] = None,
    pretest: Annotated[
        list[float] | None, typer.Option(help="Pretest probability; may repeat.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Any other option, NAME=VALUE; may repeat.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file of --out.")] = False,
    studies: Annotated[Path, typer.Option(help="Folder of study tables.")] = STUDIES,
    results: Annotated[Path, typer.Option(help="Folder that metadx run wrote.")] = Path("results"),
    listed: Annotated[bool, typer.Option("--list", help="Show all figures.")] = False,
) -> None:
    """Draw one figure of a stratum, with the numbers behind it as CSV."""
    from metadx.plots.registry import figures_text
    from metadx.report.figures import FigureRequest, parsed_options, write_figure

    if listed:
        typer.echo(figures_text())
        return
    options = {"size": size, "pretest": pretest or None, **parsed_options(settings or [])}
    given = {"formats": tuple(formats)} if formats else {}
    request = FigureRequest(
        name, stratum, out, group=group, options=options, studies=studies, results=results,
        force=force, **given,
    )  # fmt: skip
    for path in write_figure(request):
        typer.echo(path)
