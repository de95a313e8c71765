"""The server: this machine only, a free port, and a browser that opens when it answers."""

from __future__ import annotations

import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

import uvicorn

from metadx.app.analysis import warm_up
from metadx.app.application import create_app
from metadx.app.security import new_token
from metadx.errors import OptionError

HOST = "127.0.0.1"
#: A browser opens six connections to a page.
MOST_CONNECTIONS = 64
#: A fit leaves Python's lock for each compiled call and has to get it back from the thread that
#: draws; at the usual 5 ms a time a refit while figures are drawn is several times slower (s).
SWITCH = 0.0002


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
    key = new_token()
    address = f"http://{HOST}:{listening.getsockname()[1]}/?key={key}"
    tell(f"metadx is at {address} (stop with Ctrl+C)")
    sys.setswitchinterval(SWITCH)
    threading.Thread(target=warm_up, daemon=True).start()
    if browser:
        threading.Timer(1.0, webbrowser.open, [address]).start()
    config = uvicorn.Config(
        create_app(studies, key), log_level="warning", access_log=False, server_header=False,
        ws="none", limit_concurrency=MOST_CONNECTIONS,
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
    if os.name == "posix":
        # The port of a server that was just stopped is free; elsewhere the option means more.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        # From here on a browser waits for its answer and is not refused.
        listening.listen(MOST_CONNECTIONS)
    except OSError as error:
        listening.close()
        raise OptionError(
            f"port {port} cannot be used: {error.strerror}; leave --port out to take a free one"
        ) from error
    return listening
