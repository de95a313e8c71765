"""One record per stratum: every pooled number, ready for a table, and why one is absent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, TypeAlias

from metadx.estimate import Estimate, NotApplicable
from metadx.models import BivariateResults, Margin
from metadx.models.bayes_results import BayesianResults
from metadx.models.summary_text import FEW_STUDIES, has_few_studies
from metadx.tables import StudyTable

Cell: TypeAlias = str | int | float | bool | None

MARGINS: Final = ("sensitivity", "specificity")
#: Quantities of the summary point, in the order of the table.
DERIVED: Final = ("lr_positive", "lr_negative", "dor", "auc")
#: Quantities of the post-test calculator, from draws of the fit.
CALCULATOR: Final = ("sensitivity", "specificity", "lr_positive", "lr_negative")
#: Those of them that also have an interval for a new hospital.
CALCULATOR_PREDICTIONS: Final = ("lr_positive", "lr_negative")
#: States of a margin in which its pooled estimate rests on how much studies differ.
POOLED_STATES: Final = ("estimated", "zero")


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with its interval, or an interval alone; every field may be absent."""

    value: float | None = None
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, estimate: object) -> Interval:
        """Take the numbers of an Estimate; anything else gives an empty interval."""
        if isinstance(estimate, Estimate):
            return cls(estimate.value, estimate.low, estimate.high)
        return cls()

    def __bool__(self) -> bool:
        return self.low is not None and self.high is not None


#: An interval without any number.
NOTHING: Final = Interval()


@dataclass(frozen=True, slots=True)
class MarginRecord:
    """What is known about one margin of a stratum (probabilities; tau on the logit scale).

    Attributes
    ----------
    k, n : int
        Studies with this margin, and units in them.
    path : str
        How it was pooled, as in `metadx.models.Margin`.
    heterogeneity : str
        ``"estimated"``, ``"zero"``, ``"not_estimable"`` or ``"not_applicable"``.
    pooled : Interval
        The estimate that may stand as a headline; a single study's own proportion.
    prediction : Interval
        Ends of the prediction interval for a new study; no value.
    tau : float or None
        Between-study standard deviation; 0 where estimated at its boundary.
    studies : Interval
        Smallest and largest proportion of the studies; no value.
    summed : Interval
        Exact binomial of the summed counts, which ignores differences between studies.
    bayesian : Interval
        Posterior median with its interval, where there are two to nine studies.
    reason : str
        Why there is no estimate, or why it is a step down.
    """

    k: int = 0
    n: int = 0
    path: str = "none"
    heterogeneity: str = "not_applicable"
    pooled: Interval = NOTHING
    prediction: Interval = NOTHING
    tau: float | None = None
    studies: Interval = NOTHING
    summed: Interval = NOTHING
    bayesian: Interval = NOTHING
    reason: str = ""

    @property
    def is_pooled(self) -> bool:
        """Whether several studies were pooled with regard to how much they differ."""
        return self.k > 1 and self.heterogeneity in POOLED_STATES and bool(self.pooled)

    @property
    def best(self) -> Interval:
        """The pooled estimate, or the summed counts where nothing could be pooled."""
        return self.pooled or self.summed


