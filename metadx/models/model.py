"""The front door: a table, two formulas, and the methods to fit them."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from metadx.errors import (
    BoundaryWarning,
    MetadxWarning,
    ModelError,
    OptionError,
    SparseDataWarning,
)
from metadx.kernels.quadrature import LEVELS
from metadx.models import delta
from metadx.models.design import build_design
from metadx.models.exact import fit_exact
from metadx.models.measures import ZERO_CELL
from metadx.models.results import BivariateResults
from metadx.models.strata import one_stratum, with_counts
from metadx.models.summary_point import INTERVALS
from metadx.tables import StudyTable

if TYPE_CHECKING:
    from metadx.models.bayes_results import BayesianResults
    from metadx.models.prior import Prior

MOST_NODES: Final = max(LEVELS)
METHODS: Final = ("exact", "laplace", "reml", "ml", "fixed", "bayes")


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
        self,
        method: str = "exact",
        level: float = 0.95,
        interval: str = "wald",
        nodes: int | None = None,
        zero_cell: str = "single",
        prior: Prior | None = None,
        seed: int = 1,
    ) -> BivariateResults | BayesianResults:
        """Fit the model.

        Parameters
        ----------
        method : {"exact", "laplace", "reml", "ml", "fixed", "bayes"}
            Exact maximum likelihood; its Laplace approximation (what lme4 and glmmTMB
            compute); the normal-normal model of Reitsma et al. by REML, ML or with fixed
            effects; or the posterior of the exact model.
        level : float
            Nominal coverage of the intervals.
        interval : {"wald", "wald_t"}
            Normal quantile, or Student t with k - 2 degrees of freedom. Profile and bootstrap
            intervals are made from a fit, :func:`metadx.inference.profile`.
        nodes : int, optional
            Quadrature nodes a dimension for the exact method, up to the next size of rule
            that there is; None chooses and checks them.
        zero_cell : {"single", "all", "none"}
            Continuity correction of the normal-normal models; the exact ones use none.
        prior : Prior, optional
            Prior of the Bayesian method.
        seed : int
            Seed of the Bayesian method.

        Raises
        ------
        ModelError
            If there is nothing to pool, or a covariate separates the counts perfectly.
        OptionError
            If an option has an unknown value.
        """
        if method not in METHODS:
            raise OptionError(f"method is {method!r}; it is one of {', '.join(METHODS)}")
        if interval not in INTERVALS:
            raise OptionError(f"interval is {interval!r}; it is one of {', '.join(INTERVALS)}")
        if zero_cell not in ZERO_CELL:
            raise OptionError(f"zero_cell is {zero_cell!r}; it is one of {', '.join(ZERO_CELL)}")
        if nodes is not None and not 1 <= nodes <= MOST_NODES:
            raise OptionError(f"nodes is {nodes}; it lies between 1 and {MOST_NODES}")
        delta.quantile(level)
        shared = (self.table, self.design, self.formulas)
        results: BivariateResults | BayesianResults
        if method == "bayes":
            from metadx.models.bayes import fit_bayes

            results = fit_bayes(self.table, self.design, prior, level, seed)
            results = replace(results, warnings=(*self._notes, *results.warnings))
        elif method in ("exact", "laplace"):
            nodes = 1 if method == "laplace" else nodes
            results = fit_exact(*shared, level, interval, nodes, self._notes)
        else:
            from metadx.models.approximate import fit_approximate

            results = fit_approximate(*shared, method, zero_cell, level, interval, self._notes)
        _warn(results)
        return results


def _warn(results: BivariateResults | BayesianResults) -> None:
    for text in results.warnings:
        kind: type[MetadxWarning] = SparseDataWarning
        if "boundary" in text:
            kind = BoundaryWarning
        warnings.warn(text, kind, stacklevel=3)
