from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metadx.errors import StudyTableError
from metadx.tables import StudyTable, check, read_studies
from metadx.tables.reading import read_raw

PLAIN = "study,tp,fp,fn,tn,reported_sensitivity\nMüller 2014,38,2,4,38,90.5\nZoë,5,1,0,9,100\n"
CHINESE = "study,tp,fp,fn,tn\n陈晓华 2023,56,0,1,25\n张伟 2021,40,3,2,31\n"


def _read(tmp_path: Path, data: bytes) -> StudyTable:
    path = tmp_path / "mine.csv"
    path.write_bytes(data)
    return read_studies(path)


@pytest.mark.parametrize(
    ("encoding", "called"),
    [
        ("utf-8", "utf-8-sig"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("cp1252", "cp1252"),
    ],
)
def test_western_encodings_give_the_same_table(tmp_path: Path, encoding: str, called: str):
    table = _read(tmp_path, PLAIN.encode(encoding))
    assert table.labels == ["Müller 2014", "Zoë"]
    assert table.sha256 == _read(tmp_path, PLAIN.encode()).sha256
    (tmp_path / "mine.csv").write_bytes(PLAIN.encode(encoding))
    assert read_raw(tmp_path / "mine.csv").encoding == called


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_chinese_encodings_give_the_same_table(tmp_path: Path, encoding: str):
    table = _read(tmp_path, CHINESE.encode(encoding))
    assert table.labels == ["陈晓华 2023", "张伟 2021"]
    notes = check(tmp_path / "mine.csv").notes
    assert bool(notes) is not encoding.startswith("utf-8")


def test_the_report_says_how_an_unusual_file_was_read(tmp_path: Path):
    path = tmp_path / "mine.csv"
    path.write_bytes(CHINESE.replace(",", ";").encode("gb18030"))
    assert check(path).notes == (f"{path}: read as gb18030, separated by semicolons",)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_semicolons_or_tabs_with_decimal_commas(tmp_path: Path, separator: str):
    other = PLAIN.replace(",", separator).replace("90.5", "90,5")
    assert _read(tmp_path, other.encode()).sha256 == _read(tmp_path, PLAIN.encode()).sha256


@pytest.mark.parametrize(
    "variant",
    [
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        "\n\n" + PLAIN,
        PLAIN + "\n\n,,,,,\n",
        PLAIN.replace("\n", ",,\n"),
        PLAIN.replace("study,tp", " Study , Tp ").replace("reported_s", "Reported S"),
        PLAIN.replace("38", "３８"),
        PLAIN.replace("Zoë", '"Zoë"'),
        "sep=,\n" + PLAIN,
        PLAIN.rstrip("\n"),
    ],
    ids=["crlf", "cr", "blank_first", "blank_last", "empty_columns", "header_case", "full_width",
         "quotes", "excel_directive", "no_last_newline"],
)  # fmt: skip
def test_harmless_variants_give_the_same_table(tmp_path: Path, variant: str):
    assert _read(tmp_path, variant.encode()).sha256 == _read(tmp_path, PLAIN.encode()).sha256


def test_row_numbers_are_those_of_a_spreadsheet(tmp_path: Path):
    path = tmp_path / "mine.csv"
    path.write_text('study,tp,fp,fn,tn,notes\nA,1,1,1,1,"two\nlines"\n\nB,x,1,1,1,\n')
    (fault,) = check(path).faults
    # The quoted line break stays in row 2, the blank row is row 3.
    assert (fault.row, fault.study, fault.column, fault.found) == (4, "B", "tp", "x")


@pytest.mark.parametrize(
    ("content", "row", "rule"),
    [
        (b"", None, "empty_file"),
        (b"\xef\xbb\xbf\r\n ,,\n", None, "empty_file"),
        (b"PK\x03\x04rest", None, "binary_file"),
        (b"\xd0\xcf\x11\xe0rest", None, "binary_file"),
        (b"%PDF-1.7", None, "binary_file"),
        (b"study,tp\nA,\0\n", 2, "nul_byte"),
        ("study,tp".encode("utf-16-le"), 1, "nul_byte"),
        (b"\xff\xfea", None, "encoding"),
        ("study,tp,fp,fn,tn\nZoë Müller,1,1,1,1\n".encode() + b"\xff", None, "encoding"),
        (b'study,tp,fp,fn,tn\nA,1,1,1,1\n"B,1,1,1,1\n', 3, "quoting"),
        (b"study,tp,fp,fn,tn,\nA,1,1,1,1,,9\n", 2, "row_length"),
        (b"study,tp,fp,fn,tn\nA,1,1,1\n", 2, "row_length"),
        (b"study,tp,fp,fn,tn,tp\nA,1,1,1,1,1\n", 1, "duplicate_column"),
        (b"study,tp,,fp,fn,tn\nA,1,7,1,1,1\n", 1, "unnamed_column"),
    ],
)
def test_broken_files_are_faults(tmp_path: Path, content: bytes, row: int | None, rule: str):
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    faults = check(path).faults
    assert (row, rule) in {(fault.row, fault.rule) for fault in faults}
    with pytest.raises(StudyTableError):
        read_studies(path)


def test_a_folder_in_place_of_a_file(tmp_path: Path):
    (tmp_path / "odd.csv").mkdir()
    assert {fault.rule for fault in check(tmp_path).faults} == {"file"}


def test_study_files_in_foreign_dress(studies: Callable, row: Callable, text: Callable):
    rows = [row(mean_age="78,4", reported_sensitivity="90,5"), row("Lee2019")]
    root = studies({"ct/hip.csv": rows})
    (root / "ct" / "hip.csv").write_bytes(text(rows, ";").encode("cp1252"))
    frame = read_studies(root).frame
    assert frame["first_author"].tolist() == ["Müller", "Lee2019"]
    assert frame["mean_age"].tolist() == [78.4, 78.4]


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_never_give_a_traceback(tmp_path_factory: pytest.TempPathFactory, data: bytes):
    _survives(tmp_path_factory, data)


_TOKENS = st.sampled_from(
    ["study", "TP", "fp", "fn", "tn", "study_id", "pool", ",", ";", "\t", "\n", "\r\n", '"', " ",
     "1", "12", "-3", "0", "4.5", "１", "NA", "Müller", "陈", "\ufeff", "\u3000", "",
     "1e999", "sep=;"]
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.lists(_TOKENS, max_size=60), st.sampled_from(["utf-8", "gb18030", "utf-16", "cp1252"]))
def test_random_text_never_gives_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, tokens: list[str], encoding: str
):
    head = "study,tp,fp,fn,tn\nA,1,2,3,4\n" if len(tokens) % 2 else ""
    _survives(tmp_path_factory, (head + "".join(tokens)).encode(encoding, errors="replace"))


def _survives(factory: pytest.TempPathFactory, data: bytes) -> None:
    path = factory.mktemp("fuzz") / "mine.csv"
    path.write_bytes(data)
    report = check(path)
    try:
        table = read_studies(path)
    except StudyTableError as error:
        assert set(error.faults) <= set(report.faults)
    else:
        assert len(table) == report.rows > 0
