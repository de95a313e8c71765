"""What the figures of decisions share: the draws, the pretest probability, and what to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from metadx.decision.draws import AccuracyDraws, accuracy_draws
from metadx.decision.pretest import Pretest, pretests
from metadx.decision.wording import Wording, wording_of
from metadx.errors import OptionError
from metadx.models import BivariateResults
from metadx.models.bayes_results import BayesianResults
from metadx.plots.studies import code_of, percent, title_of
from metadx.plots.style import Look, looks_of
from metadx.tables import StudyTable

Decidable: TypeAlias = BivariateResults | BayesianResults | AccuracyDraws


@dataclass(frozen=True)
class Basis:
    """What a figure of a decision rests on.

    Attributes
    ----------
    draws : AccuracyDraws
        Accuracy of the test.
    wording : Wording
        Names of condition, people and test.
    look : Look
        Colour and marker of the test.
    title : str
        The stratum in words.
    """

    draws: AccuracyDraws
    wording: Wording
    look: Look
    title: str

    @property
    def level(self) -> str:
        """The level as ``"95%"``."""
        return percent(self.draws.level)


def basis_of(source: Decidable, seed: int, condition: str | None = None) -> Basis:
    """Draw the accuracy of a fit and find the words for it.

    Parameters
    ----------
    source : BivariateResults, BayesianResults or AccuracyDraws
        Accuracy of the test.
    seed : int
        Seed of the draws.
    condition : str, optional
        The condition with its article.
    """
    draws = source if isinstance(source, AccuracyDraws) else accuracy_draws(source, seed=seed)
    (look,) = looks_of([code_of(draws.table.name, draws.table)])
    return Basis(draws, wording_of(draws.table, condition), look, title_of(draws.table))


def prevalences(table: StudyTable) -> pd.DataFrame:
    """Share of the diseased in each study that has both groups.

    Returns
    -------
    DataFrame
        ``label`` and ``prevalence`` (probability); case-control studies, whose groups were
        chosen apart, are left out.
    """
    totals = table.arrays().totals.astype(float)
    keep = (totals > 0).all(axis=1)
    if "design" in table.columns:
        keep &= table.frame["design"].ne("case_control").fillna(True).to_numpy(dtype=bool)
    share = totals[:, 0] / np.maximum(totals.sum(axis=1), 1.0)
    frame = pd.DataFrame({"label": table.labels, "prevalence": share})
    kept: pd.DataFrame = frame[keep & (share > 0.0) & (share < 1.0)]
    return kept.reset_index(drop=True)


def chosen_pretests(
    basis: Basis, pretest: Any, several: bool = True
) -> tuple[tuple[Pretest, ...], list[str]]:
    """Read the pretest probabilities of a figure, or take the median of the studies.

    Returns
    -------
    chosen : tuple of Pretest
        At least one.
    captions : list of str
        What a reader has to know of them.

    Raises
    ------
    OptionError
        If none was given and no study has both groups.
    """
    draws = basis.draws
    if pretest is not None:
        chosen = pretests(pretest, len(draws), draws.seed, draws.level)
        if len(chosen) > 1 and not several:
            raise OptionError(f"this figure shows one pretest probability, not {len(chosen)}")
        return chosen, []
    known = prevalences(draws.table)["prevalence"]
    if known.empty:
        raise OptionError(
            f"give the pretest probability, pretest=...: no study of {draws.stratum} has people "
            "with and without the condition, whose share could stand for it"
        )
    middle = float(known.median())
    one = pretests({f"{100 * middle:.3g}%": middle}, len(draws), draws.seed, draws.level)
    how = "the share" if len(known) == 1 else f"the median of {len(known)} studies' shares"
    return one, [
        f"No pretest probability was given: {how} of diseased people ({100 * middle:.3g}%) "
        "stands for it."
    ]


def basis_captions(basis: Basis) -> list[str]:
    """Say on how many studies, which draws and which model a figure rests."""
    draws = basis.draws
    totals = draws.table.arrays().totals.sum(axis=0).tolist()
    parts = [
        f"{k} with {name} (n = {n:,} {people})" if k else f"none with {name}"
        for k, n, name, people in zip(
            draws.k,
            totals,
            ("sensitivity", "specificity"),
            ("diseased", "non-diseased"),
            strict=True,
        )
    ]
    model = draws.model[:1].upper() + draws.model[1:]
    found = [f"Studies: {', '.join(parts)}. Draws: {draws.source}. {model.rstrip('.')}."]
    seen = found[0]
    for text in draws.warnings:
        if text.rstrip(".") not in seen:
            found.append(text[:1].upper() + text[1:].rstrip(".") + ".")
    return found
