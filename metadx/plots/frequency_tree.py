"""The natural-frequency tree: 1,000 people split by condition and by test result."""

from __future__ import annotations

from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from metadx.plots.canvas import draw_labels, finished, layout_width, page_for
from metadx.plots.decision_basis import Decidable
from metadx.plots.fonts import Typeface
from metadx.plots.frequency_tree_layout import frequency_tree_layout, tree_source
from metadx.plots.style import QUIET, figure_style

#: Frame and dashes of each kind of box; wrong results have a thick frame, readable in grey.
FRAMES: Final[dict[str, dict[str, Any]]] = {
    "plain": {"ec": QUIET, "fc": "#F5F5F5", "lw": 0.6},
    "right": {"ec": QUIET, "fc": "white", "lw": 0.6},
    "wrong": {"ec": "#111111", "fc": "#E4E4E4", "lw": 1.3},
    "unknown": {"ec": QUIET, "fc": "white", "lw": 0.6, "ls": (0, (3, 2))},
}


def plot_frequency_tree(
    source: Decidable,
    ax: Axes | None = None,
    *,
    pretest: Any = None,
    second: Decidable | None = None,
    follow: str = "negative",
    total: int = 1000,
    title: str | None = None,
    seed: int = 1,
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw what one test, or two in sequence, does to 1,000 people.

    Parameters
    ----------
    source : BivariateResults, BayesianResults or AccuracyDraws
        Accuracy of the test, of the first one where there are two.
    ax : Axes, optional
        What becomes the page. A figure of the right height by default.
    pretest : optional
        One pretest probability, as for `metadx.decision.posttest`; the median share of the
        diseased in the studies by default, and the figure says so.
    second : optional
        Accuracy of a second test, best from people whose first result was `follow`.
    follow : {"negative", "positive"}
        Which first result leads to the second test.
    total : int
        People in all.
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
        If two tests are combined and no study reports one of the margins. With one test the
        half that exists is drawn.
    OptionError
        If an option is not allowed, or no pretest probability is known.
    """
    found = tree_source(source, pretest, second, follow, total, seed)
    title = found.basis.title if title is None else title
    typeface = Typeface.covering([title, *found.captions])
    wide = layout_width(size, ax, width)
    layout = frequency_tree_layout(found, typeface, width=wide, title=title)
    with figure_style(typeface):
        page = page_for(ax, layout.width, layout.height)
        for (x0, y0), (x1, y1) in layout.branches:
            middle = 0.5 * (x0 + x1)
            page.plot([x0, middle, middle, x1], [y0, y0, y1, y1], color=QUIET, lw=0.7,
                      zorder=0.5, gid="branch")  # fmt: skip
        for one in layout.boxes:
            box = one.box
            page.add_patch(
                FancyBboxPatch((box.x, box.y), box.width, box.height, gid=one.name,
                               boxstyle="round,pad=0,rounding_size=0.8", **FRAMES[one.kind])
            )  # fmt: skip
        draw_labels(page, layout.labels, typeface)
    return finished(page, size, ax)
