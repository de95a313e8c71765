"""The summary of findings: what a test does to 1,000 people, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from metadx.decision import AccuracyDraws, Frequencies, accuracy_draws, natural_frequencies
from metadx.decision.draws import FEW_STUDIES
from metadx.decision.pretest import pretests
from metadx.decision.wording import Wording, wording_of
from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.models import BivariateResults
from metadx.models.bayes_results import BayesianResults
from metadx.models.design import MARGINS
from metadx.report.judgements import (
    Fit,
    GradeDomain,
    MarginEvidence,
    grade_domains,
    margin_evidence,
)
from metadx.tables import QuadasTable, StudyTable, stratum_label
from metadx.tables.frames import cell_text

#: A table for more prevalences than three is not read.
MOST_PREVALENCES: Final = 3
#: The outcomes in the order of GRADE's tables: name in the frequencies, words, margin.
OUTCOMES: Final = (
    ("found", "True positives", "sensitivity"),
    ("missed", "False negatives", "sensitivity"),
    ("cleared", "True negatives", "specificity"),
    ("false_alarms", "False positives", "specificity"),
)
#: Columns in which a table may count results that are neither positive nor negative.
INCONCLUSIVE_COLUMNS: Final = (
    "inconclusive",
    "indeterminate",
    "uninterpretable",
    "nondiagnostic",
)
NOT_REPORTED: Final = "not reported"
#: More reference standards than this are counted, not listed.
LISTED_STANDARDS: Final = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row of the table: an outcome at every prevalence.

    Attributes
    ----------
    name, label : str
        Name in the frequencies, and words.
    margin : str
        The margin that it follows from.
    counts : tuple of Estimate or NotApplicable
        People at each prevalence with the interval of the mean, whole numbers.
    new_setting : tuple of Estimate or NotApplicable
        The same with the interval for a new hospital.
    """

    name: str
    label: str
    margin: str
    counts: tuple[Estimate | NotApplicable, ...]
    new_setting: tuple[Estimate | NotApplicable, ...]


