"""How an error is told in one line."""

from __future__ import annotations

from metadx.errors import MetadxError


def explain(error: Exception) -> str:
    """Write an error as one line; its class only where it is none of ours."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if isinstance(error, MetadxError) else f"{type(error).__name__}: {text}"
