"""Bayesian results as text and as a dictionary."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from metadx.estimate import Estimate, NotApplicable
from metadx.models.summary_text import LINES

if TYPE_CHECKING:
    from metadx.models.bayes_results import BayesianResults

NO_LIKELIHOOD = NotApplicable("a posterior has no maximised likelihood")
#: Attributes that stand in the dictionary under their own names.
QUANTITIES = (
    "mean_logit", "mean_logit_cov", "between_study_cov", "correlation", "rho",
    "sensitivity", "specificity", "tau_sensitivity", "tau_specificity",
    "prediction_sensitivity", "prediction_specificity",
    "lr_positive", "lr_negative", "dor", "auc", "partial_auc",
)  # fmt: skip


def summary_text(fit: BayesianResults) -> str:
    """Return the summary of a Bayesian fit as text."""
    out = [
        f"{fit.table.name}: {fit.k} {'study' if fit.k == 1 else 'studies'} "
        f"({fit.k_complete} complete, {fit.k_sens_only} with sensitivity only, "
        f"{fit.k_spec_only} with specificity only)",
        f"{fit.n_diseased} with and {fit.n_nondiseased} without the target condition",
        f"Model: {fit.model_sentence}",
        *(f"Prior: {text}" for text in fit.prior_sentences),
        "",
    ]
    for name, margin in fit.margins.items():
        if not isinstance(margin.estimate, Estimate):
            out.append(f"{name.capitalize():<28}not reported by any study")
            continue
        count = f"[{margin.k} {'study' if margin.k == 1 else 'studies'}]"
        out.append(f"{name.capitalize():<28}{margin.estimate.format(3)}  {count}")
        predicted = getattr(fit, f"prediction_{name}")
        out.append(f"{'  in a new study':<28}{predicted.low:.3f} to {predicted.high:.3f}")
        if isinstance(margin.tau, Estimate):
            out.append(f"{'  between-study sd (logit)':<28}{margin.tau.format(2)}")
    if isinstance(fit.rho, Estimate):
        out.append(f"{'Correlation of the logits':<28}{fit.rho.format(2)}")
    for attribute, title, decimals in LINES:
        value = getattr(fit, attribute)
        if isinstance(value, Estimate):
            out.append(f"{title:<28}{value.format(decimals)}")
    d = fit.diagnostics
    verdict = "reliable" if d.reliable else "NOT reliable"
    out += [
        "",
        f"Importance sample {verdict}: Pareto k {d.pareto_k:.2f}, {d.ess:,.0f} effective of "
        f"{d.n_draws:,} draws, seed {fit.seed}",
    ]
    out += [f"Note: {text}" for text in fit.warnings]
    out.append(f"Intervals: {100 * fit.level:g}% of the posterior, equal tails")
    return "\n".join(out)


def as_dictionary(fit: BayesianResults) -> dict[str, Any]:
    """Return a Bayesian fit as a JSON-ready dictionary.

    The keys are those of a maximum-likelihood fit, with ``prior`` and ``diagnostics``. A value
    that does not apply is None, with its reason under ``not_applicable``.
    """
    reasons: dict[str, str] = {}

    def plain(name: str, value: Any) -> Any:
        if isinstance(value, NotApplicable):
            reasons[name] = value.reason
            return None
        if isinstance(value, Estimate):
            return value.to_dict()
        return value.tolist() if isinstance(value, np.ndarray) else value

    result: dict[str, Any] = {
        "k": fit.k,
        "k_complete": fit.k_complete,
        "k_sens_only": fit.k_sens_only,
        "k_spec_only": fit.k_spec_only,
        "n_diseased": fit.n_diseased,
        "n_nondiseased": fit.n_nondiseased,
        "method": fit.method,
        "model_path": fit.model_path,
        "prior": fit.prior.to_dict() | {"text": "; ".join(fit.prior_sentences)},
        "converged": fit.converged,
        "at_boundary": list(fit.at_boundary),
        "warnings": list(fit.warnings),
        "n_parameters": fit.n_parameters,
    }
    for name in ("gradient_norm", "loglik", "aic", "bic"):
        result[name] = plain(name, NO_LIKELIHOOD)
    for name in QUANTITIES:
        result[name] = plain(name, getattr(fit, name))
    curve = fit.hsroc
    names = ("Lambda", "Theta", "beta", "var_alpha", "var_theta")
    if isinstance(curve, NotApplicable):
        result["hsroc"] = plain("hsroc", curve)
    else:
        result["hsroc"] = {name: getattr(curve, name).to_dict() for name in names}
    result["margins"] = {name: margin.to_dict() for name, margin in fit.margins.items()}
    result["nodes"] = [list(fit.diagnostics.nodes)]
    result["diagnostics"] = asdict(fit.diagnostics) | {"reliable": fit.diagnostics.reliable}
    result["diagnostics"]["nodes"] = list(fit.diagnostics.nodes)
    result["seed"], result["level"] = fit.seed, fit.level
    result["not_applicable"] = reasons
    return result
