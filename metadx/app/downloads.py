"""Routes: everything as a file."""

from __future__ import annotations

import json
import re
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from metadx.app import code, drawing
from metadx.app.analysing import chosen
from metadx.app.analysis import analysed
from metadx.app.pages import session_of, version_in
from metadx.app.sessions import Session
from metadx.errors import OptionError

router = APIRouter(prefix="/s/{session}/download")
Open = Annotated[Session, Depends(session_of)]


@router.get("/table.csv")
def table(request: Request, session: Open) -> Response:
    """Return the table as it is, with its faults and all its rows."""
    session.require(version_in(request.query_params))
    return _file(session, "table.csv", session.sheet.text().encode(), "text/csv; charset=utf-8")


@router.get("/estimates.json")
def record(request: Request, session: Open) -> Response:
    """Return the record that ``metadx fit --json`` prints."""
    analysis = analysed(session, chosen(request, session))
    text = json.dumps(analysis.record, indent=2, allow_nan=False)
    return _file(session, "estimates.json", text.encode(), "application/json")


@router.get("/estimates.csv")
def estimates(request: Request, session: Open) -> Response:
    """Return the estimates, one a row."""
    analysis = analysed(session, chosen(request, session))
    text: str = analysis.rows().to_csv(index=False, lineterminator="\n")
    return _file(session, "estimates.csv", text.encode(), "text/csv; charset=utf-8")


@router.get("/analysis.py")
def program(request: Request, session: Open) -> Response:
    """Return the program that makes the same analysis again."""
    analysis = analysed(session, chosen(request, session))
    return _file(session, "analysis.py", code.program(analysis).encode(), "text/x-python")


@router.get("/{name}.{suffix}")
def figure(request: Request, session: Open, name: str, suffix: str) -> Response:
    """Return a figure as SVG, PNG or PDF."""
    if suffix not in drawing.FORMATS:
        raise OptionError(f"a figure is written as {', '.join(drawing.FORMATS)}")
    analysis = analysed(session, chosen(request, session))
    data = drawing.figure_bytes(analysis, name, suffix)
    return _file(session, f"{name}.{suffix}", data, drawing.FORMATS[suffix])


def _file(session: Session, name: str, data: bytes, kind: str) -> Response:
    stem = re.sub(r"[^A-Za-z0-9]+", "_", session.sheet.name).strip("_") or "studies"
    disposition = f'attachment; filename="{stem}_{name}"'
    return Response(data, media_type=kind, headers={"Content-Disposition": disposition})
