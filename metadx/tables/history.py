"""Who changed which cell of a study, and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from metadx.errors import OptionError
from metadx.tables.changes import CAME, CHANGED, Row, RowChange, compare
from metadx.tables.frames import plain_cell
from metadx.tables.reading import raw_from_bytes
from metadx.tables.revisions import Commit, Repository
from metadx.tables.schema import COLUMN_NAMES, did_you_mean

#: What stands for author and commit where a change was not recorded yet.
NOT_RECORDED: Final = "not recorded yet"
COLUMNS: Final = (
    "date", "author", "commit", "subject", "table", "study_id", "reader_or_threshold", "change",
    "column", "before", "after",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one row of a study, with who recorded it."""

    commit: Commit
    change: RowChange

    def cells(self) -> Iterator[dict[str, str]]:
        """Yield a record for each cell that changed; one for a row that came or went."""
        head = {
            "date": self.commit.date,
            "author": self.commit.author,
            "commit": self.commit.sha[:10],
            "subject": self.commit.subject,
            "table": self.change.table,
            "study_id": self.change.study,
            "reader_or_threshold": self.change.row.get("reader_or_threshold", ""),
            "change": self.change.kind,
        }
        if self.change.kind != CHANGED:
            yield {**head, "column": "", "before": "", "after": ""}
        for cell in self.change.cells:
            yield {**head, "column": cell.column, "before": cell.before, "after": cell.after}


def history(study: str, studies: str | Path = "studies") -> tuple[Event, ...]:
    """Find every recorded change of a study's rows, oldest first.

    Parameters
    ----------
    study : str
        Identifier.
    studies : str or Path
        Folder of study tables in a git repository.

    Returns
    -------
    tuple of Event
        Changes that nobody recorded yet stand last.

    Raises
    ------
    OptionError
        The folder is in no git repository, or neither the tables nor their history have the
        study.
    """
    folder = Path(studies)
    repository = Repository(folder)
    recorded = _has_commits(repository)
    events = []
    for commit in repository.commits(study.replace(".", "[.]")) if recorded else ():
        after = _rows(repository.contents(commit.sha, commit.files), study)
        old = repository.contents(commit.parent, commit.files) if commit.parent else {}
        before = _rows(old, study)
        events += [Event(commit, change) for change in compare(before, after)]
    committed = _rows(repository.files("HEAD"), study) if recorded else []
    present = {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.csv")
    }
    pending = Commit("", "", "", NOT_RECORDED, "", ())
    events += [Event(pending, change) for change in compare(committed, _rows(present, study))]
    if not events:
        known = {row["study_id"] for row in _rows(present)}
        raise OptionError(
            f"neither {folder.as_posix()} nor its history has a study {study!r}"
            f"{did_you_mean(study, sorted(known))}"
        )
    return tuple(events)


def history_frame(events: tuple[Event, ...]) -> pd.DataFrame:
    """Lay a history out as a table, a row for each cell that changed."""
    return pd.DataFrame([cell for event in events for cell in event.cells()], columns=list(COLUMNS))


def history_text(events: tuple[Event, ...]) -> str:
    """Write a history for the terminal: who and when, and below it what."""
    lines: list[str] = []
    last = None
    for event in events:
        commit = event.commit
        if commit is not last:
            when = commit.date[:16].replace("T", " ")
            head = f"{when}  {commit.author}  {commit.sha[:10]}  {commit.subject}"
            lines.append(" ".join(head.split()) if not commit.sha else head)
            last = commit
        change = event.change
        reader = change.row.get("reader_or_threshold", "")
        where = f"{change.table}{f', {reader}' if reader else ''}"
        if change.kind == CHANGED:
            lines += [f"    {where}: {cell}" for cell in change.cells]
        else:
            counts = str(change).partition(": ")[2]
            lines.append(
                f"    {where}: the row {'came' if change.kind == CAME else 'went'}, {counts}"
            )
    return "\n".join(lines)


def _has_commits(repository: Repository) -> bool:
    try:
        repository.resolve("HEAD")
    except OptionError:
        return False
    return True


def _rows(files: Mapping[str, bytes], study: str = "") -> list[Row]:
    """Return the rows of one study, or of all, from the tables among some files."""
    found: list[Row] = []
    for name, data in files.items():
        if not name.endswith(".csv"):
            continue
        raw = raw_from_bytes(data, name)
        if "study_id" not in raw.header or "tp" not in raw.header:
            continue
        for cells in raw.rows:
            row = dict(zip(raw.header, cells, strict=True))
            if study in ("", row["study_id"]):
                found.append(
                    {
                        key: plain_cell(key, text, raw.decimal_comma, True)
                        if key in COLUMN_NAMES
                        else text
                        for key, text in row.items()
                    }
                )
    return found
