"""From a study table and two formulas to the plain arrays that the kernels take."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaln

from metadx.errors import ModelError, OptionError
from metadx.tables import StudyTable

MARGINS = ("sensitivity", "specificity")


@dataclass(frozen=True, slots=True)
class Design:
    """Arrays of one model, rows of a study standing together.

    Attributes
    ----------
    counts : ndarray of shape (n_rows, 4)
        TP, n_1, TN, n_0 as floats; a missing margin has n = 0.
    start : ndarray of shape (n_studies + 1,)
        First row of each study.
    group : ndarray of shape (n_rows,)
        Variance group of each row.
    columns : tuple of two ndarrays of shape (n_rows, p_j)
        Design matrices of sensitivity and specificity.
    names : tuple of two tuples of str
        Column names of the design matrices.
    group_names : tuple of str
        Names of the variance groups; one, ``""``, where the variances are common.
    order : ndarray of shape (n_rows,)
        Position in the study table of each row.
    specs : tuple of two objects
        What formulaic needs to build the same columns for new data; None for an intercept.
    """

    counts: NDArray[np.float64]
    start: NDArray[np.int64]
    group: NDArray[np.int64]
    columns: tuple[NDArray[np.float64], NDArray[np.float64]]
    names: tuple[tuple[str, ...], tuple[str, ...]]
    group_names: tuple[str, ...]
    order: NDArray[np.int64]
    specs: tuple[object | None, object | None]

    @property
    def n_parameters(self) -> int:
        """Length of the kernel's parameter vector."""
        slopes = self.columns[0].shape[1] + self.columns[1].shape[1]
        return int(slopes) + 3 * len(self.group_names)

    @property
    def intercept_only(self) -> bool:
        """Whether neither margin has a covariate and the variances are common."""
        plain = ("Intercept",)
        return self.names == (plain, plain) and len(self.group_names) == 1

    def log_binomial_coefficients(self) -> float:
        """Sum of the log binomial coefficients, the constant part of the log-likelihood."""
        total = 0.0
        for j in (0, 2):
            y, n = self.counts[:, j], self.counts[:, j + 1]
            total += float((gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)).sum())
        return total


def build_design(
    table: StudyTable,
    sens: str = "~ 1",
    spec: str = "~ 1",
    variance_group: str | None = None,
    independent_rows: bool = False,
    may_repeat: bool = False,
) -> Design:
    """Build the design of a model.

    Parameters
    ----------
    table : StudyTable
        Studies; rows with neither margin are refused when the table is read.
    sens, spec : str
        One-sided formulas for the two margins, as formulaic reads them.
    variance_group : str, optional
        Column whose values get a between-study covariance matrix each.
    independent_rows : bool
        True lets a study's name repeat and gives each row effects of its own.
    may_repeat : bool
        True lets a study's name repeat, its rows sharing the study's effects.

    Raises
    ------
    ModelError
        If the table is empty, a study repeats although nothing tells its rows apart, or a
        covariate has missing values.
    OptionError
        If a formula cannot be read or names an unknown column.
    """
    if not len(table):
        raise ModelError(f"{table.name}: there is no study to pool")
    arrays = table.arrays()
    counts = np.empty((len(table), 4))
    counts[:, 0::2] = arrays.positives
    counts[:, 1::2] = arrays.totals
    plain = _is_intercept(sens) and _is_intercept(spec) and variance_group is None
    codes = np.arange(len(table))
    if not independent_rows:
        codes = _study_codes(table.texts("study_id"))
        if plain and not may_repeat:
            _refuse_repeats(table, codes)
    order = np.argsort(codes, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(codes))]).astype(np.int64)
    built = [
        _columns(table, formula, name, counts[:, 2 * j + 1] > 0)
        for j, (name, formula) in enumerate(zip(MARGINS, (sens, spec), strict=True))
    ]
    group = np.zeros(len(table), dtype=np.int64)
    group_names: tuple[str, ...] = ("",)
    if variance_group is not None:
        group, levels = pd.factorize(_complete(table, variance_group), sort=True)
        group_names = tuple(str(level) for level in levels)
    return Design(
        counts=np.ascontiguousarray(counts[order]),
        start=start,
        group=np.ascontiguousarray(group[order].astype(np.int64)),
        columns=(
            np.ascontiguousarray(built[0][0][order]),
            np.ascontiguousarray(built[1][0][order]),
        ),
        names=(built[0][1], built[1][1]),
        group_names=group_names,
        order=order,
        specs=(built[0][2], built[1][2]),
    )


