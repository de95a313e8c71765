"""Every figure that metadx draws, in one table: its name, its function and what it needs.

The command line, the gallery and the tests read this table, so that a figure which stands in
it can be asked for by name, has a page in the gallery and is held to the rules for all
figures. The owner of a figure adds and corrects its line, and only once its module is there.

A function takes what it needs first, then ``ax``, then keyword options, ``size`` among them;
it returns Axes, a Figure, or a list of these (pages). The function of the numbers takes the
same first argument and those options that change numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from inspect import signature
from typing import Any, Final

from metadx.errors import OptionError

#: What a figure may be made from, and how a message says it.
NEEDS: Final = {
    "fit": "a fit, or fits by group",
    "one fit": "a single fit",
    "table": "a study table",
    "estimates": "the rows of results/estimates.csv",
    "claims": "the rows of results/claims.csv",
    "quadas": "a table of judgements of the risk of bias",
    "strategy": "evaluated strategies",
    "none": "nothing but its options",
}


@dataclass(frozen=True, slots=True)
class Figurable:
    """A figure that can be asked for by name.

    Attributes
    ----------
    name : str
        What the command line and the files call it.
    path : str
        ``"module:function"`` that draws it.
    numbers : str
        ``"module:function"`` that returns the numbers behind it; empty where none does.
    needs : str
        A key of `NEEDS`.
    sentence : str
        What a reader sees in it.
    size : str
        Size by default, see `metadx.plots.style.SIZES`.
    """

    name: str
    path: str
    numbers: str
    needs: str
    sentence: str
    size: str = "two-column"

    def draw(self) -> Callable[..., Any]:
        """Load the function that draws the figure."""
        return _load(self.path)

    def data(self) -> Callable[..., Any] | None:
        """Load the function of the numbers behind the figure."""
        return _load(self.numbers) if self.numbers else None

    def options(self) -> tuple[str, ...]:
        """Names of the keyword options of the figure."""
        return keywords(self.draw())


FIGURES: Final[tuple[Figurable, ...]] = (
    Figurable(
        "forest",
        "metadx.plots.forest:plot_forest",
        "metadx.plots.forest_data:forest_data",
        "fit",
        "Paired forest plot: counts, sensitivity and specificity of each study, pooled below",
    ),
    Figurable(
        "forest_pages",
        "metadx.plots.forest:plot_forest_pages",
        "metadx.plots.forest_data:forest_data",
        "fit",
        "The paired forest plot on as many pages or slides as its rows need",
    ),
    Figurable(
        "sroc",
        "metadx.plots.sroc:plot_sroc",
        "metadx.plots.sroc_data:sroc_data",
        "fit",
        "Studies, summary point, SROC curve, confidence and prediction region in ROC space",
    ),
    Figurable(
        "crosshair",
        "metadx.plots.crosshair:plot_crosshair",
        "metadx.plots.crosshair_data:crosshair_data",
        "fit",
        "Both intervals of each study as a cross in ROC space",
    ),
    Figurable(
        "roc_ellipses",
        "metadx.plots.crosshair:plot_roc_ellipses",
        "metadx.plots.crosshair_data:roc_ellipses_data",
        "fit",
        "The joint confidence region of each study in ROC space",
    ),
    Figurable(
        "evidence_map",
        "metadx.plots.evidence_map:plot_evidence_map",
        "metadx.plots.evidence_map_data:evidence_map_data",
        "estimates",
        "Which test was studied at which site, how often, and with what result",
    ),
    Figurable(
        "claims",
        "metadx.plots.claims:plot_claims",
        "metadx.plots.claims_data:claims_data",
        "claims",
        "What the review states against what the pooled studies say",
    ),
    Figurable(
        "quadas",
        "metadx.plots.quadas:plot_quadas",
        "metadx.plots.quadas_data:quadas_data",
        "quadas",
        "Each study's judgement in each domain of QUADAS, applicability apart",
    ),
    Figurable(
        "quadas_bars",
        "metadx.plots.quadas:plot_quadas_bars",
        "metadx.plots.quadas_data:quadas_bars_data",
        "quadas",
        "Share of low, unclear and high judgements in each domain of QUADAS",
    ),
    Figurable(
        "flow",
        "metadx.plots.flow_diagram:plot_flow_diagram",
        "metadx.plots.flow_diagram_data:flow_diagram_data",
        "table",
        "What became of every extracted row: removed, kept but not pooled, pooled",
    ),
    Figurable(
        "fagan",
        "metadx.plots.fagan:plot_fagan",
        "metadx.plots.fagan_layout:fagan_data",
        "one fit",
        "Fagan nomogram: from pretest through the likelihood ratio to post-test probability",
    ),
    Figurable(
        "posttest_curves",
        "metadx.plots.posttest_curves:plot_posttest_curves",
        "metadx.plots.posttest_curves_layout:posttest_curves_data",
        "one fit",
        "Probability after a positive and a negative result against that before",
        "one-column",
    ),
    Figurable(
        "likelihood_ratios",
        "metadx.plots.likelihood_ratios:plot_likelihood_ratios",
        "metadx.plots.likelihood_ratios_layout:likelihood_ratios_data",
        "one fit",
        "Negative and positive likelihood ratio: studies, summary point, regions, quadrants",
        "one-column",
    ),
    Figurable(
        "frequency_tree",
        "metadx.plots.frequency_tree:plot_frequency_tree",
        "metadx.plots.frequency_tree_layout:frequency_tree_data",
        "one fit",
        "1,000 people split by condition and by the result of one test, or of two in sequence",
    ),
    Figurable(
        "icon_array",
        "metadx.plots.icon_array:plot_icon_array",
        "metadx.plots.icon_array:icon_array_data",
        "one fit",
        "One mark a person: found, missed, false alarms, rightly negative",
        "one-column",
    ),
    Figurable(
        "decision_curve",
        "metadx.plots.decision_curve:plot_decision_curve",
        "metadx.plots.decision_curve_layout:decision_curve_data",
        "fit",
        "Net benefit by threshold probability: acting on the test, treating all, treating none",
        "one-column",
    ),
    Figurable(
        "strategy_decision_curve",
        "metadx.plots.strategy_decision_curve:plot_strategy_decision_curve",
        "metadx.plots.strategy_decision_curve:strategy_decision_curve_data",
        "strategy",
        "Net benefit of each strategy by threshold probability, of treating all and none",
    ),
    Figurable(
        "influence",
        "metadx.plots.influence:plot_influence",
        "metadx.plots.influence:influence_data",
        "one fit",
        "Both pooled margins without each study in turn, and Cook's distance",
    ),
    Figurable(
        "cumulative",
        "metadx.plots.cumulative:plot_cumulative",
        "metadx.plots.cumulative:cumulative_data",
        "one fit",
        "Pooled values as the studies appeared, by year, the last update marked",
    ),
    Figurable(
        "robustness",
        "metadx.plots.robustness:plot_robustness",
        "metadx.plots.robustness:robustness_data",
        "one fit",
        "What would have to be wrong for the conclusion to change: every other defensible choice",
    ),
    Figurable(
        "funnel",
        "metadx.plots.funnel:plot_funnel",
        "metadx.plots.funnel:funnel_data",
        "one fit",
        "Deeks' funnel: odds ratios against effective sample size, from 10 studies on",
        size="one-column",
    ),
    Figurable(
        "strategy_comparison",
        "metadx.plots.strategy_comparison:plot_strategy_comparison",
        "metadx.plots.strategy_comparison:strategy_comparison_data",
        "strategy",
        "Missed fractures against imaging, cost, dose or time, and the efficient frontier",
    ),
    Figurable(
        "strategy_pretest",
        "metadx.plots.strategy_pretest:plot_strategy_pretest",
        "metadx.plots.strategy_pretest:strategy_pretest_data",
        "strategy",
        "The best strategy, and the probability of being it, by pretest probability",
    ),
    Figurable(
        "strategy_acceptability",
        "metadx.plots.strategy_economics:plot_strategy_acceptability",
        "metadx.plots.strategy_economics:strategy_acceptability_data",
        "strategy",
        "Probability that a strategy is cost-effective, by what a found fracture is worth",
    ),
    Figurable(
        "strategy_plane",
        "metadx.plots.strategy_economics:plot_strategy_plane",
        "metadx.plots.strategy_economics:strategy_plane_data",
        "strategy",
        "Differences in cost and in fractures found against one strategy, draw by draw",
    ),
    Figurable(
        "strategy_tornado",
        "metadx.plots.strategy_tornado:plot_strategy_tornado",
        "metadx.plots.strategy_tornado:strategy_tornado_data",
        "strategy",
        "How far each uncertain input moves the difference between two strategies",
    ),
)  # fmt: skip


def figurable(name: str) -> Figurable:
    """Return the figure of a name.

    Raises
    ------
    OptionError
        If there is none; the message lists what there is.
    """
    names = [one.name for one in FIGURES]
    if name in names:
        return FIGURES[names.index(name)]
    close = get_close_matches(name, names, 1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    raise OptionError(f"there is no figure {name!r}{hint}; there are {', '.join(names)}")


def keywords(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of the keyword options of a function."""
    found = signature(function).parameters.values()
    return tuple(one.name for one in found if one.kind is one.KEYWORD_ONLY)


def figures_text() -> str:
    """Write the table of figures, one line each."""
    width = max(len(one.name) for one in FIGURES)
    return "\n".join(
        f"{one.name:<{width}}  {one.sentence} (from {NEEDS[one.needs]})" for one in FIGURES
    )


def _load(path: str) -> Callable[..., Any]:
    module, name = path.split(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found
