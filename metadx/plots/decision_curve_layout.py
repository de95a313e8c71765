"""Numbers and places of the decision curve: plain data, nothing is drawn here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from metadx.decision.net_benefit import GRID, DecisionCurve, decision_curve
from metadx.decision.sentences import share
from metadx.plots.chart_page import DARK, LIGHT, ChartPage, Key, chart_page
from metadx.plots.decision_basis import (
    Basis,
    Decidable,
    basis_captions,
    basis_of,
    chosen_pretests,
)
from metadx.plots.fonts import Typeface
from metadx.plots.studies import code_of
from metadx.plots.style import INK, QUIET, looks_of
from metadx.tables import label


@dataclass(frozen=True)
class DecisionCurveLayout:
    """A decision curve before it is drawn.

    Attributes
    ----------
    page : ChartPage
        Everything outside the data.
    data : DataFrame
        From `decision_curve_data`.
    colors : dict
        Colour of each test.
    bands : tuple of (str, float)
        Which intervals are drawn, and how opaque; with several tests those of the mean.
    xlim, ylim : tuple of float
        Ends of the axes.
    """

    page: ChartPage
    data: pd.DataFrame
    colors: dict[str, str]
    bands: tuple[tuple[str, float], ...]
    xlim: tuple[float, float]
    ylim: tuple[float, float]


@dataclass(frozen=True)
class Curves:
    """Decision curves of one or several tests at one prevalence."""

    bases: Mapping[str, Basis]
    curves: Mapping[str, DecisionCurve]
    captions: list[str]

    @property
    def data(self) -> pd.DataFrame:
        """The curves below each other, with the test as a column."""
        frames = [curve.frame.assign(test_name=name) for name, curve in self.curves.items()]
        data = pd.concat(frames, ignore_index=True)
        return data[["test_name", *(c for c in data.columns if c != "test_name")]]


def curves_of(
    source: Decidable | Mapping[str, Decidable], pretest: Any, test_harm: float, seed: int
) -> Curves:
    """Compute the curves of a figure; the first test's studies stand for a prevalence."""
    sources = dict(source) if isinstance(source, Mapping) else {"": source}
    bases = {str(name): basis_of(one, seed) for name, one in sources.items()}
    for basis in bases.values():
        basis.draws.need_both("a decision curve")
    (chosen,), captions = chosen_pretests(next(iter(bases.values())), pretest, several=False)
    curves = {
        name: decision_curve(basis.draws, chosen, GRID, test_harm=test_harm)
        for name, basis in bases.items()
    }
    return Curves(bases, curves, captions)


def decision_curve_data(
    source: Decidable | Mapping[str, Decidable],
    *,
    pretest: Any = None,
    test_harm: float = 0.0,
    seed: int = 1,
) -> pd.DataFrame:
    """Return the numbers behind a decision curve.

    Parameters
    ----------
    source : BivariateResults, BayesianResults, AccuracyDraws, or a mapping to these
        One test, or several by modality code or any name.
    pretest : optional
        Prevalence, as for `metadx.decision.posttest`; the median share of the diseased in
        the first test's studies by default.
    test_harm : float
        Net true positives that testing one person costs.
    seed : int
        Seed of the draws.

    Returns
    -------
    DataFrame
        ``test_name`` and the columns of `metadx.decision.DecisionCurve`.

    Raises
    ------
    ModelError
        If no study reports one of the margins.
    """
    return curves_of(source, pretest, test_harm, seed).data


def decision_curve_layout(
    found: Curves, typeface: Typeface, *, width: float, title: str
) -> DecisionCurveLayout:
    """Lay out a decision curve.

    Parameters
    ----------
    found : Curves
        From `curves_of`.
    typeface : Typeface
        Fonts of the figure.
    width : float
        Of the page (millimetres).
    title : str
        Above; empty for none.
    """
    data = found.data
    tables = [basis.draws.table for basis in found.bases.values()]
    codes = [code_of(name, table) for name, table in zip(found.bases, tables, strict=True)]
    looks = dict(zip(found.bases, looks_of(codes), strict=True))
    colors = {name: look.color for name, look in looks.items()}
    first = next(iter(found.bases.values()))
    keys = [
        Key("solid", label("modality", name) if name else "Act on the test", color)
        for name, color in colors.items()
    ]
    bands: tuple[tuple[str, float], ...] = (("_new", LIGHT), ("", DARK))
    if len(found.bases) > 1:
        bands = (("", LIGHT),)
        keys.append(Key("light", f"{first.level} interval of the mean", first.look.color))
    else:
        keys.append(Key("dark", f"{first.level} interval of the mean", first.look.color))
        keys.append(Key("light", f"{first.level} interval for a new hospital", first.look.color))
    keys += [Key("dashed", "Treat all", INK), Key("dotted", "Treat none", QUIET)]
    shown = [f"test{tail}_high" for tail, _ in bands]
    top = float(data[["treat_all", *shown]].to_numpy().max())
    page = chart_page(
        typeface,
        width=width,
        panel_height=min(0.75 * width, 90.0),
        title=title,
        keys=keys,
        captions=_captions(found),
        left=15.0,
    )
    ylim = (-0.15 * top, max(1.08 * top, 1e-3))
    return DecisionCurveLayout(page, data, colors, bands, (0.0, 1.0), ylim)


def _captions(found: Curves) -> list[str]:
    sentences = [*found.captions]
    for name, curve in found.curves.items():
        basis, opening = found.bases[name], f"{label('modality', name)}: " if name else ""
        p = curve.pretest
        harm = f", harm of a test {curve.test_harm:g}" if curve.test_harm else ""
        sentences.append(
            f"{opening}prevalence {p}{harm}. Before any harm of the test, acting on it is best at "
            f"threshold probabilities from {share(curve.useful_from)} to {share(curve.useful_to)}."
        )
        notes = basis_captions(basis)
        sentences += [f"{opening}{' '.join(notes)}"] if name else notes
    return [text[:1].upper() + text[1:] for text in sentences]


def ticks_between(low: float, high: float) -> list[float]:
    """Round numbers from `low` to `high`, four to eight of them."""
    step = 10.0 ** np.floor(np.log10(high - low))
    for factor in (0.1, 0.2, 0.5, 1.0):
        if (high - low) / (step * factor) <= 8.0:
            step *= factor
            break
    first = np.ceil(low / step) * step
    return np.round(np.arange(first, high + 1e-9, step), 10).tolist()  # type: ignore[no-any-return]


def tick_text(value: float) -> str:
    """Write a tick with a true minus sign, and 0 without one."""
    return f"{value + 0.0:g}".replace("-", "−")
