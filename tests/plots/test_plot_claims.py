from __future__ import annotations

import pandas as pd
import pytest
from drawn import assert_readable, visible_texts
from matplotlib.axes import Axes

from metadx.errors import OptionError
from metadx.plots import claims_data, plot_claims

BASE: dict[str, object] = {
    "claim_id": "C01", "statement": "MRI finds over 90 percent of hip fractures",
    "quantity": "sensitivity", "relation": "at least", "claimed_low": 0.9, "claimed_high": None,
    "verdict": "supported", "reason": "", "stratum": "mri/hip/patient/radiograph_negative",
    "comparator": "", "k": 7, "basis": "pooled", "value": 0.97, "low": 0.93, "high": 0.99,
    "stratum_verdict": "supported",
}  # fmt: skip
NOTHING: dict[str, object] = {
    "stratum": "", "k": None, "basis": "", "value": None, "low": None, "high": None,
    "stratum_verdict": "",
}  # fmt: skip
CLAIMS = pd.DataFrame(
    [
        BASE | NOTHING | {"claim_id": "C05", "statement": "Reading is faster with AI",
                          "quantity": "reading time reduction", "claimed_low": 0.4,
                          "verdict": "not an accuracy claim",
                          "reason": "the claim is not about sensitivity or specificity"},
        BASE,
        BASE | {"claim_id": "C02", "statement": "CT finds 70 to 85 percent", "relation": "between",
                "claimed_low": 0.7, "claimed_high": 0.85, "verdict": "contradicted",
                "stratum": "ct/hip/patient/radiograph_negative", "stratum_verdict": "contradicted"},
        BASE | {"claim_id": "C02", "statement": "CT finds 70 to 85 percent", "relation": "between",
                "claimed_low": 0.7, "claimed_high": 0.85, "verdict": "contradicted",
                "stratum": "ct/rib/rib/radiograph_negative", "k": 1, "basis": "one study",
                "stratum_verdict": "not enough evidence"},
        BASE | {"claim_id": "C02", "stratum": "ct/rib/rib/confirmed_fracture",
                "stratum_verdict": "shown, not counted"},
        BASE | {"claim_id": "C03", "statement": "MRI beats CT", "quantity": "sensitivity rank",
                "relation": "equals", "claimed_low": 1, "claimed_high": 1, "value": 0.031,
                "low": -0.004, "high": 0.09, "comparator": "ct/hip/patient/radiograph_negative",
                "verdict": "not enough evidence", "stratum_verdict": "not enough evidence",
                "reason": "the interval lies partly inside and partly outside what is claimed"},
        BASE | NOTHING | {"claim_id": "C04", "statement": "It is less specific",
                          "quantity": "specificity difference", "relation": "below",
                          "claimed_low": None, "claimed_high": 0.0,
                          "verdict": "not enough evidence", "reason": "no pooled study"},
        BASE | {"claim_id": "C06", "statement": "A network reached 95.6 percent",
                "relation": "equals", "claimed_low": 0.956, "claimed_high": 0.956},
    ]
)  # fmt: skip


def words(axes: Axes) -> list[str]:
    return [text.get_text() for text in visible_texts(axes.get_figure(root=True))]


def panel(axes: Axes, scale: str) -> Axes:
    return next(child for child in axes.child_axes if child.get_label() == scale)


def test_claims_stand_on_the_scale_of_their_quantity() -> None:
    data = claims_data(CLAIMS)
    assert list(data["claim_id"]) == ["C01", "C02", "C02", "C06", "C03", "C04", "C05"]
    assert list(data["scale"]) == ["value"] * 4 + ["difference"] * 2 + ["none"]
    bands = data.drop_duplicates("claim_id").set_index("claim_id")[["band_low", "band_high"]]
    assert tuple(bands.loc["C01"]) == (90, 100)
    assert tuple(bands.loc["C02"]) == pytest.approx((70, 85))
    assert tuple(bands.loc["C03"]) == (0, 100)
    assert tuple(bands.loc["C04"]) == (-100, 0)
    assert tuple(bands.loc["C06"]) == pytest.approx((95.6, 95.6))
    assert bands.loc["C05"].isna().all()


def test_what_is_shown_but_not_counted_is_left_out() -> None:
    assert "ct/rib/rib/confirmed_fracture" not in set(claims_data(CLAIMS)["stratum"])
    only = CLAIMS[CLAIMS["stratum_verdict"] == "shown, not counted"]
    assert list(claims_data(only)["stratum"]) == [""]


def test_every_claim_has_its_verdict_in_words_and_sign() -> None:
    axes = plot_claims(CLAIMS)
    assert_readable(axes.get_figure(root=True))
    texts = words(axes)
    for text in (
        "✓ supported",
        "✗ contradicted",
        "? not enough evidence",
        "– not an accuracy claim",
    ):
        assert text in texts
    assert texts.count("97 [93, 99], k = 7") == 3
    assert "3 [0, 9], k = 7" in texts
    assert "Hip, per patient" in texts
    joined = " ".join(texts)
    assert "against CT" in joined and "no pooled study" in joined


def test_band_and_intervals_are_in_per_cent() -> None:
    value = panel(plot_claims(CLAIMS), "value")
    first = next(patch for patch in value.patches if patch.get_gid() == "claim")
    assert first.get_x() == pytest.approx(90) and first.get_width() == pytest.approx(10)
    intervals = [line for line in value.lines if line.get_gid() == "interval"]
    assert list(intervals[0].get_xdata()) == pytest.approx([93, 99])
    assert len(intervals) == 4
    exact = next(line for line in value.lines if line.get_gid() == "claim")
    assert list(exact.get_xdata()) == pytest.approx([95.6, 95.6])


def test_what_is_not_pooled_is_an_open_point() -> None:
    value = panel(plot_claims(CLAIMS), "value")
    points = [line for line in value.lines if line.get_gid() == "value"]
    assert [point.get_markerfacecolor() == "white" for point in points] == [
        False,
        False,
        True,
        False,
    ]


def test_a_band_stands_behind_its_claim_only() -> None:
    value = panel(plot_claims(CLAIMS), "value")
    bands = [patch for patch in value.patches if patch.get_gid() == "claim"]
    intervals = [line for line in value.lines if line.get_gid() == "interval"]
    for line, band in zip(intervals[:3], [bands[0], bands[1], bands[1]], strict=True):
        y = line.get_ydata()[0]
        assert band.get_y() < y < band.get_y() + band.get_height()


def test_missing_columns_are_named() -> None:
    with pytest.raises(OptionError, match="lack the columns claimed_low, verdict"):
        plot_claims(CLAIMS.drop(columns=["claimed_low", "verdict"]))
    with pytest.raises(OptionError, match="no claim"):
        plot_claims(CLAIMS.iloc[:0])
    with pytest.raises(OptionError, match="not 70 mm"):
        plot_claims(CLAIMS, width=70)
