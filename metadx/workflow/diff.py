"""``metadx diff``: what an update of the tables did to every conclusion drawn from them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import pandas as pd

from metadx.errors import MetadxError, MetadxWarning, OptionError
from metadx.models import BivariateModel, BivariateResults
from metadx.report.claims import check_claims
from metadx.report.claims_table import Claim, read_claims
from metadx.report.estimates import MARGINS, NOTHING, Interval, StratumRecord, failed, record_of
from metadx.report.update import ClaimUpdate, Effect, Step, StratumUpdate, Update
from metadx.tables import StudyTable, read_studies
from metadx.tables.changes import (
    CAME,
    CHANGED,
    WENT,
    Row,
    RowChange,
    compare,
    stratum_of,
    text_rows,
)
from metadx.tables.labels import author_year
from metadx.tables.revisions import Repository
from metadx.tables.schema import COUNT_COLUMNS
from metadx.workflow.snapshot import last_snapshot, number_of, read_snapshot, snapshots
from metadx.workflow.update_preferences import preferred_strategies

CLAIMS_FILE: Final = "claims.csv"
Preferences: TypeAlias = Callable[[Path, StudyTable, Sequence[str]], Mapping[str, str]]
#: Name of the tables as they are now.
WORKING: Final = "the tables as they are"


@dataclass
class State:
    """One state of the tables, with what is known of its strata.

    Attributes
    ----------
    name : str
        ``"snapshot 3 of 2026-01-31"``.
    table : StudyTable
    records : dict of str to StratumRecord
        Computed already; others are computed when they are asked for.
    """

    name: str
    table: StudyTable
    records: dict[str, StratumRecord] = field(default_factory=dict)

    def __post_init__(self) -> None:
        pooled = self.table.pooled()
        found = pooled.frame[["study_id", *COUNT_COLUMNS]].itertuples(index=False)
        rows: dict[str, list[tuple[str, ...]]] = {}
        for name, row in zip(pooled.stratum_ids(), found, strict=True):
            rows.setdefault(name, []).append(tuple(map(str, row)))
        #: What the pooled numbers of each stratum depend on, in any order of the rows.
        self.pooled_rows = {name: sorted(found) for name, found in rows.items()}
        strata = self.table.strata() if len(pooled) else {}
        self.strata = {name: strata[name] for name in rows}

    def record(self, stratum: str) -> StratumRecord | None:
        """Return the record of a stratum; None where it has no pooled row."""
        if stratum not in self.strata:
            return None
        if stratum not in self.records:
            self.records[stratum] = _record(stratum, self.strata[stratum])
        return self.records[stratum]

    def studies(self) -> dict[str, frozenset[str]]:
        """Return the identifiers of the pooled studies of each stratum."""
        return {name: frozenset(row[0] for row in rows) for name, rows in self.pooled_rows.items()}


def diff(
    old: str | None = None,
    new: str | None = None,
    studies: str | Path = "studies",
    results: str | Path = "results",
    preferences: Preferences = preferred_strategies,
) -> Update:
    """Compare two states of the study tables and of everything pooled from them.

    Only strata whose pooled rows differ are computed again, before and after, and once more for
    each of their changes with that change undone.

    Parameters
    ----------
    old, new : str, optional
        The number of a snapshot, a file or folder of study tables, or a git revision. By default
        the last snapshot that a run kept, and the tables as they are.
    studies : str or Path
        Folder of study tables.
    results : str or Path
        Folder of results, which holds the snapshots.
    preferences : callable, optional
        Returns the preferred strategy for each question from the folder, a table and the strata
        that were touched; by default that of the strategy files beside the tables.

    Returns
    -------
    Update

    Raises
    ------
    OptionError
        A state does not exist.
    StudyTableError
        The tables of a state break a rule.
    """
    folder, kept = Path(studies), Path(results)
    after = state(new, folder, kept)
    before = state(old, folder, kept) if old is not None else default_state(folder, kept)
    changes = compare(text_rows(before.table), text_rows(after.table))
    names = sorted({*before.strata, *after.strata})
    touched = [
        name for name in names if before.pooled_rows.get(name) != after.pooled_rows.get(name)
    ]
    _share(before, after, touched)
    strata = tuple(_stratum(name, before, after, changes) for name in touched)
    preferred, reason = _preferences(folder, before, after, touched, preferences)
    return Update(
        before.name, after.name, changes, strata, _claims(folder, before, after, touched),
        preferred, reason,
    )  # fmt: skip


def state(wanted: str | None, studies: Path, results: Path) -> State:
    """Find a state of the tables by its name.

    Parameters
    ----------
    wanted : str or None
        As for `diff`; None is the tables as they are.
    studies, results : Path
        As for `diff`.

    Raises
    ------
    OptionError
        There is no such state.
    """
    if wanted is None:
        return State(WORKING, read_studies(studies))
    path = Path(wanted)
    if wanted.isdigit() and not path.exists():
        return _of_snapshot(_numbered(int(wanted), results))
    if path.suffix == ".parquet":
        return _of_snapshot(path)
    if path.exists():
        return State(path.as_posix(), read_studies(path))
    return State(wanted, Repository(studies).table(wanted))


def default_state(studies: Path, results: Path) -> State:
    """Return the last snapshot, or the last recorded state where no run kept one."""
    last = last_snapshot(results)
    if last is not None:
        return _of_snapshot(last)
    try:
        return State("the last git commit", Repository(studies).table("HEAD"))
    except OptionError as error:
        raise OptionError(
            f"{results.as_posix()} has no snapshot to compare with, which metadx run keeps, and "
            f"{error}"
        ) from error


def _numbered(number: int, results: Path) -> Path:
    known = snapshots(results)
    found = [path for path in known if number_of(path) == number]
    if not found:
        numbers = ", ".join(str(number_of(path)) for path in known) or "none"
        raise OptionError(
            f"{results.as_posix()} has no snapshot number {number} (there are: {numbers})"
        )
    return found[0]


def _of_snapshot(path: Path) -> State:
    if not path.is_file():
        raise OptionError(f"there is no snapshot {path.as_posix()}")
    found = read_snapshot(path)
    name = f"snapshot {found.number}" if found.number else path.name
    return State(f"{name} of {found.date}", found.table, dict(found.records))


def _share(before: State, after: State, touched: Sequence[str]) -> None:
    """A stratum with the same pooled rows has the same numbers in both states."""
    for one, other in ((before, after), (after, before)):
        for name, record in list(one.records.items()):
            if name not in touched and name in other.strata:
                other.records.setdefault(name, record)


def _record(stratum: str, rows: StudyTable) -> StratumRecord:
    try:
        return record_of(stratum, rows, _fit(rows.pooled()))
    except MetadxError as error:
        return failed(stratum, rows, str(error))


def _fit(rows: StudyTable) -> BivariateResults:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        fit = BivariateModel(rows).fit()
    assert isinstance(fit, BivariateResults)
    return fit


def _stratum(name: str, before: State, after: State, changes: Sequence[RowChange]) -> StratumUpdate:
    own = tuple(c for c in changes if c.matters and (name in c.strata or not any(c.strata)))
    rows = _rows_of(after, name)
    effects: dict[str, list[Effect]] = {margin: [] for margin in MARGINS}
    now = _margins(rows)
    for change in own:
        undone = _margins(_undone(rows, change, name))
        for margin in MARGINS:
            there, without = now[margin][0].value, undone[margin][0].value
            shift = None if there is None or without is None else there - without
            effects[margin].append(Effect(change, undone[margin][0], shift))
    ordered = {
        margin: tuple(sorted(found, key=lambda effect: -abs(effect.shift or 0.0)))
        for margin, found in effects.items()
    }
    return StratumUpdate(
        name, before.record(name), after.record(name), own, ordered,
        tuple(_steps(_rows_of(before, name), own, name)),
    )  # fmt: skip


def _rows_of(one: State, stratum: str) -> list[Row]:
    return text_rows(one.strata[stratum].pooled()) if stratum in one.strata else []


def _undone(rows: Sequence[Row], change: RowChange, stratum: str) -> list[Row]:
    """Return the rows as they would be without one change."""
    left = [row for row in rows if row != change.after]
    if change.before is not None and _belongs(change.before, stratum):
        left.append(change.before)
    return left


def _belongs(row: Row, stratum: str) -> bool:
    return row.get("pool", "yes") == "yes" and stratum_of(row) in ("", stratum)


def _margins(rows: Sequence[Row]) -> dict[str, tuple[Interval, int, bool]]:
    """Return each margin's value, its studies and whether it is pooled."""
    if not rows:
        return dict.fromkeys(MARGINS, (NOTHING, 0, False))
    frame = pd.DataFrame(
        [
            {"study": f"{row['study_id']} {i}", **{n: row[n] or None for n in COUNT_COLUMNS}}
            for i, row in enumerate(rows)
        ]
    )
    fit = _fit(StudyTable.from_frame(frame))
    found = {}
    for name, margin in fit.margins.items():
        pooled = Interval.of(margin.estimate)
        found[name] = (pooled or Interval.of(margin.fixed_effect), margin.k, bool(pooled))
    return found


