"""The preferred strategies of a state of the tables, for strata that an update touched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from metadx.decision.strategy import Strategy, find_inputs
from metadx.decision.strategy_pretest import BestByPretest
from metadx.decision.strategy_results import StrategyResults
from metadx.report.strategies import CRITERIA, PRETEST_PERCENT
from metadx.tables import StudyTable
from metadx.workflow.strategies import strategy_files


def preferred_strategies(
    studies: Path, table: StudyTable, touched: Sequence[str]
) -> dict[str, str]:
    """Say which strategy is preferred at which pretest probability.

    Parameters
    ----------
    studies : Path
        Folder of study tables; the strategy files stand in ``analyses/strategies`` beside it.
    table : StudyTable
        One state of the tables.
    touched : sequence of str
        Strata; a file that uses none of them is left out.

    Returns
    -------
    dict of str to str
        By the title of the file: ``"up to 20%: CT; above: MRI"``.

    Raises
    ------
    StrategyError
        A file has faults, or a stratum that it uses is gone.
    """
    found = {}
    for path in strategy_files(studies):
        strategy = Strategy.from_file(path, table, find_inputs(path, studies))
        if {test.stratum for test in strategy.plan.tests.values()} & set(touched):
            found[strategy.plan.title or path.stem] = _words(strategy.evaluate())
    return found


def _words(results: StrategyResults) -> str:
    for criterion in CRITERIA:
        best = results.by_pretest(criterion)
        if isinstance(best, BestByPretest):
            return _ranges(results, best)
    return "none, as the strategies cannot be compared"


def _ranges(results: StrategyResults, best: BestByPretest) -> str:
    """Join neighbouring pretest probabilities at which the same strategy is preferred."""
    ranges: list[tuple[str, int]] = []
    for percent in PRETEST_PERCENT:
        name = results.labels[best.best_at(percent / 100)[0]]
        if ranges and ranges[-1][0] == name:
            ranges.pop()
        ranges.append((name, percent))
    if len(ranges) == 1:
        return f"at every pretest probability: {ranges[0][0]}"
    below = [f"up to {percent}%: {name}" for name, percent in ranges[:-1]]
    return "; ".join([*below, f"above: {ranges[-1][0]}"])
