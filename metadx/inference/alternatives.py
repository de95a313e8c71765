"""The same studies pooled in other ways: old habits, other models, other corrections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from metadx.errors import ModelError
from metadx.estimate import Estimate, NotApplicable
from metadx.models import BivariateResults, delta
from metadx.models.approximate import fit_approximate
from metadx.models.design import MARGINS
from metadx.models.margins import fit_margin, is_perfect, univariate_estimate
from metadx.models.measures import correct_zero_cells, counts_of, has_zero_cell
from metadx.models.moses import moses_littenberg

FloatArray = NDArray[np.float64]
Pooled: TypeAlias = Estimate | NotApplicable | float


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to pool the studies of a fit.

    Attributes
    ----------
    name : str
        Short name, unique among the alternatives.
    words : str
        What a table's row says.
    sensitivity, specificity, dor : Estimate, float or NotApplicable
        Pooled values (probability; ratio); a bare number where the method gives no interval.
    k : int
        Studies that entered.
    """

    name: str
    words: str
    sensitivity: Pooled
    specificity: Pooled
    dor: Pooled
    k: int

    def value(self, name: str) -> float | None:
        """Pooled value of a margin without its interval, None where it is absent."""
        found = getattr(self, name)
        if isinstance(found, NotApplicable):
            return None
        return found.value if isinstance(found, Estimate) else float(found)

    def said(self, name: str) -> str:
        """Pooled value of a margin as text."""
        found = getattr(self, name)
        return f"{found:.3f} (no interval)" if isinstance(found, float) else _written(found)

    def row(self, headline: Alternative) -> dict[str, object]:
        """Return a table's row: values, intervals and differences from `headline`."""
        cells: dict[str, object] = {"name": self.name, "words": self.words, "k": self.k}
        reasons: dict[str, list[str]] = {}
        for name in MARGINS:
            found, value, own = getattr(self, name), self.value(name), headline.value(name)
            cells[name] = np.nan if value is None else value
            cells[f"{name}_low"] = found.low if isinstance(found, Estimate) else np.nan
            cells[f"{name}_high"] = found.high if isinstance(found, Estimate) else np.nan
            gap = np.nan if value is None or own is None else value - own
            cells[f"{name}_difference"] = gap
            if isinstance(found, NotApplicable):
                reasons[found.reason] = [*reasons.get(found.reason, []), name]
        note = "; ".join(f"{' and '.join(names)}: {text}" for text, names in reasons.items())
        return cells | {"note": note}


def _written(found: Estimate | NotApplicable) -> str:
    return found.format(3) if isinstance(found, Estimate) else str(found)


def from_fit(name: str, words: str, fit: BivariateResults) -> Alternative:
    """Describe a fit as an alternative."""
    return Alternative(name, words, fit.sensitivity, fit.specificity, fit.dor, fit.k)


def absent(name: str, words: str, reason: str, k: int = 0) -> Alternative:
    """Describe an alternative that these studies do not support."""
    none = NotApplicable(reason)
    return Alternative(name, words, none, none, none, k)


#: How a correction is described.
POLICIES: Final = {
    "single": "0.5 added to the studies with a zero cell",
    "all": "0.5 added to every study if one has a zero cell",
    "none": "no correction",
}


def normal(fit: BivariateResults, method: str, zero_cell: str) -> Alternative:
    """Pool by the normal-normal model of Reitsma et al.

    Parameters
    ----------
    fit : BivariateResults
        Fit of the exact model without covariates, whose studies are pooled.
    method : {"reml", "ml", "fixed"}
        Estimation.
    zero_cell : {"single", "all", "none"}
        Which studies get the continuity correction.
    """
    how = {"reml": "REML", "ml": "maximum likelihood", "fixed": "fixed effects"}[method]
    name = f"normal_{method}_{zero_cell}"
    words = f"normal approximation, {how}, {POLICIES[zero_cell]}"
    if fit.k < 2:
        return absent(name, words, "one study; nothing is pooled", fit.k)
    zero = int(has_zero_cell(fit.design.counts).sum())
    if zero and zero_cell == "none":
        reason = f"{zero} of {fit.k} studies have a zero cell, and their logits do not exist"
        return absent(name, words, reason, fit.k)
    found = fit_approximate(
        fit.table, fit.design, fit.formulas, method, zero_cell, fit.level, fit.interval
    )
    return from_fit(name, words, found)


