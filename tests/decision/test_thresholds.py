"""Thresholds and net benefit against their definitions: where two actions are equally good."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from study_tables import fit, table_of

from metadx.decision import accuracy_draws
from metadx.decision.net_benefit import decision_curve, gain, net_benefit, value_of_test
from metadx.decision.posttest import posttest
from metadx.decision.thresholds import threshold_lines, thresholds
from metadx.errors import ModelError, OptionError
from metadx.estimate import Estimate, NotApplicable

ROWS = [
    [45, 7, 5, 60], [30, 4, 9, 52], [88, 30, 6, 140], [15, 1, 4, 22], [70, 16, 22, 81],
    [52, 3, 3, 95],
]  # fmt: skip
DRAWS = accuracy_draws(fit(table_of(ROWS)), n=4000)
PARTIAL = accuracy_draws(fit(table_of([[20, None, 3, None], [11, None, 2, None]])), n=100)
USELESS = accuracy_draws(fit(table_of([[25, 25, 25, 25]] * 4)), n=1000)


def utilities(p, sens, spec, benefit, harm, test_harm):
    """Expected utility of leaving alone, of testing, of treating, branch by branch."""
    test = p * sens * benefit + (1 - p) * (1 - spec) * (-harm) - test_harm
    return 0.0, test, p * benefit - (1 - p) * harm


@given(
    sens=st.floats(0.55, 0.99),
    spec=st.floats(0.55, 0.99),
    benefit=st.floats(0.1, 50),
    harm=st.floats(0.1, 50),
    share=st.floats(0, 0.5),
)
def test_two_actions_are_equally_good_at_a_threshold(sens, spec, benefit, harm, share):
    test_harm = share * min(sens * benefit, spec * harm)
    stake = np.array([benefit, harm, test_harm])
    testing, treatment = threshold_lines(np.array([sens, spec]), stake)
    scale = benefit + harm
    leave, test, _ = utilities(testing, sens, spec, *stake)
    assert test - leave == pytest.approx(0.0, abs=1e-12 * scale)
    _, test, treat = utilities(treatment, sens, spec, *stake)
    assert test - treat == pytest.approx(0.0, abs=1e-12 * scale)


def test_without_harm_of_the_test_the_thresholds_are_odds_over_likelihood_ratios():
    found = thresholds(DRAWS, benefit=4.0, harm=1.0)
    sens, spec = 1.0 / (1.0 + np.exp(-DRAWS.point))
    for name, ratio in (("testing", sens / (1 - spec)), ("treatment", (1 - sens) / spec)):
        value = getattr(found, name).value
        assert value / (1 - value) == pytest.approx(0.25 / ratio, rel=1e-12)
    assert found.untested.value == pytest.approx(0.2, rel=1e-12)
    assert found.untested.low == found.untested.high == found.untested.value


def test_intervals_hold_their_value_and_a_new_hospital_is_less_certain():
    found = thresholds(DRAWS, benefit=4.0, harm=1.0, test_harm=0.05)
    for name in ("testing", "treatment"):
        mean, new = getattr(found, name), getattr(found, f"{name}_new")
        assert 0.0 <= new.low < mean.low < mean.value < mean.high < new.high <= 1.0
    assert found.testing.value < found.untested.value < found.treatment.value


def test_uncertain_stakes_widen_the_interval():
    sharp = thresholds(DRAWS, benefit=4.0, harm=1.0).testing
    vague = thresholds(DRAWS, benefit=stats.gamma(16, scale=0.25), harm=1.0).testing
    assert vague.high - vague.low > 1.1 * (sharp.high - sharp.low)


def test_probabilities_of_the_actions_sum_to_one_and_follow_the_thresholds():
    found = thresholds(DRAWS, benefit=4.0, harm=1.0, test_harm=0.05)
    for p in np.linspace(0.01, 0.99, 25):
        actions = found.actions(p)
        assert sum(actions.values()) == pytest.approx(1.0, abs=1e-12)
        assert min(actions.values()) >= 0.0
    assert found.actions(0.001)["leave"] > 0.99
    assert found.actions(0.999)["treat"] > 0.99
    middle = 0.5 * (found.testing.value + found.treatment.value)
    assert found.actions(middle)["test"] > 0.99


def test_a_test_that_never_pays_has_no_thresholds_but_says_why():
    found = thresholds(USELESS, benefit=1.0, harm=1.0, test_harm=0.2)
    assert isinstance(found.testing, NotApplicable)
    assert "no pretest probability" in found.summary()
    assert found.useful < 0.05
    assert found.to_dict()["testing"] is None
    assert set(found.actions(0.4)) == {"leave", "test", "treat"}


def test_thresholds_print_and_export():
    found = thresholds(DRAWS, benefit=4.0, harm=stats.gamma(4, scale=0.25), test_harm=0.02)
    text = str(found)
    for part in ("Pauker", "6 with sensitivity", "posterior", "medians of distributions"):
        assert part in text
    json.dumps(found.to_dict(), allow_nan=False)
    assert list(found.frame["threshold"])[:2] == ["testing", "treatment"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"benefit": 0, "harm": 1}, "benefit is 0; it is a number above 0"),
        ({"benefit": 1, "harm": -2}, "harm is -2"),
        ({"benefit": 1, "harm": 1, "test_harm": -0.1}, "from 0 up"),
        ({"benefit": "much", "harm": 1}, "a number, a distribution or an array"),
        ({"benefit": 1, "harm": stats.norm(0, 1)}, "harm is -"),
    ],
)
def test_wrong_stakes_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        thresholds(DRAWS, **options)


def test_a_missing_margin_is_refused_by_name():
    for function in (
        lambda: thresholds(PARTIAL, 1, 1),
        lambda: decision_curve(PARTIAL, 0.3),
        lambda: value_of_test(PARTIAL, 1, 1),
    ):
        with pytest.raises(ModelError, match="no study of test reports specificity"):
            function()


def test_net_benefit_is_that_of_the_paper():
    # Of 1,000 with prevalence 0.2: 180 true positives, 80 false positives, odds 1/9.
    found = net_benefit(np.array(0.9), np.array(0.9), np.array(0.2), np.array(0.1))
    assert float(found) == pytest.approx((180 - 80 / 9) / 1000, rel=1e-12)


def test_the_decision_curve_is_best_between_the_posttest_probabilities():
    curve = decision_curve(DRAWS, 0.3)
    frame = curve.frame
    after = posttest(DRAWS, 0.3)
    assert curve.useful_from == after.negative
    assert curve.useful_to == after.positive
    best = frame[(frame["test"] > frame["treat_all"]) & (frame["test"] > 0.0)]["threshold"]
    assert best.min() == pytest.approx(curve.useful_from.value, abs=0.011)
    assert best.max() == pytest.approx(curve.useful_to.value, abs=0.011)
    assert (frame["test_new_low"] <= frame["test_low"]).all()
    assert (frame["test_high"] <= frame["test_new_high"]).all()
    assert frame["test"].between(frame["test_low"], frame["test_high"]).all()
    assert frame["test"].le(0.3).all()
    harmed = decision_curve(DRAWS, 0.3, test_harm=0.02).frame
    np.testing.assert_allclose(frame["test"] - harmed["test"], 0.02, rtol=1e-9)


def test_an_uncertain_prevalence_gives_treating_all_a_band():
    frame = decision_curve(DRAWS, stats.beta(30, 70), [0.1, 0.3]).frame
    assert (frame["treat_all_low"] < frame["treat_all"]).all()
    fixed = decision_curve(DRAWS, 0.3, [0.1, 0.3]).frame
    np.testing.assert_array_equal(fixed["treat_all_low"], fixed["treat_all"])


def test_the_gain_is_that_of_the_best_action_and_positive_between_the_thresholds():
    found = value_of_test(DRAWS, 4.0, 1.0, 0.05)
    lines = thresholds(DRAWS, 4.0, 1.0, 0.05)
    sens, spec = 1.0 / (1.0 + np.exp(-DRAWS.point))
    for row in found.frame.to_dict("records"):
        leave, test, treat = utilities(row["pretest"], sens, spec, 4.0, 1.0, 0.05)
        assert row["gain"] == pytest.approx(test - max(leave, treat), abs=1e-12)
        assert row["best"] == ("leave", "test", "treat")[int(np.argmax([leave, test, treat]))]
        inside = lines.testing.value < row["pretest"] < lines.treatment.value
        assert (row["gain"] > 0.0) == inside
        assert 0.0 <= row["probability"] <= 1.0
        assert row["probability"] == pytest.approx(lines.actions(row["pretest"])["test"], abs=1e-9)


def test_wrong_grids_are_refused():
    for grid in ([], [0.0, 0.5], [1.2], ["a"], [float("nan")]):
        with pytest.raises(OptionError, match="probabilities between 0 and 1"):
            decision_curve(DRAWS, 0.3, grid)
    with pytest.raises(OptionError, match="net true positives"):
        decision_curve(DRAWS, 0.3, test_harm=-1)


def test_a_perfect_test_gains_what_knowing_gains():
    value, _ = gain(np.array([1.0, 1.0]), np.array([4.0, 1.0, 0.0]), 0.2)
    # Treating all and none are equally good at 0.2; a perfect test treats the 20 % alone.
    assert float(value) == pytest.approx(0.8, rel=1e-12)


def test_estimates_say_their_level():
    assert isinstance(thresholds(DRAWS, 4, 1, level=0.8).testing, Estimate)
    assert thresholds(DRAWS, 4, 1, level=0.8).testing.level == 0.8
