"""What stands beside the study tables is checked with them, all faults at once."""

from __future__ import annotations

import shutil
from pathlib import Path

from metadx.workflow.checking import check_everything

ROOT = Path(__file__).parents[1]


def project(tmp_path: Path) -> Path:
    studies = tmp_path / "studies"
    shutil.copytree(ROOT / "studies", studies)
    shutil.copytree(ROOT / "analyses" / "strategies", tmp_path / "analyses" / "strategies")
    return studies


def test_the_shipped_tables_and_all_beside_them_have_no_fault(tmp_path: Path) -> None:
    assert check_everything(ROOT / "studies").text().endswith("no fault")
    assert check_everything(project(tmp_path)).ok


def test_faults_of_every_kind_of_file_come_together(tmp_path: Path) -> None:
    studies = project(tmp_path)
    table = studies / "ct" / "hip.csv"
    table.write_text(table.read_text("utf-8").replace(",yes,", ",perhaps,", 1), "utf-8")
    quadas = studies / "quadas.csv"
    columns = quadas.read_text("utf-8").splitlines()[0].split(",")
    row = {"study_id": "Nobody", "version": "QUADAS-9", "judgement": "fine"}
    with quadas.open("a", encoding="utf-8") as file:
        file.write(",".join(row.get(name, "") for name in columns) + "\n")
    inputs = studies / "strategy_inputs.csv"
    inputs.write_text(inputs.read_text("utf-8").replace("prevalence", "prevalance", 1), "utf-8")
    claims = studies / "claims.csv"
    claims.write_text(claims.read_text("utf-8") + "C99\n", "utf-8")
    files = {Path(fault.file).name for fault in check_everything(studies).faults}
    assert files == {"hip.csv", "quadas.csv", "strategy_inputs.csv", "claims.csv"}


def test_a_strategy_is_checked_against_the_tables(tmp_path: Path) -> None:
    studies = project(tmp_path)
    plan = tmp_path / "analyses" / "strategies" / "hip.toml"
    plan.write_text(plan.read_text("utf-8").replace("ct/hip/patient/radiograph_negative",
                                                    "ct/hip/patient/nobody"), "utf-8")  # fmt: skip
    report = check_everything(studies)
    assert report.exit_code == 1
    assert any("ct/hip/patient/nobody" in str(fault) for fault in report.faults)
