"""Published decision analyses: the page is up to date, and the arithmetic is that of the papers."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def build() -> ModuleType:
    path = ROOT / "docs" / "build_decision_analyses.py"
    spec = importlib.util.spec_from_file_location("build_decision_analyses", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def numbers_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_page_is_what_the_script_writes(build: ModuleType) -> None:
    stored = (ROOT / "docs" / "decision_analyses.md").read_text(encoding="utf-8")
    fresh = build.page()
    # The draws are the same for one platform only; the arithmetic of the papers is everywhere.
    assert [line.split("|")[1] for line in stored.splitlines() if line.startswith("| ")] == [
        line.split("|")[1] for line in fresh.splitlines() if line.startswith("| ")
    ]
    assert fresh.count("\nGap: ") == stored.count("\nGap: ") == 4


def test_printed_ratios_follow_from_printed_parts(build: ModuleType) -> None:
    inputs = build.read_inputs(ROOT / "studies")
    value = {name: build.value(inputs, name) for name in inputs if inputs[name].value is not None}
    # Hip 2022: 129 / 2457.5, printed as 5 %; 12 % less that, printed as 7 %.
    assert round(100 * value["COST02"] / value["COST03"]) == 5
    assert round(12 - 100 * value["COST02"] / value["COST03"]) == value["THR08"] == 7
    # Hip 2016 (Yun): USD 1,227 / 25,438 per QALY, printed as 0.05 QALY.
    assert round(value["COST04"] / value["ICER01"], 2) == 0.05
    # Hip 2021 (Low): SGD 106.41 / 352.52 per QALY, printed as 0.30 QALY.
    assert round(106.41 / value["ICER02"], 2) == 0.30
    # Scaphoid 2019 (SMaRT): 542.4 - 368.4, printed as 174.
    assert value["COST07"] - value["COST06"] == pytest.approx(174.0)


def test_a_strategy_file_gives_back_the_published_ratios(build: ModuleType) -> None:
    rows = {
        numbers_of(line)[0]: numbers_of(line)[1:]
        for line in build.page().splitlines()
        if line.startswith("| ")
    }
    for name in (
        "cost of one more fracture found by a strategy file with these numbers",
        "cost per fracture detected with CT, from a strategy file with them",
        "incremental ratio from that file",
        "ECU per nonunion saved, from the frontier",
    ):
        printed, recomputed = rows[name]
        assert printed == recomputed, name
