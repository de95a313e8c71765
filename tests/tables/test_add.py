"""A new study: its row, its reference, and everything that may be wrong with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from metadx.errors import OptionError, StudyTableError
from metadx.tables import check, read_references, read_studies
from metadx.tables.add import add_study, draft_study, with_row
from metadx.tables.citations import Citation
from metadx.tables.draft import suggested_identifier
from metadx.tables.record import place_of, read_record, record_from
from metadx.tables.schema import COLUMN_NAMES

CT_HIP = ("ct", "hip")
CITATION = Citation(
    ("Müller-Łukasz, Anna", "Zhang, Li"), "CT of {hips} & more", "2026", "European radiology",
    "10.1000/xyz", "39000001", "https://example.org/paper",
)  # fmt: skip
GOOD: dict[str, Any] = {
    "source_url": "https://example.org/new",
    "unit": "patient",
    "population": "radiograph_negative",
    "radiograph_negative": "yes",
    "osteoporotic": "unclear",
    "design": "prospective",
}
COUNTS = {"tp": 20, "fp": 1, "fn": 2, "tn": 30}
PRINTED = {"sensitivity": "93.3", "specificity": 88.2, "n_diseased": 45, "n_nondiseased": 51}


@pytest.fixture
def folder(studies, row) -> Path:
    return studies({"ct/hip.csv": [row(), row("Okada2020")]})


def add(folder: Path, citation: Citation | None = CITATION, **record: Any):
    return add_study(folder, CT_HIP, record_from({**GOOD, **record}, "new.json"), citation)


def faults(folder: Path, citation: Citation | None = CITATION, **record: Any) -> dict[str, str]:
    """Expected texts by column; nothing may have been written."""
    before = {path: path.read_bytes() for path in folder.rglob("*.*") if path.is_file()}
    with pytest.raises(StudyTableError) as caught:
        add(folder, citation, **record)
    for path, data in before.items():
        assert path.read_bytes() == data
    assert all(fault.row is None for fault in caught.value.faults)
    return {fault.column: str(fault) for fault in caught.value.faults}


def test_row_and_reference_are_added_and_all_else_keeps_its_bytes(folder: Path) -> None:
    table, bibliography = folder / "ct" / "hip.csv", folder / "references.bib"
    before, cited = table.read_bytes(), bibliography.read_bytes()
    draft = add(folder, **COUNTS)
    assert (draft.file, draft.row) == ("ct/hip.csv", 4)
    assert table.read_bytes().startswith(before)
    assert table.read_bytes().count(b"\n") == before.count(b"\n") + 1
    assert bibliography.read_bytes().startswith(cited)
    assert check(folder).ok
    row = read_studies(folder).frame.iloc[-1]
    assert row[["tp", "fp", "fn", "tn"]].tolist() == [20, 1, 2, 30]
    assert row["study_id"] == row["citation_key"] == "MuellerLukasz2026"
    assert (row["derivation"], row["pool"], row["audit"]) == ("counts", "yes", "extracted")
    reference = read_references(bibliography)["MuellerLukasz2026"]
    assert reference.authors == ("Müller-Łukasz", "Zhang")
    assert (reference.title, reference.journal) == ("CT of hips & more", "European radiology")
    assert (reference.doi, reference.pmid) == ("10.1000/xyz", "39000001")
    assert "MuellerLukasz2026 is row 4" in draft.told()
    assert "was added" in draft.told()


def test_the_first_study_makes_table_and_bibliography(tmp_path: Path) -> None:
    add(tmp_path / "fresh", **COUNTS)
    assert check(tmp_path / "fresh").ok
    assert read_studies(tmp_path / "fresh").columns == COLUMN_NAMES


def test_what_the_paper_prints_becomes_counts_and_says_so(folder: Path) -> None:
    draft = add(folder, printed=PRINTED, notes="two readers")
    assert draft.found is not None
    assert draft.found.unique
    row = read_studies(folder).frame.iloc[-1]
    assert row[["tp", "fp", "fn", "tn"]].tolist() == [42, 6, 3, 45]
    assert row["derivation"] == "reconstructed"
    assert (row["reported_sensitivity"], row["reported_specificity"]) == (93.3, 88.2)
    assert row["notes"].startswith("two readers; counts reconstructed from sensitivity")
    assert row["notes"].endswith("exactly one table fits: tp 42, fp 6, fn 3, tn 45")


def test_one_margin_alone_is_sensitivity_only(folder: Path) -> None:
    add(folder, printed={"sensitivity": "93.3", "n_diseased": 45})
    row = read_studies(folder).frame.iloc[-1]
    assert row["derivation"] == "sensitivity_only"
    assert read_studies(folder).frame[["fp", "tn"]].iloc[-1].isna().all()


def test_several_tables_are_listed_and_one_is_chosen(folder: Path) -> None:
    printed = {"sensitivity": "93", "specificity": "88", "n_diseased": 150, "n_nondiseased": 51}
    (text,) = faults(folder, printed=printed).values()
    assert "solution = 1 to 2: 1: tp 139" in text
    add(folder, printed=printed, solution=2)
    row = read_studies(folder).frame.iloc[-1]
    assert row["tp"] == 140
    assert "2 tables fit: tp 139 to 140" in row["notes"]
    assert row["notes"].endswith("Table 2 of them is taken")
    assert "from 1 to 2" in faults(folder, printed=printed, solution=3)["solution"]


def test_figures_that_contradict_each_other_are_named(folder: Path) -> None:
    wrong = faults(folder, unit="person", printed={"sensitivity": "90.5", "n_diseased": 15})
    assert set(wrong) == {"printed", "unit"}
    assert "sensitivity 90.5 % and n diseased 15 contradict" in wrong["printed"]
    assert "do not suffice" in faults(folder, printed={"sensitivity": 90})["printed"]
    assert "either the counts" in faults(folder, printed=PRINTED, **COUNTS)["printed"]


def test_all_faults_at_once_and_nothing_is_written(folder: Path) -> None:
    wrong = faults(
        folder, unit="person", tp=-1, fn=3, fp=2, year="20", doi="10.1000/ABC",
        reported_sensitivity="120", pool="no",
    )  # fmt: skip
    assert set(wrong) == {
        "unit", "tp", "tn", "year", "doi", "reported_sensitivity", "pool_reason", "pool_note",
    }  # fmt: skip
    assert wrong["tp"].startswith(
        "new.json (MuellerLukasz20), column tp: found '-1'; expected a whole number"
    )
    nothing = faults(folder, None, source_url="")
    assert {"study_id", "source_url", "tp+fp+fn+tn"} <= set(nothing)


def test_a_record_of_the_wrong_shape(tmp_path: Path) -> None:
    shape = {"unt": "x", "tp": [1], "printed": {"sens": 9, "level": "x"}, "solution": "a"}
    with pytest.raises(StudyTableError) as caught:
        record_from(shape, "new.json")
    texts = [str(fault) for fault in caught.value.faults]
    assert len(texts) == 5
    assert any("did you mean 'unit'?" in text for text in texts)
    for content in ("[1]", "{", '"a"'):
        path = tmp_path / "bad.json"
        path.write_text(content, encoding="utf-8")
        with pytest.raises(StudyTableError, match="a JSON or TOML file"):
            read_record(path)
    with pytest.raises(StudyTableError, match="No such file"):
        read_record(tmp_path / "none.toml")


def test_a_record_keeps_the_digits_that_were_typed(tmp_path: Path) -> None:
    json_file, toml_file = tmp_path / "a.json", tmp_path / "a.toml"
    json_file.write_text('{"mean_age": 78.40, "printed": {"sensitivity": 93.0}}', encoding="utf-8")
    toml_file.write_text("mean_age = 78.40\n[printed]\nsensitivity = 93.0\n", encoding="utf-8")
    for path in (json_file, toml_file):
        record = read_record(path)
        assert (record.cells["mean_age"], record.printed["sensitivity"]) == ("78.40", "93.0")


def test_another_row_of_a_study_takes_over_what_the_study_says(folder: Path) -> None:
    add(folder, **COUNTS)
    bibliography = (folder / "references.bib").read_bytes()
    other = Citation(("Muller A",), "Ct of hips", "2026", "", "10.1000/xyz")
    second = {"reader_or_threshold": "reader 2", "pool": "no", "pool_reason": "secondary_reader"}
    draft = add(folder, other, **COUNTS, **second, pool_note="The first reader is pooled.")
    assert draft.entry == ""
    assert (folder / "references.bib").read_bytes() == bibliography
    frame = read_studies(folder).frame
    assert frame["study_id"].tolist()[-2:] == ["MuellerLukasz2026"] * 2
    assert frame["title"].nunique() == 3 - 1


def test_a_study_is_not_pooled_twice(folder: Path) -> None:
    add(folder, **COUNTS)
    assert "one pooled row per study" in faults(folder, tp=21, fp=1, fn=2, tn=30)["study_id"]
    assert "each row once" in faults(folder, **COUNTS)["study_id"]


def test_one_publication_has_one_key(folder: Path) -> None:
    add(folder, **COUNTS)
    wrong = faults(folder, CITATION, study_id="New2026", citation_key="New2026", tp=9, fp=1, fn=2,
                   tn=3)  # fmt: skip
    assert "MuellerLukasz2026, under which the bibliography" in wrong["citation_key"]
    wrong = faults(folder, None, study_id="Other", citation_key="MuellerLukasz2026",
                   doi="10.1000/other", first_author="O", year=2026, **COUNTS)  # fmt: skip
    assert "10.1000/xyz, as references.bib says of MuellerLukasz2026" in wrong["doi"]


def test_faults_that_the_tables_had_already_do_not_stop_an_addition(folder: Path, row) -> None:
    path = folder / "ct" / "hip.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",38,2,", ",-3,2,", 1), "utf-8")
    before = check(folder).faults
    assert before
    add(folder, **COUNTS)
    assert check(folder).faults == before


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252", "gb18030"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_the_form_of_the_file_is_kept(text, row, separator: str, encoding: str, end: str) -> None:
    cells = row("Ökada2020", notes='said "so", twice; twice')
    content = text([row(), row("中文2020" if encoding == "gb18030" else "Straße")], separator)
    newline = end or "\n"
    content = content.removesuffix("\n").replace("\n", newline) + end
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    data = mark + content.encode(encoding)
    written, problems = with_row(data, "x.csv", cells)
    assert not problems
    assert written.startswith(data)
    decoded = written.removeprefix(mark).decode(encoding)
    line = decoded.removeprefix(content).removeprefix("" if end else newline)
    assert line.endswith(newline)
    assert line.count("\n") == 1
    from metadx.tables.reading import raw_from_bytes

    raw = raw_from_bytes(written, "x.csv")
    assert not raw.faults
    assert dict(zip(raw.header, raw.rows[-1], strict=True)) == cells


def test_a_character_that_the_file_cannot_hold_is_a_fault(text, row) -> None:
    data = text([row("Straße")]).encode("cp1252")
    written, problems = with_row(data, "x.csv", row(notes="中文"))
    assert written == data
    assert "save it as CSV UTF-8" in str(problems[0])


@pytest.mark.parametrize(
    ("author", "year", "taken", "expected"),
    [
        ("Müller", "2026", (), "Mueller2026"),
        ("van der Berg", "2026", {"vanderBerg2026"}, "vanderBerg2026b"),
        ("Østergård", "", (), "Ostergard"),
        ("Ćirić", "2020", {"Ciric2020", "Ciric2020b"}, "Ciric2020c"),
        ("", "2020", (), ""),
        ("王", "2020", (), ""),
    ],
)
def test_identifiers(author: str, year: str, taken: set[str], expected: str) -> None:
    assert suggested_identifier(author, year, taken) == expected


def test_places() -> None:
    assert place_of("ct/hip") == place_of("ct/hip.csv") == CT_HIP
    with pytest.raises(OptionError, match="did you mean 'ct'"):
        place_of("cts/hip")
    with pytest.raises(OptionError, match="MODALITY/SITE"):
        place_of("hip")


def test_a_draft_writes_nothing(folder: Path) -> None:
    before = (folder / "ct" / "hip.csv").read_bytes()
    draft = draft_study(folder, CT_HIP, record_from({**GOOD, **COUNTS}, "x"), CITATION)
    assert "tp" in draft.summary()
    assert "references.bib: MuellerLukasz2026 is new" in draft.summary()
    assert (folder / "ct" / "hip.csv").read_bytes() == before


def test_a_key_cannot_end_its_entry(folder: Path) -> None:
    wrong = faults(folder, citation_key="a},@misc{b", **COUNTS)
    assert "citation_key" in wrong


def test_record_of_json_round_trip(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "new.json"
    path.write_text(json.dumps({**GOOD, **COUNTS}), encoding="utf-8")
    assert add_study(folder, CT_HIP, read_record(path), CITATION).row == 4
