"""The palette for readers who see colours differently."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from colorspacious import cspace_convert, deltaE
from matplotlib.colors import to_rgb

from metadx.plots.quadas_layout import SIGNS
from metadx.plots.style import LOOKS, PALETTE, looks_of

#: CAM02-UCS; differences from about 10 on are seen at a glance in a mark of a millimetre.
LEAST = 10.0
KINDS = ("protanomaly", "deuteranomaly", "tritanomaly")


def seen(color: str, kind: str | None) -> np.ndarray:
    rgb = np.array(to_rgb(color))
    if kind is None:
        return rgb
    # Machado, Oliveira & Fernandes 2009, doi:10.1109/TVCG.2009.113, at full severity.
    space = {"name": "sRGB1+CVD", "cvd_type": kind, "severity": 100}
    return np.clip(cspace_convert(rgb, space, "sRGB1"), 0.0, 1.0)


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_two_tests_differ_in_colour_or_in_marker(kind: str | None) -> None:
    for one, other in combinations(LOOKS.values(), 2):
        close = deltaE(seen(one.color, kind), seen(other.color, kind)) < LEAST
        assert not close or one.marker != other.marker


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_the_colours_of_common_tests_are_told_apart(kind: str | None) -> None:
    common = [LOOKS[test].color for test in ("xray", "ct", "mri", "bone_scan")]
    for one, other in combinations(common, 2):
        assert deltaE(seen(one, kind), seen(other, kind)) >= LEAST


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_judgements_differ_in_lightness(kind: str | None) -> None:
    fills = [fill for fill, _, _ in SIGNS.values()]
    lightness = [cspace_convert(seen(fill, kind), "sRGB1", "CAM02-UCS")[0] for fill in fills]
    gaps = [abs(a - b) for a, b in combinations(lightness, 2)]
    assert min(gaps) >= LEAST


def test_looks_of_names_do_not_depend_on_case_and_are_distinct() -> None:
    assert looks_of(["CT", "MRI"]) == [LOOKS["ct"], LOOKS["mri"]]
    assert looks_of(["Bone scan"]) == [LOOKS["bone_scan"]]
    looks = looks_of([f"test {i}" for i in range(len(PALETTE))])
    assert len(set(looks)) == len(looks)
