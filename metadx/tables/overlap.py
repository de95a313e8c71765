"""Studies that may be about the same patients, for a person to look at.

Nothing is decided here: every suspicion comes with its reasons, and what a person decided once
is written down in a table beside the studies and respected from then on.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Final

import pandas as pd

from metadx.errors import Fault, OptionError, StudyTableError
from metadx.tables.changes import Row, stratum_of
from metadx.tables.check import inspect
from metadx.tables.kinds import whole
from metadx.tables.reading import read_raw
from metadx.tables.schema import COUNT_COLUMNS, did_you_mean
from metadx.tables.transaction import Change, commit, locked

#: What people decided about pairs of studies, beside the tables.
REVIEWED_FILE: Final = "duplicates_reviewed.csv"
REVIEWED_COLUMNS: Final = ("study_a", "study_b", "decision", "reason", "decided_by", "date")
#: What a person may decide, with its meaning.
DECISIONS: Final = {
    "different": "other patients, or another publication; not to be flagged again",
    "same_patients": "the same patients, at least in part; only one may be pooled in a stratum",
}
#: Titles at least this alike are taken for one title: it lets through a subtitle's punctuation,
#: a spelling and a final clause, and tells "hip" from "knee" in a title of common length.
TITLE_LIKENESS: Final = 0.9
#: Smaller tables are alike by chance.
MIN_PEOPLE: Final = 30
#: A hospital publishes its series again within so many years.
YEARS_APART: Final = 5
#: Reasons not to pool that say that another row has the same patients.
_ADMITTED: Final = ("double_entry", "overlapping_cohort")
_SHORT_TITLE: Final = 20


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Two studies that may share patients.

    Attributes
    ----------
    study_a, study_b : str
        Identifiers, in alphabetical order.
    reasons : tuple of str
        Why, the strongest first.
    pooled_together : tuple of str
        Strata in which both are pooled: there patients would count twice.
    settled : str
        Empty while it is open; else who settled it and how.
    """

    study_a: str
    study_b: str
    reasons: tuple[str, ...]
    pooled_together: tuple[str, ...] = ()
    settled: str = ""

    def __str__(self) -> str:
        where = (
            f"; both pooled in {', '.join(self.pooled_together)}" if self.pooled_together else ""
        )
        settled = f" ({self.settled})" if self.settled else ""
        return f"{self.study_a} and {self.study_b}: {'; '.join(self.reasons)}{where}{settled}"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about two studies; see `REVIEWED_COLUMNS`."""

    study_a: str
    study_b: str
    decision: str
    reason: str
    decided_by: str = ""
    date: str = ""


def suspicions(studies: str | Path = "studies") -> tuple[Suspicion, ...]:
    """Find pairs of studies that may be about the same patients.

    Parameters
    ----------
    studies : str or Path
        Folder of study tables; what people decided is read from `REVIEWED_FILE` in it.

    Returns
    -------
    tuple of Suspicion
        Open ones first, among them those that are pooled together, then by the number of
        reasons.

    Raises
    ------
    StudyTableError
        The table of decisions has faults.
    """
    folder = Path(studies)
    rows = _all_rows(folder)
    decided = {frozenset((d.study_a, d.study_b)): d for d in read_decisions(folder)}
    found = [_settled(one, rows, decided) for one in suspicions_among(rows)]
    return tuple(sorted(found, key=_rank))


def suspicions_among(rows: Sequence[Row]) -> list[Suspicion]:
    """Find pairs of studies among rows, without regard to what people decided.

    Parameters
    ----------
    rows : sequence of mapping of str to str
        Rows of study tables as text.
    """
    reasons: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for finder in (_same_identifier, _alike_titles, _same_counts, _same_cohort):
        for a, b, why in finder(rows):
            reasons[(min(a, b), max(a, b))][why] = None
    pooled = _pooled_strata(rows)
    return [
        Suspicion(a, b, tuple(why), tuple(sorted(pooled[a] & pooled[b])))
        for (a, b), why in sorted(reasons.items())
    ]


def read_decisions(folder: Path) -> tuple[Decision, ...]:
    """Read what people decided; nothing where nobody did.

    Raises
    ------
    StudyTableError
        With all faults of the table.
    """
    path = folder / REVIEWED_FILE
    if not path.is_file():
        return ()
    raw = read_raw(path)
    faults = list(raw.faults)
    missing = [name for name in REVIEWED_COLUMNS[:4] if name not in raw.header]
    for name in missing:
        faults.append(
            Fault(raw.file, raw.header_line, "", name, "", "the column", "missing_column")
        )
    found = []
    for line, cells in zip(raw.lines, raw.rows, strict=True) if not faults else ():
        row = dict(zip(raw.header, cells, strict=True))
        one = Decision(**{name: row.get(name, "") for name in REVIEWED_COLUMNS})
        if one.decision not in DECISIONS:
            expected = (
                f"one of {', '.join(DECISIONS)}{did_you_mean(one.decision, tuple(DECISIONS))}"
            )
            faults.append(Fault(raw.file, line, one.study_a, "decision", one.decision, expected,
                                "code"))  # fmt: skip
        if not one.reason:
            faults.append(Fault(raw.file, line, one.study_a, "reason", "", "one sentence",
                                "required"))  # fmt: skip
        found.append(one)
    if faults:
        raise StudyTableError(faults)
    return tuple(found)


def decide(
    studies: str | Path, study_a: str, study_b: str, decision: str, reason: str, by: str = ""
) -> str:
    """Write down what a person decided about two studies.

    Parameters
    ----------
    studies : str or Path
        Folder of study tables.
    study_a, study_b : str
        Identifiers.
    decision : str
        One of `DECISIONS`.
    reason : str
        Why, in one sentence.
    by : str
        Who decided.

    Returns
    -------
    str
        What was written.

    Raises
    ------
    OptionError
        The tables have no such study, the decision is none of the allowed, the reason is missing,
        or the pair was decided before.
    """
    folder = Path(studies)
    known = sorted({row["study_id"] for row in _all_rows(folder)})
    for study in (study_a, study_b):
        if study not in known:
            raise OptionError(
                f"{folder.as_posix()} has no study {study!r}{did_you_mean(study, known)}"
            )
    if decision not in DECISIONS:
        raise OptionError(f"a decision is {' or '.join(DECISIONS)}, not {decision!r}")
    if not reason or study_a == study_b:
        raise OptionError("a decision is about two studies and needs its reason in one sentence")
    with locked(folder):
        earlier = [
            d for d in read_decisions(folder) if {d.study_a, d.study_b} == {study_a, study_b}
        ]
        if earlier:
            raise OptionError(
                f"{REVIEWED_FILE} says already that {study_a} and {study_b} are "
                f"{earlier[0].decision}; edit it there"
            )
        path = folder / REVIEWED_FILE
        before = path.read_bytes() if path.is_file() else None
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        if before is None:
            writer.writerow(REVIEWED_COLUMNS)
        writer.writerow((study_a, study_b, decision, reason, by, date.today().isoformat()))
        old = before or b""
        gap = b"" if not old or old.endswith(b"\n") else b"\n"
        commit(folder, {REVIEWED_FILE: Change(before, old + gap + stream.getvalue().encode())})
    return f"{path.as_posix()}: {study_a} and {study_b}, {decision}"


def suspicions_frame(found: Iterable[Suspicion]) -> pd.DataFrame:
    """Lay suspicions out as a table, one row a pair."""
    rows = [
        {
            "study_a": one.study_a,
            "study_b": one.study_b,
            "reasons": "; ".join(one.reasons),
            "pooled_together": ", ".join(one.pooled_together),
            "settled": one.settled,
        }
        for one in found
    ]
    return pd.DataFrame(
        rows, columns=["study_a", "study_b", "reasons", "pooled_together", "settled"]
    )


def suspicions_text(found: Sequence[Suspicion], everything: bool = False) -> str:
    """Write suspicions for the terminal, the open ones and perhaps the settled."""
    still = [one for one in found if not one.settled]
    shown = found if everything else still
    count = f"{len(still)} pair{'' if len(still) == 1 else 's'} to look at"
    lines = [str(one) for one in shown]
    return "\n".join([*lines, f"{count}, {len(found) - len(still)} settled"])


def title_likeness(one: str, other: str) -> float:
    """Return how alike two titles are, from 0 to 1, whatever their case and punctuation."""
    a, b = plain_title(one), plain_title(other)
    if not a or not b:
        return 0.0
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    # Each bound is cheaper than the next and none is below the ratio itself.
    if matcher.real_quick_ratio() < TITLE_LIKENESS or matcher.quick_ratio() < TITLE_LIKENESS:
        return min(matcher.real_quick_ratio(), matcher.quick_ratio())
    return matcher.ratio()


def plain_title(title: str) -> str:
    """Return a title in lower case, its words separated by single spaces."""
    return " ".join(re.findall(r"\w+", title.lower()))


def _all_rows(folder: Path) -> list[Row]:
    tables = inspect(folder).tables
    return [dict(zip(raw.header, row, strict=True)) for raw, _ in tables for row in raw.rows]


def _same_identifier(rows: Sequence[Row]) -> Iterator[tuple[str, str, str]]:
    for name, words in (("doi", "the same DOI"), ("pmid", "the same PubMed number")):
        sharing: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            if row.get(name):
                sharing[row[name].lower()].add(row["study_id"])
        for value, studies in sharing.items():
            for a, b in combinations(sorted(studies), 2):
                yield a, b, f"{words}, {value}"


def _alike_titles(rows: Sequence[Row]) -> Iterator[tuple[str, str, str]]:
    titles = {(row["study_id"], row.get("title", "")) for row in rows if row.get("title")}
    # A short title is alike by chance, and a bracketed one is not the printed one.
    long = sorted((s, t) for s, t in titles if len(t) >= _SHORT_TITLE and not t.startswith("["))
    for (a, one), (b, other) in combinations(long, 2):
        if a != b and (likeness := title_likeness(one, other)) >= TITLE_LIKENESS:
            same = "the same title" if plain_title(one) == plain_title(other) else (
                f"titles {100 * likeness:.0f} % alike"
            )  # fmt: skip
            yield a, b, same


def _same_counts(rows: Sequence[Row]) -> Iterator[tuple[str, str, str]]:
    sharing: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for row in rows:
        counts = tuple(row.get(name, "") for name in COUNT_COLUMNS)
        people = sum(whole(count) or 0 for count in counts)
        # Without both margins, or with few people, equal counts say little.
        if all(counts) and people >= MIN_PEOPLE and sum(count != "0" for count in counts) > 1:
            sharing[(row.get("site", ""), *counts)].add(row["study_id"])
    for key, studies in sharing.items():
        for a, b in combinations(sorted(studies), 2):
            told = ", ".join(f"{n} {c}" for n, c in zip(COUNT_COLUMNS, key[1:], strict=True))
            yield a, b, f"the same counts, {told}"


def _same_cohort(rows: Sequence[Row]) -> Iterator[tuple[str, str, str]]:
    """The same first author on the same site within a few years, perhaps of one hospital."""
    groups: dict[tuple[str, str], dict[str, Row]] = defaultdict(dict)
    for row in rows:
        author = row.get("first_author", "").lower()
        if author:
            groups[(author, row.get("site", ""))].setdefault(row["study_id"], row)
    for members in groups.values():
        for (a, one), (b, other) in combinations(sorted(members.items()), 2):
            apart = _years_apart(one, other)
            if apart is None or apart > YEARS_APART:
                continue
            countries = {one.get("country", ""), other.get("country", "")} - {""}
            if len(countries) > 1:
                continue
            when = "in the same year" if apart == 0 else f"{apart} year{'s'[: apart > 1]} apart"
            where = f", {countries.pop()}" if countries else ""
            site = one.get("site", "")
            yield a, b, f"the same first author on the same site ({site}), {when}{where}"


def _years_apart(one: Row, other: Row) -> int | None:
    years = [whole(row.get("year", "")) if row.get("year") else None for row in (one, other)]
    if years[0] is None or years[1] is None:
        return None
    return abs(years[0] - years[1])


def _pooled_strata(rows: Iterable[Row]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.get("pool", "yes") == "yes" and stratum_of(row):
            found[row["study_id"]].add(stratum_of(row))
    return found


def _settled(
    one: Suspicion, rows: Sequence[Row], decided: Mapping[frozenset[str], Decision]
) -> Suspicion:
    found = decided.get(frozenset((one.study_a, one.study_b)))
    if found is not None and not (found.decision == "same_patients" and one.pooled_together):
        by = f" by {found.decided_by}" if found.decided_by else ""
        return replace(one, settled=f"{found.decision.replace('_', ' ')}{by}: {found.reason}")
    if not one.pooled_together and _admitted(one, rows):
        return replace(one, settled="one of the two is kept out of the pool as overlapping")
    return one


def _admitted(one: Suspicion, rows: Iterable[Row]) -> bool:
    pair = (one.study_a, one.study_b)
    return any(r["study_id"] in pair and r.get("pool_reason") in _ADMITTED for r in rows)


def _rank(one: Suspicion) -> tuple[bool, bool, int, str, str]:
    return (bool(one.settled), not one.pooled_together, -len(one.reasons), one.study_a, one.study_b)
