from __future__ import annotations

import pytest
from edge_tables import EDGES
from reference_values import table
from study_tables import fit, table_of

from metadx.errors import OptionError
from metadx.inference.appraisal import SECTIONS, appraise


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


def test_options():
    with pytest.raises(OptionError, match="it is low, high, unclear"):
        appraise(fit(table("dementia_csf")), quadas={"x": "medium"})
    with pytest.raises(OptionError, match="between 0 and 1"):
        appraise(fit(table("dementia_csf")), pretest=0.0)
