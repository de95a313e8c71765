"""One section of the page per stratum: its studies, what was excluded, and its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from metadx.report.estimates import MARGINS, StratumRecord
from metadx.report.links import slug, study_link
from metadx.report.words import POPULATIONS, SITES, order, sentence
from metadx.tables import StudyTable
from metadx.tables.frames import cell_text

#: Columns whose text is shown under a study, with the word in front of it.
NOTES: Final = (
    ("title", ""),
    ("technique", "Technique"),
    ("reader_or_threshold", "Reader or threshold"),
    ("reference_standard", "Reference standard"),
    ("population_description", "Patients"),
    ("notes", "Notes"),
)


@dataclass(frozen=True, slots=True)
class StudyRow:
    """One row of a study table as the page shows it.

    Attributes
    ----------
    anchor : str
        Its place in the page.
    name, link : str
        Label, and address or nothing.
    counts : tuple of str
        TP, FP, FN, TN; empty where the margin is missing.
    shares : tuple of str
        Sensitivity and specificity as ``"38/42 = 0.90"``; empty where missing.
    notes : tuple of (str, str)
        Word and text.
    pooled : bool
    reason : str
        Code of why it is not pooled; empty where none is stated.
    """

    anchor: str
    name: str
    link: str
    counts: tuple[str, ...]
    shares: tuple[str, str]
    notes: tuple[tuple[str, str], ...]
    pooled: bool
    reason: str


@dataclass(frozen=True, slots=True)
class StratumSection:
    """Everything the page shows about one stratum.

    Attributes
    ----------
    stratum, anchor, site : str
        Identifier, place in the page, and code of the site.
    record : StratumRecord or None
        None where no row was pooled.
    rows : tuple of StudyRow
        Pooled rows first.
    images : dict of str to str
        Addresses of the figures by name, ``"forest"`` and ``"sroc"``.
    """

    stratum: str
    anchor: str
    site: str
    record: StratumRecord | None
    rows: tuple[StudyRow, ...]
    images: Mapping[str, str]

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings of the fit, without those that the list of estimates says already."""
        if self.record is None:
            return ()
        told = {f"{name}: {self.record.margin(name).reason}" for name in MARGINS}
        return tuple(sentence(text) for text in self.record.warnings if text not in told)

    @property
    def pooled(self) -> tuple[StudyRow, ...]:
        """Rows that entered the pooled analysis."""
        return tuple(row for row in self.rows if row.pooled)

    @property
    def excluded(self) -> tuple[StudyRow, ...]:
        """Rows that are kept and not pooled."""
        return tuple(row for row in self.rows if not row.pooled)


def sections(
    strata: Mapping[str, StudyTable],
    records: Sequence[StratumRecord],
    images: Mapping[str, Mapping[str, str]],
) -> tuple[StratumSection, ...]:
    """Build the sections of all strata, by site and population, the most studies first.

    Parameters
    ----------
    strata : mapping of str to StudyTable
        All rows of each stratum.
    records : sequence of StratumRecord
    images : mapping of str to mapping
        Addresses of the figures of each stratum.
    """
    by_id = {record.stratum: record for record in records}
    found = [
        StratumSection(
            stratum=stratum,
            anchor=slug(stratum),
            site=stratum.split("/")[1] if table.is_stratified else "",
            record=by_id.get(stratum),
            rows=study_rows(table, slug(stratum)),
            images=images.get(stratum, {}),
        )
        for stratum, table in strata.items()
    ]

    def key(section: StratumSection) -> tuple[Any, ...]:
        k = section.record.k if section.record else 0
        population = section.stratum.split("/")[-1]
        return (order(section.site, SITES), not k, order(population, POPULATIONS), -k,
                section.stratum)  # fmt: skip

    return tuple(sorted(found, key=key))


def study_rows(table: StudyTable, anchor: str) -> tuple[StudyRow, ...]:
    """Lay out the rows of one stratum, pooled ones first, else in the order of the table.

    Parameters
    ----------
    table : StudyTable
        All rows of the stratum.
    anchor : str
        Place of the stratum in the page; those of its rows are numbered from it.
    """
    frame = table.frame
    rows = [
        _row(row_anchor(anchor, i), name, row, "pool" in table.columns)
        for i, (name, row) in enumerate(zip(table.labels, frame.to_dict("records"), strict=True))
    ]
    return tuple(sorted(rows, key=lambda row: not row.pooled))


def row_anchor(stratum: str, i: int) -> str:
    """Place of a study's row in the page, from that of its stratum and its number."""
    return f"{stratum}-row-{i + 1}"


def _row(anchor: str, name: str, row: dict[Any, Any], has_pool: bool) -> StudyRow:
    cells = {str(key): cell_text(value) for key, value in row.items()}
    notes = [(word, cells.get(column, "")) for column, word in NOTES]
    pooled = not has_pool or cells["pool"] == "yes"
    reason = ""
    if not pooled:
        reason = cells.get("pool_reason", "")
        notes.append(("Not pooled", cells.get("pool_note", "")))
    return StudyRow(
        anchor=anchor,
        name=name,
        link=study_link(cells),
        counts=tuple(cells[column] for column in ("tp", "fp", "fn", "tn")),
        shares=(_share(cells["tp"], cells["fn"]), _share(cells["tn"], cells["fp"])),
        notes=tuple((word, text) for word, text in notes if text),
        pooled=pooled,
        reason=reason,
    )


def _share(right: str, wrong: str) -> str:
    if not right or not wrong or int(right) + int(wrong) == 0:
        return ""
    total = int(right) + int(wrong)
    return f"{right}/{total} = {int(right) / total:.2f}"
