"""A slider for the pretest probability, in a notebook."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from metadx.decision.draws import AccuracyDraws, accuracy_draws
from metadx.decision.posttest import posttest
from metadx.errors import OptionError
from metadx.models import BivariateResults
from metadx.models.bayes_results import BayesianResults


def slider(
    fit: BivariateResults | BayesianResults | AccuracyDraws, pretest: float = 0.5, **options: Any
) -> Any:
    """Build a slider that shows the post-test probabilities of the chosen pretest probability.

    Parameters
    ----------
    fit : BivariateResults, BayesianResults or AccuracyDraws
        Accuracy of the test; it is drawn once.
    pretest : float
        Where the slider starts (probability).
    **options
        Of `accuracy_draws`.

    Returns
    -------
    ipywidgets.VBox
        A slider, and the sentence in natural frequencies below it.

    Raises
    ------
    OptionError
        If ipywidgets is not installed.
    """
    try:
        widgets = import_module("ipywidgets")
    except ImportError as error:
        raise OptionError(
            "ipywidgets is not installed, and only the slider needs it: "
            "pip install 'metadx[notebooks]'"
        ) from error
    draws = fit if isinstance(fit, AccuracyDraws) else accuracy_draws(fit, **options)
    first = posttest(draws, pretest)
    control = widgets.FloatSlider(
        value=pretest, min=0.01, max=0.99, step=0.01, description="Pretest", readout_format=".0%",
        continuous_update=False,
    )  # fmt: skip
    text = widgets.HTML(value=first.sentence())

    def show(change: Any) -> None:
        text.value = posttest(draws, change["new"]).sentence()

    control.observe(show, names="value")
    notes = widgets.HTML(value="<br>".join([_basis(draws), *draws.warnings]))
    return widgets.VBox([control, text, notes])


def _basis(draws: AccuracyDraws) -> str:
    return (
        f"{draws.stratum}: {draws.k[0]} studies with sensitivity, {draws.k[1]} with specificity; "
        f"{draws.source}; {100 * draws.level:g}% intervals"
    )
