from __future__ import annotations

import warnings

import numpy as np
import pytest
from drawn import TABLES, assert_readable, fit_table, make_table, overlaps, visible_texts
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from metadx.errors import OptionError
from metadx.models import BivariateResults
from metadx.plots import MissingFontWarning, plot_sroc, sroc_data
from metadx.plots.style import LOOKS

Fits = dict[str, BivariateResults]

CORNER = [
    ("A 2001", 48, 2, 1, 60),
    ("B 2003", 95, 4, 6, 120),
    ("C 2010", 30, 3, 3, 44),
    ("D 2012", 60, 1, 2, 33),
    ("E 2015", 120, 9, 4, 200),
]


def words(axes: Axes) -> str:
    return " | ".join(text.get_text() for text in visible_texts(axes.get_figure(root=True)))


def lines(axes: Axes, kind: str) -> list[Line2D]:
    return [line for line in axes.lines if line.get_gid() == kind and len(line.get_xdata())]


def collections(axes: Axes, kind: str) -> list[Collection]:
    return [one for one in axes.collections if one.get_gid() == kind]


@pytest.mark.parametrize("name", TABLES)
def test_every_sroc_plot_is_readable_and_square(fits: Fits, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingFontWarning)
        axes = plot_sroc(fits[name])
    figure = axes.get_figure(root=True)
    assert_readable(figure)
    box = axes.get_window_extent()
    # A pixel of 100 dots per inch on either side.
    assert box.width == pytest.approx(box.height, abs=1.0)
    assert axes.get_xlim() == axes.get_ylim()


@pytest.mark.parametrize("name", ["regular", "partial", "fifteen", "identical"])
def test_the_legend_covers_no_data(fits: Fits, name: str) -> None:
    axes = plot_sroc(fits[name])
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    figure.draw(renderer)
    legend = axes.get_legend().get_window_extent(renderer)
    for line in axes.lines:
        if line.get_gid() == "chance":
            continue
        inside = [legend.contains(x, y) for x, y in axes.transData.transform(line.get_xydata())]
        assert not any(inside), line.get_gid()
    for study in collections(axes, "study")[0].get_paths():
        assert not overlaps(study.get_extents(axes.transData), legend)


def test_a_mark_is_as_high_and_wide_as_its_study(fits: Fits) -> None:
    (marks,) = collections(plot_sroc(fits["regular"]), "study")
    boxes = [path.get_extents() for path in marks.get_paths()]
    diseased, healthy = np.array([50, 39, 94, 19, 92, 55]), np.array([67, 56, 170, 23, 97, 98])
    heights = np.array([box.height for box in boxes])
    widths = np.array([box.width for box in boxes])
    assert heights / heights.max() == pytest.approx(np.sqrt(diseased / 94))
    assert widths / widths.max() == pytest.approx(np.sqrt(healthy / 170))
    assert boxes[0].x0 + boxes[0].width / 2 == pytest.approx(7 / 67)
    assert boxes[0].y0 + boxes[0].height / 2 == pytest.approx(45 / 50)


def test_summary_point_curve_and_regions(fits: Fits) -> None:
    fit = fits["regular"]
    axes = plot_sroc(fit)
    (summary,) = lines(axes, "summary")
    assert summary.get_xdata()[0] == pytest.approx(1 - fit.specificity.value)
    assert summary.get_ydata()[0] == pytest.approx(fit.sensitivity.value)
    dashed, dotted = lines(axes, "confidence_region")[0], lines(axes, "prediction_region")[0]
    assert dashed.get_linestyle() == dotted.get_linestyle() == "--"
    assert dashed._dash_pattern[1] != dotted._dash_pattern[1]
    text = words(axes)
    assert "95% confidence region (F)" in text and "95% prediction region (F)" in text
    assert "k = 6" in text and "n = 349 diseased, 511 non-diseased" in text


def test_the_curve_stays_within_the_observed_rates(fits: Fits) -> None:
    fit = fits["regular"]
    low, high = fit.observed_fpr
    axes = plot_sroc(fit)
    (curve,) = lines(axes, "curve")
    assert curve.get_xdata().min() >= low - 1e-9 and curve.get_xdata().max() <= high + 1e-9
    assert curve.get_linestyle() == "-" and not lines(axes, "outside")
    (far,) = lines(plot_sroc(fit, extrapolate=True), "outside")
    assert far.get_linestyle() == "--" and far.get_xdata().max() > 0.99


def test_partial_studies_are_ticks_on_their_axis(fits: Fits) -> None:
    axes = plot_sroc(fits["partial"])
    (ticks,) = collections(axes, "one_margin")
    first, second = (np.asarray(segment) for segment in ticks.get_segments())
    assert first[:, 1] == pytest.approx(33 / 38) and first[0, 0] == axes.get_xlim()[0]
    assert second[:, 0] == pytest.approx(6 / 216) and second[0, 1] == axes.get_ylim()[0]
    text = words(axes)
    assert "k = 7 (5 complete, 1 sensitivity only, 1 specificity only)" in text
    assert len(collections(axes, "study")[0].get_paths()) == 5


def test_a_margin_that_is_pooled_alone_stands_on_its_axis(fits: Fits) -> None:
    fit = fits["sensitivity only"]
    axes = plot_sroc(fit)
    interval, point = lines(axes, "pooled_sensitivity")
    assert list(interval.get_ydata()) == pytest.approx([fit.sensitivity.low, fit.sensitivity.high])
    assert point.get_ydata()[0] == pytest.approx(fit.sensitivity.value)
    assert not lines(axes, "summary") and "Pooled sensitivity alone" in words(axes)


