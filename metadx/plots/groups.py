"""Several fits in one figure: what may be given, and the groups of a comparison as fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pandas as pd

from metadx.errors import OptionError
from metadx.inference import Comparison
from metadx.models import BivariateResults
from metadx.models.design import build_design
from metadx.models.margins import describe
from metadx.models.results import Joint
from metadx.tables import StudyTable

#: One fit; several by modality code or any name; or several under the names of their tables.
FitSource: TypeAlias = (
    BivariateResults | Mapping[str, BivariateResults] | Sequence[BivariateResults] | Comparison
)
#: The same, where a table without a fit may be shown as well.
FitOrTable: TypeAlias = (
    FitSource
    | StudyTable
    | Mapping[str, BivariateResults | StudyTable]
    | Sequence[BivariateResults | StudyTable]
)
Item = TypeVar("Item", bound=BivariateResults | StudyTable)


def table_of(item: BivariateResults | StudyTable) -> StudyTable:
    """Return the studies of a fit or table."""
    return item.table if isinstance(item, BivariateResults) else item


def by_name(source: Any) -> dict[str, Any]:
    """Return fits or tables by name; a single one has the name ``""``.

    Parameters
    ----------
    source : FitOrTable
        What a figure was given.

    Raises
    ------
    OptionError
        If there is none, or two of a list have the same name.
    """
    if isinstance(source, BivariateResults | StudyTable):
        return {"": source}
    if isinstance(source, Comparison):
        return dict(group_fits(source))
    if isinstance(source, Mapping):
        found = dict(source)
    else:
        names = [table_of(item).name for item in source]
        if len(set(names)) < len(names):
            raise OptionError(
                f"subgroups have the same name ({', '.join(names)}); give a dict of names"
            )
        found = dict(zip(names, source, strict=True))
    if not found:
        raise OptionError("there is no fit and no table to draw")
    return found


def group_fits(comparison: Comparison) -> dict[str, BivariateResults]:
    """Return each group of a comparison as a fit of its own.

    Parameters
    ----------
    comparison : Comparison
        From `metadx.inference.compare`.

    Returns
    -------
    dict of BivariateResults
        Rows of the group with mean and covariance of the joint model at the group, so that
        a figure of groups shows what the comparison reports. k is that of the group.
    """
    return {group: _group_fit(comparison, group) for group in comparison.groups}


def _group_fit(comparison: Comparison, group: str) -> BivariateResults:
    fit, point = comparison.fit, comparison.points[group]
    values = fit.table.frame[comparison.column]
    (value,) = {value for value in values.dropna() if str(value) == group}
    table = fit.table.select(**{comparison.column: value})
    design = build_design(table, may_repeat=True)
    estimates = {"sensitivity": point.sensitivity, "specificity": point.specificity}
    margins = {
        name: replace(
            describe(design, j, fit.level), path="bivariate", estimate=estimates[name],
            heterogeneity="estimated",
        )
        for j, name in enumerate(estimates)
    }  # fmt: skip
    known = design.counts[:, [1, 3]] > 0
    study = np.repeat(np.arange(design.start.size - 1), np.diff(design.start))
    complete = pd.DataFrame(known).groupby(study).any().all(axis=1)
    return replace(
        fit,
        table=table,
        design=design,
        formulas=("~ 1", "~ 1"),
        margins=margins,
        joint=Joint(point.psi, point.cov, np.flatnonzero(np.diag(point.cov) > 0)),
        k_complete=int(complete.sum()),
    )
