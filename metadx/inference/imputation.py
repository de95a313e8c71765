"""Counts that are known up to rounding, carried through the analysis by multiple imputation."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from metadx.errors import MetadxWarning, OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.models import BivariateModel, delta
from metadx.models.model import METHODS
from metadx.tables import StudyTable
from metadx.tables.schema import COUNT_COLUMNS

FloatArray = NDArray[np.float64]

#: Imputations; the simulation error of an interval's end is then small beside the interval.
IMPUTATIONS: Final = 50
PRIOR: Final = "every table that agrees with the printed numbers is taken to be equally likely"
MARGINS: Final = ("sensitivity", "specificity")
_LIKELIHOODS: Final = tuple(name for name in METHODS if name != "bayes")


@dataclass(frozen=True)
class Pooled:
    """Rubin's rules for one quantity.

    Attributes
    ----------
    estimate : float
        Mean of the m estimates.
    within, between : float
        Mean variance of the m fits, and the variance between their estimates (m - 1).
    total : float
        ``within + (1 + 1/m) between``.
    degrees_of_freedom : float
        Of Barnard & Rubin; infinite where nothing varies and the fits use the normal quantile.
    fraction_missing : float
        Share of the information about the quantity that rounding took away, 0 to 1.
    """

    estimate: float
    within: float
    between: float
    total: float
    degrees_of_freedom: float
    fraction_missing: float


@dataclass(frozen=True)
class ImputedResults:
    """Pooled accuracy with the slack of reconstructed counts in its intervals.

    Attributes
    ----------
    sensitivity, specificity : Estimate or NotApplicable
        Probability scale; ``method`` is ``"rubin"``.
    pooled : mapping of str to Pooled
        Rubin's rules on the logit scale, for each margin that has an estimate.
    imputations : DataFrame
        A row an imputation: logit and standard error of both margins, and the model path;
        empty where a margin is not estimated.
    k : int
        Studies of the first fit.
    k_imputed : int
        Rows with more than one possible table.
    m, seed, level
        Number of imputations, seed of the draws, nominal coverage.
    prior : str
        What is assumed about the tables that fit.
    model_paths : mapping of str to int
        How often each model path was taken.
    warnings : tuple of str
        Every warning of any fit, once.
    stratum : str
        What was pooled.
    """

    sensitivity: Estimate | NotApplicable
    specificity: Estimate | NotApplicable
    pooled: Mapping[str, Pooled]
    imputations: pd.DataFrame
    k: int
    k_imputed: int
    m: int
    seed: int
    level: float
    prior: str
    model_paths: Mapping[str, int]
    warnings: tuple[str, ...]
    stratum: str

    @property
    def fraction_missing(self) -> dict[str, float]:
        """Fraction of missing information of each margin that has an estimate."""
        return {name: one.fraction_missing for name, one in self.pooled.items()}

    def summary(self) -> str:
        """Write the result for the terminal."""
        lines = [
            f"{self.stratum}: k = {self.k}, rows known up to rounding: {self.k_imputed}, "
            f"{self.m} imputations; {self.prior}"
        ]
        for name in MARGINS:
            line = f"{name} {getattr(self, name)}"
            if name in self.pooled:
                line += f"; {self.pooled[name].fraction_missing:.0%} of the information is missing"
            lines.append(line)
        return "\n".join([*lines, *self.warnings])

    def __str__(self) -> str:
        return self.summary()


def impute(
    table: StudyTable,
    solutions: Mapping[int, pd.DataFrame],
    m: int = IMPUTATIONS,
    seed: int = 1,
    method: str = "exact",
    level: float = 0.95,
    interval: str = "wald",
) -> ImputedResults:
    """Pool a table some of whose rows have several possible counts.

    In each of m imputations one table is drawn for each such row, all with the same
    probability, and the model is fitted; the fits are combined on the logit scale by Rubin's
    rules: ``T = U + (1 + 1/m) B`` with U the mean variance of the fits and B the variance
    between them.

    Parameters
    ----------
    table : StudyTable
        One stratum.
    solutions : mapping of int to DataFrame
        For each row (position from 0) that is known up to rounding, its possible tables with
        columns tp, fp, fn, tn, as `metadx.tables.reconstruct_counts` returns them.
    m : int
        Imputations, at least 2.
    seed : int
        Seed of the draws.
    method : str
        As for `BivariateModel.fit`, without ``"bayes"``.
    level : float
        Nominal coverage.
    interval : {"wald", "wald_t"}
        Whether a fit without missing data would use the normal quantile or Student t with
        k - 2 degrees of freedom.

    Raises
    ------
    OptionError
        An option has an unknown value, or `solutions` names a row that is not there or holds
        no table.
    ModelError
        There is nothing to pool.

    References
    ----------
    Rubin 1987, Multiple imputation for nonresponse in surveys, doi:10.1002/9780470316696.
    Barnard & Rubin 1999, Biometrika, doi:10.1093/biomet/86.4.948.
    """
    _require(method, interval, m)
    delta.quantile(level)
    possible = {row: _counts(table, row, frame) for row, frame in solutions.items()}
    rng = np.random.default_rng(seed)
    draws = {row: rng.integers(len(counts), size=m) for row, counts in sorted(possible.items())}
    fits: dict[tuple[int, ...], dict[str, Any]] = {}
    records = []
    for i in range(m):
        chosen = tuple(int(draws[row][i]) for row in sorted(possible))
        if chosen not in fits:
            filled = _filled(table, possible, dict(zip(sorted(possible), chosen, strict=True)))
            fits[chosen] = _fit(filled, method, level)
        records.append(fits[chosen])
    frame = pd.DataFrame(records).drop(columns=["warnings", "k", "reasons"])
    degrees = float(records[0]["k"] - 2) if interval == "wald_t" else np.inf
    pooled: dict[str, Pooled] = {}
    estimates: dict[str, Estimate | NotApplicable] = {}
    for name in MARGINS:
        found = _pooled(name, frame, records, degrees)
        if isinstance(found, Pooled):
            pooled[name] = found
            estimates[name] = _estimate(found, level)
        else:
            estimates[name] = found
    said = dict.fromkeys(text for record in records for text in record["warnings"])
    return ImputedResults(
        sensitivity=estimates["sensitivity"],
        specificity=estimates["specificity"],
        pooled=pooled,
        imputations=frame,
        k=records[0]["k"],
        k_imputed=sum(len(counts) > 1 for counts in possible.values()),
        m=m,
        seed=seed,
        level=level,
        prior=PRIOR,
        model_paths={str(k): int(n) for k, n in frame["model_path"].value_counts().items()},
        warnings=(*said, *_path_warning(frame)),
        stratum=table.name,
    )


def rubin(estimates: FloatArray, variances: FloatArray, degrees: float = np.inf) -> Pooled:
    """Combine m estimates of one quantity.

    Parameters
    ----------
    estimates, variances : ndarray of shape (m,)
        On a scale on which the estimate is about normal.
    degrees : float
        Degrees of freedom that a fit without missing data would have.

    Notes
    -----
    With ``lambda = (1 + 1/m) B / T``: ``nu_m = (m - 1) / lambda^2``,
    ``nu_obs = (nu + 1) / (nu + 3) nu (1 - lambda)``, ``1/df = 1/nu_m + 1/nu_obs``; the fraction
    of missing information is ``(r + 2 / (df + 3)) / (1 + r)``, ``r = (1 + 1/m) B / U``.
    """
    m = len(estimates)
    within, between = float(variances.mean()), float(estimates.var(ddof=1))
    extra = (1.0 + 1.0 / m) * between
    total = within + extra
    share = extra / total
    of_imputation = (m - 1) / share**2 if share > 0.0 else np.inf
    observed = (degrees + 1) / (degrees + 3) * degrees * (1 - share) if degrees < np.inf else np.inf
    inverse = 1.0 / of_imputation + 1.0 / observed
    df = 1.0 / inverse if inverse > 0.0 else np.inf
    ratio = extra / within
    missing = (ratio + 2.0 / (df + 3.0)) / (1.0 + ratio) if between > 0.0 else 0.0
    return Pooled(float(estimates.mean()), within, between, total, float(df), float(missing))


def _require(method: str, interval: str, m: int) -> None:
    if method not in _LIKELIHOODS:
        raise OptionError(f"method is {method!r}; it is one of {', '.join(_LIKELIHOODS)}")
    if interval not in ("wald", "wald_t"):
        raise OptionError(f"interval is {interval!r}; it is one of wald, wald_t")
    if m < 2:
        raise OptionError(f"m is {m}; at least 2 imputations show a variance between them")


def _counts(table: StudyTable, row: int, frame: pd.DataFrame) -> pd.DataFrame:
    if not 0 <= row < len(table):
        raise OptionError(f"solutions names row {row}; the table has rows 0 to {len(table) - 1}")
    if not len(frame):
        raise OptionError(f"solutions holds no table for row {row} ({table.labels[row]})")
    return frame[list(COUNT_COLUMNS)].reset_index(drop=True)


def _filled(
    table: StudyTable, possible: Mapping[int, pd.DataFrame], chosen: Mapping[int, int]
) -> StudyTable:
    frame = table.frame
    for row, position in chosen.items():
        for name in COUNT_COLUMNS:
            frame.loc[row, name] = possible[row][name].iloc[position]
    return StudyTable.from_checked(frame, table.name)


def _fit(table: StudyTable, method: str, level: float) -> dict[str, Any]:
    with warnings.catch_warnings():
        # They are on the result, from where they are handed on.
        warnings.simplefilter("ignore", MetadxWarning)
        fit = BivariateModel(table).fit(method, level=level, interval="wald")
    record: dict[str, Any] = {"model_path": getattr(fit, "model_path", ""), "reasons": {}}
    for name in MARGINS:
        estimate = getattr(fit, name)
        record[f"{name}_logit"] = record[f"{name}_se"] = None
        if isinstance(estimate, NotApplicable):
            record["reasons"][name] = estimate.reason
        elif estimate.method != "wald":
            record["reasons"][name] = f"a fit has no standard error ({estimate.method} interval)"
        else:
            width = logit(estimate.high) - logit(estimate.low)
            record[f"{name}_logit"] = float(logit(estimate.value))
            record[f"{name}_se"] = float(width / (2.0 * delta.quantile(level)))
    return record | {"k": fit.k, "warnings": fit.warnings}


def _pooled(
    name: str, frame: pd.DataFrame, records: list[dict[str, Any]], degrees: float
) -> Pooled | NotApplicable:
    reasons = [record["reasons"][name] for record in records if name in record["reasons"]]
    if reasons:
        return NotApplicable(f"{reasons[0]} in {len(reasons)} of {len(records)} imputations")
    if degrees <= 0:
        return NotApplicable("Student t needs at least three studies")
    values = frame[f"{name}_logit"].to_numpy(dtype=float)
    errors = frame[f"{name}_se"].to_numpy(dtype=float)
    return rubin(values, errors**2, degrees)


def _estimate(found: Pooled, level: float) -> Estimate:
    finite = np.isfinite(found.degrees_of_freedom)
    q = delta.quantile(level, found.degrees_of_freedom if finite else None)
    half = q * np.sqrt(found.total)
    value, low, high = expit([found.estimate, found.estimate - half, found.estimate + half])
    return Estimate(float(value), float(low), float(high), level, "rubin")


def _path_warning(frame: pd.DataFrame) -> tuple[str, ...]:
    paths = frame["model_path"].value_counts()
    if len(paths) < 2:
        return ()
    listed = ", ".join(f"{str(path).replace('_', ' ')} in {n}" for path, n in paths.items())
    return (f"the possible tables lead to different models: {listed}",)
