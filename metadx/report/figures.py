"""A figure by its name: from a stratum and options to files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metadx.decision.strategy import Strategy, find_strategy
from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.inference.appraisal import appraise
from metadx.inference.comparison import group_name
from metadx.inference.robustness import Robustness
from metadx.models import BivariateModel, BivariateResults
from metadx.plots.registry import Figurable, figurable, keywords
from metadx.plots.saving import FORMATS, figure_record, save_figure
from metadx.plots.style import size_named
from metadx.report.fit_record import find_table
from metadx.tables import StudyTable, judged, read_quadas
from metadx.tables.quadas import empty_quadas

#: What a group is called whose column is empty.
NOT_STATED: Final = "not stated"


@dataclass(frozen=True, slots=True)
class FigureRequest:
    """What ``metadx figure`` was asked for.

    Attributes
    ----------
    name : str
        Of the figure.
    target : str
        A stratum or a file; empty for a figure over all strata.
    out : Path or None
        File to write, or a path without suffix for several formats.
    formats : tuple of str
        Where `out` has no suffix.
    group : str or None
        Column whose values are fitted and drawn one by one.
    options : dict
        Keyword options of the figure by name; None where one was not given.
    studies, results : Path
        Folder of study tables, folder of the results of ``metadx run``.
    force : bool
        Whether a file that was named may be replaced.
    """

    name: str
    target: str = ""
    out: Path | None = None
    formats: tuple[str, ...] = FORMATS
    group: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    studies: Path = Path("studies")
    results: Path = Path("results")
    force: bool = False


def write_figure(request: FigureRequest) -> list[Path]:
    """Draw a figure and write its files with the numbers behind it.

    Parameters
    ----------
    request : FigureRequest

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    OptionError
        If there is no such figure, stratum or option, or a named file exists already.
    """
    entry = figurable(request.name)
    draw = entry.draw()
    options = _known(entry, draw, _with_judgements(request))
    stem, formats = _destination(entry, request)
    source, record = _source(entry, request)
    numbers = entry.data()
    data = None
    if numbers is not None:
        shared = {name: value for name, value in options.items() if name in keywords(numbers)}
        data = numbers(source, **shared)
    pages = figures_of(draw(source, **options))
    written = []
    for number, figure in enumerate(pages, start=1):
        path = stem if len(pages) == 1 else stem.with_name(f"{stem.name}_{number}")
        written += save_figure(figure, path, formats, record, data if number == 1 else None)
    return written


def figures_of(drawn: Any) -> list[Figure]:
    """Return the figures behind what a plot function returned: Axes, a Figure, or several."""
    found: list[Figure] = []
    for one in drawn if isinstance(drawn, list | tuple) else [drawn]:
        figure = cast(Figure, one.get_figure(root=True) if isinstance(one, Axes) else one)
        if figure not in found:
            found.append(figure)
    return found


def parsed_options(settings: Sequence[str]) -> dict[str, Any]:
    """Read ``NAME=VALUE`` settings; a value is JSON where it can be, else the text itself.

    Raises
    ------
    OptionError
        If one has no name or no value.
    """
    found = {}
    for setting in settings:
        name, sign, value = setting.partition("=")
        if not sign or not name:
            raise OptionError(
                f"--set takes NAME=VALUE, for example curve=major_axis; found {setting!r}"
            )
        try:
            found[name.strip()] = json.loads(value)
        except json.JSONDecodeError:
            found[name.strip()] = value
    return found


def _with_judgements(request: FigureRequest) -> dict[str, Any]:
    """Put the judgements of the study tables where an option only says that they are wanted."""
    options = dict(request.options)
    if options.get("quadas") is True:
        options["quadas"] = read_quadas(request.studies)
    return options


def _known(
    entry: Figurable, draw: Callable[..., Any], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Options that were given; a size is always, and has to be one that there is."""
    given = {name: value for name, value in options.items() if value is not None}
    allowed = keywords(draw)
    unknown = [name for name in given if name not in allowed]
    if unknown:
        raise OptionError(
            f"the figure {entry.name} has no option {', '.join(unknown)}; "
            f"it has {', '.join(allowed)}"
        )
    if "size" in allowed:
        size_named(given.setdefault("size", entry.size))
    return given


