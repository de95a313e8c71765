"""The ranking of one population in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from markupsafe import Markup

from metadx.report import numbers
from metadx.report.certainty import Certainty
from metadx.report.claims import difference
from metadx.report.estimates import StratumRecord
from metadx.report.words import listed, sentence, studies_word

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
    def name(self) -> str:
        """The test in running text."""


def answer_sentences(rows: Sequence[Row], unit: str, several_units: bool) -> Iterator[Markup]:
    """Say which test is best and how sure that is, what follows it, and what specificity is.

    One paragraph each.

    Parameters
    ----------
    rows : sequence of Ranked
        Tests of one site, population and unit, ranked.
    unit : str
        Label of the unit.
    several_units : bool
        Whether the table below also has tests counted otherwise.
    """
    opening = Markup("Of the tests counted {}: ").format(unit) if several_units else Markup("")
    several = [row for row in rows if row.record.sensitivity.k > 1]
    if several:
        yield opening + _first(several[0], len(rows), len(several))
        if len(several) > 1:
            yield Markup("{} {}").format(_next(several), _comparison(several))
    else:
        yield opening + _only_single(rows)
    yield _specificity(rows)


def _only_single(rows: Sequence[Row]) -> Markup:
    told = [row for row in rows if row.record.sensitivity.k]
    if not told:
        return Markup("No study reports sensitivity.")
    if len(told) == 1:
        shown = numbers.best(told[0].record, "sensitivity")
        return Markup("There is one study, of {}: sensitivity {}. One study is not pooled.").format(
            told[0].name, shown
        )
    text = Markup("There is one study each of {}: no test can be called best.")
    return text.format(listed([row.name for row in told]))


def _first(row: Row, tests: int, several: int) -> Markup:
    margin = row.record.sensitivity
    name = sentence(row.name).rstrip(".")
    shown = numbers.best(row.record, "sensitivity")
    if tests == 1:
        opening = Markup("<strong>{}</strong> is the only test studied").format(name)
    elif several == 1:
        opening = Markup("<strong>{}</strong> is the only test with several studies").format(name)
    else:
        opening = Markup("<strong>{}</strong> finds the most").format(name)
    if margin.is_pooled:
        text = Markup("{}: pooled sensitivity {} in {}. {}")
        return text.format(opening, shown, studies_word(margin.k), _how_sure(row.sensitivity))
    spread = numbers.quantity(row.record, "sensitivity_studies", margin.studies)
    text = Markup(
        "{}: {} when the counts of its {} are summed (the studies found {}). They are too few, "
        "or too close to 0 or 1, to tell how much a next study will differ. How sure: "
        "<strong>{}</strong>."
    )
    text = text.format(opening, shown, studies_word(margin.k), spread, row.sensitivity.level)
    if margin.bayesian:
        found = numbers.quantity(row.record, "sensitivity_bayesian", margin.bayesian)
        text += Markup(" A Bayesian fit with a weak prior gives {}.").format(found)
    return text


def _how_sure(found: Certainty) -> Markup:
    why = f", because {listed(found.reasons)}" if found.reasons else ""
    return Markup("How sure: <strong>{}</strong>{}.").format(found.level, why)


def _next(several: Sequence[Row]) -> Markup:
    parts = []
    for row in several[1 : 1 + RUNNERS_UP]:
        margin = row.record.sensitivity
        how = "in" if margin.is_pooled else "in the summed counts of"
        shown = numbers.best(row.record, "sensitivity")
        parts.append(Markup("{} {} {} {}").format(row.name, shown, how, studies_word(margin.k)))
    return Markup("Then {}.").format(Markup("; ").join(parts))


def _comparison(several: Sequence[Row]) -> Markup:
    """Say over which tests the lead is real: both pooled, and the difference above 0."""
    first, *rest = several
    behind: list[str] = []
    open_: list[str] = []
    for row in rest:
        gap = difference(first.record.sensitivity.best, row.record.sensitivity.best)
        pooled = first.record.sensitivity.is_pooled and row.record.sensitivity.is_pooled
        real = pooled and gap.low is not None and gap.low > 0.0
        (behind if real else open_).append(row.name)
    parts = []
    if open_:
        parts.append(
            f"{sentence(first.name)[:-1]} is not shown to be more sensitive than {listed(open_)}."
        )
    if behind:
        parts.append(f"Its lead over {listed(behind)} is more than chance would explain.")
    return Markup("{}").format(" ".join(parts))


def _specificity(rows: Sequence[Row]) -> Markup:
    several = [row for row in rows if row.record.specificity.k > 1]
    single = [row.name for row in rows if row.record.specificity.k == 1]
    if not several and not single:
        return Markup("<strong>No study reports specificity</strong>: false alarms are unknown.")
    parts = []
    for row in sorted(several, key=lambda r: -(r.record.specificity.best.value or 0.0)):
        margin = row.record.specificity
        how = "" if margin.is_pooled else "summed counts of "
        shown = numbers.best(row.record, "specificity")
        text = Markup("{} {} ({}{}; {})")
        parts.append(
            text.format(row.name, shown, how, studies_word(margin.k), row.specificity.level)
        )
    if single:
        each = " each" if len(single) > 1 else ""
        parts.append(Markup("one study{} of {}").format(each, listed(single)))
    return Markup("Specificity: {}.").format(Markup("; ").join(parts))
