"""From an open table and choices to everything that the page says of them."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias

import pandas as pd
from pandas.api.types import is_numeric_dtype

from metadx.app.choices import Choices, chosen_rows
from metadx.app.sessions import Session
from metadx.app.sheet import Sheet
from metadx.errors import MetadxError, ModelError, OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.inference import Comparison
from metadx.inference.appraisal import Appraisal, appraise
from metadx.models import BivariateResults
from metadx.report.fit_record import AREAS, ESTIMATES, FitOptions, fit_table, record_of
from metadx.tables import StudyTable

#: Bootstrap and leaving studies out run on all cores by themselves; two at once would not be
#: faster, and numba's plainest threads do not allow it.
_HEAVY: Final = threading.Lock()
#: Probabilities, in the order of the page; ratios follow.
PROBABILITIES: Final = ("sensitivity", "specificity")
PREDICTIONS: Final = ("prediction_sensitivity", "prediction_specificity")
#: Words, sensitivity and specificity of one value of a covariate.
Point: TypeAlias = tuple[str, Estimate | NotApplicable, Estimate | NotApplicable]
QUANTITIES: Final = (*PROBABILITIES, *PREDICTIONS, *ESTIMATES[2:], *AREAS)


@dataclass(frozen=True)
class Analysis:
    """A fit and what the page shows of it.

    Attributes
    ----------
    table : StudyTable
        The rows that were pooled.
    choices : Choices
    fit : BivariateResults or BayesianResults
    comparison : Comparison or NotApplicable
        Of the groups, where some were chosen.
    record : dict
        The record that ``metadx fit --json`` prints.
    """

    table: StudyTable
    choices: Choices
    fit: Any
    comparison: Comparison | NotApplicable
    record: dict[str, Any]

    @property
    def is_posterior(self) -> bool:
        """Whether the numbers are a posterior's."""
        return not isinstance(self.fit, BivariateResults)

    @cached_property
    def estimates(self) -> list[tuple[str, Estimate | NotApplicable]]:
        """Every headline quantity by name, with its interval or the reason why not."""
        return [(name, _quantity(self.record, name)) for name in QUANTITIES]

    @cached_property
    def other_intervals(self) -> list[str]:
        """Which intervals are not of the kind that was asked for, and why."""
        kind = f" {self.choices.interval} interval"
        found: dict[str, list[str]] = {}
        for name, reason in self.record["not_applicable"].items():
            if name.endswith(kind) and _quantity(self.record, name.removesuffix(kind)):
                found.setdefault(reason, []).append(name.removesuffix(kind).replace("_", " "))
        head = f"Wald intervals instead of {self.choices.interval} ones of"
        return [f"{head} {', '.join(names)}: {reason}" for reason, names in found.items()]

    @cached_property
    def text(self) -> str:
        """Everything as text, or why there is none."""
        try:
            return str(self.fit.summary())
        except MetadxError as error:
            return str(error)

    @cached_property
    def posterior(self) -> list[tuple[str, Estimate | None]]:
        """The Bayesian answer beside few studies, empty where there is none."""
        found = self.record.get("bayes")
        if not found:
            return []
        return [(name, Estimate(**found[name]) if found[name] else None) for name in ESTIMATES]

    @cached_property
    def points(self) -> list[Point]:
        """Sensitivity and specificity at values of a single covariate."""
        if not isinstance(self.fit, BivariateResults) or len(self.choices.covariates) != 1:
            return []
        (name,) = self.choices.covariates
        found: list[Point] = []
        for value in _values(self.fit.table.frame[name]):
            try:
                point = self.fit.at(**{name: value})
            except (OptionError, ModelError) as error:
                reason = NotApplicable(str(error))
                found.append((f"{name} = {value}", reason, reason))
                continue
            found.append((f"{name} = {value}", point.sensitivity, point.specificity))
        return found

    @cached_property
    def coefficients(self) -> pd.DataFrame | None:
        """Coefficients on the logit scale with their intervals, where there are covariates."""
        if not isinstance(self.fit, BivariateResults) or not self.choices.covariates:
            return None
        if self.fit.joint is None:
            return None
        slopes = self.fit.params[[name for name in self.fit.param_names if ":" in name]]
        return self.fit.conf_int().reindex(slopes.index).assign(estimate=slopes)

    def rows(self) -> pd.DataFrame:
        """Return the estimates as a table, empty with a reason where something does not apply."""
        shared = {
            "table": self.table.name,
            "k": self.record["k"],
            "model_path": self.record.get("model_path", "bivariate"),
            "formula": self.choices.formula,
        }
        named = list(self.estimates)
        for words, *margins in self.points:
            named += [
                (f"{margin} at {words}", value)
                for margin, value in zip(PROBABILITIES, margins, strict=True)
            ]
        found = []
        for name, value in named:
            row = {"quantity": name, **dict.fromkeys(("value", "low", "high", "level", "method"))}
            reason = value.reason if isinstance(value, NotApplicable) else ""
            numbers = value.to_dict() if isinstance(value, Estimate) else {}
            found.append(row | {"reason": reason} | numbers | shared)
        return pd.DataFrame(found)


