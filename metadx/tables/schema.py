"""The schema of a study table, declared once.

The codebook, the validation, the messages and the types of the columns in memory
are all derived from `COLUMNS`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from metadx.errors import OptionError
from metadx.tables import codes, kinds
from metadx.tables.codes import Code
from metadx.tables.kinds import Kind

#: The four cells of a study's 2x2 table.
COUNT_COLUMNS: Final = ("tp", "fp", "fn", "tn")
#: What makes a stratum: accuracy has another meaning when one of them changes.
STRATUM_COLUMNS: Final = ("modality", "site", "unit", "population")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a study table.

    Attributes
    ----------
    name, title : str
        As it stands in the header, and as people call it.
    kind : Kind
        What its cells look like.
    description, example : str
        For the codebook.
    codes : tuple of Code
        Allowed values of a coded column, empty for the others.
    unit : str
        Unit of a number, empty for the others.
    required : bool
        Whether every row must have a value.
    """

    name: str
    title: str
    kind: Kind
    description: str
    example: str
    codes: tuple[Code, ...] = ()
    unit: str = ""
    required: bool = False

    @property
    def allowed(self) -> tuple[str, ...]:
        """The allowed codes, in the order of the codebook."""
        return tuple(code.code for code in self.codes)

    @property
    def expected(self) -> str:
        """What an error message asks for."""
        if self.codes:
            return "one of " + ", ".join(self.allowed)
        return self.kind.expected

    def accepts(self, text: str) -> bool:
        """Tell whether a non-empty cell is right."""
        return text in self.allowed if self.codes else self.kind.accepts(text)


def _text(name: str, title: str, description: str, example: str, required: bool = False) -> Column:
    return Column(name, title, kinds.TEXT, description, example, required=required)


def _code(
    name: str, title: str, allowed: tuple[Code, ...], description: str, example: str
) -> Column:
    return Column(name, title, kinds.CODE, description, example, allowed, required=True)


def _count(name: str, title: str, description: str, example: str) -> Column:
    return Column(name, title, kinds.COUNT, description, example, unit="as in column unit")


COLUMNS: Final[tuple[Column, ...]] = (
    Column(
        "study_id",
        "Study",
        kinds.IDENTIFIER,
        "Identifier of the study, the same in all its rows and files.",
        "Mueller2014",
        required=True,
    ),
    _text(
        "first_author",
        "First author",
        "Family name as printed; empty where the source does not state it.",
        "Müller",
    ),
    Column("year", "Year", kinds.YEAR, "Year of publication.", "2014"),
    _text(
        "title",
        "Title",
        "Title as printed; in square brackets where only a paraphrase is known.",
        "CT of the occult hip fracture",
    ),
    Column("doi", "DOI", kinds.DOI, "Digital object identifier.", "10.1000/xyz123"),
    Column("pmid", "PubMed number", kinds.PMID, "Number in PubMed.", "12345678"),
    Column(
        "source_url",
        "Source",
        kinds.URL,
        "The page on which the counts were seen.",
        "https://example.org/paper",
        required=True,
    ),
    Column(
        "citation_key",
        "Citation key",
        kinds.IDENTIFIER,
        "Key of the entry in studies/references.bib.",
        "Mueller2014",
        required=True,
    ),
    _code("site", "Body site", codes.SITE, "Where the test looked; also the file's name.", "hip"),
    _text("subsite", "Part of the site", "A narrower place, where the study names it.", "neck"),
    _code(
        "modality", "Imaging test", codes.MODALITY, "The index test; also the folder's name.", "ct"
    ),
    _text("technique", "Technique", "Scanner, sequence or method of reading.", "64-row CT, 1 mm"),
    _text(
        "reader_or_threshold",
        "Reader or threshold",
        "Who read, or at which cut-off the test was called positive.",
        "two radiologists, consensus",
    ),
    _code("unit", "Unit of counting", codes.UNIT, "What one count stands for.", "patient"),
    _code(
        "population",
        "Population",
        codes.POPULATION,
        "In whom the test was done; sensitivity means something else in each.",
        "radiograph_negative",
    ),
    _text(
        "population_description",
        "Population in words",
        "Who was enrolled, as the source says it.",
        "82 patients over 60 with a fall and a negative radiograph",
    ),
    _code(
        "radiograph_negative",
        "Radiograph negative",
        codes.PRESENCE,
        "Whether the radiograph had been negative or doubtful.",
        "yes",
    ),
    _code(
        "osteoporotic",
        "Osteoporotic",
        codes.PRESENCE,
        "Whether the patients were osteoporotic or of that age.",
        "mixed",
    ),
    _text(
        "reference_standard",
        "Reference standard",
        "What decided whether the condition was present.",
        "MRI or 6 weeks of follow-up",
    ),
    _code("design", "Design", codes.DESIGN, "How patients came into the study.", "retrospective"),
    _text("country", "Country", "Where the patients were seen.", "Germany"),
    Column("mean_age", "Mean age", kinds.AGE, "Mean or median age.", "78.4", unit="years"),
    _count("tp", "True positives", "Condition present, test positive.", "38"),
    _count("fp", "False positives", "Condition absent, test positive.", "2"),
    _count("fn", "False negatives", "Condition present, test negative.", "4"),
    _count("tn", "True negatives", "Condition absent, test negative.", "38"),
    Column(
        "reported_sensitivity",
        "Printed sensitivity",
        kinds.PERCENT,
        "Sensitivity as the source prints it.",
        "90.5",
        unit="percent",
    ),
    Column(
        "reported_specificity",
        "Printed specificity",
        kinds.PERCENT,
        "Specificity as the source prints it.",
        "95",
        unit="percent",
    ),
    _code("derivation", "Origin of the counts", codes.DERIVATION, "How they were got.", "counts"),
    _text(
        "evidence",
        "Evidence",
        "Where in the source the figures stand and how the counts follow from them.",
        "table 2; 38 of 42 and 38 of 40",
    ),
    _text(
        "found_in_review",
        "Found in review",
        "The systematic review that led to the study, where one did.",
        "Kwee2018",
    ),
    _code("pool", "Pooled", codes.POOL, "Whether the row enters the pooled analysis.", "yes"),
    Column(
        "pool_reason",
        "Reason against pooling",
        kinds.CODE,
        "Why not; empty exactly where pool is yes.",
        "secondary_reader",
        codes.POOL_REASON,
    ),
    _text(
        "pool_note",
        "Note on pooling",
        "The particular reason in one sentence; required where pool is not yes.",
        "The first reader's row is pooled.",
    ),
    _code(
        "audit", "Audit", codes.AUDIT, "How often the row was compared with its source.", "audited"
    ),
    _text("notes", "Notes", "Warnings and remarks that must not get lost.", "several readings"),
)

