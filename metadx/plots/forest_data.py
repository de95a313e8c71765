"""The numbers of a forest plot: one row for each line of the figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from metadx.errors import OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.models import BivariateResults, Margin
from metadx.plots.captions import RANDOM_EFFECTS
from metadx.plots.groups import FitOrTable, by_name, table_of
from metadx.plots.judgements import JudgementSource, risk_of_bias
from metadx.plots.studies import MARGINS, percent, study_proportions
from metadx.tables import StudyTable

#: What the columns of judgements start with.
BIAS: Final = "risk_of_bias: "
#: Kinds of line, in the order in which they follow the studies of a group.
SUMMARY_ROWS: Final = ("pooled", "prediction", "fixed_effect", "range")


def forest_data(
    source: FitOrTable,
    *,
    sort_by: str | None = None,
    descending: bool = False,
    interval: str = "wilson",
    level: float = 0.95,
    quadas: JudgementSource | None = None,
) -> pd.DataFrame:
    """Return the numbers behind a forest plot.

    Parameters
    ----------
    source : BivariateResults, StudyTable, Comparison, or a dict or list of fits and tables
        A fit, a table without a fit, or subgroups.
    sort_by : str, optional
        Column that orders the studies of each group: one of the result, or one of the
        study table. The order of the table by default.
    descending : bool
        Largest first. Studies without a value stand last either way.
    interval : {"wilson", "exact"}
        Interval of a study's proportions.
    level : float
        Coverage of the studies' intervals; pooled ones keep that of their fit.
    quadas : QuadasTable or DataFrame, optional
        Judgements of the risk of bias, added as columns ``risk_of_bias: <domain>``.

    Returns
    -------
    DataFrame
        ``group`` (empty without subgroups), ``row`` (``"study"``, ``"pooled"``,
        ``"prediction"``, ``"fixed_effect"`` or ``"range"``), ``label``, ``study_id``, the
        counts, and value, ends and method of both margins (probability). What does not
        apply is missing.

    Raises
    ------
    OptionError
        If there is nothing to draw, or an option is not one of the allowed.
    """
    parts = []
    for name, item in by_name(source).items():
        table = table_of(item)
        if not len(table):
            raise OptionError(f"{name or table.name}: the table has no study to draw")
        studies = study_proportions(table, interval, level).assign(row="study")
        if quadas is not None:
            studies = studies.assign(**_judgements(table, quadas))
        studies = _sorted(studies, table, sort_by, descending)
        rows = [studies]
        if isinstance(item, BivariateResults):
            rows.append(pd.DataFrame(_summaries(item), columns=studies.columns))
        parts.append(pd.concat([part for part in rows if len(part)]).assign(group=name))
    data = pd.concat(parts, ignore_index=True)
    first = ["group", "row", "label", "study_id"]
    counts = [name for name in data.columns if name in ("tp", "fp", "fn", "tn")]
    sizes = ["n_diseased", "n_nondiseased"]
    data[[*counts, *sizes]] = data[[*counts, *sizes]].astype("Int64")
    data["study_id"] = data["study_id"].fillna("")
    bias = [name for name in data.columns if name.startswith(BIAS)]
    data[bias] = data[bias].astype(object).fillna("")
    rest = [name for name in data.columns if name not in (*first, *counts, *sizes)]
    return data[[*first, *counts, *sizes, *rest]]


def _judgements(table: StudyTable, quadas: JudgementSource) -> dict[str, list[str]]:
    found = risk_of_bias(table, quadas)
    columns = zip(*found.rows, strict=True)
    return {
        f"{BIAS}{found.domains.label(code)}": list(words)
        for code, words in zip(found.domains.codes, columns, strict=True)
    }


def _sorted(
    studies: pd.DataFrame, table: StudyTable, sort_by: str | None, descending: bool
) -> pd.DataFrame:
    if sort_by is None:
        return studies
    if sort_by in studies.columns:
        values = studies[sort_by]
    elif sort_by in table.columns:
        values = table.frame[sort_by]
    else:
        allowed = [*studies.columns, *(c for c in table.columns if c not in studies.columns)]
        raise OptionError(f"sort_by is {sort_by!r}; the columns are {', '.join(allowed)}")
    if not pd.api.types.is_numeric_dtype(values):
        values = values.astype("string").str.casefold()
    order = values.sort_values(ascending=not descending, kind="stable", na_position="last").index
    return studies.loc[order]


def _summaries(fit: BivariateResults) -> list[dict[str, Any]]:
    """Rows below the studies; a row stands only where it says something."""
    found = []
    for kind in SUMMARY_ROWS:
        cells = {margin: summary_cell(fit, margin, kind) for margin in MARGINS}
        if any(isinstance(cell, Estimate) for cell in cells.values()):
            found.append({"row": kind, "label": _row_label(fit, kind), **_flatten(cells)})
    return found


def summary_cell(fit: BivariateResults, name: str, kind: str) -> Estimate | NotApplicable:
    """Return what one margin says in one of the rows below the studies.

    Parameters
    ----------
    fit : BivariateResults
        A fit.
    name : {"sensitivity", "specificity"}
        The margin.
    kind : str
        One of `SUMMARY_ROWS`.

    Returns
    -------
    Estimate or NotApplicable
        Of a ``"range"`` only the ends mean something; the value is their middle.
    """
    margin = fit.margins[name]
    nothing = NotApplicable(margin.reason)
    if margin.path == "single_study":
        return nothing
    pooled = isinstance(margin.estimate, Estimate)
    if kind == "pooled":
        return margin.estimate if margin.path in RANDOM_EFFECTS else nothing
    if kind == "prediction":
        prediction = getattr(fit, f"prediction_{name}")
        return prediction if pooled and isinstance(prediction, Estimate) else nothing
    if kind == "fixed_effect":
        if margin.path == "fixed_effect":
            return margin.estimate
        return nothing if pooled else margin.fixed_effect
    return nothing if pooled else _range(margin, fit.level)


def _range(margin: Margin, level: float) -> Estimate | NotApplicable:
    low, high = margin.study_low, margin.study_high
    if low is None or high is None:
        return NotApplicable(margin.reason)
    return Estimate((low + high) / 2.0, low, high, level, "range")


def _row_label(fit: BivariateResults, kind: str) -> str:
    return {
        "pooled": "Pooled (random effects)",
        "prediction": f"{percent(fit.level)} prediction interval",
        "fixed_effect": "Fixed effect (summed counts)",
        "range": "Range of the studies",
    }[kind]


def _flatten(cells: Mapping[str, Estimate | NotApplicable]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for margin, cell in cells.items():
        if isinstance(cell, Estimate):
            flat |= {
                margin: float("nan") if cell.method == "range" else cell.value,
                f"{margin}_low": cell.low,
                f"{margin}_high": cell.high,
                f"{margin}_method": cell.method,
            }
        else:
            flat[f"{margin}_method"] = ""
    return flat
