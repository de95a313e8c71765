"""Draws of a test's accuracy: what every decision rests on, instead of bare points."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit

from metadx.errors import ModelError, OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.models import BivariateResults
from metadx.models.bayes_results import BayesianResults
from metadx.models.design import MARGINS
from metadx.models.summary_point import L11, L21, L22, MU1, MU2
from metadx.tables import StudyTable

FloatArray = NDArray[np.float64]

SOURCES: Final = ("posterior", "maximum likelihood")
#: With fewer studies of a margin than this the draws are those of the posterior unless asked
#: otherwise: intervals of maximum likelihood cover too little there (docs/coverage.md).
FEW_STUDIES: Final = 10
#: The Monte-Carlo error of a 95 % interval's end is then 2.7 % of the standard deviation.
N_DRAWS: Final = 10_000
#: Likelihoods whose posterior is that of the same model.
EXACT: Final = ("exact", "laplace")
#: Columns of the draws.
SENSITIVITY, SPECIFICITY = 0, 1


@dataclass(frozen=True)
class AccuracyDraws:
    """Draws of equal weight of one test's accuracy, both margins of a row belonging together.

    Attributes
    ----------
    mean : ndarray of shape (n, 2)
        Logit sensitivity and logit specificity of the average hospital: uncertainty of the
        pooled means. A margin that no study reports is NaN throughout, see
        :attr:`has_sensitivity`.
    new_setting : ndarray of shape (n, 2)
        The same for a new hospital: between-study variation and correlation added.
    point : ndarray of shape (2,)
        Logits of the summary point: maximum-likelihood estimates or posterior medians.
    source : str
        ``"posterior"`` or ``"maximum likelihood"``.
    stratum : str
        Identifier of the stratum, or the name of the table.
    k : tuple of int
        Studies that report sensitivity, and specificity.
    level : float
        Nominal coverage of the fit, the default of intervals made from the draws.
    seed : int
        Seed of the draws.
    model : str
        The model in one sentence, prior included.
    warnings : tuple of str
        What a reader has to know, one sentence each.
    table : StudyTable
        The rows that were pooled.
    """

    mean: FloatArray
    new_setting: FloatArray
    point: FloatArray
    source: str
    stratum: str
    k: tuple[int, int]
    level: float
    seed: int
    model: str
    warnings: tuple[str, ...]
    table: StudyTable

    def __len__(self) -> int:
        return len(self.mean)

    @property
    def has_sensitivity(self) -> bool:
        """Whether a study reports sensitivity."""
        return self.k[0] > 0

    @property
    def has_specificity(self) -> bool:
        """Whether a study reports specificity."""
        return self.k[1] > 0

    @property
    def missing(self) -> NotApplicable | None:
        """Which margin no study reports, or None where both are there."""
        for name, k in zip(MARGINS, self.k, strict=True):
            if k == 0:
                return NotApplicable(f"no study of {self.stratum} reports {name}")
        return None

    def need_both(self, what: str) -> None:
        """Raise an error where a margin is missing.

        Parameters
        ----------
        what : str
            What cannot be computed then, for the message.

        Raises
        ------
        ModelError
            If no study reports sensitivity, or none specificity.
        """
        if self.missing is not None:
            raise ModelError(f"{what} needs both margins: {self.missing.reason}")

    def probabilities(self, new_setting: bool = False) -> FloatArray:
        """Sensitivity and specificity of every draw (probability), shape (n, 2)."""
        return np.asarray(expit(self.new_setting if new_setting else self.mean))

    def margin(self, name: str) -> Estimate | NotApplicable:
        """Return a margin at the summary point with the interval of its mean (probability)."""
        column = MARGINS.index(name)
        if self.k[column] == 0:
            return NotApplicable(f"no study of {self.stratum} reports {name}")
        values = expit(self.mean[:, column])
        return interval_of(float(expit(self.point[column])), values, self.level, self.source)


def interval_of(value: float, draws: FloatArray, level: float, source: str) -> Estimate:
    """Make an estimate of a value and the equal tails of its draws.

    Parameters
    ----------
    value : float
        At the summary point.
    draws : ndarray of shape (n,)
        On the scale of `value`.
    level : float
        Share of the draws between the ends.
    source : str
        Source of the draws, recorded as the method: ``"posterior"`` or ``"simulation"``.

    Notes
    -----
    The ends are widened to hold the value where a skewed distribution leaves it outside, so
    that a table never shows a number beside its interval.
    """
    low, high = np.quantile(draws, [0.5 - 0.5 * level, 0.5 + 0.5 * level]).tolist()
    method = "posterior" if source == "posterior" else "simulation"
    return Estimate(value, min(low, value), max(high, value), level, method)


def log_likelihood_ratios(logits: FloatArray) -> FloatArray:
    """Logarithms of LR+ and LR- from logit sensitivity and specificity, shape (..., 2).

    ``ln LR+ = ln sens - ln(1 - spec)``, ``ln LR- = ln(1 - sens) - ln spec``; exact for logits
    far from 0.
    """
    sens, spec = logits[..., SENSITIVITY], logits[..., SPECIFICITY]
    return np.stack(
        [log_expit(sens) - log_expit(-spec), log_expit(-sens) - log_expit(spec)], axis=-1
    )


def accuracy_draws(
    fit: BivariateResults | BayesianResults,
    n: int = N_DRAWS,
    seed: int = 1,
    source: str | None = None,
    at: Mapping[str, Any] | None = None,
) -> AccuracyDraws:
    """Draw sensitivity and specificity of the average and of a new hospital from a fit.

    Parameters
    ----------
    fit : BivariateResults or BayesianResults
        What was fitted.
    n : int
        Number of draws.
    seed : int
        Seed. Different strata, and different tables, have independent draws under the same
        seed.
    source : {"posterior", "maximum likelihood"}, optional
        Where the draws come from. By default the posterior where a margin has fewer than ten
        studies or is not estimable by maximum likelihood, else the sampling distribution of
        the maximum-likelihood estimates.
    at : mapping, optional
        Covariate values of a fit with covariates, as for ``fit.at``.

    Returns
    -------
    AccuracyDraws
        Which says where its draws come from.

    Raises
    ------
    OptionError
        If an option is not allowed.
    ModelError
        If the fit does not support the source.

    Notes
    -----
    Maximum likelihood: the mean logits and the Cholesky factor L of the between-study
    covariance are drawn jointly from a normal with the inverse observed information as
    covariance (Student t with k - 2 degrees of freedom where the fit's intervals are t), so
    that ``Sigma = L L'`` is a covariance in every draw and its uncertainty is carried into
    the new hospital. A parameter on its boundary stays there.
    Posterior: systematic resampling of the weighted draws.
    """
    if n < 2:
        raise OptionError(f"n is {n}; there have to be at least two draws")
    if seed < 0:
        raise OptionError(f"seed is {seed}; it is a whole number from 0 up")
    chosen = _source(fit, source, at)
    stratum = _stratum(fit.table)
    rng = np.random.default_rng([seed, _stream(fit.table, stratum)])
    if chosen == "posterior":
        posterior = fit if isinstance(fit, BayesianResults) else fit.bayesian
        if isinstance(posterior, NotApplicable):
            raise ModelError(f"{stratum}: {posterior.reason}")
        point, mean, factor = _of_posterior(posterior, n, rng)
        model = f"{posterior.model_sentence}; prior: {'; '.join(posterior.prior_sentences)}"
        said = tuple(dict.fromkeys([*_of_the_table(fit), *posterior.warnings]))
    else:
        assert isinstance(fit, BivariateResults)
        point, mean, factor = _of_likelihood(fit, n, rng, at)
        model, said = fit.model_sentence, fit.warnings
    k = tuple(fit.margins[name].k for name in MARGINS)
    noise = rng.standard_normal((n, 2))
    new_setting = mean + np.einsum("nij,nj->ni", factor, noise)
    return AccuracyDraws(
        mean, new_setting, point, chosen, stratum, k,  # type: ignore[arg-type]
        fit.level, seed, model, (*_thin(k), *said), fit.table,
    )  # fmt: skip


def _source(
    fit: BivariateResults | BayesianResults, source: str | None, at: Mapping[str, Any] | None
) -> str:
    """Check the source that was asked for, or choose one."""
    if source is not None and source not in SOURCES:
        raise OptionError(f"source is {source!r}; it is one of {', '.join(SOURCES)}")
    if isinstance(fit, BayesianResults):
        if source == "maximum likelihood":
            raise OptionError("the fit is Bayesian; its draws are those of the posterior")
        return "posterior"
    if not fit.design.intercept_only:
        if source == "posterior":
            raise ModelError("the posterior is computed without covariates")
        if at is None:
            raise ModelError(
                "the model has covariates; say at which values, accuracy_draws(fit, at={...})"
            )
        return "maximum likelihood"
    reason = _not_estimable(fit)
    if source == "maximum likelihood" and reason:
        raise ModelError(
            f"maximum likelihood gives no draws here: {reason}; use source='posterior'"
        )
    if source is not None:
        return source
    few = any(0 < margin.k < FEW_STUDIES for margin in fit.margins.values())
    own = fit.method in EXACT
    return "posterior" if reason or (few and own) else "maximum likelihood"


def _not_estimable(fit: BivariateResults) -> str:
    """Why a margin that studies report has no random-effects estimate, or an empty string."""
    _, _, known = fit.margin_parameters()
    for name, here in zip(MARGINS, known, strict=True):
        margin = fit.margins[name]
        if margin.k and not here:
            return margin.reason or f"{name} is not pooled"
    return ""


def _of_likelihood(
    fit: BivariateResults, n: int, rng: np.random.Generator, at: Mapping[str, Any] | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Summary point, mean logits and factor of Sigma from the estimates' distribution."""
    if fit.design.intercept_only:
        psi, cov, known = fit.margin_parameters()
    else:
        point = fit.at(**dict(at or {}))
        psi, cov, known = point.psi, point.cov, (True, True)
    noise = rng.standard_normal((n, psi.size))
    if fit.interval == "wald_t" and fit.k > 2:
        degrees = fit.k - 2
        noise *= np.sqrt(degrees / rng.chisquare(degrees, size=(n, 1)))
    drawn = psi + noise @ _root(cov)
    factor = np.zeros((n, 2, 2))
    factor[:, 0, 0], factor[:, 1, 0], factor[:, 1, 1] = drawn[:, [L11, L21, L22]].T
    absent = ~np.array(known)
    centre = np.where(absent, np.nan, psi[[MU1, MU2]])
    return centre, np.where(absent, np.nan, drawn[:, [MU1, MU2]]), factor


def _root(cov: FloatArray) -> FloatArray:
    """Symmetric square root of a covariance; singular where parameters are fixed."""
    values, vectors = np.linalg.eigh(cov)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


def _of_posterior(
    fit: BayesianResults, n: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Summary point, mean logits and factor of Sigma from the posterior."""
    frame = fit.posterior.resample(n, rng)
    point, mean, factor = np.full(2, np.nan), np.full((n, 2), np.nan), np.zeros((n, 2, 2))
    for column, short in enumerate(("sens", "spec")):
        if f"mu_{short}" in frame:
            middle = fit.posterior.quantiles(fit.posterior[f"mu_{short}"], np.array([0.5]))
            point[column] = middle[0]
            mean[:, column] = frame[f"mu_{short}"]
            factor[:, column, column] = frame[f"tau_{short}"]
    if fit.posterior.both:
        rho, tau = frame["rho"].to_numpy(), factor[:, 1, 1].copy()
        factor[:, 1, 0], factor[:, 1, 1] = rho * tau, np.sqrt(1.0 - rho * rho) * tau
    return point, mean, factor


def _of_the_table(fit: BivariateResults | BayesianResults) -> list[str]:
    """What a fit says of the rows it took; what it says of its estimates is the posterior's."""
    about = ("sensitivity", "specificity")
    return [text for text in fit.warnings if not text.startswith(about) and "boundary" not in text]


def _thin(k: tuple[int, ...]) -> list[str]:
    """Say which margins rest on one study or on none."""
    found = []
    for name, count in zip(MARGINS, k, strict=True):
        if count == 0:
            found.append(f"No study reports {name}.")
        elif count == 1:
            found.append(f"One study reports {name}.")
    return found


def _stream(table: StudyTable, stratum: str) -> int:
    """Number of the stream of a table's draws.

    A stratum keeps its stream when a study is added, so that the change shows and not the
    chance; tables that have no stratum may share a name, and their content tells them apart.
    """
    own = "" if table.is_stratified else table.sha256
    return zlib.crc32(f"{stratum} {own}".encode())


def _stratum(table: StudyTable) -> str:
    """Identifier of the stratum, or the name of a table that has none."""
    ids = set(table.stratum_ids())
    return ids.pop() if len(ids) == 1 else table.name
