"""Strategies as text and as a JSON-ready record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from metadx._version import __version__
from metadx.decision.strategy_pretest import BestByPretest
from metadx.decision.strategy_results import OUTCOMES
from metadx.estimate import Estimate, NotApplicable

if TYPE_CHECKING:
    from metadx.decision.strategy_results import StrategyResults

DECIMALS: Final = {"cost": 0, "dose": 2, "hours": 1}
#: Criteria in the order in which a summary states them.
COMPARED: Final = ("found", "net_benefit", "net_money")
#: BestByPretest probabilities for which a summary names the preferred strategy.
SHOWN: Final = (0.1, 0.4, 0.8)


def summary_text(results: StrategyResults) -> str:
    """Write outcomes, comparison, evidence and warnings."""
    plan = results.plan
    share = results.summarise(results.prevalence)
    setting = "a new hospital" if results.new_setting else "the average hospital"
    lines = [
        plan.title,
        "=" * len(plan.title),
        plan.note,
        f"Pretest probability {in_words(share, 2)}; accuracy of {setting}; {results.n_draws} "
        f"draws, seed {results.seed}; intervals hold {100 * results.level:g} % of the draws.",
        "",
    ]
    for name in results.names:
        lines += [*_strategy(results, name), ""]
    for criterion in COMPARED:
        lines += _comparison(results, criterion)
    lines += ["", *_dependence(results), "", "What it rests on:"]
    for name, both in results.supports.items():
        lines.append(f"  {plan.tests[name].label}: {both[0]}; {both[1]}")
    lines += ["", "To know before using it:"]
    lines += [f"  - {warning}" for warning in results.warnings]
    return "\n".join(lines)


def in_words(found: Estimate | NotApplicable, decimals: int) -> str:
    """Write an estimate with its interval, or the reason why there is none."""
    if isinstance(found, NotApplicable):
        return f"({found.reason})"
    if found.low == found.high:
        return f"{found.value:.{decimals}f}"
    return found.format(decimals)


def _strategy(results: StrategyResults, name: str) -> Iterator[str]:
    apart = "" if results.plan.trees[name].ranked else ", NOT RANKED"
    yield f"{results.labels[name]}  [{name}]{apart}"
    if results.plan.trees[name].note:
        yield f"  {results.plan.trees[name].note}"
    for outcome in OUTCOMES:
        label, unit, _ = results.described(outcome)
        found = results.estimate(name, outcome)
        words = in_words(found, DECIMALS.get(outcome, 0))
        yield f"  {label:<22} {words}{f' {unit}' if isinstance(found, Estimate) else ''}"
    used = [
        f"{results.plan.tests[test].label} {in_words(results.estimate(name, f'tests.{test}'), 0)}"
        for test in results.flows[name].tests
    ]
    if used:
        yield f"  tests per 1,000: {', '.join(used)}"


def _comparison(results: StrategyResults, criterion: str) -> Iterator[str]:
    title = results.described(criterion)[0]
    shares = results.probability_best(criterion)
    if isinstance(shares, NotApplicable):
        yield f"By {title}: not applicable: {shares.reason}"
        return
    best = results.best(criterion)
    extra = ""
    if criterion == "net_benefit":
        threshold = 100 * (results.threshold or 0.0)
        extra = f" (treating is right from {threshold:g} %, an assumption)"
    if criterion == "net_money":
        worth = f"{results.willingness:g} {results.plan.currency}"
        extra = f" (a found fracture is worth {worth}, an assumption)"
    left_out = [name for name in results.ranked if name not in shares.index]
    yield (
        f"By {title}{extra}: {best} is best on average, the single best in "
        f"{100 * shares[str(best)]:.0f} % of the draws"
    )
    if left_out:
        yield f"  not compared for want of inputs: {', '.join(left_out)}"
    found = results.by_pretest(criterion)
    if isinstance(found, BestByPretest):
        yield from _pretest(found)


def _pretest(found: BestByPretest) -> Iterator[str]:
    words = [
        f"{100 * share:.0f} %: {name} ({100 * probability:.0f} %)"
        for share in SHOWN
        for name, probability in [found.best_at(share)]
    ]
    yield f"  best on average by pretest probability (single best in): {'; '.join(words)}"
    for one, estimate in zip(found.switches, found.estimates(), strict=True):
        yield (
            f"  from {found.names[one.below]} to {found.names[one.above]} at {estimate.format(2)}"
        )


def _dependence(results: StrategyResults) -> Iterator[str]:
    frame = results.sensitivity.dependence((0.0, 0.5, 1.0))
    if frame.empty:
        yield "No two tests follow each other without evidence on their dependence."
        return
    yield "If tests err in the same patients (share of the largest possible covariance):"
    missed = frame[frame["outcome"] == "missed"]
    for name, rows in missed.groupby("strategy", sort=False):
        words = [
            f"{share:g}: {value:.0f} ({low:.0f} to {high:.0f})"
            for share, value, low, high in rows[["share", "value", "low", "high"]].itertuples(
                index=False
            )
        ]
        yield f"  {name}, missed per 1,000 at {'; '.join(words)}"


def records(frame: pd.DataFrame | NotApplicable) -> Any:
    """Return a table as JSON-ready rows, or the reason why there is none."""
    if isinstance(frame, NotApplicable):
        return {"not_applicable": frame.reason}
    plain = frame.astype(object).where(frame.notna(), None)
    return [
        {str(key): value.item() if isinstance(value, np.generic) else value
         for key, value in row.items()}
        for row in plain.to_dict(orient="records")
    ]  # fmt: skip


def as_dictionary(results: StrategyResults) -> dict[str, Any]:
    """Return everything that a summary says, and the tables behind it."""
    plan = results.plan
    compared: dict[str, Any] = {}
    for criterion in COMPARED:
        shares = results.probability_best(criterion)
        found = results.by_pretest(criterion)
        if isinstance(shares, NotApplicable) or not isinstance(found, BestByPretest):
            compared[criterion] = records(shares if isinstance(shares, NotApplicable) else found)  # type: ignore[arg-type]
            continue
        compared[criterion] = {
            "best": str(results.best(criterion)),
            "probability_best": {str(name): float(share) for name, share in shares.items()},
            "switching_points": records(found.switching_points()),
        }
    return {
        "metadx": __version__, "name": plan.name, "title": plan.title, "site": plan.site,
        "population": plan.population, "note": plan.note,
        "prevalence": results.summarise(results.prevalence).to_dict(),
        "draws": results.n_draws, "seed": results.seed, "level": results.level,
        "new_setting": results.new_setting, "threshold": results.threshold,
        "willingness_to_pay": results.willingness, "currency": plan.currency,
        "assumptions": [text for text in results.warnings if "an assumption" in text],
        "outcomes": records(results.table()), "differences": records(results.differences()),
        "compared": compared,
        "frontier": records(results.economics.frontier("imaging")),
        "frontier_cost": records(results.economics.frontier("cost")),
        "dependence": records(results.sensitivity.dependence()),
        "evidence": [
            {"test": one.test, "margin": one.margin, "stratum": one.stratum or None, "k": one.k,
             "basis": one.basis, "source": one.source}
            for both in results.supports.values() for one in both
        ],
        "warnings": list(results.warnings),
    }  # fmt: skip
