"""Rankings, certainty words, sentences and gaps follow from the numbers."""

from __future__ import annotations

import re

import pytest
from strata_records import margin, record

from metadx.report.answers import answers, unit_groups
from metadx.report.catalogue import listed, same
from metadx.report.certainty import FAIR, FIRM, NO_STUDY, ONE_STUDY, WEAK, certainty
from metadx.report.estimates import MarginRecord, StratumRecord
from metadx.report.evidence import evidence_maps
from metadx.report.words import populations_sentence, sentence, test_name

test_name.__test__ = False  # type: ignore[attr-defined]  # a function of the package, no test

WHERE = "hip/patient/radiograph_negative"


def hip(test: str, given: MarginRecord, specificity: MarginRecord | None = None) -> StratumRecord:
    return record(f"{test}/{WHERE}", given, specificity)


def plain(text: object) -> str:
    return re.sub(r"<[^>]+>", "", str(text))


@pytest.mark.parametrize(
    ("given", "level"),
    [
        (margin(None), NO_STUDY),
        (margin((0.9, 0.8, 0.95), k=1), ONE_STUDY),
        (margin((0.9, 0.88, 0.92), k=3), WEAK),
        (margin((0.9, 0.70, 0.95), k=12), WEAK),
        (margin((0.9, 0.88, 0.92), k=12, state="not_estimable"), WEAK),
        (margin((0.9, 0.88, 0.92), k=9), FAIR),
        (margin((0.9, 0.80, 0.95), k=12), FAIR),
        (margin((0.9, 0.88, 0.92), k=12, prediction=(0.5, 0.95)), FAIR),
        (margin((0.9, 0.88, 0.92), k=12, prediction=(0.8, 0.95)), FIRM),
    ],
)
def test_certainty_follows_its_rule(given: MarginRecord, level: str) -> None:
    found = certainty(given)
    assert found.level == level
    assert bool(found.reasons) == (level not in (FIRM, NO_STUDY))


def test_tests_with_several_studies_stand_before_single_ones() -> None:
    group = unit_groups(
        [
            hip("ct", margin((0.94, 0.82, 0.98), k=8)),
            hip("ultrasound", margin((0.99, 0.9, 1.0), k=1)),
            hip("mri", margin((0.99, 0.96, 1.0), k=5, state="not_estimable")),
            hip("bone_scan", margin((0.96, 0.91, 0.98), k=4)),
        ]
    )[0]
    assert [row.record.modality for row in group.rows] == ["mri", "bone_scan", "ct", "ultrasound"]


def test_units_are_never_ranked_together() -> None:
    groups = unit_groups(
        [
            record("ct/rib/patient/all_suspected", margin((0.9, 0.8, 0.95), k=2)),
            record("xray/rib/fracture/all_suspected", margin((0.5, 0.4, 0.6), k=4)),
            record("ct/rib/fracture/all_suspected", margin((0.7, 0.6, 0.8), k=2)),
        ]
    )
    assert [(group.unit, len(group.rows)) for group in groups] == [("fracture", 2), ("patient", 1)]


def test_the_answer_names_the_leader_its_certainty_and_what_it_does_not_beat() -> None:
    site = answers(
        [
            hip("ct", margin((0.80, 0.75, 0.85), k=12), margin((0.97, 0.95, 0.98), k=12)),
            hip("mri", margin((0.98, 0.96, 0.99), k=12)),
            hip("bone_scan", margin((0.97, 0.93, 0.99), k=4)),
            hip("dect", margin((0.97, 0.93, 0.99), k=1)),
        ]
    )[0]
    found = site.populations[0]
    text = " ".join(plain(part) for part in found.sentences)
    assert text.startswith(
        "MRI finds the most: pooled sensitivity 0.98 (0.96 to 0.99) in 12 studies. How sure: firm."
    )
    assert "Then bone scan 0.97 (0.93 to 0.99) in 4 studies; CT 0.80 (0.75 to 0.85)" in text
    assert "MRI is not shown to be more sensitive than bone scan." in text
    assert "Its lead over CT is more than chance would explain." in text
    assert "Specificity: CT 0.97 (0.95 to 0.98) (12 studies; firm)." in text
    assert tuple(map(str, found.missing)) == (
        "No study of MRI, bone scan and dual-energy CT reports specificity.",
        "There is only one study of dual-energy CT.",
    )
    assert tuple(map(str, site.missing)) == (
        "Not one study of radiograph, SPECT/CT and ultrasound could be pooled.",
    )
    assert found.leader is not None
    assert found.leader.record.modality == "mri"


