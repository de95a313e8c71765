"""The PRISMA-DTA checklist: what the tables and the analysis can answer, answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from metadx._version import __version__
from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.models.exact import COMPLETE_FOR_CORRELATION
from metadx.report.documents import html, word_bytes, word_document, word_table
from metadx.report.judgements import risk_of_bias, rows, small_study_test, studies
from metadx.report.methods_references import references
from metadx.report.output import csv_text
from metadx.report.paragraphs import Paragraphs
from metadx.report.prisma_items import ITEMS, REFERENCE, PrismaItem
from metadx.tables import QuadasTable, StudyTable, flow, label
from metadx.tables.flow import TOTAL
from metadx.tables.frames import cell_text

FILLED: Final = "filled"
PARTLY: Final = "in part"
OPEN: Final = "for the authors"
STATUSES: Final = (FILLED, PARTLY, OPEN)
HEADER: Final = ("Item", "Section", "Topic", "Status", "What the analysis says")
#: Columns that describe a study; the checklist counts the cells that are filled.
CHARACTERISTICS: Final = (
    "population_description",
    "design",
    "country",
    "mean_age",
    "technique",
    "reader_or_threshold",
    "reference_standard",
    "citation_key",
)


@dataclass(frozen=True, slots=True)
class PrismaAnswer:
    """One item with what can be said about it.

    Attributes
    ----------
    item : PrismaItem
    status : str
        One of `STATUSES`.
    text : str
        Empty where the authors have to answer.
    """

    item: PrismaItem
    status: str
    text: str


@dataclass(frozen=True)
class PrismaChecklist:
    """The checklist of one analysis.

    Attributes
    ----------
    title : str
        What the checklist is about.
    answers : tuple of PrismaAnswer
        The 27 items in order.
    """

    title: str
    answers: tuple[PrismaAnswer, ...]

    def cells(self) -> list[list[str]]:
        """Return the rows below `HEADER`."""
        return [
            [one.item.number, one.item.section, one.item.topic, one.status, one.text]
            for one in self.answers
        ]

    def counts(self) -> dict[str, int]:
        """Return the number of items by status."""
        found = [one.status for one in self.answers]
        return {status: found.count(status) for status in STATUSES}

    @property
    def note(self) -> str:
        """Where the statement stands, and how many items are left."""
        counted = ", ".join(f"{n} {status}" for status, n in self.counts().items())
        return (
            f"{len(self.answers)} items: {counted}. Topics are in our own words; the statement: "
            f"{references([REFERENCE])[REFERENCE].line()}"
        )

    def to_csv(self) -> str:
        """Return the checklist as CSV."""
        return csv_text([dict(zip(HEADER, row, strict=True)) for row in self.cells()], HEADER)

    def to_html(self, fragment: bool = False) -> str:
        """Return a page, or the part of one (``fragment=True``)."""
        return html(
            "prisma",
            f"PRISMA-DTA: {self.title}",
            fragment,
            header=HEADER,
            rows=self.cells(),
            note=self.note,
        )

    def to_docx(self) -> bytes:
        """Return a Word document."""
        document = word_document(f"PRISMA-DTA: {self.title}", landscape=True)
        word_table(document, HEADER, self.cells())
        document.add_paragraph(self.note)
        return word_bytes(document)


def prisma(
    table: StudyTable,
    quadas: QuadasTable | None = None,
    paragraphs: Paragraphs | None = None,
) -> PrismaChecklist:
    """Fill the checklist as far as the tables and the analysis can.

    Parameters
    ----------
    table : StudyTable
        All rows, pooled or not, of one stratum or of many.
    quadas : QuadasTable, optional
        Judgements of the studies.
    paragraphs : Paragraphs, optional
        Of a single stratum; they answer how it was analysed and what was found.

    Raises
    ------
    OptionError
        If the table has no rows.
    """
    if not len(table):
        raise OptionError(f"{table.name} has no rows to report")
    source = _Source(table, quadas, paragraphs)
    answers = tuple(_answer(item, source) for item in ITEMS)
    return PrismaChecklist(paragraphs.title if paragraphs else table.name, answers)


@dataclass(frozen=True, slots=True)
class _Source:
    """What the answers are made from."""

    table: StudyTable
    quadas: QuadasTable | None
    paragraphs: Paragraphs | None

    def values(self, column: str) -> list[str]:
        """Cells of a column that are not empty."""
        if column not in self.table.columns:
            return []
        return [text for cell in self.table.frame[column] if (text := cell_text(cell))]


def _answer(item: PrismaItem, source: _Source) -> PrismaAnswer:
    answer = _ANSWERS.get(item.number)
    found = answer(source) if answer else None
    if found is None:
        return PrismaAnswer(item, OPEN, "")
    return PrismaAnswer(item, *found)


Answer = tuple[str, str] | None


def _extraction(source: _Source) -> Answer:
    audit = source.values("audit")
    if not audit:
        return None
    again = sum(code != "extracted" for code in audit)
    return PARTLY, (
        f"{again} of {rows(len(audit))} {'was' if len(audit) == 1 else 'were'} compared with the "
        "source a second time (column audit). Who extracted is for the authors to say."
    )


def _definitions(source: _Source) -> Answer:
    if not source.table.is_stratified:
        return None
    return FILLED, "CODEBOOK.md beside the study tables defines every column and every code."


def _assessment(source: _Source) -> Answer:
    if source.quadas is None or not len(source.quadas):
        return None
    named = ", ".join(source.quadas.versions)
    return PARTLY, (
        f"Judgements with {named} stand in quadas.csv with their source. Who judged and how "
        "disagreements were settled is for the authors to say."
    )


def _measures(source: _Source) -> Answer:
    units = sorted({label("unit", code) for code in source.values("unit")})
    counted = f", counted {' or '.join(units)} and never mixed" if units else ""
    return FILLED, f"Sensitivity and specificity{counted}."


def _handling(source: _Source) -> Answer:
    strata = len([one for one in source.table.strata().values() if len(one.pooled())])
    named = "1 stratum" if strata == 1 else f"{strata} strata"
    return FILLED, (
        f"{named} with pooled rows; only studies of the same test, site, unit and population are "
        "pooled. One row a study enters, the others are kept with the reason. Studies with one "
        "margin enter with that margin; no continuity correction is used."
    )


def _model(source: _Source) -> Answer:
    if source.paragraphs is not None:
        return FILLED, " ".join(one.text for one in source.paragraphs.methods)
    return FILLED, (
        "Bivariate random-effects model with exact binomial likelihood where "
        f"{COMPLETE_FOR_CORRELATION} or more studies report both margins, otherwise each margin "
        "by itself; one study is not pooled. Where the likelihood does not bound the differences "
        f"between studies no pooled value is given. Computed with metadx {__version__}."
    )


def _further(source: _Source) -> Answer:
    return PARTLY, (
        "Influence of single studies, robustness to model and restriction, and Deeks' test are "
        "available (metadx appraise). Which were planned is for the authors to say."
    )


def _selection(source: _Source) -> Answer:
    counts = next(one for one in flow(source.table).to_dict("records") if one["stratum"] == TOTAL)
    reasons = {
        label("pool_reason", str(name).removeprefix("excluded_")): int(n)
        for name, n in counts.items()
        if str(name).startswith("excluded_") and n
    }
    why = ", ".join(f"{name} {n}" for name, n in sorted(reasons.items(), key=lambda r: -r[1]))
    return PARTLY, (
        f"{rows(int(counts['extracted']))} extracted, {counts['removed']} removed as double "
        f"entries, {counts['excluded']} kept but not pooled{f' ({why})' if why else ''}, "
        f"{counts['pooled']} pooled; figure flow. What was found and screened before is for the "
        "authors to say."
    )


def _characteristics(source: _Source) -> Answer:
    total = len(source.table)
    filled = {name: len(source.values(name)) for name in CHARACTERISTICS}
    known = {name: n for name, n in filled.items() if n}
    if not known:
        return None
    told = ", ".join(f"{name} {n}" for name, n in known.items())
    return FILLED, f"In the study tables; of {rows(total)} this many are filled: {told}."


def _judged(source: _Source) -> Answer:
    if source.quadas is None or not len(source.quadas):
        return None
    return FILLED, risk_of_bias(source.table.pooled(), source.quadas)


def _single(source: _Source) -> Answer:
    pooled = source.table.pooled()
    return FILLED, (
        f"Counts, sensitivity and specificity with interval of each of {rows(len(pooled))}: figure "
        "forest and the study tables."
    )


def _synthesis(source: _Source) -> Answer:
    if source.paragraphs is not None:
        return FILLED, " ".join(one.text for one in source.paragraphs.results)
    return FILLED, (
        "results/estimates.csv has one row a stratum: pooled values with intervals, prediction "
        "intervals, between-study standard deviations, and why a number is absent."
    )


def _further_results(source: _Source) -> Answer:
    strata = source.table.pooled().strata()
    if len(strata) != 1:
        large = [t for t in strata.values() if not isinstance(small_study_test(t), NotApplicable)]
        return PARTLY, (
            f"{len(large)} of {len(strata)} strata have enough studies for Deeks' test; the rest "
            "of each stratum is what metadx appraise prints."
        )
    (pooled,) = strata.values()
    found = small_study_test(pooled)
    if isinstance(found, NotApplicable):
        return PARTLY, f"Small-study effects were not tested: {found.reason}."
    return PARTLY, f"{found.sentence}."


def _strength(source: _Source) -> Answer:
    pooled = source.table.pooled()
    found = pooled.frame["study_id"].nunique()
    return PARTLY, (
        f"The summary of findings (metadx sof) lays out what the data of "
        f"{studies(int(found))} say in each domain of GRADE; the judgement is for the authors."
    )


_ANSWERS: Final[dict[str, Callable[[_Source], Answer]]] = {
    "10": _extraction,
    "11": _definitions,
    "12": _assessment,
    "13": _measures,
    "14": _handling,
    "D2": _model,
    "16": _further,
    "17": _selection,
    "18": _characteristics,
    "19": _judged,
    "20": _single,
    "21": _synthesis,
    "23": _further_results,
    "24": _strength,
}
