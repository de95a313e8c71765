"""The strategies of one file along the pretest probability, for tables and the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from metadx.decision.strategy_results import StrategyResults
from metadx.estimate import NotApplicable
from metadx.report.estimates import Cell

#: Pretest probabilities at which the strategies are laid side by side (per cent).
PRETEST_PERCENT: Final = tuple(range(5, 100, 5))
#: Outcomes per 1,000 patients in the table and the page.
OUTCOMES: Final = ("found", "missed", "false_alarms", "imaging")
#: By what the preferred strategy is chosen where the file names a threshold, else by what.
CRITERIA: Final = ("net_benefit", "found")
PREFERRED: Final = "probability_best"
COLUMNS: Final = (
    "file", "strategy", "label", "pretest", "outcome", "criterion", "value", "low", "high",
    "reason",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StrategyRecord:
    """What is reported about the strategies of one file.

    Attributes
    ----------
    file : str
        Name of the file without its ending.
    title, site : str
    criterion : str
        One of `CRITERIA`: what "best" means; empty where nothing could be compared.
    labels : dict of str to str
        Words of each strategy by its name.
    rows : tuple of dict
        One for each strategy, pretest probability and outcome, by the names in `COLUMNS`.
    answer : str
        The answer on one page.
    """

    file: str
    title: str
    site: str
    criterion: str
    labels: Mapping[str, str]
    rows: tuple[Mapping[str, Cell], ...]
    answer: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StrategyRecord:
        """Rebuild a record from `to_dict`, also after a passage through JSON."""
        return cls(**{**data, "rows": tuple(data["rows"])})


def strategy_record(file: str, results: StrategyResults) -> StrategyRecord:
    """Take every reported number from evaluated strategies.

    Parameters
    ----------
    file : str
        Name of the strategy file without its ending.
    results : StrategyResults
        Its pretest probability plays no part in the rows.
    """
    criterion, best = _preferred(results)
    rows: list[dict[str, Cell]] = []
    for percent in PRETEST_PERCENT:
        pretest = percent / 100
        here = replace(results, prevalence=np.full(results.n_draws, pretest))
        for name in results.names:
            head: dict[str, Cell] = {
                "file": file, "strategy": name, "label": results.labels[name], "pretest": pretest,
            }  # fmt: skip
            rows += [head | _outcome(here, name, outcome) for outcome in OUTCOMES]
            share = best.get((percent, name))
            reason = "" if share is not None else "not ranked"
            rows.append(
                head
                | {"outcome": PREFERRED, "criterion": criterion, "value": share, "low": None,
                   "high": None, "reason": reason}
            )  # fmt: skip
    return StrategyRecord(
        file, results.plan.title, results.plan.site, criterion, dict(results.labels), tuple(rows),
        results.answer(),
    )  # fmt: skip


def _outcome(results: StrategyResults, name: str, outcome: str) -> dict[str, Cell]:
    found = results.estimate(name, outcome)
    if isinstance(found, NotApplicable):
        numbers: tuple[float | None, ...] = (None, None, None)
        reason = found.reason
    else:
        numbers, reason = (found.value, found.low, found.high), ""
    value, low, high = numbers
    return {"outcome": outcome, "criterion": "", "value": value, "low": low, "high": high,
            "reason": reason}  # fmt: skip


def _preferred(results: StrategyResults) -> tuple[str, dict[tuple[int, str], float]]:
    """Probability of being best by per cent of pretest probability and strategy."""
    for criterion in CRITERIA:
        found = results.by_pretest(criterion)
        if isinstance(found, NotApplicable):
            continue
        shares = {}
        for percent in PRETEST_PERCENT:
            row = int(np.argmin(np.abs(found.grid - percent / 100)))
            for j, name in enumerate(found.names):
                shares[percent, name] = float(found.probability[row, j])
        return criterion, shares
    return "", {}


def strategy_rows(records: Iterable[StrategyRecord]) -> list[dict[str, Cell]]:
    """Lay all records out as one table."""
    return [dict(row) for record in records for row in record.rows]


def strategies_for_page(records: Sequence[StrategyRecord]) -> list[dict[str, Any]]:
    """Arrange the numbers as the page's script reads them: strategy, outcome, pretest."""
    found = []
    for record in records:
        numbers: dict[str, dict[str, list[Any]]] = {name: {} for name in record.labels}
        for row in record.rows:
            values = [row["value"], row["low"], row["high"]]
            cells = numbers[str(row["strategy"])].setdefault(str(row["outcome"]), [])
            cells.append(values if row["outcome"] != PREFERRED else row["value"])
        found.append(
            {
                "title": record.title,
                "criterion": record.criterion,
                "strategies": [
                    {"label": label, **numbers[name]} for name, label in record.labels.items()
                ],
            }
        )
    return found
