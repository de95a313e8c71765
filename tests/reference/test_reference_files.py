"""Guard of the guards: no data set changes, no case goes missing, every value has an origin."""

from __future__ import annotations

import hashlib
import json
import math

import pytest
import reference_values as rv

FILES = sorted(path.stem for path in rv.FOLDER.glob("*.json"))
DATASETS = sorted(path.stem for path in (rv.FOLDER / "datasets").glob("*.csv"))
#: Cases in each file; more may come, none may go.
FEWEST = {
    "exact_ml": 28,
    "compare": 4,
    "published": 10,
    "univariate_glmm": 19,
    "lme4_laplace": 28,
    "glmmtmb_laplace": 28,
    "normal_normal": 56,
    "mada_reitsma": 56,
    "mada_summary_points": 26,
    "metafor": 54,
    "peer_simulation": 3,
}
EXACT = [
    "anti_ccp",
    "asthma_feno_eosinophilia",
    "auditc",
    "ca125_subset15",
    "catheter_ivd",
    "ct_appendicitis",
    "dementia_csf",
    "dementia_mmse",
    "edge_huge_n",
    "edge_identical",
    "edge_k2",
    "edge_k3",
    "edge_no_diseased_study",
    "edge_perfect_sens",
    "edge_perfect_spec",
    "edge_tiny_n",
    "hsroc_mri",
    "iaq",
    "metatron_mmse",
    "saq",
    "sim_boundary_k8",
    "sim_k10",
    "sim_k100",
    "sim_k1000",
    "sim_k30",
    "sim_k300",
    "skin_tests",
    "smoking",
]


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_data_set_is_as_it_was_taken_over(dataset):
    pinned = json.loads((rv.FOLDER / "datasets" / "sha256.json").read_text())
    content = (rv.FOLDER / "datasets" / f"{dataset}.csv").read_bytes()
    assert hashlib.sha256(content).hexdigest() == pinned[dataset]


def test_every_pinned_data_set_is_there_and_described():
    pinned = json.loads((rv.FOLDER / "datasets" / "sha256.json").read_text())
    assert sorted(pinned) == DATASETS
    readme = (rv.FOLDER / "README.md").read_text(encoding="utf-8")
    for dataset in DATASETS:
        assert f"| `{dataset}.csv` |" in readme


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_where_its_values_come_from_and_is_described(name):
    record = rv.load(name)
    for key in ("program", "version", "call", "datasets", "notes"):
        assert key in record["source"]
    assert record["source"]["program"]
    assert f"`{name}.json`" in (rv.FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FEWEST)
def test_no_case_goes_missing(name):
    assert len(rv.cases(name)) >= FEWEST[name]


@pytest.mark.parametrize("name", ["exact_ml", "lme4_laplace", "glmmtmb_laplace"])
def test_the_same_sets_are_there_for_every_program(name):
    assert sorted(c["dataset"] for c in rv.cases(name)) == EXACT


@pytest.mark.parametrize("name", FILES)
def test_every_case_names_a_data_set_that_is_here(name):
    for case in rv.cases(name):
        if "dataset" in case:
            assert case["dataset"] in DATASETS


def test_numbers_are_kept_with_all_their_digits():
    for case in rv.cases("exact_ml"):
        assert len(repr(abs(case["logLik"])).replace(".", "")) >= 12
        assert math.isfinite(case["logLik"])


def test_printed_figures_name_the_place():
    for case in rv.cases("published"):
        assert case["printed_in"]
        assert all(number["half_unit"] > 0 for number in case["values"].values())
