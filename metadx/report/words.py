"""Words that several parts of the page use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from metadx.report.catalogue import Words, coded, same, say
from metadx.tables import codes, label

#: Body sites in the order in which the page asks about them: osteoporotic fractures first,
#: then sites of mostly young trauma patients, then places where bone quality is measured.
SITES: Final = (
    "hip", "vertebra", "rib", "pelvis", "sacrum", "mixed", "wrist", "knee", "foot",
    "spine", "calcaneus", "whole_body", "",
)  # fmt: skip
#: Populations in the order in which they answer the question of the occult fracture.
POPULATIONS: Final = (
    "radiograph_negative", "all_suspected", "confirmed_fracture", "fresh_or_old",
    "osteoporosis_screening", "fracture_discrimination", "",
)  # fmt: skip
#: Imaging tests that a hospital may have for a suspected fracture.
FRACTURE_TESTS: Final = ("xray", "ct", "dect", "mri", "bone_scan", "spect_ct", "ultrasound")
TRAUMA_SITES: Final = ("wrist", "knee", "foot")

MODALITIES: Final = tuple(code.code for code in codes.MODALITY)

#: Populations of the table at a glance.
GLANCE: Final = ("radiograph_negative", "all_suspected")


def populations_sentence(films: float | None) -> Words:
    """Say in one sentence why populations are kept apart.

    Parameters
    ----------
    films : float or None
        Pooled sensitivity of hip radiographs in everybody suspected, where it is known.
    """
    example = say("most") if films is None else say("{} of 100", f"{100 * films:.0f}")
    return say(
        "A radiograph finds {} of all hip fractures, and by definition none of those that it has "
        "missed: the same test has another sensitivity in every kind of patient, so numbers are "
        "never pooled or compared across the populations below.",
        example,
    )


def order(value: str, known: Sequence[str]) -> tuple[int, str]:
    """Sort key: the place in a list, unknown values behind it by name."""
    return (known.index(value), "") if value in known else (len(known), value)


def test_name(modality: str, fallback: str = "") -> str:
    """Name a test in running text: ``"bone scan"``, ``"MRI"``."""
    text = label("modality", modality) if modality else fallback
    return text[0].lower() + text[1:] if text[1:2].islower() else text


def test_words(modality: str, fallback: str = "") -> Words:
    """Name a test in running text, in both languages."""
    if not modality:
        return same(fallback)
    return coded("modality", modality).map(lambda _: test_name(modality))


def studies_word(k: int) -> str:
    """Write ``"1 study"`` or ``"5 studies"``."""
    return f"{k} {'study' if k == 1 else 'studies'}"


def counted_studies(k: int) -> Words:
    """Write ``"1 study"`` or ``"5 studies"`` in both languages."""
    return say("1 study") if k == 1 else say("{} studies", k)


def sentence(text: str) -> str:
    """Begin with a capital and end with a full stop."""
    return f"{text[0].upper()}{text[1:]}{'' if text.endswith('.') else '.'}" if text else ""
