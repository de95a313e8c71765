"""How a sentence names the people, the condition and the test of a stratum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from metadx.errors import OptionError
from metadx.tables import StudyTable, label

CONDITIONS: Final = {
    "all_suspected": "a fracture",
    "radiograph_negative": "a fracture",
    "confirmed_fracture": "a fracture",
    "fresh_or_old": "a fresh fracture",
    "osteoporosis_screening": "osteoporosis",
    "fracture_discrimination": "a fragility fracture",
}
UNITS: Final = {
    "patient": "patients",
    "fracture": "places of a possible fracture",
    "vertebra": "vertebrae",
    "rib": "ribs",
    "image": "images",
    "bone": "bones",
}

#: Tests that a sentence calls "the radiograph", not "radiograph".
WITH_ARTICLE: Final = ("xray", "bone_scan", "dxa_vfa", "ai_xray", "ai_assisted", "tbs")


@dataclass(frozen=True, slots=True)
class Wording:
    """Words for one stratum.

    Attributes
    ----------
    condition : str
        With its article, for example ``"a fracture"``.
    units : str
        Plural of what is counted, for example ``"patients"``.
    test : str
        The test within a sentence, for example ``"CT"`` or ``"the test"``.
    """

    condition: str
    units: str
    test: str


def wording_of(table: StudyTable, condition: str | None = None) -> Wording:
    """Return the words for a table.

    Parameters
    ----------
    table : StudyTable
        Rows of one stratum; a table without strata is spoken of in general terms.
    condition : str, optional
        The condition with its article, for a table that does not say.
    """
    if not table.is_stratified:
        return Wording(condition or "the target condition", "patients", "the test")
    try:
        modality, _, unit, population = table.stratum_id.split("/")
    except OptionError:
        return Wording(condition or "the target condition", "units", "the test")
    name = label("modality", modality)
    inside = name if name[:2].isupper() else name[:1].lower() + name[1:]
    if modality in WITH_ARTICLE:
        inside = f"the {inside}"
    return Wording(condition or CONDITIONS[population], UNITS[unit], inside)
