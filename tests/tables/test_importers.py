"""What other people's files look like, the hostile ones included."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from metadx.errors import OptionError, StudyTableError
from metadx.tables.importers import excel as excel_module
from metadx.tables.importers import grid as grid_module
from metadx.tables.importers import import_table, keep, parsed_mapping

GOOD = "study,tp,fp,fn,tn\nAdams,10,2,1,20\nBaker,8,0,2,18\n"
RM5 = """<?xml version="1.0" encoding="UTF-8"?>
<COCHRANE_REVIEW TYPE="DIAGNOSTIC">
 <STUDIES><INCLUDED_STUDIES>
  <STUDY ID="STD-1" NAME="Adams 2001" YEAR="2001"/><STUDY ID="STD-2" NAME="Baker 2002"/>
 </INCLUDED_STUDIES></STUDIES>
 <QUALITY_ITEMS><QUALITY_ITEM ID="QIT-1"/></QUALITY_ITEMS>
 <TESTS>
  <TEST ID="TST-1"><NAME>CT</NAME>
   <RESULT STUDY_ID="STD-1" TP="10" FP="2" FN="1" TN="20" NOTE="first reader"/>
   <RESULT STUDY_ID="STD-2" TP="8" FP="0" FN="2" TN="18"/>
  </TEST>
  <TEST ID="TST-2"><NAME>MRI</NAME>
   <RESULT STUDY_ID="STD-1"><TP>11</TP><FP>1</FP><FN>0</FN><TN>21</TN></RESULT>
  </TEST>
 </TESTS>
