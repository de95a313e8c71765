"""What the figures of strategies share: one look a strategy, its key, and what to say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from metadx.decision.strategy_results import StrategyResults
from metadx.decision.strategy_text import in_words
from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.plots.chart_page import Key
from metadx.plots.studies import percent
from metadx.plots.style import MARKERS, PALETTE, Look

#: Lines of strategies beyond the colours of the palette.
DASHES: Final[tuple[Any, ...]] = ("-", (0, (4, 2)), (0, (1, 1.6)))


def strategy_looks(results: StrategyResults) -> dict[str, Look]:
    """Give each strategy of a file its colour and marker, the same in every figure."""
    return {
        name: Look(PALETTE[i % len(PALETTE)], MARKERS[i % len(MARKERS)])
        for i, name in enumerate(results.names)
    }


def dash_of(results: StrategyResults, name: str) -> Any:
    """Return the line style of a strategy: strategies that share a colour differ in it."""
    return DASHES[results.names.index(name) // len(PALETTE) % len(DASHES)]


def strategy_keys(results: StrategyResults, names: Iterable[str], lines: bool = False) -> list[Key]:
    """Return an entry of the key for each strategy, a line or a marker before its words."""
    looks = strategy_looks(results)
    kinds = {0: "solid", 1: "dashed", 2: "dotted"}
    found = []
    for name in names:
        turn = results.names.index(name) // len(PALETTE) % len(DASHES)
        kind = kinds[turn] if lines else f"marker:{looks[name].marker}"
        found.append(Key(kind, results.labels[name], looks[name].color))
    return found


def strategy_captions(
    results: StrategyResults, extra: Sequence[str] = (), pretest: bool = True
) -> list[str]:
    """Say on which studies, draws and assumptions a figure of strategies rests.

    Parameters
    ----------
    results : StrategyResults
        What is drawn.
    extra : sequence of str
        Sentences of the figure itself, first.
    pretest : bool
        Whether the figure is of one pretest probability.
    """
    plan = results.plan
    share = results.summarise(results.prevalence)
    where = "a new hospital" if results.new_setting else "the average hospital"
    studies = []
    for test, both in results.supports.items():
        own = {one.stratum for one in both if one.basis == "studies"}
        parts = [
            f"{one.margin} {'assumed' if one.basis == 'assumption' else f'k = {one.k}'}"
            f"{f' (borrowed from {one.stratum})' if one.basis == 'borrowed' else ''}"
            for one in both
        ]
        where_from = f" ({', '.join(sorted(own))})" if own else ""
        studies.append(f"{plan.tests[test].label}{where_from}: {', '.join(parts)}")
    found = [
        *extra,
        f"{f'Pretest probability {in_words(share, 2)}. ' if pretest else ''}"
        f"{results.n_draws:,} draws of the pooled accuracy in {where} and of the other inputs; "
        f"intervals hold {percent(results.level)} of them.",
        f"Studies: {'; '.join(studies)}.",
        *_weak(results),
        *_assumed(results),
    ]
    apart = [results.labels[name] for name in results.names if name not in results.ranked]
    if apart:
        found.append(f"Not ranked, because the evidence does not reach it: {'; '.join(apart)}.")
    found += [text for text in results.warnings if text.startswith("Dependence in ")]
    if results.sensitivity.pairs() and not results.dependence:
        found.append(
            "Tests that follow each other are taken as conditionally independent where no study "
            "says otherwise."
        )
    return found


def _weak(results: StrategyResults) -> list[str]:
    """Name the tests of which the evidence is thin, indirect or unconditional."""
    tests = [results.plan.tests[test].label for test in results.supports]
    parts = []
    for word in ("thin", "indirect", "unconditional"):
        said = [text for text in results.warnings if word in text]
        weak = [
            label
            for label in tests
            if any(text.startswith((f"{label}: ", f"{label} after ")) for text in said)
        ]
        if weak:
            parts.append(f"{word} for {'; '.join(weak)}")
    return [f"Evidence is {', '.join(parts)}."] if parts else []


def _assumed(results: StrategyResults) -> list[str]:
    """Name the uncertain numbers of the strategy file that are not from a source."""
    names = results.plan.names()
    parts = [
        f"{names.get(one.name, one.name)} {in_words(results.summarise(results.drawn[one.name]), 2)}"
        for one in results.plan.quantities().values()
        if one.is_assumption and not one.distribution.is_fixed and one.name in results.drawn
    ]
    return [f"Assumed, not evidence: {'; '.join(parts)}."] if parts else []


def missing_captions(results: StrategyResults, outcome: str) -> list[str]:
    """Say which strategies a figure lacks, and for want of what."""
    found: dict[str, list[str]] = {}
    for name in results.ranked:
        pair = results.pair(name, outcome)
        if isinstance(pair, NotApplicable):
            found.setdefault(pair.reason, []).append(results.labels[name])
    return [f"Not shown: {'; '.join(names)} ({reason})." for reason, names in found.items()]


def threshold_caption(results: StrategyResults, criterion: str) -> list[str]:
    """Say what a net benefit weighs."""
    if criterion == "net_benefit" and results.threshold is not None:
        given = results.plan.threshold
        own = given is not None and given.distribution.mean == results.threshold
        source = f" ({given.source})" if own and given else ""
        return [
            f"Net benefit when treating is right from a probability of "
            f"{percent(results.threshold)}{source or ' (an assumption, as asked for)'}."
        ]
    if criterion == "net_money" and results.willingness is not None:
        return [
            f"Net monetary benefit when finding one more fracture is worth "
            f"{results.willingness:,.0f} {results.plan.currency} (an assumption)."
        ]
    return []


def need(found: object) -> None:
    """Raise an error that says why there is nothing to draw.

    Raises
    ------
    OptionError
        If `found` does not apply.
    """
    if isinstance(found, NotApplicable):
        raise OptionError(f"there is nothing to draw: {found.reason}")
