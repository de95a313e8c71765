"""Bayesian estimation of the plain bivariate model, without a sampler library."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import expit

from metadx.errors import ModelError, OptionError
from metadx.estimate import Estimate
from metadx.kernels.quadrature import LEVELS
from metadx.models import margins as m
from metadx.models.ascent import climb
from metadx.models.bayes_results import (
    LEAST_EFFECTIVE,
    SHORT,
    BayesianResults,
    Diagnostics,
    interval_shares,
)
from metadx.models.design import MARGINS, Design
from metadx.models.draws import PosteriorDraws
from metadx.models.importance import Plan, Sample, adaptive_sample
from metadx.models.margins import Margin
from metadx.models.mixture import around_mode
from metadx.models.pareto import RELIABLE_SHAPE
from metadx.models.posterior import Target
from metadx.models.prior import Prior
from metadx.tables import StudyTable

DRAWS_A_ROUND: Final = 1024
#: Draws of the last round: the first number, halved while draws times studies exceed MOST_WORK,
#: down to the second. On the reference data sets that puts the Monte-Carlo error of the ends of
#: 95 % intervals below 0.01 (logit scale).
DRAWS, FEWEST_DRAWS, MOST_DRAWS, MOST_WORK = 32768, 4096, 131072, 2**19
#: With fewer complete studies than this the correlation's posterior is hardly its own.
COMPLETE_FOR_CORRELATION: Final = 4
#: With fewer studies than this a margin's tau rests on its prior.
STUDIES_FOR_TAU: Final = 4


def fit_bayes(
    table: StudyTable,
    design: Design,
    prior: Prior | None = None,
    level: float = 0.95,
    seed: int = 1,
    draws: int = 4000,
) -> BayesianResults:
    """Sample the posterior of the bivariate binomial-normal model.

    The study effects are integrated out by quadrature; the two mean logits, the two
    between-study standard deviations and the correlation are sampled by adaptive importance
    sampling. Works from one study on, with studies that are all at 100 %, with partial
    studies, and with one margin only, which then has the posterior of its own two parameters.

    Parameters
    ----------
    table : StudyTable
        The rows of the design.
    design : Design
        Intercepts only, one row a study.
    prior : Prior, optional
        Weakly informative by default, see :class:`metadx.models.prior.Prior`.
    level : float
        Probability in the intervals.
    seed : int
        Seed; the same seed gives the same numbers whatever the number of threads.
    draws : int
        Equal-weight draws to keep for further use. The estimates rest on all weighted draws.

    Returns
    -------
    BayesianResults
        With warnings recorded; the caller shows them.

    Raises
    ------
    ModelError
        If the model has covariates, groups or several rows a study, or nothing to pool.
    OptionError
        If `level`, `seed` or `draws` is out of range.
    """
    begun = time.perf_counter()
    _check(table, design, level, seed, draws)
    chosen = Prior() if prior is None else prior
    target = Target(design, chosen)
    if not target.margins:
        raise ModelError(f"{table.name}: no study reports sensitivity or specificity")
    sample = _sample(target, seed)
    kept = sample.weights > 0.0
    natural, _ = target.natural(sample.x[kept])
    posterior = PosteriorDraws(target.names, natural, sample.weights[kept])
    sizes = np.array(LEVELS)[target.levels]
    diagnostics = Diagnostics(
        pareto_k=sample.pareto_k,
        ess=sample.effective,
        n_draws=len(sample.x),
        n_evaluations=target.evaluations,
        rounds=sample.rounds,
        components=sample.components,
        nodes=(int(sizes.min()), int(sizes.max())),
        seconds=time.perf_counter() - begun,
    )
    found = [_margin(design, j, posterior, level) for j in (0, 1)]
    return BayesianResults(
        table=table,
        design=design,
        prior=chosen,
        margins={margin.name: margin for margin in found},
        posterior=posterior,
        level=level,
        seed=seed,
        n_draws=draws,
        diagnostics=diagnostics,
        warnings=tuple(_warnings(design, found, diagnostics)),
    )


def _check(table: StudyTable, design: Design, level: float, seed: int, draws: int) -> None:
    interval_shares(level)
    if draws < 1 or seed < 0:
        raise OptionError(f"draws is {draws} and seed is {seed}; draws starts at 1, seed at 0")
    if not design.intercept_only or design.counts.shape[0] != design.start.size - 1:
        raise ModelError(
            f"{table.name}: the Bayesian mode knows no covariates, no groups and one row a "
            "study; select one test or group first"
        )


def _sample(target: Target, seed: int) -> Sample:
    mode, _ = climb(target, target.start)
    target.settle(mode)
    mode, covariance = climb(target, mode)
    last = DRAWS
    while last > FEWEST_DRAWS and last * target.design.counts.shape[0] > MOST_WORK:
        last //= 2
    plan = Plan(DRAWS_A_ROUND, last, MOST_DRAWS, LEAST_EFFECTIVE, RELIABLE_SHAPE)
    first = around_mode(mode, covariance)
    return adaptive_sample(target, first, plan, np.random.default_rng(seed))


def _margin(design: Design, j: int, posterior: PosteriorDraws, level: float) -> Margin:
    margin = m.describe(design, j, level)
    if margin.k == 0:
        return margin
    short, shares = SHORT[MARGINS[j]], interval_shares(level)
    low, middle, high = expit(posterior.quantiles(posterior[f"mu_{short}"], shares)).tolist()
    tau = posterior.quantiles(posterior[f"tau_{short}"], shares).tolist()
    return replace(
        margin,
        path="bivariate" if posterior.both else "univariate",
        estimate=Estimate(middle, low, high, level, "posterior"),
        tau=Estimate(tau[1], tau[0], tau[2], level, "posterior"),
        heterogeneity="estimated",
    )


def _warnings(design: Design, found: list[Margin], diagnostics: Diagnostics) -> list[str]:
    """Say where the sample or the data fall short, one sentence each."""
    texts = []
    if not diagnostics.reliable:
        texts.append(
            f"the importance sample is not reliable: Pareto k is {diagnostics.pareto_k:.2f} "
            f"(below {RELIABLE_SHAPE:g} is reliable) with {diagnostics.ess:,.0f} effective draws "
            f"({LEAST_EFFECTIVE:,.0f} are wanted); check these intervals by another program"
        )
    for j, margin in enumerate(found):
        if margin.k and m.is_perfect(design, j):
            side = "100%" if margin.study_low == 1.0 else "0%"
            texts.append(
                f"{margin.name}: every study is at {side}, so that the far end of its interval "
                "rests on the prior of the mean"
            )
        if 0 < margin.k < STUDIES_FOR_TAU:
            texts.append(
                f"{margin.name}: the between-study standard deviation rests mainly on its prior, "
                f"with {margin.k} {'study' if margin.k == 1 else 'studies'}"
            )
    complete = int((design.counts[:, 1::2] > 0).all(axis=1).sum())
    if all(margin.k for margin in found) and complete < COMPLETE_FOR_CORRELATION:
        texts.append(
            "the correlation of the logits rests mainly on its prior, with "
            f"{complete} {'study that reports' if complete == 1 else 'studies that report'} both "
            "margins"
        )
    return texts


def prior_sensitivity(
    fit: BayesianResults, factors: tuple[float, ...] = (0.5, 2.0)
) -> pd.DataFrame:
    """Refit with narrower and wider priors and lay the answers side by side.

    Parameters
    ----------
    fit : BayesianResults
        A fit.
    factors : tuple of float
        By which the standard deviations of the means' and then of tau's prior are multiplied,
        one after the other.

    Returns
    -------
    DataFrame
        A row a prior, the fit's own first: median, low and high of sensitivity, specificity
        (probability) and their between-study sds (logit); Pareto k and the prior in words.
    """
    priors = {"as stated": fit.prior}
    priors |= {f"sd of the means x {f:g}": fit.prior.scaled(mu=f) for f in factors}
    priors |= {f"scale of tau x {f:g}": fit.prior.scaled(tau=f) for f in factors}
    rows = []
    for label, prior in priors.items():
        other = fit
        if prior is not fit.prior:
            other = fit_bayes(fit.table, fit.design, prior, fit.level, fit.seed, fit.n_draws)
        row = {"prior": label, **_headline(other), "pareto_k": other.diagnostics.pareto_k}
        rows.append(row | {"text": "; ".join(other.prior_sentences)})
    return pd.DataFrame(rows).set_index("prior")


def _headline(fit: BayesianResults) -> dict[str, float | None]:
    row: dict[str, float | None] = {}
    for name in ("sensitivity", "specificity", "tau_sensitivity", "tau_specificity"):
        value = getattr(fit, name)
        for end in ("value", "low", "high"):
            label = name if end == "value" else f"{name}_{end}"
            row[label] = getattr(value, end) if isinstance(value, Estimate) else None
    return row
