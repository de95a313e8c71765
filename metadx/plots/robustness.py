"""Robustness on one page: what would have to be wrong for the conclusion to change."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.inference.alternatives import Alternative
from metadx.inference.robustness import GROUPS, Robustness, robustness
from metadx.models import BivariateResults
from metadx.plots.canvas import finished, layout_width
from metadx.plots.captions import model_captions
from metadx.plots.estimate_rows import EstimateRow, draw_rows, rows_layout
from metadx.plots.fonts import Typeface
from metadx.plots.studies import MARGINS, code_of, percent, title_of
from metadx.plots.style import figure_style, looks_of


def robustness_data(source: BivariateResults | Robustness) -> pd.DataFrame:
    """Return the numbers behind the figure: one row for each choice.

    Parameters
    ----------
    source : BivariateResults or Robustness
        A fit, or its robustness table.

    Raises
    ------
    OptionError
        If there is no choice to make, for one study.
    """
    return _robustness(source).frame


def plot_robustness(
    source: BivariateResults | Robustness,
    ax: Axes | None = None,
    *,
    title: str | None = None,
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw both pooled margins under every other defensible choice.

    Parameters
    ----------
    source : BivariateResults or Robustness
        A fit, or its robustness table (which may know the risk of bias).
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
        If there is no choice to make, for one study, or an option is not allowed.
    """
    found = _robustness(source)
    fit = found.fit
    title = f"{title_of(fit.table)}: other choices" if title is None else title
    rows, absent = _rows(found)
    captions = robustness_captions(found, absent)
    typeface = Typeface.covering([title, *captions, *(row.label for row in rows)])
    band = _values(found.headline)
    layout = rows_layout(
        rows, band, typeface, width=layout_width(size, ax, width), title=title, captions=captions
    )
    (look,) = looks_of([code_of("", fit.table)])
    with figure_style(typeface):
        page = draw_rows(layout, ax, typeface, look.color)
    return finished(page, size, ax)


def _rows(found: Robustness) -> tuple[list[EstimateRow], dict[str, list[str]]]:
    """Rows by group; choices that give nothing are said below, each reason once."""
    rows: list[EstimateRow] = []
    absent: dict[str, list[str]] = {}
    for group, name in GROUPS.items():
        shown = []
        for one in (row for own, row in found.rows if own == group):
            if all(one.value(margin) is None for margin in MARGINS):
                reason = one.sensitivity
                assert isinstance(reason, NotApplicable)
                absent.setdefault(reason.reason, []).append(one.words)
                continue
            words = "all studies" if group == "headline" else one.words
            shown.append(EstimateRow(words, str(one.k), _values(one), strong=group == "headline"))
        if shown and group != "headline":
            rows.append(EstimateRow(name))
        rows += shown
    return rows, absent


def robustness_captions(found: Robustness, absent: dict[str, list[str]]) -> list[str]:
    """Return the sentences below the figure, what would have to be wrong first."""
    fit = found.fit
    out = [
        *found.sentences,
        f"Band: the headline with its {percent(fit.level)} interval ({fit.n_diseased:,} diseased, "
        f"{fit.n_nondiseased:,} non-diseased).",
    ]
    out += [f"Not shown: {'; '.join(words)} ({reason})." for reason, words in absent.items()]
    said = " ".join(out)
    reasons = [margin.reason for margin in fit.margins.values() if margin.reason in said]
    repeated = [text for text in model_captions(fit) if any(r and r in text for r in reasons)]
    return [*out, *(text for text in model_captions(fit) if text not in repeated)]


def _robustness(source: BivariateResults | Robustness) -> Robustness:
    found = robustness(source) if isinstance(source, BivariateResults) else source
    if isinstance(found, NotApplicable):
        raise OptionError(f"there is no robustness figure: {found.reason}")
    return found


def _values(one: Alternative) -> dict[str, Estimate | None]:
    found = {name: getattr(one, name) for name in MARGINS}
    return {name: value if isinstance(value, Estimate) else None for name, value in found.items()}
