"""What was found, sentence by sentence, from the fit and from the rows behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from metadx.decision.wording import wording_of
from metadx.estimate import Estimate, NotApplicable
from metadx.inference.small_study import ASYMMETRY
from metadx.models import BivariateResults, Margin
from metadx.report.judgements import rows as rows_word
from metadx.report.judgements import small_study_test, studies
from metadx.report.methods_paragraph import Said, posterior_of
from metadx.tables import StudyTable, flow, label
from metadx.tables.flow import TOTAL

#: Digits after the point, as `metadx fit` prints them.
PROBABILITY: Final = 3
DERIVED: Final = (
    ("lr_positive", "positive likelihood ratio", 2),
    ("lr_negative", "negative likelihood ratio", 3),
    ("dor", "diagnostic odds ratio", 1),
    ("auc", "area under the summary ROC curve", 3),
)


def results_sentences(fit: BivariateResults, rows: StudyTable) -> Iterator[Said]:
    """Say what an analysis found.

    Parameters
    ----------
    fit : BivariateResults
        A fit without covariates.
    rows : StudyTable
        All rows of the stratum, pooled or not.
    """
    yield _flow(rows)
    yield _studies(fit)
    for margin in fit.margins.values():
        yield from _margin(fit, margin)
    yield from _joint(fit)
    yield from _bayes(fit)
    found = small_study_test(fit.table, fit.level)
    if not isinstance(found, NotApplicable):
        shown = "showed" if found.p < ASYMMETRY else "showed no evidence of"
        yield Said(
            f"Deeks' test {shown} asymmetry of the funnel plot (p = {found.p:.3f}, slope "
            f"{found.slope.value:.2f}, {studies(found.k)}, {found.correction_words})."
        )


def _flow(rows: StudyTable) -> Said:
    """Count the rows by what became of them."""
    counts = next(row for row in flow(rows).to_dict("records") if row["stratum"] == TOTAL)
    reasons = {
        str(name).removeprefix("excluded_"): int(number)
        for name, number in counts.items()
        if str(name).startswith("excluded_") and number
    }
    total, removed, excluded, pooled = (
        int(counts[name]) for name in ("extracted", "removed", "excluded", "pooled")
    )
    if pooled == total:
        return Said(
            "The one row extracted was pooled."
            if total == 1
            else f"All {rows_word(total)} extracted were pooled."
        )
    named = [f"{label('pool_reason', code)} {n}" for code, n in sorted(reasons.items())]
    why = f" ({', '.join(named)})" if named else ""
    parts = [f"{removed} {_were(removed)} removed as double entries"] if removed else []
    parts += [f"{excluded} {_were(excluded)} kept but not pooled{why}"] if excluded else []
    last = f"and {pooled} {_were(pooled)} pooled"
    said = f"{', '.join(parts)}, {last}" if len(parts) > 1 else f"{parts[0]} {last}"
    return Said(f"Of {rows_word(total)} extracted, {said}.")


def _were(n: int) -> str:
    return "was" if n == 1 else "were"


def _studies(fit: BivariateResults) -> Said:
    units = wording_of(fit.table).units
    kinds = (
        (fit.k_complete, "with both sensitivity and specificity"),
        (fit.k_sens_only, "with sensitivity only"),
        (fit.k_spec_only, "with specificity only"),
    )
    present = [(k, words) for k, words in kinds if k]
    told = [words if k == fit.k else f"{k} {words}" for k, words in present]
    return Said(
        f"The analysis rests on {studies(fit.k)} ({', '.join(told)}) of {fit.n_diseased:,} "
        f"{units} with and {fit.n_nondiseased:,} without the condition."
    )


def _margin(fit: BivariateResults, margin: Margin) -> Iterator[Said]:
    name, level = margin.name, f"{100 * fit.level:g}%"
    if margin.k == 0:
        yield Said(f"No study reports {name}.")
        return
    if margin.path == "single_study":
        yield Said(f"The one study that reports {name} found {_with_interval(margin.estimate)}.")
        return
    if margin.path == "fixed_effect":
        yield Said(
            f"All {studies(margin.k)} with {name} found {margin.study_low:.3f}; their summed "
            f"counts give {_with_interval(margin.estimate)}."
        )
        return
    if not isinstance(margin.estimate, Estimate):
        yield Said(
            f"The {studies(margin.k)} with {name} range from {margin.study_low:.3f} to "
            f"{margin.study_high:.3f}; their summed counts, which leave differences between "
            f"studies out of account, give {_with_interval(margin.fixed_effect)}."
        )
        return
    yield Said(f"Pooled {name} was {_with_interval(margin.estimate)} ({studies(margin.k)}).")
    predicted = getattr(fit, f"prediction_{name}")
    if isinstance(predicted, Estimate):
        yield Said(
            f"In a new study {name} is expected between {predicted.low:.3f} and "
            f"{predicted.high:.3f} ({level} prediction interval)."
        )
    if margin.heterogeneity == "zero":
        yield Said(f"The between-study standard deviation of logit {name} was estimated as 0.")
    elif isinstance(margin.tau, Estimate):
        yield Said(
            f"The between-study standard deviation of logit {name} was "
            f"{_with_interval(margin.tau, 2)}."
        )


def _joint(fit: BivariateResults) -> Iterator[Said]:
    if isinstance(fit.correlation, float) and fit.point:
        yield Said(f"The between-study correlation of the logits was {fit.correlation:.3f}.")
    for attribute, words, decimals in DERIVED:
        value = getattr(fit, attribute)
        if isinstance(value, Estimate):
            yield Said(f"The {words} was {_with_interval(value, decimals)}.")
    if fit.at_boundary and fit.point:
        for name, own in fit.independent.items():
            yield Said(f"Pooled by itself, {name} would be {_with_interval(own)}.")


def _bayes(fit: BivariateResults) -> Iterator[Said]:
    posterior = posterior_of(fit)
    if posterior is None:
        return
    for name, margin in fit.margins.items():
        value = getattr(posterior, name)
        if margin.k > 1 and isinstance(value, Estimate):
            yield Said(
                f"The posterior median of {name} was {value.value:.3f} ({100 * value.level:g}% "
                f"credible interval {value.low:.3f} to {value.high:.3f})."
            )
    shape = posterior.diagnostics.pareto_k
    verdict = "reliable" if posterior.diagnostics.reliable else "not reliable"
    yield Said(
        f"Importance sampling was {verdict} (Pareto k {shape:.2f}, "
        f"{posterior.diagnostics.ess:,.0f} effective draws)."
    )


def _with_interval(value: Estimate | NotApplicable, decimals: int = PROBABILITY) -> str:
    """Write ``"0.940 (95% CI 0.890 to 0.970)"``."""
    if isinstance(value, NotApplicable):
        return str(value)
    ends = f"{value.low:.{decimals}f} to {value.high:.{decimals}f}"
    return f"{value.value:.{decimals}f} ({100 * value.level:g}% CI {ends})"
