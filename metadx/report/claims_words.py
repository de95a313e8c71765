"""The evidence on a claim, in words."""

from __future__ import annotations

from metadx.report.claims import Evidence
from metadx.report.words import studies_word, test_name
from metadx.tables import stratum_label


def counted_words(item: Evidence) -> str:
    """Say on how many studies a comparison rests, and which numbers are summed counts."""
    bases = item.basis.split("+") if "+" in item.basis else [item.basis] * 2
    parts = [
        studies_word(k) + (", summed" if basis == "summed counts" else "")
        for k, basis in zip((item.k, item.k_comparator), bases, strict=True)
    ]
    if not item.comparator:
        return parts[0]
    return " against ".join(parts) + (f"; {item.shared} in both" if item.shared else "")


def evidence_label(item: Evidence) -> str:
    """Name a stratum or a pair of strata as people say it."""
    if not item.comparator:
        return stratum_label(item.stratum)
    return f"{stratum_label(item.stratum)}, against {test_name(item.comparator.split('/')[0])}"