def summed(fit: BivariateResults) -> Alternative:
    """Add up the counts of all studies as if they were one, with exact binomial intervals."""
    sens, spec = (fit.margins[name].fixed_effect for name in MARGINS)
    reason = NotApplicable("the counts of the two groups were summed apart")
    return Alternative("summed", "counts of all studies added up", sens, spec, reason, fit.k)


def univariate_exact(fit: BivariateResults) -> Alternative:
    """Pool each margin by itself with the exact likelihood."""
    values: list[Estimate | NotApplicable] = []
    for j, name in enumerate(MARGINS):
        margin = fit.margins[name]
        if margin.k < 2 or is_perfect(fit.design, j) or isinstance(margin.estimate, NotApplicable):
            values.append(margin.estimate)
            continue
        own, maximum = fit_margin(fit.design, j)
        values.append(univariate_estimate(own, maximum, fit.level, fit.interval)[0])
    reason = NotApplicable("the margins were pooled one by one")
    words = "exact model, each margin by itself"
    return Alternative("univariate_exact", words, values[0], values[1], reason, fit.k)


def univariate_classic(fit: BivariateResults) -> Alternative:
    """Pool each margin's corrected logits by the method of DerSimonian and Laird.

    What reviews did before the bivariate model: moments for the variance between studies,
    normal weights, 0.5 added to the studies with a zero cell.

    References
    ----------
    DerSimonian & Laird 1986, Control Clin Trials, doi:10.1016/0197-2456(86)90046-2.
    """
    counts, _ = correct_zero_cells(counts_of(fit.table), "single")
    values: list[Estimate | NotApplicable] = []
    for j, name in enumerate(MARGINS):
        y, n = counts[:, 2 * j], counts[:, 2 * j + 1]
        known = n > 0
        if known.sum() < 2:
            values.append(NotApplicable(f"fewer than two studies report {name}"))
            continue
        values.append(_moments(y[known], n[known], fit.level))
    reason = NotApplicable("the margins were pooled one by one")
    words = f"each margin by itself, DerSimonian and Laird, {POLICIES['single']}"
    return Alternative("univariate_classic", words, values[0], values[1], reason, fit.k)


def _moments(y: FloatArray, n: FloatArray, level: float) -> Estimate:
    logit, variance = np.log(y / (n - y)), 1.0 / y + 1.0 / (n - y)
    fixed = 1.0 / variance
    mean = float((fixed * logit).sum() / fixed.sum())
    q = float((fixed * (logit - mean) ** 2).sum())
    scale = float(fixed.sum() - (fixed**2).sum() / fixed.sum())
    tau2 = max((q - (y.size - 1)) / scale, 0.0)
    weight = 1.0 / (variance + tau2)
    pooled, se = float((weight * logit).sum() / weight.sum()), float(weight.sum() ** -0.5)
    return delta.on_scale(pooled, se, level, "wald", delta.quantile(level), "logit")


def historical(fit: BivariateResults) -> Alternative:
    """Read the Moses-Littenberg curve at the specificity of the fit.

    The regression has no pooled point of its own; its sensitivity where the exact model puts
    the specificity is what an old review would have read off.
    """
    words = "Moses-Littenberg regression, sensitivity at the specificity of the exact model"
    if isinstance(fit.specificity, NotApplicable):
        return absent("moses_littenberg", words, fit.specificity.reason, fit.k_complete)
    if not 0.0 < fit.specificity.value < 1.0:
        reason = "at a specificity of 0 or 1 the curve says nothing"
        return absent("moses_littenberg", words, reason, fit.k_complete)
    try:
        line = moses_littenberg(fit.table, level=fit.level)
    except ModelError as error:
        reason = str(error).removeprefix(f"{fit.table.name}: ")
        return absent("moses_littenberg", words, reason, fit.k_complete)
    height = line.curve(np.array([1.0 - fit.specificity.value]))
    if isinstance(height, NotApplicable):
        return absent("moses_littenberg", words, height.reason, fit.k_complete)
    none = NotApplicable("the regression has no pooled point")
    return Alternative("moses_littenberg", words, float(height[0]), none, none, fit.k_complete)


#: Ways of pooling that reviews used before the exact model, from the oldest.
OLD: Final[tuple[Callable[[BivariateResults], Alternative], ...]] = (
    summed,
    univariate_classic,
    historical,
    lambda fit: normal(fit, "reml", "all"),
)
