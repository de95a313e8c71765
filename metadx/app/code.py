"""The Python program that makes the same analysis again, with its data inside."""

from __future__ import annotations

from typing import Final

from metadx._version import __version__
from metadx.app.analysis import Analysis
from metadx.report.fit_record import AREAS, ESTIMATES
from metadx.tables.frames import cell_text
from metadx.tables.schema import COUNT_COLUMNS, STRATUM_COLUMNS

#: What a fit and its figures read, beside covariates and groups.
_KEPT: Final = ("study_id", "first_author", "year", *STRATUM_COLUMNS, *COUNT_COLUMNS)


def program(analysis: Analysis) -> str:
    """Write the program.

    Parameters
    ----------
    analysis : Analysis

    Returns
    -------
    str
        Python that needs metadx and nothing else: no file, no network.
    """
    choices = analysis.choices
    imports = ["import io", "", "import pandas as pd", "", "import metadx as mx"]
    if choices.group:
        imports.append("from metadx.inference import compare")
    if choices.interval in ("profile", "bootstrap"):
        imports.append(f"from metadx.inference import {choices.interval}")
    if not analysis.is_posterior:
        imports.append("from metadx.plots import save_figure")
    lines = [
        f'"""An analysis of diagnostic accuracy, as metadx {__version__} made it."""',
        "",
        *imports,
        "",
        "# One study a row; cells are empty where the study does not report a margin.",
        "ROWS = [",
        *(f"    {line!r}," for line in _rows(analysis)),
        "]",
        'text = io.StringIO("\\n".join(ROWS))',
        'frame = pd.read_csv(text, keep_default_na=False, na_values=[""])',
        f"table = mx.StudyTable.from_frame(frame, {analysis.table.name!r})",
        "",
        *_fit(analysis),
        "print(fit.summary())",
        *_intervals(analysis),
        *_comparison(analysis),
        *_figures(analysis),
    ]
    return "\n".join(lines) + "\n"


def _rows(analysis: Analysis) -> list[str]:
    choices = analysis.choices
    wanted = [*_KEPT, *choices.covariates, choices.group]
    frame = analysis.table.frame
    kept = [name for name in dict.fromkeys(wanted) if name in frame.columns]
    text: str = frame[kept].map(cell_text).to_csv(index=False, lineterminator="\n")
    return text.removesuffix("\n").split("\n")


def _fit(analysis: Analysis) -> list[str]:
    choices, options = analysis.choices, analysis.choices.options
    arguments = ["table"]
    if choices.covariates:
        arguments += [f"sens={choices.formula!r}", f"spec={choices.formula!r}"]
    if choices.group:
        arguments.append(f"covariate_column={choices.group!r}")
    interval = "wald_t" if options.interval == "t" else "wald"
    return [
        f"model = mx.BivariateModel({', '.join(arguments)})",
        f"fit = model.fit(method={options.method!r}, level={options.level!r}, "
        f"interval={interval!r})",
    ]


def _intervals(analysis: Analysis) -> list[str]:
    kind = analysis.choices.interval
    if analysis.is_posterior or kind not in ("profile", "bootstrap"):
        return []
    names, level = (*ESTIMATES, *AREAS), analysis.choices.options.level
    if kind == "profile":
        body = [f"    print(name, profile(fit, name, {level!r}))"]
    else:
        body = [
            f"    print(name, replicates and replicates.interval(name, {level!r}))",
        ]
    before = [f"replicates = bootstrap(fit, seed={analysis.choices.options.seed})"]
    head = [] if kind == "profile" else before
    return ["", f"# {kind.capitalize()} intervals.", *head, f"for name in {names!r}:", *body]


def _comparison(analysis: Analysis) -> list[str]:
    choices, options = analysis.choices, analysis.choices.options
    if not choices.group or not analysis.comparison:
        return []
    interval = "wald_t" if options.interval == "t" else "wald"
    method = "exact" if options.method == "bayes" else options.method
    return [
        "",
        f"comparison = compare(table, {choices.group!r}, level={options.level!r}, "
        f"interval={interval!r}, method={method!r})",
        "print(comparison.summary())",
    ]


def _figures(analysis: Analysis) -> list[str]:
    if analysis.is_posterior:
        return []
    source = "comparison" if analysis.choices.group and analysis.comparison else "fit"
    level = analysis.choices.options.level
    return [
        "",
        f'save_figure(mx.plot_forest({source}, level={level!r}).get_figure(root=True), "forest")',
        f'save_figure(mx.plot_sroc({source}).get_figure(root=True), "sroc")',
    ]
