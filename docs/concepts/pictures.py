"""Pictures of the concept pages that are not figures of the tool itself.

Every number in them is computed from a fit or a formula when the page is built.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import expit, logit
from scipy.stats import binom, norm

import metadx as mx
from metadx.plots import figure_style

BLUE, ORANGE, GREY = "#1F5A94", "#B9501C", "#666666"
#: Millimetres of an inch.
INCH = 25.4


def _panels(count: int, height: float = 78) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(170 / INCH, height / INCH), layout="constrained")
    return figure, list(np.atleast_1d(figure.subplots(1, count)))


def two_levels(fit: mx.BivariateResults) -> Figure:
    """Draw the studies in ROC space, and the same studies as logits with the model's ellipse."""
    with figure_style():
        figure, (roc, plane) = _panels(2)
        counts = fit.table.complete.arrays()
        sens, spec = (counts.positives / counts.totals).T
        total = counts.totals.sum(axis=1)
        size = 4 + 60 * total / total.max()
        roc.scatter(1 - spec, sens, s=size, facecolor="none", edgecolor=GREY)
        roc.set(xlim=(0, 1), ylim=(0, 1), xlabel="1 - specificity", ylabel="sensitivity")
        roc.set_title("What the studies observed")
        half = ((counts.positives + 0.5) / (counts.totals + 1)).T
        plane.scatter(logit(half[1]), logit(half[0]), s=size, facecolor="none", edgecolor=GREY)
        centre, cov = np.asarray(fit.mean_logit), np.asarray(fit.between_study_cov)
        turn = np.linspace(0, 2 * np.pi, 200)
        for mass in (0.5, 0.95):
            edge = np.linalg.cholesky(cov) @ np.array([np.cos(turn), np.sin(turn)])
            edge *= np.sqrt(-2 * np.log(1 - mass))
            plane.plot(centre[1] + edge[1], centre[0] + edge[0], color=BLUE, linewidth=1)
            plane.annotate(
                f"{mass:.0%}",
                (centre[1] + edge[1].max(), centre[0] + edge[0][edge[1].argmax()]),
                xytext=(2, 0),
                textcoords="offset points",
                color=BLUE,
            )
            roc.plot(
                expit(-(centre[1] + edge[1])), expit(centre[0] + edge[0]), color=BLUE, linewidth=1
            )
        plane.plot(centre[1], centre[0], "o", color=BLUE, markersize=4)
        roc.plot(expit(-centre[1]), expit(centre[0]), "o", color=BLUE, markersize=4)
        plane.margins(0.12)
        plane.set(xlabel="logit specificity", ylabel="logit sensitivity")
        plane.set_title("What the model assumes")
    return figure


def thresholds() -> Figure:
    """Draw two distributions of a test result, four thresholds, and the points that they make."""
    cuts = np.array([-0.6, 0.4, 1.2, 2.0])
    with figure_style():
        figure, (bells, roc) = _panels(2)
        x = np.linspace(-3.5, 5.5, 300)
        bells.fill_between(x, norm.pdf(x), color=GREY, alpha=0.35, linewidth=0)
        bells.fill_between(x, norm.pdf(x, 2), color=ORANGE, alpha=0.35, linewidth=0)
        bells.text(-2.3, 0.22, "no fracture", ha="center", color=GREY)
        bells.text(4.3, 0.22, "fracture", ha="center", color=ORANGE)
        for name, cut in zip("ABCD", cuts, strict=True):
            bells.axvline(cut, color=BLUE, linewidth=0.8, ymax=0.86)
            bells.text(cut, 0.445, name, ha="center", color=BLUE)
        bells.set(ylim=(0, 0.5), yticks=[], xlabel="how suspicious the image looks")
        bells.set_title("Four readers, four thresholds")
        grid = np.linspace(-4, 6, 300)
        roc.plot(norm.sf(grid), norm.sf(grid, 2), color=BLUE, linewidth=1)
        roc.plot(norm.sf(cuts), norm.sf(cuts, 2), "o", color=BLUE, markersize=4)
        for name, cut in zip("ABCD", cuts, strict=True):
            roc.annotate(
                name, (norm.sf(cut), norm.sf(cut, 2)), xytext=(5, -9), textcoords="offset points"
            )
        roc.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="1 - specificity", ylabel="sensitivity")
        roc.set_title("One curve")
    return figure


def heterogeneity_profile(fits: dict[str, tuple[mx.BivariateResults, str]]) -> Figure:
    """Draw how well each between-study sd explains one margin: a peak, or a plateau."""
    taus = np.linspace(0.05, 6, 50)
    with figure_style():
        figure, (axes,) = _panels(1, 70)
        for colour, (name, (fit, margin)) in zip((BLUE, ORANGE), fits.items(), strict=False):
            counts = fit.table.arrays()
            column = 0 if margin == "sensitivity" else 1
            positives, totals = counts.positives[:, column], counts.totals[:, column]
            seen = totals > 0
            values = _profile(positives[seen], totals[seen], taus)
            axes.plot(taus, values - values.max(), color=colour, label=name)
        axes.axhline(-1.92, color=GREY, linewidth=0.6, linestyle="--")
        axes.text(
            6, -1.86, "as far as a 95 % interval reaches", ha="right", va="bottom", color=GREY
        )
        axes.set(ylim=(-6, 0.3), xlim=(0, 6), xlabel="between-study standard deviation (logit)")
        axes.set_ylabel("log-likelihood below its best")
        axes.legend(loc="lower right")
    return figure


def _profile(positives: np.ndarray, totals: np.ndarray, taus: np.ndarray) -> np.ndarray:
    """Return the largest log-likelihood of one margin for each between-study sd.

    The integral over the study's own logit is a sum over a fine grid, so that any study may be
    as sharp as it likes.
    """
    step = 0.02
    effects = np.arange(-12, 30, step)
    logs = binom.logpmf(positives[:, None], totals[:, None], expit(effects))
    likelihood = np.exp(logs).T
    best = []
    for tau in taus:
        means = np.arange(-2, 20, 0.05)
        weights = norm.pdf(effects[None, :], means[:, None], tau) * step
        best.append(np.log(weights @ likelihood + 1e-300).sum(axis=1).max())
    return np.array(best)


def prior_and_posterior(fit: mx.BivariateResults) -> Figure:
    """Draw what was assumed of each margin before the studies and what is known after them."""
    draws = fit.bayesian.draws
    rng = np.random.default_rng(1)
    before = expit(rng.normal(0, 2, 200_000))
    with figure_style():
        figure, panels = _panels(2, 62)
        for axes, margin in zip(panels, ("sensitivity", "specificity"), strict=True):
            bins = np.linspace(0, 1, 81)
            axes.hist(before, bins, density=True, color=GREY, alpha=0.35, label="before: the prior")
            axes.hist(
                draws[margin], bins, density=True, color=BLUE, alpha=0.7, label="after the studies"
            )
            axes.set(xlim=(0, 1), yticks=[], xlabel=margin)
        panels[0].legend(loc="upper left")
    return figure
