"""Round trips: what other programs get is what comes back."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from metadx.errors import OptionError
from metadx.tables import StudyTable, read_studies
from metadx.tables.exporters import export_table, write_template
from metadx.tables.frames import cell_text
from metadx.tables.importers import FORMATS, import_table

DATASETS = Path(__file__).parents[1] / "reference" / "datasets"
#: Sets with one test, several tests, one-sided studies, covariates, author columns, huge counts.
SOURCES = (
    "anti_ccp", "kearon1998_dvt_us", "ct_appendicitis", "iaq", "rivera2025_3qtmd",
    "edge_huge_n", "iqcode_metadta", "safdar2005_ivd",
)  # fmt: skip
FORMS = (
    ("csv", ".csv"), ("csv", ".tsv"), ("mada", ".csv"), ("mada", ".rda"), ("MetaDTA", ".csv"),
    ("MetaDTA", ".xlsx"), ("metandi", ".csv"), ("metandi", ".dta"), ("revman", ".csv"),
    ("excel", ".xlsx"), ("r", ".rda"), ("r", ".rds"),
)  # fmt: skip
METADTA = (
    "author,year,TP,FN,FP,TN,rob_PS,rob_IT,rob_RS,rob_FT,ac_PS,ac_IT,ac_RS,Threshold\n"
    "Adams,1997,188,28,35,48,2,2,2,3,1,3,1,3.6\n"
    "Baker,2002,83,7,4,19,2,1,1,1,1,1,1,3.30\n"
)


def cells(table: StudyTable) -> pd.DataFrame:
    """All cells as text; columns by name and rows by content, which no format promises."""
    frame = table.frame.map(cell_text)
    frame = frame[sorted(frame.columns)]
    return frame.sort_values(list(frame.columns)).reset_index(drop=True)


def read(path: Path, **options: object) -> StudyTable:
    return import_table(path, **options).table


@pytest.fixture
def ours(tmp_path: Path, row: Callable[..., dict[str, str]], text: Callable[..., str]) -> Path:
    """A table with the whole schema and every awkward kind of cell."""
    rows = [
        row("Adams2001", title='A "quoted" title, with; all\tsorts', notes="=SUM(A1)"),
        row("Baker2002", first_author="Müller-Łukasz 陈", fp="", tn="", mean_age="",
                 reported_specificity="", derivation="sensitivity_only"),
        row("Baker2002", first_author="Müller-Łukasz 陈", modality="mri", pool="no",
                 pool_reason="secondary_reader", pool_note="x" * 3000),
        row("Clark2003", year="", doi="", notes="007", subsite="1e5", technique="1.50"),
    ]  # fmt: skip
    path = tmp_path / "mixed_table.csv"
    path.write_text(text(rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(("form", "suffix"), FORMS)
def test_every_cell_comes_back(tmp_path: Path, ours: Path, form: str, suffix: str):
    for source in (*(DATASETS / f"{name}.csv" for name in SOURCES), ours):
        first = read(source)
        out = tmp_path / f"{source.stem}_out{suffix}"
        report = export_table(first, form, out)
        # Stata has no dots or underscores in a name; the report says so and .dta keeps a label.
        changed = {new: old for old, new in report.columns.items()} if suffix == ".csv" else {}
        known = import_table(out).frame.columns
        back = {new: old for new, old in changed.items() if form == "metandi" and new in known}
        again = read(out, columns=back)
        pd.testing.assert_frame_equal(cells(again), cells(first), check_dtype=False)


def test_a_genuine_metadta_file(tmp_path: Path):
    path = tmp_path / "QA.csv"
    path.write_text(METADTA)
    found = import_table(path)
    assert found.report.format == "metadta-app"
    assert found.table.labels == ["Adams 1997", "Baker 2002"]
    assert found.table.frame["study_id"].tolist() == ["Adams 1997", "Baker 2002"]
    # 3.30 and 3.6 stay as they are: a number would lose a digit.
    assert found.table.frame["Threshold"].tolist() == ["3.6", "3.30"]
    judged = found.quadas.frame.query("question == 'applicability' and domain == 'index_test'")
    assert judged["judgement"].tolist() == ["unclear", "low"]
    out = tmp_path / "again.csv"
    export_table(found.table, "MetaDTA", out)
    assert out.read_text().splitlines()[1].startswith("Adams,1997,188,28,35,48,2,2,2,3,1,3,1")


def test_judgements_of_our_own_table_reach_metadta(tmp_path: Path):
    path = tmp_path / "QA.csv"
    path.write_text(METADTA)
    found = import_table(path)
    bare = StudyTable.from_frame(found.table.frame.filter(regex="^(?!rob_|ac_)"))
    export_table(bare, "MetaDTA", tmp_path / "with.csv", quadas=found.quadas)
    assert cells(read(tmp_path / "with.csv")).equals(cells(found.table))


def test_what_the_programs_need_is_in_its_place(tmp_path: Path):
    table = read(DATASETS / "kearon1998_dvt_us.csv")
    for form, header in (
        ("mada", "names,TP,FN,FP,TN,year,patients"),
        ("metandi", "studyid,tp,fp,fn,tn,year,patients"),
        ("revman", "Study,TP,FP,FN,TN,year,patients"),
        ("MetaDTA", "author,year,TP,FN,FP,TN,study_id,patients"),
    ):
        report = export_table(table, form, tmp_path / f"{form}.csv")
        assert (tmp_path / f"{form}.csv").read_text().splitlines()[0] == header
        assert any("4 rows have one margin only" in note for note in report.notes)


def test_pooled_rows_only_and_a_word_about_the_others(tmp_path: Path, ours: Path):
    table = read_studies(ours)
    report = export_table(table, "mada", tmp_path / "all.csv")
    assert "1 row is not pooled here (pool = no); another program would pool them" in report.notes
    fewer = export_table(table, "mada", tmp_path / "pooled.csv", pooled_only=True)
    assert (report.rows, fewer.rows) == (4, 3)
    assert not any("pool" in note for note in fewer.notes)


def test_nothing_is_replaced_unasked(tmp_path: Path):
    table = read(DATASETS / "telomerase.csv")
    out = tmp_path / "mine.csv"
    out.write_text("precious")
    with pytest.raises(OptionError, match="exists"):
        export_table(table, "mada", out)
    assert out.read_text() == "precious"
    export_table(table, "mada", out, overwrite=True)
    assert out.read_text() != "precious"
    book = tmp_path / "mine.xlsx"
    write_template(book)
    with pytest.raises(OptionError, match="exists"):
        write_template(book)


@pytest.mark.parametrize(
    ("form", "name", "message"),
    [
        ("mada", "x.dta", "ends in"),
        ("excel", "x.csv", "ends in"),
        ("rm5", "x.rm5", "read and not written"),
        ("sas", "x.csv", "there is no format 'sas'"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path: Path, form: str, name: str, message: str):
    table = read(DATASETS / "telomerase.csv")
    with pytest.raises(OptionError, match=message):
        export_table(table, form, tmp_path / name)
    assert not (tmp_path / name).exists()


def test_the_template_has_drop_downs_and_whole_number_rules(tmp_path: Path):
    from openpyxl import load_workbook

    path = write_template(tmp_path / "template.xlsx")
    book = load_workbook(path)
    sheet = book["studies"]
    header = [cell.value for cell in sheet[1]]
    assert header[:3] == ["study_id", "first_author", "year"]
    rules = {}
    for rule in sheet.data_validations.dataValidation:
        column = header[sheet[str(rule.sqref).split(":")[0]].column - 1]
        rules[column] = rule
    assert rules["tp"].type == "whole"
    assert rules["tp"].formula1 == "0"
    assert rules["modality"].type == "list"
    assert book["codes"].sheet_state == "hidden"
    column = rules["modality"].formula1.split("$")[1]
    listed = [cell.value for cell in book["codes"][column] if cell.value]
    assert listed[:3] == ["modality", "xray", "ct"]
    assert rules["modality"].formula1.endswith(f"${len(listed)}")
    assert {"site", "unit", "population", "pool", "year", "mean_age"} <= set(rules)
    report = import_table(path).report
    assert [fault.rule for fault in report.faults] == ["no_rows"]


def test_a_filled_template_becomes_a_table(tmp_path: Path):
    from openpyxl import load_workbook

    path = write_template(tmp_path / "mine.xlsx")
    book = load_workbook(path)
    sheet = book["studies"]
    header = [cell.value for cell in sheet[1]]
    values = {"study_id": "Adams2001", "tp": 10.0, "fp": 2, "fn": 1, "tn": 20, "modality": "ct"}
    for name, value in values.items():
        sheet.cell(2, header.index(name) + 1, value)
    book.save(path)
    table = read(path)
    assert table.frame.loc[0, ["study_id", "tp", "tn", "modality"]].tolist() == [
        "Adams2001", 10, 20, "ct",
    ]  # fmt: skip


def test_data_sets_of_r_with_row_names_and_factors(tmp_path: Path):
    import rdata

    frame = pd.DataFrame(
        {"TP": [10, 20], "FN": [1, 2], "FP": [3, 4], "TN": [30, 40],
         "type": pd.Categorical(["a", "b"])},
        index=pd.Index(["Adams", "Baker"], dtype=object),
    )  # fmt: skip
    one, two = tmp_path / "one.rda", tmp_path / "two.RData"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rdata.write_rda(one, {"AuditC": frame})
        rdata.write_rda(two, {"first": frame, "second": frame})
    found = import_table(one)
    assert found.table.frame["study_id"].tolist() == ["Adams", "Baker"]
    assert found.table.frame["type"].tolist() == ["a", "b"]
    assert "data frame 'AuditC' was read" in found.report.notes
    several = import_table(two).report
    assert "first, second" in several.faults[0].expected
    assert len(read(two, dataset="second")) == 2
    assert import_table(two, dataset="third").report.faults[0].rule == "dataset"


def test_every_format_has_a_title_and_an_ending():
    for name, form in FORMATS.items():
        assert form.name == name
        assert form.title
        assert all(suffix.startswith(".") for suffix in form.suffixes)
