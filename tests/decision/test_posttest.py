"""Post-test probabilities against Bayes' rule written out, and natural frequencies that add up."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from study_tables import fit, simulate, table_of

from metadx.decision import accuracy_draws, natural_frequencies, posttest
from metadx.decision.bayes_rule import posttest_probability
from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable

ROWS = [
    [45, 7, 5, 60], [30, 4, 9, 52], [88, 30, 6, 140], [15, 1, 4, 22], [70, 16, 22, 81],
    [52, 3, 3, 95],
]  # fmt: skip
PARTIAL = [[20, None, 3, None], [11, None, 2, None], [30, None, 9, None]]
HARD = {
    "one study": [[20, 1, 3, 40]],
    "two studies": [[20, 1, 3, 40], [10, 0, 0, 12]],
    "perfect specificity": [[18, 0, 2, 30], [25, 0, 5, 44], [9, 0, 1, 21], [40, 0, 8, 60]],
    "all perfect": [[18, 0, 0, 30], [25, 0, 0, 44], [9, 0, 0, 21]],
}
NAMES = ("positive", "negative", "positive_new", "negative_new")


def textbook(p: float, sens: float, spec: float) -> tuple[float, float]:
    """Bayes' rule as it stands in a textbook."""
    return (
        sens * p / (sens * p + (1 - spec) * (1 - p)),
        (1 - sens) * p / ((1 - sens) * p + spec * (1 - p)),
    )


@pytest.fixture(scope="module")
def regular():
    return fit(table_of(ROWS))


@pytest.fixture(scope="module")
def many():
    table = simulate(
        np.random.default_rng(5), 30, sens=0.9, spec=0.85, tau=(0.3, 0.3), arms=(150, 300)
    )
    return fit(table)


@given(p=st.floats(1e-4, 1 - 1e-4), sens=st.floats(1e-3, 1 - 1e-3), spec=st.floats(1e-3, 1 - 1e-3))
def test_bayes_rule_is_the_textbooks(p, sens, spec):
    logits = np.log([sens / (1 - sens), spec / (1 - spec)])
    found = posttest_probability(np.array(p), logits)
    np.testing.assert_allclose(found, textbook(p, sens, spec), rtol=1e-12)


@pytest.mark.parametrize("p", [0.01, 0.1, 0.39, 0.8, 0.99])
def test_points_follow_from_the_summary_point(many, p):
    result = many.posttest(p)
    expected = textbook(p, many.sensitivity.value, many.specificity.value)
    assert result.source == "maximum likelihood"
    assert result.positive.value == pytest.approx(expected[0], rel=1e-12)
    assert result.negative.value == pytest.approx(expected[1], rel=1e-12)
    assert result.rows[0].positive_new.value == result.positive.value


def test_simulation_agrees_with_the_delta_method_where_that_is_exact_enough(many):
    # 30 large studies: the logit of a post-test probability is close to normal.
    (row,) = posttest(many, 0.3, n=100_000).rows
    for name in ("positive", "negative"):
        drawn, delta = getattr(row, name), getattr(row, f"{name}_delta")
        assert delta.value == pytest.approx(drawn.value, rel=1e-12)
        width = delta.high - delta.low
        assert drawn.low == pytest.approx(delta.low, abs=0.03 * width)
        assert drawn.high == pytest.approx(delta.high, abs=0.03 * width)


def test_the_delta_interval_is_that_of_the_likelihood_ratio(many):
    (row,) = many.posttest(0.2).rows
    ratio = many.lr_positive
    odds = np.array([ratio.low, ratio.high]) * 0.25
    expected = odds / (1.0 + odds)
    np.testing.assert_allclose([row.positive_delta.low, row.positive_delta.high], expected,
                               rtol=1e-9)  # fmt: skip


def test_a_new_hospital_is_less_certain_than_the_mean(regular):
    (row,) = regular.posttest(0.3).rows
    for name in ("positive", "negative"):
        mean, new = getattr(row, name), getattr(row, f"{name}_new")
        assert new.low < mean.low < mean.value < mean.high < new.high


@pytest.mark.parametrize("name", HARD)
def test_probabilities_stay_probabilities(name):
    result = fit(table_of(HARD[name])).posttest([0.001, 0.5, 0.999, (0.1, 0.9)])
    for row in result.rows:
        for kind in NAMES:
            value = getattr(row, kind)
            assert 0.0 <= value.low <= value.value <= value.high <= 1.0
        assert row.negative.value <= row.pretest.value <= row.positive.value


def test_an_interval_spans_its_ends(regular):
    result = regular.posttest([0.1, (0.1, 0.4), 0.4])
    low, span, high = (row.positive for row in result.rows)
    assert span.low == pytest.approx(low.low, rel=1e-12)
    assert span.high == pytest.approx(high.high, rel=1e-12)
    assert low.value < span.value < high.value
    alarms = [row.frequencies.counts["false_alarms"] for row in result.rows]
    assert alarms[1].low == alarms[2].low
    assert alarms[1].high == alarms[0].high


def test_a_distribution_widens_the_interval_and_matches_its_draws(regular):
    beta = stats.beta(39, 61)
    by_name, by_draws = regular.posttest(beta), regular.posttest(beta.rvs(10_000, random_state=2))
    fixed = regular.posttest(beta.median())
    assert by_name.rows[0].pretest.kind == "distribution"
    width = [one.positive.high - one.positive.low for one in (by_name, by_draws, fixed)]
    assert width[0] > 1.05 * width[2]
    assert width[0] == pytest.approx(width[1], rel=0.08)  # two samples of 10,000 draws


