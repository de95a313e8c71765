from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from drawn import TABLES, assert_readable, axes_of, make_table, visible_texts
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle
from scipy.special import betaincinv

from metadx.errors import OptionError
from metadx.models import BivariateResults
from metadx.plots import MissingFontWarning, forest_data, plot_forest, plot_forest_pages
from metadx.plots.fonts import Typeface
from metadx.plots.forest_layout import SMALLEST_SQUARE, forest_layout
from metadx.tables import StudyTable

Fits = dict[str, BivariateResults]


def words(axes: Axes) -> list[str]:
    return [text.get_text() for text in visible_texts(axes.get_figure(root=True))]


def caption(axes: Axes) -> str:
    return " ".join(words(axes))


def panels(axes: Axes) -> dict[str, Axes]:
    return {child.get_label(): child for child in axes.child_axes}


def shapes(panel: Axes, kind: str) -> list[Polygon | Rectangle]:
    return [patch for patch in panel.patches if patch.get_gid() == kind]


@pytest.mark.parametrize("name", TABLES)
def test_every_forest_is_readable(fits: Fits, name: str) -> None:
    with warnings.catch_warnings():
        # Where no Chinese font is installed; a warning about a missing glyph stays an error.
        warnings.simplefilter("ignore", MissingFontWarning)
        axes = plot_forest(fits[name])
        assert_readable(axes.get_figure(root=True))


NAMES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1)
COUNTS = st.integers(0, 100_000)


