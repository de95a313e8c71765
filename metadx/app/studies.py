"""One study: the fields of its form, and the rules before it joins the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from metadx.app import folder as folders
from metadx.app.sessions import Session
from metadx.app.sheet import Sheet
from metadx.errors import Fault, OptionError, StudyTableError
from metadx.tables.draft import Known, completed
from metadx.tables.record import Record, counts_of, record_from
from metadx.tables.schema import COLUMN_NAMES, COUNT_COLUMNS, column

#: Figures from which counts are worked out, with the words of the form.
PRINTED: Final = {
    "sensitivity": "Sensitivity (%)",
    "specificity": "Specificity (%)",
    "ppv": "Positive predictive value (%)",
    "npv": "Negative predictive value (%)",
    "n_diseased": "Number with the condition",
    "n_nondiseased": "Number without it",
    "n": "Number in all",
}
#: What a person is asked for first; the other columns are folded away.
_FIRST: Final = (
    "study_id", "first_author", "year", "source_url", "citation_key", "modality", "site", "unit",
    "population", "radiograph_negative", "osteoporotic", "design", *COUNT_COLUMNS, "pool",
    "pool_reason", "pool_note",
)  # fmt: skip
_LONG: Final = ("title", "population_description", "evidence", "notes", "pool_note")


@dataclass(frozen=True)
class Field:
    """One field of the form.

    Attributes
    ----------
    name, title, help, value : str
    codes : tuple of (str, str)
        Value and words of each choice, empty for free text.
    faults : tuple of Fault
        What is wrong with it.
    numeric, required, long : bool
    """

    name: str
    title: str
    help: str
    value: str
    codes: tuple[tuple[str, str], ...]
    faults: tuple[Fault, ...]
    numeric: bool = False
    required: bool = False
    long: bool = False


def fields(
    session: Session, row: int, cells: Mapping[str, str], faults: Sequence[Fault]
) -> dict[str, Any]:
    """Return the fields of a study: those asked first, the others, and faults of no field."""
    sheet = session.sheet
    own = tuple(faults) or tuple(f for f in sheet.faults if row >= 0 and f.row == row + 2)
    made = [_field(sheet, name, cells.get(name, ""), own) for name in sheet.header]
    place = folders.place_in(session)
    if place and row < 0:
        # The table's own place says both.
        made = [one for one in made if one.name not in ("modality", "site")]
    first = [one for one in made if not sheet.ours or one.name in _FIRST or one.faults]
    shown = {one.name for one in made}
    other = [fault for fault in own if not shown & set(fault.column.split("+"))]
    return {
        "first": first,
        "others": [one for one in made if one not in first],
        "other_faults": other,
        "title": cells.get("study_id", "") if row >= 0 else "",
    }


def _field(sheet: Sheet, name: str, value: str, faults: Sequence[Fault]) -> Field:
    mine = tuple(fault for fault in faults if name in fault.column.split("+"))
    known = name in COLUMN_NAMES and (sheet.ours or name in ("study_id", "year", *COUNT_COLUMNS))
    if not known:
        return Field(name, name, "", value, (), mine)
    declared = column(name)
    offered = tuple((code.code, code.label) for code in declared.codes) if sheet.ours else ()
    return Field(
        name, declared.title, declared.description, value, offered, mine,
        declared.kind.numeric, name == "study_id" and not sheet.ours, name in _LONG,
    )  # fmt: skip


def put(
    folder: Path,
    session: Session,
    version: int,
    row: int,
    cells: Mapping[str, str],
    printed: Mapping[str, str],
    solution: str,
) -> str:
    """Put a study into the open table and say what was done.

    Parameters
    ----------
    folder : Path
        Of the study tables.
    session : Session
    version : int
        On which the form rests.
    row : int
        Position of the row that is changed; negative for a new one.
    cells : mapping of str to str
        By column.
    printed : mapping of str to str
        What the paper prints in place of counts.
    solution : str
        Which of several tables is meant, counted from 1; empty where none was chosen.

    Raises
    ------
    StudyTableError
        With all faults of the study; the table stays as it was.
    StaleTable
        The table was changed elsewhere.
    """
    session.require(version)
    unknown = [name for name in cells if name not in session.sheet.header]
    if unknown:
        raise OptionError(f"the table has no column {unknown[0][:60]!r}")
    record: dict[str, Any] = {name: text for name, text in cells.items() if name in COLUMN_NAMES}
    if printed:
        record |= {"printed": dict(printed)}
    if solution.isdigit():
        record |= {"solution": int(solution)}
    if row < 0 and folders.place_in(session) is not None:
        added = folders.with_study(folder, session, record)
        session.change(version, lambda _: added.sheet, added.entry)
        return " ".join(filter(None, ("The study was added.", added.told)))
    found, told = _with_counts(record_from(record, "the study"), cells)
    if row < 0:
        new = session.sheet.with_row(_completed(session.sheet, found))
        line = len(new) + 1
    else:
        new = session.sheet.with_changed_row(row, found)
        line = row + 2
    _refuse_faults(folder, session, new, line)
    session.change(version, lambda _: new)
    done = "The study was added." if row < 0 else "The study was changed."
    return " ".join(filter(None, (done, told)))


def _with_counts(record: Record, cells: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Work out the counts from what the paper prints, as ``metadx add`` does."""
    if not record.printed:
        return dict(cells), ""
    derived, found, faults = counts_of(record)
    if faults:
        raise StudyTableError(faults)
    return {**cells, **derived}, found.sentence if found is not None else ""


def _completed(sheet: Sheet, cells: Mapping[str, str]) -> dict[str, str]:
    if not sheet.ours:
        return dict(cells)
    rows = tuple(dict(zip(sheet.header, row, strict=True)) for row in sheet.rows)
    place = (cells.get("modality", ""), cells.get("site", ""))
    return completed(cells, place, None, Known(rows, {}))


def _refuse_faults(folder: Path, session: Session, new: Sheet, line: int) -> None:
    """Refuse a row with a fault, and a row that makes one elsewhere; old faults may wait."""
    before: Sequence[Fault] = session.sheet.faults
    after: Sequence[Fault] = new.faults
    if folders.place_in(session) is not None and not after:
        before = folders.faults_in_folder(folder, session, session.sheet)
        after = folders.faults_in_folder(folder, session, new)
    known = {(fault.study, fault.column, fault.found, fault.rule) for fault in before}
    found = [
        fault
        for fault in after
        if (fault.row == line and Path(fault.file).name == Path(new.file).name)
        or (fault.study, fault.column, fault.found, fault.rule) not in known
    ]
    if found:
        raise StudyTableError(found)
