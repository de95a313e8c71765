"""The study flow diagram: its numbers add up, and every box is readable."""

from __future__ import annotations

import pandas as pd
import pytest
from drawn import assert_readable, visible_texts
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from metadx.errors import OptionError
from metadx.plots.flow_diagram import plot_flow_diagram
from metadx.plots.flow_diagram_data import flow_diagram_data
from metadx.tables import StudyTable


def table(reasons: list[str], name: str = "made") -> StudyTable:
    """One row per reason; an empty one is pooled."""
    n = len(reasons)
    frame = pd.DataFrame({
        "study": [f"S{i}" for i in range(n)], "tp": 9, "fp": 1, "fn": 2, "tn": 8,
        "pool": ["no" if reason else "yes" for reason in reasons], "pool_reason": reasons,
    })  # fmt: skip
    return StudyTable.from_frame(frame, name)


MIXED = ["", "", "", "double_entry", "other_target", "other_target", "conflict"]


def words(axes: Axes) -> list[str]:
    return [text.get_text() for text in visible_texts(axes.get_figure(root=True))]


def test_every_row_is_counted_once() -> None:
    data = flow_diagram_data(table(MIXED))
    by_step = data.groupby("step")["rows"].sum()
    assert by_step["extracted"] == 7
    assert by_step["removed"] + by_step["excluded"] + by_step["pooled"] == 7
    assert by_step["part"] == by_step["pooled"] == 3
    excluded = data[data["step"] == "excluded"]
    assert list(zip(excluded["reason"], excluded["rows"], strict=True)) == [
        ("other target", 2),
        ("conflicting figures", 1),
    ]


@pytest.mark.parametrize("size", ["one-column", "two-column", "slide"])
def test_the_diagram_is_readable(size: str) -> None:
    axes = plot_flow_diagram(table(MIXED), before={"Records found": 1204}, size=size)
    assert_readable(axes.get_figure(root=True))
    texts = words(axes)
    assert "n = 1,204" in texts
    assert "other target: 2" in texts
    assert any("3 rows of 3 studies" in text for text in texts) or size == "one-column"


def test_no_two_boxes_overlap_and_none_leaves_the_page() -> None:
    axes = plot_flow_diagram(table(MIXED))
    boxes = [p for p in axes.patches if isinstance(p, Rectangle)]
    assert len(boxes) == 7
    for i, one in enumerate(boxes):
        assert one.get_x() >= 0 and one.get_x() + one.get_width() <= axes.get_xlim()[1]
        assert one.get_y() + one.get_height() <= axes.get_ylim()[0]
        for other in boxes[i + 1 :]:
            apart_x = min(one.get_x() + one.get_width(), other.get_x() + other.get_width()) <= max(
                one.get_x(), other.get_x()
            )
            apart_y = min(
                one.get_y() + one.get_height(), other.get_y() + other.get_height()
            ) <= max(one.get_y(), other.get_y())
            assert apart_x or apart_y


def test_steps_without_rows_have_no_box() -> None:
    axes = plot_flow_diagram(table(["", ""]))
    texts = words(axes)
    assert not any("Removed" in text or "Kept" in text for text in texts)
    assert any("not in the study tables" in text for text in texts)
    assert_readable(axes.get_figure(root=True))


def test_nothing_pooled_and_chinese_names() -> None:
    axes = plot_flow_diagram(table(["conflict"], "髋部骨折 CT 研究表"), before={"检索记录": 5})
    texts = words(axes)
    assert "0 rows of 0 studies" in texts and "检索记录" in texts
    assert_readable(axes.get_figure(root=True))


def test_a_page_that_is_too_narrow_is_refused() -> None:
    with pytest.raises(OptionError, match="needs 78 mm"):
        plot_flow_diagram(table(MIXED), width=60)
