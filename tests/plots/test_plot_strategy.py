"""Figures of strategies: the numbers are those of the results, and what is missing is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn import assert_readable, visible_texts
from matplotlib.axes import Axes
from sources import strategies

from metadx.decision.strategy_results import StrategyResults
from metadx.errors import OptionError
from metadx.plots.strategy_basis import strategy_looks
from metadx.plots.strategy_comparison import plot_strategy_comparison, strategy_comparison_data
from metadx.plots.strategy_economics import (
    plot_strategy_acceptability,
    plot_strategy_plane,
    strategy_acceptability_data,
)
from metadx.plots.strategy_pretest import plot_strategy_pretest
from metadx.plots.strategy_tornado import plot_strategy_tornado, strategy_tornado_data


@pytest.fixture(scope="module")
def results() -> StrategyResults:
    return strategies()


def panel(axes: Axes) -> Axes:
    return axes.child_axes[0]


def by_gid(axes: Axes, gid: str) -> list:
    return [one for one in panel(axes).lines if one.get_gid() == gid]


def text_of(axes: Axes) -> str:
    figure = axes.get_figure(root=True)
    return " ".join(text.get_text() for text in visible_texts(figure))


@pytest.mark.parametrize("payment", ["imaging", "cost", "dose", "hours"])
def test_the_comparison_shows_expected_values_and_the_frontier(
    results: StrategyResults, payment: str
) -> None:
    axes = plot_strategy_comparison(results, payment=payment)
    assert_readable(axes.get_figure(root=True))
    data = strategy_comparison_data(results, payment=payment).set_index("strategy")
    points = by_gid(axes, "strategy")
    assert len(points) == len(results.names)
    for name, point in zip(data.index, points, strict=True):
        assert point.get_ydata()[0] == pytest.approx(results.estimate(name, "missed").value)
        filled = point.get_markerfacecolor() != "white"
        assert filled == (data.loc[name, "status"] == "on the frontier")
    (line,) = by_gid(axes, "frontier")
    on = data[data["status"] == "on the frontier"].sort_values("paid")
    assert np.interp(on["paid"], *line.get_data()) == pytest.approx(on["missed"].to_numpy())
    assert "k = " not in text_of(axes) and "sensitivity assumed" in text_of(axes)


def test_strategies_of_one_price_stand_side_by_side(results: StrategyResults) -> None:
    points = by_gid(plot_strategy_comparison(results), "strategy")
    places = [point.get_xdata()[0] for point in points]
    assert len(set(np.round(places, 6))) == len(places)


def test_the_strip_changes_where_the_best_strategy_does(results: StrategyResults) -> None:
    axes = plot_strategy_pretest(results)
    assert_readable(axes.get_figure(root=True))
    found = results.by_pretest("net_benefit")
    strips = [patch for patch in panel(axes).patches if patch.get_gid() == "best"]
    assert len(strips) == len(found.switches) + 1
    looks = strategy_looks(results)
    for strip in strips:
        middle = strip.get_x() + 0.5 * strip.get_width()
        if strip.get_width() > 0.02:
            from matplotlib.colors import to_hex

            best = looks[found.best_at(middle)[0]].color
            assert to_hex(strip.get_facecolor()).upper() == best
    total = sum(line.get_ydata() for line in by_gid(axes, "probability"))
    assert total == pytest.approx(np.ones(found.grid.size))


def test_acceptability_and_plane(results: StrategyResults) -> None:
    axes = plot_strategy_acceptability(results)
    assert_readable(axes.get_figure(root=True))
    data = strategy_acceptability_data(results)
    assert len(by_gid(axes, "probability")) == data["strategy"].nunique() == 4
    axes = plot_strategy_plane(results, reference="none")
    assert_readable(axes.get_figure(root=True))
    points = by_gid(axes, "strategy")
    assert [point.get_xdata()[0] for point in points] == pytest.approx(
        [results.estimate(name, "found").value for name in ("ct", "mri", "both")]
    )


def test_the_tornado_compares_the_best_with_the_runner_up(results: StrategyResults) -> None:
    axes = plot_strategy_tornado(results)
    assert_readable(axes.get_figure(root=True))
    data = strategy_tornado_data(results)
    assert data.loc[0, "strategy"] == results.best("net_benefit")
    bars = [patch for patch in panel(axes).patches if patch.get_gid() == "bar"]
    assert len(bars) == 2 * min(len(data), 12)
    ends = {round(bar.get_x() + bar.get_width(), 12) for bar in bars[:2]}
    assert ends == {round(data.loc[0, "at_low"], 12), round(data.loc[0, "at_high"], 12)}


def test_what_cannot_be_drawn_is_said(results: StrategyResults) -> None:
    tests = {name: replace(one, prices={}) for name, one in results.plan.tests.items()}
    poor = replace(results, plan=replace(results.plan, tests=tests))
    axes = plot_strategy_comparison(poor, payment="dose")
    assert "Not shown" in text_of(axes) and "tests.ct.dose" in text_of(axes)
    for draw in (plot_strategy_acceptability, plot_strategy_plane):
        with pytest.raises(OptionError, match=r"nothing to draw: .*tests\.ct\.cost"):
            draw(poor)
    with pytest.raises(OptionError, match="no threshold is given"):
        plot_strategy_pretest(replace(results, threshold=None), criterion="net_benefit")
    with pytest.raises(OptionError, match="one of cost, dose"):
        plot_strategy_comparison(results, payment="money")
