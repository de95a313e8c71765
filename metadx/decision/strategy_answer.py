"""The one-page answer: what is preferred when, what the evidence supports, where it ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from metadx.decision.strategy_evidence import FEW
from metadx.decision.strategy_pretest import BestByPretest, by_pretest
from metadx.estimate import NotApplicable

if TYPE_CHECKING:
    from metadx.decision.strategy_results import StrategyResults

#: Pretest probabilities of the answer: low, middle and high suspicion.
PRETESTS: Final = (0.10, 0.40, 0.80)
#: A preference in fewer draws than this is called one that the evidence does not settle.
SETTLED: Final = 0.90


def answer_text(results: StrategyResults, pretests: Sequence[float] = PRETESTS) -> str:
    """Write which strategy is preferred at several pretest probabilities, and how surely.

    Parameters
    ----------
    results : StrategyResults
        From ``Strategy.evaluate``.
    pretests : sequence of float
        Pretest probabilities.

    Notes
    -----
    Preferred is the highest expected net benefit where the file (or the call) gives a
    threshold, else the most fractures found. A rival is not separated from the preferred
    strategy where the interval of the difference holds 0.
    """
    criterion = "found" if results.threshold is None else "net_benefit"
    lines = [f"{results.plan.title}: the answer on one page", ""]
    lines += [*_rule(results, criterion), ""]
    for share in pretests:
        lines += _preferred(results, criterion, share)
    lines += ["", *_dependent(results, criterion, pretests)]
    lines += ["", *_money(results, pretests)]
    lines += ["", "What the evidence supports", *_supported(results)]
    lines += ["", "Where the evidence runs out", *_missing(results)]
    return "\n".join(lines)


def _rule(results: StrategyResults, criterion: str) -> Iterator[str]:
    if criterion == "found":
        yield "Preferred is the strategy that finds most fractures; false alarms are not weighed."
        return
    threshold = results.threshold or 0.0
    given = results.plan.threshold
    reason = f" ({given.source})" if given and given.distribution.mean == threshold else ""
    yield (
        f"Preferred is the strategy with the highest net benefit when treating is right from a "
        f"probability of {100 * threshold:g} %{reason}."
    )


def _preferred(results: StrategyResults, criterion: str, share: float) -> Iterator[str]:
    found = results.utility(criterion)
    assert not isinstance(found, NotApplicable)
    fracture, none, names = found
    utility = share * fracture + (1.0 - share) * none
    order = results.cheapest_first(names)
    best = order[int(np.argmax(utility.mean(axis=0)[order]))]
    ties = (utility == utility.max(axis=1, keepdims=True))[:, best]
    certainty = float(ties.mean())
    word = "" if certainty >= SETTLED else ", which the evidence does not settle"
    yield (
        f"At {100 * share:.0f} %: {results.labels[names[best]]} "
        f"(best in {100 * certainty:.0f} % of the draws{word})"
    )
    tails = [0.5 - 0.5 * results.level, 0.5 + 0.5 * results.level]
    missed = {name: _missed(results, name, share) for name in names}
    yield f"    misses {missed[names[best]].mean():.1f} of {1000 * share:.0f} fractures per 1,000"
    for i, name in enumerate(names):
        low, high = np.quantile(utility[:, best] - utility[:, i], tails)
        if i != best and low <= 0.0 <= high:
            gap = missed[name] - missed[names[best]]
            ends = np.quantile(gap, tails)
            yield (
                f"    not separated from it: {results.labels[name]}: misses {gap.mean():+.1f} "
                f"({ends[0]:+.1f} to {ends[1]:+.1f}) per 1,000"
            )


def _missed(results: StrategyResults, name: str, share: float) -> np.ndarray:
    pair = results.pair(name, "missed")
    assert not isinstance(pair, NotApplicable)
    return np.broadcast_to(1000.0 * pair.at(share), results.prevalence.shape)


def _best(results: StrategyResults, criterion: str, pretests: Sequence[float]) -> str:
    found = by_pretest(results, criterion, np.array(pretests))
    assert isinstance(found, BestByPretest)
    words = [
        f"{100 * share:.0f} %: {results.labels[name]} ({100 * probability:.0f} % of the draws)"
        for share in pretests
        for name, probability in [found.best_at(share)]
    ]
    return "; ".join(words)


def _dependent(
    results: StrategyResults, criterion: str, pretests: Sequence[float]
) -> Iterator[str]:
    if results.sensitivity.pairs():
        yield "If tests miss the same fractures as far as that is possible, preferred would be"
        yield f"    {_best(results.at_dependence(1.0), criterion, pretests)}"
    else:
        yield "No test follows another without evidence on the dependence between them."


def _money(results: StrategyResults, pretests: Sequence[float]) -> Iterator[str]:
    found = results.utility("net_money")
    if isinstance(found, NotApplicable):
        yield f"Cost cannot be weighed: {found.reason}."
        return
    given = results.plan.value_of_finding
    source = f", {given.source}" if given else ""
    yield (
        f"If finding one more fracture is worth {results.willingness:g} {results.plan.currency}"
        f"{source}, and only imaging costs, preferred would be"
    )
    yield f"    {_best(results, 'net_money', pretests)}"
    missing = [results.labels[name] for name in results.ranked if name not in found[2]]
    if missing:
        yield f"    not compared, because a cost is missing: {'; '.join(missing)}"


def _supported(results: StrategyResults) -> Iterator[str]:
    """Margins with enough studies of the right patients."""
    plan = results.plan
    some = False
    for test, both in results.supports.items():
        for one in both:
            if one.basis == "studies" and one.k >= FEW:
                drawn = results.summarise(results.drawn[f"tests.{test}.{one.margin}"])
                yield (
                    f"    {plan.tests[test].label}, {one.margin} {drawn.format(2)} from {one.k} "
                    f"studies of {one.stratum}"
                )
                some = True
    if not some:
        yield f"    no margin of any test rests on {FEW} or more studies"


def _missing(results: StrategyResults) -> Iterator[str]:
    yield from (f"    {warning}" for warning in results.warnings[1:])
    for name in results.names:
        if not results.plan.trees[name].ranked:
            yield f"    {results.labels[name]}: not ranked. {results.plan.trees[name].note}"
    for price, words in (("cost", "cost"), ("dose", "dose"), ("hours", "time")):
        tests = {test for flow in results.flows.values() for test in flow.tests}
        lacking = [
            test.label
            for name, test in results.plan.tests.items()
            if name in tests and price not in test.prices
        ]
        if lacking:
            yield f"    No {words} is known for {', '.join(lacking)}."
