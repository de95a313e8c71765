"""The approximate bivariate model: normal within studies, normal between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metadx.errors import ModelError, OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.models import delta
from metadx.models import margins as m
from metadx.models.design import MARGINS, Design
from metadx.models.exact import boundary_sentence
from metadx.models.measures import correct_zero_cells, has_zero_cell
from metadx.models.normal_likelihood import normal_data
from metadx.models.normal_search import search_normal
from metadx.models.results import BivariateResults, Joint
from metadx.models.search import Maximum
from metadx.models.summary_point import SummaryPoint
from metadx.tables import StudyTable

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

METHODS: Final = ("reml", "ml", "fixed")
#: With one complete study the correlation always ends at -1 or 1; two are asked for.
COMPLETE_FOR_CORRELATION: Final = 2
#: Below this many complete studies the exact model does not estimate a correlation, and the
#: result here says so (Takwoingi et al. 2017, doi:10.1177/0962280215592269).
COMPLETE_TO_TRUST: Final = 4
COVARIATES: Final = "the model has covariates; ask for the values at a level, fit.at()"
NO_VARIANCE: Final = "the fixed-effect model leaves differences between studies out of account"
HARDLY_ANY: Final = "the between-study variance can hardly be told from 0, so it has no interval"


def fit_approximate(
    table: StudyTable,
    design: Design,
    formulas: tuple[str, str],
    method: str = "reml",
    zero_cell: str = "single",
    level: float = 0.95,
    interval: str = "wald",
    notes: Iterable[str] = (),
    correction: float = 0.5,
) -> BivariateResults:
    """Fit the normal-normal model of Reitsma et al. by REML, ML or with fixed effects.

    ``y = (logit sens, logit spec) ~ N(X beta, Sigma + S)``,
    ``S = diag(1/TP + 1/FN, 1/FP + 1/TN)``. It is here because reviewers compare with
    ``mada::reitsma`` and ``metafor::rma.mv``; the continuity correction and the normal
    approximation bias it where proportions are near 100 %, which the exact model avoids.
    Studies with one margin contribute the logit they have, and rows of a study share their
    study effect.

    Parameters
    ----------
    table : StudyTable
        The rows that the design was built from.
    design : Design
        The model's arrays, from :func:`metadx.models.design.build_design`.
    formulas : tuple of str
        Formulas of sensitivity and specificity, for the record.
    method : {"reml", "ml", "fixed"}
        Restricted or full maximum likelihood, or no between-study variance.
    zero_cell : {"single", "all", "none"}
        Which studies get the correction; ``"all"`` is what R mada does.
    level : float
        Nominal coverage of the intervals.
    interval : {"wald", "wald_t"}
        Normal quantile, or Student t with k - 2 degrees of freedom.
    notes : iterable of str
        Warnings that arose before the fit.
    correction : float
        Added to every cell of the studies that are corrected.

    Returns
    -------
    BivariateResults
        ``method`` names the method. ``llf`` is the log density of the logits, without
        binomial coefficients: it cannot be compared with an exact fit, nor a REML one with
        that of other covariates. For REML it leaves out ``1/2 log|X'X|`` (metafor has it:
        ``+ log k`` without covariates); R mada adds the Jacobian of the logits,
        ``- sum log(p (1 - p))`` over the corrected proportions, to either. With fixed effects
        nothing is searched, so that ``maxima`` is empty and ``llf`` not applicable.

    Raises
    ------
    ModelError
        If there is nothing to pool, a cell is 0 under ``zero_cell="none"``, or the studies
        are too few for the covariates or the variance groups.
    OptionError
        If an option has none of its values.

    References
    ----------
    Reitsma et al. 2005, J Clin Epidemiol, doi:10.1016/j.jclinepi.2005.02.022.
    """
    if method not in METHODS:
        raise OptionError(f"method is {method!r}; it is one of {', '.join(METHODS)}")
    counts, corrected = correct_zero_cells(design.counts, zero_cell, correction)
    _refuse_zero_cells(table, design, counts)
    run = _Approximate(table, design, formulas, counts, method, level, interval)
    texts = [*notes]
    if corrected.any():
        zero = int(has_zero_cell(design.counts).sum())
        texts.append(
            f"{correction:g} was added to the cells of {int(corrected.sum())} of "
            f"{len(corrected)} rows ({zero} with a zero cell, policy {zero_cell!r}); this "
            "pulls the estimates towards 50%, which the exact model does not"
        )
    return run.run(texts)


def _refuse_zero_cells(table: StudyTable, design: Design, counts: FloatArray) -> None:
    broken = has_zero_cell(counts)
    if broken.any():
        labels = [table.labels[i] for i in design.order[broken]]
        raise ModelError(
            f"{table.name}: the approximate model needs a continuity correction for the zero "
            f"cells of {', '.join(labels)}; use zero_cell='single' or 'all', or the exact model"
        )


class _Approximate:
    """One approximate fit: a joint model of both margins, or each margin by itself."""

    def __init__(
        self,
        table: StudyTable,
        design: Design,
        formulas: tuple[str, str],
        counts: FloatArray,
        method: str,
        level: float,
        interval: str,
    ) -> None:
        self.table, self.design, self.formulas, self.counts = table, design, formulas, counts
        self.method, self.level, self.interval = method, level, interval
        self.margins = [m.describe(design, j, level) for j in (0, 1)]
        self.study = np.repeat(np.arange(design.start.size - 1), np.diff(design.start))
        # Studies, not rows, carry the random effects.
        self.studies = [np.unique(self.study[design.counts[:, at] > 0]) for at in (1, 3)]
        self.k_complete = int(np.intersect1d(self.studies[0], self.studies[1]).size)

    def run(self, texts: list[str]) -> BivariateResults:
        sizes = [known.size for known in self.studies]
        if not any(sizes):
            raise ModelError(f"{self.table.name}: no study reports sensitivity or specificity")
        if not self.design.intercept_only:
            self._refuse_few()
        elif min(sizes) < 2:
            return self._by_margin(texts)
        return self._joint(texts)

    def _refuse_few(self) -> None:
        """Refuse coefficients and variances that the studies do not determine."""
        name = self.table.name
        for j, margin in enumerate(MARGINS):
            known = self.design.counts[:, 2 * j + 1] > 0
            if not known.any():
                raise ModelError(
                    f"{name}: no study reports {margin}, so a model with covariates has "
                    "nothing to relate it to"
                )
            columns = self.design.columns[j][known]
            if np.linalg.matrix_rank(columns) < columns.shape[1]:
                raise ModelError(
                    f"{name}: the studies with {margin} do not determine its coefficients "
                    f"{', '.join(self.design.names[j])}; leave a covariate out"
                )
            if self.method == "fixed":
                continue
            if known.sum() <= columns.shape[1]:
                raise ModelError(
                    f"{name}: {known.sum()} rows with {margin} leave nothing to estimate the "
                    f"heterogeneity from after {columns.shape[1]} coefficients"
                )
            for g, group in enumerate(self.design.group_names):
                if np.unique(self.study[known & (self.design.group == g)]).size < 2:
                    raise ModelError(
                        f"{name}: group {group!r} has fewer than two studies with {margin}, "
                        "so it has no variance of its own; use common variances"
                    )

    def _joint(self, texts: list[str]) -> BivariateResults:
        groups = 3 * np.arange(len(self.design.group_names))
        path = "bivariate"
        if self.method == "fixed":
            path, free = "fixed_effect", np.zeros(0, dtype=np.int64)
        elif self.k_complete < COMPLETE_FOR_CORRELATION:
            path = "independent_margins"
            free = np.sort(np.concatenate([groups, groups + 2]))
        else:
            free = np.arange(3 * len(self.design.group_names))
        maximum = self._search(self.design, self.counts, free)
        joint = Joint(maximum.theta, maximum.covariance(), maximum.free)
        if self.design.intercept_only:
            self._describe_point(joint, path)
        else:
            reason = NotApplicable(COVARIATES)
            state = "not_applicable" if path == "fixed_effect" else "estimated"
            for j in (0, 1):
                self.margins[j] = replace(
                    self.margins[j], path=path, estimate=reason, tau=reason, heterogeneity=state
                )
        self._say(maximum, path, texts)
        return self._results(path, (maximum,) if free.size else (), joint, texts)

    def _describe_point(self, joint: Joint, path: str) -> None:
        k = self.design.start.size - 1
        point = SummaryPoint(joint.theta, joint.cov, k, self.level, self.interval)
        own = "univariate" if path == "independent_margins" else path
        # A tau of 0.001 logits has a standard error on the log scale beyond any exponent.
        with np.errstate(over="ignore"):
            pairs = (
                (point.sensitivity, point.tau_sensitivity),
                (point.specificity, point.tau_specificity),
            )
        for j, (estimate, tau) in enumerate(pairs):
            self.margins[j] = self._pooled(j, estimate, tau, own)

    def _pooled(
        self, j: int, estimate: Estimate, tau: Estimate | NotApplicable, path: str
    ) -> m.Margin:
        state, reason = "estimated" if isinstance(tau, Estimate) else "zero", ""
        if isinstance(tau, Estimate) and not np.isfinite(tau.high):
            tau = NotApplicable(HARDLY_ANY)
        if path == "fixed_effect":
            state, reason, tau = "not_applicable", NO_VARIANCE, NotApplicable(NO_VARIANCE)
        return replace(
            self.margins[j], path=path, estimate=estimate, tau=tau, heterogeneity=state,
            reason=reason,
        )  # fmt: skip

    def _by_margin(self, texts: list[str]) -> BivariateResults:
        found: list[Maximum] = []
        for j, known in enumerate(self.studies):
            if known.size == 0:
                continue
            if known.size == 1:
                self.margins[j] = m.single_study(self.margins[j])
                continue
            own = m.margin_design(self.design, j)
            random = self.method != "fixed"
            maximum = self._search_margin(own, self._margin_counts(j), random)
            with np.errstate(over="ignore"):
                estimate, tau = m.univariate_estimate(own, maximum, self.level, self.interval)
            path = "univariate" if random else "fixed_effect"
            self.margins[j] = self._pooled(j, estimate, tau, path)
            if maximum.record.at_boundary:
                texts.append(
                    f"{self.margins[j].name}: the between-study variance is 0, its boundary"
                )
            if random:
                found.append(maximum)
        paths = [margin.path for margin in self.margins]
        name = paths[0] if paths[0] == paths[1] else "+".join(p for p in paths if p != "none")
        return self._results(name, tuple(found), None, texts)

    def _margin_counts(self, j: int) -> FloatArray:
        known = self.design.counts[:, 2 * j + 1] > 0
        counts = np.zeros((int(known.sum()), 4))
        counts[:, :2] = self.counts[known, 2 * j : 2 * j + 2]
        return counts

    def _search_margin(self, own: Design, counts: FloatArray, random: bool) -> Maximum:
        """Fit one margin; the empty second one has a coefficient of 0 that is not free."""
        alone = replace(own, columns=(own.columns[0], own.columns[1][:, :0]))
        maximum = self._search(alone, counts, np.arange(1 if random else 0))
        p = own.columns[0].shape[1]
        size = own.n_parameters
        keep = np.delete(np.arange(size), p)
        theta, hessian = np.zeros(size), np.zeros((size, size))
        theta[keep] = maximum.theta
        hessian[np.ix_(keep, keep)] = maximum.hessian
        return replace(maximum, theta=theta, hessian=hessian, free=keep[maximum.free])

    def _search(self, design: Design, counts: FloatArray, free: IntArray) -> Maximum:
        data = normal_data(design, counts, restricted=self.method == "reml")
        return search_normal(design, data, free)

    def _say(self, maximum: Maximum, path: str, texts: list[str]) -> None:
        if maximum.record.at_boundary:
            texts.append(boundary_sentence(maximum.record.at_boundary, maximum.theta))
        if path == "bivariate" and self.k_complete < COMPLETE_TO_TRUST:
            texts.append(
                f"{self.k_complete} studies report both sensitivity and specificity, too few "
                "for a correlation; the exact model takes the margins as independent there"
            )
        if not maximum.converged:
            texts.append(
                f"the search ended with {maximum.record.status!r} at a score of "
                f"{maximum.record.gradient_norm:.1e}"
            )

    def _results(
        self, path: str, found: tuple[Maximum, ...], joint: Joint | None, texts: list[str]
    ) -> BivariateResults:
        delta.quantile(self.level)
        return BivariateResults(
            table=self.table,
            design=self.design,
            formulas=self.formulas,
            model_path=path,
            margins={margin.name: margin for margin in self.margins},
            maxima=found,
            joint=joint,
            k_complete=self.k_complete,
            level=self.level,
            interval=self.interval,
            warnings=tuple(texts),
            method=self.method,
        )
