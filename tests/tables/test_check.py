from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from metadx.errors import StudyTableError
from metadx.tables import check, read_studies
from metadx.tables.rulebook import RULES

SHIPPED = Path(__file__).parents[2] / "studies"
NEXT_YEAR = date.today().year + 1

#: What is changed in a good row, and the column and rule that must be reported.
PLANTED = [
    ({"tp": "-3", "reported_sensitivity": ""}, "tp", "count"),
    ({"fn": "4.5", "reported_sensitivity": ""}, "fn", "count"),
    ({"fp": "2 (5)", "reported_specificity": ""}, "fp", "count"),
    ({"tn": "many", "reported_specificity": ""}, "tn", "count"),
    ({"tp": "99999999999", "reported_sensitivity": ""}, "tp", "count"),
    ({"tp": "", "reported_sensitivity": ""}, "tp", "half_margin"),
    ({"fp": "", "reported_specificity": ""}, "fp", "half_margin"),
    ({"tp": "0", "fn": "0", "reported_sensitivity": ""}, "tp+fn", "empty_margin"),
    ({"tn": "0", "fp": "0", "reported_specificity": ""}, "tn+fp", "empty_margin"),
    (
        dict.fromkeys(("tp", "fp", "fn", "tn"), ""),
        "tp+fp+fn+tn",
        "no_counts",
    ),
    ({"reported_sensitivity": "905"}, "reported_sensitivity", "percent"),
    ({"reported_specificity": "-95"}, "reported_specificity", "percent"),
    ({"reported_sensitivity": "90.5%"}, "reported_sensitivity", "percent"),
    ({"reported_sensitivity": "89.5"}, "reported_sensitivity", "percent_mismatch"),
    ({"reported_specificity": "0.95"}, "reported_specificity", "percent_mismatch"),
    ({"modality": "CTT"}, "modality", "code"),
    ({"site": "hipp"}, "site", "code"),
    ({"unit": "patients"}, "unit", "code"),
    ({"population": "all"}, "population", "code"),
    ({"design": "case-control"}, "design", "code"),
    ({"audit": "checked"}, "audit", "code"),
    ({"pool": "maybe"}, "pool", "code"),
    ({"derivation": "guess"}, "derivation", "code"),
    ({"osteoporotic": "true"}, "osteoporotic", "code"),
    ({"year": "1914"}, "year", "year"),
    ({"year": str(NEXT_YEAR + 1)}, "year", "year"),
    ({"year": "2014a"}, "year", "year"),
    ({"doi": "https://doi.org/10.1000/x"}, "doi", "doi"),
    ({"pmid": "PMC123"}, "pmid", "pmid"),
    ({"source_url": "example.org/paper"}, "source_url", "url"),
    ({"source_url": ""}, "source_url", "required"),
    ({"unit": ""}, "unit", "required"),
    ({"mean_age": "784"}, "mean_age", "age"),
    ({"citation_key": "Nobody2014"}, "citation_key", "citation"),
    ({"pool": "no", "pool_note": "x"}, "pool_reason", "pool_reason"),
    ({"pool_reason": "conflict"}, "pool_reason", "pool_reason"),
    ({"pool": "no", "pool_reason": "conflict"}, "pool_note", "pool_note"),
    ({"derivation": "sensitivity_only"}, "derivation", "sensitivity_only"),
    ({"fp": "", "tn": "", "reported_specificity": ""}, "derivation", "sensitivity_only"),
    ({"audit": "contradiction_kept"}, "notes", "contradiction_note"),
    ({"site": "rib"}, "site", "place"),
    ({"modality": "mri"}, "modality", "place"),
    ({"title": "CT\u00a0of the hip"}, "title", "whitespace"),
    ({"first_author": "MÃ¼ller"}, "first_author", "damaged_text"),
    ({"notes": "na\ufffdve"}, "notes", "damaged_text"),
]


def _keys(root: Path) -> set[tuple[str, int | None, str, str]]:
    report = check(root)
    return {(Path(f.file).name, f.row, f.column, f.rule) for f in report.faults}


def test_shipped_tables_have_no_fault():
    report = check(SHIPPED)
    assert report.text().splitlines()[:-1] == []
    assert report.rows > 300
    assert report.exit_code == 0


def test_every_planted_fault_is_found_in_one_pass(studies: Callable, row: Callable):
    rows = [row(f"Study{i:02}", **changes) for i, (changes, _, _) in enumerate(PLANTED)]
    keys = {r["study_id"] for r in rows}
    root = studies({"ct/hip.csv": rows}, keys)
    expected = {("hip.csv", i + 2, column, rule) for i, (_, column, rule) in enumerate(PLANTED)}
    assert len(expected) >= 30
    assert _keys(root) == expected


