"""What every fit returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.models import delta
from metadx.models.design import MARGINS, Design, new_rows
from metadx.models.margins import Margin, exact_binomial, fit_margin, univariate_estimate
from metadx.models.search import Maximum, OptimizerRecord
from metadx.models.summary_point import HSROC, SummaryPoint
from metadx.tables import StudyTable

if TYPE_CHECKING:
    from metadx.decision.posttest import PosttestResult
    from metadx.models.bayes_results import BayesianResults

FloatArray = NDArray[np.float64]

SENTENCES: dict[str, str] = {
    "bivariate": "bivariate random-effects model",
    "independent_margins": (
        "two univariate random-effects models, because fewer than four studies report both "
        "sensitivity and specificity"
    ),
    "single_study": "one study: its own proportions with exact intervals, nothing is pooled",
    "fixed_effect": (
        "every study is at 100% or 0%: exact binomial intervals of the summed counts, which "
        "leave differences between studies out of account"
    ),
    "univariate": "univariate random-effects model of the one margin that the studies report",
}

LIKELIHOODS: dict[str, str] = {
    "exact": "exact binomial likelihood",
    "laplace": "exact binomial likelihood in Laplace's approximation",
    "reml": "normal approximation of the logits, REML",
    "ml": "normal approximation of the logits, maximum likelihood",
    "fixed": "normal approximation of the logits, between-study variances fixed at 0",
}

BOUNDARY: dict[str, str] = {
    "tau_sens": "no variance of sensitivity between studies",
    "tau_spec": "no variance of specificity between studies",
    "rho": "a correlation of -1 or 1 between studies",
}


@dataclass(frozen=True)
class Joint:
    """Kernel parameters of both margins with their covariance.

    Attributes
    ----------
    theta : ndarray of shape (p,)
        Coefficients of sensitivity, of specificity (logit scale), then l11, l21, l22 of each
        variance group.
    cov : ndarray of shape (p, p)
        Inverse observed information, zero for fixed parameters.
    free : ndarray of shape (n_free,)
        Parameters that were estimated.
    """

    theta: FloatArray
    cov: FloatArray
    free: NDArray[np.int64]


@dataclass(frozen=True)
class BivariateResults:
    """Results of a bivariate model; nothing on them changes after the fit.

    Attributes
    ----------
    table : StudyTable
        The rows that were pooled.
    design : Design
        The model's arrays.
    formulas : tuple of str
        Formulas of sensitivity and specificity.
    model_path : str
        ``"bivariate"``, ``"independent_margins"``, ``"single_study"``, ``"fixed_effect"``,
        ``"univariate"``, or two of the latter joined by ``+``, sensitivity first.
    margins : dict
        ``"sensitivity"`` and ``"specificity"``, each a Margin.
    maxima : tuple of Maximum
        The maxima behind the results: one, or one for each margin fitted on its own.
    joint : Joint or None
        Parameters of both margins, None where a margin is not a random-effects estimate.
    k_complete : int
        Studies that report both margins.
    level : float
        Nominal coverage of the intervals.
    interval : str
        ``"wald"`` or ``"wald_t"``.
    warnings : tuple of str
        What a reader has to know, one sentence each.
    """

    table: StudyTable
    design: Design
    formulas: tuple[str, str]
    model_path: str
    margins: Mapping[str, Margin]
    maxima: tuple[Maximum, ...]
    joint: Joint | None
    k_complete: int
    level: float
    interval: str
    warnings: tuple[str, ...]
    method: str = "exact"

    @property
    def k(self) -> int:
        """Number of studies."""
        return int(self.design.start.size - 1)

    @property
    def k_sens_only(self) -> int:
        """Studies that report sensitivity only."""
        return self.k - self.k_complete - self.k_spec_only

    @property
    def k_spec_only(self) -> int:
        """Studies that report specificity only."""
        study = np.repeat(np.arange(self.k), np.diff(self.design.start))
        sens = np.bincount(study, self.design.counts[:, 1], self.k) > 0
        return int((~sens).sum())

    @property
    def n_diseased(self) -> int:
        """Units with the target condition."""
        return int(self.design.counts[:, 1].sum())

    @property
    def n_nondiseased(self) -> int:
        """Units without the target condition."""
        return int(self.design.counts[:, 3].sum())

    @property
    def model_sentence(self) -> str:
        """The model in one sentence, boundary included."""
        if self.method == "fixed":
            text = f"fixed-effect model, {LIKELIHOODS['fixed']}"
        elif self.model_path in SENTENCES:
            text = SENTENCES[self.model_path]
            if self.model_path in ("bivariate", "independent_margins", "univariate"):
                text += f", {LIKELIHOODS[self.method]}"
        else:
            parts = [f"{m.name}: {m.path.replace('_', ' ')}" for m in self.margins.values() if m.k]
            text = "each margin by itself (" + "; ".join(parts) + ")"
        if self.at_boundary:
            text += "; at the boundary: " + ", ".join(BOUNDARY[name] for name in self.at_boundary)
        return text

    @property
    def at_boundary(self) -> tuple[str, ...]:
        """Parameters on their boundary, of ``"tau_sens"``, ``"tau_spec"``, ``"rho"``."""
        if len(self.maxima) == 1 and self.model_path in ("bivariate", "independent_margins"):
            return self.maxima[0].record.at_boundary
        own = [name for name in MARGINS if self.margins[name].path == "univariate"]
        short = dict(zip(MARGINS, ("tau_sens", "tau_spec"), strict=True))
        return tuple(
            short[name]
            for name, maximum in zip(own, self.maxima, strict=True)
            if maximum.record.at_boundary
        )

    @property
    def converged(self) -> bool:
        """Whether every search ended at a small score."""
        return all(maximum.converged for maximum in self.maxima)

    @property
    def optimizer(self) -> tuple[OptimizerRecord, ...]:
        """The optimiser's record of each search."""
        return tuple(maximum.record for maximum in self.maxima)

    @property
    def gradient_norm(self) -> float:
        """Largest absolute score at the end of the searches; 0 where nothing was searched."""
        return max((record.gradient_norm for record in self.optimizer), default=0.0)

    @property
    def n_parameters(self) -> int:
        """Number of estimated parameters, those at a boundary included as lme4 counts them."""
        return sum(maximum.n_model for maximum in self.maxima)

    @property
    def llf(self) -> float | NotApplicable:
        """Maximised log-likelihood with the binomial coefficients."""
        if not self.maxima:
            return NotApplicable("no random-effects likelihood was maximised")
        return float(sum(maximum.loglik for maximum in self.maxima))

    @property
    def aic(self) -> float | NotApplicable:
        """Akaike's criterion."""
        return self._criterion(2.0)

    @property
    def bic(self) -> float | NotApplicable:
        """Bayesian information criterion with the number of studies as sample size."""
        return self._criterion(float(np.log(self.k)))

    def _criterion(self, penalty: float) -> float | NotApplicable:
        if isinstance(self.llf, NotApplicable):
            return self.llf
        return penalty * self.n_parameters - 2.0 * self.llf

    # The parameters, labelled.

    @property
    def param_names(self) -> list[str]:
        """Names of the kernel's parameters."""
        names = [
            f"{margin}:{name}"
            for margin, columns in zip(MARGINS, self.design.names, strict=True)
            for name in columns
        ]
        for group in self.design.group_names:
            tail = f"[{group}]" if group else ""
            names += [f"{factor}{tail}" for factor in ("l11", "l21", "l22")]
        return names

    @property
    def params(self) -> pd.Series:
        """Estimates: coefficients on the logit scale, then the Cholesky factor of Sigma."""
        joint = self._need_joint()
        return pd.Series(joint.theta, index=self.param_names, name="estimate")

    @property
    def bse(self) -> pd.Series:
        """Standard errors of the free parameters (those at a boundary are left out)."""
        cov = self.cov_params()
        return pd.Series(np.sqrt(np.diag(cov)), index=cov.index, name="se")

    def cov_params(self) -> pd.DataFrame:
        """Inverse observed information of the free parameters."""
        joint = self._need_joint()
        names = [self.param_names[i] for i in joint.free]
        return pd.DataFrame(joint.cov[np.ix_(joint.free, joint.free)], names, names)

    def conf_int(self, level: float | None = None) -> pd.DataFrame:
        """Wald intervals of the free parameters on their own scale."""
        q = delta.quantile(self.level if level is None else level)
        centre, se = self.params[self.bse.index], self.bse
        return pd.DataFrame({"low": centre - q * se, "high": centre + q * se})

    def _need_joint(self) -> Joint:
        if self.joint is None:
            raise OptionError(
                f"{self.table.name}: there are no joint parameters, the model path is "
                f"{self.model_path}"
            )
        return self.joint

    # The summary point and what follows from it.

    @cached_property
    def point(self) -> SummaryPoint | NotApplicable:
        """The summary point; not applicable with covariates or without two pooled margins."""
        if self.joint is None:
            return NotApplicable(self._why_no_point())
        if not self.design.intercept_only:
            return NotApplicable("the model has covariates; ask at a level, fit.at(...)")
        for margin in self.margins.values():
            if isinstance(margin.estimate, NotApplicable):
                return margin.estimate
        return self._point_at(self._selector(np.array([1.0]), np.array([1.0]), 0))

    def _why_no_point(self) -> str:
        for margin in self.margins.values():
            if margin.path in ("none", "fixed_effect", "single_study"):
                return margin.reason
        return "one of the margins is not pooled"

    def _point_at(self, pick: FloatArray) -> SummaryPoint:
        joint = self._need_joint()
        return SummaryPoint(
            pick @ joint.theta, pick @ joint.cov @ pick.T, self.k, self.level, self.interval
        )

    def _selector(self, x1: FloatArray, x2: FloatArray, group: int) -> FloatArray:
        joint = self._need_joint()
        p1, p2 = (columns.shape[1] for columns in self.design.columns)
        pick = np.zeros((5, joint.theta.size))
        pick[0, :p1] = x1
        pick[1, p1 : p1 + p2] = x2
        at = p1 + p2 + 3 * group
        pick[2:, at : at + 3] = np.eye(3)
        return pick

    def joint_means(self, levels: list[dict[str, Any]]) -> tuple[FloatArray, FloatArray]:
        """Return mean logits at several covariate values with their joint covariance.

        Parameters
        ----------
        levels : list of dict
            Covariate values of each point, as for :meth:`at`.

        Returns
        -------
        means : ndarray of shape (2 * n,)
            Logit sensitivity and logit specificity of the first point, of the second, ...
        cov : ndarray of shape (2 * n, 2 * n)
            Covariance of the estimates.
        """
        joint = self._need_joint()
        p1, p2 = (columns.shape[1] for columns in self.design.columns)
        data = pd.DataFrame(levels)
        rows = [new_rows(spec, data) for spec in self.design.specs]
        pick = np.zeros((2 * len(levels), joint.theta.size))
        pick[0::2, :p1] = rows[0]
        pick[1::2, p1 : p1 + p2] = rows[1]
        return pick @ joint.theta, pick @ joint.cov @ pick.T

    def at(self, **values: Any) -> SummaryPoint:
        """Return the summary point at covariate values.

        Parameters
        ----------
        **values
            One value for each column that the formulas (and the variance group) name.

        Raises
        ------
        OptionError
            If a value is missing or unknown.
        """
        return self._point_at(self.selector(**values))

    def selector(self, **values: Any) -> FloatArray:
        """Return the matrix, (5, p), that maps the parameters to the summary point of `values`.

        Parameters
        ----------
        **values
            As for :meth:`at`.

        Raises
        ------
        OptionError
            If a value is missing or unknown.
        """
        data = pd.DataFrame({name: [value] for name, value in values.items()})
        rows = [new_rows(spec, data)[0] for spec in self.design.specs]
        group = 0
        if len(self.design.group_names) > 1:
            names = self.design.group_names
            found = [names.index(str(value)) for value in values.values() if str(value) in names]
            if not found:
                raise OptionError(f"give the variance group, one of {', '.join(names)}")
            group = found[0]
        return self._selector(rows[0], rows[1], group)

    @property
    def sensitivity(self) -> Estimate | NotApplicable:
        """Pooled sensitivity (probability)."""
        return self.margins["sensitivity"].estimate

    @property
    def specificity(self) -> Estimate | NotApplicable:
        """Pooled specificity (probability)."""
        return self.margins["specificity"].estimate

    def _from_point(self, name: str) -> Any:
        return getattr(self.point, name) if self.point else self.point

    @property
    def lr_positive(self) -> Estimate | NotApplicable:
        """Positive likelihood ratio at the summary point."""
        return self._from_point("lr_positive")  # type: ignore[no-any-return]

    @property
    def lr_negative(self) -> Estimate | NotApplicable:
        """Negative likelihood ratio at the summary point."""
        return self._from_point("lr_negative")  # type: ignore[no-any-return]

    @property
    def dor(self) -> Estimate | NotApplicable:
        """Diagnostic odds ratio at the summary point."""
        return self._from_point("dor")  # type: ignore[no-any-return]

    @property
    def prediction_sensitivity(self) -> Estimate | NotApplicable:
        """Prediction interval for the sensitivity in a new study."""
        return self._prediction("sensitivity")

    @property
    def prediction_specificity(self) -> Estimate | NotApplicable:
        """Prediction interval for the specificity in a new study."""
        return self._prediction("specificity")

    def _prediction(self, name: str) -> Estimate | NotApplicable:
        margin = self.margins[name]
        if isinstance(margin.estimate, NotApplicable):
            return margin.estimate
        if margin.path not in ("bivariate", "univariate"):
            return NotApplicable(margin.reason or "nothing is pooled")
        if margin.k < 3:
            return NotApplicable("a prediction interval needs three studies")
        psi, cov, _ = self.margin_parameters()
        tau2 = float(psi[2] ** 2 if name == "sensitivity" else psi[3] ** 2 + psi[4] ** 2)
        j = MARGINS.index(name)
        q = delta.quantile(self.level, margin.k - 2)
        se = float(np.sqrt(tau2 + cov[j, j]))
        return delta.on_scale(float(psi[j]), se, self.level, "prediction_t", q, "logit")

    def own_maximum(self, name: str) -> Maximum:
        """Return the maximum of a margin whose path is ``"univariate"``."""
        own = [n for n in MARGINS if self.margins[n].path == "univariate"]
        return self.maxima[own.index(name)]

    @property
    def mean_logit(self) -> FloatArray | NotApplicable:
        """Mean (logit sensitivity, logit specificity), shape (2,)."""
        return self._from_point("mean_logit")  # type: ignore[no-any-return]

    @property
    def mean_logit_cov(self) -> FloatArray | NotApplicable:
        """Covariance of the mean logits, shape (2, 2)."""
        return self._from_point("mean_logit_cov")  # type: ignore[no-any-return]

    @property
    def between_study_cov(self) -> FloatArray | NotApplicable:
        """Between-study covariance of the logits, shape (2, 2)."""
        return self._from_point("between_study_cov")  # type: ignore[no-any-return]

    @property
    def correlation(self) -> float | NotApplicable:
        """Between-study correlation of logit sensitivity and logit specificity."""
        cov = self.between_study_cov
        if isinstance(cov, NotApplicable):
            return cov
        if self.model_path == "independent_margins":
            return NotApplicable("the margins were modelled as independent")
        spread = float(np.sqrt(cov[0, 0] * cov[1, 1]))
        if spread == 0.0:
            return NotApplicable("a between-study variance is 0, so there is no correlation")
        return float(np.clip(cov[0, 1] / spread, -1.0, 1.0))

    @property
    def hsroc(self) -> HSROC | NotApplicable:
        """Parameters of the HSROC model."""
        if self.model_path == "independent_margins":
            return NotApplicable("the SROC curve needs the correlation, which is not estimated")
        return self._from_point("hsroc")  # type: ignore[no-any-return]

    @property
    def auc(self) -> Estimate | NotApplicable:
        """Area under the SROC curve over all false-positive rates."""
        return self._from_point("auc") if self.hsroc else self.hsroc  # type: ignore[return-value]

    @cached_property
    def observed_fpr(self) -> tuple[float, float] | NotApplicable:
        """Smallest and largest false-positive rate of the studies (probability)."""
        known = self.design.counts[:, 3] > 0
        if not known.any():
            return NotApplicable("no study reports specificity")
        rate = 1.0 - self.design.counts[known, 2] / self.design.counts[known, 3]
        return float(rate.min()), float(rate.max())

    @property
    def partial_auc(self) -> Estimate | NotApplicable:
        """Mean height of the SROC curve over the observed false-positive rates."""
        if not self.hsroc:
            return self.hsroc  # type: ignore[return-value]
        low, high = self.observed_fpr  # type: ignore[misc]
        return self.point.area(low, high)  # type: ignore[union-attr]

    @cached_property
    def independent(self) -> dict[str, Estimate]:
        """Estimates of two univariate models, to lay beside a bivariate fit at a boundary.

        Takwoingi et al. 2017 (doi:10.1177/0962280215592269) prefer them there; the
        difference shows a reader whether it matters.
        """
        found: dict[str, Estimate] = {}
        if self.method not in ("exact", "laplace") or self.model_path != "bivariate":
            return found
        for j, name in enumerate(MARGINS):
            own, maximum = fit_margin(self.design, j)
            found[name] = univariate_estimate(own, maximum, self.level, self.interval)[0]
        return found

    def margin_parameters(self) -> tuple[FloatArray, FloatArray, tuple[bool, bool]]:
        """Return parameters of a summary point with 0 where a margin is not modelled.

        Returns
        -------
        psi : ndarray of shape (5,)
            As in :class:`SummaryPoint`.
        cov : ndarray of shape (5, 5)
            Covariance of the estimates.
        known : tuple of bool
            Whether sensitivity and specificity have a random-effects estimate that may stand.
        """
        known = tuple(
            margin.path in ("bivariate", "univariate") and isinstance(margin.estimate, Estimate)
            for margin in (self.margins[name] for name in MARGINS)
        )
        if self.joint is not None and self.design.intercept_only:
            return self.joint.theta, self.joint.cov, known  # type: ignore[return-value]
        psi, cov = np.zeros(5), np.zeros((5, 5))
        for name, here in zip(MARGINS, ([0, 2], [1, 4]), strict=True):
            if self.margins[name].path == "univariate":
                maximum = self.own_maximum(name)
                psi[here] = maximum.theta[[0, 2]]
                cov[np.ix_(here, here)] = maximum.covariance()[np.ix_([0, 2], [0, 2])]
        return psi, cov, known  # type: ignore[return-value]

    @cached_property
    def bayesian(self) -> BayesianResults | NotApplicable:
        """Posterior of the same model under the default prior, to lay beside few studies.

        Maximum likelihood alone is not good enough with two to eight studies: where it does
        not bound the heterogeneity, the posterior says what the studies and a stated, weakly
        informative prior say together.
        """
        from metadx.models.bayes import fit_bayes

        if not self.design.intercept_only:
            return NotApplicable("the Bayesian fit is made without covariates")
        if len(self.design.counts) != self.design.start.size - 1:
            return NotApplicable("the Bayesian fit is made with one row a study")
        return fit_bayes(self.table, self.design, level=self.level, seed=1)

    def study_estimates(self) -> pd.DataFrame:
        """Each row's proportions with exact intervals, in the order of the table."""
        rows = []
        counts = np.empty_like(self.design.counts)
        counts[self.design.order] = self.design.counts
        for label, count in zip(self.table.labels, counts, strict=True):
            row: dict[str, Any] = {"study": label}
            for j, name in enumerate(MARGINS):
                y, n = count[2 * j], count[2 * j + 1]
                row[name] = exact_binomial(int(y), int(n), self.level) if n > 0 else None
            rows.append(row)
        return pd.DataFrame(rows)

    def plot_forest(self, ax: Any = None, **options: Any) -> Any:
        """Draw the paired forest plot, :func:`metadx.plot_forest`."""
        from metadx.plots import plot_forest

        return plot_forest(self, ax=ax, **options)

    def plot_sroc(self, ax: Any = None, **options: Any) -> Any:
        """Draw the SROC plot, :func:`metadx.plot_sroc`."""
        from metadx.plots import plot_sroc

        return plot_sroc(self, ax=ax, **options)

    def posttest(self, pretest: Any, **options: Any) -> PosttestResult:
        """Post-test probabilities at a pretest probability, see `metadx.decision.posttest`."""
        from metadx.decision.posttest import posttest

        return posttest(self, pretest, **options)

    def summary(self) -> str:
        """Return the results as text, every number with its interval, its k and its path."""
        from metadx.models.summary_text import summary_text

        return summary_text(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the results as a JSON-ready dictionary; what does not apply is None."""
        from metadx.models.summary_text import as_dictionary

        return as_dictionary(self)

    def __str__(self) -> str:
        return self.summary()