</COCHRANE_REVIEW>
"""


def _file(tmp_path: Path, content: str | bytes, name: str = "mine.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _rules(path: Path, **options: object) -> list[str]:
    found = import_table(path, **options)
    with pytest.raises(StudyTableError):
        _ = found.table
    return [fault.rule for fault in found.report.faults]


def _book(tmp_path: Path, rows: list[list[object]], name: str = "mine.xlsx") -> tuple[Path, object]:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    path = tmp_path / name
    book.save(path)
    return path, book


HEADER = ["study", "tp", "fp", "fn", "tn"]


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("names,TP,FN,FP,TN", "mada"),
        ("author,year,TP,FN,FP,TN", "metadta-app"),
        ("studyid,tp,fp,fn,tn", "stata"),
        ("Study,Test,TP,FP,FN,TN", "revman"),
        ("study,tp,fp,fn,tn", "csv"),
        ("Study name,True positives,False positives,False negatives,True negatives", "csv"),
        ("studlab,tpos,fpos,fneg,tneg", "csv"),
    ],
)
def test_known_headers(tmp_path: Path, header: str, form: str):
    width = header.count(",") + 1
    first = [
        "Adams",
        *(["2001"] if "year" in header else []),
        *(["CT"] if "Test" in header else []),
    ]
    row = first + ["10"] * (width - len(first))
    found = import_table(_file(tmp_path, f"{header}\n{','.join(row)}\n"))
    assert found.report.format == form
    assert found.report.ok
    assert found.table.frame["tp"].tolist() == [10]
    assert found.table.frame["study_id"].str.startswith("Adams").all()


@pytest.mark.parametrize(
    "content",
    [
        GOOD.encode("utf-8-sig"),
        GOOD.encode("utf-16"),
        GOOD.replace(",", ";").encode(),
        GOOD.replace(",", "\t").encode(),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("10", "10.0").encode(),
        GOOD.replace(",20\n", ",20\n\n\n").encode(),
    ],
)
def test_forms_of_a_text_file(tmp_path: Path, content: bytes):
    assert import_table(_file(tmp_path, content)).table.frame["tp"].tolist() == [10, 8]


def test_decimal_commas(tmp_path: Path):
    text = "study;tp;fp;fn;tn;reported_sensitivity\nAdams;10;2;1;20;90,9\n"
    table = import_table(_file(tmp_path, text)).table
    assert table.frame["reported_sensitivity"].tolist() == [90.9]


def test_all_problems_with_their_rows_and_columns(tmp_path: Path):
    text = "Label,TP,FP,FN,TN\nAdams,-3,2,1,20\n\nBaker,8.5,x,2,18\nClark,,1,2,9\n"
    path = _file(tmp_path, text)
    faults = import_table(path, columns={"Label": "study_id"}).report.faults
    places = {(fault.row, fault.column, fault.found) for fault in faults}
    assert (2, "TP", "-3") in places
    assert (4, "TP", "8.5") in places
    assert (4, "FP", "x") in places
    assert any(fault.row == 5 and fault.column == "TP" for fault in faults)
    assert all(fault.file == path.as_posix() and fault.expected for fault in faults)


def test_unknown_columns_are_listed_and_not_guessed(tmp_path: Path):
    path = _file(tmp_path, "paper,hits,fp,misses,tn\nAdams,10,2,1,20\n")
    faults = import_table(path).report.faults
    assert {fault.column for fault in faults} == {"study_id", "tp", "fn"}
    assert "paper, hits, fp, misses, tn" in faults[0].expected
    mapping = parsed_mapping(["paper=study_id", "hits=tp", "misses=fn"])
    found = import_table(path, columns=mapping)
    assert found.table.frame["fn"].tolist() == [1]
    assert found.report.columns == {"paper": "study_id", "hits": "tp", "misses": "fn"}


def test_two_columns_for_one_of_ours(tmp_path: Path):
    path = _file(tmp_path, "study,tp,tpos,fp,fn,tn\nAdams,10,10,2,1,20\n")
    assert _rules(path) == ["duplicate_column"]
    assert import_table(path, columns={"tpos": "tpos_given"}).report.ok


@pytest.mark.parametrize("mapping", [{"nothing": "tp"}, {"tp": ""}, {"tp": "a=b"}])
def test_a_mapping_has_to_make_sense(tmp_path: Path, mapping: dict[str, str]):
    with pytest.raises(OptionError):
        import_table(_file(tmp_path, GOOD), columns=mapping)


@pytest.mark.parametrize("pair", ["tp", "=tp", "cases="])
def test_a_pair_has_two_sides(pair: str):
    with pytest.raises(OptionError, match="THEIRS=OURS"):
        parsed_mapping([pair])


@pytest.mark.parametrize(
    "header",
    ["tp_ct,fp_ct,fn_ct,tn_ct,tp_mri,fp_mri,fn_mri,tn_mri", "ct.TP,ct.FP,ct.FN,ct.TN,"
     "mri.TP,mri.FP,mri.FN,mri.TN"],
)  # fmt: skip
def test_wide_tables(tmp_path: Path, header: str):
    text = f"study,age,{header}\nAdams,70,1,2,3,4,5,6,7,8\nBaker,80,1,1,1,1,,,,\n"
    found = import_table(_file(tmp_path, text))
    frame = found.table.frame
    assert frame["test"].tolist() == ["ct", "mri", "ct"]
    assert frame["tn"].tolist() == [4, 8, 1]
    assert frame["age"].tolist() == [70, 70, 80]
    assert "one row a study and test: ct, mri" in found.report.text()


def test_the_paired_layout_of_metadta_names_its_tests(tmp_path: Path):
    text = "studyid,test1,test2,tp1,fp1,tn1,fn1,tp2,fp2,tn2,fn2\nAdams,LBC,HC2,1,2,3,4,5,6,7,8\n"
    frame = import_table(_file(tmp_path, text)).table.frame
    assert frame[["test", "tp", "fp", "fn", "tn"]].to_numpy().tolist() == [
        ["LBC", 1, 2, 4, 3], ["HC2", 5, 6, 8, 7],
    ]  # fmt: skip


def test_several_readers_and_thresholds_stay_apart(tmp_path: Path):
    text = (
        "study,test,reader,cutoff,tp,fp,fn,tn\nAdams,CT,1,0.50,1,2,3,4\nAdams,CT,2,0.50,2,2,2,4\n"
    )
    frame = import_table(_file(tmp_path, text)).table.frame
    assert frame["reader"].tolist() == [1, 2]
    assert frame["cutoff"].tolist() == ["0.50", "0.50"]


@pytest.mark.parametrize(
    ("content", "name", "rule"),
    [
        (b"", "mine.csv", "empty_file"),
        (b"\n\n,,\n", "mine.csv", "empty_file"),
        (b"study,tp,fp,fn,tn\n", "mine.csv", "no_rows"),
        (b"PK\x03\x04rubbish", "mine.csv", "binary_file"),
        (b"study,tp,fp,fn,tn\nA\x00,1,2,3,4\n", "mine.csv", "nul_byte"),
        (b'study,tp,fp,fn,tn\n"Adams,1,2,3,4\n', "mine.csv", "quoting"),
        (b"study,tp,fp,fn,tn\nAdams,1,2,3\n", "mine.csv", "row_length"),
        (b"not a workbook", "mine.xlsx", "binary_file"),
        (b"\xd0\xcf\x11\xe0old", "mine.xls", "binary_file"),
        (b"not stata", "mine.dta", "binary_file"),
        (b"not R", "mine.rda", "binary_file"),
        (b"<a><b></a>", "mine.rm5", "xml"),
        (b"<a/>", "mine.rm5", "rm5"),
    ],
)
def test_broken_files_are_said_to_be_broken(tmp_path: Path, content: bytes, name: str, rule: str):
    rules = _rules(_file(tmp_path, content, name))
    assert rule in rules


def test_files_that_are_not_there_or_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert _rules(tmp_path / "none.csv") == ["file"]
    (tmp_path / "folder.csv").mkdir()
    assert _rules(tmp_path / "folder.csv") == ["file"]
    large = tmp_path / "large.csv"
    with large.open("wb") as stream:
        stream.truncate(100 * 2**20)
    assert _rules(large) == ["file_size"]
    monkeypatch.setattr(grid_module, "MAX_BYTES", 10)
    assert _rules(_file(tmp_path, GOOD)) == ["file_size"]


@pytest.mark.parametrize("name", ["mine.pdf", "mine", "mine.docx"])
def test_other_endings_are_refused(tmp_path: Path, name: str):
    with pytest.raises(OptionError, match="ending"):
        import_table(_file(tmp_path, GOOD, name))


def test_a_format_that_does_not_fit_the_ending(tmp_path: Path):
    with pytest.raises(OptionError, match="ends in"):
        import_table(_file(tmp_path, GOOD), "rm5")


def test_formulas_hidden_sheets_and_other_sheets(tmp_path: Path):
    path, book = _book(tmp_path, [HEADER, ["Adams", "=5+5", 2, 1, 20]])
    assert _rules(path) == ["formula"]
    book.active["B2"] = 10
    hidden = book.create_sheet("old")
    hidden.append(HEADER)
    hidden.sheet_state = "hidden"
    book.create_sheet("remarks").append(["nothing", "here"])
    book.save(path)
    found = import_table(path)
    assert found.table.frame["tp"].tolist() == [10]
    assert "hidden sheets are not read: old" in found.report.notes
    second = book.create_sheet("second")
    second.append(HEADER)
    second.append(["Baker", 1, 2, 3, 4])
    book.save(path)
    assert _rules(path) == ["sheet"]
    assert import_table(path, dataset="second").table.frame["study_id"].tolist() == ["Baker"]
    assert _rules(path, dataset="old") == ["sheet"]


def test_merged_cells_are_a_problem(tmp_path: Path):
    path, book = _book(tmp_path, [HEADER, ["Adams", 10, 2, 1, 20], [None, 8, 0, 2, 18]])
    book.active.merge_cells("A2:A3")
    book.save(path)
    assert "merged_cells" in _rules(path)


def test_an_archive_that_unpacks_to_far_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(excel_module, "_UNPACKED", 2**20)
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (2**20 + 1))
    assert path.stat().st_size < 2**12
    assert _rules(path) == ["file_size"]


def test_revman_5_reviews(tmp_path: Path):
    found = import_table(_file(tmp_path, RM5, "review.rm5"))
    frame = found.table.frame
    assert frame["study_id"].tolist() == ["Adams 2001", "Baker 2002", "Adams 2001"]
    assert frame["test"].tolist() == ["CT", "CT", "MRI"]
    assert frame[["tp", "fp", "fn", "tn"]].to_numpy().tolist() == [
        [10, 2, 1, 20], [8, 0, 2, 18], [11, 1, 0, 21],
    ]  # fmt: skip
    assert frame["note"].tolist() == ["first reader", "", ""]
    assert any("quality assessment" in note for note in found.report.notes)


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE r SYSTEM "https://example.org/r.dtd">',
    ],
)
def test_xml_that_declares_entities_is_not_read(tmp_path: Path, declared: str):
    text = RM5.replace("<COCHRANE_REVIEW", f"{declared}\n<COCHRANE_REVIEW", 1)
    for encoding in ("utf-8", "utf-16"):
        data = text.replace("UTF-8", encoding.upper()).encode(encoding)
        assert _rules(_file(tmp_path, data, "review.rm5")) == ["xml"]


def test_a_study_that_the_review_does_not_list(tmp_path: Path):
    text = RM5.replace('STUDY_ID="STD-2"', 'STUDY_ID="STD-9"')
    assert "study" in _rules(_file(tmp_path, text, "review.rm5"))


def test_where_an_imported_table_goes(tmp_path: Path):
    found = import_table(_file(tmp_path, GOOD))
    out = tmp_path / "out.csv"
    assert "2 rows written" in keep(found, str(out), tmp_path)
    with pytest.raises(OptionError, match="exists"):
        keep(found, str(out), tmp_path)
    studies = tmp_path / "studies"
    said = keep(found, "ct/hip", studies)
    assert "2 rows written" in said
    assert "cells are to be filled in" in said
    assert (studies / "ct" / "hip.csv").read_text().count("\n") == 3
    with pytest.raises(OptionError, match="exists and is not touched"):
        keep(found, "ct/hip", studies)
    for place in ("ct", "ct/elbow", "sonar/hip"):
        with pytest.raises(OptionError, match="is not one of"):
            keep(found, place, studies)


def test_the_schema_has_no_place_for_every_column(tmp_path: Path):
    found = import_table(_file(tmp_path, GOOD.replace("tn\n", "tn,mood\n", 1).replace("20\n",
                         "20,good\n").replace("18\n", "18,bad\n")))  # fmt: skip
    with pytest.raises(OptionError, match="no column for mood"):
        keep(found, "ct/hip", tmp_path / "studies")
    assert not (tmp_path / "studies").exists()
