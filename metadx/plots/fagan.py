"""The Fagan nomogram: from pretest through the likelihood ratio to post-test probability."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle

from metadx.plots.canvas import draw_labels, finished, layout_width, page_for
from metadx.plots.chart_page import DARK, DASH, LIGHT, draw_keys
from metadx.plots.decision_basis import Decidable
from metadx.plots.fagan_layout import (
    HEIGHTS,
    TICK,
    FaganLayout,
    fagan_layout,
    fagan_source,
)
from metadx.plots.fonts import Typeface
from metadx.plots.style import INK, RULE, figure_style


def plot_fagan(
    source: Decidable,
    ax: Axes | None = None,
    *,
    pretest: Any = None,
    benefit: Any = None,
    harm: Any = None,
    test_harm: Any = 0.0,
    title: str | None = None,
    seed: int = 1,
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw a Fagan nomogram with the bands of the mean and for a new hospital.

    Parameters
    ----------
    source : BivariateResults, BayesianResults or AccuracyDraws
        Accuracy of the test.
    ax : Axes, optional
        What becomes the page. A figure of the right height by default.
    pretest : optional
        One or several pretest probabilities, as for `metadx.decision.posttest`; the median
        share of the diseased in the studies by default, and the figure says so.
    benefit, harm, test_harm : optional
        As for `metadx.decision.thresholds`; where benefit and harm are given the testing and
        the treatment threshold are marked.
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
        The page, in millimetres from the top left corner.

    Raises
    ------
    ModelError
        If no study reports one of the margins.
    OptionError
        If an option is not allowed, or no pretest probability is known.

    References
    ----------
    Fagan 1975, N Engl J Med, doi:10.1056/NEJM197507312930513.
    """
    found = fagan_source(source, pretest, benefit, harm, test_harm, seed)
    title = found.basis.title if title is None else title
    names = [row.pretest.label for row in found.result.rows]
    typeface = Typeface.covering([title, *names])
    wide = layout_width(size, ax, width)
    layout = fagan_layout(found, typeface, width=wide, axis_height=HEIGHTS[size], title=title)
    with figure_style(typeface):
        page = page_for(ax, layout.width, layout.height)
        _draw_rays(page, layout)
        _draw_axes(page, layout)
        draw_labels(page, layout.labels, typeface)
        draw_keys(page, layout.keys)
    return finished(page, size, ax)


def _draw_axes(page: Axes, layout: FaganLayout) -> None:
    for axis, (x, ticks) in enumerate(zip(layout.axes, layout.ticks, strict=True)):
        page.plot([x, x], [layout.top, layout.bottom], color=INK, lw=0.8, gid="axis")
        sign = -1.0 if axis == 0 else 1.0
        for y, labelled in ticks:
            reach = x + sign * (TICK if labelled else 0.5 * TICK)
            page.plot([x, reach], [y, y], color=INK, lw=0.6, gid="tick")
    for (x0, y0), (x1, y1) in layout.leaders:
        page.plot([x0, x1], [y0, y1], color=RULE, lw=0.6, gid="leader")
    for axis, y in layout.marks:
        page.plot([layout.axes[axis]], [y], ls="none", marker="D", ms=4.0, color=INK,
                  zorder=6, gid="threshold")  # fmt: skip


def _draw_rays(page: Axes, layout: FaganLayout) -> None:
    left, _, right = layout.axes
    color, marker = layout.basis.look.color, layout.basis.look.marker
    window = Rectangle((left, layout.top), right - left, layout.bottom - layout.top,
                       transform=page.transData)  # fmt: skip
    # Bands of several pretest probabilities lie over each other.
    fainter = max(0.5 * len(layout.rays), 1.0) ** -0.5
    for ray in layout.rays:
        for gid, ends, alpha in (
            ("prediction", ray.new_ends, LIGHT),
            ("confidence", ray.mean_ends, DARK),
        ):
            corners = [(left, ray.start_ends[0]), (right, ends[0]), (right, ends[1]),
                       (left, ray.start_ends[1])]  # fmt: skip
            band = Polygon(corners, facecolor=color, alpha=alpha * fainter, lw=0, zorder=1, gid=gid)
            page.add_patch(band)
            band.set_clip_path(window)
    for ray in layout.rays:
        page.plot(
            [left, right], [ray.start, ray.end], color=color, lw=1.3, zorder=3,
            ls="-" if ray.result == "positive" else DASH, gid=ray.result,
        )  # fmt: skip
        page.plot([left, right], [ray.start, ray.end], ls="none", marker=marker, ms=3.6,
                  color=color, zorder=4, gid="end")  # fmt: skip
