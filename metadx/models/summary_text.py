"""Results as text and as a dictionary."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from metadx.estimate import Estimate, NotApplicable

if TYPE_CHECKING:
    from metadx.models.results import BivariateResults

#: Quantities printed after the two margins: attribute, title, decimals.
LINES = (
    ("lr_positive", "Positive likelihood ratio", 2),
    ("lr_negative", "Negative likelihood ratio", 3),
    ("dor", "Diagnostic odds ratio", 1),
    ("auc", "Area under the SROC curve", 3),
    ("partial_auc", "  over the observed range", 3),
)


#: Below this many studies of a margin the posterior stands beside the likelihood's answer.
FEW_STUDIES = 10


def summary_text(fit: BivariateResults) -> str:
    """Return the summary of a fit as text."""
    out = [
        f"{fit.table.name}: {fit.k} {'study' if fit.k == 1 else 'studies'} "
        f"({fit.k_complete} complete, {fit.k_sens_only} with sensitivity only, "
        f"{fit.k_spec_only} with specificity only)",
        f"{fit.n_diseased} with and {fit.n_nondiseased} without the target condition",
        f"Model: {fit.model_sentence}",
        "",
    ]
    for name, margin in fit.margins.items():
        out.append(f"{name.capitalize():<28}{_margin_text(margin)}")
        predicted = getattr(fit, f"prediction_{name}")
        if isinstance(predicted, Estimate):
            span = f"{predicted.low:.3f} to {predicted.high:.3f}"
            out.append(f"{'  in a new study':<28}{span}")
        if isinstance(margin.tau, Estimate):
            out.append(f"{'  between-study sd (logit)':<28}{margin.tau.format(2)}")
        posterior = _posterior(fit, name)
        if posterior is not None:
            out.append(f"{'  Bayesian, stated prior':<28}{posterior.format(3)}")
    if fit.at_boundary and fit.model_path == "bivariate" and fit.independent:
        pairs = ", ".join(f"{n} {e.format(3)}" for n, e in fit.independent.items())
        out.append(f"{'  as independent margins':<28}{pairs}")
    if isinstance(fit.correlation, float):
        out.append(f"{'Correlation of the logits':<28}{fit.correlation:.3f}")
    for attribute, title, decimals in LINES:
        value = getattr(fit, attribute)
        if isinstance(value, Estimate):
            out.append(f"{title:<28}{value.format(decimals)}")
    if not isinstance(fit.llf, NotApplicable):
        out += ["", f"Log-likelihood {fit.llf:.4f}, AIC {fit.aic:.2f}, BIC {fit.bic:.2f}"]
        nodes = [n for record in fit.optimizer for n in record.nodes]
        quadrature = f"; {min(nodes)} to {max(nodes)} quadrature nodes a dimension"
        out.append(f"Largest score {fit.gradient_norm:.1e}{quadrature if max(nodes) else ''}")
    out += [f"Note: {text}" for text in fit.warnings]
    if any(_posterior(fit, name) is not None for name in fit.margins):
        out.append(f"Prior: {fit.bayesian.prior}")  # type: ignore[union-attr]
    out.append(f"Intervals: {100 * fit.level:g}%, {fit.interval}")
    return "\n".join(out)


def has_few_studies(fit: BivariateResults) -> bool:
    """Whether the posterior is shown beside an exact fit: a margin has two to nine studies."""
    return fit.method == "exact" and any(
        1 < margin.k < FEW_STUDIES for margin in fit.margins.values()
    )


def _posterior(fit: BivariateResults, name: str) -> Estimate | None:
    """Posterior of a margin with two to nine studies, of an exact fit."""
    if fit.method != "exact" or not 1 < fit.margins[name].k < FEW_STUDIES:
        return None
    if isinstance(fit.bayesian, NotApplicable):
        return None
    value = getattr(fit.bayesian, name)
    return value if isinstance(value, Estimate) else None


def _margin_text(margin: Any) -> str:
    if margin.k == 0:
        return "not reported by any study"
    if isinstance(margin.estimate, Estimate):
        studies = "study" if margin.k == 1 else "studies"
        return f"{margin.estimate.format(3)}  [{margin.k} {studies}, {margin.path}]"
    if margin.heterogeneity == "not_estimable":
        return (
            f"not pooled; studies range from {margin.study_low:.3f} to {margin.study_high:.3f}; "
            f"fixed effect {margin.fixed_effect.format(3)}  [{margin.k} studies]"
        )
    return f"{margin.estimate}  [{margin.k} studies]"


def as_dictionary(fit: BivariateResults) -> dict[str, Any]:
    """Return a fit as a JSON-ready dictionary.

    A value that does not apply is None, with its reason under ``not_applicable``.
    """
    reasons: dict[str, str] = {}

    def plain(name: str, value: Any) -> Any:
        if isinstance(value, NotApplicable):
            reasons[name] = value.reason
            return None
        if isinstance(value, Estimate):
            return value.to_dict()
        if isinstance(value, np.ndarray):
            return value.tolist()
        return value

    result: dict[str, Any] = {
        "k": fit.k,
        "k_complete": fit.k_complete,
        "k_sens_only": fit.k_sens_only,
        "k_spec_only": fit.k_spec_only,
        "n_diseased": fit.n_diseased,
        "n_nondiseased": fit.n_nondiseased,
        "method": fit.method,
        "model_path": fit.model_path,
        "converged": fit.converged,
        "gradient_norm": fit.gradient_norm,
        "at_boundary": list(fit.at_boundary),
        "warnings": list(fit.warnings),
        "loglik": plain("loglik", fit.llf),
        "n_parameters": fit.n_parameters,
    }
    for name in (
        "aic", "bic", "mean_logit", "mean_logit_cov", "between_study_cov", "correlation",
        "sensitivity", "specificity", "prediction_sensitivity", "prediction_specificity",
        "lr_positive", "lr_negative", "dor", "auc", "partial_auc",
    ):  # fmt: skip
        result[name] = plain(name, getattr(fit, name))
    curve = fit.hsroc
    if isinstance(curve, NotApplicable):
        reasons["hsroc"] = curve.reason
        result["hsroc"] = None
    else:
        result["hsroc"] = {
            name: getattr(curve, name).to_dict()
            for name in ("Lambda", "Theta", "beta", "var_alpha", "var_theta")
        }
    result["margins"] = {name: margin.to_dict() for name, margin in fit.margins.items()}
    result["optimizer"] = [asdict(record) for record in fit.optimizer]
    result["nodes"] = [list(record.nodes) for record in fit.optimizer]
    result["not_applicable"] = reasons
    return result
