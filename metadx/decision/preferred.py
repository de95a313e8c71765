"""Which strategy comes out best when the studies behind one of its tests change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from metadx.decision.strategy import Strategy
from metadx.decision.strategy_nodes import MARGINS, Borrowed
from metadx.decision.strategy_results import CRITERIA
from metadx.errors import MetadxError, OptionError
from metadx.estimate import NotApplicable
from metadx.models import BivariateResults

#: Draws of each evaluation. Those of a stratum keep their stream when a study leaves, so that
#: a change of the preferred strategy is the study's doing and not chance.
DRAWS: Final = 4000


def preferred_strategy_hook(
    strategy: Strategy,
    stratum: str,
    criterion: str | None = None,
    prevalence: float | str | None = None,
    draws: int = DRAWS,
    seed: int = 1,
) -> Callable[[BivariateResults], str | NotApplicable]:
    """Return a function from a fit of one stratum to the label of the preferred strategy.

    Meant for ``leave_one_out(fit, also={"preferred strategy": ...})``, which asks it with the
    fit of the stratum without each study in turn; all other strata keep their studies.

    Parameters
    ----------
    strategy : Strategy
        A strategy file on the study tables.
    stratum : str
        Identifier of the stratum whose fits are given.
    criterion : str, optional
        One of ``metadx.decision.strategy_results.CRITERIA``; net benefit where the file names
        a threshold, else the fractures found.
    prevalence : float or str, optional
        Pretest probability, or the identifier of an input; the file's by default.
    draws, seed : int
        As for :meth:`Strategy.evaluate`.

    Returns
    -------
    callable
        Gives the label, or why no strategy can be preferred with that fit.

    Raises
    ------
    OptionError
        If no strategy of the file uses the stratum, there is nothing to choose from, or an
        option is not allowed.
    """
    if criterion is not None and criterion not in CRITERIA:
        raise OptionError(f"criterion is {criterion!r}; it is one of {', '.join(CRITERIA)}")
    used = _margins_used(strategy)
    if stratum not in used:
        raise OptionError(
            f"no ranked strategy of {strategy.plan.name} uses the stratum {stratum}; they use "
            f"{', '.join(sorted(used)) or 'none'}"
        )
    strategy.evaluate(prevalence, draws, seed)

    def preferred(fit: BivariateResults) -> str | NotApplicable:
        lost = [name for name in used[stratum] if fit.margins[name].k == 0]
        if lost:
            return NotApplicable(f"no study of {stratum} is left that reports {lost[0]}")
        try:
            results = strategy.with_fit(stratum, fit).evaluate(prevalence, draws, seed)
        except MetadxError as error:
            return NotApplicable(str(error))
        weighed = "found" if results.threshold is None else "net_benefit"
        best = results.best(criterion or weighed)
        return best if isinstance(best, NotApplicable) else results.labels[best]

    return preferred


def _margins_used(strategy: Strategy) -> dict[str, list[str]]:
    """Margins that the ranked strategies take from studies, by stratum."""
    names = {n for tree in strategy.plan.trees.values() if tree.ranked for n in tree.tests()}
    found: dict[str, set[str]] = {}
    for test in (strategy.plan.tests[name] for name in names):
        for margin in MARGINS:
            stated = test.assumed.get(margin)
            if isinstance(stated, Borrowed):
                found.setdefault(stated.stratum, set()).add(margin)
            elif stated is None:
                found.setdefault(test.stratum, set()).add(margin)
    return {stratum: sorted(margins) for stratum, margins in found.items()}
