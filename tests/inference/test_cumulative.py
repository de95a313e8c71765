from __future__ import annotations

import numpy as np
import pytest
from edge_tables import EDGES, ONE
from reference_values import table
from study_tables import fit, table_of

from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.inference.cumulative import cumulative
from metadx.tables import StudyTable

YEARS = [2001, 2001, 2003, 2004, 2004, 2006, 2007, 2008, 2008, 2010, 2011, 2012, 2013, 2013]


def dated(years) -> StudyTable:
    return StudyTable.from_frame(table("dementia_csf").frame.assign(year=years), "dementia_csf")


def test_each_step_is_the_fit_to_the_studies_so_far():
    studies = dated(YEARS)
    found = cumulative(fit(studies), pretest=0.3)
    assert [step.value for step in found.steps] == sorted(set(YEARS))
    ids = studies.frame["study_id"].astype(str)
    for step in found.steps:
        keep = ids[np.array(YEARS) <= step.value].tolist()
        alone = fit(studies.select(study_id=keep))
        assert step.k == len(keep)
        for name in ("sensitivity", "specificity", "dor", "auc"):
            mine, theirs = step.quantities[name], getattr(alone, name)
            assert type(mine) is type(theirs)
            if isinstance(mine, Estimate):
                assert mine.value == pytest.approx(theirs.value, rel=1e-4)
    last = found.steps[-1]
    assert last.k == 14 and last.quantities["posttest_positive"].value > 0.3


def test_the_last_update_is_marked():
    found = cumulative(fit(dated(YEARS)))
    assert found.frame["last"].tolist() == [False] * 9 + [True]
    before, after = found.steps[-2:]
    gap = after.quantities["sensitivity"].value - before.quantities["sensitivity"].value
    assert found.last_change("sensitivity") == pytest.approx(gap)
    assert f"sensitivity by {100 * gap:+.1f}" in found.summary()


def test_missing_years_are_named_apart():
    years = [*YEARS[:5], None, *YEARS[6:]]
    found = cumulative(fit(dated(years)))
    assert found.unplaced == (table("dementia_csf").labels[5],)
    assert found.steps[-1].k == 13 and "in the full fit only" in found.summary()


def test_any_order():
    order = list(range(14, 0, -1))
    found = cumulative(fit(table("dementia_csf")), by=order)
    assert found.steps[0].added == (table("dementia_csf").labels[13],)
    assert len(found.frame) == 14 and found.by == "order"
    with pytest.raises(OptionError, match="has 14 rows"):
        cumulative(fit(table("dementia_csf")), by=[1, 2])
    with pytest.raises(OptionError, match="no column 'age'"):
        cumulative(fit(table("dementia_csf")), by="age")


def test_without_years():
    found = cumulative(fit(table("dementia_csf")))
    assert isinstance(found, NotApplicable) and found.reason == "no study has a year"
    assert isinstance(cumulative(fit(table_of(ONE)), by=[2001]), NotApplicable)


@pytest.mark.parametrize("name", EDGES)
def test_edges(name):
    rows = EDGES[name]
    found = cumulative(fit(table_of(rows)), by=list(range(2001, 2001 + len(rows))))
    if isinstance(found, NotApplicable):
        assert len(rows) == 1
        return
    frame = found.frame
    assert (frame["sensitivity"].notna() | (frame["reason"] != "")).all()
    assert "nan" not in found.summary().lower()
