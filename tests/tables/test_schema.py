from __future__ import annotations

from pathlib import Path

import pytest

from metadx.errors import OptionError
from metadx.tables import COLUMNS, codebook, describe, label, stratum_label, write_codebook
from metadx.tables.rulebook import RULES
from metadx.tables.schema import COLUMN_NAMES

SHIPPED = Path(__file__).parents[2] / "studies"


def test_the_shipped_codebook_is_up_to_date():
    assert (SHIPPED / "CODEBOOK.md").read_text(encoding="utf-8") == codebook()


def test_the_codebook_is_written_only_when_it_changes(tmp_path: Path):
    path = tmp_path / "CODEBOOK.md"
    assert write_codebook(path)
    before = path.stat().st_mtime_ns
    assert not write_codebook(path)
    assert path.stat().st_mtime_ns == before
    path.write_text("old")
    assert write_codebook(path)
    assert list(tmp_path.iterdir()) == [path]


def test_the_codebook_has_every_column_code_and_rule():
    text = codebook()
    for column in COLUMNS:
        assert f"| `{column.name}` | {column.title} |" in text
        for code in column.codes:
            assert f"| `{code.code}` | {code.label} | {code.description} |" in text
    for rule in RULES:
        assert f"| {rule} |" in text


@pytest.mark.parametrize("column", COLUMNS, ids=COLUMN_NAMES)
def test_a_column_accepts_its_own_example_and_is_described(column):
    assert column.accepts(column.example)
    assert column.description.endswith(".")
    assert len(set(column.allowed)) == len(column.allowed)
    for code in column.codes:
        assert code.code == code.code.lower()
        assert code.description.endswith(".")


def test_columns_are_unique():
    assert len(set(COLUMN_NAMES)) == len(COLUMN_NAMES) == 36


@pytest.mark.parametrize(
    ("column", "code", "words"),
    [
        ("modality", "ct", "CT"),
        ("modality", "dect", "Dual-energy CT"),
        ("modality", "ai_ct", "CT read by AI"),
        ("unit", "patient", "per patient"),
        ("pool_reason", "secondary_reader", "another reader"),
        ("modality", "FDG-PET", "FDG-PET"),
    ],
)
def test_labels(column: str, code: str, words: str):
    assert label(column, code) == words


def test_descriptions_are_sentences_for_a_clinician():
    assert describe("population", "radiograph_negative").startswith("A fracture was suspected")
    assert describe("population", "elsewhere") == ""


def test_an_unknown_column_is_named_with_the_closest():
    with pytest.raises(OptionError, match="no column 'modalities'; did you mean 'modality'"):
        label("modalities", "ct")


def test_stratum_labels():
    words = stratum_label("ct/hip/patient/radiograph_negative")
    assert words == "CT, hip, per patient, radiograph negative"
    assert stratum_label("mine") == "mine"