def new_rows(spec: object | None, data: pd.DataFrame) -> NDArray[np.float64]:
    """Build design rows for new covariate values with the spec of a fitted design."""
    if spec is None:
        return np.ones((len(data), 1))
    from formulaic.errors import DataMismatchWarning

    try:
        with warnings.catch_warnings():
            # formulaic takes an unknown level for the first one, which is another answer.
            warnings.simplefilter("error", DataMismatchWarning)
            matrix = spec.get_model_matrix(data)  # type: ignore[attr-defined]
    except DataMismatchWarning as error:
        given = ", ".join(f"{name} = {value}" for name, value in data.iloc[0].items())
        raise OptionError(f"the fitted studies do not have every level of {given}") from error
    except Exception as error:  # formulaic raises several unrelated classes
        raise OptionError(f"the covariate values cannot be used: {error}") from error
    return np.asarray(matrix, dtype=float)


def _is_intercept(formula: str) -> bool:
    return formula.replace(" ", "") in ("~1", "1")


def _complete(table: StudyTable, column: str) -> pd.Series:
    frame, name = table.frame, table.name
    if column not in frame.columns:
        raise OptionError(
            f"{name} has no column {column!r}; its columns are {', '.join(map(str, frame.columns))}"
        )
    values = frame[column]
    missing = values.isna() | (values.astype(str).str.strip() == "")
    if missing.any():
        studies = ", ".join(frame.loc[missing, "study_id"].astype(str))
        raise ModelError(f"{name}: column {column!r} is empty for {studies}")
    return values


def _study_codes(studies: tuple[str, ...]) -> NDArray[np.int64]:
    """Number the studies in the order in which they first appear."""
    place: dict[str, int] = {}
    return np.array([place.setdefault(study, len(place)) for study in studies], dtype=np.int64)


def _refuse_repeats(table: StudyTable, codes: NDArray[np.int64]) -> None:
    if codes.max() + 1 == len(codes):
        return
    rows = np.bincount(codes)[codes]
    studies = table.texts("study_id")
    repeated = ", ".join(sorted({studies[i] for i in np.flatnonzero(rows > 1)}))
    raise ModelError(
        f"{table.name}: study {repeated} stands in more than one row; name the column that "
        "tells the rows apart (a group or a covariate), keep one row, or pass "
        "independent_rows=True (--independent-rows)"
    )


def _columns(
    table: StudyTable, formula: str, margin: str, reported: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], tuple[str, ...], object | None]:
    if _is_intercept(formula):
        return np.ones((len(table), 1)), ("Intercept",), None
    import formulaic

    try:
        parsed = formulaic.Formula(formula)
        # formulaic does not see the variables inside its own transforms, center() for example.
        named = set(re.findall(r"[^\W\d]\w*", formula)) & set(table.columns)
        needed = sorted(named | {str(variable) for variable in parsed.required_variables})
    except Exception as error:  # formulaic raises several unrelated classes
        # The parser's picture of the place stands on further lines.
        said = str(error).partition("\n")[0]
        raise OptionError(f"the formula {formula!r} cannot be read: {said}") from error
    columns = {column: _complete(table, column) for column in needed}
    data = pd.DataFrame(columns, index=range(len(table)))
    for column in needed:
        if not pd.api.types.is_numeric_dtype(data[column]):
            data[column] = data[column].astype(str)
        else:
            data[column] = data[column].astype(float)
    try:
        matrix = parsed.get_model_matrix(data)
    except Exception as error:
        raise OptionError(f"the formula {formula!r} cannot be used: {error}") from error
    values = np.asarray(matrix, dtype=float)
    if np.linalg.matrix_rank(values) < values.shape[1]:
        raise ModelError(
            f"{table.name}: the columns of {formula!r} ({', '.join(matrix.columns)}) are not "
            "independent in these studies; leave one out"
        )
    # Partial studies count for the margin they report: a level without any of them would keep
    # its starting value, and that would be read as an estimate.
    if not reported.any():
        raise ModelError(
            f"{table.name}: no study reports {margin}, so {formula!r} has nothing to relate it to"
        )
    if np.linalg.matrix_rank(values[reported]) < values.shape[1]:
        seen = np.asarray(values[reported].any(axis=0), dtype=bool)
        idle = [name for name, has in zip(matrix.columns, seen, strict=True) if not has]
        raise ModelError(
            f"{table.name}: {margin} is not reported often enough for {formula!r}: no study that "
            f"reports it tells of {', '.join(idle) or ', '.join(matrix.columns)}; pool the groups "
            "one by one, or leave the covariate out of this margin"
        )
    return values, tuple(str(column) for column in matrix.columns), matrix.model_spec
