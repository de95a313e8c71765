"""What stands before every page: who may ask, how much may be sent, what a page may do.

The application listens to this machine only. Other accounts of the machine are kept out by a key
that stands in the address which the command prints, and that the browser then keeps. Other web
sites in the same browser are kept out too: those that send forms here (cross-site requests) and
those whose name was pointed at this machine (DNS rebinding).
"""

from __future__ import annotations

import secrets
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Names of this machine under which a page may be asked for.
HOSTS: Final = ("127.0.0.1", "localhost", "[::1]")
#: A larger file is no table of studies (bytes).
UPLOAD_LIMIT: Final = 5 * 2**20
#: What the form around a file takes, beyond the file (bytes).
FORM_ALLOWANCE: Final = 2**16
READING: Final = ("GET", "HEAD")
TOKEN_FIELD: Final = "csrf"
TOKEN_HEADER: Final = "x-csrf-token"

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # A stricter policy would take the origin out of the forms' own requests.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """ASGI middleware that refuses strangers and oversized requests and sets the headers.

    Parameters
    ----------
    app : ASGI application
    key : str
        What a browser has to bring along; empty where everybody on this machine may ask.
    limit : int
        Largest body of a request (bytes), enforced while it arrives.
    """

    def __init__(
        self, app: ASGIApp, key: str = "", limit: int = UPLOAD_LIMIT + FORM_ALLOWANCE
    ) -> None:
        self.app = app
        self.key = key
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with the reason why not."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"the application speaks http only, not {scope['type']}")
        sealed = _with_headers(send)
        headers = Headers(scope=scope)
        reason = refusal(scope["method"], scope["path"], headers)
        if reason:
            await PlainTextResponse(reason, 403)(scope, receive, sealed)
            return
        stranger = _without_key(Request(scope), self.key)
        if stranger is not None:
            await stranger(scope, receive, sealed)
            return
        if _announced(headers) > self.limit:
            await _too_large(self.limit)(scope, receive, sealed)
            return
        await self._counted(scope, receive, sealed)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the bytes as they come: a length that was announced may be wrong or absent."""
        seen, over = 0, False

        async def counting() -> Message:
            nonlocal seen, over
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.limit:
                over = True
                return {"type": "http.disconnect"}
            return message

        async def unless_over(message: Message) -> None:
            if not over:
                await send(message)

        try:
            await self.app(scope, counting, unless_over)
        except Exception:
            if not over:
                raise
        if over:
            await _too_large(self.limit)(scope, receive, send)


def refusal(method: str, path: str, headers: Headers) -> str:
    """Say why a request is refused, empty where it is not.

    Parameters
    ----------
    method, path : str
    headers : Headers
        ``Host``, ``Origin`` and ``Sec-Fetch-Site`` decide.
    """
    host = headers.get("host", "")
    name = host[: host.index("]") + 1] if host.startswith("[") else host.partition(":")[0]
    if name.lower() not in HOSTS:
        return f"refused: this application is asked for as {HOSTS[0]}, not as {name or 'nothing'}"
    site = headers.get("sec-fetch-site", "")
    arrives = method == "GET" and path == "/" and headers.get("sec-fetch-mode") == "navigate"
    if site in ("cross-site", "same-site") and not arrives:
        return "refused: another site asked for this"
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return "refused: another site sent this"
    if method not in READING and origin is None and site not in ("", "same-origin"):
        return "refused: it is not known which site sent this"
    return ""


def _without_key(request: Request, key: str) -> Response | None:
    """Answer a browser that does not bring the key; None where it does."""
    # Cookies know no ports, and two applications may run at the same time.
    cookie = f"metadx_{request.url.port or 80}"
    if not key or same_token(request.cookies.get(cookie), key):
        return None
    if request.method == "GET" and same_token(request.query_params.get("key"), key):
        answer = RedirectResponse("/", 303)
        answer.set_cookie(cookie, key, httponly=True, samesite="strict")
        return answer
    return PlainTextResponse(
        "refused: open the whole address that metadx app printed, with the key at its end", 403
    )


def new_token() -> str:
    """Make a secret that only pages of this application know."""
    return secrets.token_urlsafe(24)


def same_token(given: str | None, token: str) -> bool:
    """Compare a token in constant time."""
    return secrets.compare_digest((given or "").encode(), token.encode())


def _announced(headers: Headers) -> int:
    text = headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() else 0


def _too_large(limit: int) -> PlainTextResponse:
    megabytes = (limit - FORM_ALLOWANCE) / 2**20
    return PlainTextResponse(
        f"refused: a file may have up to {megabytes:.0f} MB; go back and choose a smaller one", 413
    )


def _with_headers(send: Send) -> Any:
    async def sealed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
        await send(message)

    return sealed
