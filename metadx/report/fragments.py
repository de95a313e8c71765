"""The parts of a stratum that the one-file report can hold: appraisal, findings, paragraphs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from markupsafe import Markup

from metadx.decision.inputs import Input
from metadx.inference.appraisal import appraise
from metadx.models import BivariateResults
from metadx.report.appraisal_record import appraisal_html
from metadx.report.methods_references import all_references
from metadx.report.paragraphs import paragraphs
from metadx.report.prevalences import site_findings, site_prevalences
from metadx.tables import QuadasTable, StudyTable


@dataclass(frozen=True, slots=True)
class Fragments:
    """HTML of one stratum, each part empty where it does not apply.

    Attributes
    ----------
    appraisal : str
        Differences, influence, outliers, small-study effects, robustness.
    findings : str
        Summary of findings at the prevalences known of the site.
    paragraphs : str
        Methods and results; their references stand once in the report, `references_html`.
    reasons : dict of str to str
        Why a part is empty.
    """

    appraisal: str = ""
    findings: str = ""
    paragraphs: str = ""
    reasons: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """Return plain values, ready for JSON."""
        return asdict(self)


def stratum_fragments(
    fit: BivariateResults,
    rows: StudyTable,
    *,
    inputs: Mapping[str, Input] | None = None,
    quadas: QuadasTable | None = None,
    seed: int = 1,
    least: int = 2,
) -> Fragments:
    """Render the parts of one stratum.

    Parameters
    ----------
    fit : BivariateResults
        Its fit, without covariates.
    rows : StudyTable
        All rows of the stratum, pooled or not.
    inputs : mapping of str to Input, optional
        From `metadx.report.prevalences.known_inputs`; without, there are no findings.
    quadas : QuadasTable, optional
        Judgements of the studies.
    seed : int
        Seed of everything that is simulated.
    least : int
        Studies from which a stratum has an appraisal.

    Returns
    -------
    Fragments
        A stratum of one study has no appraisal.
    """
    reasons: dict[str, str] = {}
    appraisal = findings = ""
    if fit.k >= least:
        appraisal = appraisal_html(appraise(fit, seed=seed, quadas=quadas), fragment=True)
    elif fit.k == 1:
        reasons["appraisal"] = "one study: there is nothing to compare"
    else:
        reasons["appraisal"] = f"{fit.k} studies; metadx appraise {rows.stratum_id} shows it"
    if site_prevalences(fit.table, inputs or {}):
        made = site_findings(fit, inputs or {}, quadas=quadas, seed=seed)
        findings = made.to_html(fragment=True)
    else:
        reasons["findings"] = "no prevalence is known for this site; metadx sof takes one"
    return Fragments(appraisal, findings, paragraphs(fit, rows).to_html(fragment=True), reasons)


def references_html() -> str:
    """Return the references that the paragraphs cite, once for the whole report."""
    items = (Markup("<li>{}</li>").format(one.line()) for one in all_references())
    return str(Markup("<ol>{}</ol>").format(Markup("").join(items)))
