"""Records of strata made by hand, for tests of what is said about them."""

from __future__ import annotations

from metadx.report.estimates import Interval, MarginRecord, StratumRecord

#: Numbers of a margin: value, low, high.
Numbers = tuple[float, float, float]


def margin(
    numbers: Numbers | None = None,
    k: int = 5,
    *,
    state: str = "estimated",
    prediction: tuple[float, float] | None = None,
    bayesian: Numbers | None = None,
) -> MarginRecord:
    """A margin: pooled, of one study (k = 1), not poolable (state), or of no study."""
    if numbers is None or k == 0:
        return MarginRecord()
    interval = Interval(*numbers)
    ends = Interval(None, numbers[1], numbers[2])
    if k == 1:
        return MarginRecord(1, 40, "single_study", "not_applicable", interval, studies=ends)
    if state == "not_estimable":
        return MarginRecord(
            k, 40 * k, "univariate", state, studies=ends, summed=interval,
            bayesian=Interval(*bayesian) if bayesian else Interval(),
            reason=f"{k} studies do not bound the heterogeneity",
        )  # fmt: skip
    return MarginRecord(
        k, 40 * k, "bivariate", state, interval, tau=0.0 if state == "zero" else 0.5,
        prediction=Interval(None, *prediction) if prediction else Interval(),
        studies=ends, summed=interval, bayesian=Interval(*bayesian) if bayesian else Interval(),
    )  # fmt: skip


def record(
    stratum: str, sensitivity: MarginRecord, specificity: MarginRecord | None = None
) -> StratumRecord:
    """A stratum with these margins; studies with specificity are complete ones."""
    specificity = specificity or MarginRecord()
    modality, site, unit, population = stratum.split("/")
    k, both = sensitivity.k, specificity.k
    return StratumRecord(
        stratum, modality, site, unit, population, k, both, k - both, 0,
        sensitivity.n, specificity.n, sensitivity=sensitivity, specificity=specificity,
        model_path="bivariate",
    )  # fmt: skip