def analysed(session: Session, choices: Choices) -> Analysis:
    """Fit the chosen rows, or return the fit that was made before.

    Raises
    ------
    StudyTableError
        The table has faults.
    ModelError, OptionError
        These rows do not allow this model.
    """

    def make(sheet: Sheet) -> Analysis:
        rows, options = chosen_rows(sheet.table, choices), choices.options
        with _HEAVY if choices.interval == "bootstrap" else nullcontext():
            fit, comparison = fit_table(rows, options)
            record = record_of(rows, fit, comparison, options)
        return Analysis(fit.table, choices, fit, comparison, record)

    found: Analysis = session.remembered(choices, make)
    return found


def appraised(session: Session, choices: Choices) -> Appraisal:
    """Return the appraisal of the exact fit of the chosen rows."""
    analysis = analysed(session, choices)
    if choices.method != "exact" or choices.covariates or choices.group:
        raise ModelError(
            "robustness is judged for the exact model without covariates and groups; choose these"
        )

    def make(_: Sheet) -> Appraisal:
        with _HEAVY:
            made = appraise(analysis.fit)
            # Its parts are computed when they are asked for, and that shall be here.
            for part in ("influence", "robustness", "heterogeneity", "deeks"):
                getattr(made, part)
        return made

    found: Appraisal = session.remembered(("appraisal", choices), make)
    return found


def warm_up() -> None:
    """Fit something small, so that compiled code is loaded before a person waits for it."""
    frame = pd.DataFrame(
        {"study": list("abcde"), "tp": [18, 25, 40, 9, 30], "fp": [4, 2, 9, 1, 6],
         "fn": [2, 5, 6, 3, 4], "tn": [40, 31, 60, 22, 48]}
    )  # fmt: skip
    table, options = StudyTable.from_frame(frame), FitOptions()
    record_of(table, *fit_table(table, options), options)


def _quantity(record: dict[str, Any], name: str) -> Estimate | NotApplicable:
    value = record.get(f"{name}_interval" if name in AREAS else name)
    if isinstance(value, dict) and value.get("value") is not None:
        ends = {end: float("nan") if value[end] is None else value[end] for end in ("low", "high")}
        return Estimate(**{**value, **ends})
    reasons = record["not_applicable"]
    margin = name.removeprefix("prediction_")
    return NotApplicable(reasons.get(name) or reasons.get(margin) or "not part of this model")


def _values(cells: pd.Series[Any]) -> list[Any]:
    """Return the groups of words, or smallest, middle and largest number."""
    if not is_numeric_dtype(cells.dtype):
        return sorted(cells.unique())
    numbers = cells.astype(float)
    return sorted({float(numbers.min()), float(numbers.median()), float(numbers.max())})
