"""What ``metadx diff`` writes: a page, and a figure for each stratum that moved."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metadx.errors import OptionError
from metadx.plots.saving import FORMATS, inline_svg, save_figure
from metadx.plots.update import plot_update
from metadx.report.links import slug
from metadx.report.update import StratumUpdate, Update
from metadx.report.update_page import update_page
from metadx.tables import stratum_label
from metadx.tables.files import write_text


def write_files(update: Update, page: Path | None, figure: Path | None) -> list[Path]:
    """Write the page, the figures, or both.

    Parameters
    ----------
    update : Update
    page, figure : Path or None
        Where; None leaves it out.

    Returns
    -------
    list of Path
        The files that were written.
    """
    written = write_figures(update, figure) if figure is not None else []
    if page is None:
        return written
    write_page(update, page)
    return [page, *written]


def draw_stratum(one: StratumUpdate) -> Axes:
    """Draw what the update did to one stratum."""
    return plot_update(one.steps_frame(), title=stratum_label(one.stratum), notes=one.notes())


def write_page(update: Update, path: Path) -> None:
    """Write the page on an update with its figures."""
    figures = {one.stratum: inline_svg(_figure(one)) for one in update.strata if one.steps}
    write_text(path, update_page(update, figures))


def write_figures(update: Update, path: Path) -> list[Path]:
    """Write a figure for each stratum that moved, and its numbers as CSV beside it.

    Parameters
    ----------
    update : Update
    path : Path
        File whose suffix is the format; where several strata moved, each has its name in it.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    OptionError
        The format is unknown, or no stratum moved.
    """
    form = path.suffix.removeprefix(".").lower()
    if form not in FORMATS:
        raise OptionError(f"a figure's file ends with {', '.join(FORMATS)}, not {path.suffix!r}")
    drawn = [one for one in update.strata if one.steps]
    if not drawn:
        raise OptionError("no pooled number moved, so that there is no figure to draw")
    written: list[Path] = []
    for one in drawn:
        stem = path.with_suffix("")
        if len(drawn) > 1:
            stem = stem.with_name(f"{stem.name}_{slug(one.stratum)}")
        record = {"stratum": one.stratum, "from": update.old, "to": update.new}
        written += save_figure(_figure(one), stem, (form,), record, one.steps_frame())
    return written


def _figure(one: StratumUpdate) -> Figure:
    return cast(Figure, draw_stratum(one).get_figure(root=True))
