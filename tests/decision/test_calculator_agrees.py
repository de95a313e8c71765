"""The report's calculators and `posttest` give the same probabilities."""

from __future__ import annotations

from pathlib import Path

import pytest

from metadx.decision import posttest
from metadx.estimate import Estimate
from metadx.models import BivariateModel
from metadx.report.calculator import calculator
from metadx.tables import StudyTable, read_studies

ROOT = Path(__file__).parents[2]
#: Quantiles are interpolated between two draws, on the logarithm's scale by the calculator and on
#: the probability's by `posttest`; the draws lie so close that this changes the seventh decimal.
SAME = 1e-6


@pytest.fixture(scope="module")
def strata() -> dict[str, StudyTable]:
    return read_studies(ROOT / "studies").pooled().strata()


def after(pretest: float, ratio: float) -> float:
    odds = ratio * pretest / (1.0 - pretest)
    return odds / (1.0 + odds)


@pytest.mark.filterwarnings("ignore::metadx.errors.MetadxWarning")
@pytest.mark.parametrize(
    "stratum",
    [
        "ct/hip/patient/radiograph_negative",
        "mri/hip/patient/radiograph_negative",
        "ultrasound/hip/patient/radiograph_negative",
        "xray/rib/patient/all_suspected",
    ],
)
def test_the_calculator_agrees_with_posttest(strata: dict[str, StudyTable], stratum: str) -> None:
    fit = BivariateModel(strata[stratum]).fit()
    ratios, source = calculator(fit, seed=1)
    for pretest in (0.02, 0.1, 0.39, 0.8, 0.98):
        found = posttest(fit, pretest, seed=1)
        assert found.source == source
        for side in ("positive", "negative"):
            mean, new = getattr(found.rows[0], side), getattr(found.rows[0], f"{side}_new")
            assert isinstance(mean, Estimate) and isinstance(new, Estimate)
            own, wider = ratios[f"lr_{side}"], ratios[f"lr_{side}_prediction"]
            assert own.value is not None
            for ours, ratio in (
                (mean.value, own.value), (mean.low, own.low), (mean.high, own.high),
                (new.low, min(wider.low, own.value)), (new.high, max(wider.high, own.value)),
            ):  # fmt: skip
                assert ours == pytest.approx(after(pretest, ratio), abs=SAME)
