"""The exact bivariate binomial-normal model, with the ladder for few or sparse studies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from metadx.errors import ModelError
from metadx.estimate import NotApplicable
from metadx.models import margins as m
from metadx.models.design import MARGINS, Design
from metadx.models.results import BivariateResults, Joint
from metadx.models.search import Maximum, search
from metadx.models.summary_point import SummaryPoint
from metadx.tables import StudyTable

#: Complete studies from which a correlation is estimated (Takwoingi et al. 2017, Stat Methods
#: Med, doi:10.1177/0962280215592269: with fewer the bivariate model rarely converges to it).
COMPLETE_FOR_CORRELATION: Final = 4


def fit_exact(
    table: StudyTable,
    design: Design,
    formulas: tuple[str, str],
    level: float = 0.95,
    interval: str = "wald",
    nodes: int | None = None,
    notes: Iterable[str] = (),
) -> BivariateResults:
    """Fit by maximum likelihood, stepping down the ladder where the data demand it.

    Parameters
    ----------
    table : StudyTable
        The pooled rows.
    design : Design
        Their arrays.
    formulas : tuple of str
        Formulas of sensitivity and specificity.
    level : float
        Nominal coverage of the intervals.
    interval : {"wald", "wald_t"}
        Normal quantile, or Student t with k - 2 degrees of freedom.
    nodes : int, optional
        Quadrature nodes a dimension (1 is Laplace); None chooses and checks them per study.
    notes : iterable of str
        Sentences that the results carry on.

    Raises
    ------
    ModelError
        If there is nothing to pool, or a covariate separates the counts perfectly.
    """
    return _Fit(table, design, formulas, level, interval, nodes).run(notes)


#: A fitted logit beyond this is a level at 0 or 100 %: its coefficient has no finite maximum.
SEPARATED: Final = 15.0


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
        self.k_complete = complete_studies(design)

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
            method="exact" if self.nodes != 1 else "laplace",
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
        if _furthest_logit(self.design, maximum.theta) > SEPARATED:
            raise ModelError(
                f"{self.table.name}: a level of the covariates has all its studies at 100% or "
                "0%, so its coefficient is infinite; merge levels, or pool that level by itself"
            )
        joint = Joint(maximum.theta, maximum.covariance(), maximum.free)
        reason = NotApplicable("the model has covariates; ask for the values at a level, fit.at()")
        for j in range(len(MARGINS)):
            self.margins[j] = replace(
                self.margins[j], path=path, estimate=reason, tau=reason,
                heterogeneity="estimated", reason="",
            )  # fmt: skip
        if maximum.record.at_boundary:
            groups = len(self.design.group_names)
            texts.append(boundary_sentence(maximum.record.at_boundary, joint.theta, groups))
        return self._results(path, [maximum], joint, texts)


def _furthest_logit(design: Design, theta: np.ndarray) -> float:
    """Largest linear predictor, in size, of a margin that a row reports.

    A coefficient may be large because its covariate is: that of a year, for example.
    """
    furthest, at = 0.0, 0
    for j, columns in enumerate(design.columns):
        known = design.counts[:, 2 * j + 1] > 0
        eta = columns @ theta[at : at + columns.shape[1]]
        furthest = max(furthest, float(np.abs(eta[known]).max(initial=0.0)))
        at += columns.shape[1]
    return furthest


def complete_studies(design: Design) -> int:
    """Number of studies that report both margins, be it in different rows."""
    if design.start.size - 1 == len(design.counts):
        return int(((design.counts[:, 1] > 0) & (design.counts[:, 3] > 0)).sum())
    study = np.repeat(np.arange(design.start.size - 1), np.diff(design.start))
    seen = [np.bincount(study, design.counts[:, j]) > 0 for j in (1, 3)]
    return int((seen[0] & seen[1]).sum())


def boundary_sentence(at_boundary: tuple[str, ...], theta: np.ndarray, groups: int = 1) -> str:
    """Say in one sentence which parameters ended on their boundary and what was done."""
    correlation = "-1 or 1" if groups > 1 else ("-1" if theta[-2] < 0 else "1")
    words = {
        "tau_sens": "the between-study variance of sensitivity is 0",
        "tau_spec": "the between-study variance of specificity is 0",
        "rho": f"the between-study correlation is {correlation}",
    }
    said = " and ".join(dict.fromkeys(words[name] for name in at_boundary))
    whose, value = ("their", "those values") if " and " in said else ("its", "that value")
    return (
        f"{said}, at {whose} boundary: the other parameters and their standard errors are those of "
        f"the model with {value} fixed"
    )
