"""Columns and codes of ``strategy_inputs.csv``: what a strategy needs besides accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from metadx.tables import kinds
from metadx.tables.codes import Code
from metadx.tables.kinds import Kind

FILE_NAME: Final = "strategy_inputs.csv"


def _is_number(text: str) -> bool:
    return kinds.number(text) is not None


NUMBER: Final = Kind("number", "a number", _is_number, numeric=True)


def _codes(*rows: tuple[str, str, str]) -> tuple[Code, ...]:
    return tuple(Code(*row) for row in rows)


QUANTITY: Final = _codes(
    ("prevalence", "prevalence", "Share of the patients who have the fracture."),
    ("cost", "cost", "Money, in the currency and the prices of the year named beside it."),
    ("dose", "effective dose", "Effective dose of one examination."),
    ("delay", "time to diagnosis", "Time from arrival or request to the diagnosis."),
    ("availability", "availability", "How often, or how many, scanners are at hand."),
    ("contraindication", "contraindication", "Share of the patients who cannot have the test."),
    ("displacement", "displacement", "Share of the fractures that displace or do not unite."),
    ("mortality", "mortality", "Death, or a second fracture, as a share or a ratio of risks."),
    ("utility_loss", "loss of utility", "Loss of health-related quality of life, EQ-5D scale."),
    ("published_result", "published result", "What a published decision analysis found."),
    ("published_threshold", "published threshold", "A threshold of a published analysis."),
)
UNIT: Final = _codes(
    ("percent", "per cent", "0 to 100, without the sign."),
    ("utility", "utility", "0 to 1."),
    ("ratio", "ratio", "Ratio of risks, odds or hazards."),
    ("mSv", "mSv", "Millisievert, one examination."),
    ("hours", "hours", "Hours; printed minutes and days are converted."),
    ("per_test", "per test", "Money for one examination."),
    ("per_patient_pathway", "per patient", "Money for a patient's whole pathway in the source."),
    ("per_patient_incremental", "difference per patient", "Money, one pathway less another."),
    ("per_missed_fracture", "per missed fracture", "Money for one fracture missed at first."),
    ("per_fracture_first_year", "per fracture and year", "Money in the first year of a fracture."),
    ("per_fracture_hospital", "per fracture, hospital", "Hospital's money for one fracture."),
    ("per_case_detected", "per case found", "Money for each case that is found."),
    ("per_71_patients", "for 71 patients", "Money for the 71 patients of the source together."),
    ("per_scanner", "per scanner", "Purchase price of a scanner."),
    ("scanners_per_million", "scanners per million", "Scanners per million inhabitants."),
    ("percent_increase", "per cent more", "Increase in per cent."),
    ("as_printed", "as printed", "As the column printed says."),
)
INTERVAL: Final = _codes(
    ("95", "95 per cent interval", "Lower and upper are the ends of a 95 per cent interval."),
    ("quartiles", "quartiles", "Lower and upper are the quartiles, value is the median."),
    ("range", "range", "Lower and upper are the extremes; taken as a 95 per cent interval."),
)
FAMILY: Final = _codes(
    ("beta", "beta", "For shares between 0 and 1."),
    ("gamma", "gamma", "For money, dose and time."),
    ("lognormal", "lognormal", "For ratios; the value is the median."),
    ("fixed", "fixed", "No interval and no number of patients stated: no uncertainty is made up."),
)
YES_NO: Final = _codes(("yes", "yes", "It is so."), ("no", "no", "It is not so."))
USE_REASON: Final = _codes(
    ("other_target", "other target", "Other fractures are counted with the one in question."),
    ("other_population", "other population", "The patients are not those of a strategy."),
    ("other_denominator", "other denominator", "A share of something else than of the patients."),
    ("sources_disagree", "sources disagree", "Two reports of one group print different figures."),
    ("derived_by_us", "derived", "Follows from other rows by an assumption; a strategy does it."),
    ("secondary_source", "secondary source", "Another source is cited and was not seen."),
    ("low_quality", "weak source", "A page without author or method."),
    ("ambiguous", "ambiguous", "The sentence can be read in two ways."),
    ("currency_unclear", "currency unclear", "The currency on the page may be misread."),
    ("no_central_value", "range only", "The source prints a range and no value."),
    ("incremental_only", "difference only", "A difference of two pathways, not a price."),
    ("not_per_patient", "not per patient", "Money for a group or for a case found."),
    ("capital_cost", "purchase price", "Not the price of an examination."),
    ("not_a_share", "not a share", "A density of scanners does not say who gets one."),
    ("published_result", "result, not input", "Kept to compare with, never an input."),
)


@dataclass(frozen=True, slots=True)
class InputColumn:
    """One column.

    Attributes
    ----------
    name, description : str
        What stands in the header, and what it means.
    kind : Kind
        What a cell may look like.
    required : bool
        Whether every row has it.
    codes : tuple of Code
        Allowed values of a coded column.
    """

    name: str
    description: str
    kind: Kind = kinds.TEXT
    required: bool = False
    codes: tuple[Code, ...] = ()

    @property
    def allowed(self) -> tuple[str, ...]:
        """Allowed codes."""
        return tuple(code.code for code in self.codes)


INPUT_COLUMNS: Final = (
    InputColumn("input_id", "Identifier that a strategy names.", kinds.IDENTIFIER, True),
    InputColumn("quantity", "What is measured.", kinds.CODE, True, QUANTITY),
    InputColumn("site", "Body site, or whole for what holds for all.", kinds.IDENTIFIER, True),
    InputColumn("modality", "Test that it belongs to, where it belongs to one."),
    InputColumn("value", "The value, in unit. Empty for a result printed in words.", NUMBER),
    InputColumn("lower", "Lower end, as interval says.", NUMBER),
    InputColumn("upper", "Upper end, as interval says.", NUMBER),
    InputColumn("interval", "What lower and upper are.", kinds.CODE, False, INTERVAL),
    InputColumn("sd", "Standard deviation between patients, in unit.", NUMBER),
    InputColumn("unit", "Unit of value, lower, upper and sd.", kinds.CODE, True, UNIT),
    InputColumn("n", "Patients behind the value.", kinds.COUNT),
    InputColumn("events", "Of them, those who are counted in the share.", kinds.COUNT),
    InputColumn(
        "family", "Distribution implied by the interval, by n or by sd and n.", kinds.CODE, True,
        FAMILY,
    ),
    InputColumn("currency", "ISO code of the currency of a cost."),
    InputColumn("price_year", "Year of the prices, where the source says it.", kinds.YEAR),
    InputColumn("printed", "Value and unit as the source prints them.", required=True),
    InputColumn("derived", "Whether the value was computed or converted by us.", kinds.CODE, True,
                YES_NO),
    InputColumn("use", "Whether a strategy may use the row.", kinds.CODE, True, YES_NO),
    InputColumn("use_reason", "Why not.", kinds.CODE, False, USE_REASON),
    InputColumn("population", "Patients of the source."),
    InputColumn("country", "Country of the source."),
    InputColumn("year", "Year of publication.", kinds.YEAR),
    InputColumn("source_title", "Title of the source.", required=True),
    InputColumn("doi", "DOI of the source."),
    InputColumn("pmid", "PubMed number of the source.", kinds.PMID),
    InputColumn("source_url", "Address of the page that was read."),
    InputColumn("statement", "What the source says, in our words."),
    InputColumn("notes", "Anything a user must know."),
)  # fmt: skip
