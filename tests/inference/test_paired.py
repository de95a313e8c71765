"""Two tests in the same patients: against a twin, McNemar, plain pairs, and simulation."""

from __future__ import annotations

import crossed_literal as literal
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from metadx.errors import BoundaryWarning, ModelError
from metadx.estimate import Estimate, NotApplicable
from metadx.inference import LikelihoodRatioTest, compare
from metadx.inference.dependence import covariance
from metadx.inference.paired import PairedComparison, compare_paired
from metadx.tables import StudyTable
from metadx.tables.crossed import CrossedTable

LOGITS, FACTOR, OMEGAS = ((1.5, 2.0), (2.2, 1.2)), (0.6, -0.3, 0.5), (2.5, 1.5)

#: What the fits of the plain comparison warn of is asserted in its own tests.
QUIET = pytest.mark.filterwarnings("ignore::metadx.errors.MetadxWarning")


def crossed(cells: np.ndarray) -> CrossedTable:
    cells = np.asarray(cells, dtype=float)
    k = len(cells)
    empty = np.zeros((k, 2, 2))
    return CrossedTable("t", "A", "B", tuple(f"S{i}" for i in range(k)), cells, empty, empty)


def simulated(k: int, seed: int = 4, **options) -> CrossedTable:
    settings = {"logits": LOGITS, "factor": FACTOR, "omegas": OMEGAS} | options
    return crossed(literal.simulate(np.random.default_rng(seed), k, **settings))


def margins_of(table: CrossedTable) -> CrossedTable:
    right, total = table.margins()
    return CrossedTable("m", "A", "B", table.studies, 0.0 * table.cells, right, total)


def rows_of(table: CrossedTable) -> StudyTable:
    right, total = table.margins()
    rows = [
        [study, test, right[i, 0, t], total[i, 1, t] - right[i, 1, t],
         total[i, 0, t] - right[i, 0, t], right[i, 1, t]]
        for i, study in enumerate(table.studies) for t, test in enumerate("AB")
    ]  # fmt: skip
    return StudyTable.from_frame(
        pd.DataFrame(rows, columns=["study", "test", "tp", "fp", "fn", "tn"]), "rows"
    )


def width(estimate: Estimate) -> float:
    return estimate.high - estimate.low


@pytest.fixture(scope="module")
def found() -> PairedComparison:
    return compare_paired(simulated(12))


def test_the_maximum_is_that_of_the_literal_likelihood() -> None:
    """The twin has the same value there, and less wherever a parameter is moved."""
    table = simulated(3, 2, factor=(1.0, 0.0, 1.0), patients=(15, 40))
    # Three complete studies: no correlation is estimated, and two variances are.
    ours = compare_paired(table)
    assert ours.model_path == "independent_margins"
    theta = ours.fits["both"].theta
    assert theta[5] == 0.0

    def value(theta: np.ndarray) -> float:
        sigma = np.diag(theta[[4, 6]] ** 2)
        return literal.loglik(table, theta[:4].reshape(2, 2), sigma, theta[7:], points=21)

    top = value(theta)
    assert top == pytest.approx(ours.llf, abs=1e-6)
    for i in ours.fits["both"].free:
        for step in (-0.03, 0.03):
            moved = theta.copy()
            moved[i] += step
            assert value(moved) < top


@QUIET
def test_without_cross_tables_it_is_the_comparison_of_paired_rows(found: PairedComparison) -> None:
    plain = compare_paired(margins_of(found.table))
    theirs = compare(rows_of(found.table), "test")
    (pair,) = theirs.pairs  # b against a
    difference = plain.contrasts["sensitivity"].difference
    assert plain.llf == pytest.approx(theirs.fits["both"].llf, abs=1e-5)
    assert -difference.value == pytest.approx(pair.sens_difference.value, abs=1e-6)
    assert width(difference) == pytest.approx(width(pair.sens_difference), rel=1e-5)
    ratio = plain.contrasts["specificity"].ratio
    assert 1 / ratio.value == pytest.approx(pair.spec_ratio.value, rel=1e-6)
    tests = {t.hypothesis: t for t in theirs.tests if isinstance(t, LikelihoodRatioTest)}
    for test in plain.tests[:3]:
        assert test.chi2 == pytest.approx(tests[test.hypothesis].chi2, abs=2e-5)
        assert test.df == tests[test.hypothesis].df
    assert isinstance(plain.tests[3], NotApplicable)
    assert isinstance(plain.dependence["diseased"].covariance, NotApplicable)
    # The multinomial differs from the two binomials by a constant only.
    same = found.fits["independent"]
    assert same.theta[:7] == pytest.approx(plain.fits["both"].theta[:7], abs=1e-5)


