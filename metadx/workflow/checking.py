"""Everything that ``metadx check`` looks at: the study tables and what stands beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from metadx.decision.inputs import check_inputs
from metadx.decision.strategy import Strategy
from metadx.decision.strategy_faults import StrategyError
from metadx.errors import Fault, StudyTableError
from metadx.report.claims_table import read_claims
from metadx.tables import check, read_quadas, read_studies
from metadx.tables.check import CheckReport
from metadx.workflow.running import CLAIMS_FILE
from metadx.workflow.strategies import strategy_files


def check_everything(path: Path) -> CheckReport:
    """Check a study table, or a folder with judgements, inputs, claims and strategies.

    Parameters
    ----------
    path : Path
        As for `metadx.tables.check`. Of a folder, also ``quadas.csv``,
        ``strategy_inputs.csv`` and ``claims.csv`` in it and the strategy files beside it are
        checked.

    Returns
    -------
    CheckReport
        All faults at once. Judgements and strategies are compared with the study tables only
        where these have no fault.
    """
    report = check(path)
    if not path.is_dir():
        return report
    studies = read_studies(path) if report.ok else None
    faults = [
        *_found(lambda: read_quadas(path, studies)),
        *check_inputs(path),
        *_found(lambda: read_claims(path / CLAIMS_FILE) if _is_there(path) else None),
    ]
    if studies is not None and not faults:
        for file in strategy_files(path):
            faults += _found(partial(Strategy.from_file, file, studies))
    return replace(report, faults=(*report.faults, *faults))


def _is_there(path: Path) -> bool:
    return (path / CLAIMS_FILE).is_file()


def _found(read: Callable[[], object]) -> tuple[Fault, ...]:
    try:
        read()
    except StudyTableError as error:
        return error.faults
    except StrategyError as error:
        return tuple(
            Fault(one.file, None, "", one.place, one.found, one.expected, one.rule)
            for one in error.faults
        )
    return ()
