"""The server: this machine only, a free port, and a browser that opens when it answers."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

import uvicorn

from metadx.app.analysis import warm_up
from metadx.app.application import create_app
from metadx.errors import OptionError

HOST = "127.0.0.1"
#: A browser opens six connections to a page.
MOST_CONNECTIONS = 64


def serve(studies: Path, port: int, browser: bool, tell: Callable[[str], object]) -> None:
    """Run the application until it is interrupted.

    Parameters
    ----------
    studies : Path
        Folder of study tables.
    port : int
        0 takes a free one.
    browser : bool
        Whether a browser is opened.
    tell : callable
        Is told the address.

    Raises
    ------
    OptionError
        The port is taken.
    """
    listening = bound(port)
    address = f"http://{HOST}:{listening.getsockname()[1]}/"
    tell(f"metadx is at {address} (stop with Ctrl+C)")
    threading.Thread(target=warm_up, daemon=True).start()
    if browser:
        threading.Timer(1.0, webbrowser.open, [address]).start()
    config = uvicorn.Config(
        create_app(studies), log_level="warning", server_header=False, access_log=False, ws="none",
        limit_concurrency=MOST_CONNECTIONS,
    )  # fmt: skip
    with listening:
        uvicorn.Server(config).run(sockets=[listening])


def bound(port: int) -> socket.socket:
    """Return a socket that listens to this machine only.

    Raises
    ------
    OptionError
        The port is taken or not allowed.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        raise OptionError(
            f"port {port} cannot be used: {error.strerror}; leave --port out to take a free one"
        ) from error
    return listening
