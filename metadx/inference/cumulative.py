"""Cumulative meta-analysis: the pooled values as the studies appeared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.inference.headline import WORDS, cells, check_pretest, headline, reason_of
from metadx.inference.refits import refit, studies_of, why_not_refitted
from metadx.models import BivariateResults
from metadx.models.design import MARGINS


@dataclass(frozen=True)
class Step:
    """The evidence after one more year (or one more place in the order).

    Attributes
    ----------
    value : float
        Year, or what the studies were ordered by.
    added : tuple of str
        Labels of the studies that joined.
    k : int
        Studies so far.
    fit : BivariateResults or NotApplicable
        The fit to them.
    quantities : dict
        Every headline quantity.
    """

    value: float
    added: tuple[str, ...]
    k: int
    fit: BivariateResults | NotApplicable
    quantities: dict[str, Estimate | NotApplicable]


@dataclass(frozen=True)
class Cumulative:
    """Refits to the first studies, the first and second, and so on.

    Attributes
    ----------
    fit : BivariateResults
        The fit to all studies.
    by : str
        Column of the order.
    steps : tuple of Step
        One for each distinct value, in rising order; studies of one year join together.
    unplaced : tuple of str
        Labels of the studies without a value. They are in `fit` and in none of the steps.
    """

    fit: BivariateResults
    by: str
    steps: tuple[Step, ...]
    unplaced: tuple[str, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row a step.

        Columns: the order's column, ``added``, ``k``, ``model_path``, each quantity with
        ``_low`` and ``_high``, ``last`` (true for the last update), ``reason``.
        """
        rows = []
        for step in self.steps:
            path = step.fit.model_path if isinstance(step.fit, BivariateResults) else ""
            value = int(step.value) if float(step.value).is_integer() else step.value
            row: dict[str, Any] = {self.by: value, "added": "; ".join(step.added), "k": step.k}
            row |= {"model_path": path, **cells(step.quantities)}
            rows.append(
                row | {"last": step is self.steps[-1], "reason": reason_of(step.quantities)}
            )
        return pd.DataFrame(rows)

    def last_change(self, name: str) -> float | None:
        """Return what the last update changed of a quantity; None where it was not there."""
        if len(self.steps) < 2:
            return None
        before, after = (step.quantities[name] for step in self.steps[-2:])
        if not (isinstance(before, Estimate) and isinstance(after, Estimate)):
            return None
        return after.value - before.value

    def summary(self) -> str:
        """Return the steps as text, with what the last one changed."""
        out = [f"Pooled values as the studies appeared, by {self.by}"]
        for row, step in zip(self.frame.itertuples(index=False), self.steps, strict=True):
            said = "; ".join(f"{name} {_said(step.quantities[name])}" for name in MARGINS)
            out.append(f"  {row[0]}: k = {step.k} (+ {', '.join(step.added)}): {said}")
        changes = [
            f"{WORDS[name]} by {100 * gap:+.1f} percentage points"
            for name in MARGINS
            if (gap := self.last_change(name)) is not None
        ]
        if changes:
            out.append(f"  the last update changed {' and '.join(changes)}")
        if self.unplaced:
            out.append(f"  without {self.by}, in the full fit only: {', '.join(self.unplaced)}")
        return "\n".join(out)


def _said(value: Estimate | NotApplicable) -> str:
    return value.format(3) if isinstance(value, Estimate) else "not pooled"


def cumulative(
    fit: BivariateResults,
    by: str | Sequence[float] = "year",
    pretest: float | None = None,
) -> Cumulative | NotApplicable:
    """Pool the studies in the order in which they appeared.

    Parameters
    ----------
    fit : BivariateResults
        Fit of the exact model without covariates.
    by : str or sequence of float
        Column that orders the studies, or one number for each row of the table; studies with
        the same value join together, those without one are named apart.
    pretest : float, optional
        Pretest probability; with it post-test probabilities are followed too.

    Returns
    -------
    Cumulative or NotApplicable
        Not applicable for another model, or where fewer than two values are known.

    Raises
    ------
    OptionError
        If the table has no such column, or the numbers are not one for each row.

    References
    ----------
    Lau et al. 1992, N Engl J Med, doi:10.1056/NEJM199207233270406.
    """
    check_pretest(pretest)
    refused = why_not_refitted(fit)
    if refused is not None:
        return refused
    order, name = _order(fit, by)
    ids = fit.table.frame["study_id"].astype(str).to_numpy()
    labels = studies_of(fit)
    first = pd.Series(order, index=ids).groupby(level=0, sort=False).min()
    known = first.dropna()
    values = sorted(set(known))
    unplaced = tuple(labels[study] for study in first.index[first.isna()])
    if len(values) < 2:
        if not values:
            return NotApplicable(f"no study has a {name}")
        return NotApplicable(f"every study with a {name} has the same, {values[0]:g}")
    steps: list[Step] = []
    for value in values:
        keep = known.index[known <= value].tolist()
        found = refit(fit, keep) if len(keep) < len(labels) else fit
        if isinstance(found, NotApplicable):
            quantities: dict[str, Any] = dict.fromkeys(headline(fit, pretest), found)
        else:
            quantities = dict(headline(found, pretest))
        added = tuple(labels[study] for study in known.index[known == value])
        steps.append(Step(float(value), added, len(keep), found, quantities))
    return Cumulative(fit, name, tuple(steps), unplaced)


def _order(fit: BivariateResults, by: str | Sequence[float]) -> tuple[np.ndarray, str]:
    """Return one number a row, NaN where there is none, and its name."""
    frame = fit.table.frame
    if not isinstance(by, str):
        found = np.asarray(by, dtype=float)
        if found.shape != (len(frame),):
            raise OptionError(
                f"the order has {found.size} numbers, the table has {len(frame)} rows"
            )
        return found, "order"
    if by not in frame.columns:
        if by == "year":
            return np.full(len(frame), np.nan), by
        raise OptionError(f"{fit.table.name} has no column {by!r} to order the studies by")
    return pd.to_numeric(frame[by], errors="coerce").to_numpy(dtype=float), by
