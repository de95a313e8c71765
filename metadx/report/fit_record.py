"""The record that ``metadx fit --json`` prints: a promise to other programs.

Every estimate is ``{value, low, high, level, method}``; what does not apply is null, with its
reason under ``not_applicable``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import numpy as np

from metadx.errors import ModelError, OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.inference import (
    Comparison,
    LikelihoodRatioTest,
    auc_differences,
    bootstrap,
    compare,
    profile,
)
from metadx.inference.comparison import group_name, paired_studies
from metadx.inference.heterogeneity import i_squared, i_squared_at
from metadx.models import BivariateModel, BivariateResults, SummaryPoint
from metadx.models.summary_text import has_few_studies
from metadx.tables import StudyTable, read_studies

INTERVALS: Final = ("wald", "t", "profile", "bootstrap")
VARIANCES: Final = {"common": "common", "separate": "by_group"}
ESTIMATES: Final = ("sensitivity", "specificity", "lr_positive", "lr_negative", "dor")
AREAS: Final = ("auc", "partial_auc")
SEARCH: Final = (
    "method", "model_path", "nodes", "converged", "gradient_norm", "at_boundary", "warnings",
)  # fmt: skip
LIKELIHOOD: Final = ("loglik", "n_parameters", "aic", "bic")
HSROC_NAMES: Final = ("Lambda", "Theta", "beta", "var_alpha", "var_theta")


@dataclass(frozen=True, slots=True)
class FitOptions:
    """Options of ``metadx fit``.

    Attributes
    ----------
    sens, spec : str
        Formulas of the two margins.
    group : str or None
        Column of groups to compare.
    variances : {"common", "separate"}
        Between-study covariance of the groups.
    method : str
        ``"exact"``, ``"laplace"``, ``"reml"``, ``"ml"`` or ``"bayes"``.
    nodes : int or None
        Quadrature nodes a dimension.
    interval : {"wald", "t", "profile", "bootstrap"}
        Kind of interval.
    level : float
        Nominal coverage.
    seed : int
        Seed of bootstrap and posterior.
    zero_cell : {"single", "all", "none"}
        Continuity correction of the normal-normal models.
    independent_rows : bool
        Give every row effects of its own although a study repeats.
    """

    sens: str = "~ 1"
    spec: str = "~ 1"
    group: str | None = None
    variances: str = "common"
    method: str = "exact"
    nodes: int | None = None
    interval: str = "wald"
    level: float = 0.95
    seed: int = 1
    zero_cell: str = "single"
    independent_rows: bool = False

    def __post_init__(self) -> None:
        for name, allowed in (("interval", INTERVALS), ("variances", tuple(VARIANCES))):
            if getattr(self, name) not in allowed:
                raise OptionError(
                    f"{name} is {getattr(self, name)!r}; it is one of {', '.join(allowed)}"
                )


def fit_table(table: StudyTable, options: FitOptions) -> tuple[Any, Comparison | NotApplicable]:
    """Fit a table as the options say.

    Returns
    -------
    fit : BivariateResults or BayesianResults
        The fit of all rows: without a group effect where groups are compared.
    comparison : Comparison or NotApplicable
        Comparison of the groups.
    """
    wald = "wald_t" if options.interval == "t" else "wald"
    model = BivariateModel(
        table,
        options.sens,
        options.spec,
        independent_rows=options.independent_rows,
        covariate_column=options.group,
    )
    fit = model.fit(
        options.method, options.level, wald, options.nodes, options.zero_cell, seed=options.seed
    )
    if options.group is None:
        return fit, NotApplicable("no group was named")
    try:
        return fit, compare(
            table,
            options.group,
            VARIANCES[options.variances],
            options.level,
            wald,
            options.independent_rows,
            "exact" if options.method == "bayes" else options.method,
            options.nodes,
            options.zero_cell,
        )
    except ModelError as error:
        return fit, NotApplicable(str(error))


def fit_record(table: StudyTable, options: FitOptions) -> dict[str, Any]:
    """Fit a table and return the record of ``metadx fit --json``."""
    fit, comparison = fit_table(table, options)
    return record_of(table, fit, comparison, options)


def record_of(
    table: StudyTable, fit: Any, comparison: Comparison | NotApplicable, options: FitOptions
) -> dict[str, Any]:
    """Return the record of what `fit_table` returned for the same table and options."""
    record: dict[str, Any] = fit.to_dict()
    reasons: dict[str, str] = record["not_applicable"]
    _flatten(record)
    if isinstance(fit, BivariateResults):
        _other_intervals(fit, record, options)
        shares = i_squared(fit)
        record["i2"] = _i_squared_record(shares, reasons)
        record["bayes"] = _bayes_record(fit, reasons)
    else:
        record["i2"] = None
        reasons["i2"] = "it is made of maximum-likelihood estimates; ask for --method exact"
    if options.group is not None:
        record |= _group_record(table, comparison, options, reasons, record["warnings"])
    return record


def _flatten(record: dict[str, Any]) -> None:
    """Plain numbers for the HSROC parameters and the areas, their intervals beside them."""
    for name in AREAS:
        value = record.get(name)
        record[f"{name}_interval"] = value
        record[name] = value["value"] if isinstance(value, dict) else None
    curve = record.get("hsroc")
    record["hsroc_intervals"] = curve
    if isinstance(curve, dict):
        record["hsroc"] = {name: curve[name]["value"] for name in HSROC_NAMES}


def _other_intervals(fit: BivariateResults, record: dict[str, Any], options: FitOptions) -> None:
    """Replace Wald intervals by profile or bootstrap ones where those exist."""
    if options.interval not in ("profile", "bootstrap"):
        return
    replicates = bootstrap(fit, seed=options.seed) if options.interval == "bootstrap" else None
    for name in (*ESTIMATES, *AREAS):
        if isinstance(replicates, NotApplicable):
            found: Estimate | NotApplicable = replicates
        elif replicates is None:
            found = profile(fit, name, options.level)
        else:
            found = replicates.interval(name, options.level)
        if isinstance(found, Estimate):
            record[f"{name}_interval" if name in AREAS else name] = found.to_dict()
        elif name not in record["not_applicable"]:
            record["not_applicable"][f"{name} {options.interval} interval"] = found.reason


def _bayes_record(fit: BivariateResults, reasons: dict[str, str]) -> dict[str, Any] | None:
    """Posterior beside a maximum-likelihood answer with fewer than ten studies in a margin."""
    if not has_few_studies(fit):
        reasons["bayes"] = "every margin has ten studies or more; ask for --method bayes"
        return None
    try:
        posterior = fit.bayesian
    except ModelError as error:
        posterior = NotApplicable(str(error).partition(": ")[2] or str(error))
    if isinstance(posterior, NotApplicable):
        reasons["bayes"] = posterior.reason
        return None
    record: dict[str, Any] = {
        name: value.to_dict() if isinstance(value := getattr(posterior, name), Estimate) else None
        for name in ESTIMATES
    }
    return record | {
        "prior": str(posterior.prior),
        "pareto_k": posterior.diagnostics.pareto_k,
        "warnings": list(posterior.warnings),
    }


def _i_squared_record(shares: Any, reasons: dict[str, str]) -> dict[str, float] | None:
    if isinstance(shares, NotApplicable):
        reasons["i2"] = shares.reason
        return None
    return {name: 100.0 * getattr(shares, name) for name in
            ("bivariate", "sensitivity", "specificity")}  # fmt: skip


def _group_record(
    table: StudyTable,
    comparison: Comparison | NotApplicable,
    options: FitOptions,
    reasons: dict[str, str],
    warned: list[str],
) -> dict[str, Any]:
    if isinstance(comparison, NotApplicable):
        reasons["tests"] = reasons["comparisons"] = comparison.reason
        return {
            "groups": _separate_groups(table, options),
            "tests": None,
            "comparisons": None,
            "k_paired": len(paired_studies(table.pooled(), options.group or "")),
        }
    tests = []
    for test in comparison.tests:
        if isinstance(test, LikelihoodRatioTest):
            tests.append(asdict(test))
        else:
            name, _, reason = test.reason.partition(": ")
            reasons[f"test of {name}"] = reason
    model = comparison.fit.to_dict()
    return {
        "groups": [_one_group(table, comparison, group, model, options) for group in
                   comparison.groups],
        "tests": tests,
        "comparisons": _pair_records(comparison, options, reasons),
        "k_paired": comparison.k_paired,
        "group_model": {"variances": options.variances} | {n: model[n] for n in LIKELIHOOD},
        "warnings": [*warned, *_group_warnings(comparison, options)],
    }  # fmt: skip


def _one_group(
    table: StudyTable,
    comparison: Comparison,
    group: str,
    model: dict[str, Any],
    options: FitOptions,
) -> dict[str, Any]:
    """Return a group under the keys of the record; what is the model's is said of the model."""
    pooled = table.pooled()
    own = pooled.frame[pooled.frame[comparison.column].map(group_name) == group]
    totals = own[["tp", "tn"]].to_numpy(float) + own[["fn", "fp"]].to_numpy(float)
    totals = np.nan_to_num(totals)
    has_sens, has_spec = totals.T > 0
    point = comparison.points[group]
    record = {
        "group": group,
        "k": comparison.k_groups[group],
        "k_complete": int((has_sens & has_spec).sum()),
        "k_sens_only": int((has_sens & ~has_spec).sum()),
        "k_spec_only": int((has_spec & ~has_sens).sum()),
        **{name: model[name] for name in (*SEARCH, *LIKELIHOOD)},
        **point_record(point, comparison.fit.observed_fpr),
        "i2": _i_squared_record(i_squared_at(point, totals), {}),
    }
    idle = model["not_applicable"]
    record["not_applicable"] |= {name: idle[name] for name in LIKELIHOOD if name in idle}
    if options.interval in ("profile", "bootstrap"):
        for name in (*ESTIMATES, *AREAS):
            record["not_applicable"].setdefault(
                f"{name} {options.interval} interval",
                "the points of groups have Wald intervals",
            )
    return record


