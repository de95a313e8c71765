"""The command line: what it prints, its exit codes, and that a fault is never a traceback."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import pytest

from metadx.cli import main

ROOT = Path(__file__).parents[1]
DATA = Path(__file__).parent / "reference" / "datasets"

KEYS = {
    "k", "k_complete", "k_sens_only", "k_spec_only", "method", "model_path", "nodes", "converged",
    "gradient_norm", "at_boundary", "warnings", "loglik", "n_parameters", "aic", "bic",
    "mean_logit", "mean_logit_cov", "between_study_cov", "correlation", "sensitivity",
    "specificity", "lr_positive", "lr_negative", "dor", "hsroc", "auc", "partial_auc", "i2",
    "not_applicable",
}  # fmt: skip


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def metadx(*arguments: str) -> Done:
    """Run the command line in this process, from the project's folder."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(),
    ):
        patch.setattr(sys, "argv", ["metadx", *arguments])
        patch.chdir(ROOT)
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


def test_the_installed_program_runs() -> None:
    command = [sys.executable, "-m", "metadx", "fit", "nothing.csv"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip() == "metadx: there is no file nothing.csv"
    assert done.stdout == ""


def record(*arguments: str) -> dict:
    done = metadx("fit", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_version_and_help() -> None:
    assert metadx("--version").stdout.startswith("metadx ")
    assert "check" in metadx("--help").stdout


def test_check_of_the_shipped_tables() -> None:
    done = metadx("check")
    assert done.returncode == 0, done.stdout
    assert "no fault" in done.stdout


def test_check_lists_faults_and_exits_with_1(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("study,tp,fp,fn,tn\nA,3,1,-2,9\nB,x,1,2,3\n", encoding="utf-8")
    done = metadx("check", str(bad))
    assert done.returncode == 1
    assert "row 2 (A), column fn: found '-2'" in done.stdout
    assert "row 3 (B), column tp: found 'x'" in done.stdout


def test_flow_adds_up() -> None:
    done = metadx("flow", "--csv")
    lines = done.stdout.strip().splitlines()
    header, total = lines[0].split(","), lines[-1].split(",")
    last = dict(zip(header, total, strict=False))
    assert int(last["extracted"]) == 399
    assert int(last["pooled"]) == int(last["complete"]) + int(last["sens_only"]) + int(
        last.get("spec_only", 0)
    )


def test_record_has_every_promised_key() -> None:
    found = record(str(DATA / "dementia_csf.csv"))
    assert found.keys() >= KEYS
    assert found["loglik"] == pytest.approx(-82.8030561817482, abs=2e-6)
    assert found["hsroc"].keys() == {"Lambda", "Theta", "beta", "var_alpha", "var_theta"}
    assert found["sensitivity"].keys() == {"value", "low", "high", "level", "method"}
    assert found["i2"]["bivariate"] == pytest.approx(59.43, abs=0.005)
    assert set(found["not_applicable"]) == {"bayes"}


def test_what_does_not_apply_is_null_with_a_reason() -> None:
    found = record("ct/hip")
    assert found["specificity"] is None
    assert "heterogeneity" in found["not_applicable"]["specificity"]
    assert found["hsroc"] is None
    assert found["auc"] is None
    assert found["k_sens_only"] > 0


def test_groups_tests_and_comparisons() -> None:
    found = record(str(DATA / "smoking.csv"), "--group", "type")
    assert [g["group"] for g in found["groups"]] == ["IAQ", "SAQ"]
    assert {t["hypothesis"] for t in found["tests"]} == {
        "sensitivity", "specificity", "both", "variances",
    }  # fmt: skip
    (pair,) = found["comparisons"]
    assert {"a", "b", "sens_ratio", "spec_ratio", "sens_difference", "spec_difference"} <= set(pair)
    assert found["k_paired"] == 0


@pytest.mark.parametrize("method", ["exact", "reml", "fixed", "bayes"])
def test_a_group_has_every_promised_key(method: str) -> None:
    found = record(str(DATA / "anti_ccp.csv"), "--group", "generation", "--method", method)
    assert found.keys() >= KEYS
    assert sum(group["k"] for group in found["groups"]) == found["k"]
    for part in (found, *found["groups"]):
        assert part.keys() >= KEYS
        empty = {name for name in KEYS if part[name] is None}
        assert empty <= set(part["not_applicable"])
    if method == "exact":
        assert found["groups"][0]["loglik"] == found["tests"][0]["loglik_1"]
        assert 0 < found["groups"][0]["i2"]["sensitivity"] < 100


def test_what_a_comparison_of_groups_leaves_aside_is_said(tmp_path: Path) -> None:
    file = tmp_path / "groups.csv"
    rows = [f"S{i},{20 + i},{2 + i % 3},{1 + i % 4},{40 + i},{'CM'[i % 2]},{i}" for i in range(12)]
    rows += ["None,20,2,3,40,,4", "S0,22,4,2,39,M,4"]
    file.write_text("study,tp,fp,fn,tn,test,age\n" + "\n".join(rows) + "\n", encoding="utf-8")
    found = record(str(file), "--group", "test", "--sens", "~ age", "--interval", "profile")
    said = " ".join(found["warnings"])
    assert "without test: None" in said
    assert "not adjusted" in said
    assert found["k_paired"] == 1
    assert found["bayes"] is None
    assert "Wald" in found["groups"][0]["not_applicable"]["sensitivity profile interval"]


@pytest.mark.parametrize("method", ["laplace", "reml", "ml"])
def test_other_methods(method: str) -> None:
    found = record(str(DATA / "dementia_csf.csv"), "--method", method)
    assert found["method"] == method
    # The normal approximation costs up to 1.5 points of sensitivity on this table.
    assert found["sensitivity"]["value"] == pytest.approx(0.7975, abs=0.015)


@pytest.mark.parametrize("interval", ["t", "profile", "bootstrap"])
def test_other_intervals(interval: str) -> None:
    found = record(str(DATA / "dementia_csf.csv"), "--interval", interval)
    method = found["sensitivity"]["method"]
    assert method == {"t": "wald_t", "profile": "profile", "bootstrap": "bootstrap_t"}[interval]
    assert found["auc_interval"]["low"] < found["auc"] < found["auc_interval"]["high"]


def test_a_study_that_repeats_is_a_fault_that_names_it(tmp_path: Path) -> None:
    file = tmp_path / "twice.csv"
    rows = ["Alpha,9,1,2,30", "Beta,8,2,3,25", "Alpha,7,1,1,22", "Gamma,20,4,3,50"]
    file.write_text("Study,TP,FP,FN,TN\n" + "\n".join(rows) + "\n", encoding="utf-8")
    done = metadx("fit", str(file))
    assert done.returncode == 1
    assert "Alpha" in done.stderr
    assert record(str(file), "--independent-rows")["k"] == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fit", "ct/hop"), "did you mean"),
        (("fit", "nothing.csv"), "no file"),
        (("fit", "ct/hip", "--method", "magic"), "exact, laplace"),
        (("fit", "ct/hip", "--interval", "wide"), "wald, t, profile"),
        (("fit", "ct/hip", "--level", "2"), "between 0 and 1"),
        (("fit", "ct/hip", "--sens", "~ nonsense"), "nonsense"),
        (("fit", "ct/hip", "--sens", "~ C("), "cannot be read"),
        (("fit", "ct/hip", "--nodes", "0"), "nodes is 0; it lies between 1 and"),
        (("fit", "ct/hip", "--nodes", "1000"), "nodes is 1000"),
        (("fit", "ct/hip", "--zero-cell", "maybe"), "single, all, none"),
        (
            ("fit", str(DATA / "auditc.csv"), "--interval", "bootstrap", "--seed", "-5"),
            "seed is -5",
        ),
    ],
)
def test_mistakes_get_one_message(arguments: tuple[str, ...], words: str) -> None:
    done = metadx(*arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
