"""The PRISMA-DTA checklist: the right items, filled only with what the tables say."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from docx import Document
from study_tables import fit, table_of

from metadx.errors import OptionError
from metadx.report.paragraphs import paragraphs
from metadx.report.prisma import FILLED, HEADER, OPEN, PARTLY, STATUSES, PrismaChecklist, prisma
from metadx.report.prisma_items import ITEMS
from metadx.tables import StudyTable, read_quadas, read_studies
from metadx.tables.quadas import QUADAS_COLUMNS

STUDIES = Path(__file__).parents[2] / "studies"


@pytest.fixture(scope="module")
def shipped() -> StudyTable:
    return read_studies(STUDIES)


@pytest.fixture(scope="module")
def whole(shipped) -> PrismaChecklist:
    return prisma(shipped)


def text(checklist: PrismaChecklist, number: str) -> tuple[str, str]:
    (found,) = [one for one in checklist.answers if one.item.number == number]
    return found.status, found.text


def test_the_items_are_those_of_the_statement():
    """27 items: PRISMA without 15 and 22, with D1 after 3 and D2 after 14."""
    numbers = [item.number for item in ITEMS]
    expected = [str(i) for i in range(1, 28) if i not in (15, 22)]
    expected.insert(expected.index("4"), "D1")
    expected.insert(expected.index("16"), "D2")
    assert numbers == expected
    assert len(numbers) == 27
    sections = list(dict.fromkeys(item.section for item in ITEMS))
    assert sections == [
        "Title", "Abstract", "Introduction", "Methods", "Results", "Discussion", "Other"
    ]  # fmt: skip


def test_an_open_item_has_no_text_and_a_filled_one_has(whole):
    assert whole.counts() == {FILLED: 7, PARTLY: 5, OPEN: 15}
    for one in whole.answers:
        assert one.status in STATUSES
        assert bool(one.text) == (one.status != OPEN)
    # What no analysis can know stays open.
    for number in ("1", "2", "3", "D1", "4", "5", "6", "7", "8", "9", "12", "19", "25", "26", "27"):
        assert text(whole, number) == (OPEN, "")


def test_numbers_are_those_of_the_tables(whole, shipped):
    frame = shipped.frame
    _, selection = text(whole, "17")
    double = (frame["pool_reason"] == "double_entry").sum()
    pooled = (frame["pool"] == "yes").sum()
    assert selection.startswith(
        f"{len(frame)} rows extracted, {double} removed as double entries, "
        f"{len(frame) - double - pooled} kept but not pooled"
    )
    assert f"{pooled} pooled" in selection
    again = (frame["audit"] != "extracted").sum()
    assert text(whole, "10")[1].startswith(f"{again} of {len(frame)} rows")
    assert f"mean_age {frame['mean_age'].notna().sum()}" in text(whole, "18")[1]
    strata = shipped.pooled().strata()
    assert text(whole, "14")[1].startswith(f"{len(strata)} strata with pooled rows")


def test_a_stratum_is_answered_by_its_paragraphs(shipped):
    rows = shipped.strata()["ct/hip/patient/radiograph_negative"]
    made = paragraphs(fit(rows), rows)
    found = prisma(rows, None, made)
    assert found.title == "CT, hip, per patient, radiograph negative"
    assert text(found, "D2") == (FILLED, " ".join(one.text for one in made.methods))
    assert text(found, "21") == (FILLED, " ".join(one.text for one in made.results))
    status, small = text(found, "23")
    assert status == PARTLY and "3 studies report both" in small


def test_judgements_fill_the_items_of_bias(tmp_path):
    table = table_of([[9, 1, 2, 8], [8, 2, 1, 9]])
    domains = ("patient_selection", "index_test", "reference_standard", "flow_and_timing")
    lines = [f"S1,,,QUADAS-2,,{domain},risk_of_bias,low,us" for domain in domains]
    path = tmp_path / "quadas.csv"
    path.write_text("\n".join([",".join(QUADAS_COLUMNS), *lines]) + "\n", encoding="utf-8")
    found = prisma(table, read_quadas(path))
    assert text(found, "12")[0] == PARTLY
    assert text(found, "19") == (
        FILLED,
        "QUADAS-2, 2 rows: 1 low in all domains, 0 high in one or more, 1 not judged or not in "
        "all domains.",
    )


def test_a_table_from_elsewhere_fills_less():
    found = prisma(table_of([[9, 1, 2, 8], [8, 2, 1, 9]]))
    assert text(found, "11") == text(found, "18") == (OPEN, "")
    assert text(found, "13") == (FILLED, "Sensitivity and specificity.")


def test_formats(whole):
    rows = list(csv.reader(io.StringIO(whole.to_csv())))
    assert tuple(rows[0]) == HEADER and len(rows) == 28
    (table,) = Document(io.BytesIO(whole.to_docx())).tables
    assert [cell.text for cell in table.rows[4].cells][:2] == ["D1", "Introduction"]
    part = whole.to_html(fragment=True)
    assert part.startswith('<div class="scroll prisma"') and part.count("<tr>") == 28
    assert "10.1001/jama.2017.19163" in part
    assert whole.to_html().startswith("<!doctype html>")
    assert len(part.encode()) < 8000


def test_nothing_to_report_is_refused(shipped):
    with pytest.raises(OptionError, match="no rows"):
        prisma(shipped.select(modality="frax", site="wrist"))


def test_one_row_is_written_in_the_singular():
    table = read_studies(STUDIES).strata()["ai_assisted/rib/rib/all_suspected"]
    assert len(table) == 1
    texts = [answer.text for answer in prisma(table).answers]
    assert any(text.startswith("1 of 1 row was compared") for text in texts)
    assert any(text.startswith("1 row extracted") for text in texts)
    assert any("what the data of 1 study say" in text for text in texts)
