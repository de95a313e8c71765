from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from drawn import assert_readable, visible_texts
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metadx.errors import OptionError
from metadx.inference.cumulative import cumulative
from metadx.inference.influence import leave_one_out
from metadx.inference.robustness import robustness
from metadx.inference.small_study import deeks_test
from metadx.models import BivariateResults
from metadx.plots.cumulative import cumulative_data, plot_cumulative
from metadx.plots.funnel import funnel_data, plot_funnel
from metadx.plots.influence import influence_data, plot_influence
from metadx.plots.robustness import plot_robustness, robustness_data

Fits = dict[str, BivariateResults]


def panel(page: Axes, name: str) -> Axes:
    (found,) = [axes for axes in page.child_axes if axes.get_label() == name]
    return found


def marks(axes: Axes, gid: str) -> list:
    return [one for one in axes.get_children() if one.get_gid() == gid]


def words(page: Axes) -> str:
    figure = page.get_figure(root=True)
    assert isinstance(figure, Figure)
    assert_readable(figure)
    return " ".join(text.get_text() for text in visible_texts(figure))


def test_influence_shows_every_refit_and_the_full_estimate(fits: Fits):
    found = leave_one_out(fits["fifteen"])
    page = plot_influence(found)
    for name in ("sensitivity", "specificity"):
        drawn = [line.get_xdata()[0] for line in marks(panel(page, name), "value")]
        frame = influence_data(found)
        assert drawn == pytest.approx([*frame[name], found.full[name].value])
        (band,) = marks(panel(page, name), "full interval")
        assert band.get_x() == pytest.approx(found.full[name].low)
    bars = marks(panel(page, "bars"), "bar")
    assert [bar.get_width() for bar in bars] == pytest.approx(list(frame["cook"]))
    assert "without Study 3" in words(page) and "all studies" in words(page)


def test_a_narrow_page_says_the_largest_distance_instead(fits: Fits):
    page = plot_influence(fits["fifteen"], size="one-column")
    assert [axes.get_label() for axes in page.child_axes] == ["sensitivity", "specificity"]
    assert "largest" in words(page)


def test_influence_of_one_study_is_refused(fits: Fits):
    with pytest.raises(OptionError, match="nothing is left"):
        plot_influence(fits["one study"])


def test_what_is_not_pooled_says_so(fits: Fits):
    assert "not pooled" in words(plot_influence(fits["not pooled"]))


def test_cumulative_marks_the_last_update(fits: Fits):
    found = cumulative(fits["fifteen"], by=[2001 + i // 2 for i in range(15)])
    page = plot_cumulative(found)
    values = marks(panel(page, "sensitivity"), "value")
    assert [line.get_marker() for line in values[-2:]] == ["o", "D"]
    shown = cumulative_data(found)["sensitivity"].dropna()
    assert [line.get_xdata()[0] for line in values] == pytest.approx(list(shown))
    assert "The last update (diamond) changed" in words(page)


def test_cumulative_names_who_has_no_year(fits: Fits):
    found = cumulative(fits["fifteen"], by=[None, *range(2001, 2015)])
    assert "Without order, in the band only: Study 0" in words(plot_cumulative(found))
    with pytest.raises(OptionError, match="no study has a year"):
        plot_cumulative(fits["fifteen"])


def test_robustness_shows_each_choice_once_and_says_what_is_missing(fits: Fits):
    found = robustness(fits["fifteen"], bayesian=False)
    page = plot_robustness(found)
    frame = robustness_data(found)
    values = [line.get_xdata()[0] for line in marks(panel(page, "specificity"), "value")]
    assert values == pytest.approx(list(frame["specificity"].dropna()))
    said = words(page)
    assert "Not shown" in said and "moves most" in said and "Model" in said


def test_funnel_points_line_and_p(fits: Fits):
    fit = fits["fifteen"]
    page = plot_funnel(fit)
    axes, test = panel(page, "funnel"), deeks_test(fit.table)
    (points,) = marks(axes, "study")
    assert points.get_xdata() == pytest.approx(test.log_dor)
    assert points.get_ydata() == pytest.approx(test.inverse_root_ess)
    (line,) = marks(axes, "line")
    x, y = line.get_data()
    assert np.diff(x)[0] / np.diff(y)[0] == pytest.approx(test.slope.value)
    assert f"P = {test.p:.3f}, k = 15" in words(page)
    assert axes.get_ylim()[0] > axes.get_ylim()[1] == 0.0  # large studies stand at the top
    frame = funnel_data(fit)
    assert isinstance(frame, pd.DataFrame) and len(frame) == 15


def test_funnel_refuses_few_studies_and_says_why(fits: Fits):
    with pytest.raises(OptionError, match="needs 10; any_number=True"):
        plot_funnel(fits["regular"])
    page = plot_funnel(fits["regular"], any_number=True)
    assert "because it was asked for" in words(page)
