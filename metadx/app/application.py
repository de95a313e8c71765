"""The application object: guard, routes, refusals."""

from __future__ import annotations

import logging
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as StarletteHTTPException

from metadx.app import analysing, downloads, editing, opening
from metadx.app.pages import Context, refused
from metadx.app.security import Guard
from metadx.app.sessions import SessionEnded, StaleTable
from metadx.errors import MetadxError, StudyTableError

_LOG = logging.getLogger("metadx.app")
_STATUS = {SessionEnded: 410, StaleTable: 409}


def create_app(studies: str | Path = "studies", key: str = "") -> FastAPI:
    """Make the application.

    Parameters
    ----------
    studies : str or Path
        Folder of study tables; it need not exist.
    key : str
        What a browser has to bring along in its first address; empty lets everybody in who can
        reach the server.

    Returns
    -------
    FastAPI
        For uvicorn, bound to this machine only.
    """
    app = FastAPI(title="metadx", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.context = Context(Path(studies))
    for room in (opening, editing, analysing, downloads):
        app.include_router(room.router)
    static = str(files("metadx.app").joinpath("static"))
    app.mount("/static", StaticFiles(directory=static), name="static")
    app.add_exception_handler(MetadxError, _expected)
    app.add_exception_handler(StarletteHTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(Guard, key=key)
    return app


def _expected(request: Request, error: Exception) -> Response:
    if isinstance(error, StudyTableError):
        return refused(request, str(error).partition("\n")[0], 422, error.faults)
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 422)
    return refused(request, str(error), status)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException | HTTPException)
    message = "there is no such page here" if error.status_code == 404 else str(error.detail)
    return refused(request, message, error.status_code)


def _unexpected(request: Request, error: Exception) -> Response:
    _LOG.error("%s %s", request.method, request.url.path, exc_info=error)
    message = (
        f"something went wrong in metadx itself ({type(error).__name__}); your table is as it was. "
        "The window in which the application was started says more"
    )
    return refused(request, message, 500)
