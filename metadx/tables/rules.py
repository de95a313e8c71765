"""The rules that concern a whole row, each a function from a row to its faults."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from metadx.errors import Fault
from metadx.tables import kinds
from metadx.tables.schema import COUNT_COLUMNS, column

#: File that holds the rows taken out because they stand elsewhere.
REMOVED_FILE: Final = "removed.csv"
#: The two columns of each margin, and what a source prints about it.
MARGINS: Final = (("tp", "fn", "reported_sensitivity"), ("tn", "fp", "reported_specificity"))
#: Reasons that say already that a row's figures do not agree.
_KNOWN_CONFLICTS: Final = ("conflict", "implausible_counts")
_HIDDEN = re.compile("[\u00a0\u00ad\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table on its way through the rules.

    Attributes
    ----------
    file, line : str, int
        For the messages.
    found : mapping of str to str
        Cells as they stand in the file.
    plain : mapping of str to str
        The same with numbers in plain spelling.
    ours : bool
        Whether the whole schema applies.
    place : tuple of str or None
        Modality and site that folder and file name promise.
    """

    file: str
    line: int
    found: Mapping[str, str]
    plain: Mapping[str, str]
    ours: bool
    place: tuple[str, str] | None

    @property
    def study(self) -> str:
        """Identifier of the study, empty where there is none."""
        return self.found.get("study_id", "")

    def count(self, name: str) -> int | None:
        """Return a count, None where it is missing or wrong."""
        return kinds.whole(self.plain.get(name, ""))

    def has(self, name: str) -> bool:
        """Tell whether a cell holds anything, right or wrong."""
        return bool(self.plain.get(name))

    def fault(self, rule: str, name: str, expected: str, found: str | None = None) -> Fault:
        """Make a fault of this row in the column of that name."""
        value = self.found.get(name, "") if found is None else found
        return Fault(self.file, self.line, self.study, name, value, expected, rule)


def margins_whole(row: Row) -> Iterator[Fault]:
    """Both counts of a margin are there, or neither; one margin at least."""
    if not all(name in row.found for name in COUNT_COLUMNS):
        return
    for one, other, _ in MARGINS:
        for name, partner in ((one, other), (other, one)):
            if row.has(name) and not row.has(partner):
                expected = f"a count, because {name} has one; or both cells empty"
                yield row.fault("half_margin", partner, expected)
    if not any(row.has(name) for name in COUNT_COLUMNS):
        expected = "tp and fn, or tn and fp, or all four"
        yield row.fault("no_counts", "+".join(COUNT_COLUMNS), expected)


def margins_not_empty(row: Row) -> Iterator[Fault]:
    """A margin that is given holds somebody."""
    for (one, other, _), who in zip(MARGINS, ("with", "without"), strict=True):
        a, b = row.count(one), row.count(other)
        if a == 0 and b == 0:
            expected = f"somebody {who} the condition; empty cells where nobody was examined"
            yield row.fault("empty_margin", f"{one}+{other}", expected, "0+0")


def percentages_agree(row: Row) -> Iterator[Fault]:
    """A printed percentage is that of the counts, rounded or cut at its last digit."""
    if row.plain.get("pool_reason") in _KNOWN_CONFLICTS:
        return
    if row.plain.get("audit") == "contradiction_kept":
        return
    for one, other, name in MARGINS:
        printed = kinds.number(row.plain.get(name, ""))
        a, b = row.count(one), row.count(other)
        if printed is None or not 0 <= printed <= 100:
            continue
        if a is None or b is None or a < 0 or b < 0 or a + b == 0:
            continue
        exact = Decimal(100 * a) / (a + b)
        exponent = printed.as_tuple().exponent
        last_digit = Decimal(1).scaleb(min(int(exponent), 0))
        if abs(exact - printed) >= last_digit:
            expected = f"{exact:.2f} by the counts ({a} of {a + b})"
            if row.ours:
                expected += ", or audit contradiction_kept and the reason in notes"
            yield row.fault("percent_mismatch", name, expected)


def derivation_fits(row: Row) -> Iterator[Fault]:
    """The label sensitivity_only stands exactly where fp and tn are empty."""
    derivation = row.plain.get("derivation", "")
    if not row.ours or not derivation or not row.has("tp"):
        return
    negatives = row.has("fp") or row.has("tn")
    if derivation == "sensitivity_only" and negatives:
        expected = "another origin, because fp or tn is given"
        yield row.fault("sensitivity_only", "derivation", expected)
    if derivation != "sensitivity_only" and not negatives:
        expected = "sensitivity_only, because fp and tn are empty"
        yield row.fault("sensitivity_only", "derivation", expected)


def pooling_explained(row: Row) -> Iterator[Fault]:
    """A row has a reason exactly where it is not pooled."""
    pool = row.plain.get("pool", "")
    if not row.ours:
        return
    if pool == "yes" and row.has("pool_reason"):
        yield row.fault("pool_reason", "pool_reason", "an empty cell, because pool is yes")
    if pool == "no" and "pool_reason" in row.found and not row.has("pool_reason"):
        yield row.fault("pool_reason", "pool_reason", "a reason, because pool is no")
    if pool == "no" and "pool_note" in row.found and not row.has("pool_note"):
        yield row.fault("pool_note", "pool_note", "one sentence, because pool is no")


def contradiction_explained(row: Row) -> Iterator[Fault]:
    """A contradiction that is kept is described."""
    if row.ours and row.plain.get("audit") == "contradiction_kept" and not row.has("notes"):
        yield row.fault("contradiction_note", "notes", "what contradicts what")


def place_fits(row: Row) -> Iterator[Fault]:
    """Folder and file name are the row's modality and site; removed.csv has double entries."""
    if row.place:
        for name, promised in zip(("modality", "site"), row.place, strict=True):
            found = row.plain.get(name, "")
            if found in column(name).allowed and found != promised:
                expected = f"{promised}, as the folder or file says; or the row in its own file"
                yield row.fault("place", name, expected)
    in_removed = row.file.rpartition("/")[2] == REMOVED_FILE
    if in_removed and row.has("pool_reason") and row.plain["pool_reason"] != "double_entry":
        yield row.fault("removed_place", "pool_reason", f"double_entry, in {REMOVED_FILE}")
    if in_removed and row.plain.get("pool") == "yes":
        yield row.fault("removed_place", "pool", f"no, in {REMOVED_FILE}")


def text_clean(row: Row) -> Iterator[Fault]:
    """No cell has invisible characters or text that went through a wrong encoding."""
    if not row.ours:
        return
    for name, text in row.found.items():
        if text.isascii() and text.isprintable():
            continue
        hidden = _HIDDEN.search(text) or _CONTROL.search(text)
        if hidden:
            expected = f"plain spaces instead of U+{ord(hidden.group()):04X}"
            yield row.fault("whitespace", name, expected)
        repaired = _repaired(text)
        if repaired:
            yield row.fault("damaged_text", name, repaired)


def _repaired(text: str) -> str:
    if "\ufffd" in text:
        return "the characters that U+FFFD stands for"
    try:
        again = text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return ""
    return again if again != text else ""


#: Every rule about a row, in the order of the messages.
ROW_RULES: Final[tuple[Callable[[Row], Iterator[Fault]], ...]] = (
    margins_whole,
    margins_not_empty,
    percentages_agree,
    derivation_fits,
    pooling_explained,
    contradiction_explained,
    place_fits,
    text_clean,
)
