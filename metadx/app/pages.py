"""What the routes share: state, templates, forms and refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.datastructures import FormData

from metadx._version import __version__
from metadx.app.security import TOKEN_FIELD, TOKEN_HEADER, new_token, same_token
from metadx.app.sessions import Session, Sessions
from metadx.estimate import Estimate, NotApplicable
from metadx.report.numbers import number
from metadx.tables import stratum_label

#: Digits of the quantities, as the report shows them.
DECIMALS: Final = {"lr_positive": 1, "lr_negative": 2, "dor": 0}
MOST_FIELDS: Final = 400


@dataclass
class Context:
    """State of the running application.

    Attributes
    ----------
    folder : Path
        Of the study tables.
    sessions : Sessions
    token : str
        Secret that every form has to send back.
    """

    folder: Path
    sessions: Sessions = field(default_factory=Sessions)
    token: str = field(default_factory=new_token)


def context_of(request: Request) -> Context:
    """Return the state of the running application."""
    found: Context = request.app.state.context
    return found


def session_of(request: Request) -> Session:
    """Return the open table that the address names."""
    return context_of(request).sessions.get(request.path_params["session"])


async def posted(request: Request) -> AsyncIterator[FormData]:
    """Read a form that one of our own pages sent.

    Raises
    ------
    HTTPException
        It does not have the secret of the running application.
    """
    async with request.form(max_files=1, max_fields=MOST_FIELDS) as form:
        given = request.headers.get(TOKEN_HEADER) or form.get(TOKEN_FIELD)
        if not same_token(given if isinstance(given, str) else "", context_of(request).token):
            raise HTTPException(
                403, "refused: this form did not come from a page of this application"
            )
        yield form


def version_in(values: Mapping[str, Any]) -> int:
    """Return the version of the table on which a request rests; 0 where it does not say."""
    text = str(values.get("version", ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def render(request: Request, template: str, /, status: int = 200, **values: Any) -> HTMLResponse:
    """Fill a template."""
    context = context_of(request)
    text = environment().get_template(f"{template}.html.j2").render(
        csrf=context.token, folder=context.folder.as_posix(), version_text=__version__, **values
    )  # fmt: skip
    return HTMLResponse(text, status)


def refused(request: Request, message: str, status: int, faults: tuple[Any, ...] = ()) -> Response:
    """Say why nothing was done: in the page's message, or on a page of its own."""
    if request.headers.get("hx-request") == "true":
        answer = render(request, "_message", status, message=message, faults=faults)
        answer.headers["HX-Retarget"] = "#message"
        answer.headers["HX-Reswap"] = "innerHTML"
        return answer
    return render(request, "refused", status, message=message, faults=faults)


def estimate(value: Any, name: str = "") -> Markup:
    """Write an estimate with its interval, or why there is none."""
    if isinstance(value, NotApplicable):
        return Markup('<span class="quiet">{}</span>').format(str(value))
    if not isinstance(value, Estimate):
        return Markup("")
    decimals = DECIMALS.get(name, 3)
    parts = [number(part, decimals) for part in (value.value, value.low, value.high)]
    if name.startswith("prediction_"):
        return Markup("{} to {}").format(*parts[1:])
    return Markup("{} ({} to {})").format(*parts)


def anchor(name: str) -> str:
    """Return an identifier for a column: letters and digits, one for each name."""
    return "".join(c if c.isascii() and c.isalnum() else f"-{ord(c):x}-" for c in name)


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the templates; what they print is escaped."""
    made = Environment(
        loader=PackageLoader("metadx.app"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"estimate": estimate, "number": number, "anchor": anchor}
    made.globals |= {"stratum_label": stratum_label}
    return made
