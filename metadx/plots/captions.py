"""The sentences that stand below a figure because its reader must know them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from metadx.estimate import NotApplicable
from metadx.models import BivariateResults

#: Paths whose estimate is a random-effects one.
RANDOM_EFFECTS: Final = ("bivariate", "univariate")
OPEN_DIAMOND: Final = (
    "Where nothing is pooled, the open diamond is the fixed-effect value of the summed counts, "
    "and the line below it the range of the studies."
)


def model_captions(fit: BivariateResults) -> list[str]:
    """Return what a reader must know of a fit: its model, and why a margin is not pooled."""
    if fit.model_path == "single_study":
        return ["One study: nothing is pooled."]
    sentence = fit.model_sentence
    found = [sentence[:1].upper() + sentence[1:].rstrip(".") + "."]
    for margin in fit.margins.values():
        if not margin.reason or not margin.k or margin.path == "single_study":
            continue
        if isinstance(margin.estimate, NotApplicable):
            found.append(f"{margin.name.capitalize()} is not pooled: {margin.reason}.")
        elif margin.path not in RANDOM_EFFECTS:
            found.append(f"{margin.name.capitalize()}: {margin.reason}.")
    return found


def says_not_pooled(fit: BivariateResults) -> bool:
    """Tell whether studies report a margin that is not pooled."""
    return any(
        margin.k > 0 and isinstance(margin.estimate, NotApplicable)
        for margin in fit.margins.values()
    )


def name_sentences(found: Mapping[str, Sequence[str]]) -> list[str]:
    """Put names before sentences, a sentence that holds for several only once.

    Parameters
    ----------
    found : dict
        The names for which each sentence holds; an empty name is left out.
    """
    return [
        f"{', '.join(filter(None, names))}: {sentence}" if any(names) else sentence
        for sentence, names in found.items()
    ]
