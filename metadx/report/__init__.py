"""Results for readers: the table of estimates, the claims check and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metadx._lazy import lazy

if TYPE_CHECKING:
    from metadx.report.claims import ClaimResult, check_claims
    from metadx.report.claims_table import Claim, read_claims
    from metadx.report.estimates import StratumRecord, record_of, row_of
    from metadx.report.html import PageData, page

__all__ = [
    "Claim",
    "ClaimResult",
    "PageData",
    "StratumRecord",
    "check_claims",
    "page",
    "read_claims",
    "record_of",
    "row_of",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "Claim": "metadx.report.claims_table",
        "ClaimResult": "metadx.report.claims",
        "PageData": "metadx.report.html",
        "StratumRecord": "metadx.report.estimates",
        "check_claims": "metadx.report.claims",
        "page": "metadx.report.html",
        "read_claims": "metadx.report.claims_table",
        "record_of": "metadx.report.estimates",
        "row_of": "metadx.report.estimates",
    },
)
