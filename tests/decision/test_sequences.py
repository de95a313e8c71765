"""Two tests in sequence: textbook formulas, and whole numbers that add up."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from study_tables import fit, table_of

from metadx.decision import accuracy_draws
from metadx.decision.sequences import two_tests
from metadx.decision.slider import slider
from metadx.errors import ModelError, OptionError

FIRST = accuracy_draws(
    fit(table_of([[45, 7, 15, 60], [30, 4, 19, 52], [88, 30, 46, 140]], "first")), n=500
)
SECOND = accuracy_draws(
    fit(table_of([[20, 1, 2, 40], [33, 2, 1, 52], [18, 0, 1, 30]], "second")), n=500
)
PARTIAL = accuracy_draws(fit(table_of([[20, None, 3, None], [11, None, 2, None]])), n=500)


@settings(max_examples=40, deadline=None)
@given(
    p=st.floats(0.001, 0.999),
    total=st.sampled_from([1, 13, 1000]),
    follow=st.sampled_from(["negative", "positive"]),
)
def test_every_branch_adds_up(p, total, follow):
    found = two_tests(FIRST, SECOND, p, follow, total)
    value = {name: count.value for name, count in found.counts.items()}
    for box in {"", *found.parents.values()}:
        parts = [value[name] for name, parent in found.parents.items() if parent == box]
        assert sum(parts) == (value[box] if box else total)
    sums = [value[f"all_{kind}"] for kind in ("found", "missed", "false_alarms", "cleared")]
    assert sum(sums) == total
    assert sum(sums[:2]) == value["diseased"]
    assert min(value.values()) >= 0
    for counts in (found.counts, found.new_setting):
        assert all(0 <= one.low <= one.value <= one.high <= total for one in counts.values())
    assert set(found.words) == set(found.counts)


def test_sequences_are_the_textbooks():
    (s1, c1), (s2, c2) = expit(FIRST.point), expit(SECOND.point)
    million = 10**6
    serial = two_tests(FIRST, SECOND, 0.3, "negative", million).counts
    # Believe the positive: found by either test.
    assert serial["all_found"].value == pytest.approx(
        0.3 * million * (1 - (1 - s1) * (1 - s2)), abs=2
    )
    assert serial["all_false_alarms"].value == pytest.approx(0.7 * million * (1 - c1 * c2), abs=2)
    confirm = two_tests(FIRST, SECOND, 0.3, "positive", million).counts
    assert confirm["all_found"].value == pytest.approx(0.3 * million * s1 * s2, abs=2)
    assert confirm["all_cleared"].value == pytest.approx(
        0.7 * million * (c1 + (1 - c1) * c2), abs=2
    )
    share = 0.3 * (1 - s1) + 0.7 * c1
    assert serial["second_tests"].value == pytest.approx(million * share, abs=2)


def test_an_uncertain_probability_widens_every_box():
    sharp = two_tests(FIRST, SECOND, 0.3).counts["diseased"]
    vague = two_tests(FIRST, SECOND, (0.2, 0.4)).counts["diseased"]
    assert sharp.low == sharp.high == 300
    assert (vague.low, vague.value, vague.high) == (200, 300, 400)


def test_what_cannot_be_combined_is_refused():
    with pytest.raises(ModelError, match="a sequence of tests needs both margins"):
        two_tests(FIRST, PARTIAL, 0.3)
    with pytest.raises(OptionError, match="negative, positive"):
        two_tests(FIRST, SECOND, 0.3, "both")
    shorter = accuracy_draws(fit(table_of([[20, 1, 2, 40]])), n=99)
    with pytest.raises(OptionError, match="take as many"):
        two_tests(FIRST, shorter, 0.3)


def test_the_slider_follows_its_value():
    box = slider(FIRST, pretest=0.3)
    control, text, notes = box.children
    before = text.value
    control.value = 0.6
    assert "Of 1,000 patients like these 600" in text.value
    assert text.value != before
    assert "3 studies with sensitivity" in notes.value
    same = slider(fit(table_of([[20, 1, 2, 40]] * 3)), n=50)
    assert np.isfinite(same.children[0].value)


def test_without_ipywidgets_the_slider_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(OptionError, match=r"pip install 'metadx\[notebooks\]'"):
        slider(FIRST)