@given(
    st.lists(
        st.tuples(NAMES.filter(str.strip), COUNTS, COUNTS, COUNTS, COUNTS).filter(
            lambda row: row[1] + row[3] > 0 and row[2] + row[4] > 0
        ),
        min_size=1,
        max_size=12,
        unique_by=lambda row: row[0].strip(),
    )
)
def test_any_table_is_readable(rows: list[tuple[str, int, int, int, int]]) -> None:
    frame = pd.DataFrame(rows, columns=["study_id", "tp", "fp", "fn", "tn"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingFontWarning)
        table = StudyTable.from_checked(frame, "table")
        assert_readable(plot_forest(table).get_figure(root=True))


def test_a_row_says_what_the_table_says(fits: Fits) -> None:
    texts = words(plot_forest(fits["regular"]))
    for text in ("Adams 2001", "45", "7", "5", "60", "0.90 [0.79, 0.96]", "0.90 [0.80, 0.95]"):
        assert text in texts
    assert "k = 6, n = 349 diseased" in texts
    assert "k = 6, n = 511 non-diseased" in texts


def test_rows_stand_in_the_same_order_in_both_panels(fits: Fits) -> None:
    axes = plot_forest(fits["partial"])
    heights = {
        name: [round(line.get_ydata()[0], 3) for line in panel.lines if line.get_gid() == "study"]
        for name, panel in panels(axes).items()
    }
    assert all(ys == sorted(ys) for ys in heights.values())
    shared = set(heights["sensitivity"]) & set(heights["specificity"])
    assert (len(shared), len(heights["sensitivity"]), len(heights["specificity"])) == (5, 6, 6)


def test_a_partial_study_has_dashes_and_no_mark(fits: Fits) -> None:
    data = forest_data(fits["partial"]).set_index("label")
    row = data.loc["Sens only 2014"]
    assert pd.isna(row["tn"]) and pd.isna(row["specificity"]) and row["specificity_method"] == ""
    assert row["n_diseased"] == 38
    texts = words(plot_forest(fits["partial"]))
    # Two counts and a result for each of the two partial studies.
    assert texts.count("–") == 6


def test_area_of_a_square_follows_the_size_of_the_study(fits: Fits) -> None:
    axes = plot_forest(fits["regular"])
    for name, sizes in (("sensitivity", [50, 39, 94, 19, 92, 55]),
                        ("specificity", [67, 56, 170, 23, 97, 98])):  # fmt: skip
        sides = np.array([one.get_height() for one in shapes(panels(axes)[name], "study")])
        expected = np.array(sizes) / max(sizes)
        assert sides.min() > SMALLEST_SQUARE
        assert (sides / sides.max()) ** 2 == pytest.approx(expected)


def test_the_diamond_spans_the_pooled_interval(fits: Fits) -> None:
    fit = fits["regular"]
    panel = panels(plot_forest(fit))["sensitivity"]
    (diamond,) = shapes(panel, "pooled")
    corners = diamond.get_xy()[:, 0]
    assert corners.min() == pytest.approx(fit.sensitivity.low)
    assert corners.max() == pytest.approx(fit.sensitivity.high)
    assert corners[1] == pytest.approx(fit.sensitivity.value)
    (bar,) = shapes(panel, "prediction")
    low = fit.prediction_sensitivity.low
    assert bar.get_x() == pytest.approx(max(low, panel.get_xticks()[1] if low > 0.6 else 0.0))


def test_what_is_not_pooled_has_no_filled_diamond(fits: Fits) -> None:
    axes = plot_forest(fits["not pooled"])
    for panel in panels(axes).values():
        assert not shapes(panel, "pooled") and not shapes(panel, "prediction")
        (diamond,) = shapes(panel, "fixed_effect")
        assert diamond.get_facecolor()[:3] == (1.0, 1.0, 1.0)
        assert [line for line in panel.lines if line.get_gid() == "range"]
    text = caption(axes)
    assert "Fixed effect (summed counts)" in text and "Range of the studies" in text
    assert "Sensitivity is not pooled: " in text and "Pooled (random effects)" not in text


def test_a_margin_pooled_by_fixed_effect_says_so(fits: Fits) -> None:
    data = forest_data(fits["perfect specificity"]).set_index("row")
    assert pd.isna(data.loc["pooled", "specificity"])
    assert data.loc["fixed_effect", "specificity"] == 1.0
    assert pd.isna(data.loc["fixed_effect", "sensitivity"])
    assert "pooled by fixed effect" in caption(plot_forest(fits["perfect specificity"]))


@pytest.mark.parametrize("name", ["identical", "two studies", "perfect specificity"])
def test_the_caption_states_the_model(fits: Fits, name: str) -> None:
    sentence = fits[name].model_sentence
    assert sentence[1:].rstrip(".") in caption(plot_forest(fits[name]))


def test_one_study_is_not_pooled(fits: Fits) -> None:
    assert set(forest_data(fits["one study"])["row"]) == {"study"}
    assert "One study: nothing is pooled." in caption(plot_forest(fits["one study"]))


def test_a_margin_without_studies_says_so(fits: Fits) -> None:
    texts = words(plot_forest(fits["sensitivity only"]))
    assert "not reported" in texts and "k = 0" in texts


def test_the_axis_starts_later_where_everything_is_near_one(fits: Fits) -> None:
    rows = [("A 2001", 190, 2, 4, 300), ("B 2002", 280, 40, 9, 50)]
    both = panels(plot_forest(make_table(rows)))
    breaks = {
        name: [x for x in panel.lines if x.get_gid() == "break"] for name, panel in both.items()
    }
    assert breaks["sensitivity"] and not breaks["specificity"]
    assert [text.get_text() for text in both["sensitivity"].get_xticklabels()][:2] == ["0", "0.9"]
    plain = panels(plot_forest(make_table(rows), zoom="off"))
    assert plain["sensitivity"].get_xlim()[0] < 0 < 1 < plain["sensitivity"].get_xlim()[1]


def test_an_interval_cut_by_the_axis_ends_in_an_arrow() -> None:
    axes = plot_forest(make_table([("A 2001", 19, 2, 9, 30)]), zoom=0.8)
    panel = panels(axes)["sensitivity"]
    (low, high) = next(x for x in panel.lines if x.get_gid() == "study").get_xdata()
    assert low == 0.8 < high
    assert any(line.get_marker() == 8 for line in panel.lines)


def test_exact_intervals_on_request() -> None:
    table = make_table([("A 2001", 18, 0, 2, 30)])
    exact = forest_data(table, interval="exact").iloc[0]
    # Clopper and Pearson: quantiles of Beta(y, n - y + 1) and Beta(y + 1, n - y).
    assert exact["sensitivity_low"] == pytest.approx(betaincinv(18, 3, 0.025))
    assert exact["sensitivity_high"] == pytest.approx(betaincinv(19, 2, 0.975))
    assert exact["specificity_low"] == pytest.approx(betaincinv(30, 1, 0.025))
    assert exact["specificity_high"] == 1.0
    assert "Clopper-Pearson" in caption(plot_forest(table, interval="exact"))


def test_wilson_intervals_by_default() -> None:
    row = forest_data(make_table([("A 2001", 18, 0, 2, 30)])).iloc[0]
    z, p, n = 1.959963984540054, 0.9, 20
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert row["sensitivity_low"] == pytest.approx(middle - half)
    assert row["sensitivity_high"] == pytest.approx(middle + half)
    assert (
        row["specificity_low"] == pytest.approx(n_perfect(30, z)) and row["specificity_high"] == 1
    )


def n_perfect(n: int, z: float) -> float:
    """Wilson's lower end where all of n are positive."""
    return float(n / (n + z**2))


def test_sorting_puts_missing_values_last(fits: Fits) -> None:
    rows = forest_data(fits["partial"], sort_by="specificity", descending=True)
    studies = rows[rows["row"] == "study"]
    known = studies["specificity"].dropna()
    assert known.is_monotonic_decreasing and len(known) == 6
    assert studies["label"].iloc[-1] == "Sens only 2014"
    names = forest_data(fits["regular"], sort_by="label", descending=True)["label"][:6]
    assert list(names) == sorted(names, reverse=True)


def test_subgroups_have_heading_colour_and_diamond(one_site: Fits) -> None:
    axes = plot_forest(one_site)
    assert_readable(axes.get_figure(root=True))
    texts = words(axes)
    for heading in ("Radiograph", "MRI", "CT", "k = 6, n = 349"):
        assert heading in texts
    panel = panels(axes)["sensitivity"]
    found = shapes(panel, "pooled") + shapes(panel, "fixed_effect")
    assert len(found) == 3
    assert len({patch.get_edgecolor() for patch in found}) == 3


def test_a_list_of_fits_is_named_by_its_tables(fits: Fits) -> None:
    data = forest_data([fits["regular"], fits["partial"]])
    assert list(data["group"].unique()) == ["regular", "partial"]
    with pytest.raises(OptionError, match="same name"):
        forest_data([fits["regular"], fits["regular"]])


def test_eighty_rows_flow_over_pages() -> None:
    table = make_table([(f"Study {i}", 20 + i, i % 7, 3 + i % 5, 50 + i) for i in range(80)])
    pages = plot_forest_pages(table)
    assert len(pages) == 2
    for page in pages:
        figure = page.get_figure(root=True)
        assert_readable(figure)
        # A4 with margins of 15 mm.
        assert figure.get_figheight() * 25.4 < 267
    first, second = (words(page) for page in pages)
    assert "Study 0" in first and "Study 79" in second and "Study 79" not in first
    assert "table (page 2 of 2)" in second
    assert len(words(plot_forest(table))) > len(first)


def test_a_subgroup_is_named_again_on_the_next_page(one_site: Fits) -> None:
    pages = plot_forest_pages(one_site, rows_per_page=7)
    headings = [[t for t in words(page) if t.endswith("(continued)")] for page in pages]
    assert not headings[0] and all(headings[1:])
    data = forest_data(one_site)
    drawn = [t for page in pages for t in words(page)]
    assert all(label in drawn for label in data.loc[data["row"] == "study", "label"])


def test_given_axes_are_filled_or_refused(fits: Fits) -> None:
    figure = Figure(figsize=(8, 6))
    axes = figure.add_axes((0, 0.1, 1, 0.9))
    assert plot_forest(fits["regular"], axes) is axes
    assert len(list(axes_of(figure))) == 3
    low = Figure(figsize=(8, 1)).add_axes((0, 0, 1, 1))
    with pytest.raises(OptionError, match="25 mm high, the figure needs"):
        plot_forest(fits["regular"], low)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"zoom": "near"}, "zoom is 'near'"),
        ({"zoom": 1.5}, "zoom is 1.5"),
        ({"interval": "wald"}, "a study has wilson, exact"),
        ({"sort_by": "colour"}, "sort_by is 'colour'; the columns are label"),
        ({"width": 60}, "needs 1[0-9][0-9] mm, not 60 mm"),
    ],
)
def test_wrong_options_are_named(fits: Fits, options: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        plot_forest(fits["regular"], **options)  # type: ignore[arg-type]


def test_the_layout_is_plain_data(fits: Fits) -> None:
    data = forest_data(fits["regular"])
    (layout,) = forest_layout(data, Typeface(), width=170.0, title="CT", captions=["Note."])
    assert layout.width == 170.0
    assert [panel.margin for panel in layout.panels] == ["sensitivity", "specificity"]
    kinds = [mark.kind for mark in layout.panels[0].marks]
    assert kinds == ["study"] * 6 + ["pooled", "prediction"]
    ys = [mark.y for mark in layout.panels[0].marks]
    assert np.diff(ys) == pytest.approx(4.0)
    left, right = (panel.box for panel in layout.panels)
    assert left.x + left.width < right.x and right.x + right.width < 170.0
    assert left.width == pytest.approx(right.width)