def _group_warnings(comparison: Comparison, options: FitOptions) -> list[str]:
    """Say what of the options the comparison of groups does not take."""
    said = []
    if comparison.left_out:
        said.append(
            f"left out of the comparison, without {comparison.column}: "
            f"{', '.join(comparison.left_out)}"
        )
    if (options.sens, options.spec) != ("~ 1", "~ 1"):
        said.append(
            "the comparison of groups is not adjusted for the formulas of sensitivity and "
            "specificity, which belong to the fit of all rows"
        )
    if options.method == "bayes":
        said.append("the groups are compared by maximum likelihood; the posterior is of all rows")
    return said


def _pair_records(
    comparison: Comparison, options: FitOptions, reasons: dict[str, str]
) -> list[dict[str, Any]]:
    """Return the pairs; with bootstrap intervals the differences of the areas as well."""
    records = [asdict(pair) for pair in comparison.pairs]
    if options.interval != "bootstrap":
        return records
    areas = auc_differences(comparison, seed=options.seed, level=options.level)
    for record in records:
        area = areas[record["a"], record["b"]]
        record["auc_difference"] = area.to_dict() if isinstance(area, Estimate) else None
        if isinstance(area, NotApplicable):
            reasons["auc_difference"] = area.reason
    return records


def _separate_groups(table: StudyTable, options: FitOptions) -> list[dict[str, Any]]:
    """Fit each group by itself, where one model for all of them has no maximum."""
    column = options.group or ""
    pooled = table.pooled()
    alone = FitOptions(
        method=options.method,
        interval=options.interval,
        level=options.level,
        nodes=options.nodes,
        seed=options.seed,
        zero_cell=options.zero_cell,
        independent_rows=True,
    )
    names = pooled.frame[column].map(group_name)
    frames = ((name, pooled.frame[names == name]) for name in sorted(set(names) - {""}))
    return [
        {"group": name, **fit_record(StudyTable.from_checked(own, pooled.name), alone)}
        for name, own in frames
    ]


