"""The figure of an update: cumulative rows, the update below a line, nothing over the edge."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from metadx.errors import OptionError
from metadx.plots.canvas import BORDER
from metadx.plots.fonts import Typeface
from metadx.plots.update import STEP_COLUMNS, plot_update
from metadx.plots.update_layout import SHOWN, update_layout

WIDTH = 170.0


def step(label: str, kind: str, k: int, value: float, spec: int = 0) -> dict[str, object]:
    missing = np.nan
    half = 0.02
    return {
        "label": label, "kind": kind, "sensitivity_k": k, "sensitivity": value,
        "sensitivity_low": value - half, "sensitivity_high": min(value + half, 1.0),
        "sensitivity_pooled": k > 2, "specificity_k": spec,
        "specificity": 1.0 if spec else missing, "specificity_low": 0.9 if spec else missing,
        "specificity_high": 1.0 if spec else missing, "specificity_pooled": False,
    }  # fmt: skip


def steps(old: int = 4) -> pd.DataFrame:
    rows = [step(f"Author {i}", "study", i + 1, 0.90 + 0.001 * i) for i in range(old)]
    long = "A collaborative group with a very long name indeed, year not stated"
    rows += [
        step(long, "came", old + 1, 0.95, 1),
        step("Gone 2020", "went", old, 0.94, 1),
        step("Other 2021", "changed", old, 0.93, 1),
    ]
    return pd.DataFrame(rows)


def layout(frame: pd.DataFrame, width: float = WIDTH):
    typeface = Typeface.covering([*frame["label"], "−~"])
    return update_layout(frame, typeface, width=width, title="T", notes=["N"]), typeface


def test_every_step_has_its_row_and_the_update_its_line() -> None:
    found, _ = layout(steps())
    texts = [label.text for label in found.labels]
    assert [text for text in texts if text.startswith("Author")] == [
        f"Author {i}" for i in range(4)
    ]
    for sign in "+−~":
        assert any(text.startswith(f"{sign} ") for text in texts)
    sensitivity, specificity = found.panels
    assert [round(mark.value, 1) for mark in sensitivity.marks] == [
        90.0, 90.1, 90.2, 90.3, 95.0, 94.0, 93.0,
    ]  # fmt: skip
    assert sensitivity.before == pytest.approx(90.3)
    assert [mark.pooled for mark in sensitivity.marks][:4] == [False, False, True, True]
    above = [mark.y for mark in sensitivity.marks if mark.y < found.rule]
    assert len(above) == 4
    # A margin that a step leaves as it was has no mark there.
    assert len(specificity.marks) == 1
    assert specificity.before is None


def test_nothing_overlaps_or_leaves_the_page() -> None:
    found, typeface = layout(steps())
    boxes = []
    for label in found.labels:
        width = typeface.width(label.text, label.size, "bold" if label.bold else "normal")
        left = {"left": label.x, "center": label.x - width / 2, "right": label.x - width}[
            label.align
        ]
        assert left >= BORDER - 0.1
        assert left + width <= WIDTH - BORDER + 0.1
        boxes.append((left, left + width, label.y))
    for i, (left, right, y) in enumerate(boxes):
        for other_left, other_right, other_y in boxes[i + 1 :]:
            if abs(y - other_y) < 2.0:
                assert right <= other_left or other_right <= left
        for panel in found.panels:
            inside = panel.box.y < y < panel.box.y + panel.box.height
            # Marks reach half a millimetre beyond the ends of the axis.
            ends = (panel.box.x - 0.5, panel.box.x + panel.box.width + 0.5)
            assert not inside or right <= ends[0] or left >= ends[1]


def test_many_studies_before_are_shown_together() -> None:
    found, _ = layout(steps(SHOWN + 10))
    texts = [label.text for label in found.labels]
    assert "11 earlier studies" in texts
    assert sum(text.startswith("Author") for text in texts) == SHOWN - 1


def test_a_stratum_that_is_new_has_no_value_before() -> None:
    found, _ = layout(pd.DataFrame([step("New 2026", "came", 1, 0.9, 1)]))
    assert [panel.before for panel in found.panels] == [None, None]


def test_drawing_and_its_refusals() -> None:
    page = plot_update(steps(), title="CT, hip", notes=["After the update: k = 5."])
    assert isinstance(page.get_figure(root=True), Figure)
    assert [panel.get_label() for panel in page.child_axes] == ["sensitivity", "specificity"]
    marks = [line for line in page.child_axes[0].lines if line.get_gid() == "value"]
    assert len(marks) == 7
    assert [line.get_gid() for line in page.lines] == ["update"]
    with pytest.raises(OptionError, match="lacks columns kind"):
        plot_update(steps().drop(columns="kind"))
    with pytest.raises(OptionError, match="lacks rows"):
        plot_update(pd.DataFrame(columns=list(STEP_COLUMNS)))
    with pytest.raises(OptionError, match=r"needs 1.. mm, not 90 mm"):
        plot_update(steps(), width=90.0)
