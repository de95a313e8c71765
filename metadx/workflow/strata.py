"""One stratum from its rows to its numbers and figures; this is what a process does."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metadx.models import BivariateModel, BivariateResults
from metadx.plots import (
    MissingFontWarning,
    figure_record,
    forest_data,
    inline_svg,
    plot_forest,
    plot_sroc,
    save_figure,
    sroc_data,
)
from metadx.report.calculator import calculator
from metadx.report.drawing import drawing
from metadx.report.estimates import StratumRecord, failed, record_of
from metadx.report.fragments import stratum_fragments
from metadx.report.links import slug
from metadx.tables import StudyTable
from metadx.workflow.cache import Cache, Entry, sha256
from metadx.workflow.context import Context
from metadx.workflow.explaining import explain
from metadx.workflow.options import Options

#: Complete studies from which a figure in ROC space shows more than the forest plot does.
STUDIES_FOR_ROC: Final = 2


#: Studies from which the page shows the appraisal: with fewer it is mostly reasons.
STUDIES_FOR_APPRAISAL: Final = 4


@dataclass(frozen=True, slots=True)
class Task:
    """A stratum to compute.

    Attributes
    ----------
    stratum : str
        Identifier.
    table : StudyTable
        All its rows.
    out : Path
        Output folder.
    options : Options
    key : str
        Cache key.
    context : Context
        What stands beside the study tables.
    """

    stratum: str
    table: StudyTable
    out: Path
    options: Options
    key: str
    context: Context = field(default_factory=Context)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A computed stratum.

    Attributes
    ----------
    stratum : str
    record : StratumRecord
        With `failure` set where it could not be computed.
    entry : Entry
        What the cache keeps.
    failures : tuple of (str, str)
        What failed, and the message.
    cached : bool
        Whether an earlier run computed it.
    """

    stratum: str
    record: StratumRecord
    entry: Entry
    failures: tuple[tuple[str, str], ...] = ()
    cached: bool = False


def compute(task: Task) -> Outcome:
    """Fit a stratum, draw its figures and keep both in the cache; never raise for its data.

    A stratum or figure that fails is reported and not cached, so that the next run tries again.
    """
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fit = BivariateModel(task.table.pooled()).fit()
            assert isinstance(fit, BivariateResults)
            numbers, source = calculator(fit, task.options.seed)
            record = replace(
                record_of(task.stratum, task.table, fit),
                calculator=numbers,
                calculator_source=source,
            )
            lines = drawing(fit)
            parts = stratum_fragments(
                fit, task.table, inputs=task.context.inputs, quadas=task.context.quadas,
                seed=task.options.seed, least=STUDIES_FOR_APPRAISAL,
            )  # fmt: skip
        except Exception as error:  # one stratum never takes the others down
            return not_computed(task, explain(error))
        images, files, failures = _figures(task, fit)
    fonts = [str(item.message) for item in caught if issubclass(item.category, MissingFontWarning)]
    entry = Entry(
        task.key,
        record.to_dict(),
        images,
        lines,
        parts.to_dict(),
        files,
        time.perf_counter() - started,
        tuple(dict.fromkeys(fonts)),
    )
    if not failures:
        Cache(task.out).save(task.stratum, entry)
    return Outcome(task.stratum, record, entry, tuple(failures))


def not_computed(task: Task, message: str) -> Outcome:
    """Return the outcome of a stratum that failed."""
    record = failed(task.stratum, task.table, message)
    return Outcome(task.stratum, record, Entry(task.key), ((task.stratum, message),))


def from_cache(stratum: str, entry: Entry) -> Outcome | None:
    """Rebuild an outcome from a cache entry; None where the entry is not of this kind."""
    try:
        record = StratumRecord.from_dict(entry.record or {})
    except (TypeError, KeyError, AttributeError, ValueError):
        return None
    return Outcome(stratum, record, entry, cached=True)


def _figures(
    task: Task, fit: BivariateResults
) -> tuple[dict[str, str], dict[str, str], list[tuple[str, str]]]:
    drawings: dict[str, tuple[Callable[[Any], Axes], Callable[[Any], pd.DataFrame]]] = {
        "forest": (plot_forest, forest_data),
    }
    if fit.k_complete >= STUDIES_FOR_ROC:
        drawings["sroc"] = (plot_sroc, sroc_data)
    images: dict[str, str] = {}
    files: dict[str, str] = {}
    failures: list[tuple[str, str]] = []
    for name, (draw, numbers) in drawings.items():
        try:
            svg, written = save(
                draw(fit),
                task.out,
                f"{slug(task.stratum)}_{name}",
                task.options,
                figure_record(fit),
                numbers(fit),
            )
        except Exception as error:  # the numbers stand without their figure
            failures.append((f"{task.stratum}, {name} figure", explain(error)))
            continue
        images[name] = svg
        files |= written
    return images, files, failures


def save(
    axes: Axes,
    out: Path,
    stem: str,
    options: Options,
    metadata: Mapping[str, Any],
    data: pd.DataFrame,
) -> tuple[str, dict[str, str]]:
    """Write a figure into ``figures`` and return it for the page.

    Parameters
    ----------
    axes : Axes
        From a plot function.
    out : Path
        Output folder.
    stem : str
        File name without suffix.
    options : Options
    metadata : mapping
        What the figure was made from.
    data : DataFrame
        The numbers behind it.

    Returns
    -------
    svg : str
        For the page.
    files : dict of str to str
        SHA-256 of each file by its path below `out`.
    """
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    written = save_figure(figure, out / "figures" / stem, options.formats, metadata, data)
    hashes = {path.relative_to(out).as_posix(): sha256(path) for path in written}
    return inline_svg(figure), hashes
