from __future__ import annotations

import pandas as pd
import pytest
from drawn import assert_readable, visible_texts
from matplotlib.axes import Axes

from metadx.errors import OptionError
from metadx.plots import evidence_map_data, plot_evidence_map
from metadx.tables import codes


def stratum(name: str, headline: bool = True, **other: object) -> dict[str, object]:
    modality, site, unit, population = name.split("/")
    row = {
        "stratum": name, "modality": modality, "site": site, "unit": unit,
        "population": population, "headline": headline, "k": 5, "k_complete": 3,
        "n_diseased": 120, "n_nondiseased": 1114, "sensitivity": 0.934, "sensitivity_low": 0.881,
        "sensitivity_high": 0.962, "specificity": None, "specificity_low": None,
        "specificity_high": None, "sensitivity_path": "bivariate", "specificity_path": "bivariate",
        "sensitivity_k": 5, "specificity_k": 3,
    }  # fmt: skip
    return row | other


ESTIMATES = pd.DataFrame(
    [
        stratum("mri/hip/patient/radiograph_negative"),
        stratum("mri/hip/patient/all_suspected", headline=False, k=2),
        stratum("ct/hip/patient/radiograph_negative", sensitivity_path="single_study", k=1),
        stratum("ct/rib/rib/confirmed_fracture", specificity_k=0, k=12, k_complete=0),
        stratum("ct_hu/spine/patient/osteoporosis_screening", k_complete=5),
        stratum("ct/hip/patient/osteoporosis_screening", headline=False, k=1, k_complete=1),
        stratum("xray/foot/patient/all_suspected", k=0),
    ]
)


def words(axes: Axes) -> list[str]:
    return [text.get_text() for text in visible_texts(axes.get_figure(root=True))]


def test_rows_are_tests_in_the_order_of_the_codebook() -> None:
    data = evidence_map_data(ESTIMATES)
    assert list(data["block"]) == ["Fractures"] * 3 + ["Bone quality"] * 2
    assert list(data["modality"]) == ["ct", "ct", "mri", "ct", "ct_hu"]
    assert list(data["site"]) == ["hip", "rib", "hip", "hip", "spine"]


def test_a_cell_shows_the_headline_stratum() -> None:
    data = evidence_map_data(ESTIMATES)
    (mri,) = data[data["modality"] == "mri"].to_dict("records")
    assert (mri["population"], mri["k"]) == ("radiograph_negative", 5)


def test_what_a_cell_says() -> None:
    axes = plot_evidence_map(ESTIMATES)
    figure = axes.get_figure(root=True)
    assert_readable(figure)
    assert figure.get_figwidth() * 25.4 == pytest.approx(170)
    texts = words(axes)
    for text in (
        "5",
        "3+2",
        "N",
        "n = 1,234",
        "93",
        "88–96",
        "not pooled",
        "0+12",
        "1,234 ribs",
        "–",
    ):
        assert text in texts
    for text in ("CT", "MRI", "CT attenuation", "Hip", "Rib", "Spine"):
        assert text in texts
    assert "Foot" not in texts and "Radiograph" not in texts
    assert any("N radiograph negative" in text for text in texts)


def test_single_studies_are_grey_and_not_bold() -> None:
    axes = plot_evidence_map(ESTIMATES)
    weights = [t.get_weight() for t in axes.texts if t.get_text() == "93"]
    assert sorted(weights) == ["bold"] * 4 + ["normal"]


def test_an_empty_cell_is_a_gap() -> None:
    axes = plot_evidence_map(ESTIMATES)
    cells = [patch for patch in axes.patches if patch.get_gid() == "cell"]
    empty = [cell for cell in cells if cell.get_facecolor() == (1, 1, 1, 1)]
    # Two tests by two sites, with mri of the rib missing; two by two, two of them missing.
    assert (len(cells), len(empty)) == (8, 3)


def test_every_test_and_site_fit_on_a_page() -> None:
    rows = [
        stratum(f"{test.code}/{site.code}/patient/all_suspected", k=10, k_complete=8, sensitivity=1,
                sensitivity_low=0.9, sensitivity_high=1, n_diseased=9999, n_nondiseased=0)
        for test in codes.MODALITY
        for site in codes.SITE
    ]  # fmt: skip
    axes = plot_evidence_map(pd.DataFrame(rows))
    assert_readable(axes.get_figure(root=True))
    assert words(axes).count("n = 9,999") == len(rows)


def test_tests_from_elsewhere_are_named_as_they_are() -> None:
    other = stratum("D-dimer/leg/patient/outpatients")
    axes = plot_evidence_map(pd.DataFrame([other]), title="")
    assert {"D-dimer", "leg"} <= set(words(axes))


def test_missing_columns_are_named() -> None:
    with pytest.raises(OptionError, match="lack the columns k_complete, specificity"):
        plot_evidence_map(ESTIMATES.drop(columns=["k_complete", "specificity"]))
    with pytest.raises(OptionError, match="no stratum"):
        plot_evidence_map(ESTIMATES.assign(modality=""))
    with pytest.raises(OptionError, match=r"needs [34]\d mm, not 30 mm"):
        plot_evidence_map(ESTIMATES, width=30)
