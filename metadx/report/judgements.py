"""What the data say in each domain of GRADE; the judgement is left to people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from metadx.decision import AccuracyDraws
from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.inference.headline import counted
from metadx.inference.small_study import FEWEST_STUDIES, DeeksTest, deeks_test
from metadx.models import BivariateResults
from metadx.models.bayes_results import BayesianResults
from metadx.tables import QuadasTable, StudyTable, describe, judged, label
from metadx.tables.quadas import overall
from metadx.tables.quadas_domains import APPLICABILITY, HIGH, JUDGEMENTS, LOW

#: Domains of GRADE for a body of test accuracy studies (Schünemann et al. 2020, J Clin
#: Epidemiol, doi:10.1016/j.jclinepi.2019.12.020), in the order of its tables.
GRADE_DOMAINS: Final = (
    ("risk_of_bias", "Risk of bias"),
    ("indirectness", "Indirectness"),
    ("inconsistency", "Inconsistency"),
    ("imprecision", "Imprecision"),
    ("publication_bias", "Publication bias"),
)
#: What stands where a person has to decide.
OPEN: Final = "to be judged"

Fit = BivariateResults | BayesianResults


@dataclass(frozen=True, slots=True)
class GradeDomain:
    """One domain of one margin.

    Attributes
    ----------
    domain : str
        A code of `GRADE_DOMAINS`.
    evidence : str
        What the data say, one or two sentences.
    decision : str
        `OPEN` until a person decides.
    """

    domain: str
    evidence: str
    decision: str = OPEN


@dataclass(frozen=True, slots=True)
class MarginEvidence:
    """What is known of one margin from the same source as the draws.

    Attributes
    ----------
    name : str
        ``"sensitivity"`` or ``"specificity"``.
    k, n : int
        Studies, and units in them.
    estimate, prediction, tau : Estimate or NotApplicable
        Pooled proportion, prediction for a new study, between-study sd (logit).
    studies : tuple of float or None
        Smallest and largest proportion of the studies.
    """

    name: str
    k: int
    n: int
    estimate: Estimate | NotApplicable
    prediction: Estimate | NotApplicable
    tau: Estimate | NotApplicable
    studies: tuple[float, float] | None


def margin_evidence(fit: Fit, draws: AccuracyDraws, name: str) -> MarginEvidence:
    """Return a margin of the posterior or of maximum likelihood, whichever the draws are from.

    Raises
    ------
    OptionError
        If the draws come from a posterior that the fit does not have.
    """
    own: Fit = fit
    if draws.source == "posterior" and isinstance(fit, BivariateResults):
        if isinstance(fit.bayesian, NotApplicable):
            raise OptionError(f"the draws are of a posterior, but {fit.bayesian.reason}")
        own = fit.bayesian
    margin = own.margins[name]
    low, high = margin.study_low, margin.study_high
    return MarginEvidence(
        name=name,
        k=margin.k,
        n=margin.n,
        estimate=margin.estimate,
        prediction=getattr(own, f"prediction_{name}"),
        tau=margin.tau,
        studies=None if low is None or high is None else (low, high),
    )


def grade_domains(
    evidence: MarginEvidence, table: StudyTable, quadas: QuadasTable | None, units: str
) -> tuple[GradeDomain, ...]:
    """Say what the data say of one margin in every domain.

    Parameters
    ----------
    evidence : MarginEvidence
    table : StudyTable
        The rows that were pooled.
    quadas : QuadasTable or None
        Judgements, where there are any.
    units : str
        What is counted, in the plural.
    """
    said = {
        "risk_of_bias": risk_of_bias(table, quadas),
        "indirectness": indirectness(table, quadas),
        "inconsistency": inconsistency(evidence),
        "imprecision": imprecision(evidence, units),
        "publication_bias": publication_bias(table),
    }
    if evidence.k == 0:
        nothing = f"No study reports {evidence.name}."
        said |= {"inconsistency": nothing, "imprecision": nothing}
    return tuple(GradeDomain(code, said[code]) for code, _ in GRADE_DOMAINS)


def risk_of_bias(table: StudyTable, quadas: QuadasTable | None) -> str:
    """Count the rows by their risk of bias, or say that nobody judged them."""
    version = quadas.main_version(table) if quadas is not None else NotApplicable("")
    if quadas is None or isinstance(version, NotApplicable):
        return "No QUADAS judgement of these studies is in the tables."
    words = overall(judged(table, quadas, version).judgements)
    low, high, silent = (words.count(word) for word in (LOW, HIGH, ""))
    rest = len(words) - low - high - silent
    parts = [f"{low} low in all domains", f"{high} high in one or more"]
    parts += [f"{rest} unclear"] if rest else []
    parts += [f"{silent} not judged or not in all domains"] if silent else []
    return f"{version}, {rows(len(words))}: {', '.join(parts)}."


def indirectness(table: StudyTable, quadas: QuadasTable | None) -> str:
    """Say in whom and by which unit was counted, and how applicability was judged."""
    parts = []
    if table.is_stratified:
        _, _, unit, population = table.stratum_id.split("/")
        parts.append(f"All rows: {label('population', population)}.")
        parts.append(describe("population", population))
        parts.append(describe("unit", unit))
    if "design" in table.columns:
        counts = table.frame["design"].value_counts()
        named = [f"{label('design', str(code))} {number}" for code, number in counts.items()]
        parts.append(f"Design: {', '.join(named)}.")
    version = quadas.main_version(table) if quadas is not None else NotApplicable("")
    if quadas is not None and not isinstance(version, NotApplicable):
        found = judged(table, quadas, version).judgements[APPLICABILITY]
        worst = [next((w for w in reversed(JUDGEMENTS) if w in set(row)), "") for row in
                 found.to_numpy()]  # fmt: skip
        parts.append(f"Concern about applicability: high in {worst.count(HIGH)} of {len(worst)}.")
    return " ".join(parts) or "The table does not say in whom the test was done."


def inconsistency(evidence: MarginEvidence) -> str:
    """Say how much the studies differ."""
    if evidence.k == 1:
        return "One study: nothing can be said about differences."
    parts = []
    if isinstance(evidence.tau, Estimate):
        parts.append(f"Between-study sd {evidence.tau.format(2)} on the logit scale.")
    else:
        parts.append(f"Between-study sd: {evidence.tau.reason}.")
    if isinstance(evidence.prediction, Estimate):
        new = evidence.prediction
        parts.append(f"A new study is expected from {new.low:.2f} to {new.high:.2f}.")
    if evidence.studies is not None:
        low, high = evidence.studies
        parts.append(f"The studies range from {low:.2f} to {high:.2f}.")
    return " ".join(parts)


def imprecision(evidence: MarginEvidence, units: str) -> str:
    """Say on how much the number rests and how wide its interval is."""
    condition = "with" if evidence.name == "sensitivity" else "without"
    text = f"{studies(evidence.k)}, {evidence.n:,} {units} {condition} the condition."
    if isinstance(evidence.estimate, NotApplicable):
        return f"{text} Not pooled: {evidence.estimate.reason}."
    low, high = evidence.estimate.low, evidence.estimate.high
    width = 100.0 * (high - low)
    return f"{text} Interval from {low:.2f} to {high:.2f}, {width:.0f} points wide."


def publication_bias(table: StudyTable) -> str:
    """Give Deeks' test, or say why there is none."""
    found = small_study_test(table)
    return f"Not tested: {found.reason}." if isinstance(found, NotApplicable) else (
        f"{found.sentence}."
    )  # fmt: skip


def small_study_test(table: StudyTable, level: float = 0.95) -> DeeksTest | NotApplicable:
    """Return Deeks' test, with the number of studies in words where there are too few."""
    complete = len(table.complete)
    if complete < FEWEST_STUDIES:
        verb = "reports" if complete == 1 else "report"
        return NotApplicable(
            f"{studies(complete)} {verb} both sensitivity and specificity; the test needs "
            f"{FEWEST_STUDIES}"
        )
    return deeks_test(table, level=level)


def studies(k: int) -> str:
    """Write ``"1 study"`` or ``"5 studies"``."""
    return counted(k)


def rows(n: int) -> str:
    """Write ``"1 row"`` or ``"5 rows"``."""
    return f"{n} {'row' if n == 1 else 'rows'}"
