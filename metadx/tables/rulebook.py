"""What each rule asks for, in words: the last chapter of the codebook."""

from __future__ import annotations

from typing import Final

from metadx.tables import kinds

_KINDS: Final = (
    kinds.IDENTIFIER,
    kinds.COUNT,
    kinds.YEAR,
    kinds.PERCENT,
    kinds.AGE,
    kinds.DOI,
    kinds.PMID,
    kinds.URL,
)

#: Name of every rule and what it asks for. A fault carries one of these names.
RULES: Final[dict[str, str]] = {
    "file": "The path is a table, or a folder with at least one, and can be read.",
    "binary_file": "The file is text, not a workbook or archive with another name.",
    "encoding": "The file is UTF-8, UTF-16 with its mark, GB18030 or Windows-1252.",
    "nul_byte": "The text holds no NUL byte.",
    "empty_file": "The file holds something.",
    "no_rows": "The table holds at least one study.",
    "quoting": "Every quoted cell is closed.",
    "unnamed_column": "Every column with content has a name.",
    "duplicate_column": "Every column stands once.",
    "row_length": "Every row has as many cells as the header.",
    "missing_column": "No column of the schema is missing.",
    "unknown_column": "No column stands outside the schema.",
    "required": "Required cells are not empty.",
    "code": "Coded cells hold one of the allowed codes.",
    **{kind.name: f"A cell of this type is {kind.expected}." for kind in _KINDS},
    "whitespace": "No cell holds invisible characters or spaces other than the plain one.",
    "damaged_text": "No cell holds text that was read in a wrong encoding.",
    "half_margin": "tp stands with fn, tn with fp.",
    "no_counts": "A row has at least one margin.",
    "empty_margin": "tp + fn and fp + tn are not 0; where nobody was examined the cells are empty.",
    "percent_mismatch": "A printed percentage is that of the counts, rounded or cut.",
    "sensitivity_only": "Derivation is sensitivity_only exactly where fp and tn are empty.",
    "pool_reason": "A row has a reason exactly where pool is not yes.",
    "pool_note": "A row that is not pooled has a note.",
    "contradiction_note": "A contradiction that is kept is described in notes.",
    "place": "Folder and file name are the modality and site of every row.",
    "removed_place": "removed.csv holds double entries that are not pooled, and nothing else.",
    "duplicate_row": "No row stands twice.",
    "duplicate_study": "A study is pooled once per stratum.",
    "duplicate_publication": "One DOI with one set of counts has one identifier per stratum.",
    "study_differs": "All rows of a study agree on author, year, title, DOI, PMID and citation.",
    "citation": "Every citation key stands in references.bib.",
    "bibliography": "references.bib exists, can be parsed, and has each key once.",
}
