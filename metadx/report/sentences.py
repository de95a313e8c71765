"""The ranking of one population in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from metadx.report import numbers
from metadx.report.catalogue import Words, joined, listed, say
from metadx.report.certainty import Certainty
from metadx.report.claims import difference
from metadx.report.estimates import StratumRecord
from metadx.report.words import counted_studies, sentence

#: Tests named after the first; the table has them all.
RUNNERS_UP = 3


class Row(Protocol):
    """What a sentence needs to know of a test."""

    @property
    def record(self) -> StratumRecord:
        """Its stratum."""

    @property
    def sensitivity(self) -> Certainty:
        """How sure its sensitivity is."""

    @property
    def specificity(self) -> Certainty:
        """How sure its specificity is."""

    @property
    def words(self) -> Words:
        """The test in running text."""


def answer_sentences(rows: Sequence[Row], unit: Words, several_units: bool) -> Iterator[Words]:
    """Say which test is best and how sure that is, what follows it, and what specificity is.

    One paragraph each.

    Parameters
    ----------
    rows : sequence of Ranked
        Tests of one site, population and unit, ranked.
    unit : Words
        Label of the unit.
    several_units : bool
        Whether the table below also has tests counted otherwise.
    """
    several = [row for row in rows if row.record.sensitivity.k > 1]
    first = _first(several[0], len(rows), len(several)) if several else _only_single(rows)
    yield say("Of the tests counted {}: {}", unit, first) if several_units else first
    if len(several) > 1:
        yield _sentences([_next(several), *_comparison(several)])
    yield _specificity(rows)


def _sentences(parts: Sequence[Words]) -> Words:
    return joined(parts, " ", "")


def _only_single(rows: Sequence[Row]) -> Words:
    told = [row for row in rows if row.record.sensitivity.k]
    if not told:
        return say("No study reports sensitivity.")
    if len(told) == 1:
        shown = numbers.best(told[0].record, "sensitivity")
        return say(
            "There is one study, of {}: sensitivity {}. One study is not pooled.",
            told[0].words, shown,
        )  # fmt: skip
    return say(
        "There is one study each of {}: no test can be called best.",
        listed([row.words for row in told]),
    )


def _opening(row: Row, tests: int, several: int) -> Words:
    name = row.words.map(_capital)
    if tests == 1:
        return say("<strong>{}</strong> is the only test studied", name)
    if several == 1:
        return say("<strong>{}</strong> is the only test with several studies", name)
    return say("<strong>{}</strong> finds the most", name)


def _capital(text: str) -> str:
    return sentence(text).rstrip(".")


def _first(row: Row, tests: int, several: int) -> Words:
    margin = row.record.sensitivity
    opening = _opening(row, tests, several)
    shown, studies = numbers.best(row.record, "sensitivity"), counted_studies(margin.k)
    if margin.is_pooled:
        return say(
            "{}: pooled sensitivity {} in {}. {}",
            opening, shown, studies, _how_sure(row.sensitivity),
        )  # fmt: skip
    spread = numbers.quantity(row.record, "sensitivity_studies", margin.studies)
    parts = [
        say(
            "{}: {} when the counts of its {} are summed (the studies found {}). They are too "
            "few, or too close to 0 or 1, to tell how much a next study will differ. How sure: "
            "<strong>{}</strong>.",
            opening, shown, studies, spread, row.sensitivity.words,
        )
    ]  # fmt: skip
    if margin.bayesian:
        found = numbers.quantity(row.record, "sensitivity_bayesian", margin.bayesian)
        parts.append(say("A Bayesian fit with a weak prior gives {}.", found))
    return _sentences(parts)


def _how_sure(found: Certainty) -> Words:
    if not found.reasons:
        return say("How sure: <strong>{}</strong>.", found.words)
    return say("How sure: <strong>{}</strong>, because {}.", found.words, listed(found.reasons))


def _next(several: Sequence[Row]) -> Words:
    parts = []
    for row in several[1 : 1 + RUNNERS_UP]:
        margin = row.record.sensitivity
        shown, studies = numbers.best(row.record, "sensitivity"), counted_studies(margin.k)
        if margin.is_pooled:
            parts.append(say("{} {} in {}", row.words, shown, studies))
        else:
            parts.append(say("{} {} in the summed counts of {}", row.words, shown, studies))
    return say("Then {}.", joined(parts, "; ", "；"))


def _comparison(several: Sequence[Row]) -> list[Words]:
    """Say over which tests the lead is real: both pooled, and the difference above 0."""
    first, *rest = several
    behind: list[Words] = []
    unclear: list[Words] = []
    for row in rest:
        gap = difference(first.record.sensitivity.best, row.record.sensitivity.best)
        pooled = first.record.sensitivity.is_pooled and row.record.sensitivity.is_pooled
        real = pooled and gap.low is not None and gap.low > 0.0
        (behind if real else unclear).append(row.words)
    parts = []
    if unclear:
        name = first.words.map(_capital)
        parts.append(say("{} is not shown to be more sensitive than {}.", name, listed(unclear)))
    if behind:
        parts.append(say("Its lead over {} is more than chance would explain.", listed(behind)))
    return parts


def _specificity(rows: Sequence[Row]) -> Words:
    several = [row for row in rows if row.record.specificity.k > 1]
    single = [row.words for row in rows if row.record.specificity.k == 1]
    if not several and not single:
        return say("<strong>No study reports specificity</strong>: false alarms are unknown.")
    parts = []
    for row in sorted(several, key=lambda r: -(r.record.specificity.best.value or 0.0)):
        margin = row.record.specificity
        text = "{} {} ({}; {})" if margin.is_pooled else "{} {} (summed counts of {}; {})"
        shown, studies = numbers.best(row.record, "specificity"), counted_studies(margin.k)
        parts.append(say(text, row.words, shown, studies, row.specificity.words))
    if single:
        text = "one study each of {}" if len(single) > 1 else "one study of {}"
        parts.append(say(text, listed(single)))
    return say("Specificity: {}.", joined(parts, "; ", "；"))