def _destination(entry: Figurable, request: FigureRequest) -> tuple[Path, tuple[str, ...]]:
    """Where the files go; a folder of figures is regenerated, a file that is named is not."""
    unknown = [name for name in request.formats if name not in FORMATS]
    if unknown:
        raise OptionError(
            f"format {', '.join(map(repr, unknown))} is unknown; there are {', '.join(FORMATS)}"
        )
    if request.out is None:
        stratum = slug_of(request)
        name = f"{stratum}_{entry.name}" if stratum else entry.name
        return Path("figures") / name, request.formats
    suffix = request.out.suffix.removeprefix(".").lower()
    if suffix and suffix not in FORMATS:
        raise OptionError(
            f"{request.out} ends in {request.out.suffix}; a figure is {', '.join(FORMATS)}"
        )
    formats = (suffix,) if suffix else request.formats
    stem = request.out.with_suffix("") if suffix else request.out
    names = [*formats, "csv"]
    there = [path for name in names if (path := stem.with_name(f"{stem.name}.{name}")).exists()]
    if there and not request.force:
        raise OptionError(f"{', '.join(map(str, there))} exists already; --force replaces it")
    return stem, formats


def slug_of(request: FigureRequest) -> str:
    """Return what the files of a figure are called after its stratum; empty without one."""
    if not request.target:
        return ""
    path = Path(request.target)
    if path.is_file():
        return path.stem
    base = request.target.strip("/").replace("/", "_")
    return f"{base}_by_{request.group}" if request.group else base


def _source(entry: Figurable, request: FigureRequest) -> tuple[Any, dict[str, Any]]:
    """What the figure is drawn from, and the record of that."""
    if entry.needs in ("estimates", "claims"):
        path = request.results / f"{entry.needs}.csv"
        if not path.is_file():
            raise OptionError(f"there is no {path}; metadx run writes it")
        return pd.read_csv(path), _hashes({path.name: path})
    if entry.needs == "none":
        return None, {}
    if not request.target:
        example = "a stratum, for example ct/hip"
        if entry.needs == "strategy":
            example = "a file of strategies, for example hip"
        raise OptionError(f"the figure {entry.name} needs {example}")
    if entry.needs == "strategy":
        path = find_strategy(request.target)
        plan = Strategy.from_file(path, request.studies)
        tables = {
            one.relative_to(request.studies).as_posix(): one
            for one in sorted(request.studies.rglob("*.csv"))
        }
        record = _hashes({path.name: path, **tables})
        return plan.evaluate(), {"strategies": request.target, **record}
    return _of_studies(entry, request)


def _hashes(files: Mapping[str, Path]) -> dict[str, Any]:
    """Return the hash of each file, as the record of a figure has them."""
    return {"tables": {name: sha256(path.read_bytes()).hexdigest() for name, path in files.items()}}


def _of_studies(entry: Figurable, request: FigureRequest) -> tuple[Any, dict[str, Any]]:
    """A table, its judgements, its fit, or a fit of each group."""
    table = find_table(request.target, request.studies)
    if entry.needs == "table":
        return table, figure_record(table)
    if entry.needs == "quadas":
        table = table.pooled()
        return judged(table, read_quadas(request.studies)), figure_record(table)
    shown: BivariateResults | dict[str, BivariateResults]
    if request.group is None:
        shown = _fit(table)
        if entry.name == "robustness":
            return _with_risk_of_bias(shown, request.studies), figure_record(shown)
    elif entry.needs == "one fit":
        raise OptionError(f"the figure {entry.name} shows one group; leave --group out")
    else:
        shown = {name: _fit(part) for name, part in split(table.pooled(), request.group).items()}
    return shown, figure_record(shown)


def split(table: StudyTable, column: str) -> dict[str, StudyTable]:
    """Cut a table by the values of a column; rows without a value are a group of their own.

    Raises
    ------
    OptionError
        If the table has no such column.
    """
    if column not in table.columns:
        raise OptionError(
            f"{table.name} has no column {column!r}; its columns are {', '.join(table.columns)}"
        )
    frame = table.frame
    values = frame[column].map(group_name).replace("", NOT_STATED)
    return {
        str(value): StudyTable.from_checked(frame[(values == value).to_numpy()], str(value))
        for value in sorted(values.unique(), key=lambda text: (text == NOT_STATED, text))
    }


def _with_risk_of_bias(fit: BivariateResults, studies: Path) -> BivariateResults | Robustness:
    """Let the robustness of a fit know the judgements beside the study tables."""
    judgements = read_quadas(studies) if studies.is_dir() else empty_quadas()
    found = appraise(fit, quadas=judgements).robustness
    return fit if isinstance(found, NotApplicable) else found


def _fit(table: StudyTable) -> BivariateResults:
    found = BivariateModel(table).fit()
    assert isinstance(found, BivariateResults)
    return found
