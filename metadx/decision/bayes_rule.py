"""Bayes' rule on the logit scale, where it is an addition."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from metadx.decision.draws import log_likelihood_ratios

FloatArray = NDArray[np.float64]

#: Columns of a post-test probability.
POSITIVE, NEGATIVE = 0, 1


def posttest_probability(pretest: FloatArray, logits: FloatArray) -> FloatArray:
    """Probability of the condition after a positive and after a negative result.

    Parameters
    ----------
    pretest : ndarray, broadcast against the leading shape of `logits`
        Pretest probability.
    logits : ndarray of shape (..., 2)
        Logit sensitivity and logit specificity.

    Returns
    -------
    ndarray of shape (..., 2)
        After a positive result, after a negative result (probability).

    Notes
    -----
    ``logit post = logit pre + ln LR``, which equals
    ``sens p / (sens p + (1 - spec) (1 - p))`` after a positive result and
    ``(1 - sens) p / ((1 - sens) p + spec (1 - p))`` after a negative one.
    """
    before = logit(np.asarray(pretest, dtype=float))[..., None]
    return np.asarray(expit(before + log_likelihood_ratios(logits)))
