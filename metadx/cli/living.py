"""Add, diff, duplicates, screen, history and agree: tables that are kept up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from metadx.cli.application import STUDIES

StudiesOption = Annotated[Path, typer.Option(help="Folder of study tables.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands to the application, in the order of its help page."""
    for command in (add,):
        app.command()(command)


def add(
    target: Annotated[str, typer.Argument(metavar="MODALITY/SITE", help="Table, such as ct/hip.")],
    source: Annotated[
        Path | None, typer.Option("--from", help="JSON or TOML file with the study.")
    ] = None,
    citation: Annotated[
        Path | None, typer.Option(help="RIS, BibTeX or PubMed (NBIB) file with its citation.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, write nothing.")] = False,
    studies: StudiesOption = STUDIES,
) -> None:
    """Add a study to its table and to the bibliography; asks for it unless --from is given."""
    from metadx.tables.add import add_study, draft_study
    from metadx.tables.citations import one_citation
    from metadx.tables.record import place_of, read_record

    place = place_of(target)
    if source is None:
        from metadx.cli.prompts import guide

        typer.echo(guide(studies, place, citation))
        return
    cited = one_citation(citation) if citation else None
    if dry_run:
        typer.echo(draft_study(studies, place, read_record(source), cited).summary())
    else:
        typer.echo(add_study(studies, place, read_record(source), cited).told())
