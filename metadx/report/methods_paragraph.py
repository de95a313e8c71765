"""What was done, sentence by sentence, from the fit that did it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from metadx._version import __version__
from metadx.estimate import Estimate, NotApplicable
from metadx.models import BivariateResults, Margin
from metadx.models.bayes_results import BayesianResults
from metadx.models.results import BOUNDARY
from metadx.models.summary_text import has_few_studies
from metadx.report.judgements import small_study_test, studies
from metadx.tables import stratum_label

#: Paths whose estimate is a random-effects one.
RANDOM = ("bivariate", "univariate")
#: Paths whose interval is an exact binomial one.
BINOMIAL = ("fixed_effect", "single_study")
EXACT = ("exact", "laplace")


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence with what it cites.

    Attributes
    ----------
    text : str
        From its capital to its full stop, without citations.
    cites : tuple of str
        Keys of the methods' bibliography.
    """

    text: str
    cites: tuple[str, ...] = ()


def posterior_of(fit: BivariateResults) -> BayesianResults | None:
    """Return the posterior that stands beside the fit, where there are few studies."""
    if not has_few_studies(fit) or isinstance(fit.bayesian, NotApplicable):
        return None
    return fit.bayesian


def methods_sentences(fit: BivariateResults) -> Iterator[Said]:
    """Say how a stratum was analysed.

    Parameters
    ----------
    fit : BivariateResults
        A fit without covariates.
    """
    yield _subject(fit)
    yield from _model(fit)
    yield from _likelihood(fit)
    yield from _boundary(fit)
    yield from _not_estimable(fit)
    yield from _intervals(fit)
    if fit.hsroc:
        yield Said("The summary ROC curve follows from the estimates of this model.",
                   ("harbord2007",))  # fmt: skip
    yield from _bayes(fit)
    yield _small_studies(fit)
    yield Said(
        f"All computations were made with metadx {__version__} from a table of pooled rows "
        f"whose SHA-256 begins with {fit.table.sha256[:12]}."
    )


def _subject(fit: BivariateResults) -> Said:
    ids = set(fit.table.stratum_ids())
    name = stratum_label(ids.pop()) if len(ids) == 1 else fit.table.name
    return Said(f"The analysis concerns one stratum: {name}.")


def _model(fit: BivariateResults) -> Iterator[Said]:
    """Name the model of both margins, or of each."""
    if fit.method not in EXACT:
        yield Said(f"Model: {fit.model_sentence}.", ("reitsma2005",))
        return
    if fit.model_path == "bivariate":
        yield Said(
            "Sensitivity and specificity were analysed together by a bivariate random-effects "
            "model with exact binomial likelihood.",
            ("chu2006",),
        )
        return
    if fit.model_path == "independent_margins":
        both = f"only {studies(fit.k_complete)}" if fit.k_complete else "no study"
        yield Said(
            f"Sensitivity and specificity were analysed separately, because {both} "
            f"{'reports' if fit.k_complete < 2 else 'report'} both and a bivariate model needs "
            "four.",
            ("takwoingi2017",),
        )
    if all(margin.path == "univariate" for margin in fit.margins.values()):
        yield Said(
            "Each was analysed by a univariate random-effects logistic model with exact binomial "
            "likelihood.",
            ("takwoingi2017",),
        )
        return
    for margin in fit.margins.values():
        yield _margin_model(margin)


def _margin_model(margin: Margin) -> Said:
    name = margin.name.capitalize()
    if margin.path == "univariate":
        return Said(
            f"{name} was analysed by a univariate random-effects logistic model with exact "
            "binomial likelihood.",
            ("takwoingi2017",),
        )
    if margin.path == "fixed_effect":
        return Said(
            f"{name} was pooled by summing the counts, because every study found "
            f"{100 * (margin.study_low or 0.0):.0f}%; differences between studies are left out of "
            "account."
        )
    if margin.path == "single_study":
        return Said(f"{name} is that of the one study which reports it; nothing was pooled.")
    return Said(f"{name} was not analysed, because no study reports it.")


