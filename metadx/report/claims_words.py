"""The evidence on a claim, in words."""

from __future__ import annotations

from metadx.report.catalogue import Words, say, stratum_words
from metadx.report.claims import Evidence
from metadx.report.words import counted_studies, test_words


def counted_words(item: Evidence) -> Words:
    """Say on how many studies a comparison rests, and which numbers are summed counts."""
    bases = item.basis.split("+") if "+" in item.basis else [item.basis] * 2
    parts = [
        say("{}, summed", counted_studies(k)) if basis == "summed counts" else counted_studies(k)
        for k, basis in zip((item.k, item.k_comparator), bases, strict=True)
    ]
    if not item.comparator:
        return parts[0]
    both = say("{} against {}", *parts)
    return say("{}; {} in both", both, item.shared) if item.shared else both


def evidence_label(item: Evidence) -> Words:
    """Name a stratum or a pair of strata as people say it."""
    if not item.comparator:
        return stratum_words(item.stratum)
    other = test_words(item.comparator.split("/")[0])
    return say("{}, against {}", stratum_words(item.stratum), other)
