"""The exact bivariate binomial-normal model, with the ladder for few or sparse studies."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from metadx.errors import BoundaryWarning, MetadxWarning, ModelError, SparseDataWarning
from metadx.estimate import NotApplicable
from metadx.models import margins as m
from metadx.models.design import MARGINS, Design, build_design
from metadx.models.results import BivariateResults, Joint
from metadx.models.search import Maximum, search
from metadx.models.strata import one_stratum, with_counts
from metadx.models.summary_point import SummaryPoint
from metadx.tables import StudyTable

#: Complete studies from which a correlation is estimated (Takwoingi et al. 2017, Stat Methods
#: Med, doi:10.1177/0962280215592269: with fewer the bivariate model rarely converges to it).
COMPLETE_FOR_CORRELATION: Final = 4


class BivariateModel:
    """Bivariate random-effects model of sensitivity and specificity, exact likelihood.

    ``TP ~ Binomial(n1, expit(eta_1))``, ``TN ~ Binomial(n0, expit(eta_2))``,
    ``eta = X beta + u``, ``u ~ N(0, Sigma)``, by maximum likelihood with adaptive
    Gauss-Hermite quadrature. Studies with one margin contribute the integral they have.

    Parameters
    ----------
    table : StudyTable
        Studies; rows with ``pool`` = no are left out. Where the table holds several strata
        the one with the most studies is taken, and a warning says so: sensitivity among all
        fractures and among occult ones are different quantities and are never mixed.
    sens, spec : str
        Formulas of the two margins, for example ``"~ modality + age"``.
    variances : {"common", "by_group"}
        One between-study covariance matrix, or one for each value of `group`.
    group : str, optional
        Column of the groups for ``variances="by_group"``.
    independent_rows : bool
        Allow a study in several rows, each with study effects of its own.
    covariate_column : str, optional
        A column that tells the rows of a study apart although no formula uses it: the null
        model of a comparison of groups.

    References
    ----------
    Chu & Cole 2006, J Clin Epidemiol, doi:10.1016/j.jclinepi.2006.06.011.
    Takwoingi et al. 2017, Stat Methods Med, doi:10.1177/0962280215592269.

    Examples
    --------
    >>> import metadx as mx
    >>> table = mx.StudyTable.from_frame(
    ...     pd.DataFrame({"study": list("abcde"), "tp": [18, 25, 40, 9, 30],
    ...                   "fp": [4, 2, 9, 1, 6], "fn": [2, 5, 6, 3, 4],
    ...                   "tn": [40, 31, 60, 22, 48]}))
    >>> print(mx.BivariateModel(table).fit().sensitivity)
    0.86 (0.79 to 0.91)
    """

    def __init__(
        self,
        table: StudyTable,
        sens: str = "~ 1",
        spec: str = "~ 1",
        variances: str = "common",
        group: str | None = None,
        independent_rows: bool = False,
        covariate_column: str | None = None,
    ) -> None:
        if variances not in ("common", "by_group"):
            raise ModelError(f"variances is {variances!r}; it is 'common' or 'by_group'")
        if variances == "by_group" and group is None:
            raise ModelError("variances='by_group' needs the column of the groups, group=...")
        usable, left_out = with_counts(table.pooled())
        self.table, several = one_stratum(
            usable, f"{sens} {spec} {group or ''} {covariate_column or ''}"
        )
        self._notes = [*left_out, *several]
        self.formulas = (sens, spec)
        own_rows = independent_rows or variances == "by_group"
        self.design = build_design(
            self.table,
            sens,
            spec,
            group if variances == "by_group" else None,
            own_rows,
            may_repeat=covariate_column is not None,
        )

    def fit(
        self, level: float = 0.95, interval: str = "wald", nodes: int | None = None
    ) -> BivariateResults:
        """Fit by maximum likelihood, stepping down the ladder where the data demand it.

        Parameters
        ----------
        level : float
            Nominal coverage of the intervals.
        interval : {"wald", "wald_t"}
            Normal quantile, or Student t with k - 2 degrees of freedom.
        nodes : int, optional
            Quadrature nodes a dimension; None chooses and checks them per study.

        Raises
        ------
        ModelError
            If there is nothing to pool, or a covariate separates the counts perfectly.
        """
        fitted = _Fit(self.table, self.design, self.formulas, level, interval, nodes)
        results = fitted.run(self._notes)
        _warn(results)
        return results


def _warn(results: BivariateResults) -> None:
    for text in results.warnings:
        kind: type[MetadxWarning] = SparseDataWarning
        if "boundary" in text:
            kind = BoundaryWarning
        warnings.warn(text, kind, stacklevel=3)


class _Fit:
    """One walk down the ladder; its methods are the rungs."""

    def __init__(
        self,
        table: StudyTable,
        design: Design,
        formulas: tuple[str, str],
        level: float,
        interval: str,
        nodes: int | None,
    ) -> None:
        self.table, self.design, self.formulas = table, design, formulas
        self.level, self.interval, self.nodes = level, interval, nodes
        self.margins = [m.describe(design, j, level) for j in (0, 1)]
        both = (design.counts[:, 1] > 0) & (design.counts[:, 3] > 0)
        study = np.repeat(np.arange(design.start.size - 1), np.diff(design.start))
        self.k_complete = int(np.unique(study[both]).size)

    def run(self, notes: Iterable[str]) -> BivariateResults:
        texts = list(notes)
        if self.margins[0].k == 0 and self.margins[1].k == 0:
            raise ModelError(f"{self.table.name}: no study reports sensitivity or specificity")
        if not self.design.intercept_only:
            return self._with_covariates(texts)
        random = [self._is_random(j) for j in (0, 1)]
        if all(random) and self.k_complete >= COMPLETE_FOR_CORRELATION:
            return self._bivariate(texts)
        return self._by_margin(random, texts)

    def _is_random(self, j: int) -> bool:
        return self.margins[j].k > 1 and not m.is_perfect(self.design, j)

    def _results(
        self, path: str, found: list[Maximum], joint: Joint | None, texts: list[str]
    ) -> BivariateResults:
        for maximum in found:
            if not maximum.converged:
                texts.append(
                    f"the search ended with {maximum.record.status!r} at a score of "
                    f"{maximum.record.gradient_norm:.1e}"
                )
        return BivariateResults(
            table=self.table,
            design=self.design,
            formulas=self.formulas,
            model_path=path,
            margins={margin.name: margin for margin in self.margins},
            maxima=tuple(found),
            joint=joint,
            k_complete=self.k_complete,
            level=self.level,
            interval=self.interval,
            warnings=tuple(texts),
        )

    def _bivariate(self, texts: list[str]) -> BivariateResults:
        maximum = search(self.design, nodes=self.nodes)
        joint = Joint(maximum.theta, maximum.covariance(), maximum.free)
        k = self.design.start.size - 1
        point = SummaryPoint(joint.theta, joint.cov, k, self.level, self.interval)
        pairs = (
            (point.sensitivity, point.tau_sensitivity),
            (point.specificity, point.tau_specificity),
        )
        for j, (estimate, tau) in enumerate(pairs):
            self.margins[j] = m.judge(self.design, self.margins[j], estimate, tau, "bivariate")
        if maximum.record.at_boundary:
            texts.append(boundary_sentence(maximum.record.at_boundary, joint.theta))
        self._say_what_is_missing(texts)
        return self._results("bivariate", [maximum], joint, texts)

    def _by_margin(self, random: list[bool], texts: list[str]) -> BivariateResults:
        found: list[Maximum] = []
        theta, cov = np.zeros(5), np.zeros((5, 5))
        for j in (0, 1):
            margin = self.margins[j]
            if margin.k == 0:
                continue
            if margin.k == 1:
                self.margins[j] = m.single_study(margin)
            elif not random[j]:
                self.margins[j] = m.all_perfect(margin)
            else:
                own, maximum = m.fit_margin(self.design, j, self.nodes)
                found.append(maximum)
                estimate, tau = m.univariate_estimate(own, maximum, self.level, self.interval)
                self.margins[j] = m.judge(self.design, margin, estimate, tau, "univariate")
                self._place(j, maximum, theta, cov)
                if maximum.record.at_boundary:
                    texts.append(f"{margin.name}: the between-study variance is 0, its boundary")
        joint = None
        if all(random):
            joint = Joint(theta, cov, np.flatnonzero(np.diag(cov) > 0))
        self._say_what_is_missing(texts)
        return self._results(self._path_name(), found, joint, texts)

    @staticmethod
    def _place(j: int, maximum: Maximum, theta: np.ndarray, cov: np.ndarray) -> None:
        """Put a univariate fit into the parameters of a summary point with correlation 0."""
        own = maximum.covariance()
        here = np.array([(0, 2), (1, 4)][j])
        there = np.array([0, 2])
        theta[here] = maximum.theta[there]
        cov[np.ix_(here, here)] = own[np.ix_(there, there)]

    def _path_name(self) -> str:
        paths = [margin.path for margin in self.margins]
        if paths == ["univariate", "univariate"]:
            return "independent_margins"
        if paths[0] == paths[1]:
            return paths[0]
        return "+".join(path for path in paths if path != "none")

    def _say_what_is_missing(self, texts: list[str]) -> None:
        for margin in self.margins:
            if margin.heterogeneity == "not_estimable":
                texts.append(f"{margin.name}: {margin.reason}")

    def _with_covariates(self, texts: list[str]) -> BivariateResults:
        for margin in self.margins:
            if margin.k == 0:
                raise ModelError(
                    f"{self.table.name}: no study reports {margin.name}, so a model with "
                    "covariates has nothing to relate it to"
                )
        free = np.arange(self.design.n_parameters)
        path = "bivariate"
        if self.k_complete < COMPLETE_FOR_CORRELATION:
            at = sum(columns.shape[1] for columns in self.design.columns)
            free = np.setdiff1d(free, at + 3 * np.arange(len(self.design.group_names)) + 1)
            path = "independent_margins"
        maximum = search(self.design, free, self.nodes)
        slopes = sum(columns.shape[1] for columns in self.design.columns)
        if np.abs(maximum.theta[:slopes]).max() > 15.0:
            raise ModelError(
                f"{self.table.name}: a level of the covariates has all its studies at 100 % or "
                "0 %, so its coefficient is infinite; merge levels, or pool that level by itself"
            )
        joint = Joint(maximum.theta, maximum.covariance(), maximum.free)
        reason = NotApplicable("the model has covariates; ask for the values at a level, fit.at()")
        for j in range(len(MARGINS)):
            self.margins[j] = replace(
                self.margins[j], path=path, estimate=reason, tau=reason,
                heterogeneity="estimated", reason="",
            )  # fmt: skip
        if maximum.record.at_boundary:
            texts.append(boundary_sentence(maximum.record.at_boundary, joint.theta))
        return self._results(path, [maximum], joint, texts)


def boundary_sentence(at_boundary: tuple[str, ...], theta: np.ndarray) -> str:
    """Say in one sentence which parameters ended on their boundary and what was done."""
    sign = "-1" if theta[-2] < 0 else "1"
    words = {
        "tau_sens": "the between-study variance of sensitivity is 0",
        "tau_spec": "the between-study variance of specificity is 0",
        "rho": f"the between-study correlation is {sign}",
    }
    said = " and ".join(words[name] for name in at_boundary)
    return (
        f"{said}, at its boundary: the other parameters and their standard errors are those of "
        "the model with that value fixed"
    )
