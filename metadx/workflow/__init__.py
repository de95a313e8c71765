"""``metadx run``: every stratum, its figures, the tables of results and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metadx._lazy import lazy

if TYPE_CHECKING:
    from metadx.workflow.running import RunReport, run

__all__ = ["RunReport", "run"]

__getattr__, __dir__ = lazy(
    __name__, {"RunReport": "metadx.workflow.running", "run": "metadx.workflow.running"}
)
