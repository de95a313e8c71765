"""Old against new: what other ways of pooling say of the same studies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from metadx.estimate import NotApplicable
from metadx.inference.alternatives import OLD, Alternative, from_fit
from metadx.inference.refits import why_not_refitted
from metadx.models import BivariateResults
from metadx.models.design import MARGINS

#: Difference from the exact model above which a reader is warned (probability).
WARNED: Final = 0.01


@dataclass(frozen=True)
class MethodComparison:
    """One table of ways to pool the same studies.

    Attributes
    ----------
    exact : Alternative
        The exact model.
    others : tuple of Alternative
        Added counts, univariate pooling, Moses-Littenberg, the normal approximation as R mada
        makes it.
    """

    exact: Alternative
    others: tuple[Alternative, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row a method.

        Columns: ``method``, ``words``, ``k``, each margin with ``_low``, ``_high`` and
        ``_difference`` from the exact model (probability), ``note``.
        """
        rows = [one.row(self.exact) for one in (self.exact, *self.others)]
        return pd.DataFrame(rows).rename(columns={"name": "method"})

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence for each method and margin that differs by more than a point."""
        found = []
        for one in self.others:
            for name in MARGINS:
                value, own = one.value(name), self.exact.value(name)
                if value is None or own is None:
                    continue
                gap = value - own
                if abs(gap) > WARNED:
                    found.append(
                        f"{one.words}: {name} {100 * value:.1f}%, {100 * abs(gap):.1f} "
                        f"percentage points {'above' if gap > 0 else 'below'} the exact model"
                    )
        return tuple(found)

    def summary(self) -> str:
        """Return the table and its warnings as text."""
        out = ["The same studies pooled in other ways"]
        for one in (self.exact, *self.others):
            parts = [f"{name} {one.said(name)}" for name in MARGINS]
            out.append(f"  {one.words} (k = {one.k}): {'; '.join(parts)}")
        out += [f"  warning: {text}" for text in self.warnings]
        if not self.warnings:
            out.append("  no pooled value differs from the exact model by more than a point")
        return "\n".join(out)


def compare_methods(fit: BivariateResults) -> MethodComparison | NotApplicable:
    """Pool the studies of a fit as reviews used to.

    Parameters
    ----------
    fit : BivariateResults
        Fit of the exact model without covariates.

    Returns
    -------
    MethodComparison or NotApplicable
        Not applicable for another model, and for a single study.
    """
    refused = why_not_refitted(fit)
    if refused is not None:
        return refused
    if fit.k < 2:
        return NotApplicable("one study; there is nothing to pool in any way")
    exact = from_fit("exact", "exact binomial likelihood", fit)
    return MethodComparison(exact, tuple(make(fit) for make in OLD))