def test_what_is_missing_has_its_reason(fits: Fits) -> None:
    text = words(plot_sroc(fits["not pooled"])).replace(" | ", " ")
    assert "Sensitivity is not pooled: " in text and "No SROC curve: " in text
    assert not lines(plot_sroc(fits["not pooled"]), "summary")
    assert "No SROC curve: a between-study variance is 0" in words(plot_sroc(fits["identical"]))


def test_a_point_by_fixed_effect_is_open(fits: Fits) -> None:
    axes = plot_sroc(fits["perfect specificity"])
    (point,) = lines(axes, "summary")
    assert point.get_markerfacecolor() == "white"
    assert "Summary point (specificity by fixed effect)" in words(axes)


def test_a_positive_correlation_is_a_caption_not_a_warning() -> None:
    rows = [
        ("A", 50, 40, 50, 60),
        ("B", 70, 25, 30, 75),
        ("C", 85, 12, 15, 88),
        ("D", 95, 5, 5, 95),
    ]
    fit = fit_table(make_table([*rows, ("E", 60, 33, 40, 67)]))
    assert fit.between_study_cov[0, 1] > 0
    assert "does not describe a trade-off" in words(plot_sroc(fit)).replace(" | ", " ")


def test_tests_overlaid_keep_colour_and_marker(one_site: Fits) -> None:
    axes = plot_sroc(one_site)
    assert_readable(axes.get_figure(root=True))
    points = lines(axes, "summary")
    assert [(p.get_color(), p.get_marker()) for p in points] == [
        (LOOKS[test].color, LOOKS[test].marker) for test in one_site
    ]
    single = lines(plot_sroc({"mri": one_site["mri"]}), "summary")[0]
    assert (single.get_color(), single.get_marker()) == (LOOKS["mri"].color, LOOKS["mri"].marker)
    for text in ("Radiograph: k = 6, n = 349 + 511", "MRI: k = 5", "CT: k = 3"):
        assert text in words(axes)


def test_lines_join_the_tests_of_a_study(one_site: Fits) -> None:
    (joins,) = collections(plot_sroc(one_site), "join")
    segments = {tuple(np.round(segment.ravel(), 6)) for segment in joins.get_segments()}
    expected = {
        (7 / 67, 45 / 50, 2 / 67, 47 / 50),
        (4 / 56, 30 / 39, 3 / 56, 37 / 39),
    }
    assert {tuple(np.round(one, 6)) for one in expected} < segments
    assert not collections(plot_sroc(one_site, join=False), "join")


def test_a_crowded_corner_is_enlarged() -> None:
    fit = fit_table(make_table(CORNER))
    axes = plot_sroc(fit)
    (corner,) = (child for child in axes.child_axes if child.get_label() == "corner")
    assert corner.get_xlim() == pytest.approx((-0.01, 0.2))
    assert_readable(axes.get_figure(root=True))
    assert not plot_sroc(fit, inset=False).child_axes


def test_no_inset_where_studies_are_spread(fits: Fits) -> None:
    assert not plot_sroc(fits["not pooled"]).child_axes


def test_specificity_may_stand_on_the_axis(fits: Fits) -> None:
    axes = plot_sroc(fits["regular"], x="specificity")
    assert axes.get_xlabel() == "Specificity"
    assert [text.get_text() for text in axes.get_xticklabels()][:2] == ["1.0", "0.8"]
    (summary,) = lines(axes, "summary")
    assert summary.get_xdata()[0] == pytest.approx(1 - fits["regular"].specificity.value)


def test_only_what_is_asked_for_is_drawn(fits: Fits) -> None:
    axes = plot_sroc(fits["regular"], show=("confidence",), region_radius="chi2")
    assert lines(axes, "confidence_region") and not lines(axes, "prediction_region")
    assert not lines(axes, "curve") and "95% confidence region (chi-squared)" in words(axes)


def test_the_corrected_region_is_drawn_of_the_normal_approximation_only() -> None:
    axes = plot_sroc(fit_table(make_table(CORNER), method="reml"), region_radius="ito_sugasawa")
    said = " ".join(words(axes).replace("|", " ").split())
    assert "95% confidence region (Ito & Sugasawa)" in said
    assert "95% prediction region (F)" in said and "its own moment estimate" in said
    assert len(lines(axes, "confidence_region")) >= 1
    assert_readable(axes.get_figure(root=True))
    exact = plot_sroc(fit_table(make_table(CORNER)), region_radius="ito_sugasawa")
    assert not lines(exact, "confidence_region")
    said = " ".join(words(exact).replace("|", " ").split())
    assert "No confidence region: the region of Ito" in said


def test_given_axes_are_used(fits: Fits) -> None:
    figure = Figure(figsize=(6, 6))
    axes = figure.add_subplot()
    assert plot_sroc(fits["regular"], axes) is axes
    assert figure.axes == [axes] and axes.get_legend() is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"show": ["band"]}, "show has 'band'; it may have curve, confidence, prediction"),
        ({"x": "tpr"}, "x is 'tpr'"),
        ({"curve": "best"}, "curve kind is 'best'"),
        ({"region_radius": "t"}, "radius is 't'"),
    ],
)
def test_wrong_options_are_named(fits: Fits, options: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        plot_sroc(fits["regular"], **options)  # type: ignore[arg-type]


def test_no_fit_no_figure() -> None:
    with pytest.raises(OptionError, match="no fit"):
        plot_sroc({})


def test_the_data_behind_the_figure(one_site: Fits) -> None:
    data = sroc_data(one_site)
    assert list(data["test"].unique()) == list(one_site)
    studies = data[data["part"] == "study"]
    assert len(studies) == 14
    assert (studies["fpr"] + studies["specificity"]).to_numpy() == pytest.approx(1.0)
    assert set(data["part"]) >= {"study", "summary", "confidence_region"}
