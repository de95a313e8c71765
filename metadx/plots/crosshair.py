"""The uncertainty of each study in ROC space: crosshairs, or ellipses."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

from metadx.plots.crosshair_data import crosshair_data, outlines, roc_ellipses_data
from metadx.plots.groups import FitSource
from metadx.plots.roc_space import draw_roc_space
from metadx.plots.sroc import check_show, covariate_from, drawn_parts, sroc_captions
from metadx.plots.sroc_data import fits_of
from metadx.plots.studies import INTERVALS, percent


def plot_crosshair(
    source: FitSource,
    ax: Axes | None = None,
    *,
    title: str | None = None,
    interval: str = "wilson",
    level: float = 0.95,
    show: Sequence[str] = (),
    color_by: str | None = None,
    labels: bool | str = False,
    join: bool = True,
    inset: bool = True,
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw each study as a cross of its two intervals, larger studies darker and heavier.

    Parameters
    ----------
    source : BivariateResults, Comparison, or a dict or list of fits
        One test, or several.
    ax, title, color_by, labels, join, inset, size, width
        See `metadx.plot_sroc`.
    interval : {"wilson", "exact"}
        Interval of a study's proportions.
    level : float
        Its coverage.
    show : sequence of {"curve", "confidence", "prediction"}
        What is drawn beside studies and summary point; nothing by default.

    Returns
    -------
    Axes
        ROC space.

    Raises
    ------
    OptionError
        If an option is not allowed or there is no fit.
    """
    fits = fits_of(source)
    check_show(show)
    data = crosshair_data(fits, interval=interval, level=level, color_by=color_by)
    key = f"Bars: {percent(level)} {INTERVALS[interval][1]} intervals of each study."
    return draw_roc_space(
        drawn_parts(data, show, False),
        fits,
        ax,
        title=title,
        captions=[key, *sroc_captions(fits, "hsroc", "f", show)],
        covariate=covariate_from(data, color_by),
        study="Study (darker, heavier: more participants)",
        join=join,
        inset=inset,
        labels=labels,
        size=size,
        width=width,
    )


def plot_roc_ellipses(
    source: FitSource,
    ax: Axes | None = None,
    *,
    title: str | None = None,
    level: float = 0.95,
    show: Sequence[str] = (),
    color_by: str | None = None,
    labels: bool | str = False,
    join: bool = True,
    inset: bool = True,
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw the joint confidence region of each study, larger studies darker.

    Parameters
    ----------
    source, ax, title, show, color_by, labels, join, inset, size, width
        See `plot_crosshair`.
    level : float
        Coverage of a study's region.

    Returns
    -------
    Axes
        ROC space.

    Raises
    ------
    OptionError
        If an option is not allowed or there is no fit.

    Notes
    -----
    See `roc_ellipses_data` for the regions. They take the normal approximation of the logits;
    the summary point does not.
    """
    fits = fits_of(source)
    check_show(show)
    data = roc_ellipses_data(fits, level=level, color_by=color_by)
    shapes = pd.Series(outlines(data), index=data.index, dtype=object)
    key = (
        f"Ellipses: {percent(level)} joint confidence region of each study by the normal "
        "approximation of its logits; 0.5 is added to the cells of a study with a zero cell."
    )
    return draw_roc_space(
        drawn_parts(data.assign(outline=shapes), show, False),
        fits,
        ax,
        title=title,
        captions=[key, *sroc_captions(fits, "hsroc", "f", show)],
        covariate=covariate_from(data, color_by),
        study="Study (darker: more participants)",
        join=join,
        inset=inset,
        labels=labels,
        size=size,
        width=width,
    )
