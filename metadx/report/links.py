"""Addresses in the page: where a study can be read, and places in the page itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from metadx.tables.kinds import DOI, PMID


def safe_link(address: str) -> str:
    """Return an address that a page may link to, empty for any other.

    Parameters
    ----------
    address : str
        From a study table; only ``http`` and ``https`` with a host are let through.
    """
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        return ""
    return address.strip()


def study_link(row: Mapping[str, Any]) -> str:
    """Return the best address of a study: DOI, PubMed, or the page where it was seen.

    Parameters
    ----------
    row : mapping
        A row of a study table; columns that it lacks count as empty.
    """
    doi, pmid = (str(row.get(name) or "").strip() for name in ("doi", "pmid"))
    if doi and DOI.accepts(doi):
        return f"https://doi.org/{quote(doi, safe='/:;()')}"
    if pmid and PMID.accepts(pmid):
        return f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"
    return safe_link(str(row.get("source_url") or ""))


def slug(stratum: str) -> str:
    """Return a name for files and anchors, another one for every stratum.

    Parameters
    ----------
    stratum : str
        Identifier: ``"ct/hip/patient/all_suspected"`` becomes ``"ct_hip_patient_all_suspected"``.
    """
    if re.fullmatch(r"[a-z0-9_]+(/[a-z0-9_]+){3}", stratum):
        return stratum.replace("/", "_")
    plain = re.sub(r"[^A-Za-z0-9]+", "-", stratum).strip("-")[:60] or "table"
    return f"{plain}-{hashlib.sha256(stratum.encode()).hexdigest()[:8]}"
