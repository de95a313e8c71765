"""Crosshairs, ellipses, slices, covariates, names and several tests in ROC space."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from drawn import REGULAR, assert_readable, fit_table, make_table, visible_texts
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.special import expit, logit
from sources import judgements, regular

from metadx.errors import MetadxWarning, OptionError
from metadx.inference import compare
from metadx.models import BivariateResults
from metadx.plots import (
    crosshair_data,
    plot_crosshair,
    plot_forest,
    plot_roc_ellipses,
    plot_sroc,
    roc_ellipses_data,
    sroc_data,
)
from metadx.plots.groups import group_fits
from metadx.plots.labels import spread
from metadx.plots.quadas_layout import SIGNS
from metadx.plots.style import LOOKS
from metadx.tables import StudyTable

Fits = dict[str, BivariateResults]


def words(axes: Axes) -> str:
    return " ".join(text.get_text() for text in visible_texts(axes.get_figure(root=True)))


def collections(axes: Axes, kind: str) -> list[Collection]:
    return [one for one in axes.collections if one.get_gid() == kind]


def lines(axes: Axes, kind: str) -> list[Line2D]:
    return [line for line in axes.lines if line.get_gid() == kind]


@pytest.fixture(scope="module")
def with_covariates() -> BivariateResults:
    return fit_table(regular())


@pytest.fixture(scope="module")
def two_groups() -> StudyTable:
    """Groups with unequal k; two studies stand in both."""
    rows = [(*row, "xray") for row in REGULAR]
    rows += [("Adams 2001", 47, 2, 3, 65, "mri"), ("Brown 2003", 37, 3, 2, 53, "mri")]
    rows += [("Green 2010", 28, 2, 1, 40, "mri"), ("Hall 2012", 61, 5, 4, 70, "mri")]
    frame = pd.DataFrame(rows, columns=["study", "tp", "fp", "fn", "tn", "test"])
    return StudyTable.from_frame(frame, "both")


def test_a_crosshair_spans_both_intervals(fits: Fits) -> None:
    (bars,) = collections(plot_crosshair(fits["regular"]), "crosshair")
    across, up = bars.get_segments()[:2]
    # Wilson's interval of 7 false positives among 67 and of 45 true positives among 50.
    z = 1.959963984540054
    for segment, axis, y, n in ((across, 0, 7, 67), (up, 1, 45, 50)):
        p = y / n
        middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
        assert segment[:, axis] == pytest.approx([middle - half, middle + half])
        assert segment[:, 1 - axis] == pytest.approx([45 / 50, 45 / 50] if axis == 0 else 7 / 67)
    assert len(bars.get_segments()) == 12


def test_larger_studies_are_darker_and_heavier(fits: Fits) -> None:
    axes = plot_crosshair(fits["regular"])
    (bars,) = collections(axes, "crosshair")
    n = np.array([117, 95, 264, 42, 189, 153])
    order = np.argsort(n)
    alphas, widths = bars.get_edgecolor()[::2, 3], np.asarray(bars.get_linewidth())[::2]
    assert (np.diff(alphas[order]) > 0).all() and (np.diff(widths[order]) > 0).all()
    sizes = np.array([line.get_markersize() for line in lines(axes, "study")])
    assert (np.diff(sizes[order]) > 0).all()


def test_an_ellipse_is_a_region_of_logits(fits: Fits) -> None:
    data = roc_ellipses_data(fits["perfect specificity"])
    row = data[data["part"] == "study"].iloc[0]
    # 18, 0, 2, 30 with half a patient added to each cell.
    assert row["logit_sens"] == pytest.approx(np.log(18.5 / 2.5))
    assert row["se_fpr"] == pytest.approx(np.sqrt(1 / 0.5 + 1 / 30.5))
    assert row["radius"] == pytest.approx(np.sqrt(5.991464547107979))
    (shapes,) = collections(plot_roc_ellipses(fits["regular"]), "ellipse")
    outline = shapes.get_paths()[0].vertices
    centre = np.array([logit(7 / 67), logit(45 / 50)])
    scale = np.sqrt([1 / 7 + 1 / 60, 1 / 45 + 1 / 5])
    distance = np.hypot(*((logit(outline) - centre) / scale).T)
    assert distance == pytest.approx(np.sqrt(5.991464547107979))
    assert outline.max() < 1.0 and expit(centre)[1] == pytest.approx(0.9)


def test_level_and_interval_are_options_and_said(fits: Fits) -> None:
    axes = plot_crosshair(fits["regular"], interval="exact", level=0.9)
    assert "Bars: 90% Clopper-Pearson intervals of each study." in words(axes)
    assert "Ellipses: 80% joint" in words(plot_roc_ellipses(fits["regular"], level=0.8))
    with pytest.raises(OptionError, match="level is 2"):
        roc_ellipses_data(fits["regular"], level=2)
    with pytest.raises(OptionError, match="show has 'band'"):
        plot_crosshair(fits["regular"], show=["band"])
    wide = crosshair_data(fits["regular"], level=0.99)
    narrow = crosshair_data(fits["regular"], level=0.5)
    assert (wide["sens_low"].dropna() < narrow["sens_low"].dropna()).all()


def test_the_groups_of_a_comparison_have_its_points(two_groups: StudyTable) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        found = compare(two_groups, "test")
    shown = group_fits(found)
    assert list(shown) == ["mri", "xray"] and [fit.k for fit in shown.values()] == [4, 6]
    for name, fit in shown.items():
        assert fit.sensitivity == found.points[name].sensitivity
        assert fit.point.mean_logit == pytest.approx(found.points[name].mean_logit)
        assert fit.k_complete == fit.k
    for draw in (plot_sroc, plot_crosshair, plot_forest):
        axes = draw(found)
        assert_readable(axes.get_figure(root=True))
        assert "MRI" in words(axes) and "Radiograph" in words(axes)
    points = {line.get_color() for line in lines(plot_sroc(found), "summary")}
    assert points == {LOOKS["mri"].color, LOOKS["xray"].color}
    assert len(collections(plot_sroc(found), "join")[0].get_segments()) == 2


def test_a_list_is_named_by_its_tables(fits: Fits) -> None:
    assert "regular: k = 6" in words(plot_sroc([fits["regular"], fits["fifteen"]]))
    with pytest.raises(OptionError, match="a table without a fit"):
        plot_sroc(fits["regular"].table)  # type: ignore[arg-type]


def test_a_number_colours_the_studies(with_covariates: BivariateResults) -> None:
    frame = with_covariates.table.frame.assign(age=[61, 64, None, 70, 73, 79])
    frame["age"] = frame["age"].astype("Int64")
    rows = [*frame.to_dict("records"), frame.iloc[0].to_dict() | {"study_id": "Gray", "age": 50}]
    fit = fit_table(StudyTable.from_frame(pd.DataFrame(rows), "ages"))
    axes = plot_sroc(fit, color_by="age")
    (marks,) = collections(axes, "study")
    colors = [to_hex(color) for color in marks.get_facecolor()]
    assert len(set(colors)) == 7 and colors[2] == "#ffffff"
    for text in ("Colour of a study: age", "not stated (1)", "50", "79"):
        assert text in words(axes)
    assert sroc_data(fit, color_by="age")["covariate"].notna().sum() == 6


def test_words_colour_the_studies_as_groups(with_covariates: BivariateResults) -> None:
    axes = plot_sroc(with_covariates, color_by="design")
    (marks,) = collections(axes, "study")
    colors = [to_hex(color) for color in marks.get_facecolor()]
    assert colors[0] == colors[2] == colors[4] != colors[1] == colors[5] and colors[3] == "#ffffff"
    assert "case-control" in words(axes) and "not stated (1)" in words(axes)
    with pytest.raises(OptionError, match="no column 'colour'"):
        plot_sroc(with_covariates, color_by="colour")
    with pytest.raises(OptionError, match="leave one out"):
        plot_sroc(with_covariates, color_by="design", quadas=judgements(with_covariates.table))


def test_slices_show_the_judgements_in_order(with_covariates: BivariateResults) -> None:
    frame = judgements(with_covariates.table)
    axes = plot_sroc(with_covariates, quadas=frame)
    corner = next(child for child in axes.child_axes if child.get_label() == "corner")
    assert not [patch for patch in axes.patches if str(patch.get_gid()).startswith("slice ")]
    slices = [patch for patch in corner.patches if str(patch.get_gid()).startswith("slice ")]
    assert len(slices) == 4 * 6
    first = frame[frame["study_id"] == frame["study_id"].iloc[0]].set_index("domain")["judgement"]
    assert [one.get_gid() for one in slices[:4]] == [
        f"slice {first.get(domain, 'not judged')}"
        for domain in ("patient_selection", "index_test", "reference_standard", "flow_and_timing")
    ]
    # The first slice starts at the top and goes clockwise.
    assert (slices[0].theta1, slices[0].theta2) == (0.0, 90.0)
    assert to_hex(slices[0].get_facecolor()) == SIGNS[first["patient_selection"]][0].lower()
    for text in ("Slices clockwise from the top: patient selection", "Low risk of bias", "judged"):
        assert text in words(axes)


def test_discs_make_room_for_each_other() -> None:
    points = np.array([[0.5, 0.5]] * 5 + [[0.51, 0.5], [0.9, 0.1]])
    moved = spread(points, 0.05, 0.0, 1.0)
    gaps = np.hypot(*(moved[:, None, :] - moved[None, :, :]).transpose(2, 0, 1))
    assert gaps[~np.eye(7, dtype=bool)].min() >= 2 * 0.05 * 0.999
    assert np.array_equal(moved, spread(points, 0.05, 0.0, 1.0))
    assert moved[6] == pytest.approx(points[6], abs=1e-6)
    assert spread(points, 0.05, 0.5, 1.0).min() >= 0.55 - 1e-12


@pytest.mark.parametrize("name", ["regular", "fifteen", "identical", "long names"])
def test_names_cover_nothing_and_are_the_same_each_time(fits: Fits, name: str) -> None:
    axes, again = (plot_sroc(fits[name], labels=True) for _ in range(2))
    figure = axes.get_figure(root=True)
    assert_readable(figure)
    texts = [text for text in axes.texts if text.get_gid() == "name"]
    assert texts
    assert [t.get_position() for t in texts] == [
        t.get_position() for t in again.texts if t.get_gid() == "name"
    ]
    renderer = figure.canvas.get_renderer()
    legend = axes.get_legend().get_window_extent(renderer)
    for text in texts:
        box = text.get_window_extent(renderer)
        assert axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1
        assert not legend.overlaps(box)


def test_names_where_there_is_room_else_numbers_with_a_key(fits: Fits) -> None:
    few = plot_sroc(fits["regular"], labels=True)
    assert "Adams 2001" in words(few) and "Studies: 1 " not in words(few)
    many = words(plot_sroc(fits["eighty"], labels=True))
    assert "Studies: 1 Study 0 1999; 2 Study 1 1999" in many
    numbers = plot_sroc(fits["regular"], labels="numbers")
    assert {t.get_text() for t in numbers.texts if t.get_gid() == "name"} == set("123456")
    with pytest.raises(OptionError, match="labels is 'all'"):
        plot_sroc(fits["regular"], labels="all")


def test_several_kinds_of_curve_and_both_radii(fits: Fits, one_site: Fits) -> None:
    kinds = ("hsroc", "major_axis", "moses_littenberg")
    axes = plot_sroc(fits["regular"], curve=kinds, region_radius="both", extrapolate=True)
    curves = lines(axes, "curve")
    assert len(curves) == 3 and len({line.get_color() for line in curves}) == 3
    assert [line.get_linestyle() for line in lines(axes, "outside")] == ["--"] * 3
    regions = lines(axes, "confidence_region")
    assert len(regions) == 2 and len({line.get_linewidth() for line in regions}) == 2
    for text in ("(HSROC)", "(major axis)", "historical", "region (F)", "region (chi-squared)"):
        assert text in words(axes)
    data = sroc_data(fits["regular"], curve=kinds, region_radius="both")
    assert set(data["kind"]) == {*kinds, "f", "chi2", ""}
    with pytest.raises(OptionError, match="of one test only"):
        plot_sroc(one_site, curve=kinds)


def test_a_slide_has_legend_and_captions_beside_the_square(fits: Fits) -> None:
    axes = plot_sroc(fits["regular"], size="slide")
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    width, height = figure.get_size_inches()
    assert (width, height) == pytest.approx((13.333, 7.5), abs=0.01)
    figure.draw_without_rendering()
    legend = axes.get_legend().get_window_extent(figure.canvas.get_renderer())
    assert legend.x0 > axes.bbox.x1 and legend.x1 < figure.bbox.x1


def test_judgements_stand_beside_the_rows_of_a_forest(with_covariates: BivariateResults) -> None:
    frame = judgements(with_covariates.table)
    axes = plot_forest(with_covariates, quadas=frame)
    assert_readable(axes.get_figure(root=True))
    dots = [patch for patch in axes.patches if patch.get_gid() in SIGNS]
    assert len(dots) == len(frame)
    counts = pd.Series([dot.get_gid() for dot in dots]).value_counts()
    assert counts.to_dict() == frame["judgement"].value_counts().to_dict()
    key = "P patient selection, I index test, R reference standard, F flow and timing"
    assert key in words(axes)
    with pytest.raises(OptionError, match="need the width of two columns"):
        plot_forest(with_covariates, quadas=frame, size="one-column")


def test_one_column_stacks_the_margins_of_a_forest(fits: Fits) -> None:
    axes = plot_forest(fits["partial"], size="one-column")
    upper, lower = axes.child_axes
    assert (upper.get_label(), lower.get_label()) == ("sensitivity", "specificity")
    assert lower.get_position().y1 < upper.get_position().y0
    assert lower.get_position().intervalx == pytest.approx(upper.get_position().intervalx)
    text = words(axes)
    assert "45/50" in text and "60/67" in text and "TP/n" in text and "TN/n" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"domain": "luck"}, "domain 'luck'"),
        ({"judgement": "maybe"}, "judgement is 'maybe'; it is one of low, unclear, high"),
    ],
)
def test_unknown_judgements_are_refused(
    with_covariates: BivariateResults, change: dict[str, str], message: str
) -> None:
    frame = judgements(with_covariates.table)
    with pytest.raises(OptionError, match=message):
        plot_sroc(with_covariates, quadas=frame.assign(**change))
    with pytest.raises(OptionError, match="lack the columns judgement"):
        plot_forest(with_covariates, quadas=frame.drop(columns="judgement"))


def test_a_study_keeps_its_colour_in_every_figure(one_site: Fits) -> None:
    expected = {LOOKS[test].color for test in one_site}
    for draw in (plot_sroc, plot_crosshair, plot_roc_ellipses):
        assert {line.get_color() for line in lines(draw(one_site), "summary")} == expected
    forest = plot_forest(one_site).child_axes[0]
    assert {to_hex(p.get_facecolor()) for p in forest.patches if p.get_gid() == "study"} == {
        color.lower() for color in expected
    }


def test_a_table_alone_needs_a_fit() -> None:
    with pytest.raises(OptionError, match="fit it first"):
        plot_crosshair(make_table(REGULAR))  # type: ignore[arg-type]
