"""Strategies: outcomes per 1,000 patients from a strategy file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from metadx.cli.application import STUDIES


def register(app: typer.Typer) -> None:
    """Add this module's command to the application."""
    app.command()(strategy)


def strategy(
    name: Annotated[str, typer.Argument(help="A file of analyses/strategies, or a path.")],
    prevalence: Annotated[
        str | None, typer.Option(help="Pretest probability (0.39), or an input (PREV01).")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print a JSON record.")] = False,
    draws: Annotated[int, typer.Option(help="Number of draws.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 1,
    threshold: Annotated[
        float | None, typer.Option(help="Probability of a fracture from which treating is right.")
    ] = None,
    willingness_to_pay: Annotated[
        float | None, typer.Option(help="Money that finding one more fracture is worth.")
    ] = None,
    dependence: Annotated[
        float | None, typer.Option(help="Share of the covariance bound between tests, -1 to 1.")
    ] = None,
    new_setting: Annotated[
        bool, typer.Option("--new-setting", help="Accuracy of a new hospital, not the average.")
    ] = False,
    level: Annotated[float, typer.Option(help="Share of the draws in an interval.")] = 0.95,
    studies: Annotated[Path, typer.Option(help="Folder of study tables.")] = STUDIES,
    folder: Annotated[Path, typer.Option(help="Folder that holds strategies/.")] = Path("analyses"),
) -> None:
    """Evaluate the strategies of a file: found, missed, false alarms, cost, dose and time."""
    from metadx.decision.strategy import Strategy, find_strategy, share_or_input

    found = Strategy.from_file(find_strategy(name, folder), studies)
    results = found.evaluate(
        share_or_input(prevalence), draws, seed, new_setting=new_setting, threshold=threshold,
        willingness_to_pay=willingness_to_pay, dependence=dependence, level=level,
    )  # fmt: skip
    if json_output:
        import json

        typer.echo(json.dumps(results.to_dict(), indent=2, allow_nan=False))
    else:
        typer.echo(results.summary())