def test_a_narrow_distribution_is_a_number(regular):
    narrow = regular.posttest(np.full(10_000, 0.3))
    number = regular.posttest(0.3)
    assert narrow.positive.low == number.positive.low
    assert narrow.negative.high == number.negative.high


def test_a_distribution_drawn_for_another_number_of_draws_is_drawn_again(regular):
    (row,) = regular.posttest(stats.beta(39, 61), n=300).rows
    again = natural_frequencies(accuracy_draws(regular), row.pretest)
    assert again.pretest.draws.size == 10_000
    assert again.counts["diseased"].value == row.frequencies.counts["diseased"].value


def test_strata_keep_their_names_and_their_order(regular):
    result = regular.posttest({"clinic": 0.1, "emergency room": (0.3, 0.5), "ward": 0.8})
    assert list(result.frame["label"]) == ["clinic", "emergency room", "ward"]
    assert result.frame["positive"].is_monotonic_increasing
    with pytest.raises(OptionError, match="3 pretest probabilities"):
        _ = result.positive


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (39, "39% is 0.39"),
        (0.0, "between 0 and 1"),
        (1.0, "between 0 and 1"),
        (float("nan"), "between 0 and 1"),
        ("high", "is a probability between 0 and 1"),
        (None, "is a probability between 0 and 1"),
        ((0.4, 0.1), "first end has to be below"),
        ((0.1, 0.2, 0.3), "an interval has two ends"),
        ([], "at least one"),
        ({}, "at least one"),
        (np.array([]), "empty array"),
        (np.array([0.2, 1.2]), "take for example a beta"),
        (stats.norm(0.5, 0.5), "take for example a beta"),
    ],
)
def test_what_is_no_pretest_probability_is_refused(regular, wrong, message):
    with pytest.raises(OptionError, match=message):
        regular.posttest(wrong)


def test_one_margin_gives_the_half_that_exists():
    result = fit(table_of(PARTIAL)).posttest(0.39)
    (row,) = result.rows
    for name in NAMES:
        assert isinstance(getattr(row, name), NotApplicable)
    counts = row.frequencies.counts
    assert counts["found"].value + counts["missed"].value == counts["diseased"].value == 390
    assert isinstance(counts["false_alarms"], NotApplicable)
    text = result.summary()
    assert "No study reports specificity: false alarms are unknown." in text
    assert "nan" not in text.lower()
    assert result.to_dict()["rows"][0]["positive"] is None


def test_the_record_is_json_and_the_text_says_where_it_comes_from(regular):
    result = regular.posttest({"hip": 0.39})
    record = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert record["k_sensitivity"] == 6
    assert record["source"] == "posterior"
    assert record["rows"][0]["frequencies"]["mean"]["diseased"] == {
        "value": 390, "low": 390, "high": 390,
    }  # fmt: skip
    text = str(result)
    for part in ("6 with sensitivity", "posterior", "prior", "95%", "new hospital", "of the mean"):
        assert part in text


def test_level_is_that_of_the_fit_unless_asked(regular):
    narrow, wide = regular.posttest(0.3, level=0.5).positive, regular.posttest(0.3).positive
    assert narrow.level == 0.5
    assert wide.level == regular.level
    assert wide.low < narrow.low < narrow.high < wide.high
    with pytest.raises(OptionError, match="level"):
        regular.posttest(0.3, level=95)


def test_draws_can_be_given_in_place_of_a_fit(regular):
    direct, by_draws = regular.posttest(0.3), posttest(accuracy_draws(regular), 0.3)
    assert direct.positive == by_draws.positive
    assert isinstance(by_draws.rows[0].positive_delta, NotApplicable)
    assert regular.bayesian.posttest(0.3).positive == direct.positive


@settings(max_examples=60, deadline=None)
@given(p=st.floats(0.001, 0.999), total=st.sampled_from([1, 7, 100, 1000, 10_000]))
def test_natural_frequencies_add_up(p, total):
    counts = natural_frequencies(DRAWS, p, total).counts
    value = {name: count.value for name, count in counts.items()}
    assert value["diseased"] + value["nondiseased"] == total
    assert value["found"] + value["missed"] == value["diseased"]
    assert value["cleared"] + value["false_alarms"] == value["nondiseased"]
    assert value["found"] + value["false_alarms"] == value["positive"]
    assert value["positive"] + value["negative"] == total
    assert abs(value["diseased"] - total * p) <= 0.5
    for count in counts.values():
        assert isinstance(count, Estimate)
        assert 0 <= count.low <= count.value <= count.high <= total
        assert all(float(x).is_integer() for x in (count.value, count.low, count.high))


DRAWS = accuracy_draws(fit(table_of(ROWS)), n=400)


def test_ends_of_a_branch_complement_each_other():
    counts = natural_frequencies(DRAWS, 0.39).counts
    assert counts["found"].low + counts["missed"].high == 390
    assert counts["found"].high + counts["missed"].low == 390
    assert counts["cleared"].low + counts["false_alarms"].high == 610


def test_frequencies_export_whole_numbers_with_both_intervals():
    frame = natural_frequencies(DRAWS, 0.39).frame.set_index("name")
    assert frame.loc["diseased", ["count", "low", "high"]].tolist() == [390, 390, 390]
    assert frame.loc["found", "new_low"] <= frame.loc["found", "low"]
    assert str(frame["count"].dtype) == "Int64"
    with pytest.raises(OptionError, match="at least one person"):
        natural_frequencies(DRAWS, 0.39, total=0)