def test_the_patients_dependence_shortens_the_intervals(found: PairedComparison) -> None:
    for margin, share in (("sensitivity", 0.9), ("specificity", 0.95)):
        ours, plain = found.contrasts[margin], found.independent_contrasts[margin]
        assert width(ours.difference) < share * width(plain.difference)
        assert width(ours.ratio) < width(plain.ratio)
    dependence = found.tests[3]
    assert (dependence.hypothesis, dependence.df) == ("dependence", 2)
    assert dependence.p < 1e-6
    assert (found.k, found.k_paired) == (12, 12)
    assert found.k_crossed == {"diseased": 12, "nondiseased": 12}


def test_the_odds_ratio_and_the_covariance_of_results(found: PairedComparison) -> None:
    for j, part in enumerate(("diseased", "nondiseased")):
        one = found.dependence[part]
        assert one.k == 12
        assert one.n == found.table.cells[:, j].sum()
        assert one.odds_ratio.low < np.exp(OMEGAS[j]) < one.odds_ratio.high
        p, q = expit(LOGITS[j])
        truth = literal.cell_probabilities(p, q, OMEGAS[j])[0] - p * q
        assert one.covariance.low < truth < one.covariance.high
        low, high = one.bounds
        assert low < one.covariance.low < one.covariance.value < one.covariance.high < high
    # Bounds of a covariance of two binary results (Dendukuri & Joseph 2001).
    p, q = (found.estimate(test, "sensitivity").value for test in "AB")
    assert found.dependence["diseased"].bounds == pytest.approx(
        (max(-(1 - p) * (1 - q), -p * q), min(p, q) - p * q)
    )


def test_draws_carry_the_covariance(found: PairedComparison) -> None:
    drawn = found.draws(20_000, seed=1)
    assert drawn.equals(found.draws(20_000, seed=1))
    interval = found.dependence["diseased"].covariance
    assert drawn["covariance_diseased"].quantile(0.975) == pytest.approx(interval.high)
    other = found.draws(20_000, seed=2)["covariance_diseased"]
    for share, end in ((0.025, interval.low), (0.975, interval.high)):
        assert other.quantile(share) == pytest.approx(end, abs=0.02 * width(interval))
    assert logit(drawn["sensitivity_a"]).std() == pytest.approx(
        np.sqrt(found.fits["both"].covariance()[0, 0]), rel=0.03
    )
    new = found.draws(20_000, seed=1, new_setting=True)
    theta = found.fits["both"].theta
    spread = np.sqrt(theta[4] ** 2 + found.fits["both"].covariance()[0, 0])
    assert logit(new["sensitivity_a"]).std() == pytest.approx(spread, rel=0.05)


def test_exchanging_the_tests_turns_every_sign(found: PairedComparison) -> None:
    turned = compare_paired(crossed(found.table.cells[:, :, [0, 2, 1, 3]]))
    assert turned.llf == pytest.approx(found.llf, abs=1e-7)
    for margin in ("sensitivity", "specificity"):
        ours, theirs = (f.contrasts[margin].difference for f in (found, turned))
        assert theirs.value == pytest.approx(-ours.value, abs=1e-7)
        assert theirs.high == pytest.approx(-ours.low, abs=1e-7)
    assert turned.dependence["diseased"].odds_ratio.value == pytest.approx(
        found.dependence["diseased"].odds_ratio.value, rel=1e-6
    )


