from __future__ import annotations

import pandas as pd
import pytest
from edge_tables import EDGES
from reference_values import table
from study_tables import fit, table_of

from metadx.errors import OptionError
from metadx.inference.appraisal import SECTIONS, appraise
from metadx.tables.quadas import QuadasTable


@pytest.mark.parametrize("name", EDGES)
def test_every_section_says_something_of_every_table(name):
    found = appraise(fit(table_of(EDGES[name])), pretest=0.3)
    sections = found.sections()
    assert list(sections) == list(SECTIONS.values())
    for text in sections.values():
        assert len(text) > 10 and "nan" not in text.lower()
    assert found.summary().count("----") >= len(SECTIONS)


def test_parts_are_computed_once():
    found = appraise(fit(table("dementia_csf")))
    assert found.influence is found.influence


def test_risk_of_bias_comes_from_a_mapping_or_from_judgements():
    full = fit(table("dementia_csf"))
    ids = full.table.frame["study_id"].astype(str).tolist()
    rows = [
        {"study_id": s, "domain": d, "judgement": "high" if i < 4 else "low"}
        for i, s in enumerate(ids)
        for d in ("patient_selection", "index_test", "reference_standard", "flow_and_timing")
    ]
    frame = pd.DataFrame(rows).assign(
        modality="", site="", version="QUADAS-2", compared_with="", question="risk_of_bias",
        source="",
    )  # fmt: skip
    words = {s: "high" if i < 4 else "low" for i, s in enumerate(ids)}
    by_table, by_words = appraise(full, quadas=QuadasTable(frame)), appraise(full, quadas=words)
    assert by_table.risk_of_bias == by_words.risk_of_bias == words
    row = by_table.robustness.frame.set_index("name").loc["low_risk"]
    assert row["k"] == 10 and row["sensitivity"] > 0.5


def test_further_quantities_are_followed():
    found = appraise(
        fit(table("dementia_csf")), also={"rule in": lambda one: one.lr_positive.value > 2.3}
    )
    assert "rule in" in found.influence.frame.columns


def test_a_table_is_pooled_first():
    assert appraise(table("dementia_csf")).fit.k == 14


def test_options():
    with pytest.raises(OptionError, match="it is low, high, unclear"):
        appraise(fit(table("dementia_csf")), quadas={"x": "medium"})
    with pytest.raises(OptionError, match="between 0 and 1"):
        appraise(fit(table("dementia_csf")), pretest=0.0)


def test_reasons_read_as_sentences_for_one_study_and_none():
    one = appraise(fit(table_of([(10, 2, 3, 20)])))
    assert one.deeks.reason.startswith("1 study reports both")
    assert one.cumulative.reason == "no study has a year"
    assert "(1 study)" in one.summary().splitlines()[0]


def test_a_seed_below_0_is_refused():
    with pytest.raises(OptionError, match="seed is -1; it is a whole number from 0 up"):
        appraise(fit(table_of([(10, 2, 3, 20), (9, 1, 4, 31)])), seed=-1)


def test_the_head_names_stratum_model_and_level():
    table = table_of([(10, 2, 3, 20), (9, 1, 4, 31), (21, 4, 4, 60)], "three")
    head = appraise(fit(table, level=0.9)).summary().splitlines()[:3]
    assert head[0] == "Appraisal of three (3 studies)"
    assert head[1] == f"Model: {fit(table).model_sentence}" and head[2] == "Intervals: 90%"