COLUMN_NAMES: Final = tuple(column.name for column in COLUMNS)
_BY_NAME: Final = {column.name: column for column in COLUMNS}


def column(name: str) -> Column:
    """Return the declaration of a column.

    Parameters
    ----------
    name : str
        Name as in the header.

    Raises
    ------
    OptionError
        The schema has no such column.
    """
    if name not in _BY_NAME:
        raise OptionError(
            f"the schema has no column {name!r}{did_you_mean(name, COLUMN_NAMES)}; "
            f"its columns are {', '.join(COLUMN_NAMES)}"
        )
    return _BY_NAME[name]


def label(name: str, code: str) -> str:
    """Return the words for a code, for a figure or a table.

    Parameters
    ----------
    name : str
        A column of the schema, ``"modality"`` for example.
    code : str
        A code of that column.

    Returns
    -------
    str
        ``"Dual-energy CT"`` for ``label("modality", "dect")``. A value outside the
        code list, as a table from elsewhere may have, is its own label.

    Raises
    ------
    OptionError
        The schema has no such column.
    """
    entry = _entry(name, code)
    return entry.label if entry else code


def describe(name: str, code: str) -> str:
    """Return the sentence that explains a code, empty for a value outside the list.

    Parameters
    ----------
    name, code : str
        As for `label`.

    Raises
    ------
    OptionError
        The schema has no such column.
    """
    entry = _entry(name, code)
    return entry.description if entry else ""


def stratum_label(stratum_id: str) -> str:
    """Write a stratum as people say it.

    Parameters
    ----------
    stratum_id : str
        ``"ct/hip/patient/radiograph_negative"``.

    Returns
    -------
    str
        ``"CT, hip, per patient, radiograph negative"``; an identifier of another
        form, as a table from elsewhere has, comes back unchanged.
    """
    parts = stratum_id.split("/")
    if len(parts) != len(STRATUM_COLUMNS):
        return stratum_id
    words = [label(name, part) for name, part in zip(STRATUM_COLUMNS, parts, strict=True)]
    words[1] = words[1].lower()
    return ", ".join(words)


def did_you_mean(found: str, allowed: Sequence[str]) -> str:
    """Return ``"; did you mean 'ct'?"`` for the closest allowed word, else nothing."""
    tidy = {re.sub(r"[\s_-]+", "_", word.lower()): word for word in reversed(allowed)}
    wanted = re.sub(r"[\s_-]+", "_", found.strip().lower())
    close = difflib.get_close_matches(wanted, tidy, n=1, cutoff=0.6)
    return f"; did you mean {tidy[close[0]]!r}?" if close else ""


def _entry(name: str, code: str) -> Code | None:
    return next((entry for entry in column(name).codes if entry.code == code), None)