@dataclass(frozen=True)
class Findings:
    """A summary of findings for one test.

    Attributes
    ----------
    title : str
        The stratum in words.
    facts : tuple of (str, str)
        Test, people, condition and reference standard.
    prevalences : tuple of str
        How each column is headed.
    outcomes : tuple of Outcome
        True positives, false negatives, true negatives, false positives.
    inconclusive : str
        Number of inconclusive results, or that the table does not report them.
    margins : dict of str to MarginEvidence
        Sensitivity and specificity.
    domains : dict of str to tuple of GradeDomain
        What the data say, by margin.
    notes : tuple of str
        Intervals, model, rounding, warnings.
    total : int
        People in each column.
    units : str
        What is counted, in the plural.
    source, model : str
        ``"posterior"`` or ``"maximum likelihood"``, and the model in one sentence.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    prevalences: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    inconclusive: str
    margins: dict[str, MarginEvidence]
    domains: dict[str, tuple[GradeDomain, ...]]
    notes: tuple[str, ...]
    total: int
    units: str
    source: str
    model: str

    def to_html(self, fragment: bool = False) -> str:
        """Return a page, or the part of one (``fragment=True``)."""
        from metadx.report.findings_output import findings_html

        return findings_html(self, fragment)

    def to_latex(self) -> str:
        """Return two LaTeX tables (package booktabs)."""
        from metadx.report.findings_output import findings_latex

        return findings_latex(self)

    def to_csv(self) -> str:
        """Return one row for each outcome and prevalence."""
        from metadx.report.findings_output import findings_csv

        return findings_csv(self)

    def to_docx(self) -> bytes:
        """Return a Word document."""
        from metadx.report.findings_output import findings_docx

        return findings_docx(self)


def findings(
    fit: Fit,
    prevalences: Any,
    *,
    quadas: QuadasTable | None = None,
    total: int = 1000,
    seed: int = 1,
    source: str | None = None,
    condition: str | None = None,
) -> Findings:
    """Make a summary of findings.

    Parameters
    ----------
    fit : BivariateResults or BayesianResults
        What was pooled.
    prevalences : float or list or mapping
        One to three pretest probabilities, or a mapping from words to them.
    quadas : QuadasTable, optional
        Judgements of the studies.
    total : int
        People in each column.
    seed, source
        See `metadx.decision.accuracy_draws`.
    condition : str, optional
        The condition with its article, for a table that does not say.

    Returns
    -------
    Findings

    Raises
    ------
    OptionError
        If there is no prevalence, or more than three, or one is not between 0 and 1.

    Notes
    -----
    The four numbers of a column are whole and add up to `total`. Certainty and the five
    domains that lead to it are left open: the table says what the data say
    (Schünemann et al. 2020, doi:10.1016/j.jclinepi.2019.12.020).
    """
    draws = accuracy_draws(fit, seed=seed, source=source)
    chosen = pretests(prevalences, len(draws), seed, draws.level)
    if len(chosen) > MOST_PREVALENCES:
        raise OptionError(
            f"{len(chosen)} prevalences; a summary of findings has up to {MOST_PREVALENCES}"
        )
    found = [natural_frequencies(draws, one, total) for one in chosen]
    margins = {name: margin_evidence(fit, draws, name) for name in MARGINS}
    wording = wording_of(fit.table, condition)
    return Findings(
        title=_title(fit.table),
        facts=(*_facts(fit.table, wording), ("Numbers from", numbers_from(fit, draws, source))),
        prevalences=tuple(one.label for one in chosen),
        outcomes=_outcomes(found, margins),
        inconclusive=inconclusive_results(fit.table),
        margins=margins,
        domains={
            name: grade_domains(margins[name], fit.table, quadas, wording.units) for name in MARGINS
        },
        notes=_notes(draws, total, wording),
        total=total,
        units=wording.units,
        source=draws.source,
        model=draws.model,
    )


def _title(table: StudyTable) -> str:
    ids = set(table.stratum_ids())
    return stratum_label(ids.pop()) if len(ids) == 1 else table.name


def _facts(table: StudyTable, wording: Wording) -> tuple[tuple[str, str], ...]:
    facts = [("Condition", wording.condition), ("Counted", wording.units)]
    if "reference_standard" in table.columns:
        standards = sorted({cell_text(one) for one in table.frame["reference_standard"]} - {""})
        if 0 < len(standards) <= LISTED_STANDARDS:
            facts.append(("Reference standard", "; ".join(standards)))
        elif standards:
            facts.append(
                ("Reference standard", f"{len(standards)} different ones, see the studies")
            )
    return tuple(facts)


def numbers_from(fit: Fit, draws: AccuracyDraws, asked: str | None) -> str:
    """Say where the numbers come from, why, and what the table of estimates has instead.

    Parameters
    ----------
    fit : BivariateResults or BayesianResults
        What was pooled.
    draws : AccuracyDraws
        What the numbers are made from.
    asked : str or None
        The source that was asked for.
    """
    shown = f"{'posterior medians' if draws.source == 'posterior' else draws.source}"
    if isinstance(fit, BayesianResults):
        return shown
    if draws.source != "posterior":
        few = "as asked for" if asked else f"{FEW_STUDIES} studies or more of each margin"
        return f"{shown} ({few}), as in the table of estimates"
    counted = [f"{name} {fit.margins[name].k}" for name in MARGINS if fit.margins[name].k]
    why = "as asked for" if asked else _why_posterior(fit, counted)
    other = "; ".join(_estimated(fit, name) for name in MARGINS if fit.margins[name].k)
    return f"{shown}, {why}; the table of estimates has maximum likelihood: {other}"


def _why_posterior(fit: BivariateResults, counted: Sequence[str]) -> str:
    if all(fit.margins[name].k < 2 for name in MARGINS):
        return (
            "because one study by itself says nothing about other hospitals and the prior has to "
            "say how far they may differ"
        )
    if any(0 < fit.margins[name].k < FEW_STUDIES for name in MARGINS):
        return (
            f"because with fewer than {FEW_STUDIES} studies of a margin ({', '.join(counted)}) "
            "intervals of maximum likelihood tend to be too narrow"
        )
    return "because maximum likelihood does not estimate both margins"


def _estimated(fit: BivariateResults, name: str) -> str:
    """Write a margin as the table of estimates has it."""
    margin = fit.margins[name]
    if isinstance(margin.estimate, Estimate):
        summed = {"single_study": " (one study)", "fixed_effect": " (summed counts)"}
        return f"{name} {margin.estimate.format(2)}{summed.get(margin.path, '')}"
    if isinstance(margin.fixed_effect, Estimate):
        return f"{name} not pooled, summed counts {margin.fixed_effect.format(2)}"
    return f"{name} not pooled"


def _outcomes(
    found: Sequence[Frequencies], margins: dict[str, MarginEvidence]
) -> tuple[Outcome, ...]:
    return tuple(
        Outcome(
            name,
            words,
            margin,
            tuple(one.counts[name] for one in found),
            tuple(one.new_setting[name] for one in found),
        )
        for name, words, margin in OUTCOMES
    )


def inconclusive_results(table: StudyTable) -> str:
    """Count inconclusive results where a column of the table reports them."""
    for name in table.columns:
        if name.lower() not in INCONCLUSIVE_COLUMNS:
            continue
        texts = [cell_text(one) for one in table.frame[name]]
        known = [text for text in texts if text]
        if known and all(text.replace(".", "", 1).isdigit() for text in known):
            counted = sum(float(text) for text in known)
            return f"{counted:,.0f} in {len(known)} of {len(texts)} rows"
    return NOT_REPORTED


def _notes(draws: AccuracyDraws, total: int, wording: Wording) -> tuple[str, ...]:
    level = f"{100 * draws.level:g}%"
    kind = "credible" if draws.source == "posterior" else "confidence"
    notes = [
        f"Numbers per {total:,} {wording.units}; in brackets the {level} {kind} interval of the "
        f"average hospital, then the {level} prediction interval for a new one.",
        f"Model: {draws.model}.",
        f"The intervals come from {len(draws):,} draws ({draws.source}, seed {draws.seed}).",
        "The five domains and the certainty are to be judged by people; the table only says "
        "what the data say.",
    ]
    told = [text[:1].upper() + text[1:] for text in dict.fromkeys(draws.warnings)]
    return (*notes, *(text if text.endswith(".") else f"{text}." for text in told))
