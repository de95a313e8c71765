"""Import, export, the Excel template and the reconstruction of counts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from metadx.cli.application import STUDIES

_Text = Annotated[str | None, typer.Option(help="As printed; 93.0 has one decimal.")]
_Count = Annotated[int | None, typer.Option(help="As printed.")]
_Interval = Annotated[str | None, typer.Option(help="Both ends, LOW,HIGH.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands to the application."""
    app.command("import")(import_)
    for command in (export, template, reconstruct):
        app.command()(command)


def import_(
    file: Annotated[Path, typer.Argument(help="A .csv, .xlsx, .dta, .rda or .rm5 file.")],
    format: Annotated[
        str | None, typer.Option("--as", help="mada, MetaDTA, metandi, metadta, revman, ...")
    ] = None,
    to: Annotated[
        str | None, typer.Option(help="A new study table, MODALITY/SITE, or a CSV file.")
    ] = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="THEIRS=OURS for a column; may repeat.")
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Sheet or R data frame.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the CSV file of --to.")] = False,
    studies: Annotated[Path, typer.Option(help="Folder of study tables.")] = STUDIES,
) -> None:
    """Read another program's table; writes nothing unless --to says where."""
    from metadx.tables.importers import import_table, keep, parsed_mapping

    found = import_table(file, format, parsed_mapping(mapping or []), dataset)
    typer.echo(found.report.text())
    if to and not dry_run and found.report.ok:
        typer.echo(keep(found, to, studies, overwrite=force))
    raise typer.Exit(found.report.exit_code)


def export(
    target: Annotated[str, typer.Argument(help="A stratum (ct/hip) or a table's file.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    format: Annotated[
        str, typer.Option("--as", help="mada, MetaDTA, metandi, metadta, revman, excel, r, csv.")
    ],
    pooled: Annotated[bool, typer.Option("--pooled", help="Pooled rows only.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    studies: Annotated[Path, typer.Option(help="Folder of study tables.")] = STUDIES,
) -> None:
    """Write a table for another program."""
    from metadx.report.fit_record import find_table
    from metadx.tables.exporters import export_table
    from metadx.tables.importers import import_table

    path = Path(target)
    table = import_table(path).table if path.is_file() else find_table(target, studies)
    typer.echo(export_table(table, format, out, pooled_only=pooled, overwrite=force).text())


def template(
    file: Annotated[Path, typer.Argument(help="The .xlsx file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
) -> None:
    """Write an Excel template with drop-downs and number rules."""
    from metadx.tables.exporters import write_template

    typer.echo(write_template(file, overwrite=force))


def reconstruct(
    sensitivity: _Text = None,
    specificity: _Text = None,
    ppv: _Text = None,
    npv: _Text = None,
    accuracy: _Text = None,
    prevalence: _Text = None,
    n: _Count = None,
    n_diseased: _Count = None,
    n_nondiseased: _Count = None,
    n_test_positive: _Count = None,
    n_test_negative: _Count = None,
    tp: _Count = None,
    fp: _Count = None,
    fn: _Count = None,
    tn: _Count = None,
    sensitivity_interval: _Interval = None,
    specificity_interval: _Interval = None,
    interval_method: Annotated[
        str | None, typer.Option(help="wilson, clopper_pearson or wald; any where not given.")
    ] = None,
    rounding: Annotated[str, typer.Option(help="nearest, cut or either.")] = "nearest",
    n_max: Annotated[int | None, typer.Option(help="Largest number that is possible.")] = None,
    proportion: Annotated[
        bool, typer.Option("--proportion", help="Numbers from 0 to 1, not percentages.")
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print as CSV.")] = False,
) -> None:
    """Find every 2x2 table that agrees with printed percentages."""
    given = dict(locals())
    from metadx.tables.reconstruct import reconstruction_from_text

    options = {name: given[name] for name in given if name not in ("proportion", "csv")}
    found = reconstruction_from_text(percent=not proportion, **options)
    typer.echo(found.csv() if csv else found.text(), nl=not csv)
    raise typer.Exit(0 if len(found) else 1)
