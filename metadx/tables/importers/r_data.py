"""Data sets of R: .rda, .RData and .rds files."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Final

import pandas as pd

from metadx.tables.importers.columns import names_counts
from metadx.tables.importers.grid import Grid, file_fault, grid_from_frame

#: Column that takes the row names of R where they are names and not numbers.
ROW_NAMES: Final = "row_names"


def read_r(path: Path, dataset: str | None = None) -> Grid:
    """Read one data frame of an R file.

    Parameters
    ----------
    path : Path
    dataset : str, optional
        Name of the data frame; None takes the only one that names the four counts.
    """
    file = path.as_posix()
    import rdata

    try:
        with warnings.catch_warnings():
            # What R keeps beside the numbers, such as formulas, has no meaning here.
            warnings.simplefilter("ignore")
            if path.suffix.lower() == ".rds":
                found: Any = {"data": rdata.read_rds(path)}
            else:
                found = rdata.read_rda(path)
    except Exception as error:  # the parser raises whatever a damaged byte leads to
        what = f"a file that R did not write or that is damaged ({type(error).__name__})"
        return Grid(file, faults=(file_fault(path, what, "an .rda or .rds file", "binary_file"),))
    frames = {name: value for name, value in found.items() if isinstance(value, pd.DataFrame)}
    fitting = {name: one for name, one in frames.items() if names_counts(one.columns)} or frames
    if dataset is not None:
        fitting = {name: one for name, one in frames.items() if name == dataset}
    if len(fitting) != 1:
        listed = ", ".join(frames) or "none"
        expected = f"one data frame with the four counts, or its name; there are {listed}"
        what = f"{len(fitting)} data frames" if dataset is None else f"no data frame {dataset!r}"
        return Grid(file, faults=(file_fault(path, what, expected, "dataset"),))
    ((name, frame),) = fitting.items()
    return grid_from_frame(_with_row_names(frame), file, 1, (f"data frame {name!r} was read",))


def _with_row_names(frame: pd.DataFrame) -> pd.DataFrame:
    plain = frame.copy()
    for name in plain.columns:
        if isinstance(plain[name].dtype, pd.CategoricalDtype):
            plain[name] = plain[name].astype(object)
    labels = [str(label) for label in frame.index]
    if not all(label.isdigit() for label in labels):
        plain.insert(0, ROW_NAMES, labels)
    return plain
