"""The answer by body site: which test is best, on how many studies, how sure, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from metadx.plots.evidence_map_data import BONE_QUALITY
from metadx.report.catalogue import Words, coded, explained, listed, same, say
from metadx.report.certainty import Certainty, certainty
from metadx.report.estimates import StratumRecord
from metadx.report.sentences import answer_sentences
from metadx.report.words import (
    FRACTURE_TESTS,
    POPULATIONS,
    SITES,
    counted_studies,
    order,
    test_name,
    test_words,
)


@dataclass(frozen=True, slots=True)
class Ranked:
    """One test in a ranking.

    Attributes
    ----------
    record : StratumRecord
    sensitivity, specificity : Certainty
        How sure each number is.
    """

    record: StratumRecord
    sensitivity: Certainty
    specificity: Certainty

    @property
    def name(self) -> str:
        """The test in running text."""
        return test_name(self.record.modality, self.record.stratum)

    @property
    def words(self) -> Words:
        """The test in running text, in both languages."""
        return test_words(self.record.modality, self.record.stratum)


@dataclass(frozen=True, slots=True)
class UnitGroup:
    """The tests of one population that were counted in the same unit.

    Attributes
    ----------
    unit : str
        Code.
    title : Words
        Label, ``"per patient"``.
    rows : tuple of Ranked
        Several studies first, by sensitivity; single studies behind them.
    """

    unit: str
    title: Words
    rows: tuple[Ranked, ...]


@dataclass(frozen=True, slots=True)
class PopulationAnswer:
    """The rankings of all tests in one population of one site.

    Attributes
    ----------
    population : str
        Code.
    title, explanation : Words
        Label and what it means.
    groups : tuple of UnitGroup
        The unit with the most studies first.
    sentences : tuple of Words
        The answer in plain words about the first group.
    missing : tuple of Words
        What the literature lacks, a sentence each.
    """

    population: str
    title: Words
    explanation: Words
    groups: tuple[UnitGroup, ...]
    sentences: tuple[Words, ...]
    missing: tuple[Words, ...]

    @property
    def leader(self) -> Ranked | None:
        """The first of the tests with several studies; None where no test has several."""
        first = self.groups[0].rows[0]
        return first if first.record.sensitivity.k > 1 else None

    @property
    def tests(self) -> Words:
        """All tests of the first group, in running text."""
        return listed([row.words for row in self.groups[0].rows])


@dataclass(frozen=True, slots=True)
class SiteAnswer:
    """All populations of one site.

    Attributes
    ----------
    site : str
        Code.
    title, explanation : Words
        Label and what it means.
    populations : tuple of PopulationAnswer
    missing : tuple of Words
        Tests without any pooled study at this site.
    """

    site: str
    title: Words
    explanation: Words
    populations: tuple[PopulationAnswer, ...]
    missing: tuple[Words, ...]

    def population(self, code: str) -> PopulationAnswer | None:
        """Return the answer in one population; None where nothing was studied in it."""
        return next((found for found in self.populations if found.population == code), None)


def answers(records: Iterable[StratumRecord]) -> tuple[SiteAnswer, ...]:
    """Build the answer of every body site.

    Parameters
    ----------
    records : iterable of StratumRecord
        All strata; those that could not be computed are left out.
    """
    known = [record for record in records if not record.failure]
    sites = sorted({record.site for record in known}, key=lambda site: order(site, SITES))
    return tuple(_site(site, [r for r in known if r.site == site]) for site in sites)


def _site(site: str, records: Sequence[StratumRecord]) -> SiteAnswer:
    found = sorted({r.population for r in records}, key=lambda p: order(p, POPULATIONS))
    tested = {r.modality for r in records if r.modality and r.population not in BONE_QUALITY}
    absent = [test_words(m) for m in FRACTURE_TESTS if tested and m not in tested]
    return SiteAnswer(
        site=site,
        title=coded("site", site) if site else say("All studies"),
        explanation=explained("site", site) if site else same(""),
        populations=tuple(_population(p, [r for r in records if r.population == p]) for p in found),
        missing=(say("Not one study of {} could be pooled.", listed(absent)),) if absent else (),
    )


def _population(population: str, records: Sequence[StratumRecord]) -> PopulationAnswer:
    groups = unit_groups(records)
    return PopulationAnswer(
        population=population,
        title=coded("population", population) if population else say("population not given"),
        explanation=explained("population", population) if population else same(""),
        groups=groups,
        sentences=tuple(answer_sentences(groups[0].rows, groups[0].title, len(groups) > 1)),
        missing=tuple(_missing(groups[0].rows)),
    )


def unit_groups(records: Sequence[StratumRecord]) -> tuple[UnitGroup, ...]:
    """Order the tests of one site and population, those counted alike together.

    In a group, tests with several studies stand first, by pooled sensitivity or, where nothing
    could be pooled, by that of the summed counts; single studies follow.

    Parameters
    ----------
    records : sequence of StratumRecord
        Strata of one site and population.
    """
    by_unit: dict[str, list[StratumRecord]] = {}
    for record in records:
        by_unit.setdefault(record.unit, []).append(record)
    units = sorted(by_unit, key=lambda u: (-sum(r.k for r in by_unit[u]), u != "patient", u))
    return tuple(
        UnitGroup(unit, coded("unit", unit) if unit else same(""), _ranked(by_unit[unit]))
        for unit in units
    )


def _ranked(records: Iterable[StratumRecord]) -> tuple[Ranked, ...]:
    rows = [Ranked(r, certainty(r.sensitivity), certainty(r.specificity)) for r in records]

    def key(row: Ranked) -> tuple[int, float, str]:
        margin = row.record.sensitivity
        group = 2 if margin.k == 0 else 1 if margin.k == 1 else 0
        return group, -(margin.best.value or 0.0), row.name

    return tuple(sorted(rows, key=key))


def _missing(rows: Sequence[Ranked]) -> Iterator[Words]:
    silent = [row.words for row in rows if row.record.specificity.k == 0]
    if silent and len(silent) < len(rows):
        yield say("No study of {} reports specificity.", listed(silent))
    single = [row.words for row in rows if row.record.k == 1]
    if single and len(single) < len(rows):
        yield say("There is only one study of {}.", listed(single))
    parts = [
        say("{} of {} of {}", row.record.k_sens_only, counted_studies(row.record.k), row.words)
        for row in rows
        if row.record.k_complete and row.record.k_sens_only
    ]
    if parts:
        yield say(
            "Only people with the condition were counted, so nothing is said about false alarms, "
            "in {}.",
            listed(parts),
        )
