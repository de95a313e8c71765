"""The slow tier: every sparse table gets an answer, and larger samples of the quick checks.

Run with ``pytest -m slow``. Coverage of intervals is measured elsewhere; here the question is
whether anything goes wrong at all.
"""

from __future__ import annotations

import json
import warnings
from collections import Counter

import brute_force
import numpy as np
import pytest
from study_tables import fit as quiet_fit
from study_tables import simulate, swapped

from metadx.errors import MetadxWarning
from metadx.estimate import Estimate
from metadx.models import BivariateModel
from metadx.models.design import build_design
from metadx.models.search import search

pytestmark = pytest.mark.slow

TABLES = 1000
PATHS = {"bivariate", "independent_margins", "fixed_effect", "univariate+fixed_effect",
         "fixed_effect+univariate"}  # fmt: skip


@pytest.mark.parametrize("k", [3, 5, 8, 15])
def test_every_sparse_table_is_answered(k):
    """Arms of 8 to 40, true sensitivity and specificity 0.97: METHODS' hardest setting."""
    paths = Counter()
    for seed in range(TABLES):
        table = simulate(np.random.default_rng([20260, k, seed]), k)
        with warnings.catch_warnings():
            # Any other warning, of numpy above all, is an error.
            warnings.simplefilter("ignore", MetadxWarning)
            fit = BivariateModel(table).fit()
            assert json.dumps(fit.to_dict(), allow_nan=False)
            # The text shows the posterior beside few studies, which takes 0.1 s a table.
            text = fit.summary() if seed % 25 == 0 else ""
        paths[fit.model_path] += 1
        assert fit.model_path in PATHS, seed
        assert "nan" not in text.lower(), seed
        bounded = all(m.heterogeneity != "not_estimable" for m in fit.margins.values())
        assert fit.converged or not bounded, seed
        for margin in fit.margins.values():
            if isinstance(margin.estimate, Estimate):
                found = margin.estimate
                assert 0.0 <= found.low <= found.value <= found.high <= 1.0, seed
            else:
                assert margin.reason, seed
            assert isinstance(margin.fixed_effect, Estimate), seed
    assert sum(paths.values()) == TABLES
    assert (paths["bivariate"] == 0) == (k < 4)


SETTINGS = [
    {"sens": 0.97, "spec": 0.97},
    {"sens": 0.9, "spec": 0.95, "tau": (0.5, 0.5), "rho": -0.9},
    {"sens": 0.8, "spec": 0.9, "tau": (0.2, 1.0), "rho": 0.0},
    {"sens": 0.85, "spec": 0.97, "tau": (1.5, 1.5), "rho": 0.6},
    {"sens": 0.9, "spec": 0.9, "tau": (0.3, 0.3), "rho": -0.5},
]


@pytest.mark.parametrize("k", [4, 5, 8, 15])
@pytest.mark.parametrize("setting", range(len(SETTINGS)))
def test_boundary_flags_against_brute_force(setting, k):
    for seed in range(25):
        rng = np.random.default_rng([5, setting, k, seed])
        design = build_design(simulate(rng, k, **SETTINGS[setting]))
        y, n = design.counts[:, 0::2], design.counts[:, 1::2]
        if not ((y < n).any(axis=0) & (y > 0).any(axis=0)).all():
            continue  # a perfect margin: the ladder answers, not the search
        found, tried = search(design), brute_force.profile(design)
        assert found.loglik == pytest.approx(tried.top, abs=1e-5), seed
        if tried.is_clear:
            assert found.record.at_boundary == tried.flag, seed


@pytest.mark.parametrize("k", [2, 3, 5, 10, 30])
def test_exchanging_the_margins_in_many_tables(k):
    for seed in range(200):
        table = simulate(np.random.default_rng([8, k, seed]), k, 0.9, 0.95)
        one, other = quiet_fit(table), quiet_fit(swapped(table))
        for ours, theirs in (("sensitivity", "specificity"), ("specificity", "sensitivity")):
            a, b = getattr(one, ours), getattr(other, theirs)
            assert type(a) is type(b), seed
            if isinstance(a, Estimate):
                assert (a.value, a.low, a.high) == pytest.approx((b.value, b.low, b.high), abs=1e-4)


@pytest.mark.parametrize("k", [100, 1000])
def test_the_estimates_find_the_truth_in_large_tables(k):
    """Consistency: the standardised errors of 40 tables look standard normal."""
    z = []
    for seed in range(40):
        table = simulate(np.random.default_rng([3, k, seed]), k, 0.85, 0.9, (0.8, 1.0), -0.4,
                         (30, 200))  # fmt: skip
        fit = quiet_fit(table)
        truth = np.log([0.85 / 0.15, 0.9 / 0.1])
        z.append((fit.mean_logit - truth) / np.sqrt(np.diag(fit.mean_logit_cov)))
    z = np.array(z)
    # 40 draws: the mean has a standard error of 0.16, the sd one of 0.11.
    assert np.abs(z.mean(axis=0)).max() < 0.5
    assert ((z.std(axis=0) > 0.65) & (z.std(axis=0) < 1.35)).all()
