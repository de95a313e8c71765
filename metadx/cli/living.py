"""Add, diff, duplicates, screen, history and agree: tables that are kept up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from metadx.cli.application import STUDIES

CsvOption = Annotated[bool, typer.Option("--csv", help="Print as CSV.")]
StudiesOption = Annotated[Path, typer.Option(help="Folder of study tables.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands to the application, in the order of its help page."""
    for command in (add, diff, duplicates, screen, history, agree):
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


def diff(
    old: Annotated[
        str | None, typer.Argument(help="Snapshot number, file, folder or git revision.")
    ] = None,
    new: Annotated[
        str | None, typer.Argument(help="The same; the tables as they are by default.")
    ] = None,
    studies: StudiesOption = STUDIES,
    out: Annotated[Path, typer.Option(help="Folder that metadx run wrote into.")] = Path(),
    html: Annotated[Path | None, typer.Option(help="Write a page as well.")] = None,
    figure: Annotated[
        Path | None, typer.Option(help="Write a figure as well (.svg, .pdf or .png).")
    ] = None,
) -> None:
    """Say what an update of the tables did to every pooled number and claim."""
    from metadx.workflow.diff import diff as compare_states

    update = compare_states(old, new, studies, out / "results")
    typer.echo(update.text())
    if html is not None or figure is not None:
        from metadx.workflow.update_files import write_files

        for path in write_files(update, html, figure):
            typer.echo(f"wrote {path.as_posix()}")


def duplicates(
    decide: Annotated[
        tuple[str, str] | None,
        typer.Option("--decide", metavar="STUDY STUDY", help="Write down a decision."),
    ] = None,
    decision: Annotated[str, typer.Option("--as", help="different or same_patients.")] = "",
    reason: Annotated[str, typer.Option(help="Why, in one sentence.")] = "",
    by: Annotated[str, typer.Option(help="Who decided.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Show settled pairs too.")] = False,
    csv: CsvOption = False,
    studies: StudiesOption = STUDIES,
) -> None:
    """List studies that may be about the same patients, for a person to decide."""
    from metadx.tables import overlap

    if decide is not None:
        typer.echo(overlap.decide(studies, *decide, decision, reason, by))
        return
    found = overlap.suspicions(studies)
    if csv:
        typer.echo(overlap.suspicions_frame(found).to_csv(index=False), nl=False)
    else:
        typer.echo(overlap.suspicions_text(found, everything))


def screen(
    file: Annotated[Path, typer.Argument(help="RIS, BibTeX or PubMed (NBIB) file of records.")],
    csv: CsvOption = False,
    save: Annotated[Path | None, typer.Option(help="Write a new CSV file as well.")] = None,
    studies: StudiesOption = STUDIES,
) -> None:
    """Say which records are new, which the tables have, and what is still to be extracted."""
    from metadx.tables import screening

    found = screening.screen(file, studies)
    if csv:
        typer.echo(screening.screening_frame(found).to_csv(index=False), nl=False)
    else:
        typer.echo(screening.screening_text(found))
    if save is not None:
        typer.echo(screening.save_screening(found, save), err=csv)


def history(
    study: Annotated[str, typer.Argument(help="Identifier of the study.")],
    csv: CsvOption = False,
    studies: StudiesOption = STUDIES,
) -> None:
    """Show who changed which cell of a study, and when, from git."""
    from metadx.tables import history as records

    found = records.history(study, studies)
    if csv:
        typer.echo(records.history_frame(found).to_csv(index=False), nl=False)
    else:
        typer.echo(records.history_text(found))


def agree(
    first: Annotated[Path, typer.Argument(help="Table of the first extractor.")],
    second: Annotated[Path, typer.Argument(help="Table of the second extractor.")],
    csv: CsvOption = False,
) -> None:
    """Compare two extractions cell by cell: disagreements, agreement and kappa."""
    from metadx.tables import agreement

    found = agreement.agreement(first, second)
    if csv:
        typer.echo(found.disagreements.to_csv(index=False), nl=False)
    else:
        typer.echo(found.text())