def test_faults_that_lie_between_rows(studies: Callable, row: Callable):
    hip = [
        row(),
        row(tp="40", fn="4", reported_sensitivity="90.9", reader_or_threshold="reader 2"),
        row("Same2015", doi="10.1000/mueller"),
        row("Twice2016"),
        row("Twice2016"),
    ]
    mri = [row(modality="mri", year="2015")]
    found = _keys(studies({"ct/hip.csv": hip, "mri/hip.csv": mri}))
    assert found == {
        ("hip.csv", 3, "study_id", "duplicate_study"),
        ("hip.csv", 4, "study_id", "duplicate_publication"),
        ("hip.csv", 6, "study_id", "duplicate_row"),
        ("hip.csv", 2, "year", "study_differs"),
    }


def test_faults_of_files_and_folders(studies: Callable, row: Callable, text: Callable):
    no_unit = row("A2001")
    del no_unit["unit"]
    removed = row("B2002", pool_reason="conflict", pool="no", pool_note="x")
    root = studies(
        {
            "ct/hip.csv": [{**no_unit, "units": "patient"}],
            "ct/hipp.csv": [row("C2003")],
            "cta/rib.csv": [row("D2004", site="rib")],
            "removed.csv": [removed],
        }
    )
    (root / "ct" / "rib.csv").write_bytes(b"PK\x03\x04 workbook")
    (root / "ct" / "foot.csv").write_bytes(b"")
    (root / "ct" / "knee.csv").write_bytes(b"study_id\0,tp")
    (root / "ct" / "wrist.csv").write_text(text([row()]).splitlines()[0])
    (root / "ct" / "sacrum.csv").write_bytes("Müller, naïve, Zoë".encode() + b"\xff\xff\xfe")
    long = text([row("E2005", site="pelvis")]).rstrip() + ",more\n"
    (root / "ct" / "pelvis.csv").write_text(long, encoding="utf-8")
    with (root / "references.bib").open("a") as bib:
        bib.write("\n@misc{A2001, title = {again}}\n@misc{Z1, title = {open\n")
    files = {(name, rule) for name, _, _, rule in _keys(root)}
    assert files == {
        ("hip.csv", "missing_column"),
        ("hip.csv", "unknown_column"),
        ("hipp.csv", "place"),
        ("rib.csv", "place"),
        ("removed.csv", "removed_place"),
        ("rib.csv", "binary_file"),
        ("foot.csv", "empty_file"),
        ("knee.csv", "nul_byte"),
        ("wrist.csv", "no_rows"),
        ("sacrum.csv", "encoding"),
        ("pelvis.csv", "row_length"),
        ("references.bib", "bibliography"),
    }


def test_every_rule_of_the_codebook_is_tested_here_or_in_reading():
    between = {"duplicate_row", "duplicate_study", "duplicate_publication", "study_differs"}
    files = {"missing_column", "unknown_column", "removed_place", "binary_file", "empty_file"}
    files |= {"nul_byte", "no_rows", "encoding", "row_length", "bibliography"}
    reading = {"file", "quoting", "unnamed_column", "duplicate_column"}
    planted = {rule for _, _, rule in PLANTED}
    # Identifiers are planted on their own below, with all their wrong forms.
    assert planted | between | files | reading | {"identifier"} == set(RULES)


@pytest.mark.parametrize("name", ["Müller2014", "two words", "a/b", "_x"])
def test_identifiers_are_plain(studies: Callable, row: Callable, name: str):
    found = _keys(studies({"ct/hip.csv": [row(study_id=name)]}))
    assert ("hip.csv", 2, "study_id", "identifier") in found


def test_a_message_names_place_value_and_remedy(studies: Callable, row: Callable):
    root = studies({"ct/hip.csv": [row(), row("Lee2019", unit="Patients")]})
    (fault,) = check(root).faults
    assert str(fault) == (
        f"{root.as_posix()}/ct/hip.csv, row 3 (Lee2019), column unit: found 'Patients'; expected "
        "one of patient, fracture, vertebra, rib, image, bone; did you mean 'patient'?"
    )
    assert check(root).text().endswith("1 table, 2 rows: 1 fault")


@pytest.mark.parametrize(
    ("printed", "right"),
    [
        ("90.5", True),  # 38 of 42 is 90.476: rounded
        ("90.4", True),  # cut
        ("90", True),
        ("91", True),  # rounded up to a whole number, as some papers do
        ("90.6", False),
        ("92", False),
        ("90.48", True),
        ("90.46", False),
    ],
)
def test_printed_percentages_may_be_rounded_or_cut(
    studies: Callable, row: Callable, printed: str, right: bool
):
    report = check(studies({"ct/hip.csv": [row(reported_sensitivity=printed)]}))
    assert report.ok is right


