"""The one-page answer: what is preferred when, what the evidence supports, where it ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from metadx.decision import economics
from metadx.decision.strategy_evidence import FEW
from metadx.decision.strategy_pretest import BestByPretest, by_pretest
from metadx.estimate import NotApplicable

if TYPE_CHECKING:
    from metadx.decision.strategy_results import StrategyResults

FloatArray = NDArray[np.float64]

#: Pretest probabilities of the answer: low, middle and high suspicion.
PRETESTS: Final = (0.10, 0.40, 0.80)
#: A preference in fewer draws than this is called one that the evidence does not settle.
SETTLED: Final = 0.90
DRAWS: Final = (
    "A draw is one state of affairs that the studies allow. Best on average: over all draws. "
    "Single best: in that draw; a strategy may be best on average and the single best in few."
)


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
    threshold, else the most fractures found. A rival could be as good as the preferred
    strategy where the interval of the difference in it holds 0.
    """
    criterion = "found" if results.threshold is None else "net_benefit"
    lines = [f"{results.plan.title}: the answer on one page", ""]
    lines += [results.plan.note, ""] if results.plan.note else []
    lines += [*_rule(results, criterion), ""]
    lines += ["Which strategy is preferred, by the probability of a fracture before imaging", ""]
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
        yield DRAWS
        return
    threshold = results.threshold or 0.0
    given = results.plan.threshold
    own = given is not None and given.distribution.mean == threshold
    reason = f" ({given.source})" if given and own else " (as asked for)"
    yield (
        f"Preferred is the strategy with the highest net benefit when treating is right from a "
        f"probability of {100 * threshold:g} %{reason}. Net benefit: fractures found less false "
        f"alarms, {_alarms(threshold)}."
    )
    yield DRAWS


def _alarms(threshold: float) -> str:
    """Say how many false alarms weigh as much as one found fracture."""
    odds = (1.0 - threshold) / threshold
    return f"{odds:.3g} of which weigh as much as one fracture found"


def _preferred(results: StrategyResults, criterion: str, share: float) -> Iterator[str]:
    found = results.utility(criterion)
    assert not isinstance(found, NotApplicable)
    fracture, none, names = found
    utility = share * fracture + (1.0 - share) * none
    order = results.cheapest_first(names)
    best = order[economics.best_of(utility[:, order])]
    certain = economics.probability_best(utility)
    yield f"At {100 * share:.0f} %: {results.labels[names[best]]}"
    yield f"    {_certainty(results, certain, names, best)}"
    tails = [0.5 - 0.5 * results.level, 0.5 + 0.5 * results.level]
    missed = {name: _missed(results, name, share) for name in names}
    low, high = np.quantile(missed[names[best]], tails)
    yield (
        f"    misses {missed[names[best]].mean():.1f} ({low:.1f} to {high:.1f}) of "
        f"{1000 * share:.0f} fractures per 1,000 patients"
    )
    rest = [i for i in np.argsort(-certain, kind="stable").tolist() if i != best]
    ends = {i: np.quantile(utility[:, best] - utility[:, i], tails) for i in rest}
    rivals = [i for i in rest if ends[i][0] <= 0.0 <= ends[i][1]]
    worse = [results.labels[names[i]] for i in rest if i not in rivals]
    if rivals:
        yield "    could be as good (the interval of the difference holds 0), most likely first:"
    for i in rivals:
        gap = missed[names[i]] - missed[names[best]]
        low, high = np.quantile(gap, tails)
        yield (
            f"        {results.labels[names[i]]}: {_more(gap.mean(), low, high)}; best in "
            f"{_percent(certain[i])} of the draws"
        )
    if worse:
        yield f"    worse: {'; '.join(worse)}"


def _certainty(
    results: StrategyResults, certain: FloatArray, names: Sequence[str], best: int
) -> str:
    """Say how often the strategy that is best on average is the best one."""
    share = certain[best]
    text = f"best on average, and the single best in {100 * share:.0f} % of the draws"
    if share >= SETTLED:
        return text
    most = int(np.argmax(certain))
    if certain[most] > share:
        text += (
            f"; {results.labels[names[most]]} is so in more of them "
            f"({100 * certain[most]:.0f} %), but loses more where it is not"
        )
    return f"{text}: the evidence does not settle it"


def _percent(share: float) -> str:
    """Write a share of the draws; few of them are not called none."""
    return "under 1 %" if 0.0 < share < 0.005 else f"{100 * share:.0f} %"


def _more(gap: float, low: float, high: float) -> str:
    """Say how many more, or fewer, fractures are missed than by the preferred strategy."""
    word = "more" if gap >= 0.0 else "fewer"
    return f"misses {abs(gap):.1f} {word} per 1,000 ({low:+.1f} to {high:+.1f})"


def _missed(results: StrategyResults, name: str, share: float) -> np.ndarray:
    pair = results.pair(name, "missed")
    assert not isinstance(pair, NotApplicable)
    return np.broadcast_to(1000.0 * pair.at(share), results.prevalence.shape)


def _best(results: StrategyResults, criterion: str, pretests: Sequence[float]) -> str:
    found = by_pretest(results, criterion, np.array(pretests))
    assert isinstance(found, BestByPretest)
    words = [
        f"    {100 * share:.0f} %: {results.labels[name]} (the single best in "
        f"{100 * probability:.0f} % of the draws)"
        for share in pretests
        for name, probability in [found.best_at(share)]
    ]
    return "\n".join(words)


def _dependent(
    results: StrategyResults, criterion: str, pretests: Sequence[float]
) -> Iterator[str]:
    if results.sensitivity.pairs():
        yield (
            "Above, tests are taken to err independently of each other where no study says how "
            "they do. If they miss the same fractures as far as that is possible, best on "
            "average would be"
        )
        yield _best(results.at_dependence(1.0), criterion, pretests)
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
        f"{source}, and only imaging costs, best on average would be"
    )
    yield _best(results, "net_money", pretests)
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