def test_one_study_is_mcnemars_comparison() -> None:
    cells = np.array([[[40, 9, 3, 8], [90, 4, 12, 6]]])
    found = compare_paired(crossed(cells))
    assert found.model_path == "single_study"
    for j, margin in enumerate(("sensitivity", "specificity")):
        both, b, c, _ = cells[0, j]
        n = cells[0, j].sum()
        difference = found.contrasts[margin].difference
        assert difference.value == pytest.approx((b - c) / n, abs=1e-8)
        se = np.sqrt(b + c - (b - c) ** 2 / n) / n
        # The information is differenced from the score: 1e-6 relative.
        assert width(difference) / (2 * 1.959963984540054) == pytest.approx(se, rel=1e-5)
        ratio = found.contrasts[margin].ratio
        spread = np.log(ratio.high / ratio.low) / (2 * 1.959963984540054)
        assert spread == pytest.approx(np.sqrt((b + c) / ((both + b) * (both + c))), rel=1e-5)
    assert found.dependence["diseased"].odds_ratio.value == pytest.approx(40 * 8 / 27, rel=1e-5)
    assert found.fits["both"].theta[4:7].tolist() == [0.0, 0.0, 0.0]


def test_one_study_without_an_error_of_a_test_has_an_interval() -> None:
    found = compare_paired(crossed([[[20, 6, 0, 0], [30, 2, 5, 3]]]))
    sens, spec = found.contrasts["sensitivity"], found.contrasts["specificity"]
    assert sens.difference.value == pytest.approx(6 / 26)
    assert 0.0 < sens.difference.low < 6 / 26 < sens.difference.high < 0.5
    assert sens.p == pytest.approx(2 * 0.5**6)  # six discordant patients, all one way
    assert sens.difference.method == spec.difference.method == "newcombe_paired"
    assert sens.ratio.value == pytest.approx(26 / 20)
    assert isinstance(found.llf, NotApplicable)
    assert isinstance(found.draws(), NotApplicable)
    assert isinstance(found.estimate("A", "sensitivity"), NotApplicable)
    assert "100%" in found.warnings[0]
    assert "A against B: 1 study" in found.summary()
    # Nobody disagrees: the interval still has a width.
    same = compare_paired(crossed([[[20, 0, 0, 0], [30, 2, 5, 3]]])).contrasts["sensitivity"]
    assert same.difference.low < 0.0 < same.difference.high
    assert same.p == 1.0


def test_a_perfect_test_leaves_the_other_margin(found: PairedComparison) -> None:
    cells = found.table.cells.copy()
    cells[:, 0, :2] += cells[:, 0, 2:]
    cells[:, 0, 2:] = 0.0
    half = compare_paired(crossed(cells))
    reason = half.contrasts["sensitivity"]
    assert isinstance(reason, NotApplicable)
    assert "A at a sensitivity of 100%" in reason.reason
    assert isinstance(half.points, NotApplicable)
    assert half.contrasts["specificity"].difference.value == pytest.approx(
        found.contrasts["specificity"].difference.value, abs=0.03
    )
    assert isinstance(half.tests[0], NotApplicable)
    assert half.tests[1].df == 1
    assert isinstance(half.dependence["diseased"].covariance, NotApplicable)
    assert "not applicable" in half.summary()


def test_nothing_to_compare_is_an_error() -> None:
    empty = np.zeros((1, 2, 4))
    right, total = np.zeros((1, 2, 2)), np.zeros((1, 2, 2))
    right[:, :, 0], total[:, :, 0] = 5.0, 9.0
    table = CrossedTable("t", "A", "B", ("S",), empty, right, total)
    with pytest.raises(ModelError, match="no study reports the sensitivity of B"):
        compare_paired(table)