def _steps(rows: Sequence[Row], changes: Sequence[RowChange], stratum: str) -> Iterator[Step]:
    """Add the studies one by one in the order of their years, then make the changes."""
    done: list[Row] = []
    for row in sorted(rows, key=lambda row: (row.get("year", "") or "9999", row["study_id"])):
        done.append(row)
        named = row.get("first_author", "") or row.get("year", "")
        label = author_year(row["first_author"], row["year"]) if named else row["study_id"]
        yield _step(label, "study", done)
    for change in sorted(changes, key=lambda change: change.row.get("year", "") or "9999"):
        done = [row for row in done if row != change.before]
        if change.after is not None and _belongs(change.after, stratum):
            done.append(change.after)
        yield _step(change.label, _kind(change, stratum), done)


def _kind(change: RowChange, stratum: str) -> str:
    """A row that changed its stratum came to this one or went from it."""
    if change.kind == CHANGED and change.before is not None and change.after is not None:
        was, now = _belongs(change.before, stratum), _belongs(change.after, stratum)
        return CHANGED if was and now else CAME if now else WENT
    return change.kind


def _step(label: str, kind: str, rows: Sequence[Row]) -> Step:
    found = _margins(rows)
    return Step(
        label,
        kind,
        {margin: k for margin, (_, k, _) in found.items()},
        {margin: interval for margin, (interval, _, _) in found.items()},
        {margin: pooled for margin, (_, _, pooled) in found.items()},
    )


