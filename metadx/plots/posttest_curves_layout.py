"""Numbers and places of the post-test curves: plain data, nothing is drawn here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from metadx.decision.draws import log_likelihood_ratios
from metadx.decision.posttest import posttest
from metadx.estimate import Estimate
from metadx.plots.canvas import Label
from metadx.plots.chart_page import ChartPage, Key, chart_page
from metadx.plots.decision_basis import (
    Basis,
    Decidable,
    basis_captions,
    basis_of,
    chosen_pretests,
    prevalences,
)
from metadx.plots.fonts import Typeface
from metadx.plots.style import BODY, LINE, QUIET

FloatArray = NDArray[np.float64]

#: Pretest probabilities of the curves: close where they are steep.
GRID: Final = (
    0.0005, 0.001, *np.linspace(0.002, 0.998, 101).tolist(), 0.999, 0.9995
)  # fmt: skip
RESULTS: Final = ("positive", "negative")


@dataclass(frozen=True)
class CurvesLayout:
    """Post-test curves before they are drawn.

    Attributes
    ----------
    page : ChartPage
        Everything outside the data.
    curves, marks, rug : DataFrame
        Parts of the data.
    basis : Basis
        What the figure rests on.
    """

    page: ChartPage
    curves: pd.DataFrame
    marks: pd.DataFrame
    rug: pd.DataFrame
    basis: Basis


def posttest_curves_data(source: Decidable, *, pretest: Any = None, seed: int = 1) -> pd.DataFrame:
    """Return the numbers behind the post-test curves.

    Parameters
    ----------
    source : BivariateResults, BayesianResults or AccuracyDraws
        Accuracy of the test.
    pretest : optional
        Pretest probabilities that are marked, as for `metadx.decision.posttest`.
    seed : int
        Seed of the draws.

    Returns
    -------
    DataFrame
        ``part`` is ``"curve"``, ``"pretest"`` (marked) or ``"prevalence"`` (share of the
        diseased in a study); ``pretest``; for each result the value, ``_low`` and ``_high``
        (of the mean), ``_new_low`` and ``_new_high`` (in a new hospital); probabilities.

    Raises
    ------
    ModelError
        If no study reports one of the margins.
    """
    return curves_and_marks(basis_of(source, seed), pretest)


def curves_and_marks(basis: Basis, pretest: Any) -> pd.DataFrame:
    """Return the rows of `posttest_curves_data` from draws that are there already."""
    basis.draws.need_both("a post-test probability")
    rug = prevalences(basis.draws.table).rename(columns={"prevalence": "pretest"})
    frames = [_curve(basis).assign(part="curve", label="")]
    if pretest is not None:
        frames.append(_marks(basis, pretest).assign(part="pretest"))
    frames.append(rug.assign(part="prevalence"))
    data = pd.concat([frame for frame in frames if len(frame)], ignore_index=True)
    first = ["part", "label", "pretest"]
    return data[[*first, *(name for name in data.columns if name not in first)]]


def _curve(basis: Basis) -> pd.DataFrame:
    """The post-test probability rises with the likelihood ratio, and so do its quantiles."""
    grid = np.array(GRID)
    before = logit(grid)
    columns = {"pretest": grid}
    shares = np.array([0.5 - 0.5 * basis.draws.level, 0.5 + 0.5 * basis.draws.level])
    point = log_likelihood_ratios(basis.draws.point)
    for tail, logits in (("", basis.draws.mean), ("_new", basis.draws.new_setting)):
        low, high = np.quantile(log_likelihood_ratios(logits), shares, axis=0)
        for column, result in enumerate(RESULTS):
            columns[result] = expit(before + point[column])
            columns[f"{result}{tail}_low"] = expit(before + min(low[column], point[column]))
            columns[f"{result}{tail}_high"] = expit(before + max(high[column], point[column]))
    return pd.DataFrame(columns)


def _marks(basis: Basis, pretest: Any) -> pd.DataFrame:
    chosen, _ = chosen_pretests(basis, pretest)
    rows = []
    for row in posttest(basis.draws, list(chosen)).rows:
        found: dict[str, Any] = {"label": row.pretest.label, "pretest": row.pretest.value}
        found |= {"pretest_low": row.pretest.low, "pretest_high": row.pretest.high}
        for result in RESULTS:
            mean, new = getattr(row, result), getattr(row, f"{result}_new")
            assert isinstance(mean, Estimate)
            found |= {result: mean.value, f"{result}_low": mean.low, f"{result}_high": mean.high}
            found |= {f"{result}_new_low": new.low, f"{result}_new_high": new.high}
        rows.append(found)
    return pd.DataFrame(rows)


def posttest_curves_layout(
    basis: Basis, data: pd.DataFrame, typeface: Typeface, *, width: float, title: str
) -> CurvesLayout:
    """Lay out the post-test curves.

    Parameters
    ----------
    basis : Basis
        What the figure rests on.
    data : DataFrame
        From `posttest_curves_data`.
    typeface : Typeface
        Fonts of the figure.
    width : float
        Of the page (millimetres).
    title : str
        Above; empty for none.
    """
    parts = {name: data[data["part"] == name] for name in ("curve", "pretest", "prevalence")}
    color = basis.look.color
    keys = [
        Key("solid", "After a positive result", color),
        Key("dashed", "After a negative result", color),
        Key("dark", f"{basis.level} interval of the mean", color),
        Key("light", f"{basis.level} interval for a new hospital", color),
        Key("dotted", "A test that says nothing", QUIET),
    ]
    if len(parts["prevalence"]):
        keys.append(Key("rug", f"Share of the diseased in {len(parts['prevalence'])} studies"))
    side = min(width - 25.0, 100.0)
    above, room = _labels_above(parts["pretest"], typeface, width, side)
    page = chart_page(
        typeface,
        width=width,
        panel_height=side,
        title=title,
        above=above,
        above_height=room,
        keys=keys,
        captions=basis_captions(basis),
        right=width - 13.0 - side,
    )
    return CurvesLayout(page, parts["curve"], parts["pretest"], parts["prevalence"], basis)


def _labels_above(
    marks: pd.DataFrame, typeface: Typeface, width: float, side: float
) -> tuple[list[Label], float]:
    """Names of the marked probabilities over the panel, in as many rows as they need."""
    rows: list[float] = []
    placed: list[tuple[float, int, str]] = []
    for name, value in sorted(
        zip(marks.get("label", []), marks.get("pretest", []), strict=True), key=lambda one: one[1]
    ):
        wide = typeface.width(name, BODY) + 2.0
        x = min(max(13.0 + side * value - 0.5 * wide, 2.0), width - wide - 2.0)
        row = next((i for i, end in enumerate(rows) if end <= x), len(rows))
        rows[row : row + 1] = [x + wide]
        placed.append((x + 0.5 * wide, row, name))
    count = len(rows)
    labels = [Label(x, (count - row - 0.5) * LINE, name, align="center") for x, row, name in placed]
    return labels, count * LINE + (0.8 if count else 0.0)
