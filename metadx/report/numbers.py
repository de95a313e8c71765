"""Numbers as the page shows them: rounded to read, with the exact value behind."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

from metadx.report.catalogue import Words, say
from metadx.report.estimates import Interval, StratumRecord
from metadx.report.output import plain

#: Digits after the point: probabilities as reviewers write them.
PROBABILITY: Final = 2
DECIMALS: Final = {"lr_positive": 1, "lr_negative": 2, "dor": 0, "tau_sens": 2, "tau_spec": 2}


def number(value: float | None, decimals: int = PROBABILITY, source: str = "") -> Markup:
    """Write one number with its exact value in the markup.

    Parameters
    ----------
    value : float or None
        None gives nothing.
    decimals : int
        Digits shown after the point.
    source : str
        Where the number stands in the results: stratum and column.
    """
    if value is None:
        return Markup("")
    shown = f"{value:.{decimals}f}"
    if shown.startswith("-") and not float(shown):
        shown = shown[1:]
    origin = Markup(' data-of="{}"').format(source) if source else Markup("")
    return Markup('<data value="{}"{}>{}</data>').format(plain(float(value)), origin, shown)


def quantity(record: StratumRecord, column: str, interval: Interval) -> Markup | Words:
    """Write ``0.94 (0.89 to 0.97)`` for a quantity of the table of estimates.

    Parameters
    ----------
    record : StratumRecord
        Its stratum.
    column : str
        Column of the value; those of the ends follow from it.
    interval : Interval
        The numbers; an interval without a value is written ``0.89 to 0.97``.
    """
    decimals = DECIMALS.get(column, PROBABILITY)
    value, low, high = (
        number(part, decimals, f"{record.stratum} {column}{end}")
        for part, end in ((interval.value, ""), (interval.low, "_low"), (interval.high, "_high"))
    )
    if not interval:
        return value
    if interval.value is None:
        return say("{} to {}", low, high)
    return say("{} ({} to {})", value, low, high)


def best(record: StratumRecord, margin: str) -> Markup | Words:
    """Write the pooled estimate of a margin, or its summed counts where none could be pooled."""
    found = record.margin(margin)
    if found.pooled:
        return quantity(record, margin, found.pooled)
    return quantity(record, f"{margin}_fixed_effect", found.summed)
