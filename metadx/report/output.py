"""Tables of results as files: CSV for people, parquet for programs; whole or not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from metadx.report.estimates import Cell

#: Columns that hold whole numbers; every other column that is not text holds floats.
WHOLE: Final = frozenset(
    {
        "k",
        "k_complete",
        "k_sens_only",
        "k_spec_only",
        "n_diseased",
        "n_nondiseased",
        "sensitivity_k",
        "sensitivity_n",
        "specificity_k",
        "specificity_n",
    }
)
TEXT: Final = frozenset(
    {
        "stratum",
        "modality",
        "site",
        "unit",
        "population",
        "headline",
        "model_path",
        "at_boundary",
        "sensitivity_path",
        "sensitivity_heterogeneity",
        "specificity_path",
        "specificity_heterogeneity",
        "calculator_source",
        "converged",
        "prior",
        "warnings",
        "reason",
    }
)


def plain(cell: Cell) -> str:
    """Write one cell: empty for None, yes or no, floats with every digit they have."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return repr(cell) if isinstance(cell, float) else str(cell)


def csv_text(rows: Sequence[Mapping[str, Cell]], columns: Sequence[str]) -> str:
    """Write rows as the text of a UTF-8 file with commas."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([plain(row[name]) for name in columns] for row in rows)
    return stream.getvalue()


def parquet_bytes(
    rows: Sequence[Mapping[str, Cell]], columns: Sequence[str], metadata: Mapping[str, str]
) -> bytes:
    """Write the same rows as a parquet file, empty cells as null.

    Parameters
    ----------
    rows, columns
        As for `csv_text`; the types follow from the column names (`WHOLE`, `TEXT`).
    metadata : mapping of str to str
        Kept in the schema of the file.
    """
    schema = pa.schema(
        [pa.field(name, _type(name)) for name in columns],
        metadata={f"metadx.{key}": value for key, value in metadata.items()},
    )
    arrays = [
        pa.array([_typed(name, row[name]) for row in rows], type=_type(name)) for name in columns
    ]
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), stream)
    return stream.getvalue()


def _type(name: str) -> pa.DataType:
    if name in TEXT:
        return pa.string()
    return pa.int64() if name in WHOLE else pa.float64()


def _typed(name: str, cell: Cell) -> Cell:
    return (plain(cell) or None) if name in TEXT else cell
