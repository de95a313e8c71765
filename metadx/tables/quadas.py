"""QUADAS judgements beside a study table: what was judged, and what follows for the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.tables.quadas_domains import (
    APPLICABILITY,
    DOMAIN_SETS,
    HIGH,
    LOW,
    RISK_OF_BIAS,
    UNCLEAR,
    DomainSet,
    domain_set,
)
from metadx.tables.table import StudyTable

#: Columns of ``quadas.csv``. ``compared_with`` is the second test of a QUADAS-C judgement.
QUADAS_COLUMNS: Final = (
    "study_id",
    "modality",
    "site",
    "version",
    "compared_with",
    "domain",
    "question",
    "judgement",
    "source",
)
#: What makes a judgement one judgement: it may stand in the table once.
KEY: Final = QUADAS_COLUMNS[:7]
PLACE: Final = ("modality", "site")
PREFIX: Final = {RISK_OF_BIAS: "rob", APPLICABILITY: "applicability"}
OVERALL: Final = "overall"

#: How one word follows from the domains; QUADAS-3 states this rule, QUADAS-2 states none and
#: warns of sums of points.
OVERALL_RULE: Final = (
    "A row is at low risk of bias where every domain is judged low, at high risk where one domain "
    "is judged high, and unclear otherwise; where a domain is not judged and none is high, "
    "nothing is said."
)


@dataclass(frozen=True, eq=False, repr=False)
class QuadasTable:
    """Judgements, one a row; read them with `read_quadas`.

    A judgement names a study and, where it holds for one of its tests or sites only, the
    modality and the site; an empty cell there holds for all.
    """

    _frame: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """A copy of the judgements, columns as in `QUADAS_COLUMNS`, empty where missing."""
        return self._frame.copy(deep=True)

    def __len__(self) -> int:
        return len(self._frame)

    def __repr__(self) -> str:
        studies = self._frame["study_id"].nunique()
        versions = ", ".join(self.versions) or "none"
        return f"<QuadasTable: {len(self)} judgements of {studies} studies ({versions})>"

    @property
    def versions(self) -> tuple[str, ...]:
        """Versions that occur, from the oldest to the newest."""
        found = set(self._frame["version"])
        return tuple(version for version in DOMAIN_SETS if version in found)

    def select(self, **criteria: str) -> QuadasTable:
        """Return the judgements whose columns have these values, ``version="QUADAS-C"``.

        Raises
        ------
        OptionError
            If there is no such column.
        """
        unknown = [name for name in criteria if name not in QUADAS_COLUMNS]
        if unknown:
            raise OptionError(
                f"judgements have no column {', '.join(unknown)}; they have "
                f"{', '.join(QUADAS_COLUMNS)}"
            )
        frame = self._frame
        for name, value in criteria.items():
            frame = frame[frame[name] == value]
        return QuadasTable(frame.reset_index(drop=True))

    def judgements(self, table: StudyTable, version: str) -> pd.DataFrame:
        """Return the judgements of the rows of a study table.

        Parameters
        ----------
        table : StudyTable
        version : str
            ``"QUADAS-2"``, ``"QUADAS-C"`` or ``"QUADAS-3"``.

        Returns
        -------
        DataFrame
            A row per row of the table, in its order; columns are the (question, domain) pairs
            of the version; empty where nothing was judged. Of two judgements the one that names
            the modality of the row holds, then the one that names its site.

        Raises
        ------
        OptionError
            If the version is unknown, or judgements of several comparisons fit one row.
        """
        chosen = domain_set(version)
        columns = pd.MultiIndex.from_tuples(chosen.items, names=["question", "domain"])
        own = self._frame[self._frame["version"] == version]
        by_study = {str(name): part.to_dict("records") for name, part in own.groupby("study_id")}
        rows = [
            _row_judgements(chosen, row, by_study.get(str(row["study_id"]), []))
            for row in table.frame.to_dict("records")
        ]
        return pd.DataFrame(rows, columns=columns, dtype=object)

    def main_version(self, table: StudyTable) -> str | NotApplicable:
        """Return the version in which most rows of a table are judged, the newer among equals."""
        counts = {
            version: int((self.judgements(table, version) != "").any(axis=1).sum())
            for version in self.versions
            if not domain_set(version).compares
        }
        if not any(counts.values()):
            return NotApplicable(f"no study of {table.name} has QUADAS judgements")
        return max(counts, key=lambda version: (counts[version], list(DOMAIN_SETS).index(version)))


@dataclass(frozen=True, eq=False)
class Judged:
    """The rows of a study table with their judgements: what the figures show.

    Attributes
    ----------
    table : StudyTable
    version : str
        Version of the tool.
    judgements : DataFrame
        From :meth:`QuadasTable.judgements`.
    """

    table: StudyTable
    version: str
    judgements: pd.DataFrame

    @property
    def domains(self) -> DomainSet:
        """Domains of the version."""
        return domain_set(self.version)


def judged(table: StudyTable, quadas: QuadasTable, version: str | None = None) -> Judged:
    """Lay judgements beside the rows of a table.

    Parameters
    ----------
    table : StudyTable
    quadas : QuadasTable
    version : str, optional
        The version whose judgements are taken; by default the one with most judged rows.

    Raises
    ------
    OptionError
        If no row has a judgement and no version is named.
    """
    chosen = quadas.main_version(table) if version is None else version
    if isinstance(chosen, NotApplicable):
        raise OptionError(f"{chosen.reason}; enter them in quadas.csv beside the study tables")
    return Judged(table, chosen, quadas.judgements(table, chosen))


def empty_quadas() -> QuadasTable:
    """Return a table without judgements."""
    return QuadasTable(pd.DataFrame(columns=list(QUADAS_COLUMNS), dtype=object))


def _row_judgements(
    chosen: DomainSet, row: Mapping[Any, Any], found: list[dict[Any, Any]]
) -> list[str]:
    """Pick the judgement of each item that fits one row best."""
    best: dict[tuple[str, str], tuple[int, str]] = {}
    others: set[str] = set()
    for one in found:
        if any(one[name] and name in row and one[name] != row[name] for name in PLACE):
            continue
        others.add(one["compared_with"])
        item = (one["question"], one["domain"])
        precision = 2 * bool(one["modality"]) + bool(one["site"])
        if precision >= best.get(item, (-1, ""))[0]:
            best[item] = (precision, one["judgement"])
    if len(others) > 1:
        raise OptionError(
            f"study {row['study_id']} has {chosen.version} judgements of several comparisons "
            f"({', '.join(sorted(others))}); select one of them first"
        )
    return [best.get(item, (0, ""))[1] for item in chosen.items]


def overall(judgements: pd.DataFrame) -> list[str]:
    """Return one word for the risk of bias of each row, by `OVERALL_RULE`; empty is unknown.

    Parameters
    ----------
    judgements : DataFrame
        From :meth:`QuadasTable.judgements`.
    """
    return [_worst(set(row)) for row in judgements[RISK_OF_BIAS].to_numpy()]


def _worst(found: set[str]) -> str:
    for judgement in (HIGH, "", UNCLEAR):
        if judgement in found:
            return judgement
    return LOW


def with_quadas(table: StudyTable, quadas: QuadasTable, version: str | None = None) -> StudyTable:
    """Add judgements as columns, for selection and meta-regression.

    Parameters
    ----------
    table : StudyTable
    quadas : QuadasTable
    version : str, optional
        The version whose judgements are added; by default the one with most judged rows.

    Returns
    -------
    StudyTable
        With ``rob_<domain>``, ``rob_overall`` (by `OVERALL_RULE`) and
        ``applicability_<domain>``: low, unclear, high, or empty where nothing was judged. A
        regression on a column with empty cells is refused and names the studies.

    Raises
    ------
    OptionError
        If no row has a judgement.
    """
    beside = judged(table, quadas, version)
    found = beside.judgements
    frame = table.frame
    for question, domain in beside.domains.items:
        frame[f"{PREFIX[question]}_{domain}"] = found[question, domain].to_numpy()
    frame[f"{PREFIX[RISK_OF_BIAS]}_{OVERALL}"] = overall(found)
    return StudyTable(table.name, frame, tuple(table.labels))


def low_risk_only(
    table: StudyTable, quadas: QuadasTable, version: str | None = None
) -> StudyTable | NotApplicable:
    """Return the rows whose risk of bias is judged low in every domain.

    Parameters
    ----------
    table : StudyTable
    quadas : QuadasTable
    version : str, optional
        As for `with_quadas`.

    Returns
    -------
    StudyTable or NotApplicable
        Rows with a missing judgement are left out, because nobody said that their risk is low.
        Not applicable where no row has judgements, or none is at low risk.
    """
    chosen = quadas.main_version(table) if version is None else version
    if isinstance(chosen, NotApplicable):
        return chosen
    column = f"{PREFIX[RISK_OF_BIAS]}_{OVERALL}"
    joined = with_quadas(table, quadas, chosen)
    words = joined.frame[column]
    if not words.eq(LOW).any():
        judged = int(words.ne("").sum())
        return NotApplicable(
            f"none of the {judged} rows judged with {chosen} is at low risk of bias in all domains"
        )
    return joined.select(**{column: LOW})