def _claims(
    studies: Path, before: State, after: State, touched: Sequence[str]
) -> tuple[ClaimUpdate, ...]:
    path = studies / CLAIMS_FILE
    if not path.is_file() or not touched:
        return ()
    claims = [claim for claim in read_claims(path) if _concerns(claim, touched)]
    judged = []
    for one in (before, after):
        _share(before, after, touched)
        needed = [name for name in sorted(one.strata) if any(_needs(c, name) for c in claims)]
        records = [record for name in needed if (record := one.record(name)) is not None]
        judged.append(check_claims(claims, records, one.studies()))
    return tuple(ClaimUpdate(a, b) for a, b in zip(*judged, strict=True))


def _concerns(claim: Claim, touched: Sequence[str]) -> bool:
    return claim.testable == "yes" and any(_needs(claim, name) for name in touched)


def _needs(claim: Claim, stratum: str) -> bool:
    """Tell whether the verdict on a claim may depend on a stratum."""
    parts = stratum.split("/")
    if len(parts) != 4:
        return False
    modality, site, _, population = parts
    if claim.site not in ("all", site) or claim.population not in ("any", population):
        return False
    if claim.form == "":
        return modality == claim.modality
    return modality == claim.modality or claim.comparator in ("", modality)


def _preferences(
    studies: Path, before: State, after: State, touched: Sequence[str], preferences: Preferences
) -> tuple[tuple[tuple[str, str, str], ...], str]:
    if not touched:
        return (), ""
    try:
        was, now = (preferences(studies, one.table, touched) for one in (before, after))
    except MetadxError as error:
        return (), " ".join(str(error).split())
    questions = dict.fromkeys((*was, *now))
    found = tuple((q, was.get(q, "none"), now.get(q, "none")) for q in questions)
    return found, "" if found else "no strategy uses these strata"
