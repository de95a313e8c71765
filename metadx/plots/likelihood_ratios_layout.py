"""Numbers and places of the likelihood-ratio scattergram: nothing is drawn here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metadx.decision.draws import log_likelihood_ratios
from metadx.decision.sentences import ratio
from metadx.models.measures import correct_zero_cells, counts_of
from metadx.plots.chart_page import ChartPage, Key, chart_page
from metadx.plots.decision_basis import Basis, Decidable, basis_captions, basis_of
from metadx.plots.fonts import Typeface

FloatArray = NDArray[np.float64]

#: A test whose LR+ is above, or LR- below, these changes most decisions (Jaeschke et al. 1994,
#: JAMA, doi:10.1001/jama.1994.03510330081039).
STRONG_POSITIVE: Final = 10.0
STRONG_NEGATIVE: Final = 0.1
#: Names of the quadrants by (LR+ strong, LR- strong).
QUADRANTS: Final = {
    (True, True): "confirms\nand excludes",
    (True, False): "confirms only",
    (False, True): "excludes only",
    (False, False): "neither",
}
#: What the axes show at least and at most.
LEAST: Final = ((0.02, 1.2), (0.9, 60.0))
MOST: Final = ((1e-4, 10.0), (0.1, 1e4))
POINTS: Final = 181


@dataclass(frozen=True)
class RatiosLayout:
    """A scattergram before it is drawn.

    Attributes
    ----------
    page : ChartPage
        Everything outside the data.
    data : DataFrame
        From `likelihood_ratios_data`.
    xlim, ylim : tuple of float
        Ends of the axes (ratios).
    basis : Basis
        What the figure rests on.
    """

    page: ChartPage
    data: pd.DataFrame
    xlim: tuple[float, float]
    ylim: tuple[float, float]
    basis: Basis


def likelihood_ratios_data(source: Decidable, *, seed: int = 1) -> pd.DataFrame:
    """Return the numbers behind the scattergram.

    Parameters
    ----------
    source : BivariateResults, BayesianResults or AccuracyDraws
        Accuracy of the test.
    seed : int
        Seed of the draws.

    Returns
    -------
    DataFrame
        ``part`` is ``"study"`` (both margins), ``"summary"``, ``"confidence_region"`` or
        ``"prediction_region"``; ``label``, ``lr_negative``, ``lr_positive``, ``n``, and
        ``corrected`` where 0.5 was added to the counts of a study.

    Raises
    ------
    ModelError
        If no study reports one of the margins.
    """
    return ratios_of(basis_of(source, seed))


def ratios_of(basis: Basis) -> pd.DataFrame:
    """Return the rows of `likelihood_ratios_data` from draws that are there already."""
    draws = basis.draws
    draws.need_both("a likelihood ratio")
    frames = [_studies(basis)]
    summary = np.exp(log_likelihood_ratios(draws.point))
    frames.append(_rows("summary", summary[None]))
    for part, logits in (
        ("confidence_region", draws.mean),
        ("prediction_region", draws.new_setting),
    ):
        outline = region(logits, draws.level)
        frames.append(_rows(part, np.exp(log_likelihood_ratios(outline))))
    return pd.concat([frame for frame in frames if len(frame)], ignore_index=True)


def region(logits: FloatArray, level: float) -> FloatArray:
    """Outline of the ellipse that holds a share of the draws, in logits, shape (POINTS, 2).

    Centre and shape are mean and covariance of the draws; the size is such that `level` of
    them lie inside.
    """
    centre = logits.mean(axis=0)
    cov = np.cov(logits.T)
    # A variance at its boundary of 0 leaves a line; the jitter keeps its factor defined.
    factor = np.linalg.cholesky(cov + 1e-12 * np.eye(2))
    inside = np.linalg.solve(factor, (logits - centre).T)
    radius = float(np.sqrt(np.quantile((inside**2).sum(axis=0), level)))
    angle = np.linspace(0.0, 2.0 * np.pi, POINTS)
    circle = radius * np.stack([np.cos(angle), np.sin(angle)])
    return np.asarray(centre + (factor @ circle).T)


def _studies(basis: Basis) -> pd.DataFrame:
    table = basis.draws.table.complete
    if not len(table):
        return pd.DataFrame()
    counts = counts_of(table)
    fixed, corrected = correct_zero_cells(counts, "single")
    sens, spec = fixed[:, 0] / fixed[:, 1], fixed[:, 2] / fixed[:, 3]
    frame = _rows("study", np.column_stack([sens / (1.0 - spec), (1.0 - sens) / spec]))
    return frame.assign(
        label=table.labels,
        n=(counts[:, 1] + counts[:, 3]).astype(int),
        corrected=corrected,
    )


def _rows(part: str, ratios: FloatArray) -> pd.DataFrame:
    return pd.DataFrame(
        {"part": part, "label": "", "lr_negative": ratios[:, 1], "lr_positive": ratios[:, 0]}
    )


def quadrant(lr_positive: float, lr_negative: float) -> str:
    """Name the quadrant of a test."""
    return QUADRANTS[lr_positive >= STRONG_POSITIVE, lr_negative <= STRONG_NEGATIVE]


def likelihood_ratios_layout(
    basis: Basis, data: pd.DataFrame, typeface: Typeface, *, width: float, title: str
) -> RatiosLayout:
    """Lay out a scattergram.

    Parameters
    ----------
    basis : Basis
        What the figure rests on.
    data : DataFrame
        From `likelihood_ratios_data`.
    typeface : Typeface
        Fonts of the figure.
    width : float
        Of the page (millimetres).
    title : str
        Above; empty for none.
    """
    studies, color = data[data["part"] == "study"], basis.look.color
    marker = basis.look.marker
    keys = []
    if len(studies):
        keys.append(
            Key(f"marker:{marker}-", f"Study with both margins (k = {len(studies)})", color)
        )
    keys += [
        Key(f"marker:{marker}", "Summary point", color),
        Key("dashed", f"{basis.level} confidence region", color),
        Key("dotted", f"{basis.level} prediction region", color),
    ]
    side = min(width - 22.0, 100.0)
    page = chart_page(
        typeface,
        width=width,
        panel_height=side,
        title=title,
        keys=keys,
        captions=_captions(basis, data),
        left=16.0,
        right=width - 16.0 - side,
    )
    drawn = [data["lr_negative"].to_numpy(), data["lr_positive"].to_numpy()]
    xlim, ylim = (
        (
            max(min(values.min() / 1.3, least[0]), most[0]),
            min(max(values.max() * 1.3, least[1]), most[1]),
        )
        for values, least, most in zip(drawn, LEAST, MOST, strict=True)
    )
    return RatiosLayout(page, data, xlim, ylim, basis)


def _captions(basis: Basis, data: pd.DataFrame) -> list[str]:
    summary = data[data["part"] == "summary"].iloc[0]
    positive, negative = float(summary["lr_positive"]), float(summary["lr_negative"])
    found = [
        f"Summary point: LR+ {ratio(positive)}, LR− {ratio(negative)}: the test "
        f"{_says(quadrant(positive, negative))}. The regions hold {basis.level} of the draws."
    ]
    studies = data[data["part"] == "study"]
    count = int(studies["corrected"].sum()) if len(studies) else 0
    if count:
        found.append(f"0.5 was added to the counts of {count} with an empty cell.")
    return [*found, *basis_captions(basis)]


def _says(name: str) -> str:
    return "neither confirms nor excludes" if name == "neither" else name.replace("\n", " ")
