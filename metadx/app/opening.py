"""Routes: the first page, and every way to a table."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData, UploadFile

from metadx.app import folder, uploads
from metadx.app.pages import context_of, posted, render
from metadx.app.security import UPLOAD_LIMIT
from metadx.app.sessions import Session
from metadx.app.sheet import Sheet
from metadx.errors import OptionError
from metadx.tables import codes
from metadx.tables.schema import label

router = APIRouter()
Posted = Annotated[FormData, Depends(posted)]


@router.get("/")
def first_page(request: Request) -> HTMLResponse:
    """Offer the tables of the folder, an upload and an empty table."""
    names = folder.tables_in(context_of(request).folder)
    tests: dict[str, list[tuple[str, str]]] = {}
    for name in names:
        modality, _, site = name.rpartition("/")
        known = modality in {code.code for code in codes.MODALITY}
        heading = label("modality", modality) if known else modality or "Other tables"
        tests.setdefault(heading, []).append((name, label("site", site) if known else site))
    return render(request, "start", tests=tests, megabytes=UPLOAD_LIMIT // 2**20)


@router.post("/open")
def open_table(request: Request, form: Posted) -> RedirectResponse:
    """Open a table of the folder."""
    context = context_of(request)
    return _at(context.sessions.add(folder.open_table(context.folder, str(form.get("table", "")))))


@router.post("/upload")
def upload(request: Request, form: Posted) -> RedirectResponse:
    """Read somebody's file."""
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise OptionError("no file was chosen")
    session = uploads.opened(file.file.read(UPLOAD_LIMIT + 1), file.filename)
    return _at(context_of(request).sessions.add(session))


@router.post("/new")
def new_table(request: Request, form: Posted) -> RedirectResponse:
    """Start with an empty table."""
    return _at(context_of(request).sessions.add(Session(Sheet("my studies", "my studies"))))


def _at(session: Session) -> RedirectResponse:
    return RedirectResponse(f"/s/{session.id}", 303)
