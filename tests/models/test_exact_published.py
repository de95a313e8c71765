"""Printed analyses, every number with the place where it is printed."""

from __future__ import annotations

import numpy as np
import pytest
import reference_values as rv
from scipy.special import chdtrc
from study_tables import fit as quiet_fit

from metadx.models import BivariateModel

EXACT = [c for c in rv.cases("published") if c["kind"] == "exact_ml"]


def value_of(fit, name: str) -> float:
    """Return a quantity under the name that published.json gives it."""
    if name.startswith("se_"):
        rest = name.removeprefix("se_")
        if rest in ("mean_sens", "mean_spec"):
            return float(np.sqrt(fit.mean_logit_cov.diagonal())[int(rest == "mean_spec")])
        found = getattr(fit.hsroc, rest)
        return (found.high - found.low) / (2 * 1.959963984540054)
    for tail in ("_low", "_high"):
        if name.endswith(tail):
            return getattr(getattr(fit, name.removesuffix(tail)), tail[1:])
    plain = {
        "logLik": lambda: fit.llf,
        "mean_sens": lambda: fit.mean_logit[0],
        "mean_spec": lambda: fit.mean_logit[1],
        "cov_means": lambda: fit.mean_logit_cov[0, 1],
        "var_sens": lambda: fit.between_study_cov[0, 0],
        "var_spec": lambda: fit.between_study_cov[1, 1],
        "correlation": lambda: fit.correlation,
    }
    if name in plain:
        return plain[name]()
    owner = fit if hasattr(fit, name) else fit.hsroc
    return getattr(owner, name).value


def printed(case):
    return [(name, number["value"], number["half_unit"]) for name, number in case["values"].items()]


def fit_of(case):
    table = rv.table(case["dataset"])
    return quiet_fit(table.select(**case.get("subset", {})), independent_rows=True)


@pytest.mark.parametrize(
    "case", [c for c in EXACT if "metandi" not in c["program"]],
    ids=lambda c: c["dataset"] + "".join(c.get("subset", {}).values()),
)  # fmt: skip
def test_exact_answers_to_the_last_printed_digit(case):
    fit = fit_of(case)
    for name, value, half_unit in printed(case):
        assert value_of(fit, name) == pytest.approx(value, abs=1.001 * half_unit), name


def test_metandi_to_what_its_quadrature_resolves():
    """metandi's log-likelihood is 2.7e-4 below the maximum; its digits are good to 1e-3."""
    (case,) = [c for c in EXACT if "metandi" in c["program"]]
    fit = fit_of(case)
    for name, value, _ in printed(case):
        loose = {"logLik": 4e-4}.get(name, 1e-3 * max(abs(value), 0.5))
        assert value_of(fit, name) == pytest.approx(value, abs=loose), name
    assert fit.llf == pytest.approx(-82.803056, abs=1e-6)  # with enough nodes, same source


def test_generation_of_anti_ccp_as_covariate():
    (case,) = rv.cases("published", kind="covariate")
    number = {name: (value, half) for name, value, half in printed(case)}
    table = rv.table("anti_ccp")
    without = quiet_fit(table)
    formula = "~ C(generation)"
    with_it = quiet_fit(table, sens=formula, spec=formula)
    chi2 = 2 * (with_it.llf - without.llf)
    found = {"logLik_with": with_it.llf, "logLik_without": without.llf, "chi2": chi2,
             "p": chdtrc(2, chi2)}  # fmt: skip
    for name, (value, half_unit) in number.items():
        assert found[name] == pytest.approx(value, abs=1.001 * half_unit), name


def test_random_against_fixed_effects_in_metadta():
    """The likelihood-ratio statistic of all heterogeneity, chi2(3) = 91.40."""
    (case,) = rv.cases("published", kind="heterogeneity")
    fit = quiet_fit(rv.table("dementia_csf"))
    counts = fit.design.counts
    fixed = fit.design.log_binomial_coefficients()
    for y, n in (counts[:, :2].sum(axis=0), counts[:, 2:].sum(axis=0)):
        fixed += y * np.log(y / n) + (n - y) * np.log(1 - y / n)
    statistic = case["values"]["lrt_chi2_random_against_fixed"]["value"]
    # 91.40 comes from metadta's own, not fully converged, log-likelihood.
    assert 2 * (fit.llf - fixed) == pytest.approx(statistic, abs=0.01)


def test_the_laplace_program_dtametatmb():
    (case,) = rv.cases("published", kind="laplace")
    number = {name: value for name, value, _ in printed(case)}
    table = rv.table("anti_ccp")
    fit = BivariateModel(table).fit(nodes=1)
    assert -2 * fit.llf == pytest.approx(number["minus_2_logLik"], abs=0.005)
    # The program stops at a gradient of 1e-3; compared as Laplace programs are, to 1e-3.
    for name in ("mean_sens", "mean_spec", "se_mean_sens", "se_mean_spec"):
        assert value_of(fit, name) == pytest.approx(number[name], rel=1e-3), name
