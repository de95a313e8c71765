"""The preferred strategy when a study behind one of its tests is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from study_tables import fit
from typer.testing import CliRunner

from metadx.cli import app
from metadx.decision import Strategy, preferred_strategy_hook
from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.inference import leave_one_out
from metadx.tables import StudyTable, read_studies

ROOT = Path(__file__).parents[2]
STRATUM = "ct/hip/patient/radiograph_negative"
FILE = ROOT / "analyses" / "strategies" / "hip.toml"


@pytest.fixture(scope="module")
def studies() -> StudyTable:
    return read_studies(ROOT / "studies")


@pytest.fixture(scope="module")
def strategy(studies: StudyTable) -> Strategy:
    return Strategy.from_file(FILE, studies, ROOT / "studies" / "strategy_inputs.csv")


def test_it_is_what_the_strategies_give_on_tables_without_the_study(
    studies: StudyTable, strategy: Strategy
) -> None:
    full = fit(studies.pooled().strata()[STRATUM])
    preferred = preferred_strategy_hook(strategy, STRATUM, draws=500)
    found = leave_one_out(full, also={"preferred strategy": preferred})
    for study in list(found.studies)[:2]:
        frame = studies.frame
        keep = ~(
            (frame["study_id"] == study) & (frame["modality"] == "ct") & (frame["site"] == "hip")
        )
        others = StudyTable.from_frame(frame[keep], "without")
        slow = Strategy.from_file(FILE, others, ROOT / "studies" / "strategy_inputs.csv")
        results = slow.evaluate(draws=500)
        assert results.threshold is not None
        expected = results.labels[results.best("net_benefit")]
        assert found.without[study]["preferred strategy"] == expected


def test_the_fit_of_the_file_gives_what_the_file_gives(strategy: Strategy) -> None:
    results = strategy.evaluate(draws=500)
    own = fit(strategy.strata[STRATUM])
    for criterion in ("found", "net_benefit"):
        preferred = preferred_strategy_hook(strategy, STRATUM, criterion, draws=500)
        assert preferred(own) == results.labels[results.best(criterion)]


def test_a_fit_without_a_margin_that_is_needed_has_a_reason(strategy: Strategy) -> None:
    table = strategy.strata[STRATUM]
    only = table.frame[table.frame["tn"].isna()]
    rest = fit(StudyTable.from_frame(only, table.name))
    found = preferred_strategy_hook(strategy, STRATUM, draws=50)(rest)
    assert isinstance(found, NotApplicable) and "reports specificity" in found.reason


def test_a_stratum_or_a_criterion_that_plays_no_part_is_refused(strategy: Strategy) -> None:
    with pytest.raises(OptionError, match="no ranked strategy of hip uses the stratum ct/rib"):
        preferred_strategy_hook(strategy, "ct/rib/patient/all_suspected")
    with pytest.raises(OptionError, match="criterion is 'luck'; it is one of found"):
        preferred_strategy_hook(strategy, STRATUM, "luck")


def test_the_command_says_without_which_study_another_strategy_is_preferred(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(app, ["appraise", "bone_scan/hip", "--strategy", "hip"])
    assert done.exit_code == 0, done.output
    (line,) = [one for one in done.output.splitlines() if "preferred strategy of hip" in one]
    assert "without" in line or "whichever study is left out" in line
