"""The study table: rows of 2x2 tables that nothing can change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from metadx.errors import OptionError
from metadx.tables import labels as _labels
from metadx.tables.check import checked_frame
from metadx.tables.frames import cell_text
from metadx.tables.reading import canonical_header
from metadx.tables.schema import (
    COLUMN_NAMES,
    COUNT_COLUMNS,
    STRATUM_COLUMNS,
    column,
    did_you_mean,
)

#: What a message calls a table that has no file.
IN_MEMORY: Final = "<table>"
#: More rows than this are not readable in a notebook cell.
_HTML_ROWS: Final = 60


@dataclass(frozen=True, eq=False)
class Counts:
    """The counts of k studies as arrays, for the models.

    Attributes
    ----------
    positives : ndarray of shape (k, 2), int64
        True positives and true negatives; 0 where the margin is missing.
    totals : ndarray of shape (k, 2), int64
        Numbers with and without the condition; 0 says that the margin is missing.
    """

    positives: npt.NDArray[np.int64]
    totals: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.totals)


@dataclass(frozen=True, eq=False, repr=False)
class StudyTable:
    """An immutable table of diagnostic accuracy studies, one 2x2 table a row.

    Make one with `read_studies` or `StudyTable.from_frame`.

    Attributes
    ----------
    name : str
        ``"ct/hip"`` for a file of the study tables, else the file's stem.
    labels : list of str
        ``"Müller 2014"`` for each row, ``"author not stated, 2014"`` where the source
        is silent. Different studies of the same name have a letter, which they keep
        in every selection; rows of one study share their label.
    """

    name: str
    _frame: pd.DataFrame
    _row_labels: tuple[str, ...] = field(default=())

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, name: str = "table") -> StudyTable:
        """Make a study table of any frame with study, tp, fp, fn and tn.

        Parameters
        ----------
        frame : DataFrame
            Column names in any case; ``study`` or ``study_id`` may be the index.
            Missing cells of a margin are empty (NaN, None or NA) in both counts.
            Other columns are kept for selection and regression.
        name : str
            What figures and messages call the table.

        Raises
        ------
        StudyTableError
            All faults of the frame at once. Rows are numbered from 2, as in a
            spreadsheet whose first row is the header.
        OptionError
            `frame` is not a DataFrame.
        """
        if not isinstance(frame, pd.DataFrame):
            raise OptionError(f"a pandas DataFrame is needed, not {type(frame).__name__}")
        return cls.from_checked(checked_frame(frame, IN_MEMORY), name)

    @classmethod
    def from_checked(cls, frame: pd.DataFrame, name: str) -> StudyTable:
        """Wrap a typed frame that has passed the checks already."""
        own = frame.reset_index(drop=True).copy(deep=True)
        return cls(name, own, _labels.study_labels(own))

    @property
    def frame(self) -> pd.DataFrame:
        """A copy of the table; changing it leaves the table as it is."""
        return self._frame.copy(deep=True)

    @property
    def labels(self) -> list[str]:
        """Display label of each row."""
        return list(self._row_labels)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(str(name) for name in self._frame.columns)

    @cached_property
    def _texts(self) -> dict[str, tuple[str, ...]]:
        return {}

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the cells of a column as text, for grouping rows without a data frame."""
        if name not in self._texts:
            self._texts[name] = tuple(map(str, self._frame[name]))
        return self._texts[name]

    def __len__(self) -> int:
        return len(self._frame)

    def _take(self, mask: npt.NDArray[np.bool_], name: str | None = None) -> StudyTable:
        if name == self.name and mask.all():
            return self
        frame = self._frame[mask].reset_index(drop=True)
        labels = tuple(text for text, keep in zip(self._row_labels, mask, strict=True) if keep)
        return StudyTable(name or _name_of(frame, self.name), frame, labels)

    def select(self, **criteria: Any) -> StudyTable:
        """Return the rows that meet all criteria.

        Parameters
        ----------
        **criteria
            A value or a list of values per column: ``select(modality="ct",
            site=["hip", "pelvis"])``.

        Raises
        ------
        OptionError
            The table has no such column, or neither the table nor the code list of
            the column has such a value; the message lists what there is.
        """
        mask = np.ones(len(self), dtype=bool)
        for given, wanted in criteria.items():
            name = self._column_named(given)
            values = _as_list(wanted)
            self._require_known(name, values)
            mask &= self._frame[name].isin(values).to_numpy(dtype=bool)
        return self._take(mask)

    def _column_named(self, given: str) -> str:
        for name in (given, *canonical_header([given])):
            if name in self.columns:
                return name
        raise OptionError(
            f"table {self.name!r} has no column {given!r}{did_you_mean(given, self.columns)}; "
            f"it has {', '.join(self.columns)}"
        )

    def _require_known(self, name: str, values: list[Any]) -> None:
        present = self._frame[name].dropna().unique().tolist()
        codes = column(name).allowed if name in COLUMN_NAMES else ()
        allowed = [*codes, *(value for value in present if value not in codes)]
        for value in values:
            if value not in allowed:
                hint = did_you_mean(str(value), [str(word) for word in allowed])
                listed = ", ".join(str(a) for a in allowed[:40])
                more = ", ..." if len(allowed) > 40 else ""
                raise OptionError(
                    f"column {name!r} of table {self.name!r} has no value {value!r}{hint} "
                    f"(there are: {listed}{more})"
                )

    def pooled(self) -> StudyTable:
        """Return the rows that enter pooled analyses: pool is yes, or no such column."""
        if "pool" not in self.columns:
            return self
        return self._take(self._frame["pool"].eq("yes").to_numpy(dtype=bool), self.name)

    @cached_property
    def _counts(self) -> Counts:
        table = self._frame[list(COUNT_COLUMNS)].fillna(0).to_numpy(dtype=np.int64)
        tp, fp, fn, tn = table.reshape(-1, 4).T
        positives = np.stack([tp, tn], axis=1)
        totals = np.stack([tp + fn, tn + fp], axis=1)
        positives.setflags(write=False)
        totals.setflags(write=False)
        return Counts(positives, totals)

    def arrays(self) -> Counts:
        """Return the counts of all rows as read-only arrays."""
        return self._counts

    @property
    def usable(self) -> StudyTable:
        """Rows with at least one margin; a foreign table may list studies without counts."""
        return self._take(~self._reports(sensitivity=False, specificity=False), self.name)

    @property
    def complete(self) -> StudyTable:
        """Rows with both margins."""
        return self._take(self._counts.totals.min(axis=1, initial=1) > 0, self.name)

    @property
    def sens_only(self) -> StudyTable:
        """Rows that counted only people with the condition."""
        return self._take(self._reports(sensitivity=True, specificity=False), self.name)

    @property
    def spec_only(self) -> StudyTable:
        """Rows that counted only people without the condition."""
        return self._take(self._reports(sensitivity=False, specificity=True), self.name)

    def _reports(self, sensitivity: bool, specificity: bool) -> npt.NDArray[np.bool_]:
        """Rows that report exactly these margins."""
        known = self._counts.totals > 0
        return np.asarray((known == [sensitivity, specificity]).all(axis=1), dtype=bool)

    @property
    def is_stratified(self) -> bool:
        """Whether the table says modality, site, unit and population of each row."""
        return all(name in self.columns for name in STRATUM_COLUMNS)

    def stratum_ids(self) -> list[str]:
        """Return ``"ct/hip/patient/radiograph_negative"`` or the table's name, per row."""
        if not self.is_stratified:
            return [self.name] * len(self)
        rows = self._frame[list(STRATUM_COLUMNS)].itertuples(index=False, name=None)
        return ["/".join(str(part) for part in row) for row in rows]

    @property
    def stratum_id(self) -> str:
        """Identifier of the one stratum in the table.

        Raises
        ------
        OptionError
            The table holds several strata, or no row at all.
        """
        found = sorted(set(self.stratum_ids()))
        if len(found) == 1:
            return found[0]
        held = f"holds {len(found)} strata" if found else "is empty"
        raise OptionError(f"table {self.name!r} {held}; select one: {', '.join(found) or 'none'}")

    def strata(self) -> dict[str, StudyTable]:
        """Return all rows by stratum, sorted by identifier.

        A table that does not say modality, site, unit and population is one stratum
        under its own name.
        """
        ids = pd.Series(self.stratum_ids(), dtype=object)
        found = sorted(set(ids))
        return {one: self._take(ids.eq(one).to_numpy(dtype=bool), one) for one in found}

    @cached_property
    def sha256(self) -> str:
        """Hash of the content: column names and cells, not the name or the file's form."""
        return hashlib.sha256(to_csv(self).encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StudyTable) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the cached arrays, which would come back writable.
        return (StudyTable, (self.name, self._frame, self._row_labels))

    def _description(self) -> str:
        parts = [f"{len(self)} row{'' if len(self) == 1 else 's'}"]
        parts.append(f"{self._frame['study_id'].nunique()} studies")
        if "pool" in self.columns:
            parts.append(f"{len(self.pooled())} pooled")
        parts.append(f"{len(self.complete)} complete")
        for part, words in ((self.sens_only, "sensitivity"), (self.spec_only, "specificity")):
            if len(part):
                parts.append(f"{len(part)} with {words} only")
        return ", ".join(parts)

    def __repr__(self) -> str:
        return f"<StudyTable {self.name!r}: {self._description()}>"

    def _repr_html_(self) -> str:
        names = ("modality", "site", "unit", "population", *COUNT_COLUMNS, "pool", "pool_reason")
        shown = self._frame[[name for name in names if name in self.columns]].head(_HTML_ROWS)
        shown = shown.map(cell_text)
        shown.insert(0, "study", list(self._row_labels[: len(shown)]))
        rest = len(self) - len(shown)
        note = f"<p>and {rest} more rows</p>" if rest else ""
        head = f"<p><b>{escape(self.name)}</b>: {escape(self._description())}</p>"
        return head + shown.to_html(index=False, border=0) + note


def to_csv(table: StudyTable) -> str:
    """Write a table as the text of a UTF-8 file with commas; empty where missing."""
    text: str = table.frame.map(cell_text).to_csv(index=False, lineterminator="\n")
    return text


def _as_list(wanted: Any) -> list[Any]:
    if isinstance(wanted, Iterable) and not isinstance(wanted, str):
        return list(wanted)
    return [wanted]


def _name_of(frame: pd.DataFrame, fallback: str) -> str:
    parts = []
    for name in ("modality", "site"):
        values = set(frame[name]) if name in frame.columns else set()
        if len(values) != 1:
            return fallback
        parts.append(str(values.pop()))
    return "/".join(parts)