@pytest.mark.parametrize(
    "admitted",
    [
        {"audit": "contradiction_kept", "notes": "printed 80 in the abstract, 38 of 42 in table 2"},
        {"pool": "no", "pool_reason": "conflict", "pool_note": "The print disagrees."},
    ],
)
def test_a_known_contradiction_can_be_admitted(studies: Callable, row: Callable, admitted: dict):
    assert check(studies({"ct/hip.csv": [row(reported_sensitivity="80", **admitted)]})).ok
    unexplained = row(reported_sensitivity="80", notes="printed 80")
    assert not check(studies({"ct/hip.csv": [unexplained]})).ok


def test_suspicious_is_not_wrong(studies: Callable, row: Callable):
    rows = [
        row("Perfect2001", tp="42", fn="0", fp="0", tn="40", reported_sensitivity="100",
            reported_specificity="100"),
        row("Reverse2002", tp="1", fn="41", reported_sensitivity=""),
        row("Tiny2003", tp="1", fn="0", fp="0", tn="1", reported_sensitivity="",
            reported_specificity=""),
        row("Nameless2004", first_author="", year="", doi="", title=""),
        row("SpecOnly2005", tp="", fn="", reported_sensitivity=""),
    ]  # fmt: skip
    assert check(studies({"ct/hip.csv": rows})).faults == ()


def test_a_study_may_stand_in_two_units_or_have_a_second_reader(studies: Callable, row: Callable):
    second = {"pool": "no", "pool_reason": "secondary_reader", "pool_note": "Reader 1 is pooled."}
    rows = [row(), row(unit="fracture"), row(reader_or_threshold="reader 2", **second)]
    assert check(studies({"ct/hip.csv": rows})).ok


def test_missing_bibliography_is_a_fault(studies: Callable, row: Callable):
    root = studies({"ct/hip.csv": [row()]})
    (root / "references.bib").unlink()
    assert {fault.rule for fault in check(root).faults} == {"bibliography"}


def test_tables_of_other_content_beside_the_studies_are_left_alone(
    studies: Callable, row: Callable
):
    root = studies({"ct/hip.csv": [row()]})
    (root / "strategy_inputs.csv").write_text("input_id,value\nPREV01,39\n")
    report = check(root)
    assert report.ok
    assert len(report.files) == 1


def test_a_workbook_among_the_tables_is_not_overlooked(studies: Callable, row: Callable):
    root = studies({"ct/hip.csv": [row()]})
    (root / "ct" / "rib.xlsx").write_bytes(b"PK\x03\x04")
    assert [fault.rule for fault in check(root).faults] == ["binary_file"]


def test_a_path_that_is_not_there(tmp_path: Path):
    report = check(tmp_path / "nowhere")
    assert [fault.rule for fault in report.faults] == ["file"]
    assert [fault.rule for fault in check(tmp_path).faults] == ["file"]


def test_somebody_elses_table_is_checked_by_what_applies(tmp_path: Path):
    path = tmp_path / "mine.csv"
    path.write_text(
        "Study,TP,FP,FN,TN,Year,Test\n"
        '"Smith et al., 2004",10,2,1,30,2004,A\n'
        '"Smith et al., 2004",9,2,2,30,2004,B\n'
        "Wu,NA,3,NA,40,2005,A\n"
        "Li,-1,3,2,40,2005,A\n"
        "Ito,5,3,2,,2099,A\n"
        "Kim,5,3,2,9,2001,A\n"
        "Kim,5,3,2,9,2001,A\n"
    )
    assert [(fault.row, fault.column, fault.rule) for fault in check(path).faults] == [
        (5, "tp", "count"),
        (6, "tn", "half_margin"),
        (6, "year", "year"),
        (8, "study_id", "duplicate_row"),
    ]


def test_a_study_twice_needs_a_column_that_tells_its_rows_apart(tmp_path: Path):
    path = tmp_path / "mine.csv"
    path.write_text("study,tp,fp,fn,tn\nWu,5,3,2,9\nWu,6,3,2,9\n")
    assert [(fault.row, fault.rule) for fault in check(path).faults] == [(3, "duplicate_study")]


def test_a_margin_of_nobody_is_reported_but_does_not_stop_a_reader(tmp_path: Path):
    path = tmp_path / "mine.csv"
    path.write_text("study,tp,fp,fn,tn\nWu,5,3,2,9\nLi,0,3,0,9\n")
    assert [(fault.column, fault.rule) for fault in check(path).faults] == [
        ("tp+fn", "empty_margin")
    ]
    assert len(read_studies(path).spec_only) == 1


def test_reading_raises_everything_that_check_lists(studies: Callable, row: Callable):
    root = studies({"ct/hip.csv": [row(tp="x", unit=""), row("Lee2019", year="1066")]})
    with pytest.raises(StudyTableError) as caught:
        read_studies(root)
    assert set(caught.value.faults) == set(check(root).faults)
    assert len(caught.value.faults) == 3
