"""Influence: every pooled value without each study, and Cook's distance."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.inference.influence import Influence, leave_one_out
from metadx.models import BivariateResults
from metadx.plots.canvas import finished, layout_width
from metadx.plots.captions import model_captions
from metadx.plots.estimate_rows import EstimateRow, draw_rows, rows_layout
from metadx.plots.fonts import Typeface
from metadx.plots.studies import MARGINS, code_of, percent, title_of
from metadx.plots.style import figure_style, looks_of


def influence_data(source: BivariateResults | Influence) -> pd.DataFrame:
    """Return the numbers behind the figure: one row for each study left out.

    Parameters
    ----------
    source : BivariateResults or Influence
        A fit, or its leave-one-out refits.

    Raises
    ------
    OptionError
        If the fit cannot be refitted without a study; the message says why.
    """
    return _influence(source).frame


def plot_influence(
    source: BivariateResults | Influence,
    ax: Axes | None = None,
    *,
    title: str | None = None,
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw both pooled margins without each study in turn, and Cook's distance as bars.

    Parameters
    ----------
    source : BivariateResults or Influence
        A fit, or its leave-one-out refits.
    ax : Axes, optional
        Axes to fill. A figure of the right height by default.
    title : str, optional
        The stratum by default; empty for none.
    size : {"one-column", "two-column", "slide"}
        What a new figure is made for.
    width : float, optional
        Another width of the new figure (millimetres).

    Returns
    -------
    Axes
        The page, in millimetres; ``child_axes`` are the panels of sensitivity, specificity
        (probability) and, where there is one, Cook's distance.

    Raises
    ------
    OptionError
        If the fit cannot be refitted without a study, or an option is not allowed.
    """
    found = _influence(source)
    fit = found.fit
    title = f"{title_of(fit.table)}: without each study" if title is None else title
    rows = [
        EstimateRow(
            f"without {label}", _k(found, study), _values(found.without[study]),
            bar=value if isinstance(value := found.cook[study], float) else None,
        )
        for study, label in found.studies.items()
    ]  # fmt: skip
    rows.append(EstimateRow("all studies", str(fit.k), _values(found.full), strong=True))
    bars = "Cook" if any(row.bar is not None for row in rows) else ""
    most = max([row.bar or 0.0 for row in rows])
    limit = found.cook_limit if bars and most > 0.5 * found.cook_limit else None
    captions = influence_captions(found)
    typeface = Typeface.covering([title, *captions, *(row.label for row in rows)])
    layout = rows_layout(
        rows, _values(found.full), typeface, width=layout_width(size, ax, width), title=title,
        captions=captions, bars=bars, limit=limit,
    )  # fmt: skip
    (look,) = looks_of([code_of("", fit.table)])
    with figure_style(typeface):
        page = draw_rows(layout, ax, typeface, look.color)
    return finished(page, size, ax)


def influence_captions(found: Influence) -> list[str]:
    """Return the sentences below the figure."""
    fit = found.fit
    out = [
        f"Band: the estimate of all {fit.k} studies with its {percent(fit.level)} interval "
        f"({fit.n_diseased:,} diseased, {fit.n_nondiseased:,} non-diseased)."
    ]
    known = {s: value for s, value in found.cook.items() if isinstance(value, float)}
    if known:
        last = max(known, key=lambda study: known[study])
        out.append(
            "Cook: squared distance that a study moves the summary point, largest "
            f"{known[last]:.2f} without {found.studies[last]}; from {found.cook_limit:.2f} on the "
            "point leaves the region that holds half of the probability."
        )
    else:
        reason = next(iter(found.cook.values()))
        assert isinstance(reason, NotApplicable)
        out.append(f"No Cook's distance: {reason.reason}.")
    return [*out, *model_captions(fit)]


def _influence(source: BivariateResults | Influence) -> Influence:
    found = leave_one_out(source) if isinstance(source, BivariateResults) else source
    if isinstance(found, NotApplicable):
        raise OptionError(f"the influence of single studies cannot be shown: {found.reason}")
    return found


def _k(found: Influence, study: str) -> str:
    one = found.refits[study]
    return str(one.k) if isinstance(one, BivariateResults) else "0"


def _values(values: dict[str, object]) -> dict[str, Estimate | None]:
    return {
        name: value if isinstance(value := values[name], Estimate) else None for name in MARGINS
    }
