"""The SROC plot: one test, or several in the same ROC space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd
from matplotlib.axes import Axes

from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.models import BivariateResults
from metadx.plots.canvas import BORDER, new_figure, size_of
from metadx.plots.captions import model_captions, name_sentences
from metadx.plots.fonts import Typeface
from metadx.plots.sroc_data import PARTS, SrocSource, curve_of, fits_of, regions_of, sroc_data
from metadx.plots.sroc_draw import draw_sroc
from metadx.plots.sroc_layout import LEFT, SrocLayout, sroc_layout
from metadx.plots.studies import code_of, title_of
from metadx.plots.style import figure_style, looks_of
from metadx.sroc import threshold_sentence
from metadx.tables import label

#: Width of a new figure (millimetres).
WIDTH: Final = 120.0
#: Which drawn part each row of the data belongs to; studies and summary are always drawn.
PART_OF: Final = {
    "curve": "curve",
    "outside": "curve",
    "confidence_region": "confidence",
    "prediction_region": "prediction",
}


def plot_sroc(
    source: SrocSource,
    ax: Axes | None = None,
    *,
    title: str | None = None,
    curve: str = "hsroc",
    region_radius: str = "f",
    show: Sequence[str] = PARTS,
    extrapolate: bool = False,
    x: str = "fpr",
    join: bool = True,
    inset: bool = True,
    width: float = WIDTH,
) -> Axes:
    """Draw studies, summary point, SROC curve and regions in ROC space.

    Parameters
    ----------
    source : BivariateResults, or a dict of these
        One test; or several by modality code (or any name), overlaid.
    ax : Axes, optional
        Axes to draw on. A figure of the right height by default.
    title : str, optional
        The stratum of a single test by default; empty for none.
    curve, region_radius
        See `sroc_data`.
    show : sequence of {"curve", "confidence", "prediction"}
        What is drawn beside studies and summary point.
    extrapolate : bool
        Whether the curve goes on, dashed, outside the observed false-positive rates.
    x : {"fpr", "specificity"}
        What the horizontal axis says: 1 - specificity, or specificity from 1 to 0.
    join : bool
        Whether thin lines join the rows of one study in several tests.
    inset : bool
        Whether the corner of a good test is enlarged where all studies crowd in it.
    width : float
        Width of the new figure (millimetres).

    Returns
    -------
    Axes
        Square, with the false-positive rate as x and sensitivity as y.

    Raises
    ------
    OptionError
        If an option is not allowed or there is no fit.

    Notes
    -----
    A study's mark is as high as the root of its diseased, as wide as the root of its
    non-diseased. A study with one margin is a tick at the axis of that margin.
    """
    _check(show, x)
    fits = fits_of(source)
    data = _drawn(sroc_data(source, curve=curve, region_radius=region_radius), show, extrapolate)
    names = {test: label("modality", test) for test in fits}
    if title is None:
        title = title_of(next(iter(fits.values())).table) if list(fits) == [""] else ""
    captions = sroc_captions(fits, names, curve, region_radius, show)
    typeface = Typeface.covering([title, *captions, *names.values()])
    side = width - LEFT - BORDER if ax is None else size_of(ax).shorter
    layout = sroc_layout(
        data, fits, names, typeface, side=side, title=title, captions=captions,
        radius=region_radius, join=join, inset=inset, keep_inside=ax is not None,
    )  # fmt: skip
    codes = [code_of(test, fit.table) for test, fit in fits.items()]
    looks = dict(zip(fits, looks_of(codes), strict=True))
    with figure_style(typeface):
        axes = _new_axes(layout) if ax is None else ax
        draw_sroc(axes, layout, data, looks, x, typeface)
    return axes


def sroc_captions(
    fits: Mapping[str, BivariateResults],
    names: Mapping[str, str],
    curve: str,
    region_radius: str,
    show: Sequence[str] = PARTS,
) -> list[str]:
    """Return the sentences below an SROC plot: models, and what is not drawn and why.

    Parameters
    ----------
    fits, names : dict
        Fits and words by test.
    curve, region_radius
        See `sroc_data`.
    show : sequence of str
        What is drawn where it applies.
    """
    found: dict[str, list[str]] = {}
    for test, fit in fits.items():
        sentences = model_captions(fit)
        line = curve_of(fit, curve)
        if "curve" in show and isinstance(line, NotApplicable):
            sentences += _why_not("SROC curve", line.reason, sentences)
        elif "curve" in show and _rises_together(fit):
            sentence = threshold_sentence("").removeprefix(": ")
            sentences.append(sentence[:1].upper() + sentence[1:] + ".")
        regions = regions_of(fit, region_radius)
        missing = [one.reason for one in regions.values() if isinstance(one, NotApplicable)]
        if missing and ("confidence" in show or "prediction" in show):
            sentences += _why_not("region", missing[0], sentences)
        for sentence in sentences:
            found.setdefault(sentence, []).append(names[test])
    return name_sentences(found)


def _rises_together(fit: BivariateResults) -> bool:
    """Whether studies with a higher sensitivity also have a higher specificity."""
    cov = fit.between_study_cov
    return not isinstance(cov, NotApplicable) and bool(cov[0, 1] > 0)


def _why_not(what: str, reason: str, said: Sequence[str]) -> list[str]:
    """Say why something is not drawn, unless the same reason stands there already."""
    if not reason or any(reason in sentence for sentence in said):
        return []
    return [f"No {what}: {reason}."]


def _check(show: Sequence[str], x: str) -> None:
    unknown = [part for part in show if part not in PARTS]
    if unknown:
        raise OptionError(f"show has {unknown[0]!r}; it may have {', '.join(PARTS)}")
    if x not in ("fpr", "specificity"):
        raise OptionError(f'x is {x!r}; it is "fpr" or "specificity"')


def _drawn(data: pd.DataFrame, show: Sequence[str], extrapolate: bool) -> pd.DataFrame:
    """Keep the parts that are drawn; the curve beyond the studies becomes ``"outside"``."""
    far = (data["part"] == "curve") & ~data["observed"].fillna(True)
    data = data.assign(part=data["part"].mask(far, "outside"))
    shown = data["part"].map(PART_OF).fillna("always").isin(["always", *show])
    return data[shown & (~far | extrapolate)]


def _new_axes(layout: SrocLayout) -> Axes:
    width, height = LEFT + layout.side + BORDER, layout.above + layout.side + layout.below
    return new_figure(width, height).add_axes(
        (LEFT / width, layout.below / height, layout.side / width, layout.side / height)
    )
