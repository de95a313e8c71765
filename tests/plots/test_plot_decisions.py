"""Figures of decisions: their numbers and structure; rules for all figures stand elsewhere."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from drawn import REGULAR, Row, assert_readable, fit_table, make_table
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sources import strategies

from metadx.decision import accuracy_draws, posttest, thresholds
from metadx.errors import ModelError, OptionError
from metadx.plots.chart_page import spread
from metadx.plots.decision_basis import prevalences
from metadx.plots.decision_curve import plot_decision_curve
from metadx.plots.decision_curve_layout import decision_curve_data, tick_text, ticks_between
from metadx.plots.fagan import plot_fagan
from metadx.plots.fagan_layout import fagan_data
from metadx.plots.fonts import Typeface
from metadx.plots.frequency_tree import plot_frequency_tree
from metadx.plots.frequency_tree_layout import (
    frequency_tree_data,
    frequency_tree_layout,
    tree_source,
)
from metadx.plots.icon_array import grid_of, icon_array_data, plot_icon_array
from metadx.plots.likelihood_ratios import plot_likelihood_ratios
from metadx.plots.likelihood_ratios_layout import likelihood_ratios_data, quadrant, region
from metadx.plots.posttest_curves import plot_posttest_curves
from metadx.plots.posttest_curves_layout import posttest_curves_data
from metadx.plots.strategy_decision_curve import (
    plot_strategy_decision_curve,
    strategy_decision_curve_data,
)
from metadx.plots.style import LOOKS

PLOTS = {
    "fagan": plot_fagan,
    "posttest_curves": plot_posttest_curves,
    "likelihood_ratios": plot_likelihood_ratios,
    "frequency_tree": plot_frequency_tree,
    "icon_array": plot_icon_array,
    "decision_curve": plot_decision_curve,
}
TWO_MARGINS = ("fagan", "posttest_curves", "likelihood_ratios", "decision_curve")


def figure_of(axes: Axes) -> Figure:
    return axes.get_figure(root=True)  # type: ignore[return-value]


def lines_of(axes: Axes, gid: str) -> list:
    return [line for line in axes.lines if line.get_gid() == gid]


@pytest.fixture(scope="module")
def draws():
    return accuracy_draws(fit_table(make_table(REGULAR, "ct/hip")), n=2000)


@pytest.mark.parametrize("name", PLOTS)
def test_a_missing_margin_is_refused_or_half_is_drawn(name, fits):
    few = accuracy_draws(fits["sensitivity only"], n=500)
    if name in TWO_MARGINS:
        with pytest.raises(ModelError, match="reports specificity"):
            PLOTS[name](few)
        return
    with pytest.raises(OptionError, match="give the pretest probability"):
        PLOTS[name](few)
    page = PLOTS[name](few, pretest=0.3)
    assert_readable(figure_of(page))
    assert any("false alarms are unknown" in text.get_text() for text in page.texts)


@pytest.mark.parametrize("name", PLOTS)
def test_an_axes_of_the_caller_is_filled_and_returned(name, draws):
    figure = Figure(figsize=(7.0, 11.0))
    axes = figure.add_subplot()
    assert PLOTS[name](draws, axes) is axes


@pytest.mark.parametrize("name", PLOTS)
def test_every_figure_says_what_it_rests_on(name, draws):
    text = " ".join(text.get_text() for text in PLOTS[name](draws).texts)
    assert f"{len(REGULAR)} with sensitivity" in text
    assert "posterior" in text
    assert "95%" in text


@pytest.mark.parametrize("name", PLOTS)
def test_an_unknown_size_is_refused(name, draws):
    with pytest.raises(OptionError, match="size"):
        PLOTS[name](draws, size="poster")


# Fagan.


def test_a_fagan_line_passes_through_the_likelihood_ratio(draws):
    page = plot_fagan(draws, pretest=[0.1, 0.5])
    left, middle, right = (line.get_xdata()[0] for line in lines_of(page, "axis"))
    assert middle == pytest.approx(0.5 * (left + right))
    for gid in ("positive", "negative"):
        heights = [np.mean(line.get_ydata()) for line in lines_of(page, gid)]
        # The height on the middle axis depends on the likelihood ratio alone.
        assert heights[0] == pytest.approx(heights[1], abs=1e-9)
    assert {line.get_linestyle() for line in lines_of(page, "positive")} == {"-"}
    assert {line.get_linestyle() for line in lines_of(page, "negative")} == {"--"}


def test_a_fagan_band_of_the_mean_lies_in_that_of_a_new_hospital(draws):
    page = plot_fagan(draws, pretest=0.3)
    bands = {gid: [p for p in page.patches if p.get_gid() == gid] for gid in
             ("confidence", "prediction")}  # fmt: skip
    for mean, new in zip(bands["confidence"], bands["prediction"], strict=True):
        inner, outer = (np.sort(one.get_xy()[1:3, 1]) for one in (mean, new))
        assert outer[0] <= inner[0] < inner[1] <= outer[1]
        assert mean.get_alpha() > new.get_alpha()


def test_fagan_marks_thresholds_where_they_are_asked_for(draws):
    page = plot_fagan(draws, pretest=0.3, benefit=4.0, harm=1.0, test_harm=0.02)
    assert len(lines_of(page, "threshold")) == 3
    assert_readable(figure_of(page))
    assert not lines_of(plot_fagan(draws, pretest=0.3), "threshold")
    with pytest.raises(OptionError, match="both benefit and harm"):
        plot_fagan(draws, benefit=4.0)
    data = fagan_data(draws, pretest=0.3, benefit=4.0, harm=1.0, test_harm=0.02)
    rows = data[data["part"] == "threshold"].set_index("label")
    expected = thresholds(draws, 4.0, 1.0, 0.02)
    assert rows.loc["testing", "value"] == expected.testing.value


def test_a_fan_with_long_names_stays_readable(draws):
    strata = {f"patients of the clinic number {i} who were sent": p for i, p in
              enumerate((0.02, 0.03, 0.3, 0.31, 0.9))}  # fmt: skip
    for size in ("one-column", "two-column"):
        assert_readable(figure_of(plot_fagan(draws, pretest=strata, size=size, harm=1, benefit=3)))


# Post-test curves.


def test_curves_are_the_posttest_probabilities(draws):
    data = posttest_curves_data(draws, pretest=[0.25, 0.6])
    curve = data[data["part"] == "curve"]
    for p in (curve["pretest"].iloc[20], curve["pretest"].iloc[80]):
        (row,) = posttest(draws, p).rows
        here = curve[curve["pretest"] == p].iloc[0]
        for name in ("positive", "negative"):
            mean, new = getattr(row, name), getattr(row, f"{name}_new")
            assert here[name] == pytest.approx(mean.value, rel=1e-12)
            # Quantiles are interpolated on the log ratio here and on the probability there.
            assert here[f"{name}_low"] == pytest.approx(mean.low, rel=1e-3)
            assert here[f"{name}_new_high"] == pytest.approx(new.high, rel=1e-3)
    assert set(data["part"]) == {"curve", "pretest", "prevalence"}


def test_the_rug_shows_each_studys_prevalence(draws):
    (panel,) = plot_posttest_curves(draws).child_axes
    shown = [line.get_xdata()[0] for line in lines_of(panel, "rug")]
    expected = [(tp + fn) / (tp + fp + fn + tn) for _, tp, fp, fn, tn in REGULAR]
    np.testing.assert_allclose(shown, expected, rtol=1e-12)


def test_case_control_studies_have_no_prevalence():
    table = make_table(REGULAR)
    frame = table.frame.assign(design=["case_control", *["prospective"] * (len(REGULAR) - 1)])
    kept = prevalences(type(table).from_frame(frame, "designs"))
    assert list(kept["label"]) == [row[0] for row in REGULAR[1:]]


def test_marked_strata_are_named_above_the_panel(draws):
    page = plot_posttest_curves(draws, pretest={"after a fall": 0.4, "no trauma at all": 0.42})
    (panel,) = page.child_axes
    assert len(lines_of(panel, "pretest")) == 2
    assert {"after a fall", "no trauma at all"} <= {text.get_text() for text in page.texts}
    assert_readable(figure_of(page))


# Likelihood ratios.


def test_the_regions_hold_their_share_of_the_draws(draws):
    for logits in (draws.mean, draws.new_setting):
        outline = region(logits, 0.95)
        centre, factor = logits.mean(axis=0), np.linalg.cholesky(np.cov(logits.T))
        reach = np.linalg.norm(np.linalg.solve(factor, (outline - centre).T), axis=0)
        np.testing.assert_allclose(reach, reach[0], rtol=1e-6)
        inside = np.linalg.norm(np.linalg.solve(factor, (logits - centre).T), axis=0) <= reach[0]
        assert inside.mean() == pytest.approx(0.95, abs=0.001)


def test_the_scattergram_has_its_lines_quadrants_and_studies(draws):
    (panel,) = plot_likelihood_ratios(draws).child_axes
    assert sorted(line.get_xdata()[0] for line in lines_of(panel, "strong"))[1] == 0.1
    words = {text.get_text() for text in panel.texts if text.get_gid() == "quadrant"}
    assert words == {"confirms\nand excludes", "confirms only", "excludes only", "neither"}
    data = likelihood_ratios_data(draws)
    studies = data[data["part"] == "study"].reset_index(drop=True)
    _, tp, fp, fn, tn = REGULAR[0]
    assert studies.loc[0, "lr_positive"] == pytest.approx((tp / (tp + fn)) / (fp / (fp + tn)))
    assert studies.loc[0, "lr_negative"] == pytest.approx((fn / (tp + fn)) / (tn / (fp + tn)))


@pytest.mark.parametrize(
    ("positive", "negative", "name"),
    [
        (20, 0.05, "confirms\nand excludes"),
        (20, 0.5, "confirms only"),
        (3, 0.05, "excludes only"),
        (3, 0.5, "neither"),
    ],
)
def test_quadrants_are_named_by_both_ratios(positive, negative, name):
    assert quadrant(positive, negative) == name


# Trees and icons.


def test_the_tree_has_a_box_for_each_number_and_they_stay_apart(draws):
    for second in (None, draws):
        found = tree_source(draws, 0.3, second, "negative", 1000, 1)
        layout = frequency_tree_layout(found, Typeface(), width=170.0, title="")
        boxes = [one.box for one in layout.boxes]
        assert len(boxes) == 1 + len(found.frequencies.parents)
        assert len(layout.branches) == len(found.frequencies.parents)
        for i, one in enumerate(boxes):
            for other in boxes[i + 1 :]:
                apart = one.x + one.width <= other.x or other.x + other.width <= one.x
                below = one.y + one.height <= other.y or other.y + other.height <= one.y
                assert apart or below


def test_the_tree_shows_two_tests_and_says_what_it_assumes(draws):
    for follow in ("negative", "positive"):
        page = plot_frequency_tree(draws, pretest=0.3, second=draws, follow=follow)
        assert_readable(figure_of(page))
        assert any("independent given the condition" in text.get_text() for text in page.texts)
    data = frequency_tree_data(draws, pretest=0.3, second=draws)
    assert {"all_found", "second_tests"} <= set(data["name"])


def test_icons_are_as_many_as_people(draws):
    page = plot_icon_array(draws, pretest=0.39)
    counts = icon_array_data(draws, pretest=0.39).set_index("name")["count"]
    for kind in ("found", "missed", "false_alarms", "cleared"):
        (line,) = lines_of(page, kind)
        assert len(line.get_xdata()) == counts[kind]
    markers = {line.get_marker() for kind in ("found", "missed", "false_alarms")
               for line in lines_of(page, kind)}  # fmt: skip
    assert len(markers) == 3


@given(total=st.integers(1, 5000), room=st.floats(60, 200), height=st.floats(40, 150))
def test_icons_fit_the_width(total, room, height):
    columns, step = grid_of(total, room, height)
    assert columns * step <= room + 1e-9
    assert step > 0


# Decision curve.


def test_decision_curves_of_several_tests_keep_their_colours(one_site):
    tests = {name: accuracy_draws(fit, n=500) for name, fit in one_site.items()}
    page = plot_decision_curve(tests, pretest=0.3)
    (panel,) = page.child_axes
    colors = [line.get_color() for line in lines_of(panel, "test")]
    assert colors == [LOOKS[name].color for name in tests]
    assert_readable(figure_of(page))
    data = decision_curve_data(tests, pretest=0.3)
    assert list(data["test_name"].unique()) == list(tests)


def test_one_prevalence_is_one_prevalence(draws):
    with pytest.raises(OptionError, match="one pretest probability, not 2"):
        plot_decision_curve(draws, pretest=[0.1, 0.3])
    with pytest.raises(OptionError, match="one pretest probability, not 2"):
        plot_icon_array(draws, pretest=[0.1, 0.3])


@given(low=st.floats(-1, 0), width=st.floats(1e-3, 2))
def test_ticks_are_few_and_round(low, width):
    found = ticks_between(low, low + width)
    assert 2 <= len(found) <= 10
    assert all(low - 1e-9 <= tick <= low + width + 1e-9 for tick in found)


def test_zero_has_no_sign():
    assert tick_text(-0.0) == "0"
    assert tick_text(-0.25) == "−0.25"


# Shared places.


@settings(max_examples=200)
@given(centres=st.lists(st.floats(0, 100), max_size=15), size=st.floats(0.5, 6))
def test_spread_keeps_order_distance_and_what_need_not_move(centres, size):
    places = spread(centres, size, 0.0, 100.0)
    order = sorted(range(len(centres)), key=lambda i: centres[i])
    moved = [places[i] for i in order]
    assert all(b - a >= size - 1e-6 for a, b in pairwise(moved))
    assert all(-1e-6 <= place <= 100.0 + 1e-6 for place in places)
    if all(centres[b] - centres[a] >= size for a, b in pairwise(order)):
        np.testing.assert_allclose(places, centres, atol=1e-9)


def test_the_default_pretest_probability_is_said(draws):
    text = " ".join(text.get_text() for text in plot_fagan(draws).texts)
    assert "No pretest probability was given" in text
    one: list[Row] = [("Only 2020", 20, 1, 3, 40)]
    single = accuracy_draws(fit_table(make_table(one)), n=200)
    text = " ".join(text.get_text() for text in plot_icon_array(single).texts)
    assert "the share of diseased people (35.9%) stands for it" in text


# Strategies.


def test_strategies_are_lines_whose_net_benefit_weighs_their_outcomes():
    results = strategies()
    data = strategy_decision_curve_data(results)
    for name in results.ranked:
        row = data[(data["strategy"] == name) & (data["threshold"] == 0.2)].iloc[0]
        found, alarms = (results.draws(name, one).mean() for one in ("found", "false_alarms"))
        assert row["value"] == pytest.approx((found - alarms / 4) / 1000, rel=1e-9)
        assert row["low"] <= row["value"] <= row["high"]
    page = plot_strategy_decision_curve(results)
    (panel,) = page.child_axes
    assert len(lines_of(panel, "strategy")) == len(results.ranked)
    assert_readable(figure_of(page))
