"""The numbers that a review reports, by name, so that every appraisal asks for the same ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd

from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.models import BivariateResults

#: A further quantity of a fit that is followed beside the headline ones, for example the
#: strategy that comes out best.
Followed: TypeAlias = Callable[[BivariateResults], "Estimate | NotApplicable | float | str"]

QUANTITIES: Final = (
    "sensitivity",
    "specificity",
    "lr_positive",
    "lr_negative",
    "dor",
    "auc",
    "partial_auc",
)
#: Present where a pretest probability was given.
POSTTEST: Final = ("posttest_positive", "posttest_negative")
#: How a sentence calls each.
WORDS: Final = {
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "lr_positive": "positive likelihood ratio",
    "lr_negative": "negative likelihood ratio",
    "dor": "diagnostic odds ratio",
    "auc": "area under the SROC curve",
    "partial_auc": "area over the observed false-positive rates",
    "posttest_positive": "probability after a positive result",
    "posttest_negative": "probability after a negative result",
}


def headline(
    fit: BivariateResults, pretest: float | None = None
) -> dict[str, Estimate | NotApplicable]:
    """Return every headline quantity of a fit.

    Parameters
    ----------
    fit : BivariateResults
        Any fit without covariates.
    pretest : float, optional
        Pretest probability; with it the probabilities after a positive and after a negative
        result are there too.

    Returns
    -------
    dict
        By the names in :data:`QUANTITIES` and :data:`POSTTEST`. The area over the observed
        false-positive rates is that of the fit's own studies.

    Raises
    ------
    OptionError
        If the pretest probability is not between 0 and 1.
    """
    check_pretest(pretest)
    found: dict[str, Estimate | NotApplicable] = {name: getattr(fit, name) for name in QUANTITIES}
    if pretest is not None:
        for name, ratio in zip(POSTTEST, (fit.lr_positive, fit.lr_negative), strict=True):
            found[name] = posttest(pretest, ratio)
    return found


def check_pretest(pretest: float | None) -> None:
    """Refuse a pretest probability outside 0 to 1."""
    if pretest is not None and not 0.0 < pretest < 1.0:
        raise OptionError(f"the pretest probability is {pretest}; it lies between 0 and 1")


def posttest(pretest: float, ratio: Estimate | NotApplicable) -> Estimate | NotApplicable:
    """Probability after a result with this likelihood ratio, the pretest probability given.

    ``odds = pretest / (1 - pretest) * LR``; the ends of the interval are those of the ratio.
    """
    if isinstance(ratio, NotApplicable):
        return ratio
    odds = pretest / (1.0 - pretest)
    ends = np.array([ratio.value, ratio.low, ratio.high]) * odds
    with np.errstate(invalid="ignore"):
        value, low, high = np.where(np.isinf(ends), 1.0, ends / (1.0 + ends)).tolist()
    return Estimate(value, low, high, ratio.level, ratio.method)


def follow(
    fit: BivariateResults, also: Mapping[str, Followed] | None
) -> dict[str, Estimate | NotApplicable | float | str]:
    """Ask a fit for the further quantities."""
    return {name: function(fit) for name, function in (also or {}).items()}


def cells(values: Mapping[str, object]) -> dict[str, object]:
    """Spread estimates over a row: ``name``, ``name_low``, ``name_high``; empty where absent."""
    row: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, Estimate):
            row |= {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}
        elif isinstance(value, NotApplicable):
            row |= {name: pd.NA, f"{name}_low": pd.NA, f"{name}_high": pd.NA}
        else:
            row[name] = value
    return row


def reason_of(values: Mapping[str, object]) -> str:
    """Why quantities are absent, each reason once."""
    reasons = [value.reason for value in values.values() if isinstance(value, NotApplicable)]
    return "; ".join(dict.fromkeys(reasons))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as dictionaries by column name."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def counted(k: int) -> str:
    """Write ``"1 study"`` or ``"5 studies"``."""
    return f"{k} {'study' if k == 1 else 'studies'}"
