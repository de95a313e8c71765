"""Do sensitivity and specificity depend on how common the condition is among the tested?

A pretest probability may be put into a pooled likelihood ratio only if the ratio is the same
at other prevalences; where it is not, studies near the reader's own prevalence are the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from metadx.estimate import NotApplicable
from metadx.inference.regression import MetaRegression, regress
from metadx.models import BivariateResults

#: Below this p value mixing pretest strata is warned against. Two margins are tested with few
#: studies, so that the usual 0.05 would overlook most of what is there.
DOUBT: Final = 0.10


@dataclass(frozen=True)
class PrevalenceDependence:
    """Regression of both margins on the logit of the studies' prevalence.

    Attributes
    ----------
    regression : MetaRegression
        Slopes per unit of logit prevalence, and each margin at the smallest, median and
        largest logit prevalence.
    prevalence : tuple of float
        These prevalences (probability).
    """

    regression: MetaRegression
    prevalence: tuple[float, ...]

    @property
    def depends(self) -> bool:
        """Whether either margin, or both jointly, change with prevalence."""
        return any(test.p < DOUBT for test in self.regression.tests)

    @property
    def sentence(self) -> str:
        """What follows for the use of a pretest probability."""
        low, _, high = self.prevalence
        where = f"prevalence {100 * low:.0f}% to {100 * high:.0f}%"
        p = self.regression.test("both").p
        if self.depends:
            return (
                f"accuracy changes with prevalence ({where}, p = {p:.3f} for both margins): do not "
                "mix pretest strata, and use studies near your own prevalence"
            )
        return (
            f"no evidence that accuracy changes with prevalence ({where}, p = {p:.3f} for both "
            "margins)"
        )

    def summary(self) -> str:
        """Return regression and conclusion as text."""
        low, _, high = self.prevalence
        out = [
            self.regression.summary(),
            f"  the ends are prevalences of {100 * low:.1f}% and {100 * high:.1f}%",
            f"  {self.sentence}",
        ]
        return "\n".join(out)


def prevalence_dependence(
    fit: BivariateResults, override: bool = False
) -> PrevalenceDependence | NotApplicable:
    """Regress each margin on the logit of the prevalence in the exact model.

    Parameters
    ----------
    fit : BivariateResults
        Fit of the exact model without covariates.
    override : bool
        True regresses fewer than 10 studies too.

    Returns
    -------
    PrevalenceDependence or NotApplicable
        Studies with one margin are left out: they have no prevalence. Not applicable with
        fewer than 10 others.

    References
    ----------
    Leeflang et al. 2013, CMAJ, doi:10.1503/cmaj.121286.
    """
    totals = fit.table.arrays().totals.astype(float)
    both = (totals > 0).all(axis=1)
    x = np.full(len(totals), np.nan)
    x[both] = np.log(totals[both, 0] / totals[both, 1])
    name = "logit prevalence"
    found = regress(fit, np.column_stack([x, x]), name, f"unit of {name}", override)
    if isinstance(found, NotApplicable):
        return found
    values = tuple(1.0 / (1.0 + np.exp(-value)) for value in found.values)
    return PrevalenceDependence(found, values)
