"""What differs between two states of study tables: rows that came, went or changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from metadx.tables.frames import cell_text
from metadx.tables.labels import author_year
from metadx.tables.schema import COUNT_COLUMNS, STRATUM_COLUMNS
from metadx.tables.table import StudyTable

CAME: Final = "came"
WENT: Final = "went"
CHANGED: Final = "changed"
#: Columns that a correction of a study's name touches; the others tell whether it is the row.
_OF_THE_NAME: Final = ("study_id", "citation_key", "first_author", "year", "title")
#: Two rows of one study are the same row, edited, if most of their cells agree.
_SAME_STUDY: Final = 0.5
#: A row under another name is the same row only if nearly everything else agrees, the source and
#: the counts in any case.
_OTHER_NAME: Final = 0.8
_PROOF: Final = ("source_url", *COUNT_COLUMNS)

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell that differs; an empty text is an empty cell."""

    column: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.column}: {self.before or 'empty'} → {self.after or 'empty'}"


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row that came, went or changed.

    Attributes
    ----------
    kind : str
        ``"came"``, ``"went"`` or ``"changed"``.
    before, after : mapping of str to str or None
        The row in each state.
    cells : tuple of CellChange
        Where it changed.
    """

    kind: str
    before: Row | None
    after: Row | None
    cells: tuple[CellChange, ...] = ()

    @property
    def row(self) -> Row:
        """The row as it is now, or as it was last."""
        return self.after or self.before or {}

    @property
    def study(self) -> str:
        """Identifier of the study."""
        return self.row.get("study_id", "")

    @property
    def label(self) -> str:
        """What people call the study, ``"Müller 2014"``."""
        row = self.row
        if "first_author" in row and (row["first_author"] or row.get("year")):
            return author_year(row["first_author"], row.get("year", ""))
        return self.study

    @property
    def table(self) -> str:
        """Where it stands, ``"ct/hip"``."""
        return "/".join(filter(None, (self.row.get("modality", ""), self.row.get("site", ""))))

    @property
    def strata(self) -> tuple[str, ...]:
        """The strata that it stood or stands in, where the table has strata."""
        found = (stratum_of(row) for row in (self.before, self.after) if row is not None)
        return tuple(dict.fromkeys(found))

    @property
    def matters(self) -> bool:
        """Whether a pooled number can depend on it."""
        return _pooled(self.before) != _pooled(self.after)

    def __str__(self) -> str:
        head = f"{self.study} ({self.table})" if self.table else self.study
        if self.kind != CHANGED:
            counts = ", ".join(f"{name} {self.row.get(name) or '-'}" for name in COUNT_COLUMNS)
            pooled = "" if self.row.get("pool", "yes") == "yes" else "; not pooled"
            return f"{head} {self.kind}: {counts}{pooled}"
        return f"{head} changed: {'; '.join(map(str, self.cells))}"


def compare(before: Sequence[Row], after: Sequence[Row]) -> tuple[RowChange, ...]:
    """Find what differs between two states of the same tables.

    A row is recognised by its study and its other cells, so that a row whose count, stratum or
    identifier was corrected has changed, and has not come and gone. The order of rows does not
    matter.

    Parameters
    ----------
    before, after : sequence of mapping of str to str
        Cells as text, from `text_rows`.

    Returns
    -------
    tuple of RowChange
        Rows that went, changed and came, each in the order of their tables.
    """
    old, new = _without_equals(before, after)
    pairs = list(_paired(old, new, same_study=True))
    old, new = _rest(old, [a for a, _ in pairs]), _rest(new, [b for _, b in pairs])
    renamed = list(_paired(old, new, same_study=False))
    old, new = _rest(old, [a for a, _ in renamed]), _rest(new, [b for _, b in renamed])
    changed = [RowChange(CHANGED, a, b, _cells(a, b)) for a, b in [*pairs, *renamed]]
    changed.sort(key=lambda change: (change.table, change.study))
    return (
        *(RowChange(WENT, row, None) for row in old),
        *changed,
        *(RowChange(CAME, None, row) for row in new),
    )


def text_rows(table: StudyTable) -> list[Row]:
    """Return the rows of a table as text, each number in its plain spelling."""
    frame = table.frame.map(cell_text)
    return [{str(k): str(v) for k, v in row.items()} for row in frame.to_dict("records")]


def stratum_of(row: Row) -> str:
    """Return the identifier of a row's stratum, empty where the table has none."""
    parts = [row.get(name, "") for name in STRATUM_COLUMNS]
    return "/".join(parts) if all(parts) else ""


def _pooled(row: Row | None) -> tuple[str, ...]:
    """What a pooled analysis takes from a row; nothing where the row is not pooled."""
    if row is None or row.get("pool", "yes") != "yes":
        return ()
    names = ("study_id", *STRATUM_COLUMNS, *COUNT_COLUMNS)
    return tuple(row.get(name, "") for name in names)


def _without_equals(before: Sequence[Row], after: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    common = Counter(map(_key, before)) & Counter(map(_key, after))
    return _beyond(before, common), _beyond(after, common)


def _beyond(rows: Sequence[Row], common: Mapping[tuple[tuple[str, str], ...], int]) -> list[Row]:
    left = dict(common)
    found = []
    for row in rows:
        if left.get(_key(row), 0):
            left[_key(row)] -= 1
        else:
            found.append(row)
    return found


def _key(row: Row) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, text) for name, text in row.items() if text))


def _paired(old: list[Row], new: list[Row], same_study: bool) -> Iterator[tuple[Row, Row]]:
    """Pair the most alike rows first."""
    least = _SAME_STUDY if same_study else _OTHER_NAME
    ignored = () if same_study else _OF_THE_NAME
    candidates = [
        (_likeness(a, b, ignored), i, j)
        for i, a in enumerate(old)
        for j, b in enumerate(new)
        if all(a.get(name) == b.get(name) for name in (("study_id",) if same_study else _PROOF))
    ]
    used_old: set[int] = set()
    used_new: set[int] = set()
    for likeness, i, j in sorted(candidates, key=lambda item: (-item[0], item[1], item[2])):
        if likeness >= least and i not in used_old and j not in used_new:
            used_old.add(i)
            used_new.add(j)
            yield old[i], new[j]


def _likeness(a: Row, b: Row, ignored: Sequence[str]) -> float:
    """Share of the cells filled in either row that agree."""
    names = [n for n in {*a, *b} if n not in ignored and (a.get(n) or b.get(n))]
    return sum(a.get(n, "") == b.get(n, "") for n in names) / len(names) if names else 0.0


def _rest(rows: list[Row], taken: Sequence[Row]) -> list[Row]:
    gone = {id(row) for row in taken}
    return [row for row in rows if id(row) not in gone]


def _cells(a: Row, b: Row) -> tuple[CellChange, ...]:
    names = dict.fromkeys((*a, *b))
    pairs = ((name, a.get(name, ""), b.get(name, "")) for name in names)
    return tuple(CellChange(name, old, new) for name, old, new in pairs if old != new)
