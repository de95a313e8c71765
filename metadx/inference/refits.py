"""Refits of a fit to some of its studies, started at the estimates it has already."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from metadx.errors import ModelError
from metadx.estimate import NotApplicable
from metadx.models import BivariateResults, SummaryPoint
from metadx.models import margins as m
from metadx.models.design import MARGINS, Design
from metadx.models.exact import COMPLETE_FOR_CORRELATION, complete_studies, fit_exact
from metadx.models.results import Joint
from metadx.models.search import NEAR_ONE_RHO, NEAR_ZERO_TAU, Maximum, climb
from metadx.models.summary_point import L11, L21, L22


def why_not_refitted(fit: BivariateResults) -> NotApplicable | None:
    """Say why a fit cannot be refitted to some of its studies, or return None."""
    if fit.method not in ("exact", "laplace"):
        return NotApplicable("refits without a study are made with the exact model")
    if not fit.design.intercept_only:
        return NotApplicable("refits without a study are made without covariates")
    return None


def studies_of(fit: BivariateResults) -> dict[str, str]:
    """Return the label of each study by its identifier, in the order of the table."""
    ids = fit.table.frame["study_id"].astype(str)
    return dict(zip(ids, fit.table.labels, strict=True))


def refit(fit: BivariateResults, keep: Collection[str]) -> BivariateResults | NotApplicable:
    """Refit to the studies in `keep`, every rule of the ladder applied anew.

    Parameters
    ----------
    fit : BivariateResults
        Fit of the exact model without covariates.
    keep : collection of str
        Identifiers (``study_id``) of the studies that stay.

    Returns
    -------
    BivariateResults or NotApplicable
        What :class:`metadx.BivariateModel` returns for these studies. The search starts at
        the estimates of `fit`; where it ends near a boundary it is made again from scratch,
        with all its starts. Not applicable where nothing is left to pool.
    """
    wanted = set(keep)
    ids = fit.table.frame["study_id"].astype(str).to_numpy()
    rows = np.isin(ids, list(wanted))
    if not rows.any():
        return NotApplicable("no study is left")
    table = fit.table.select(study_id=[name for name in dict.fromkeys(ids) if name in wanted])
    design = subset(fit.design, rows)
    maximum = _warm(fit, design)
    if maximum is not None:
        return _assembled(fit, replace(fit, table=table, design=design), maximum)
    nodes = 1 if fit.method == "laplace" else None
    try:
        return fit_exact(table, design, fit.formulas, fit.level, fit.interval, nodes)
    except ModelError as error:
        return NotApplicable(str(error).removeprefix(f"{table.name}: "))


def subset(design: Design, rows: NDArray[np.bool_]) -> Design:
    """Cut a design down to the rows of the table where `rows` is true."""
    keep = rows[design.order]
    study = np.repeat(np.arange(design.start.size - 1), np.diff(design.start))[keep]
    _, sizes = np.unique(study, return_counts=True)
    order = design.order[keep]
    return replace(
        design,
        counts=np.ascontiguousarray(design.counts[keep]),
        start=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        group=np.ascontiguousarray(design.group[keep]),
        columns=(
            np.ascontiguousarray(design.columns[0][keep]),
            np.ascontiguousarray(design.columns[1][keep]),
        ),
        order=np.argsort(np.argsort(order)),
    )


def _warm(fit: BivariateResults, design: Design) -> Maximum | None:
    """Return the maximum reached from the estimates of `fit`, or None where that is not safe."""
    if fit.model_path != "bivariate" or fit.method != "exact" or fit.at_boundary:
        return None
    if complete_studies(design) < COMPLETE_FOR_CORRELATION:
        return None
    if any(m.is_perfect(design, j) for j in (0, 1)):
        return None
    maximum = climb(design, fit.maxima[0].theta, np.arange(5))
    tau_spec = float(np.hypot(maximum.theta[L21], maximum.theta[L22]))
    near = min(maximum.theta[L11], tau_spec) < NEAR_ZERO_TAU
    near = near or abs(maximum.theta[L21]) > NEAR_ONE_RHO * tau_spec
    return maximum if maximum.converged and not near else None


def _assembled(
    fit: BivariateResults, smaller: BivariateResults, maximum: Maximum
) -> BivariateResults:
    """Put a maximum in the interior into results, its margins judged as in a fit from scratch."""
    design = smaller.design
    joint = Joint(maximum.theta, maximum.covariance(), maximum.free)
    point = SummaryPoint(joint.theta, joint.cov, smaller.k, fit.level, fit.interval)
    pairs = (
        (point.sensitivity, point.tau_sensitivity),
        (point.specificity, point.tau_specificity),
    )
    margins, texts = {}, []
    for j, (estimate, tau) in enumerate(pairs):
        found = m.judge(design, m.describe(design, j, fit.level), estimate, tau, "bivariate")
        margins[MARGINS[j]] = found
        if found.heterogeneity == "not_estimable":
            texts.append(f"{found.name}: {found.reason}")
    return replace(
        smaller,
        margins=margins,
        maxima=(maximum,),
        joint=joint,
        k_complete=complete_studies(design),
        warnings=tuple(texts),
    )