def test_a_leader_that_cannot_be_pooled_says_so() -> None:
    given = margin((0.99, 0.96, 1.0), state="not_estimable", bayesian=(0.98, 0.9, 1.0))
    other = hip("ct", margin((0.5, 0.4, 0.6), k=12))
    found = answers([hip("mri", given), other])[0].populations[0]
    text = plain(found.sentences[0])
    assert "when the counts of its 5 studies are summed" in text
    assert "How sure: weak." in text
    assert "A Bayesian fit with a weak prior gives 0.98 (0.90 to 1.00)." in text
    assert "not shown to be more sensitive than CT" in plain(found.sentences[1])


def test_single_studies_are_not_ranked() -> None:
    found = answers([hip("mri", margin((0.9, 0.8, 1.0), k=1))])[0].populations[0]
    assert found.leader is None
    assert plain(found.sentences[0]).startswith("There is one study, of MRI: sensitivity 0.90")
    assert "No study reports specificity" in plain(found.sentences[1])
    two = answers(
        [hip("mri", margin((0.9, 0.8, 1.0), k=1)), hip("ct", margin((0.9, 0.8, 1.0), k=1))]
    )
    assert "no test can be called best" in plain(two[0].populations[0].sentences[0])


def test_studies_of_the_diseased_alone_are_named() -> None:
    held = hip("ct", margin((0.9, 0.8, 0.95), k=8), margin((0.9, 0.8, 0.95), k=3))
    assert "5 of 8 studies of CT" in str(answers([held])[0].populations[0].missing[0])


def test_sites_and_populations_have_a_fixed_order() -> None:
    found = answers(
        record(f"ct/{site}/patient/{population}", margin((0.9, 0.8, 0.95)))
        for site in ("wrist", "hip")
        for population in ("confirmed_fracture", "all_suspected", "radiograph_negative")
    )
    assert [site.site for site in found] == ["hip", "wrist"]
    assert [p.population for p in found[0].populations] == [
        "radiograph_negative", "all_suspected", "confirmed_fracture",
    ]  # fmt: skip


def test_the_map_shades_by_studies_and_shows_gaps() -> None:
    fractures, bone = evidence_maps(
        [
            hip("ct", margin((0.9, 0.8, 0.95), k=8)),
            record("ct/hip/fracture/all_suspected", margin((0.9, 0.8, 0.95), k=1)),
            record("mri/rib/patient/all_suspected", margin((0.9, 0.8, 0.95), k=1)),
            record("qus/calcaneus/patient/osteoporosis_screening", margin((0.9, 0.8, 0.95))),
        ],
        ["mri/hip/patient/all_suspected"],
    )
    assert fractures.sites == ("hip", "rib")
    assert [name for name, _ in fractures.rows] == ["ct", "mri"]
    ct_hip, ct_rib = fractures.rows[0][1]
    assert ct_hip.main is not None
    assert (ct_hip.main.k, len(ct_hip.others), ct_hip.shade) == (8, 1, 1)
    assert (ct_rib.main, ct_rib.shade) == (None, -1)
    mri_hip = fractures.rows[1][1][0]
    assert mri_hip.unpooled == ("mri/hip/patient/all_suspected",)
    assert bone.sites == ("calcaneus",)


def test_words() -> None:
    assert str(listed([same("a")])) == "a"
    assert str(listed([same(text) for text in "abac"])) == "a, b and c"
    assert listed([same(text) for text in "abac"]).zh == "a、b和c"
    assert test_name("bone_scan") == "bone scan"
    assert test_name("mri") == "MRI"
    assert sentence("no study") == "No study."
    assert "94 of 100" in str(populations_sentence(0.941))
    assert "finds most of" in str(populations_sentence(None))
