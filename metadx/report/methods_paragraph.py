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
        yield Said(
            f"The margins were analysed one by one, because {studies(fit.k_complete)} "
            f"{'reports' if fit.k_complete == 1 else 'report'} both and a bivariate model needs "
            "four.",
            ("takwoingi2017",),
        )
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
            f"{name} was pooled by summing the counts, because every study is at the same bound; "
            "differences between studies are left out of account."
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
            f"{partial} of the {studies(fit.k)} {'reports' if partial == 1 else 'report'} one "
            "margin only and entered with the "
            "margin that they have."
        )


def _boundary(fit: BivariateResults) -> Iterator[Said]:
    for name in fit.at_boundary:
        yield Said(
            f"The maximum lies at {BOUNDARY[name]}, a boundary at which this parameter was fixed."
        )


def _not_estimable(fit: BivariateResults) -> Iterator[Said]:
    for margin in fit.margins.values():
        if margin.heterogeneity == "not_estimable" and margin.path in RANDOM:
            yield Said(
                f"For {margin.name} no pooled value of maximum likelihood is given: "
                f"{margin.reason}."
            )


def _intervals(fit: BivariateResults) -> Iterator[Said]:
    level = f"{100 * fit.level:g} %"
    pooled = [m.name for m in fit.margins.values() if m.path in RANDOM and m.estimate]
    binomial = [m.name for m in fit.margins.values() if m.path in BINOMIAL]
    summed = [m.name for m in fit.margins.values() if m.path in RANDOM and not m.estimate]
    binomial += [f"the summed counts of {name}" for name in summed]
    if pooled:
        quantile = "Student's t" if fit.interval == "wald_t" else "the normal distribution"
        yield Said(
            f"The {level} interval of the pooled {' and '.join(pooled)} is a Wald interval on the "
            f"logit scale with the quantile of {quantile}."
        )
    if binomial:
        yield Said(
            f"The {level} interval of {' and '.join(binomial)} is the exact binomial one.",
            ("clopper1934",),
        )
    predicted = [n for n in fit.margins if isinstance(getattr(fit, f"prediction_{n}"), Estimate)]
    if predicted:
        yield Said(
            f"The {level} prediction interval of {' and '.join(predicted)} takes Student's t with "
            "two degrees of freedom fewer than studies.",
            ("higgins2009",),
        )


def _bayes(fit: BivariateResults) -> Iterator[Said]:
    posterior = posterior_of(fit)
    if posterior is None:
        return
    yield Said(
        "Because a margin has two to nine studies, the posterior of the same likelihood was "
        "computed as well, by importance sampling.",
        ("vehtari2024",),
    )
    yield Said(f"Its prior: {'; '.join(posterior.prior_sentences)}.")


def _small_studies(fit: BivariateResults) -> Said:
    found = small_study_test(fit.table, fit.level)
    if isinstance(found, NotApplicable):
        return Said(f"Small-study effects were not tested: {found.reason}.")
    return Said("Small-study effects were tested by Deeks' regression.", ("deeks2005",))
