"""What a calculator needs to know of a stratum: likelihood ratios with both intervals."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import expit

from metadx.decision.draws import AccuracyDraws, accuracy_draws, log_likelihood_ratios
from metadx.errors import MetadxError
from metadx.models import BivariateResults
from metadx.report.estimates import Interval

RATIOS: Final = ("lr_positive", "lr_negative")


def calculator(fit: BivariateResults, seed: int) -> tuple[dict[str, Interval], str]:
    """Return likelihood ratios, sensitivity and specificity as the calculators use them.

    An odds after the test is the odds before it times the likelihood ratio, so the ends of
    the ratio's interval give the ends of the post-test probability at every pretest
    probability.

    Parameters
    ----------
    fit : BivariateResults
    seed : int
        Seed of the draws.

    Returns
    -------
    numbers : dict of str to Interval
        ``sensitivity``, ``specificity`` (probability), ``lr_positive``, ``lr_negative``, and
        the ends for a new hospital under ``lr_positive_prediction`` and
        ``lr_negative_prediction``; empty where a margin is missing.
    source : str
        Source of the draws.
    """
    try:
        draws = accuracy_draws(fit, seed=seed)
    except MetadxError:
        return {}, ""
    if draws.missing is not None:
        return {}, ""
    return _intervals(draws), draws.source


def _intervals(draws: AccuracyDraws) -> dict[str, Interval]:
    shares = [0.5 - 0.5 * draws.level, 0.5 + 0.5 * draws.level]
    found = {}
    for j, name in enumerate(("sensitivity", "specificity")):
        low, high = np.quantile(draws.mean[:, j], shares)
        found[name] = _interval(float(draws.point[j]), low, high, expit)
    points = log_likelihood_ratios(draws.point)
    average = log_likelihood_ratios(draws.mean)
    other = log_likelihood_ratios(draws.new_setting)
    for j, name in enumerate(RATIOS):
        low, high = np.quantile(average[:, j], shares)
        found[name] = _interval(float(points[j]), low, high, np.exp)
        low, high = (float(np.exp(end)) for end in np.quantile(other[:, j], shares))
        found[f"{name}_prediction"] = Interval(None, low, high)
    return found


def _interval(value: float, low: float, high: float, scale) -> Interval:  # type: ignore[no-untyped-def]
    ends = (min(low, value), max(high, value))
    return Interval(float(scale(value)), *(float(scale(end)) for end in ends))
