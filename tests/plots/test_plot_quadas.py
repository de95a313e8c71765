"""The QUADAS figures: what they show, that they are readable, and how they handle gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from drawn import assert_readable, visible_texts
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from metadx.errors import OptionError
from metadx.plots.quadas import plot_quadas, plot_quadas_bars, plot_quadas_pages
from metadx.plots.quadas_data import quadas_bars_data, quadas_data
from metadx.plots.quadas_layout import SIGNS
from metadx.tables import Judged, StudyTable, judged
from metadx.tables.quadas import QUADAS_COLUMNS, QuadasTable
from metadx.tables.quadas_domains import DOMAIN_SETS, domain_set

WORDS = ("low", "unclear", "high", "")
NAMES = [
    "Adams 2001",
    "王小明 2019",
    "Featherstonehaugh-Cholmondeley, the 2nd 01",
    "中华医学会放射学分会骨关节学组多中心研究 2021",
    "$x^2$ & y_1 2019",
]


def source(k: int, version: str = "QUADAS-2", words: tuple[str, ...] = WORDS) -> Judged:
    """A table of k studies whose items are judged in turn."""
    names = [NAMES[i % len(NAMES)] if i < len(NAMES) else f"Study {i}" for i in range(k)]
    frame = pd.DataFrame({"study": names, "tp": 9, "fp": 1, "fn": 2, "tn": 8})
    items = domain_set(version).items
    other = "mri" if domain_set(version).compares else ""
    rows = [
        [name, "", "", version, other, domain, question, words[(i + j) % len(words)], "test"]
        for i, name in enumerate(names)
        for j, (question, domain) in enumerate(items)
    ]
    quadas = QuadasTable(pd.DataFrame(rows, columns=list(QUADAS_COLUMNS), dtype=object))
    return judged(StudyTable.from_frame(frame, "made"), quadas, version)


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in visible_texts(axes.get_figure(root=True))]


def shapes(axes: Axes, judgement: str) -> int:
    return sum(patch.get_gid() == judgement for patch in axes.patches)


@pytest.mark.parametrize("version", DOMAIN_SETS)
@pytest.mark.parametrize("k", [1, 2, 9])
@pytest.mark.parametrize("size", ["one-column", "two-column"])
def test_the_figures_are_readable(version: str, k: int, size: str) -> None:
    shown = source(k, version)
    assert_readable(plot_quadas(shown, size=size).get_figure(root=True))
    assert_readable(plot_quadas_bars(shown, size=size).get_figure(root=True))


def test_a_light_for_every_judgement_and_nothing_where_nobody_judged() -> None:
    shown = source(9)
    axes = plot_quadas(shown)
    for word in WORDS[:3]:
        judgements = int((shown.judgements == word).to_numpy().sum())
        # One more stands in the key.
        assert shapes(axes, word) == judgements + 1
        assert texts(axes).count(SIGNS[word][1]) == judgements + 1
    missing = int((shown.judgements == "").to_numpy().sum())
    assert any(f"Blank: not judged ({missing} of 63 items)" in text for text in texts(axes))


def test_nothing_is_said_of_blanks_where_all_is_judged() -> None:
    axes = plot_quadas(source(3, words=("low", "high")))
    assert not any("Blank" in text for text in texts(axes))


def test_the_domains_are_those_of_the_version() -> None:
    axes = plot_quadas(source(2, "QUADAS-3"))
    said = " ".join(texts(axes))
    assert "Target" in said and "Participants" in said and "insufficient information" in said
    assert "timing" not in said
    compared = " ".join(texts(plot_quadas(source(2, "QUADAS-C"))))
    assert "applicability" not in compared and "comparison of two tests" in compared


def test_bars_are_shares_of_all_rows() -> None:
    shown = source(9)
    axes = plot_quadas_bars(shown)
    counts = quadas_bars_data(shown).set_index(["question", "domain"])
    assert (counts[["low", "unclear", "high", "not_judged"]].sum(axis=1) == 9).all()
    whole = max(p.get_x() + p.get_width() for p in axes.patches if isinstance(p, Rectangle))
    pieces = [p for p in axes.patches if p.get_gid() in ("low", "not_judged")]
    bars = [p for p in pieces if isinstance(p, Rectangle)]
    left = min(p.get_x() for p in bars)
    first = counts.iloc[0]
    low = next(p for p in bars if p.get_gid() == "low")
    assert low.get_width() == pytest.approx((whole - left) * first["low"] / 9)
    assert f"+ {100 * first['low'] / 9:.0f}%" in texts(axes)


def test_eighty_studies_flow_to_pages() -> None:
    shown = source(80)
    pages = plot_quadas_pages(shown)
    assert len(pages) == 2
    for page in pages:
        assert_readable(page.get_figure(root=True))
        assert page.get_figure(root=True).get_figheight() * 25.4 < 297
    words = [text for page in pages for text in texts(page)]
    assert all(words.count(f"Study {i}") == 1 for i in range(5, 80))
    assert any(text.endswith("(2 of 2)") for text in words)


def test_numbers_behind_the_figure() -> None:
    shown = source(4)
    data = quadas_data(shown)
    assert len(data) == 28
    one = data[(data["study"] == shown.table.labels[2]) & (data["question"] == "risk_of_bias")]
    assert list(one["judgement"]) == list(shown.judgements["risk_of_bias"].iloc[2])


def test_signs_are_told_apart_without_colour() -> None:
    def grey(color: str) -> float:
        r, g, b = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    fills = np.array([grey(fill) for fill, _, _ in SIGNS.values()])
    assert np.abs(np.subtract.outer(fills, fills))[np.triu_indices(3, 1)].min() > 0.15
    assert len({sign for _, sign, _ in SIGNS.values()}) == 3


def test_a_figure_that_is_too_narrow_is_refused() -> None:
    with pytest.raises(OptionError, match="needs"):
        plot_quadas(source(3), width=50)


def test_no_judgement_at_all_is_an_error_that_says_where_to_enter_them() -> None:
    shown = source(2)
    none = QuadasTable(pd.DataFrame(columns=list(QUADAS_COLUMNS), dtype=object))
    with pytest.raises(OptionError, match=r"enter them in quadas\.csv"):
        judged(shown.table, none)
