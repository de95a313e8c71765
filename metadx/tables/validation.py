"""The schema as a pandera schema: types, ranges and codes of all cells at once."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd
import pandera.pandas as pa

from metadx.tables.frames import COMMON_COLUMNS
from metadx.tables.schema import COLUMNS, Column

#: Rule that an empty cell of a required column breaks.
REQUIRED = "required"


@cache
def cell_schema(ours: bool) -> pa.DataFrameSchema:
    """Return the pandera schema of a table's cells, all of them text.

    Parameters
    ----------
    ours : bool
        Whether every column of the schema applies, or only those that mean the same
        in anybody's table.
    """
    columns = {
        column.name: pa.Column(object, _checks(column, ours), required=False)
        for column in COLUMNS
        if ours or column.name in COMMON_COLUMNS
    }
    return pa.DataFrameSchema(columns)


def _checks(column: Column, ours: bool) -> list[Any]:
    checks = []
    # A study in anybody else's table may be called "Smith et al., 2004".
    if ours or column.name != "study_id":
        checks.append(
            pa.Check(
                lambda text: not text or column.accepts(text),
                element_wise=True,
                name=column.kind.name,
            )
        )
    if column.required:
        checks.append(pa.Check(bool, element_wise=True, name=REQUIRED))
    return checks


def broken_cells(cells: pd.DataFrame, ours: bool) -> list[tuple[int, str, str]]:
    """Find every cell that its column does not allow.

    Parameters
    ----------
    cells : DataFrame
        Text of the cells, numbers in plain spelling, indexed from 0.
    ours : bool
        As for `cell_schema`.

    Returns
    -------
    list of (int, str, str)
        Position of the row, column, name of the broken rule.
    """
    try:
        cell_schema(ours).validate(cells, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases[["index", "column", "check"]]
        return [(int(i), str(name), str(rule)) for i, name, rule in cases.itertuples(index=False)]
    return []
