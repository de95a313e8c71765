"""Deeks' funnel plot: odds ratios against the effective sample size."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.inference.small_study import FEWEST_STUDIES, DeeksTest, deeks_test
from metadx.models import BivariateResults
from metadx.models.measures import counts_of, known_margins
from metadx.plots.canvas import (
    BORDER,
    Box,
    Label,
    add_panel,
    draw_labels,
    finished,
    layout_width,
    page_for,
    paragraph,
)
from metadx.plots.chart_page import title_lines
from metadx.plots.fonts import Typeface
from metadx.plots.studies import code_of, title_of
from metadx.plots.style import BODY, INK, LINE, QUIET, figure_style, looks_of
from metadx.tables import StudyTable

#: Left of the panel for ticks and the name of the axis, below it likewise (millimetres).
LEFT: Final = 13.0
BELOW: Final = 10.5
#: Height of the panel over its width, and its largest height (millimetres).
SHAPE: Final = 0.72
HIGHEST: Final = 85.0


def funnel_data(source: BivariateResults | StudyTable, *, any_number: bool = False) -> pd.DataFrame:
    """Return the numbers behind the figure.

    Parameters
    ----------
    source : BivariateResults or StudyTable
        Studies of one stratum.
    any_number : bool
        True takes fewer than 10 studies too.

    Returns
    -------
    DataFrame
        ``study_id``, ``study``, ``log_dor``, ``inverse_root_ess``, ``ess`` of each study with
        both margins, and ``line``, the regression's value there.

    Raises
    ------
    OptionError
        If the test refuses; the message says why.
    """
    table = _table(source)
    found = _test(table, any_number)
    complete = np.asarray(known_margins(counts_of(table)).all(axis=1))
    labels = [label for label, has in zip(table.labels, complete, strict=True) if has]
    line = found.intercept.value + found.slope.value * found.inverse_root_ess
    return pd.DataFrame(
        {
            "study_id": table.frame["study_id"].astype(str).to_numpy()[complete],
            "study": labels,
            "log_dor": found.log_dor,
            "inverse_root_ess": found.inverse_root_ess,
            "ess": found.ess,
            "line": line,
        }
    )


def plot_funnel(
    source: BivariateResults | StudyTable,
    ax: Axes | None = None,
    *,
    any_number: bool = False,
    title: str | None = None,
    size: str = "one-column",
    width: float | None = None,
) -> Axes:
    """Draw log diagnostic odds ratios against one over the root of the effective sample size.

    Parameters
    ----------
    source : BivariateResults or StudyTable
        Studies of one stratum.
    ax : Axes, optional
        Axes to fill. A figure of the right height by default.
    any_number : bool
        True draws fewer than 10 studies too, which the test otherwise refuses.
    title : str, optional
        The stratum by default; empty for none.
    size : {"one-column", "two-column", "slide"}
        What a new figure is made for.
    width : float, optional
        Another width of the new figure (millimetres).

    Returns
    -------
    Axes
        The page, in millimetres; its child axes are the panel. Large studies stand at the
        top, where one over the root is small.

    Raises
    ------
    OptionError
        If the test refuses (too few studies, equal sizes), or an option is not allowed.
    """
    table = _table(source)
    found = _test(table, any_number)
    title = title_of(table) if title is None else title
    captions = funnel_captions(found)
    typeface = Typeface.covering([title, *captions])
    wide = layout_width(size, ax, width)
    labels = title_lines(typeface, title, wide)
    top = BORDER + len(labels) * 4.0 + LINE + 2.0
    p = "P < 0.001" if found.p < 0.001 else f"P = {found.p:.3f}"
    labels.append(Label(LEFT, top - 0.5 * LINE - 1.0, f"{p}, k = {found.k}", bold=True, size=BODY))
    room = wide - LEFT - 2.0 * BORDER
    box = Box(LEFT, top, room, min(SHAPE * room, HIGHEST))
    y = box.y + box.height + BELOW
    lines = paragraph(typeface, captions, BORDER, y + 0.5 * LINE, wide - 2.0 * BORDER)
    (look,) = looks_of([code_of("", table)])
    with figure_style(typeface):
        page = page_for(ax, wide, y + len(lines) * LINE + BORDER)
        _draw_panel(page, box, found, look.color, look.marker)
        draw_labels(page, [*labels, *lines], typeface)
    return finished(page, size, ax)


def funnel_captions(found: DeeksTest) -> list[str]:
    """Return the sentences below the figure."""
    out = [
        f"{found.sentence}; interval of the slope {found.slope.low:.1f} to "
        f"{found.slope.high:.1f}. Line: the regression, dashed beyond the studies; dotted: no "
        "change with size.".replace("-", "−")
    ]
    if found.left_out:
        out.append(f"{found.left_out} studies that report one margin have no odds ratio.")
    if found.k < FEWEST_STUDIES:
        out.append(
            f"With fewer than {FEWEST_STUDIES} studies the test has next to no power; it is shown "
            "because it was asked for."
        )
    return out


def _draw_panel(page: Axes, box: Box, found: DeeksTest, color: str, marker: str) -> None:
    x, y = found.log_dor, found.inverse_root_ess
    ends = np.array([0.0, 1.08 * float(y.max())])
    line = found.intercept.value + found.slope.value * ends
    least, most = float(min(x.min(), line.min())), float(max(x.max(), line.max()))
    pad = 0.06 * max(most - least, 0.5)
    panel = add_panel(page, box, (least - pad, most + pad))
    panel.set_label("funnel")
    panel.set_ylim(ends[1], ends[0])
    panel.spines["left"].set_visible(True)
    panel.locator_params(axis="x", nbins=6)
    ticks = [t for t in _ticks(ends[1]) if t <= ends[1]]
    panel.set_yticks(ticks, [f"{t:g}" for t in ticks])
    panel.set_xlabel("Log diagnostic odds ratio")
    panel.set_ylabel("1 / √ effective sample size")
    seen = np.array([float(y.min()), float(y.max())])
    panel.plot(found.intercept.value + found.slope.value * seen, seen, color=INK, lw=1.1,
               zorder=2, gid="line")  # fmt: skip
    panel.plot(line, ends, color=INK, lw=0.7, ls=(0, (4, 2)), zorder=1.9, gid="beyond")
    panel.axvline(found.intercept.value, color=QUIET, lw=0.7, ls=(0, (1, 2)), gid="no effect")
    panel.plot(x, y, ls="none", marker=marker, ms=4.2, color=color, mec="white", mew=0.5,
               zorder=3, gid="study")  # fmt: skip


def _ticks(most: float) -> list[float]:
    step = float(10.0 ** np.floor(np.log10(most)))
    for share in (0.2, 0.25, 0.5, 1.0, 2.0):
        if most / (share * step) <= 6:
            step *= share
            break
    return [float(np.round(step * i, 10)) for i in range(int(most / step) + 1)]


def _table(source: BivariateResults | StudyTable) -> StudyTable:
    return source.table if isinstance(source, BivariateResults) else source.pooled()


def _test(table: StudyTable, any_number: bool) -> DeeksTest:
    found = deeks_test(table, any_number=any_number)
    if isinstance(found, NotApplicable):
        hint = "" if any_number else "; any_number=True shows fewer studies, with little power"
        raise OptionError(f"there is no funnel plot: {found.reason}{hint}")
    return found
