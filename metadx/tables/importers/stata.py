"""Stata data sets, as metandi, metadta and midas use them."""

from __future__ import annotations

import struct
from pathlib import Path

import pandas as pd

from metadx.tables.importers.columns import tidy
from metadx.tables.importers.grid import Grid, file_fault, grid_from_frame


def read_stata(path: Path) -> Grid:
    """Read a .dta file; labelled values come by their labels."""
    try:
        frame, labels = _data_and_labels(path, by_label=True)
    except ValueError as error:
        if "repeated" not in str(error) and "unique" not in str(error):
            return _not_stata(path)
        # Two codes share a label; then only the codes tell them apart.
        frame, labels = _data_and_labels(path, by_label=False)
    except (KeyError, struct.error, UnicodeDecodeError, OverflowError, EOFError):
        return _not_stata(path)
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            frame[name] = frame[name].astype(object)
    # metadx writes the full name into the label where Stata does not take it as a name.
    full = {name: label for name, label in labels.items() if tidy(label) == tidy(name)}
    return grid_from_frame(frame.rename(columns=full), path.as_posix(), first_line=1)


def _data_and_labels(path: Path, by_label: bool) -> tuple[pd.DataFrame, dict[str, str]]:
    with pd.read_stata(path, iterator=True) as reader:
        labels = reader.variable_labels()
    return pd.read_stata(path, convert_categoricals=by_label, preserve_dtypes=False), labels


def _not_stata(path: Path) -> Grid:
    fault = file_fault(path, "not a data set of Stata", "a .dta file", "binary_file")
    return Grid(path.as_posix(), faults=(fault,))
