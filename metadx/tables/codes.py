"""Every code a study table may use, with the words that people read instead.

The labels stand in figures and tables, the descriptions in the codebook and the
report. Nothing else in metadx spells out a code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Code:
    """One allowed value of a coded column.

    Attributes
    ----------
    code : str
        What stands in the file: lower case, ASCII, no spaces.
    label : str
        What stands in a figure.
    description : str
        One plain sentence a clinician understands.
    """

    code: str
    label: str
    description: str


def _codes(*rows: tuple[str, str, str]) -> tuple[Code, ...]:
    return tuple(Code(*row) for row in rows)


MODALITY: Final = _codes(
    ("xray", "Radiograph", "Plain radiograph (X-ray film or digital radiograph)."),
    ("ct", "CT", "Computed tomography, read by people."),
    ("dect", "Dual-energy CT", "Dual-energy CT with a bone marrow oedema map."),
    ("mri", "MRI", "Magnetic resonance imaging."),
    ("bone_scan", "Bone scan", "Planar bone scintigraphy."),
    ("spect_ct", "SPECT/CT", "Bone scintigraphy with single-photon emission tomography and CT."),
    ("ultrasound", "Ultrasound", "Ultrasound of the painful bone."),
    ("dxa_vfa", "DXA vertebral view", "Lateral spine image of a DXA scanner, read for fractures."),
    ("ai_xray", "Radiograph read by AI", "Radiograph read by an algorithm alone."),
    ("ai_ct", "CT read by AI", "CT read by an algorithm alone."),
    (
        "ai_assisted",
        "Reader helped by AI",
        "Images read by a person who sees an algorithm's result.",
    ),
    ("qus", "Quantitative ultrasound", "Quantitative ultrasound of the heel or another bone."),
    ("qct", "Quantitative CT", "Bone density by calibrated quantitative CT."),
    ("ct_hu", "CT attenuation", "Hounsfield units of bone in a CT made for another reason."),
    ("tbs", "Trabecular bone score", "Texture of the lumbar DXA image."),
    ("frax", "FRAX", "Fracture risk score FRAX."),
    ("dxa_bmd", "DXA bone density", "Bone mineral density by dual-energy X-ray absorptiometry."),
)

SITE: Final = _codes(
    ("hip", "Hip", "Proximal femur, with the acetabulum where a study includes it."),
    ("vertebra", "Vertebra", "Vertebral bodies, fracture as the question."),
    ("rib", "Rib", "Ribs, with sternum or costal cartilage where a study includes them."),
    ("pelvis", "Pelvis", "Pelvic ring, with the sacrum where a study does not separate it."),
    ("sacrum", "Sacrum", "Sacrum alone."),
    ("knee", "Knee", "Distal femur, proximal tibia and tibial shaft."),
    ("foot", "Foot", "Foot and ankle."),
    ("wrist", "Wrist", "Carpal bones and distal radius."),
    ("spine", "Spine", "Spine as the place where bone quality is measured."),
    ("calcaneus", "Heel bone", "Heel bone as the place where bone quality is measured."),
    ("whole_body", "Whole body", "The whole patient, as in a risk score."),
    ("mixed", "Several sites", "Several body sites that a study does not separate."),
)

UNIT: Final = _codes(
    ("patient", "per patient", "Each patient counts once."),
    ("fracture", "per fracture", "Each fracture counts once; a patient may have several."),
    ("vertebra", "per vertebra", "Each vertebra counts once; a patient has several."),
    ("rib", "per rib", "Each rib counts once; a patient has several."),
    ("image", "per image", "Each image or reading counts once; a patient may have several."),
    ("bone", "per bone", "Each bone or bone region counts once."),
)

POPULATION: Final = _codes(
    (
        "all_suspected",
        "all suspected",
        "Everybody in whom a fracture was suspected had the test, whatever the radiograph showed.",
    ),
    (
        "radiograph_negative",
        "radiograph negative",
        "A fracture was suspected although the radiograph was negative or doubtful: "
        "the occult fracture proper.",
    ),
    (
        "confirmed_fracture",
        "confirmed fracture",
        "Only patients with a proven fracture were counted: what share of them the test shows.",
    ),
    (
        "fresh_or_old",
        "fresh or old",
        "A fracture was known or suspected, and the question was whether it was fresh or old.",
    ),
    (
        "osteoporosis_screening",
        "osteoporosis screening",
        "People were examined for osteoporosis; bone densitometry is the comparison.",
    ),
    (
        "fracture_discrimination",
        "fracture discrimination",
        "People with a fragility fracture, present or later, were to be told from people without.",
    ),
)

POOL: Final = _codes(
    ("yes", "pooled", "The row enters the pooled analysis of its stratum."),
    (
        "no",
        "kept, not pooled",
        "The row is kept for the record; pool_reason says why it stays out.",
    ),
)

POOL_REASON: Final = _codes(
    ("secondary_reader", "another reader", "Another reader's row of this study is pooled."),
    ("secondary_threshold", "another threshold", "Another threshold of this study is pooled."),
    ("other_technique", "other technique", "The technique differs from the rest of the stratum."),
    ("not_for_pooling", "not for pooling", "The source or its figures do not allow pooling."),
    ("conflict", "conflicting figures", "The source contradicts itself about these counts."),
    ("inflated_n", "inflated number", "Several readings of one patient were counted as many."),
    ("double_entry", "double entry", "Another row has the same result; this one is removed."),
    ("overlapping_cohort", "overlapping cohort", "The patients are partly those of another study."),
    (
        "incorporation",
        "part of the reference",
        "The test was part of its own reference standard, and nothing else was.",
    ),
    ("other_target", "other target", "The study looked for something else than its stratum."),
    ("other_population", "other population", "The patients are not those of the stratum."),
    ("unit_superseded", "better unit pooled", "The study is pooled by a better unit of counting."),
    ("unverified_source", "source not verified", "The source could not be confirmed."),
    ("implausible_counts", "implausible counts", "The counts cannot be right as printed."),
)

DERIVATION: Final = _codes(
    ("counts", "counts printed", "The source prints the four counts, or those that exist."),
    ("reconstructed", "reconstructed", "The counts follow from percentages and group sizes."),
    ("review_table", "from a review", "The counts come from a table of a systematic review."),
    (
        "sensitivity_only",
        "sensitivity only",
        "Only diseased people were counted: fp and tn are empty.",
    ),
)

AUDIT: Final = _codes(
    ("extracted", "seen once", "The row was extracted and not looked at again."),
    ("audited", "seen twice", "A second look at the source agreed."),
    ("corrected", "corrected", "A second look at the source changed something; notes say what."),
    (
        "contradiction_kept",
        "contradiction kept",
        "The printed percentage contradicts the counts; this was looked into, the counts are kept, "
        "and notes say what contradicts what.",
    ),
)

DESIGN: Final = _codes(
    ("prospective", "prospective", "Patients were enrolled before the test was done."),
    ("retrospective", "retrospective", "Patients were found in records."),
    ("case_control", "case-control", "People with and without the condition were chosen apart."),
    ("unclear", "unclear", "The source does not say."),
)

PRESENCE: Final = _codes(
    ("yes", "yes", "True of everybody in the row."),
    ("no", "no", "True of nobody in the row."),
    ("mixed", "mixed", "True of some."),
    ("unclear", "unclear", "The source does not say."),
)
