"""Likelihood ratios of the draws against ``mada::SummaryPts``, which draws as we do.

mada samples the two pooled logits from the normal distribution of the REML estimates
(Zwinderman & Bossuyt 2008), a million times, and prints mean, median and quantiles.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from reference_values import cases, table

from metadx.decision import accuracy_draws
from metadx.decision.draws import log_likelihood_ratios
from metadx.errors import MetadxWarning
from metadx.models import BivariateModel

#: mada makes half a patient of an arm that nobody is in; here that margin is missing.
OTHER_DATA = ("edge_no_diseased_study",)
CASES = [case for case in cases("mada_summary_points") if case["dataset"] not in OTHER_DATA]
#: 200,000 draws: the error of the ends of a 95 % interval is 0.6 % of the standard deviation of
#: the logarithm, and the largest of these is 0.6. Where mada ends at a boundary its own
#: estimates are good to 2e-3.
RTOL = 8e-3


def test_the_reference_has_not_shrunk():
    assert len(CASES) >= 25


@pytest.mark.parametrize("case", CASES, ids=[case["dataset"] for case in CASES])
def test_quantiles_are_those_of_summary_points(case):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        model = BivariateModel(table(case["dataset"]), independent_rows=True)
        fit = model.fit(method="reml", zero_cell="all")
    draws = accuracy_draws(fit, n=200_000, source="maximum likelihood")
    ratios = np.exp(log_likelihood_ratios(draws.mean))
    for column, name in enumerate(("posLR", "negLR")):
        peer = case[name]
        found = np.quantile(ratios[:, column], [0.025, 0.5, 0.975])
        np.testing.assert_allclose(found, [peer["q025"], peer["median"], peer["q975"]], rtol=RTOL)
        assert ratios[:, column].mean() == pytest.approx(peer["mean"], rel=RTOL)
