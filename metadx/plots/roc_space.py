"""One figure in ROC space from its data: title, fonts, frame, layout and drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd
from matplotlib.axes import Axes

from metadx.models import BivariateResults
from metadx.plots.canvas import BORDER, finished, new_figure, size_of
from metadx.plots.covariates import CovariateScale
from metadx.plots.fonts import Typeface
from metadx.plots.judgements import RiskOfBias
from metadx.plots.sroc_draw import draw_sroc
from metadx.plots.sroc_layout import LEFT, Frame, SrocLayout, sroc_layout
from metadx.plots.sroc_legend import LegendSource
from metadx.plots.studies import code_of, title_of
from metadx.plots.style import INK, SIZES, TITLE, Look, figure_style, looks_of, size_named
from metadx.tables import label

#: A square as wide as a page's text would waste the page (millimetres).
SQUARE: Final = {"one-column": SIZES["one-column"].width, "two-column": 120.0}


def draw_roc_space(
    data: pd.DataFrame,
    fits: Mapping[str, BivariateResults],
    ax: Axes | None,
    *,
    title: str | None,
    captions: Sequence[str],
    study: str,
    x: str = "fpr",
    join: bool = True,
    inset: bool = True,
    labels: bool | str = False,
    covariate: CovariateScale | None = None,
    bias: RiskOfBias | None = None,
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Lay out and draw a figure in ROC space.

    Parameters
    ----------
    data : DataFrame
        From `sroc_data`, the parts that are drawn.
    fits : dict
        Fits by test.
    ax : Axes or None
        Axes to draw on.
    title : str or None
        The stratum of a single test where it is None.
    captions : sequence of str
        Paragraphs.
    study : str
        What the mark of a study shows, for the legend.
    covariate, bias
        What colours or divides the marks of the studies.
    x, join, inset, labels, size, width
        See `plot_sroc`.
    """
    named = size_named(size)
    if title is None:
        title = title_of(next(iter(fits.values())).table) if list(fits) == [""] else ""
    names = {test: label("modality", test) for test in fits}
    source = LegendSource(data, fits, names, study, covariate=covariate, bias=bias)
    groups = [text for text, _ in covariate.entries] if covariate is not None else []
    written = [*(data["label"] if labels else []), *groups, *names.values()]
    typeface = Typeface.covering([title, *captions, *map(str, written)])
    beside = ax is None and size == "slide"
    page = named.width if beside else SQUARE.get(size, 0.0) if width is None else width
    room = (page if ax is None else size_of(ax).shorter + LEFT) - 2 * BORDER
    heads = typeface.wrap(title, room, TITLE, "bold") if title else []
    if ax is not None:
        frame = Frame.given(size_of(ax).shorter)
    else:
        frame = Frame.beside(named, len(heads)) if beside else Frame.stacked(page)
    layout = sroc_layout(
        source, typeface, frame, title=heads, captions=captions, join=join, inset=inset,
        labels=labels,
    )  # fmt: skip
    codes = [code_of(test, fit.table) for test, fit in fits.items()]
    looks = dict(zip(fits, looks_of(codes), strict=True))
    if covariate is not None and len(fits) == 1:
        looks = {test: Look(INK, look.marker) for test, look in looks.items()}
    with figure_style(typeface):
        axes = _new_axes(layout) if ax is None else ax
        draw_sroc(axes, layout, data, looks, x, typeface)
        return finished(axes, size, ax)


def _new_axes(layout: SrocLayout) -> Axes:
    side = layout.frame.side
    width, height = layout.width, layout.above + side + layout.below
    return new_figure(width, height).add_axes(
        (LEFT / width, layout.below / height, side / width, side / height)
    )