@dataclass(frozen=True, slots=True)
class StratumRecord:
    """Everything that is reported about one stratum.

    Attributes
    ----------
    stratum : str
        Identifier, ``"ct/hip/patient/radiograph_negative"``.
    modality, site, unit, population : str
        Its parts; empty for a table without strata.
    headline : bool
        Whether it is the main stratum of its modality and site.
    k, k_complete, k_sens_only, k_spec_only : int
        Studies.
    n_diseased, n_nondiseased : int
        Units in them.
    sensitivity, specificity : MarginRecord
        The margins.
    derived : dict of str to Interval
        Ratios and area, by the names in `DERIVED`.
    correlation : float or None
        Between-study correlation of the logits.
    calculator : dict of str to Interval
        What post-test probabilities are calculated with, by the names in `CALCULATOR`; empty
        where a margin is missing.
    calculator_source : str
        ``"posterior"`` or ``"maximum likelihood"``.
    prior : str
        Prior of the Bayesian estimates; empty where there are none.
    reasons : dict of str to str
        Why a quantity is absent.
    failure : str
        Message of the error that kept the stratum from being computed; empty if none did.
    """

    stratum: str
    modality: str
    site: str
    unit: str
    population: str
    k: int
    k_complete: int
    k_sens_only: int
    k_spec_only: int
    n_diseased: int
    n_nondiseased: int
    headline: bool = False
    model_path: str = ""
    model_sentence: str = ""
    at_boundary: tuple[str, ...] = ()
    sensitivity: MarginRecord = MarginRecord()
    specificity: MarginRecord = MarginRecord()
    derived: Mapping[str, Interval] = field(default_factory=dict)
    correlation: float | None = None
    calculator: Mapping[str, Interval] = field(default_factory=dict)
    calculator_source: str = ""
    prior: str = ""
    level: float = 0.95
    converged: bool | None = None
    gradient_norm: float | None = None
    warnings: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""

    def margin(self, name: str) -> MarginRecord:
        """Return one margin by name."""
        return self.sensitivity if name == "sensitivity" else self.specificity

    def to_dict(self) -> dict[str, Any]:
        """Return nested plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StratumRecord:
        """Rebuild a record from `to_dict`, also after a passage through JSON.

        Raises
        ------
        TypeError, KeyError, AttributeError
            If the data are not those of a record.
        """
        found = dict(data)
        for name in MARGINS:
            inner = dict(found[name])
            for part in ("pooled", "prediction", "studies", "summed", "bayesian"):
                inner[part] = Interval(**inner[part])
            found[name] = MarginRecord(**inner)
        for name in ("derived", "calculator"):
            found[name] = {k: Interval(**v) for k, v in found[name].items()}
        for name in ("at_boundary", "warnings"):
            found[name] = tuple(found[name])
        return cls(**found)


def identity(stratum: str, table: StudyTable) -> dict[str, Any]:
    """Return what is known of a stratum before any model: its parts and its studies."""
    pooled = table.pooled()
    parts = stratum.split("/") if table.is_stratified else [""] * 4
    sizes = pooled.arrays().totals.sum(axis=0)
    return {
        "stratum": stratum,
        **dict(zip(("modality", "site", "unit", "population"), parts, strict=True)),
        "k": len(pooled),
        "k_complete": len(pooled.complete),
        "k_sens_only": len(pooled.sens_only),
        "k_spec_only": len(pooled.spec_only),
        "n_diseased": int(sizes[0]),
        "n_nondiseased": int(sizes[1]),
    }


def failed(stratum: str, table: StudyTable, message: str) -> StratumRecord:
    """Return the record of a stratum that could not be computed."""
    return StratumRecord(**identity(stratum, table), failure=message)


def record_of(stratum: str, table: StudyTable, fit: BivariateResults) -> StratumRecord:
    """Take every reported number from a fit.

    Parameters
    ----------
    stratum : str
        Identifier.
    table : StudyTable
        All rows of the stratum, pooled or not.
    fit : BivariateResults
        The fit of its pooled rows.
    """
    reasons: dict[str, str] = {}
    posterior = fit.bayesian if has_few_studies(fit) else None
    margins = [_margin(fit, fit.margins[name], posterior, reasons) for name in MARGINS]
    correlation = fit.correlation
    if isinstance(correlation, NotApplicable):
        reasons["correlation"] = correlation.reason
    derived = {}
    for name in DERIVED:
        quantity = getattr(fit, name)
        derived[name] = Interval.of(quantity)
        if isinstance(quantity, NotApplicable):
            reasons[name] = quantity.reason
    searched = bool(fit.optimizer)
    return replace(
        StratumRecord(**identity(stratum, table)),
        k=fit.k,
        k_complete=fit.k_complete,
        k_sens_only=fit.k_sens_only,
        k_spec_only=fit.k_spec_only,
        model_path=fit.model_path,
        model_sentence=fit.model_sentence,
        at_boundary=fit.at_boundary,
        sensitivity=margins[0],
        specificity=margins[1],
        derived=derived,
        correlation=None if isinstance(correlation, NotApplicable) else float(correlation),
        prior=str(posterior.prior) if isinstance(posterior, BayesianResults) else "",
        level=fit.level,
        converged=bool(fit.converged) if searched else None,
        gradient_norm=float(fit.gradient_norm) if searched else None,
        warnings=fit.warnings,
        reasons=reasons,
    )


def _margin(
    fit: BivariateResults,
    margin: Margin,
    posterior: BayesianResults | NotApplicable | None,
    reasons: dict[str, str],
) -> MarginRecord:
    prediction = getattr(fit, f"prediction_{margin.name}")
    absent = {
        margin.name: margin.estimate,
        f"{margin.name}_prediction": prediction,
        f"tau_{margin.name[:4]}": _tau(margin),
    }
    reasons.update({k: v.reason for k, v in absent.items() if isinstance(v, NotApplicable)})
    tau = _tau(margin)
    span = Interval.of(prediction)
    few = isinstance(posterior, BayesianResults) and 1 < margin.k < FEW_STUDIES
    return MarginRecord(
        k=margin.k,
        n=margin.n,
        path=margin.path,
        heterogeneity=margin.heterogeneity,
        pooled=Interval.of(margin.estimate),
        prediction=Interval(None, span.low, span.high),
        tau=None if isinstance(tau, NotApplicable) else tau,
        studies=Interval(None, margin.study_low, margin.study_high),
        summed=Interval.of(margin.fixed_effect),
        bayesian=Interval.of(getattr(posterior, margin.name)) if few else Interval(),
        reason=margin.reason,
    )


def _tau(margin: Margin) -> float | NotApplicable:
    """Between-study standard deviation; a value that the data do not bound is no value."""
    if margin.heterogeneity == "zero":
        return 0.0
    if margin.heterogeneity == "estimated" and isinstance(margin.tau, Estimate):
        return margin.tau.value
    if isinstance(margin.tau, NotApplicable):
        return margin.tau
    return NotApplicable(margin.reason)


def row_of(record: StratumRecord) -> dict[str, Cell]:
    """Lay a record out as one row of the table of estimates; absent is None."""
    row: dict[str, Cell] = {
        name: getattr(record, name)
        for name in (
            "stratum", "modality", "site", "unit", "population", "headline", "k", "k_complete",
            "k_sens_only", "k_spec_only", "n_diseased", "n_nondiseased", "model_path",
        )
    }  # fmt: skip
    row["at_boundary"] = ";".join(record.at_boundary)
    for name in MARGINS:
        row |= _spread(name, record.margin(name).pooled)
    for name in MARGINS:
        row |= _ends(f"{name}_prediction", record.margin(name).prediction)
    row["tau_sens"], row["tau_spec"] = record.sensitivity.tau, record.specificity.tau
    row["correlation"] = record.correlation
    for name in DERIVED:
        row |= _spread(name, record.derived.get(name, Interval()))
    for name in CALCULATOR:
        row |= _spread(f"calculator_{name}", record.calculator.get(name, NOTHING))
    for name in CALCULATOR_PREDICTIONS:
        ends = record.calculator.get(f"{name}_prediction", NOTHING)
        row |= _ends(f"calculator_{name}_prediction", ends)
    row["calculator_source"] = record.calculator_source
    for name in MARGINS:
        margin = record.margin(name)
        row[f"{name}_k"], row[f"{name}_n"] = margin.k, margin.n
        row[f"{name}_path"] = margin.path if margin.k else ""
        row[f"{name}_heterogeneity"] = margin.heterogeneity if margin.k else ""
        row |= _ends(f"{name}_studies", margin.studies)
        row |= _spread(f"{name}_fixed_effect", margin.summed)
        row |= _spread(f"{name}_bayesian", margin.bayesian)
    row["level"] = record.level
    row["converged"], row["gradient_norm"] = record.converged, record.gradient_norm
    row["prior"] = record.prior
    row["warnings"] = " | ".join(record.warnings)
    row["reason"] = f"not computed: {record.failure}" if record.failure else _reason(record)
    return row


def _spread(name: str, interval: Interval) -> dict[str, Cell]:
    return {name: interval.value, **_ends(name, interval)}


def _ends(name: str, interval: Interval) -> dict[str, Cell]:
    return {f"{name}_low": interval.low, f"{name}_high": interval.high}


def _reason(record: StratumRecord) -> str:
    """Say why numbers are absent, those with the same reason together."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in record.reasons.items():
        by_reason.setdefault(reason, []).append(name)
    return " | ".join(f"{', '.join(names)}: {reason}" for reason, names in by_reason.items())


def with_headlines(
    records: Iterable[StratumRecord], headlines: Iterable[str]
) -> list[StratumRecord]:
    """Mark the headline strata and sort all records by identifier.

    Parameters
    ----------
    records : iterable of StratumRecord
    headlines : iterable of str
        Identifiers, from `metadx.tables.headline_strata`.
    """
    marked = set(headlines)
    found = [replace(record, headline=record.stratum in marked) for record in records]
    return sorted(found, key=lambda record: record.stratum)


#: Columns of the table of estimates, in order.
COLUMNS: Final = tuple(row_of(StratumRecord("", "", "", "", "", 0, 0, 0, 0, 0, 0)))
