"""Appraisal, summary of findings, paragraphs and checklist of one stratum."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from metadx.cli.application import STUDIES

TARGET = "A stratum (ct/hip, ct/hip/patient/radiograph_negative) or a CSV."
FORMATS = "text, html, docx or latex; by the file's suffix if left out."


def register(app: typer.Typer) -> None:
    """Add this module's commands to the application."""
    for command in (appraise, sof, paragraphs, prisma):
        app.command()(command)


def appraise(
    target: Annotated[str, typer.Argument(help=TARGET)],
    json_output: Annotated[bool, typer.Option("--json", help="Print a JSON record.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write a page to this file.")] = None,
    pretest: Annotated[float | None, typer.Option(help="Pretest probability.")] = None,
    strategy: Annotated[
        str | None,
        typer.Option(help="Strategy file (hip); says whether a study changes what is preferred."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything simulated.")] = 1,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    studies: Annotated[Path, typer.Option(help="Folder of study tables.")] = STUDIES,
    folder: Annotated[Path, typer.Option(help="Folder that holds strategies/.")] = Path("analyses"),
) -> None:
    """Print heterogeneity, influence, outliers, small-study effects and robustness."""
    from metadx.report.appraisal_commands import Output, appraisal_output

    output = Output("html" if html else "json" if json_output else "text", html, force)
    followed = (strategy, folder) if strategy else None
    typer.echo(appraisal_output(target, studies, output, pretest, seed, followed))


def sof(
    target: Annotated[str, typer.Argument(help=TARGET)],
    prevalence: Annotated[
        list[float] | None,
        typer.Option(help="Up to three, 0.1; those known of the site if left out."),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(help="text, html, docx, latex or csv; by the file's suffix if left out."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 1,
    source: Annotated[
        str | None, typer.Option(help="posterior or 'maximum likelihood'; chosen by default.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    studies: Annotated[Path, typer.Option(help="Folder of study tables.")] = STUDIES,
) -> None:
    """Print the summary of findings per 1,000, with what the data say for GRADE."""
    from metadx.report.appraisal_commands import Output, findings_output

    output = Output(format, out, force)
    typer.echo(findings_output(target, studies, output, tuple(prevalence or ()), seed, source))


def paragraphs(
    target: Annotated[str, typer.Argument(help=TARGET)],
    format: Annotated[str | None, typer.Option(help=FORMATS)] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    bib: Annotated[Path | None, typer.Option(help="Write the references as BibTeX.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the files.")] = False,
    studies: Annotated[Path, typer.Option(help="Folder of study tables.")] = STUDIES,
) -> None:
    """Print methods and results paragraphs of what was done, with citations."""
    from metadx.report.appraisal_commands import Output, paragraphs_output

    typer.echo(paragraphs_output(target, studies, Output(format, out, force), bib))


def prisma(
    target: Annotated[
        str | None, typer.Argument(help=f"{TARGET} All study tables if left out.")
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(help="text, html, docx or csv; by the file's suffix if left out."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    studies: Annotated[Path, typer.Option(help="Folder of study tables.")] = STUDIES,
) -> None:
    """Print the PRISMA-DTA checklist, filled as far as tables and analysis can."""
    from metadx.report.appraisal_commands import Output, prisma_output

    typer.echo(prisma_output(target, studies, Output(format, out, force)))
