"""Comparative accuracy: a test, or any group, as covariate (Cochrane Handbook, chapter 10).

The model ladder: no group effect; an effect on sensitivity only, on specificity only, on
both; between-study variances common or one set for each group. A step is judged by its
likelihood ratio.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import chdtrc
from statsmodels.stats.multitest import multipletests

from metadx.errors import ModelError, OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.inference.contrasts import contrast
from metadx.models import BivariateModel, BivariateResults, SummaryPoint
from metadx.tables import StudyTable

VARIANCES = ("common", "by_group")
HYPOTHESES = ("sensitivity", "specificity", "both", "variances")


@dataclass(frozen=True, slots=True)
class LikelihoodRatioTest:
    """Likelihood-ratio test of one step of the model ladder.

    Attributes
    ----------
    hypothesis : str
        What is tested to be equal across groups: ``"sensitivity"``, ``"specificity"``,
        ``"both"`` or ``"variances"``.
    chi2, df, p : float
        Statistic, degrees of freedom and p value (upper tail of chi-squared).
    loglik_0, loglik_1 : float
        Log-likelihoods without and with the effect.
    """

    hypothesis: str
    chi2: float
    df: int
    p: float
    loglik_0: float
    loglik_1: float


@dataclass(frozen=True, slots=True)
class PairComparison:
    """Group `a` compared with group `b`; ratios are a / b, differences a - b.

    Attributes
    ----------
    a, b : str
        The two groups.
    sens_ratio, spec_ratio : Estimate
        Ratios of the probabilities, intervals on the log scale.
    sens_difference, spec_difference : Estimate
        Differences of the probabilities (-1 to 1).
    p_sensitivity, p_specificity : float
        Wald tests of equality on the logit scale, unadjusted.
    p_sensitivity_adjusted, p_specificity_adjusted : float
        Holm-adjusted over all pairs of groups.
    k_direct : int
        Studies in which both groups were measured.
    """

    a: str
    b: str
    sens_ratio: Estimate
    spec_ratio: Estimate
    sens_difference: Estimate
    spec_difference: Estimate
    p_sensitivity: float
    p_specificity: float
    p_sensitivity_adjusted: float
    p_specificity_adjusted: float
    k_direct: int


@dataclass(frozen=True)
class Comparison:
    """Comparison of the groups of one table.

    Attributes
    ----------
    column : str
        The group's column.
    groups : tuple of str
        Groups in alphabetical order.
    variances : str
        ``"common"`` or ``"by_group"``: the model behind points and pairs.
    fits : dict of BivariateResults
        ``"null"``, ``"sensitivity"``, ``"specificity"`` (an effect on that margin only),
        ``"both"`` and, where it can be fitted, ``"variances"``.
    points : dict of SummaryPoint
        Summary point of each group.
    tests : tuple of LikelihoodRatioTest or NotApplicable
        Sensitivity, specificity, both, variances.
    pairs : tuple of PairComparison
        Every pair of groups.
    k_paired : int
        Studies that measured more than one group: the direct comparisons.
    k_groups : dict of int
        Studies in each group.
    left_out : tuple of str
        Labels of the studies without a group, which take no part.
    """

    column: str
    groups: tuple[str, ...]
    variances: str
    fits: dict[str, BivariateResults]
    points: dict[str, SummaryPoint]
    tests: tuple[LikelihoodRatioTest | NotApplicable, ...]
    pairs: tuple[PairComparison, ...]
    k_paired: int
    k_groups: dict[str, int]
    left_out: tuple[str, ...] = ()

    @property
    def fit(self) -> BivariateResults:
        """The model behind points and pairs."""
        return self.fits["both" if self.variances == "common" else "variances"]

    def summary(self) -> str:
        """Return the comparison as text."""
        out = [f"Groups by {self.column}; between-study variances {self.variances}"]
        for group, point in self.points.items():
            out.append(
                f"  {group:<24} k={self.k_groups[group]:<4} sensitivity "
                f"{point.sensitivity.format(3)}  specificity {point.specificity.format(3)}"
            )
        direct = (
            f"{self.k_paired} studies measured more than one group (direct comparison)"
            if self.k_paired
            else "no study measured more than one group: the comparison is indirect"
        )
        if self.left_out:
            out.append(f"left out, without {self.column}: {', '.join(self.left_out)}")
        out += [direct, "Likelihood-ratio tests"]
        for test in self.tests:
            if isinstance(test, NotApplicable):
                out.append(f"  {test}")
            else:
                out.append(
                    f"  {test.hypothesis:<12} chi2 {test.chi2:8.3f}  df {test.df}  p {test.p:.4g}"
                )
        for pair in self.pairs:
            out.append(
                f"{pair.a} against {pair.b} ({pair.k_direct} direct): sensitivity ratio "
                f"{pair.sens_ratio.format(3)}, difference {pair.sens_difference.format(3)}, "
                f"p {pair.p_sensitivity_adjusted:.3g}; specificity ratio "
                f"{pair.spec_ratio.format(3)}, difference {pair.spec_difference.format(3)}, "
                f"p {pair.p_specificity_adjusted:.3g}"
            )
        return "\n".join(out)


def compare(
    table: StudyTable,
    column: str,
    variances: str = "common",
    level: float = 0.95,
    interval: str = "wald",
    independent_rows: bool = False,
    method: str = "exact",
    nodes: int | None = None,
    zero_cell: str = "single",
) -> Comparison:
    """Compare the groups in `column`, with every step of the model ladder.

    Parameters
    ----------
    table : StudyTable
        Rows of one or more groups; rows of the same study share the study's effects.
    column : str
        Column with at least two groups, texts or codes; a study without one is left out and
        named in the result.
    variances : {"common", "by_group"}
        Model behind the reported points and pairs. ``"by_group"`` treats rows of different
        groups as independent, because one set of effects cannot have two covariances.
    level, interval, independent_rows
        As in :class:`metadx.BivariateModel`.
    method : {"exact", "laplace", "ml", "reml", "fixed"}
        Restricted likelihoods of models with different means cannot be compared, so REML
        gives no likelihood-ratio tests of the means; nor do fixed effects.
    nodes, zero_cell
        As in :meth:`metadx.BivariateModel.fit`.

    Raises
    ------
    OptionError
        If the column is unknown.
    ModelError
        If there is one group only, or a group has nothing to estimate.
    """
    if variances not in VARIANCES:
        raise OptionError(f"variances is {variances!r}; it is one of {', '.join(VARIANCES)}")
    table = table.pooled()
    if column not in table.columns:
        raise OptionError(
            f"{table.name} has no column {column!r}; its columns are {', '.join(table.columns)}"
        )
    table, left_out = _with_groups(table, column)
    effect = f"~ 0 + C(`{column}`)"
    formulas = {
        "null": ("~ 1", "~ 1"),
        "sensitivity": (effect, "~ 1"),
        "specificity": ("~ 1", effect),
        "both": (effect, effect),
    }
    groups = tuple(sorted(set(table.frame[column])))
    if len(groups) < 2:
        raise ModelError(f"all {len(table)} rows have {column} = {groups[0] if groups else ''!r}; "
                         "there is nothing to compare")  # fmt: skip
    paired = paired_studies(table, column)
    options: dict[str, Any] = {"method": method, "level": level, "interval": interval}
    options |= {"nodes": nodes, "zero_cell": zero_cell}
    fits: dict[str, BivariateResults] = {}
    for name, (sens, spec) in formulas.items():
        model = BivariateModel(
            table, sens, spec, covariate_column=column, independent_rows=independent_rows
        )
        fits[name] = _maximum_likelihood(model, options)
    separate: BivariateResults | NotApplicable = _separate(table, column, effect, options)
    if isinstance(separate, BivariateResults):
        fits["variances"] = separate
    elif variances == "by_group":
        raise ModelError(f"{table.name}: {separate.reason}")
    chosen = fits["both" if variances == "common" else "variances"]
    points = {group: chosen.at(**{column: group}) for group in groups}
    return Comparison(
        column=column,
        groups=groups,
        variances=variances,
        fits=fits,
        points=points,
        tests=_tests(fits, separate, len(paired) > 0 and not independent_rows, method),
        pairs=_pairs(chosen, column, groups, level, paired),
        k_paired=len(paired),
        k_groups={g: int((table.frame[column] == g).sum()) for g in groups},
        left_out=left_out,
    )


def _with_groups(table: StudyTable, column: str) -> tuple[StudyTable, tuple[str, ...]]:
    """Write the groups as texts, because a level asked for by its name has to be found."""
    texts = table.frame[column].map(group_name)
    named = (texts != "").to_numpy()
    left_out = [label for label, has in zip(table.labels, named, strict=True) if not has]
    frame = table.frame.assign(**{column: texts})[named].reset_index(drop=True)
    return StudyTable.from_checked(frame, table.name), tuple(left_out)


def group_name(value: Any) -> str:
    """Return the name of a group as it stands in the file; empty for a missing one."""
    if pd.isna(value):
        return ""
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value).strip()


def _separate(
    table: StudyTable, column: str, effect: str, options: dict[str, Any]
) -> BivariateResults | NotApplicable:
    frame = table.frame
    for group, rows in frame.groupby(column):
        complete = rows[["tp", "fp"]].notna().all(axis=1).sum()
        if complete < 2:
            return NotApplicable(
                f"group {group} has {complete} complete studies, too few for variances of its own"
            )
    model = BivariateModel(
        table, effect, effect, variances="by_group", group=column, covariate_column=column
    )
    return _maximum_likelihood(model, options)


def _maximum_likelihood(model: BivariateModel, options: dict[str, Any]) -> BivariateResults:
    results = model.fit(**options)
    if not isinstance(results, BivariateResults):
        raise OptionError("groups are compared by likelihood; method bayes does not apply")
    return results


def paired_studies(table: StudyTable, column: str) -> dict[str, set[str]]:
    """Return the studies that stand in more than one group, with their groups."""
    found = {
        str(study): set(rows[column].map(group_name)) - {""}
        for study, rows in table.frame.groupby("study_id")
    }
    return {study: groups for study, groups in found.items() if len(groups) > 1}


def _tests(
    fits: dict[str, BivariateResults],
    separate: BivariateResults | NotApplicable,
    shared: bool,
    method: str,
) -> tuple[LikelihoodRatioTest | NotApplicable, ...]:
    reasons = {
        "reml": "restricted likelihoods of models with different means cannot be compared",
        "fixed": "the fixed-effect model gives no likelihood of the counts to compare",
    }
    if method in reasons:
        reason = reasons[method]
        return tuple(NotApplicable(f"{name}: {reason}") for name in HYPOTHESES)
    steps = [("sensitivity", "specificity"), ("specificity", "sensitivity"), ("both", "null")]
    tests: list[LikelihoodRatioTest | NotApplicable] = [
        _ratio_test(name, fits[smaller], fits["both"]) for name, smaller in steps
    ]
    if isinstance(separate, NotApplicable):
        tests.append(NotApplicable(f"variances: {separate.reason}"))
    elif shared:
        tests.append(
            NotApplicable(
                "variances: with paired studies the two models are not nested, because "
                "variances by group treat the rows of a study as independent"
            )
        )
    else:
        tests.append(_ratio_test("variances", fits["both"], separate))
    return tuple(tests)


def _ratio_test(name: str, small: BivariateResults, large: BivariateResults) -> LikelihoodRatioTest:
    low, high = small.llf, large.llf
    assert isinstance(low, float) and isinstance(high, float)
    chi2 = max(2.0 * (high - low), 0.0)
    df = large.design.n_parameters - small.design.n_parameters
    return LikelihoodRatioTest(name, chi2, df, float(chdtrc(df, chi2)), low, high)


def _pairs(
    fit: BivariateResults,
    column: str,
    groups: Sequence[str],
    level: float,
    paired: dict[str, set[str]],
) -> tuple[PairComparison, ...]:
    raw = []
    for b, a in combinations(groups, 2):
        means, cov = fit.joint_means([{column: a}, {column: b}])
        found: dict[str, Any] = {"a": a, "b": b}
        for short, i in (("sens", 0), ("spec", 1)):
            here = [i, 2 + i]
            found[short] = contrast(means[here], cov[np.ix_(here, here)], level)
        found["k_direct"] = sum({a, b} <= members for members in paired.values())
        raw.append(found)
    adjusted = {
        short: multipletests([found[short].p for found in raw], method="holm")[1]
        for short in ("sens", "spec")
    }
    return tuple(
        PairComparison(
            a=found["a"],
            b=found["b"],
            sens_ratio=found["sens"].ratio,
            spec_ratio=found["spec"].ratio,
            sens_difference=found["sens"].difference,
            spec_difference=found["spec"].difference,
            p_sensitivity=found["sens"].p,
            p_specificity=found["spec"].p,
            p_sensitivity_adjusted=float(adjusted["sens"][i]),
            p_specificity_adjusted=float(adjusted["spec"][i]),
            k_direct=found["k_direct"],
        )
        for i, found in enumerate(raw)
    )
