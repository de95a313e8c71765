"""The domains of QUADAS-2, QUADAS-C and QUADAS-3, by version of the tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from metadx.errors import OptionError
from metadx.tables.schema import did_you_mean

LOW: Final = "low"
HIGH: Final = "high"
UNCLEAR: Final = "unclear"
JUDGEMENTS: Final = (LOW, UNCLEAR, HIGH)
#: What a judgement is about; the first is judged in every domain.
RISK_OF_BIAS: Final = "risk_of_bias"
APPLICABILITY: Final = "applicability"
QUESTIONS: Final = (RISK_OF_BIAS, APPLICABILITY)
QUESTION_LABELS: Final = {
    RISK_OF_BIAS: "Risk of bias",
    APPLICABILITY: "Concern about applicability",
}


@dataclass(frozen=True, slots=True)
class DomainSet:
    """The domains of one version of the tool.

    Attributes
    ----------
    version : str
        Name as in the column ``version``.
    domains : tuple of (str, str)
        Code and label of each domain, in the order of the tool.
    applicability : tuple of str
        Codes of the domains in which applicability is judged too.
    unclear : str
        What the tool calls the judgement that is neither low nor high.
    compares : bool
        Whether a judgement concerns the comparison of two tests.
    reference : str
        Where the tool is published.
    """

    version: str
    domains: tuple[tuple[str, str], ...]
    applicability: tuple[str, ...]
    unclear: str
    compares: bool
    reference: str

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the domains."""
        return tuple(code for code, _ in self.domains)

    @property
    def items(self) -> tuple[tuple[str, str], ...]:
        """Every (question, domain) that the tool asks to judge, risk of bias first."""
        bias = tuple((RISK_OF_BIAS, code) for code in self.codes)
        return bias + tuple((APPLICABILITY, code) for code in self.applicability)

    def label(self, domain: str) -> str:
        """Return the words for a domain."""
        return dict(self.domains)[domain]

    def judgement_label(self, judgement: str) -> str:
        """Return the words for a judgement in this version; empty is not judged."""
        return {UNCLEAR: self.unclear, "": "not judged"}.get(judgement, judgement)


_TWO: Final = (
    ("patient_selection", "Patient selection"),
    ("index_test", "Index test"),
    ("reference_standard", "Reference standard"),
    ("flow_and_timing", "Flow and timing"),
)
#: From the oldest to the newest; the last that judges single tests is preferred in a tie.
DOMAIN_SETS: Final = {
    one.version: one
    for one in (
        DomainSet(
            "QUADAS-2",
            _TWO,
            ("patient_selection", "index_test", "reference_standard"),
            "unclear",
            False,
            "Whiting et al. 2011, Ann Intern Med, doi:10.7326/0003-4819-155-8-201110180-00009",
        ),
        DomainSet(
            "QUADAS-C",
            _TWO,
            (),
            "unclear",
            True,
            "Yang et al. 2021, Ann Intern Med, doi:10.7326/M21-2234",
        ),
        # Domains, the three with applicability and the third judgement as in the tool's form 1.2.
        DomainSet(
            "QUADAS-3",
            (
                ("participants", "Participants"),
                ("index_test", "Index test"),
                ("target_condition", "Target condition"),
                ("analysis", "Analysis"),
            ),
            ("participants", "index_test", "target_condition"),
            "insufficient information",
            False,
            "Whiting et al. 2026, Ann Intern Med, doi:10.7326/ANNALS-25-02104",
        ),
    )
}


def domain_set(version: str) -> DomainSet:
    """Return the domains of a version.

    Raises
    ------
    OptionError
        If there is no such version; the message lists those there are.
    """
    if version not in DOMAIN_SETS:
        known = tuple(DOMAIN_SETS)
        raise OptionError(
            f"version {version!r} of QUADAS is unknown{did_you_mean(version, known)}; "
            f"there are {', '.join(known)}"
        )
    return DOMAIN_SETS[version]