def _likelihood(fit: BivariateResults) -> Iterator[Said]:
    if fit.method not in EXACT:
        return
    nodes = [n for record in fit.optimizer for n in record.nodes]
    if any(nodes):
        span = f"{min(nodes)} to {max(nodes)}" if min(nodes) < max(nodes) else f"{max(nodes)}"
        grid = f"adaptive Gauss-Hermite quadrature of {span} nodes a dimension"
        if max(nodes) == 1:
            grid = "Laplace's approximation"
        yield Said(f"The likelihood was maximised with {grid}.", ("pinheiro1995",))
        if fit.converged:
            yield Said(f"The largest score at the maximum was {fit.gradient_norm:.1e}.")
        else:
            yield Said(
                f"The search did not converge; the largest score was {fit.gradient_norm:.1e}."
            )
    yield Said("No continuity correction was used.")
    partial = fit.k_sens_only + fit.k_spec_only
    if partial and fit.k_complete:
        yield Said(
            f"Of the {studies(fit.k)}, {partial} {'reports' if partial == 1 else 'report'} "
            f"sensitivity or specificity only and contributed to the one that "
            f"{'it reports' if partial == 1 else 'they report'}."
        )


def _boundary(fit: BivariateResults) -> Iterator[Said]:
    for name in fit.at_boundary:
        yield Said(f"The likelihood is largest at {BOUNDARY[name]}, and this value was kept fixed.")


def _not_estimable(fit: BivariateResults) -> Iterator[Said]:
    for margin in fit.margins.values():
        if margin.heterogeneity == "not_estimable" and margin.path in RANDOM:
            yield Said(
                f"No maximum-likelihood estimate of {margin.name} is given, because "
                f"{margin.reason}."
            )


def _intervals(fit: BivariateResults) -> Iterator[Said]:
    level = f"{100 * fit.level:g}%"
    pooled = [m.name for m in fit.margins.values() if m.path in RANDOM and m.estimate]
    binomial = [m.name for m in fit.margins.values() if m.path in BINOMIAL]
    summed = [m.name for m in fit.margins.values() if m.path in RANDOM and not m.estimate]
    binomial += [f"the summed counts of {name}" for name in summed]
    if pooled:
        quantile = "Student's t" if fit.interval == "wald_t" else "the normal distribution"
        kind = "interval is a Wald interval" if len(pooled) == 1 else "intervals are Wald intervals"
        yield Said(
            f"For pooled {' and '.join(pooled)} the {level} confidence {kind} on the logit scale "
            f"with the quantile of {quantile}."
        )
    if binomial:
        kind = "interval is" if len(binomial) == 1 else "intervals are"
        yield Said(
            f"For {' and '.join(binomial)} the {level} confidence {kind} exact binomial.",
            ("clopper1934",),
        )
    predicted = [n for n in fit.margins if isinstance(getattr(fit, f"prediction_{n}"), Estimate)]
    if predicted:
        kind = "interval rests" if len(predicted) == 1 else "intervals rest"
        yield Said(
            f"For {' and '.join(predicted)} the {level} prediction {kind} on Student's t with two "
            "degrees of freedom fewer than studies.",
            ("higgins2009",),
        )


def _bayes(fit: BivariateResults) -> Iterator[Said]:
    posterior = posterior_of(fit)
    if posterior is None:
        return
    yield Said(
        "Because sensitivity or specificity rests on two to nine studies, the posterior of the "
        "same likelihood was computed as well, by importance sampling.",
        ("vehtari2024",),
    )
    yield Said(f"The prior was: {'; '.join(posterior.prior_sentences)}.")
    yield Said("The numbers per 1,000 in the summary of findings come from this posterior.")


def _small_studies(fit: BivariateResults) -> Said:
    found = small_study_test(fit.table, fit.level)
    if isinstance(found, NotApplicable):
        return Said(f"Small-study effects were not tested: {found.reason}.")
    return Said("Small-study effects were tested by Deeks' regression.", ("deeks2005",))
