"""Results for readers: the table of estimates, the claims check and the page."""

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