def test_a_combination_that_never_occurs_is_a_boundary() -> None:
    cells = simulated(6, 5).cells
    cells[:, 0, 2] = 0.0  # whomever B finds, A finds too
    with pytest.warns(BoundaryWarning, match="a combination of results does not occur"):
        found = compare_paired(crossed(cells))
    assert "odds_ratio_diseased" in found.at_boundary
    odds, spread = found.dependence["diseased"].odds_ratio, found.dependence["diseased"].covariance
    assert odds.value == odds.high == np.inf
    assert 1.0 < odds.low < 3000.0
    assert spread.low < spread.value == spread.high
    # The covariance at an odds ratio of 3,000 is the largest that the margins allow, nearly.
    assert spread.value == pytest.approx(found.dependence["diseased"].bounds[1], rel=0.02)
    assert found.fits["both"].record.status == "converged"


def test_equal_studies_have_no_variance_between_them() -> None:
    cells = np.tile([[[40, 9, 3, 8], [90, 4, 12, 6]]], (5, 1, 1))
    with pytest.warns(BoundaryWarning, match="variance"):
        found = compare_paired(crossed(cells))
    assert found.at_boundary == ("tau_sens", "tau_spec")
    single = compare_paired(crossed(cells[:1]))
    ours, one = (f.contrasts["sensitivity"].difference for f in (found, single))
    assert ours.value == pytest.approx(one.value, abs=1e-6)
    assert width(ours) == pytest.approx(width(one) / np.sqrt(5), rel=1e-4)


def test_partial_studies_join(found: PairedComparison) -> None:
    table = found.table
    cells, right, total = table.cells.copy(), table.right.copy(), table.total.copy()
    all_right, all_total = table.margins()
    # Study 0 without diseased, 1 with margins only, 2 with test A only.
    cells[0, 0] = 0.0
    cells[1:3] = 0.0
    right[1], total[1] = all_right[1], all_total[1]
    right[2, :, 0], total[2, :, 0] = all_right[2, :, 0], all_total[2, :, 0]
    part = compare_paired(CrossedTable("p", "A", "B", table.studies, cells, right, total))
    assert (part.k, part.k_paired) == (12, 11)
    assert part.k_crossed == {"diseased": 9, "nondiseased": 10}
    assert any("enter as independent" in text for text in part.warnings)
    ours, full = (f.contrasts["sensitivity"].difference for f in (part, found))
    assert abs(ours.value - full.value) < 0.05
    assert width(ours) > width(full)


def test_covariance_of_independent_results_is_zero() -> None:
    assert covariance(np.array([0.3, 2.0]), 0.0) == pytest.approx(0.0, abs=1e-16)


def test_points_have_all_that_a_summary_point_has(found: PairedComparison) -> None:
    point = found.points["B"]
    assert point.sensitivity == found.estimate("B", "sensitivity")
    assert point.specificity == found.estimate("B", "specificity")
    assert point.auc.low < point.auc.value < point.auc.high


@pytest.mark.slow
def test_the_estimates_are_consistent_and_the_intervals_hold_their_level() -> None:
    """Forty studies, 100 tables: bias within Monte-Carlo error, coverage near 95 %."""
    inside, values = [], []
    truth = [
        expit(LOGITS[0][0]) - expit(LOGITS[0][1]), expit(LOGITS[1][0]) - expit(LOGITS[1][1]),
        *OMEGAS,
    ]  # fmt: skip
    for seed in range(100):
        found = compare_paired(simulated(40, 1000 + seed, patients=(20, 80)))
        rows = [found.contrasts[m].difference for m in ("sensitivity", "specificity")]
        odds = [d.odds_ratio for d in found.dependence.values()]
        values.append([*(r.value for r in rows), *(np.log(o.value) for o in odds)])
        inside.append([
            *(r.low < t < r.high for r, t in zip(rows, truth[:2], strict=True)),
            *(o.low < np.exp(t) < o.high for o, t in zip(odds, truth[2:], strict=True)),
        ])  # fmt: skip
    bias = np.mean(values, axis=0) - truth
    error = np.std(values, axis=0) / np.sqrt(len(values))
    assert (np.abs(bias) < 3.5 * error + 0.002).all()
    # 100 tables: one Monte-Carlo error is 2.2 points.
    assert (np.abs(np.mean(inside, axis=0) - 0.95) < 0.07).all()
