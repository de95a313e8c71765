"""Post-test against pretest probability."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from metadx.plots.canvas import finished, layout_width
from metadx.plots.chart_page import DARK, DASH, DOTS, LIGHT, draw_chart
from metadx.plots.decision_basis import Decidable, basis_of
from metadx.plots.fonts import Typeface
from metadx.plots.posttest_curves_layout import (
    RESULTS,
    CurvesLayout,
    curves_and_marks,
    posttest_curves_layout,
)
from metadx.plots.style import QUIET, figure_style


def plot_posttest_curves(
    source: Decidable,
    ax: Axes | None = None,
    *,
    pretest: Any = None,
    title: str | None = None,
    seed: int = 1,
    size: str = "one-column",
    width: float | None = None,
) -> Axes:
    """Draw the probability after a positive and a negative result against that before.

    Parameters
    ----------
    source : BivariateResults, BayesianResults or AccuracyDraws
        Accuracy of the test.
    ax : Axes, optional
        What becomes the page. A figure of the right height by default.
    pretest : optional
        Pretest probabilities that are marked, as for `metadx.decision.posttest`; a mapping
        names strata of patients.
    title : str, optional
        The stratum by default; empty for none.
    seed : int
        Seed of the draws.
    size : {"one-column", "two-column", "slide"}
        What a new figure is made for.
    width : float, optional
        Another width of the new figure (millimetres).

    Returns
    -------
    Axes
        The page, in millimetres; its child axes are the panel, in probabilities.

    Raises
    ------
    ModelError
        If no study reports one of the margins.
    OptionError
        If an option is not allowed.
    """
    basis = basis_of(source, seed)
    data = curves_and_marks(basis, pretest)
    title = basis.title if title is None else title
    typeface = Typeface.covering([title, *data["label"].astype(str)])
    wide = layout_width(size, ax, width)
    layout = posttest_curves_layout(basis, data, typeface, width=wide, title=title)
    with figure_style(typeface):
        page, panel = draw_chart(layout.page, ax, typeface)
        _draw_panel(panel, layout)
    return finished(page, size, ax)


def _draw_panel(panel: Axes, layout: CurvesLayout) -> None:
    panel.set_label("posttest")
    panel.set_xlim(0.0, 1.0)
    panel.set_ylim(0.0, 1.0)
    panel.set_xlabel("Pretest probability")
    panel.set_ylabel("Post-test probability")
    ticks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    panel.set_xticks(ticks, [f"{tick:.1f}" for tick in ticks])
    panel.set_yticks(ticks, [f"{tick:.1f}" for tick in ticks])
    panel.plot([0, 1], [0, 1], color=QUIET, lw=0.8, ls=DOTS, gid="nothing")
    color, curve = layout.basis.look.color, layout.curves
    for result, dashes in zip(RESULTS, ("-", DASH), strict=True):
        for tail, alpha in (("_new", LIGHT), ("", DARK)):
            panel.fill_between(
                curve["pretest"], curve[f"{result}{tail}_low"], curve[f"{result}{tail}_high"],
                color=color, alpha=alpha, lw=0, gid=f"{result}{tail}_band",
            )  # fmt: skip
        panel.plot(curve["pretest"], curve[result], color=color, lw=1.3, ls=dashes, gid=result)
    for value in layout.rug["pretest"]:
        panel.plot([value, value], [0.0, 0.025], color="#111111", lw=0.8, gid="rug", zorder=4)
    for mark in layout.marks.to_dict("records"):
        panel.axvline(mark["pretest"], color=QUIET, lw=0.6, zorder=1.5, gid="pretest")
        for result in RESULTS:
            panel.plot(
                [mark["pretest"]], [mark[result]], ls="none", marker=layout.basis.look.marker,
                ms=4.0, color=color, mec="white", mew=0.5, zorder=5, clip_on=False, gid="mark",
            )  # fmt: skip
