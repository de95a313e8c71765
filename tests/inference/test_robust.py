from __future__ import annotations

import numpy as np
import pytest
from edge_tables import EDGES, PARTIAL
from reference_values import table
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import binom
from scipy.stats import t as student
from study_tables import fit, table_of

from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.inference import robust
from metadx.inference.robust import RobustFit, robust_fit
from metadx.models.margins import margin_design

USUAL = [(45, 5, 5, 45)] * 4 + [
    (40, 8, 10, 42), (44, 3, 6, 47), (42, 6, 8, 44), (47, 9, 3, 41),
]  # fmt: skip


def test_the_likelihood_of_one_margin_by_plain_integration():
    """One margin: the effect is a scaled t variable, integrated adaptively."""
    design = margin_design(fit(table("dementia_csf")).design, 0)
    mixture = robust._Mixture(design, 4.0, robust.SCALES, robust.NODES)
    theta = np.array([1.3, 0.0, 0.6, 0.0, 0.0])
    wanted = 0.0
    for y, n in design.counts[:, :2]:
        wanted += np.log(
            quad(
                lambda u, y=y, n=n: student.pdf(u, 4) * binom.pmf(y, n, expit(1.3 + 0.6 * u)),
                -60, 60, points=[-5, 0, 5], limit=200,
            )[0]
        )  # fmt: skip
    found = mixture.loglik(theta) + design.log_binomial_coefficients()
    # The quadrature's own error at 16 by 16 nodes, of no consequence for an estimate.
    assert found == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize("name", ["dementia_csf", "sim_boundary_k8"])
def test_nodes_are_enough(name):
    full = fit(table(name))
    at = (full.design, full.maxima[0].theta, np.arange(5), 4.0)
    rough, fine = robust._climb(*at), robust._climb(*at, scales=64, nodes=44)
    assert rough.theta[:2] == pytest.approx(fine.theta[:2], abs=1e-3)
    assert rough.loglik == pytest.approx(fine.loglik, abs=3e-3)


def test_many_degrees_of_freedom_are_the_normal_model():
    full = fit(table("dementia_csf"))
    found = robust_fit(full, degrees=1e5)
    assert found.loglik == pytest.approx(found.loglik_normal, abs=1e-3)
    for mine, theirs in (
        (found.sensitivity, full.sensitivity),
        (found.specificity, full.specificity),
    ):
        assert (mine.value, mine.low, mine.high) == pytest.approx(
            (theirs.value, theirs.low, theirs.high), abs=1e-3
        )


def test_an_outlier_loses_its_weight_and_moves_less():
    clean, dirty = fit(table_of(USUAL)), fit(table_of([*USUAL, (5, 45, 45, 5)]))
    found = robust_fit(dirty)
    assert found.down_weighted == ("S9",) and "S9" in found.summary()
    moved = clean.sensitivity.value - dirty.sensitivity.value
    assert clean.sensitivity.value - found.sensitivity.value < 0.3 * moved
    assert found.loglik > found.loglik_normal + 1.0
    assert isinstance(found.dor, Estimate)


def test_partial_studies_enter():
    found = robust_fit(fit(table_of(PARTIAL)))
    assert isinstance(found, RobustFit) and set(found.weights) == {f"S{i}" for i in range(1, 8)}


def test_one_margin_alone():
    rows = [(18, None, 3, None), (30, None, 9, None), (25, None, 4, None), (40, None, 22, None)]
    found = robust_fit(fit(table_of([*rows, (35, None, 7, None)])))
    assert isinstance(found.sensitivity, Estimate)
    assert isinstance(found.specificity, NotApplicable) and isinstance(found.dor, NotApplicable)
    assert "no study reports specificity" in found.summary()


@pytest.mark.parametrize("name", EDGES)
def test_edges(name):
    found = robust_fit(fit(table_of(EDGES[name])))
    text = found.reason if isinstance(found, NotApplicable) else found.summary()
    assert len(text) > 20 and "nan" not in text


def test_options():
    with pytest.raises(OptionError, match="above 2"):
        robust_fit(fit(table("dementia_csf")), degrees=1.0)
