"""The claims of a review, read from the file that states them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from metadx.errors import Fault, StudyTableError
from metadx.tables.kinds import number
from metadx.tables.reading import RawTable, read_raw

#: What a claim may say of the quantity.
RELATIONS: Final = ("between", "at least", "above", "below", "equals")
#: Numbers in per cent are compared as probabilities.
PER_CENT: Final = ("percent", "percentage points")
#: A claim about every site or every test, in every kind of patient.
ALL: Final = "all"
ANY: Final = "any"
NOT_ACCURACY: Final = "not an accuracy claim"

_REQUIRED: Final = (
    "claim_id", "subject", "modality", "site", "quantity", "relation", "low", "high", "unit",
    "statement_in_our_words", "testable", "population",
)  # fmt: skip
_NEEDED_BOUND: Final = {"between": ("low", "high"), "at least": ("low",), "above": ("low",),
                        "below": ("high",), "equals": ("low",)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim.

    Attributes
    ----------
    claim_id, subject, statement : str
        Identifier, a few words, and the whole claim.
    modality, site, population : str
        Codes of the study tables; ``"all"`` and ``"any"`` where the claim is general.
    quantity : str
        ``"sensitivity"``, ``"specificity"``, one of these with ``" difference"`` or
        ``" rank"``, or something that is not accuracy.
    relation : str
        One of `RELATIONS`.
    low, high : float or None
        Bounds of the claim; probabilities where the claim is in per cent.
    testable : str
        ``"yes"``, ``"not an accuracy claim"``, or the condition that would make it testable.
    comparator : str
        Modality that a difference is taken against.
    subgroup, reference, how_tested : str
        Part of the patients, numbers in the review's list, and how the claim is read.
    """

    claim_id: str
    subject: str
    modality: str
    site: str
    quantity: str
    relation: str
    low: float | None
    high: float | None
    testable: str
    population: str
    statement: str
    unit: str = ""
    comparator: str = ""
    subgroup: str = ""
    reference: str = ""
    how_tested: str = ""

    @property
    def margin(self) -> str:
        """First word of the quantity: ``"sensitivity"``, ``"specificity"`` or another."""
        return self.quantity.partition(" ")[0]

    @property
    def form(self) -> str:
        """What is said of the margin: empty for its value, ``"difference"`` or ``"rank"``."""
        return self.quantity.partition(" ")[2]


def read_claims(path: str | Path) -> tuple[Claim, ...]:
    """Read a file of claims.

    Parameters
    ----------
    path : str or Path
        Comma-, semicolon- or tab-separated, in the encodings of a study table.

    Raises
    ------
    StudyTableError
        With all faults of the file.
    """
    raw = read_raw(Path(path))
    faults = list(raw.faults) or list(_faults(raw))
    if faults:
        raise StudyTableError(faults)
    return tuple(_claim(dict(zip(raw.header, row, strict=True))) for row in raw.rows)


def _faults(raw: RawTable) -> Iterator[Fault]:
    for name in _REQUIRED:
        if name not in raw.header:
            expected = f"the column; a file of claims has {', '.join(_REQUIRED)}"
            yield Fault(raw.file, raw.header_line, "", name, "", expected, "missing_column")
            return
    seen: set[str] = set()
    for line, cells in zip(raw.lines, raw.rows, strict=True):
        row = dict(zip(raw.header, cells, strict=True))
        claim = row["claim_id"]
        if not claim or claim in seen:
            yield Fault(raw.file, line, claim, "claim_id", claim, "each claim once", "claim_id")
        seen.add(claim)
        if row["relation"] not in RELATIONS:
            expected = f"one of {', '.join(RELATIONS)}"
            yield Fault(raw.file, line, claim, "relation", row["relation"], expected, "code")
            continue
        for name in ("low", "high"):
            needed = name in _NEEDED_BOUND[row["relation"]]
            if (needed or row[name]) and number(row[name]) is None:
                yield Fault(raw.file, line, claim, name, row[name], "a number", "number")


def _claim(row: dict[str, str]) -> Claim:
    scale = 100.0 if row["unit"] in PER_CENT else 1.0
    bounds = [float(row[name]) / scale if row[name] else None for name in ("low", "high")]
    return Claim(
        claim_id=row["claim_id"],
        subject=row["subject"],
        modality=row["modality"],
        site=row["site"],
        quantity=row["quantity"],
        relation=row["relation"],
        low=bounds[0],
        high=bounds[1],
        testable=row["testable"],
        population=row["population"],
        statement=row["statement_in_our_words"],
        unit=row["unit"],
        comparator=row.get("comparator_modality", ""),
        subgroup=row.get("subgroup", ""),
        reference=row.get("review_reference", ""),
        how_tested=row.get("how_tested", ""),
    )
