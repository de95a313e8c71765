"""Routes: the page of an open table, its studies, and saving them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData

from metadx.app import folder, studies
from metadx.app.choices import LEVELS, METHODS, Choices, Offer, choices_from
from metadx.app.pages import context_of, posted, render, session_of, version_in
from metadx.app.sessions import Session
from metadx.app.sheet import NEEDED
from metadx.errors import OptionError, StudyTableError
from metadx.report.fit_record import INTERVALS

router = APIRouter(prefix="/s/{session}")
Open = Annotated[Session, Depends(session_of)]
Posted = Annotated[FormData, Depends(posted)]

#: Columns that the list of studies shows of a table with the whole schema.
SHOWN: Final = ("study_id", "first_author", "year", "unit", "population", "tp", "fp", "fn", "tn",
                "pool")  # fmt: skip
MOST_SHOWN: Final = 12


@router.get("")
def page(request: Request, session: Open) -> HTMLResponse:
    """Show an open table."""
    return render(request, "table", **_work(session, {}, ""))


@router.get("/study")
def editor(request: Request, session: Open, row: int = -1, version: int = 0) -> HTMLResponse:
    """Show the form of a study, a new one without `row`."""
    with session.lock:
        session.require(version)
        cells = session.sheet.cells(row) if row >= 0 else {}
    return _editor(request, session, row, cells)


@router.post("/study")
def change_study(request: Request, session: Open, form: Posted) -> HTMLResponse:
    """Add a study, or change one, if it then keeps every rule."""
    row = _row(form)
    cells = {
        key.removeprefix("cell."): str(value)
        for key, value in form.items()
        if key.startswith("cell.")
    }
    printed = {
        key.removeprefix("printed."): str(value).strip()
        for key, value in form.items()
        if key.startswith("printed.") and str(value).strip()
    }
    solution = str(form.get("solution", ""))
    try:
        told = studies.put(
            context_of(request).folder, session, version_in(form), row, cells, printed, solution
        )
    except StudyTableError as error:
        answer = _editor(request, session, row, cells, printed, error.faults, 422)
        answer.headers["HX-Retarget"] = "#editor"
        answer.headers["HX-Reswap"] = "innerHTML"
        return answer
    return render(request, "_work", **_work(session, form, told))


@router.post("/remove")
def remove_study(request: Request, session: Open, form: Posted) -> HTMLResponse:
    """Take a row out of the table."""
    row = _row(form)
    name = session.sheet.cells(row).get("study_id", "") if row >= 0 else ""
    session.change(version_in(form), lambda sheet: sheet.without_row(row))
    return render(request, "_work", **_work(session, form, f"{name or 'The row'} was removed."))


@router.post("/columns")
def name_columns(request: Request, session: Open, form: Posted) -> HTMLResponse:
    """Say which columns hold the study and the four counts."""
    chosen = {name: str(form.get(f"column.{name}", "")) for name in NEEDED}
    theirs = [name for name in chosen.values() if name]
    if len(set(theirs)) < len(theirs):
        raise OptionError("a column can have one meaning only; choose a different one for each")
    unknown = [name for name in theirs if name not in session.sheet.header]
    if unknown:
        raise OptionError(f"the table has no column {unknown[0][:60]!r}")
    session.change(
        version_in(form),
        lambda sheet: sheet.with_names({theirs: ours for ours, theirs in chosen.items() if theirs}),
    )
    return render(request, "_work", **_work(session, form, "The columns are named."))


@router.post("/save")
def save(request: Request, session: Open, form: Posted) -> HTMLResponse:
    """Write the table into the folder; nothing else ever does."""
    with session.lock:
        session.require(version_in(form))
        name = str(form.get("name", "")).strip()
        path = folder.save(context_of(request).folder, session, name, "overwrite" in form)
        session.sheet = replace(session.sheet, name=name, file=path.as_posix())
    return render(request, "_work", **_work(session, form, f"Saved as {path.as_posix()}."))


def _work(session: Session, given: Mapping[str, Any], told: str) -> dict[str, Any]:
    """Everything that the page of a table shows, analysis apart."""
    with session.lock:
        sheet, version = session.sheet, session.version
        rows = list(enumerate(dict(zip(sheet.header, row, strict=True)) for row in sheet.rows))
    faults: dict[int, list[Any]] = {}
    for fault in sheet.faults:
        faults.setdefault((fault.row or 1) - 2, []).append(fault)
    shown = SHOWN if sheet.ours else sheet.header[:MOST_SHOWN]
    shown = tuple(name for name in shown if name in sheet.header)
    ready = not sheet.faults
    return {
        "session": session,
        "version": version,
        "sheet": sheet,
        "rows": rows,
        "faults": faults,
        "shown": shown,
        "told": told,
        "needed": NEEDED,
        "offer": Offer(sheet.table) if ready else None,
        "choices": _choices(given, session) if ready else Choices(),
        "lists": {"methods": METHODS, "intervals": INTERVALS, "levels": LEVELS},
        "save_name": _save_name(session),
    }


def _choices(given: Mapping[str, Any], session: Session) -> Choices:
    """Keep what was chosen before the change, as far as the table still offers it."""
    values: dict[str, list[str]] = {}
    pairs = given.multi_items() if isinstance(given, FormData) else given.items()
    for name, value in pairs:
        values.setdefault(name, []).append(str(value))
    try:
        return choices_from(values, session.sheet.table)
    except OptionError:
        return choices_from({}, session.sheet.table)


def _editor(
    request: Request,
    session: Session,
    row: int,
    cells: Mapping[str, str],
    printed: Mapping[str, str] | None = None,
    faults: tuple[Any, ...] = (),
    status: int = 200,
) -> HTMLResponse:
    values = studies.fields(session, row, cells, faults)
    return render(
        request, "_editor", status,
        session=session, version=session.version, row=row, printed=printed or {},
        printable=studies.PRINTED, **values,
    )  # fmt: skip


def _row(form: FormData) -> int:
    text = str(form.get("row", ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else -1


def _save_name(session: Session) -> str:
    path = session.origin.path
    if path is not None:
        return path.with_suffix("").as_posix()
    kept = "".join(c if c.isascii() and c.isalnum() else "_" for c in session.sheet.name)
    return kept.strip("_") or "my_studies"
