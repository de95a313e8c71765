"""Check, flow, codebook, fit and run: from study tables to the report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from metadx.cli.application import STUDIES


def register(app: typer.Typer) -> None:
    """Add this module's commands to the application, in the order of its help page."""
    for command in (check, flow, codebook, fit, run):
        app.command()(command)


def check(
    path: Annotated[Path, typer.Argument(help="A study table or a folder of them.")] = STUDIES,
) -> None:
    """Check tables, judgements, inputs, claims and strategies; a line per fault, exit code 1."""
    from metadx.workflow.checking import check_everything

    report = check_everything(path)
    typer.echo(report.text())
    raise typer.Exit(report.exit_code)


def flow(
    path: Annotated[Path, typer.Argument(help="Folder of study tables.")] = STUDIES,
    csv: Annotated[bool, typer.Option("--csv", help="Print as CSV.")] = False,
) -> None:
    """Print how many rows were extracted, excluded and why, and pooled, per stratum."""
    from metadx.tables import flow as flow_table
    from metadx.tables import flow_text, read_studies

    table = read_studies(path)
    typer.echo(flow_table(table).to_csv(index=False) if csv else flow_text(table), nl=not csv)


def codebook(
    path: Annotated[Path, typer.Argument(help="Folder of study tables.")] = STUDIES,
) -> None:
    """Write CODEBOOK.md, the description of every column and code, into the folder."""
    from metadx.tables import write_codebook

    changed = write_codebook(path / "CODEBOOK.md")
    typer.echo(f"{path / 'CODEBOOK.md'}: {'written' if changed else 'up to date'}")


def fit(
    target: Annotated[
        str, typer.Argument(help="A stratum (ct/hip, ct/hip/patient/radiograph_negative) or a CSV.")
    ],
    json_output: Annotated[bool, typer.Option("--json", help="Print a JSON record.")] = False,
    sens: Annotated[str, typer.Option(help="Formula of sensitivity.")] = "~ 1",
    spec: Annotated[str, typer.Option(help="Formula of specificity.")] = "~ 1",
    group: Annotated[str | None, typer.Option(help="Column of groups to compare.")] = None,
    variances: Annotated[str, typer.Option(help="common or separate.")] = "common",
    method: Annotated[str, typer.Option(help="exact, laplace, reml, ml or bayes.")] = "exact",
    nodes: Annotated[int | None, typer.Option(help="Quadrature nodes a dimension.")] = None,
    interval: Annotated[str, typer.Option(help="wald, t, profile or bootstrap.")] = "wald",
    level: Annotated[float, typer.Option(help="Nominal coverage.")] = 0.95,
    seed: Annotated[int, typer.Option(help="Seed of bootstrap and posterior.")] = 1,
    zero_cell: Annotated[str, typer.Option(help="single, all or none.")] = "single",
    independent_rows: Annotated[
        bool, typer.Option("--independent-rows", help="A study may stand in several rows.")
    ] = False,
    studies: Annotated[Path, typer.Option(help="Folder of study tables.")] = STUDIES,
) -> None:
    """Pool one stratum or one file and print the results."""
    from metadx.report.fit_record import FitOptions, find_table, fit_record, fit_text

    options = FitOptions(
        sens, spec, group, variances, method, nodes, interval, level, seed, zero_cell,
        independent_rows,
    )  # fmt: skip
    table = find_table(target, studies)
    if json_output:
        import json

        typer.echo(json.dumps(fit_record(table, options), indent=2, allow_nan=False))
    else:
        typer.echo(fit_text(table, options))


def run(
    studies: Annotated[Path, typer.Option(help="Folder of study tables.")] = STUDIES,
    out: Annotated[Path, typer.Option(help="Folder for results, figures and report.")] = Path(),
    jobs: Annotated[int, typer.Option(help="Processes; 0 takes two.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Recompute everything.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
) -> None:
    """Pool every stratum; write results, figures, evidence map, claims and report.html."""
    from metadx.workflow import run as run_all

    report = run_all(studies, out, jobs=jobs or None, force=force, seed=seed)
    typer.echo(report.summary())
    raise typer.Exit(report.exit_code)
