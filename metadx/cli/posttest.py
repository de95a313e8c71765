"""Post-test probabilities of one stratum."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from metadx.cli.application import STUDIES


def register(app: typer.Typer) -> None:
    """Add this module's command to the application."""
    app.command()(posttest)


def posttest(
    target: Annotated[
        str, typer.Argument(help="A stratum (ct/hip, ct/hip/patient/radiograph_negative) or a CSV.")
    ],
    pretest: Annotated[
        list[float] | None, typer.Option(help="Pretest probability, 0.39; may repeat.")
    ] = None,
    pretest_interval: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="LOW HIGH", help="Pretest probability as an interval."),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print a JSON record.")] = False,
    level: Annotated[float, typer.Option(help="Nominal coverage.")] = 0.95,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 1,
    source: Annotated[
        str | None, typer.Option(help="posterior or 'maximum likelihood'; chosen by default.")
    ] = None,
    benefit: Annotated[
        float | None, typer.Option(help="Benefit of treating one with the condition.")
    ] = None,
    harm: Annotated[float | None, typer.Option(help="Harm of treating one without it.")] = None,
    test_harm: Annotated[float, typer.Option(help="Harm of testing one, same unit.")] = 0.0,
    studies: Annotated[Path, typer.Option(help="Folder of study tables.")] = STUDIES,
) -> None:
    """Print the probability of the condition after a positive and a negative result."""
    from metadx.report.posttest_record import (
        PosttestRequest,
        posttest_record,
        posttest_report,
    )

    request = PosttestRequest(
        target, tuple(pretest or ()), pretest_interval, level, seed, source, studies, benefit,
        harm, test_harm,
    )  # fmt: skip
    if json_output:
        import json

        typer.echo(json.dumps(posttest_record(request), indent=2, allow_nan=False))
    else:
        typer.echo(posttest_report(request))