def point_record(
    point: SummaryPoint, observed_fpr: tuple[float, float] | NotApplicable
) -> dict[str, Any]:
    """Return a summary point under the keys of the record."""
    reasons: dict[str, str] = {}
    record: dict[str, Any] = {
        "mean_logit": point.mean_logit.tolist(),
        "mean_logit_cov": point.mean_logit_cov.tolist(),
        "between_study_cov": point.between_study_cov.tolist(),
        "correlation": None,
    }
    spread = np.sqrt(np.diag(point.between_study_cov))
    if spread.all():
        record["correlation"] = float(point.between_study_cov[0, 1] / spread.prod())
    else:
        reasons["correlation"] = "a between-study variance is 0"
    low, high = (0.0, 0.0) if isinstance(observed_fpr, NotApplicable) else observed_fpr
    found: dict[str, Any] = {name: getattr(point, name) for name in ESTIMATES}
    found |= {"auc": point.auc, "partial_auc": point.area(low, high), "hsroc": point.hsroc}
    for name, value in found.items():
        if isinstance(value, NotApplicable):
            reasons[name] = value.reason
            record[name] = None
        elif isinstance(value, Estimate):
            record[name] = value.to_dict()
        else:
            record[name] = {n: getattr(value, n).to_dict() for n in HSROC_NAMES}
    _flatten(record)
    record["not_applicable"] = reasons
    return record


def find_table(target: str, studies: Path) -> StudyTable:
    """Return the table that a command names: a file, or a stratum of the study tables.

    Raises
    ------
    OptionError
        If there is no such file and no such stratum; the message lists near ones.
    """
    path = Path(target)
    if path.is_file():
        return read_studies(path)
    parts = target.strip("/").split("/")
    columns = ("modality", "site", "unit", "population")
    if path.suffix or len(parts) > len(columns):
        raise OptionError(f"there is no file {target}")
    table = read_studies(studies)
    strata = sorted(table.pooled().strata())
    if not any(name.split("/")[: len(parts)] == parts for name in strata):
        near = get_close_matches(target, [*strata, *{"/".join(s.split("/")[:2]) for s in strata}])
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise OptionError(f"no file and no stratum with pooled studies is called {target}{hint}")
    return table.select(**dict(zip(columns, parts, strict=False)))


def fit_text(table: StudyTable, options: FitOptions) -> str:
    """Fit a table and return the results as text."""
    fit, comparison = fit_table(table, options)
    out = [fit.summary()]
    if options.interval in ("profile", "bootstrap") and isinstance(fit, BivariateResults):
        record: dict[str, Any] = {"not_applicable": {}}
        _other_intervals(fit, record, options)
        out.append(f"\n{options.interval.capitalize()} intervals")
        out += [
            f"{name.removesuffix('_interval'):<28}{Estimate(**value).format(3)}"
            for name, value in record.items()
            if name != "not_applicable"
        ]
        out += [f"{name}: {reason}" for name, reason in record["not_applicable"].items()]
    if isinstance(comparison, Comparison):
        out += ["", comparison.summary()]
        out += _group_warnings(comparison, options)
    elif options.group is not None:
        out += ["", f"Groups by {options.group} are not compared: {comparison.reason}"]
    return "\n".join(out)
