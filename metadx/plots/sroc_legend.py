"""The legend of a figure in ROC space: its rows, its size and its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metadx.models import BivariateResults
from metadx.plots.canvas import SLACK, Box
from metadx.plots.covariates import CovariateScale
from metadx.plots.fonts import Typeface
from metadx.plots.judgements import RiskOfBias
from metadx.plots.sroc_data import ONE_MARGIN, POOLED_MARGIN
from metadx.plots.studies import percent
from metadx.plots.style import BODY, LINE, Look
from metadx.sroc import CORRECTED
from metadx.tables.quadas_domains import JUDGEMENTS

FloatArray = NDArray[np.float64]

#: Legend: height of a row, handle with its gap, frame (millimetres).
LEGEND_ROW: Final = 3.7
LEGEND_HANDLE: Final = 8.6
LEGEND_PAD: Final = 2.8
#: Distance of the legend from frame and data (share of the axis).
LEGEND_GAP: Final = 0.015
#: Places for the legend, best first: which share of the free room is left of it and below it.
LEGEND_PLACES: Final = (
    (1.0, 0.0),
    (1.0, 0.25),
    (0.5, 0.0),
    (0.0, 0.0),
    (1.0, 0.5),
    (1.0, 1.0),
    (0.0, 1.0),
    (0.5, 1.0),
)
RADIUS_WORDS: Final = {
    "f": "F",
    "chi2": "chi-squared",
    CORRECTED: "Ito & Sugasawa",
}
#: What a legend calls a kind of curve where it stands beside others.
CURVE_WORDS: Final = {
    "hsroc": "HSROC",
    "sens_on_spec": "sensitivity on specificity",
    "spec_on_sens": "specificity on sensitivity",
    "major_axis": "major axis",
    "moses_littenberg": "Moses-Littenberg, historical",
    "naive": "sensitivity on specificity",
}


@dataclass(frozen=True, slots=True)
class LegendRow:
    """One entry.

    Attributes
    ----------
    kind : str
        What its handle shows: a part of the data, ``"test"``, ``"join"``, ``"group"`` of a
        covariate, ``"judgement"``, or ``"words"`` without a handle.
    test : str
        Whose colour and marker it has.
    text : str
        The words, broken into lines.
    detail : str
        Kind of a curve, radius of a region, or a judgement.
    look : Look or None
        Colour and marker of a group.
    """

    kind: str
    test: str
    text: str
    detail: str = ""
    look: Look | None = None


@dataclass(frozen=True, slots=True)
class Legend:
    """The legend and its place.

    Attributes
    ----------
    title : str
        k and n of a single test, empty for several.
    rows : tuple of LegendRow
        In order.
    size : Box
        Width and height (millimetres).
    place : tuple of float or None
        Lower left corner as shares of the axes; None stands outside the axes.
    """

    title: str
    rows: tuple[LegendRow, ...]
    size: Box
    place: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class LegendSource:
    """What a legend tells of.

    Attributes
    ----------
    data : DataFrame
        From `sroc_data`, the parts that are drawn.
    fits, names : dict
        Fits and words by test.
    study : str
        What the mark of a study shows.
    joined : bool
        Whether lines join the rows of one study.
    covariate : CovariateScale or None
        What colours the studies.
    bias : RiskOfBias or None
        What the slices of the studies show.
    """

    data: pd.DataFrame
    fits: Mapping[str, BivariateResults]
    names: Mapping[str, str]
    study: str = "Study (height: diseased, width: non-diseased)"
    joined: bool = False
    covariate: CovariateScale | None = None
    bias: RiskOfBias | None = None


def legend_of(source: LegendSource, typeface: Typeface, room: float) -> Legend:
    """Return a legend of at most `room` millimetres width that has no place yet."""
    rows = tuple(
        replace(row, text="\n".join(_wrapped(row, typeface, room))) for row in _rows(source)
    )
    fits = source.fits
    title = legend_title(next(iter(fits.values()))) if len(fits) == 1 else ""
    lines = [line for part in title.splitlines() for line in typeface.wrap(part, room, BODY)]
    return Legend("\n".join(lines), rows, _size(rows, lines, typeface), None)


def _wrapped(row: LegendRow, typeface: Typeface, room: float) -> list[str]:
    return typeface.wrap(row.text, SLACK * (room - LEGEND_HANDLE - LEGEND_PAD), BODY)


def legend_title(fit: BivariateResults) -> str:
    """Write k and n of a fit, and how many of its studies report one margin only."""
    only = [
        f"{k} {margin} only"
        for k, margin in ((fit.k_sens_only, "sensitivity"), (fit.k_spec_only, "specificity"))
        if k
    ]
    parts = f" ({fit.k_complete} complete, {', '.join(only)})" if only else ""
    n = f"n = {fit.n_diseased:,} diseased, {fit.n_nondiseased:,} non-diseased"
    return f"k = {fit.k}{parts}\n{n}"


def by_fixed_effect(fit: BivariateResults) -> list[str]:
    """Return the margins that were pooled by fixed effect."""
    return [name for name, margin in fit.margins.items() if margin.path == "fixed_effect"]


def _summary_words(fits: Mapping[str, BivariateResults]) -> str:
    """A point with a margin that was pooled by fixed effect is open, and says so."""
    margins = sorted({name for fit in fits.values() for name in by_fixed_effect(fit)})
    if not margins:
        return "Summary point"
    start = "open: " if len(fits) > 1 else ""
    return f"Summary point ({start}{' and '.join(margins)} by fixed effect)"


def _rows(source: LegendSource) -> list[LegendRow]:
    """Entries for what is there, and for nothing else."""
    fits, data = source.fits, source.data
    first = next(iter(fits))
    shared = "" if len(fits) > 1 else first
    level = percent(fits[first].level)
    rows = []
    for test, fit in fits.items() if len(fits) > 1 else ():
        n = f"{fit.n_diseased:,} + {fit.n_nondiseased:,}"
        rows.append(LegendRow("test", test, f"{source.names[test]}: k = {fit.k}, n = {n}"))
    words = {
        "study": source.study,
        **{kind: f"Study with {margin} only" for kind, margin in ONE_MARGIN.items()},
        "summary": _summary_words(fits),
        **{kind: f"Pooled {one} alone, {level} interval" for kind, one in POOLED_MARGIN.items()},
    }
    parts = set(data["part"])
    rows += [LegendRow(kind, shared, text) for kind, text in words.items() if kind in parts]
    if source.bias is not None:
        rows = [replace(row, kind="disc") if row.kind == "study" else row for row in rows]
    rows += _line_rows(data, shared, level)
    if source.joined:
        rows.append(LegendRow("join", "", "Same study, another test"))
    if source.covariate is not None:
        rows.append(LegendRow("words", "", f"Colour of a study: {source.covariate.name}"))
        rows += [LegendRow("group", "", text, look=look) for text, look in source.covariate.entries]
    return [*rows, *(_bias_rows(source.bias) if source.bias is not None else ())]


def _line_rows(data: pd.DataFrame, shared: str, level: str) -> list[LegendRow]:
    """Curves by kind and regions by radius; a curve says its kind where there are several."""
    rows = []
    drawn = data[data["part"].isin(["curve", "outside"])]
    kinds = list(dict.fromkeys(drawn["kind"]))
    for kind in kinds:
        name = f" ({CURVE_WORDS[kind]})" if len(kinds) > 1 or kind != "hsroc" else ""
        rows.append(LegendRow("curve", shared, f"SROC curve{name}, observed range", kind))
    if drawn["part"].eq("outside").any():
        one = len(kinds) == 1
        rows.append(LegendRow("outside", shared if one else "", "SROC curve, extrapolated"))
    for part in ("confidence_region", "prediction_region"):
        for kind in dict.fromkeys(data.loc[data["part"] == part, "kind"]):
            text = f"{level} {part.replace('_', ' ')} ({RADIUS_WORDS[kind]})"
            rows.append(LegendRow(part, shared, text, kind))
    return rows


def _bias_rows(bias: RiskOfBias) -> list[LegendRow]:
    """The slices in their order, and what their colours mean."""
    domains = ", ".join(bias.domains.label(code).lower() for code in bias.domains.codes)
    rows = [LegendRow("slices", "", f"Slices clockwise from the top: {domains}")]
    found = {word for row in bias.rows for word in row}
    for word in (*JUDGEMENTS, ""):
        if word in found:
            text = f"{bias.domains.judgement_label(word)}".capitalize()
            of = "" if not word else " risk of bias"
            rows.append(LegendRow("judgement", "", f"{text}{of}", word))
    return rows


def _size(rows: Sequence[LegendRow], title: Sequence[str], typeface: Typeface) -> Box:
    texts = [row.text.splitlines() for row in rows]
    widths = [typeface.width(line, BODY) + LEGEND_HANDLE for lines in texts for line in lines]
    widths += [typeface.width(line, BODY) for line in title]
    more = sum(len(lines) - 1 for lines in texts)
    height = (len(rows) + len(title)) * LEGEND_ROW + more * LINE + LEGEND_PAD
    return Box(0.0, 0.0, max(widths, default=0.0) / SLACK + LEGEND_PAD, height)


def placed(legend: Legend, side: float, occupied: FloatArray, keep_inside: bool) -> Legend:
    """Put a legend where it covers nothing, inside the axes if they have such a place.

    Parameters
    ----------
    legend : Legend
        Without a place.
    side : float
        Of the square (millimetres).
    occupied : ndarray of shape (m, 2)
        Points that it should not cover (shares of the axes).
    keep_inside : bool
        Whether it stays inside even if it covers data.
    """
    width, height = legend.size.width / side, legend.size.height / side
    x, y, covered = free_place(width, height, LEGEND_PLACES, occupied)
    fits = max(width, height) <= 1.0 - 2 * LEGEND_GAP
    inside = keep_inside or (fits and not covered)
    return replace(legend, place=(x, y) if inside else None)


def free_place(
    width: float, height: float, places: Sequence[tuple[float, float]], occupied: FloatArray
) -> tuple[float, float, int]:
    """Lower left corner of the first place that covers fewest points, and how many."""
    found = []
    for share_x, share_y in places:
        x = LEGEND_GAP + share_x * (1.0 - 2 * LEGEND_GAP - width)
        y = LEGEND_GAP + share_y * (1.0 - 2 * LEGEND_GAP - height)
        low = np.array([x, y]) - LEGEND_GAP
        high = np.array([x + width, y + height]) + LEGEND_GAP
        covered = int(((occupied > low) & (occupied < high)).all(axis=1).sum())
        found.append((x, y, covered))
    return min(found, key=lambda place: place[2])
