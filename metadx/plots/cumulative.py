"""Cumulative meta-analysis: the pooled values as the studies appeared."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.inference.cumulative import Cumulative, Step, cumulative
from metadx.models import BivariateResults
from metadx.plots.canvas import finished, layout_width
from metadx.plots.captions import model_captions
from metadx.plots.estimate_rows import EstimateRow, draw_rows, rows_layout
from metadx.plots.fonts import Typeface
from metadx.plots.studies import MARGINS, code_of, percent, title_of
from metadx.plots.style import figure_style, looks_of

#: More names than this on one row are counted instead.
MOST_NAMES = 3


def cumulative_data(source: BivariateResults | Cumulative) -> pd.DataFrame:
    """Return the numbers behind the figure: one row for each year.

    Parameters
    ----------
    source : BivariateResults or Cumulative
        A fit, or its cumulative refits.

    Raises
    ------
    OptionError
        If the years of fewer than two studies are known.
    """
    return _cumulative(source).frame


def plot_cumulative(
    source: BivariateResults | Cumulative,
    ax: Axes | None = None,
    *,
    title: str | None = None,
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw both pooled margins as the studies appeared, the last update marked.

    Parameters
    ----------
    source : BivariateResults or Cumulative
        A fit (ordered by year), or its cumulative refits.
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
        The page, in millimetres; ``child_axes`` are the panels, in probabilities.

    Raises
    ------
    OptionError
        If the years of fewer than two studies are known, or an option is not allowed.
    """
    found = _cumulative(source)
    fit = found.fit
    title = f"{title_of(fit.table)}: as the studies appeared" if title is None else title
    rows = [
        EstimateRow(_label(step), str(step.k), _values(step), strong=step is found.steps[-1])
        for step in found.steps
    ]
    captions = cumulative_captions(found)
    typeface = Typeface.covering([title, *captions, *(row.label for row in rows)])
    full = {name: getattr(fit, name) for name in MARGINS}
    band = {name: one if isinstance(one, Estimate) else None for name, one in full.items()}
    layout = rows_layout(
        rows, band, typeface, width=layout_width(size, ax, width), title=title,
        captions=captions, first=found.by.capitalize(),
    )  # fmt: skip
    (look,) = looks_of([code_of("", fit.table)])
    with figure_style(typeface):
        page = draw_rows(layout, ax, typeface, look.color)
    return finished(page, size, ax)


def cumulative_captions(found: Cumulative) -> list[str]:
    """Return the sentences below the figure, the last change among them."""
    fit = found.fit
    out = [
        f"Each row pools all studies up to it. Band: all {fit.k} studies with the "
        f"{percent(fit.level)} interval ({fit.n_diseased:,} diseased, "
        f"{fit.n_nondiseased:,} non-diseased)."
    ]
    changes = [
        f"{name} by {100 * gap:+.1f} percentage points".replace("-", "−")
        for name in MARGINS
        if (gap := found.last_change(name)) is not None
    ]
    if changes:
        out.append(f"The last update (diamond) changed {' and '.join(changes)}.")
    if found.unplaced:
        out.append(f"Without {found.by}, in the band only: {', '.join(found.unplaced)}.")
    return [*out, *model_captions(fit)]


def _cumulative(source: BivariateResults | Cumulative) -> Cumulative:
    found = cumulative(source) if isinstance(source, BivariateResults) else source
    if isinstance(found, NotApplicable):
        raise OptionError(f"there is no cumulative figure: {found.reason}")
    return found


def _label(step: Step) -> str:
    value = f"{step.value:g}"
    if len(step.added) > MOST_NAMES:
        return f"{value}, {len(step.added)} studies"
    return f"{value}, {'; '.join(step.added)}"


def _values(step: Step) -> dict[str, Estimate | None]:
    found = {name: step.quantities[name] for name in MARGINS}
    return {name: one if isinstance(one, Estimate) else None for name, one in found.items()}
