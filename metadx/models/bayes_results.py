"""What a Bayesian fit returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, log_expit

from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.models.design import Design
from metadx.models.draws import PosteriorDraws
from metadx.models.margins import Margin
from metadx.models.pareto import RELIABLE_SHAPE
from metadx.models.prior import Prior
from metadx.models.summary_point import HSROC, SummaryPoint
from metadx.tables import StudyTable

if TYPE_CHECKING:
    from metadx.decision.posttest import PosttestResult

FloatArray = NDArray[np.float64]
T = TypeVar("T")

#: Effective draws below which a result carries a warning. With 2,000 the Monte-Carlo standard
#: error of a posterior mean is at most 2.3 % and of a 95 % interval's end 6 % of the posterior
#: standard deviation.
LEAST_EFFECTIVE: Final = 2000.0
SHORT: Final = {"sensitivity": "sens", "specificity": "spec"}


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """How good the importance sample is.

    Attributes
    ----------
    pareto_k : float
        Shape of the tail of the weights; reliable below 0.7 (Vehtari et al. 2024, J Mach
        Learn Res 25(72)).
    ess : float
        Kish's effective number of draws.
    n_draws : int
        Weighted draws behind the posterior.
    n_evaluations : int
        Evaluations of the likelihood, search for the mode included.
    rounds : int
        Proposals drawn from.
    components : int
        Student t components of the last proposal.
    nodes : tuple of int
        Smallest and largest number of quadrature nodes a dimension over the studies.
    seconds : float
        Wall time.
    """

    pareto_k: float
    ess: float
    n_draws: int
    n_evaluations: int
    rounds: int
    components: int
    nodes: tuple[int, int]
    seconds: float

    @property
    def reliable(self) -> bool:
        """Whether Pareto k is below 0.7 and there are enough effective draws."""
        return self.pareto_k < RELIABLE_SHAPE and self.ess >= LEAST_EFFECTIVE


@dataclass(frozen=True)
class BayesianResults:
    """Posterior of a bivariate model; nothing on it changes after the fit.

    Every estimate is a posterior median with an equal-tailed interval, method
    ``"posterior"``. The median of a transformed quantity is the transformed median, so that
    sensitivity and its logit, LR+ and its logarithm tell the same story; ``mean_logit`` and
    ``params`` hold posterior means.

    Attributes
    ----------
    table : StudyTable
        The rows that were pooled.
    design : Design
        The model's arrays.
    prior : Prior
        The prior.
    margins : dict
        ``"sensitivity"`` and ``"specificity"``, each a Margin.
    posterior : PosteriorDraws
        All weighted draws, which every estimate rests on.
    level : float
        Probability in the intervals.
    seed : int
        Seed of the draws.
    n_draws : int
        Rows of :attr:`draws`.
    diagnostics : Diagnostics
        Pareto k, effective sample size, work.
    warnings : tuple of str
        What a reader has to know, one sentence each.
    """

    table: StudyTable
    design: Design
    prior: Prior
    margins: Mapping[str, Margin]
    posterior: PosteriorDraws
    level: float
    seed: int
    n_draws: int
    diagnostics: Diagnostics
    warnings: tuple[str, ...]
    method: str = "bayes"
    interval: str = "posterior"
    formulas: tuple[str, str] = ("~ 1", "~ 1")
    at_boundary: tuple[str, ...] = ()

    @property
    def k(self) -> int:
        """Number of studies."""
        return int(self.design.counts.shape[0])

    @property
    def k_complete(self) -> int:
        """Studies that report both margins."""
        return int((self.design.counts[:, 1::2] > 0).all(axis=1).sum())

    @property
    def k_sens_only(self) -> int:
        """Studies that report sensitivity only."""
        return int((self.design.counts[:, 3] == 0).sum())

    @property
    def k_spec_only(self) -> int:
        """Studies that report specificity only."""
        return int((self.design.counts[:, 1] == 0).sum())

    @property
    def n_diseased(self) -> int:
        """Units with the target condition."""
        return int(self.design.counts[:, 1].sum())

    @property
    def n_nondiseased(self) -> int:
        """Units without the target condition."""
        return int(self.design.counts[:, 3].sum())

    @property
    def model_path(self) -> str:
        """``"bivariate"``, or ``"univariate"`` where the studies report one margin only."""
        return "bivariate" if self.posterior.both else "univariate"

    @property
    def model_sentence(self) -> str:
        """The model in one sentence."""
        return (
            f"{self.model_path} random-effects model, exact binomial likelihood, Bayesian: "
            "posterior medians with equal-tailed intervals"
        )

    @property
    def prior_sentences(self) -> list[str]:
        """The prior of the parameters of this fit, in words."""
        present = tuple(j for j, margin in enumerate(self.margins.values()) if margin.k)
        return self.prior.sentences(present)

    @property
    def converged(self) -> bool:
        """Whether the importance sample's diagnostics are good."""
        return self.diagnostics.reliable

    @property
    def n_parameters(self) -> int:
        """Number of parameters with a posterior."""
        return len(self.posterior.names)

    # The parameters, labelled.

    @property
    def params(self) -> pd.Series:
        """Posterior means of mean logits, between-study sds (logit) and correlation."""
        names = list(self.posterior.names)
        return pd.Series(self.posterior.moments()[0], index=names, name="mean")

    @property
    def bse(self) -> pd.Series:
        """Posterior standard deviations of the parameters."""
        cov = self.cov_params()
        return pd.Series(np.sqrt(np.diag(cov)), index=cov.index, name="sd")

    def cov_params(self) -> pd.DataFrame:
        """Posterior covariance of the parameters."""
        names = list(self.posterior.names)
        return pd.DataFrame(self.posterior.moments()[1], names, names)

    def conf_int(self, level: float | None = None) -> pd.DataFrame:
        """Equal-tailed posterior intervals of the parameters."""
        shares = interval_shares(self.level if level is None else level)
        posterior = self.posterior
        ends = {name: posterior.quantiles(posterior[name], shares) for name in posterior.names}
        rows = {name: (low, high) for name, (low, _, high) in ends.items()}
        return pd.DataFrame.from_dict(rows, orient="index", columns=["low", "high"])

    # Estimates.

    def _estimate(
        self, values: FloatArray, back: Callable[[FloatArray], FloatArray] | None = None
    ) -> Estimate:
        """Median and equal tails of a quantity, carried back from its own scale."""
        ends = self.posterior.quantiles(values, interval_shares(self.level))
        low, middle, high = (ends if back is None else back(ends)).tolist()
        return Estimate(middle, low, high, self.level, "posterior")

    def _of_both(self, function: Callable[[PosteriorDraws], T]) -> T | NotApplicable:
        """Apply a function of both margins, or say which margin is missing."""
        for margin in self.margins.values():
            if margin.k == 0:
                return NotApplicable(margin.reason)
        return function(self.posterior)

    @property
    def sensitivity(self) -> Estimate | NotApplicable:
        """Sensitivity at the mean logit (probability)."""
        return self.margins["sensitivity"].estimate

    @property
    def specificity(self) -> Estimate | NotApplicable:
        """Specificity at the mean logit (probability)."""
        return self.margins["specificity"].estimate

    @property
    def tau_sensitivity(self) -> Estimate | NotApplicable:
        """Between-study standard deviation of logit sensitivity."""
        return self.margins["sensitivity"].tau

    @property
    def tau_specificity(self) -> Estimate | NotApplicable:
        """Between-study standard deviation of logit specificity."""
        return self.margins["specificity"].tau

    @cached_property
    def rho(self) -> Estimate | NotApplicable:
        """Between-study correlation of the two logits."""
        return self._of_both(lambda p: self._estimate(p["rho"]))

    @property
    def correlation(self) -> float | NotApplicable:
        """Posterior median of the between-study correlation."""
        return self.rho.value if isinstance(self.rho, Estimate) else self.rho

    @cached_property
    def lr_positive(self) -> Estimate | NotApplicable:
        """Positive likelihood ratio, ``sensitivity / (1 - specificity)``."""
        return self._of_both(
            lambda p: self._estimate(log_expit(p["mu_sens"]) - log_expit(-p["mu_spec"]), np.exp)
        )

    @cached_property
    def lr_negative(self) -> Estimate | NotApplicable:
        """Negative likelihood ratio, ``(1 - sensitivity) / specificity``."""
        return self._of_both(
            lambda p: self._estimate(log_expit(-p["mu_sens"]) - log_expit(p["mu_spec"]), np.exp)
        )

    @cached_property
    def dor(self) -> Estimate | NotApplicable:
        """Diagnostic odds ratio, ``exp(logit sens + logit spec)``."""
        return self._of_both(lambda p: self._estimate(p["mu_sens"] + p["mu_spec"], np.exp))

    @cached_property
    def prediction_sensitivity(self) -> Estimate | NotApplicable:
        """Interval for the sensitivity of a new study; the value is the pooled one."""
        return self._prediction("sensitivity")

    @cached_property
    def prediction_specificity(self) -> Estimate | NotApplicable:
        """Interval for the specificity of a new study; the value is the pooled one."""
        return self._prediction("specificity")

    def _prediction(self, name: str) -> Estimate | NotApplicable:
        estimate = self.margins[name].estimate
        if isinstance(estimate, NotApplicable):
            return estimate
        tails = interval_shares(self.level)[[0, 2]].tolist()
        low, high = (self.posterior.predictive_quantile(SHORT[name], share) for share in tails)
        ends = float(expit(low)), float(expit(high))
        return Estimate(estimate.value, *ends, self.level, "posterior_predictive")

    @property
    def mean_logit(self) -> FloatArray | NotApplicable:
        """Posterior mean of (logit sensitivity, logit specificity), shape (2,)."""
        return self._of_both(lambda p: p.moments()[0][:2])

    @property
    def mean_logit_cov(self) -> FloatArray | NotApplicable:
        """Posterior covariance of the mean logits, shape (2, 2)."""
        return self._of_both(lambda p: p.moments()[1][:2, :2])

    @property
    def between_study_cov(self) -> FloatArray | NotApplicable:
        """Posterior mean of the between-study covariance, shape (2, 2).

        Added to ``mean_logit_cov`` it is the covariance of a new study's logits.
        """
        return self._of_both(PosteriorDraws.between_study_cov)

    @cached_property
    def point(self) -> SummaryPoint | NotApplicable:
        """Means and covariances as a summary point, for curves and regions.

        Its own intervals are normal approximations; the posterior's are on this result.
        """
        return self._of_both(self._summary_point)

    def _summary_point(self, posterior: PosteriorDraws) -> SummaryPoint:
        factor = np.linalg.cholesky(posterior.between_study_cov())
        psi = np.concatenate([posterior.moments()[0][:2], factor[[0, 1, 1], [0, 0, 1]]])
        mu1, mu2, tau1, tau2, rho = posterior.parameters.T
        kernel = np.column_stack([mu1, mu2, tau1, tau2 * rho, tau2 * np.sqrt(1.0 - rho * rho)])
        cov = replace(posterior, parameters=kernel).moments()[1]
        return SummaryPoint(psi, cov, self.k, self.level)

    @cached_property
    def hsroc(self) -> HSROC | NotApplicable:
        """Parameters of the HSROC model."""
        return self._of_both(
            lambda p: HSROC(**{name: self._estimate(v) for name, v in p.hsroc().items()})
        )

    @cached_property
    def auc(self) -> Estimate | NotApplicable:
        """Area under the SROC curve over all false-positive rates."""
        return self._of_both(lambda p: self._estimate(p.area(0.0, 1.0)))

    @cached_property
    def observed_fpr(self) -> tuple[float, float] | NotApplicable:
        """Smallest and largest false-positive rate of the studies (probability)."""
        margin = self.margins["specificity"]
        if margin.study_low is None or margin.study_high is None:
            return NotApplicable(margin.reason)
        return 1.0 - margin.study_high, 1.0 - margin.study_low

    @cached_property
    def partial_auc(self) -> Estimate | NotApplicable:
        """Mean height of the SROC curve over the observed false-positive rates."""
        if isinstance(self.observed_fpr, NotApplicable):
            return self.observed_fpr
        low, high = self.observed_fpr
        if not high > low:
            return NotApplicable("the studies have one false-positive rate only")
        return self._of_both(lambda p: self._estimate(p.area(low, high)))

    @cached_property
    def _resampled(self) -> pd.DataFrame:
        return self.posterior.resample(self.n_draws, np.random.default_rng([self.seed, 1]))

    @property
    def draws(self) -> pd.DataFrame:
        """Draws of equal weight: parameters, accuracy at the mean and in a new study.

        Columns mu_sens, mu_spec (logit), tau_sens, tau_spec (logit sd), rho, sensitivity,
        new_sensitivity, specificity, new_specificity (probability), as far as the studies
        report both margins. Same seed, same draws.
        """
        return self._resampled.copy()

    def posterior_table(self) -> pd.DataFrame:
        """Mean, sd, quantiles and Monte-Carlo error of every parameter.

        The error of the mean is that of as many independent draws as the effective number;
        the Sobol points make the actual error smaller, about a quarter.
        """
        shares = np.array([0.025, 0.25, 0.5, 0.75, 0.975])
        mean, cov = self.posterior.moments()
        table = pd.DataFrame({"mean": mean, "sd": np.sqrt(np.diag(cov))})
        rows = [self.posterior.quantiles(self.posterior[n], shares) for n in self.posterior.names]
        for share, column in zip(shares, np.array(rows).T, strict=True):
            table[f"q{100 * share:g}"] = column
        table["mcse"] = table["sd"] / np.sqrt(self.diagnostics.ess)
        return table.set_axis(list(self.posterior.names), axis=0)

    def prior_sensitivity(self, factors: tuple[float, ...] = (0.5, 2.0)) -> pd.DataFrame:
        """Refit with narrower and wider priors, see ``metadx.models.bayes.prior_sensitivity``."""
        from metadx.models.bayes import prior_sensitivity

        return prior_sensitivity(self, factors)

    def to_arviz(self) -> Any:
        """Return the equal-weight draws as ArviZ's InferenceData, one chain.

        Raises
        ------
        OptionError
            If ArviZ is not installed.
        """
        try:
            arviz = import_module("arviz")
        except ImportError as error:
            raise OptionError(
                "ArviZ is not installed, and only this export needs it: pip install arviz"
            ) from error
        frame = self.draws
        posterior = {str(name): frame[name].to_numpy()[None, :] for name in frame}
        if int(arviz.__version__.split(".")[0]) >= 1:
            return arviz.from_dict({"posterior": posterior})
        return arviz.from_dict(posterior=posterior)

    def posttest(self, pretest: Any, **options: Any) -> PosttestResult:
        """Post-test probabilities at a pretest probability, see `metadx.decision.posttest`."""
        from metadx.decision.posttest import posttest

        return posttest(self, pretest, **options)

    def summary(self) -> str:
        """Return the results as text: estimates, prior, diagnostics, notes."""
        from metadx.models.bayes_text import summary_text

        return summary_text(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the results as a JSON-ready dictionary; what does not apply is None."""
        from metadx.models.bayes_text import as_dictionary

        return as_dictionary(self)

    def __str__(self) -> str:
        return self.summary()


def interval_shares(level: float) -> FloatArray:
    """Lower, middle and upper share of the draws of an equal-tailed interval."""
    if not 0.0 < level < 1.0:
        raise OptionError(f"level is {level}; it has to lie between 0 and 1, for example 0.95")
    return np.array([0.5 - 0.5 * level, 0.5, 0.5 + 0.5 * level])
