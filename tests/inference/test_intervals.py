"""Profile-likelihood and bootstrap intervals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from reference_values import table
from scipy.optimize import brentq
from scipy.special import expit
from study_tables import fit, table_of

from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.inference import bootstrap, profile
from metadx.inference.bootstrap import simulate
from metadx.inference.profile import calibrated_drop, drop
from metadx.models.search import climb

#: The ends are found to 1e-7 in the log-likelihood; its slope there is of order one.
END = 2e-5


def brute_force_end(result, index: int, side: float) -> float:
    """Where the likelihood maximised over everything else has fallen far enough."""
    maximum = result.maxima[0]
    others = np.setdiff1d(np.arange(maximum.theta.size), [index])

    def excess(value: float) -> float:
        theta = maximum.theta.copy()
        theta[index] = value
        theta[4] = max(theta[4], 0.2)
        best = max(climb(result.design, start, others).loglik
                   for start in (theta, maximum.theta * (np.arange(5) != index)
                                 + value * (np.arange(5) == index)))  # fmt: skip
        return best - maximum.loglik + drop(0.95, result.k)

    centre = maximum.theta[index]
    return float(brentq(excess, centre, centre + side * 3.0, xtol=1e-7))


@pytest.mark.parametrize("dataset", ["dementia_csf", "auditc", "telomerase", "sim_boundary_k8"])
@pytest.mark.parametrize(("name", "index"), [("sensitivity", 0), ("specificity", 1)])
def test_profile_of_the_means_is_the_brute_force_profile(
    dataset: str, name: str, index: int
) -> None:
    result = fit(table(dataset))
    found = profile(result, name)
    assert isinstance(found, Estimate)
    assert found.method == "profile"
    assert found.value == getattr(result, name).value
    assert found.low == pytest.approx(expit(brute_force_end(result, index, -1.0)), abs=END)
    assert found.high == pytest.approx(expit(brute_force_end(result, index, 1.0)), abs=END)


SURFACE = [
    "lr_positive", "lr_negative", "dor", "auc", "partial_auc", "tau_sensitivity",
    "tau_specificity", "correlation", "Lambda",
]  # fmt: skip


@pytest.mark.parametrize("name", SURFACE)
def test_the_likelihood_at_an_end_is_the_target(name: str) -> None:
    """No point with a smaller fall may lie outside: checked on random points of the surface."""
    result = fit(table("auditc"))
    found = profile(result, name)
    assert isinstance(found, Estimate)
    assert found.low < found.value < found.high
    from metadx.models import quantities
    from metadx.models.search import Likelihood

    chosen = quantities.quantity(name, result.observed_fpr)
    maximum = result.maxima[0]
    likelihood = Likelihood(result.design, maximum.levels)
    root = np.linalg.cholesky(maximum.covariance())
    rng = np.random.default_rng(5)
    for _ in range(150):
        direction = root @ rng.standard_normal(5)
        theta = maximum.theta + direction * rng.uniform(0.2, 1.5)
        if maximum.loglik - likelihood(theta)[0] < drop(0.95, result.k):
            value = chosen.back(chosen.function(theta))
            assert found.low - 1e-4 <= value <= found.high + 1e-4


def test_a_standard_deviation_at_zero_has_a_one_sided_interval() -> None:
    result = fit(table("edge_tiny_n"))
    found = profile(result, "tau_sensitivity")
    assert isinstance(found, Estimate)
    assert found.value == found.low == 0.0
    assert 0.5 < found.high < 5.0
    assert isinstance(profile(result, "correlation"), NotApplicable)
    assert isinstance(profile(result, "auc"), NotApplicable)


def test_a_correlation_at_its_bound_keeps_that_end() -> None:
    found = profile(fit(table("telomerase")), "correlation")
    assert isinstance(found, Estimate)
    assert found.low == -1.0
    assert -0.9 < found.high < 0.0


def test_the_f_profile_is_wider_than_the_chi_squared_one() -> None:
    result = fit(table("dementia_csf"))
    narrow, wide = profile(result, "sensitivity"), profile(result, "sensitivity", kind="f")
    assert wide.low < narrow.low < narrow.high < wide.high


def test_margins_on_their_own_have_intervals_too() -> None:
    rows = [(18, 2, 3, 30), (25, 3, 2, 41), (30, None, 6, None), (12, None, 1, None)]
    result = fit(table_of(rows))
    assert result.model_path == "independent_margins"
    for interval in (
        profile(result, "sensitivity"),
        bootstrap(result, 300).interval("sensitivity"),
    ):
        assert isinstance(interval, Estimate)
        assert interval.low < result.sensitivity.value < interval.high
    assert isinstance(profile(result, "lr_positive"), NotApplicable)


def test_unknown_names_and_levels_are_refused() -> None:
    result = fit(table("dementia_csf"))
    with pytest.raises(OptionError, match="quantity"):
        profile(result, "sens")
    with pytest.raises(OptionError, match="level"):
        profile(result, "sensitivity", level=1.5)
    with pytest.raises(OptionError, match="at least one"):
        bootstrap(result, 0)


def test_bootstrap_centres_on_the_fit_and_spreads_like_it() -> None:
    result = fit(table("sim_k100"))
    found = bootstrap(result, 2000, seed=3)
    assert found.n_diverging == 0
    wald, replicated = result.sensitivity, found.interval("sensitivity")
    # With 100 studies both intervals are close; 2,000 replicates leave an error of some per cent.
    assert replicated.low == pytest.approx(wald.low, abs=0.006)
    assert replicated.high == pytest.approx(wald.high, abs=0.006)
    spread = found.thetas[:, :2].std(axis=0)
    assert spread == pytest.approx(np.sqrt(np.diag(result.mean_logit_cov)), rel=0.08)
    assert found.interval("auc").low < result.auc.value < found.interval("auc").high


def test_same_seed_same_replicates_other_seed_others() -> None:
    result = fit(table("dementia_csf"))
    first, again, other = (bootstrap(result, 60, seed=s).thetas for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_replicates_do_not_depend_on_the_number_of_threads() -> None:
    program = (
        "import json, warnings; warnings.simplefilter('ignore');"
        "import pandas as pd; from metadx import BivariateModel, StudyTable;"
        "from metadx.inference import bootstrap;"
        "d = pd.DataFrame({'study': list('abcdef'), 'tp': [18, 25, 40, 9, 30, 11],"
        " 'fp': [4, 2, 9, 1, 6, 8], 'fn': [2, 9, 6, 3, 4, 1], 'tn': [40, 31, 60, 22, 48, 30]});"
        "fit = BivariateModel(StudyTable.from_frame(d)).fit();"
        "print(json.dumps(bootstrap(fit, 40).thetas.tolist()))"
    )
    outputs = []
    for threads in ("1", "2"):
        environment = {**os.environ, "NUMBA_NUM_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        outputs.append(json.loads(done.stdout))
    assert outputs[0] == outputs[1]


def test_replicates_of_a_bounded_correlation_stay_in_range() -> None:
    found = bootstrap(fit(table("telomerase")), 200)
    interval = found.interval("correlation")
    assert -1.0 <= interval.low <= interval.high <= 1.0
    assert (found.thetas[:, 4] >= 0).all()


@pytest.mark.parametrize("dataset", ["auditc", "sim_k30", "skin_tests", "telomerase"])
def test_the_nodes_of_the_refits_are_enough(dataset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    result = fit(table(dataset))
    module = sys.modules["metadx.inference.bootstrap"]
    found = {}
    for nodes in (module.NODES, 32):
        monkeypatch.setattr(module, "NODES", nodes)
        found[nodes] = bootstrap(result, 300, seed=1).thetas[:, :2]
    few, many = found.values()
    shift = np.abs(few - many) / many.std(axis=0)
    assert np.median(shift) < 0.001
    assert np.quantile(shift, 0.99) < 0.05


@pytest.mark.parametrize("name", ["sensitivity", "specificity"])
def test_the_calibrated_profile_is_seeded_and_wider_with_few_studies(name: str) -> None:
    result = fit(table("skin_tests"))
    found = profile(result, name, kind="bootstrap", n=400, seed=3)
    assert found == profile(result, name, kind="bootstrap", n=400, seed=3)
    assert found.method == "profile_bootstrap"
    plain = profile(result, name)
    assert found.low < plain.low < plain.high < found.high


def test_with_many_studies_the_calibrated_fall_is_that_of_chi_squared() -> None:
    result = fit(table("sim_k100"))
    fall = calibrated_drop(result.design, result.maxima[0], 0, 0.95, n=600)
    # The quantile of 600 draws has a standard error of 0.13 here.
    assert fall == pytest.approx(drop(0.95, 100), abs=0.4)


def test_the_calibrated_fall_by_single_fits() -> None:
    """Each replicate fitted by the ordinary search, with and without the mean held."""
    result = fit(table("skin_tests"))
    design, maximum = result.design, result.maxima[0]
    counts = simulate(design, maximum, 40, np.random.default_rng(5))
    falls = []
    for one in counts:
        own = replace(design, counts=np.ascontiguousarray(one))
        top = climb(own, maximum.theta, np.arange(5)).loglik
        held = climb(own, maximum.theta, np.array([0, 2, 3, 4])).loglik
        falls.append(top - held)
    fall = calibrated_drop(design, maximum, 1, 0.8, n=40, seed=5)
    # Eight nodes in the refits, as many as needed in the search.
    assert fall == pytest.approx(np.quantile(np.maximum(falls, 0.0), 0.8), rel=0.01)


def test_a_margin_by_itself_is_calibrated_as_well() -> None:
    result = fit(table_of([(18, None, 2, None), (25, None, 5, None), (14, None, 9, None)]))
    found = profile(result, "sensitivity", kind="bootstrap", n=300)
    assert isinstance(found, Estimate)
    assert found.low < found.value < found.high


def test_what_the_calibration_is_not_made_for() -> None:
    result = fit(table("skin_tests"))
    assert isinstance(profile(result, "dor", kind="bootstrap"), NotApplicable)
    with pytest.raises(OptionError, match="chi2, f, bootstrap"):
        profile(result, "dor", kind="t")
    with pytest.raises(OptionError, match="at least one"):
        profile(result, "sensitivity", kind="bootstrap", n=0)
