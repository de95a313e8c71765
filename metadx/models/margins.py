"""One margin on its own: univariate random effects, fixed effect, or a single study."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metadx.estimate import Estimate, NotApplicable
from metadx.models import delta
from metadx.models.design import MARGINS, Design
from metadx.models.search import Maximum, climb, search

FloatArray = NDArray[np.float64]

#: A between-study standard deviation of 5 on the logit scale puts studies at 1 % and at 99 %
#: into the same population. Where the data do not exclude it, heterogeneity is not estimable.
LARGEST_TAU: Final = 5.0
#: Half the 95 % quantile of chi-squared with one degree of freedom: the profile's drop.
PROFILE_DROP: Final = 1.9207294103470535
#: With more studies than this, and a tau whose 95 % Wald limit is below half of LARGEST_TAU,
#: the profile need not be looked at.
FEW_STUDIES: Final = 15


@dataclass(frozen=True, slots=True)
class Margin:
    """What the studies say about one margin.

    Attributes
    ----------
    name : str
        ``"sensitivity"`` or ``"specificity"``.
    k : int
        Studies with this margin.
    n : int
        Patients (or other units) in them.
    path : str
        ``"bivariate"``, ``"univariate"``, ``"fixed_effect"``, ``"single_study"`` or ``"none"``.
    estimate : Estimate or NotApplicable
        The pooled proportion (probability) that may stand as a headline.
    positives : int
        Sum of the true positives (or true negatives).
    level : float
        Nominal coverage of the intervals.
    study_low, study_high : float or None
        Smallest and largest proportion among the studies.
    tau : Estimate or NotApplicable
        Between-study standard deviation (logit scale).
    heterogeneity : str
        ``"estimated"``, ``"zero"``, ``"not_estimable"`` or ``"not_applicable"``.
    reason : str
        Why there is no estimate, or why it is a step down; empty otherwise.
    """

    name: str
    k: int
    n: int
    path: str
    estimate: Estimate | NotApplicable
    positives: int
    level: float
    study_low: float | None
    study_high: float | None
    tau: Estimate | NotApplicable
    heterogeneity: str
    reason: str = ""

    @property
    def fixed_effect(self) -> Estimate | NotApplicable:
        """Exact binomial of the summed counts, which ignores heterogeneity (probability)."""
        if self.n == 0:
            return NotApplicable(self.reason)
        return exact_binomial(self.positives, self.n, self.level)

    def to_dict(self) -> dict[str, object]:
        """Return the fields as a JSON-ready dictionary; absent estimates are None."""
        result: dict[str, object] = {}
        for name in ("k", "n", "path", "study_low", "study_high", "heterogeneity", "reason"):
            result[name] = getattr(self, name)
        for name in ("estimate", "fixed_effect", "tau"):
            value = getattr(self, name)
            result[name] = value.to_dict() if isinstance(value, Estimate) else None
        return result


def describe(design: Design, j: int, level: float) -> Margin:
    """Describe margin `j` before any model: counts and range."""
    y, n = design.counts[:, 2 * j], design.counts[:, 2 * j + 1]
    known = n > 0
    name = MARGINS[j]
    nothing = NotApplicable(f"no study reports {name}")
    if not known.any():
        return Margin(
            name, 0, 0, "none", nothing, 0, level, None, None, nothing, "not_applicable",
            f"no study reports {name}",
        )  # fmt: skip
    share = y[known] / n[known]
    # A study in several rows, one for each test, is still one study.
    k = int((np.add.reduceat(n, design.start[:-1]) > 0).sum())
    return Margin(
        name, k, int(n.sum()), "", nothing, int(y.sum()), level,
        float(share.min()), float(share.max()), nothing, "not_applicable",
    )  # fmt: skip


def exact_binomial(y: int, n: int, level: float) -> Estimate:
    """Clopper-Pearson interval of ``y / n`` (probability)."""
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(y, n, alpha=1.0 - level, method="beta")
    value = y / n
    low = 0.0 if y == 0 else float(low)
    high = 1.0 if y == n else float(high)
    return Estimate(value, low, high, level, "exact_binomial")


def single_study(margin: Margin) -> Margin:
    """One study: its own proportion with the exact interval, no pooling claimed."""
    return replace(
        margin,
        path="single_study",
        estimate=margin.fixed_effect,
        tau=NotApplicable("one study says nothing about differences between studies"),
        reason="one study; nothing is pooled",
    )


def all_perfect(margin: Margin) -> Margin:
    """All studies at 100 % or all at 0 %: exact binomial of the summed counts."""
    share = f"{100 * (margin.study_low or 0.0):.0f}%"
    return replace(
        margin,
        path="fixed_effect",
        estimate=margin.fixed_effect,
        tau=NotApplicable(f"every study is at {share}, so heterogeneity cannot show"),
        heterogeneity="not_estimable",
        reason=f"every study is at {share}; pooled by fixed effect (exact binomial of the sums)",
    )


def is_perfect(design: Design, j: int) -> bool:
    """Whether every study with margin `j` is at 100 %, or every one at 0 %."""
    y, n = design.counts[:, 2 * j], design.counts[:, 2 * j + 1]
    known = n > 0
    return bool(known.any() and ((y[known] == n[known]).all() or (y[known] == 0).all()))


def margin_design(design: Design, j: int) -> Design:
    """Cut a design down to margin `j`, which becomes the first; the second is left empty."""
    known = np.flatnonzero(design.counts[:, 2 * j + 1] > 0)
    study = np.repeat(np.arange(design.start.size - 1), np.diff(design.start))[known]
    _, sizes = np.unique(study, return_counts=True)
    counts = np.zeros((known.size, 4))
    counts[:, :2] = design.counts[known, 2 * j : 2 * j + 2]
    return Design(
        counts=counts,
        start=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        group=np.ascontiguousarray(design.group[known]),
        columns=(
            np.ascontiguousarray(design.columns[j][known]),
            np.ones((known.size, 1)),
        ),
        names=(design.names[j], ("Intercept",)),
        group_names=design.group_names,
        order=design.order[known],
        specs=(design.specs[j], None),
    )


def margin_free(design: Design) -> NDArray[np.int64]:
    """Free parameters of a design made by :func:`margin_design`: coefficients and each l11."""
    p = design.columns[0].shape[1]
    return np.array([*range(p), *(p + 1 + 3 * g for g in range(len(design.group_names)))])


def fit_margin(design: Design, j: int, nodes: int | None = None) -> tuple[Design, Maximum]:
    """Fit the univariate random-effects logistic model of margin `j`."""
    own = margin_design(design, j)
    return own, search(own, margin_free(own), nodes)


def tau_is_bounded(own: Design, maximum: Maximum) -> bool:
    """Whether the likelihood excludes a tau of ``LARGEST_TAU`` at the 95 % level.

    Parameters
    ----------
    own : Design
        One margin, from :func:`margin_design`, with common variances.
    maximum : Maximum
        Its maximum.
    """
    at = own.columns[0].shape[1] + 1
    theta = maximum.theta.copy()
    if theta[at] >= LARGEST_TAU:
        return False
    theta[at] = LARGEST_TAU
    free = margin_free(own)
    profile = climb(own, theta, free[free != at])
    return maximum.loglik - profile.loglik > PROFILE_DROP


def judge(
    design: Design, margin: Margin, estimate: Estimate, tau: Estimate | NotApplicable, path: str
) -> Margin:
    """Decide whether a random-effects estimate of a margin may stand as a headline."""
    j = MARGINS.index(margin.name)
    if margin.k <= FEW_STUDIES or _wald_limit(tau) > 0.5 * LARGEST_TAU:
        own, maximum = fit_margin(design, j)
        if not tau_is_bounded(own, maximum):
            reason = (
                f"{margin.k} studies do not bound the heterogeneity of {margin.name} (a "
                f"between-study standard deviation of {LARGEST_TAU:g} logits fits almost as well)"
            )
            return replace(
                margin,
                path=path,
                estimate=NotApplicable(reason),
                tau=tau,
                heterogeneity="not_estimable",
                reason=reason,
            )
    zero = not isinstance(tau, Estimate)
    return replace(
        margin,
        path=path,
        estimate=estimate,
        tau=tau,
        heterogeneity="zero" if zero else "estimated",
    )


def _wald_limit(tau: Estimate | NotApplicable) -> float:
    """Upper 95 % limit of tau whatever the level of its interval; infinite at the boundary."""
    if not isinstance(tau, Estimate) or tau.value <= 0.0:
        return float("inf")
    ratio = delta.quantile(0.95) / delta.quantile(tau.level)
    return float(tau.value * (tau.high / tau.value) ** ratio)


def univariate_estimate(
    own: Design, maximum: Maximum, level: float, interval: str
) -> tuple[Estimate, Estimate | NotApplicable]:
    """Pooled proportion and tau of an intercept-only univariate fit."""
    cov = maximum.covariance()
    at = own.columns[0].shape[1] + 1
    degrees = own.start.size - 2
    q = delta.quantile(level, degrees if interval == "wald_t" and degrees > 0 else None)
    se = float(np.sqrt(cov[0, 0]))
    pooled = delta.on_scale(float(maximum.theta[0]), se, level, interval, q, "logit")
    tau = float(maximum.theta[at])
    if tau == 0.0:
        return pooled, NotApplicable("the between-study variance is estimated as 0, its boundary")
    se = float(np.sqrt(cov[at, at]))
    return pooled, delta.standard_deviation(tau, se, level, interval, q)
