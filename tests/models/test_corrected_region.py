"""The corrected region of Ito & Sugasawa: against their program, loops, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from reference_values import table
from scipy.stats import chi2, f
from study_tables import simulate, table_of

from metadx.errors import OptionError, SparseDataWarning
from metadx.estimate import NotApplicable
from metadx.models import BivariateModel
from metadx.models.corrected_region import corrected_region
from metadx.sroc import confidence_region, prediction_region

pytestmark = pytest.mark.filterwarnings("ignore::metadx.errors.MetadxWarning")

#: Computed with the authors' program (repository sshonosuke/CCR-BMA, file CCR-BMA-function.R,
#: run under R 4.2.2) on (logit sensitivity, logit specificity) with 0.5 added to every cell
#: where a set has a zero: between-study covariance, centre, covariance of the centre, h.
PROGRAM = {
    "auditc": ((2.80448773697, -0.91323838067, 0.450017882443), (2.26511957343, 1.26623906068),
               (0.220536361125, -0.0652588385256, 0.0334680880821), 0.403659982379),
    "dementia_csf": ((0.269509230836, -0.217343300466, 0.530618397398),
                     (1.23586976998, 0.600300284069),
                     (0.037280698381, -0.0156904201035, 0.0464074866369), 0.709618487921),
    "skin_tests": ((1.94279989225, -0.757996133178, 1.92131134067),
                   (-1.05189590304, 3.46729260485),
                   (0.257311794635, -0.0766327736259, 0.224783281136), 0.456269212064),
    "dementia_mmse": ((1.07254591324, -0.76880373962, 1.63472923621),
                      (1.34323715092, 2.10135745388),
                      (0.0361576909586, -0.0231956188545, 0.0529135473868), 0.173425671711),
}  # fmt: skip


def normal_fit(name: str):
    return BivariateModel(table(name)).fit("reml", zero_cell="all")


@pytest.mark.parametrize("name", PROGRAM)
def test_the_authors_program(name: str) -> None:
    psi, centre, cov, h = PROGRAM[name]
    found = corrected_region(normal_fit(name), zero_cell="all")
    upper = np.triu_indices(2)
    assert found.between_study_cov[upper] == pytest.approx(psi, rel=1e-10)
    assert found.centre == pytest.approx(centre, rel=1e-10)
    assert found.cov[upper] == pytest.approx(cov, rel=1e-10)
    # One trace of theirs has another order of its factors; see the notes of the function.
    assert found.correction == pytest.approx(h, rel=1e-4)
    assert found.radius**2 == pytest.approx(chi2.ppf(0.95, 2) * (1 + h), rel=1e-4)


def test_the_correction_by_loops() -> None:
    found = corrected_region(normal_fit("skin_tests"), zero_cell="all")
    counts = normal_fit("skin_tests").design.counts
    spreads = [found.between_study_cov + np.diag([
        1 / c[0] + 1 / (c[1] - c[0]), 1 / c[2] + 1 / (c[3] - c[2]),
    ]) for c in counts]  # fmt: skip
    k, v, x, trace = len(spreads), found.cov, chi2.ppf(0.95, 2), np.trace
    first = second = last = 0.0
    for b in spreads:
        for c in spreads:
            inner = np.linalg.inv(c)
            last += trace(v @ inner @ b @ inner @ b @ inner)
            last += trace(inner @ b) * trace(v @ inner @ b @ inner)
            for d in spreads:
                one = v @ inner @ b @ np.linalg.inv(d)
                other = v @ np.linalg.inv(d) @ b @ inner
                first += trace(one @ one) + trace(one) ** 2
                second += trace(one @ other)
    expected = ((x / 16 - 0.75) * first + (x / 16 - 0.25) * second + last) / k**2
    assert found.correction == pytest.approx(expected, rel=1e-12)


def test_with_equal_studies_it_is_the_expansion_of_hotellings_region() -> None:
    """The estimate is then a Wishart matrix, the exact radius an F quantile, equal to 1/k."""
    k = 400
    rng = np.random.default_rng(3)
    # Large equal arms, so that the sampling variances are nearly equal and nearly nothing.
    eta = rng.multivariate_normal([1.0, 1.5], [[0.5, -0.2], [-0.2, 0.6]], k)
    right = np.round(1e6 / (1 + np.exp(-eta))).astype(int)
    rows = np.column_stack([right[:, 0], 10**6 - right[:, 1], 10**6 - right[:, 0], right[:, 1]])
    found = corrected_region(BivariateModel(table_of(rows.tolist())).fit("reml"))
    hotelling = 2 * (k - 1) / (k - 2) * f.ppf(0.95, 2, k - 2)
    x = chi2.ppf(0.95, 2)
    # Both are of order 1/k; what is left is of order 1/k^2.
    assert found.correction == pytest.approx(hotelling / x - 1, rel=0.02)


def test_the_region_is_drawn_for_a_normal_fit_only() -> None:
    fit = normal_fit("auditc")
    outline = confidence_region(fit, radius="ito_sugasawa")
    found = corrected_region(fit)
    logits = np.log(outline / (1 - outline))[["sensitivity", "specificity"]].to_numpy()
    away = logits - found.centre
    distance = np.einsum("ij,jk,ik->i", away, np.linalg.inv(found.cov), away)
    assert distance == pytest.approx(np.full(len(outline), found.radius**2), rel=1e-8)
    exact = BivariateModel(table("auditc")).fit()
    refused = confidence_region(exact, radius="ito_sugasawa")
    assert isinstance(refused, NotApplicable)
    assert "reml" in refused.reason
    with pytest.raises(OptionError, match="ito_sugasawa for a confidence region"):
        prediction_region(fit, radius="ito_sugasawa")


def test_few_or_partial_studies() -> None:
    rows = [(18, 4, 2, 40), (25, 2, 5, 31), (None, 3, None, 20), (9, None, 3, None)]
    short = BivariateModel(table_of(rows)).fit("reml")
    assert isinstance(corrected_region(short), NotApplicable)
    more = BivariateModel(table_of([*rows, (30, 6, 4, 48)])).fit("reml")
    found = corrected_region(more)
    assert found.k == 3
    assert any("more than doubles" in text for text in found.warnings)
    with pytest.warns(SparseDataWarning):
        confidence_region(more, radius="ito_sugasawa")


def test_what_it_is_not_made_for() -> None:
    anti_ccp = BivariateModel(table("anti_ccp"), "~ generation").fit("reml")
    assert isinstance(corrected_region(anti_ccp), NotApplicable)
    fit = normal_fit("auditc")
    with pytest.raises(OptionError, match="between 0 and 1"):
        corrected_region(fit, level=95)
    zero = BivariateModel(table_of([(20, 0, 2, 40), (25, 2, 5, 31), (9, 3, 3, 20)])).fit("reml")
    with pytest.raises(OptionError, match="zero_cell is"):
        corrected_region(zero, zero_cell="none")


@pytest.mark.slow
@pytest.mark.parametrize(("k", "least"), [(5, 0.90), (10, 0.93)])
def test_its_coverage_is_nearer_to_nominal_than_that_of_chi_squared(k: int, least: float) -> None:
    """1,000 tables each; one Monte-Carlo error is 0.7 points near 95 %."""
    truth = np.log([0.8 / 0.2, 0.88 / 0.12])
    inside = np.zeros(2)
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        drawn = simulate(rng, k, 0.8, 0.88, (0.8, 0.9), -0.4, (20, 250))
        found = corrected_region(BivariateModel(drawn).fit("reml"))
        away = found.centre - truth
        distance = away @ np.linalg.inv(found.cov) @ away
        inside += distance < found.radius**2, distance < chi2.ppf(0.95, 2)
    corrected, plain = inside / 1000
    assert least < corrected < 0.97
    assert plain < corrected - 0.05
