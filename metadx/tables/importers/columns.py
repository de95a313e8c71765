"""Which of their columns is which of ours: exact names from one stated list, no guessing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from metadx.errors import Fault, OptionError
from metadx.tables.schema import COLUMN_NAMES, COLUMNS, COUNT_COLUMNS, did_you_mean

#: Names other programs give to our columns. mada: names; MetaDTA: author; metadta: studyid;
#: diagmeta: tpos, fpos, fneg, tneg, studlab; RevMan: Study.
OTHER_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "study_id": ("study", "studyid", "names", "study name", "study label", "studlab"),
    "year": ("publication year", "year of publication", "pub year"),
    "tp": ("true positive", "tpos"),
    "fp": ("false positive", "fpos"),
    "fn": ("false negative", "fneg"),
    "tn": ("true negative", "tneg"),
}
#: Column that says which index test a row is about, where that is not the column `modality`.
TEST_COLUMN: Final = "test"
#: Columns that name a study where no column of `OTHER_NAMES` does, best first.
STAND_INS: Final = ("author", "firstauthor", "rownames")
#: QUADAS-2 items of MetaDTA, and what its numbers mean.
METADTA_ITEMS: Final[dict[str, tuple[str, str]]] = {
    "rob_PS": ("risk_of_bias", "patient_selection"),
    "rob_IT": ("risk_of_bias", "index_test"),
    "rob_RS": ("risk_of_bias", "reference_standard"),
    "rob_FT": ("risk_of_bias", "flow_and_timing"),
    "ac_PS": ("applicability", "patient_selection"),
    "ac_IT": ("applicability", "index_test"),
    "ac_RS": ("applicability", "reference_standard"),
}
METADTA_JUDGEMENTS: Final = {"1": "low", "2": "high", "3": "unclear"}


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """Their columns by the names they get here.

    Attributes
    ----------
    ours : tuple of str
        New name of each column, in their order.
    faults : tuple of Fault
        Two columns for one of ours, or a name that is asked for and not there.
    """

    ours: tuple[str, ...]
    faults: tuple[Fault, ...]


def tidy(name: str) -> str:
    """Strip a column name of case, spaces and punctuation."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


_KNOWN: Final = {
    **{tidy(column.title): column.name for column in COLUMNS},
    **{tidy(other): name for name, others in OTHER_NAMES.items() for other in others},
    **{tidy(column.name): column.name for column in COLUMNS},
    **{tidy(name): name for name in (TEST_COLUMN, *METADTA_ITEMS)},
}


def known_name(name: str) -> str:
    """Return our name of a column, empty where the list does not have it."""
    return _KNOWN.get(tidy(name), "")


def names_counts(names: Iterable[object]) -> bool:
    """Tell whether a header names all four counts, in one column or in one a test."""
    from metadx.tables.importers.layout import tests_in

    found = [str(name) for name in names]
    return set(COUNT_COLUMNS) <= {known_name(name) for name in found} or bool(tests_in(found))


def map_columns(
    names: Sequence[str], file: str, line: int, chosen: Mapping[str, str] | None = None
) -> ColumnNames:
    """Give their columns our names.

    Parameters
    ----------
    names : sequence of str
        Their column names.
    file, line : str, int
        For the messages.
    chosen : mapping of str to str, optional
        ``{"theirs": "ours"}``, which goes before the list.

    Raises
    ------
    OptionError
        A mapping names a column that the file or the schema does not have.
    """
    asked = _asked(names, chosen or {})
    taken = set(asked.values())
    ours = []
    for name in names:
        known = known_name(name)
        free = known and known not in taken
        ours.append(asked.get(name) or (known if free else name))
    ours = _study_given(names, ours, asked)
    return ColumnNames(tuple(ours), tuple(_clashes(names, ours, file, line)))


def _asked(names: Sequence[str], chosen: Mapping[str, str]) -> dict[str, str]:
    for theirs, ours in chosen.items():
        if theirs not in names:
            raise OptionError(
                f"the file has no column {theirs!r}{did_you_mean(theirs, names)}; "
                f"it has {', '.join(names)}"
            )
        if not re.fullmatch(r"\w[\w .-]*", ours):
            raise OptionError(
                f"{ours!r} is no column name; the schema has {', '.join(COLUMN_NAMES)}"
            )
    return dict(chosen)


def _study_given(names: Sequence[str], ours: list[str], asked: Mapping[str, str]) -> list[str]:
    """Of a column ``study`` and a number ``study_id`` beside it, the first names the study."""
    plain = [name.strip().lower() for name in names]
    if "study" in plain and "study_id" in plain and "study_id" not in asked.values():
        ours[plain.index("study_id")] = "study_id_given"
    return ours


def _clashes(names: Sequence[str], ours: Sequence[str], file: str, line: int) -> Iterable[Fault]:
    for name in dict.fromkeys(ours):
        same = [theirs for theirs, own in zip(names, ours, strict=True) if own == name]
        if not name:
            yield Fault(file, line, "", "", "", "a name for every column", "unnamed_column")
        elif len(same) > 1:
            expected = f"one column for {name}; say which with columns={{'theirs': {name!r}}}"
            yield Fault(file, line, "", name, ", ".join(same), expected, "duplicate_column")
