"""The local web application: tables in, results and their code out, on this machine only."""

from __future__ import annotations

from metadx.app.application import create_app

__all__ = ["create_app"]
