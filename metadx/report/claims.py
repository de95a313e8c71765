"""The claims of a review, confronted with the pooled evidence.

The rule. A claim about one number is *supported* where the whole 95% interval of the pooled
number lies inside what is claimed, *contradicted* where the whole interval lies outside, and
otherwise there is *not enough evidence*. A claim is compared only with its own population. One
study, or studies whose differences cannot be estimated, neither support nor contradict; what
they say is printed. A claim about all sites, or about a site that was counted in several units,
is supported only if every stratum supports it, and contradicted if one contradicts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from metadx.report.claims_table import ALL, ANY, NOT_ACCURACY, Claim
from metadx.report.estimates import MARGINS, NOTHING, Cell, Interval, MarginRecord, StratumRecord
from metadx.report.words import test_name
from metadx.tables import label

SUPPORTED: Final = "supported"
CONTRADICTED: Final = "contradicted"
UNDECIDED: Final = "not enough evidence"
VERDICTS: Final = (SUPPORTED, CONTRADICTED, UNDECIDED, NOT_ACCURACY)

#: A claimed single value is supported by an interval that contains it and stays within five
#: percentage points of it: 50 of 1,000 patients, the most that would not change what is done.
POINT_MARGIN: Final = 0.05

#: The rule as the page states it: what matters first, then the rest.
RULE: Final = (
    "A claim is supported where the whole 95% interval of the pooled number lies inside what is "
    "claimed, and contradicted where the whole interval lies outside; otherwise there is not "
    "enough evidence. A claim is compared only with its own population.",
    "One study, or studies whose differences cannot be estimated, can neither support nor "
    "contradict a claim; what they say is printed.",
    "A claim about all sites is supported only if every site supports it, and contradicted if one "
    "site contradicts it.",
    f"A claimed single value is supported by an interval that contains it and stays within "
    f"{100 * POINT_MARGIN:.0f} percentage points of it.",
    "A difference between two tests is taken within one site, unit and population, with an "
    "interval made from the intervals of both (Zou and Donner 2008), as if other patients had had "
    "each test; where the same patients had both, that interval is wider than a paired one.",
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one stratum, or one pair of strata, says about a claim.

    Attributes
    ----------
    stratum, comparator : str
        Identifiers; no comparator where the claim is about one test.
    k, k_comparator : int
        Studies of the margin.
    shared : int
        Studies that stand in both strata.
    interval : Interval
        The number compared (probability, or difference of probabilities).
    basis : str
        What the number is: ``"pooled"``, ``"one study"``, ``"summed counts"`` or ``"none"``.
    verdict : str
        One of `VERDICTS`; empty for another population, which is shown and not counted.
    reason : str
        Why the verdict is not a yes or no.
    """

    stratum: str
    comparator: str = ""
    k: int = 0
    k_comparator: int = 0
    shared: int = 0
    interval: Interval = NOTHING
    basis: str = "none"
    verdict: str = UNDECIDED
    reason: str = ""

    @property
    def counted(self) -> bool:
        """Whether it takes part in the verdict on the claim."""
        return bool(self.verdict)


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """A claim with its verdict.

    Attributes
    ----------
    claim : Claim
    verdict : str
        One of `VERDICTS`.
    reason : str
        The verdict in a sentence.
    evidence : tuple of Evidence
        Strata or pairs of strata that were compared, and those shown beside them.
    """

    claim: Claim
    verdict: str
    reason: str
    evidence: tuple[Evidence, ...] = ()

    @property
    def counted(self) -> tuple[Evidence, ...]:
        """The evidence that takes part in the verdict."""
        return tuple(item for item in self.evidence if item.counted)


def check_claims(
    claims: Iterable[Claim],
    records: Sequence[StratumRecord],
    studies: Mapping[str, frozenset[str]],
) -> tuple[ClaimResult, ...]:
    """Compare each claim with the pooled evidence, by the rule at the top of this module.

    Parameters
    ----------
    claims : iterable of Claim
    records : sequence of StratumRecord
        All strata.
    studies : mapping of str to frozenset of str
        Identifiers of the pooled studies of each stratum, to find those in both of a pair.
    """
    known = [record for record in records if not record.failure]
    return tuple(_check(claim, known, studies) for claim in claims)


def _check(
    claim: Claim, records: Sequence[StratumRecord], studies: Mapping[str, frozenset[str]]
) -> ClaimResult:
    if claim.testable == NOT_ACCURACY:
        return ClaimResult(claim, NOT_ACCURACY, "the claim is not about sensitivity or specificity")
    if claim.testable != "yes" or claim.margin not in MARGINS:
        condition = "" if claim.testable == "yes" else f" ({claim.testable})"
        return ClaimResult(claim, UNDECIDED, f"the study tables cannot test it{condition}")
    if claim.form == "":
        evidence = tuple(_values(claim, records))
    else:
        evidence = tuple(_differences(claim, records, studies))
    verdict = overall([item.verdict for item in evidence if item.counted])
    return ClaimResult(claim, verdict, _sentence(claim, evidence), evidence)


def overall(verdicts: Sequence[str]) -> str:
    """Join the verdicts of several strata.

    Parameters
    ----------
    verdicts : sequence of str
        One for each stratum; none leaves the claim undecided.
    """
    if CONTRADICTED in verdicts:
        return CONTRADICTED
    return SUPPORTED if verdicts and set(verdicts) == {SUPPORTED} else UNDECIDED


def judge(claim: Claim, interval: Interval) -> str:
    """Compare an interval with what is claimed.

    Parameters
    ----------
    claim : Claim
        Its relation and bounds; a rank of 1 among two is a difference above 0.
    interval : Interval
        Of the same quantity on the same scale.
    """
    if interval.low is None or interval.high is None:
        return UNDECIDED
    low, high = interval.low, interval.high
    if claim.relation == "equals" and claim.form == "":
        point = claim.low if claim.low is not None else 0.0
        if not low <= point <= high:
            return CONTRADICTED
        near = point - POINT_MARGIN <= low and high <= point + POINT_MARGIN
        return SUPPORTED if near else UNDECIDED
    if claim.form == "rank":
        bottom, top, strict = 0.0, np.inf, True
    else:
        bottom = -np.inf if claim.low is None else claim.low
        top = np.inf if claim.high is None else claim.high
        strict = claim.relation in ("above", "below")
    if strict:
        inside, outside = low > bottom and high < top, high <= bottom or low >= top
    else:
        inside, outside = low >= bottom and high <= top, high < bottom or low > top
    if inside:
        return SUPPORTED
    return CONTRADICTED if outside else UNDECIDED


def _about(claim: Claim, records: Iterable[StratumRecord], modality: str) -> list[StratumRecord]:
    sites = [record for record in records if claim.site in (ALL, record.site)]
    return [record for record in sites if record.modality == modality]


def _values(claim: Claim, records: Sequence[StratumRecord]) -> Iterator[Evidence]:
    beside = []
    for record in _about(claim, records, claim.modality):
        margin = record.margin(claim.margin)
        basis, reason = _basis(margin, claim.margin)
        item = Evidence(record.stratum, "", margin.k, 0, 0, margin.best, basis, "", reason)
        if claim.population not in (ANY, record.population):
            beside.append(item)
            continue
        verdict = judge(claim, margin.pooled) if margin.is_pooled else UNDECIDED
        yield _with(item, verdict, _caution(claim, verdict, margin))
    yield from (item for item in beside if item.k)


def _differences(
    claim: Claim, records: Sequence[StratumRecord], studies: Mapping[str, frozenset[str]]
) -> Iterator[Evidence]:
    for record in _about(claim, records, claim.modality):
        if claim.population not in (ANY, record.population):
            continue
        for other in records:
            here = (record.site, record.unit, record.population)
            same = here == (other.site, other.unit, other.population)
            wanted = not claim.comparator or other.modality == claim.comparator
            told = record.margin(claim.margin).k or other.margin(claim.margin).k
            if same and wanted and told and other.modality != record.modality:
                shared = studies.get(record.stratum, frozenset())
                shared &= studies.get(other.stratum, frozenset())
                yield _pair(claim, record, other, len(shared))


def _pair(claim: Claim, record: StratumRecord, other: StratumRecord, shared: int) -> Evidence:
    first, second = record.margin(claim.margin), other.margin(claim.margin)
    parts = [_basis(first, claim.margin), _basis(second, claim.margin)]
    basis = "pooled" if all(b == "pooled" for b, _ in parts) else "+".join(b for b, _ in parts)
    if parts[0] == parts[1]:
        reasons = [f"both tests: {parts[0][1]}"] if parts[0][1] else []
    else:
        tests = (test_name(record.modality), test_name(other.modality))
        reasons = [f"{test}: {why}" for test, (_, why) in zip(tests, parts, strict=True) if why]
    interval = difference(first.best, second.best)
    item = Evidence(
        record.stratum, other.stratum, first.k, second.k, shared, interval, basis, "",
        "; ".join(reasons),
    )  # fmt: skip
    return _with(item, judge(claim, interval) if basis == "pooled" else UNDECIDED)


def difference(first: Interval, second: Interval) -> Interval:
    """Difference of two independent probabilities from their intervals.

    ``d - sqrt((p1 - l1)^2 + (u2 - p2)^2)`` to ``d + sqrt((u1 - p1)^2 + (p2 - l2)^2)``: unlike
    a normal interval on the difference it never leaves -1 to 1 and keeps the asymmetry of
    probabilities near 1.

    Parameters
    ----------
    first, second : Interval
        Probabilities with intervals of the same level.

    Returns
    -------
    Interval
        Empty where either is.

    References
    ----------
    Zou & Donner 2008, Stat Med, doi:10.1002/sim.3095.
    """
    values = (first.value, first.low, first.high, second.value, second.low, second.high)
    if any(value is None for value in values):
        return Interval()
    p1, l1, u1, p2, l2, u2 = (float(value) for value in values if value is not None)
    gap = p1 - p2
    return Interval(gap, gap - float(np.hypot(p1 - l1, u2 - p2)),
                    gap + float(np.hypot(u1 - p1, p2 - l2)))  # fmt: skip


def _basis(margin: MarginRecord, name: str) -> tuple[str, str]:
    """What a margin's number is, and why it is less than a pooled one."""
    if margin.is_pooled:
        return "pooled", ""
    if margin.k == 0:
        return "none", f"no study reports {name}"
    if margin.k == 1:
        return "one study", "one study, which alone can neither support nor contradict"
    return "summed counts", f"{margin.k} studies, too few or too alike to tell how much they differ"


def _caution(claim: Claim, verdict: str, margin: MarginRecord) -> str:
    """Say where the posterior, which few studies need, would not decide the same."""
    if verdict == UNDECIDED or not margin.bayesian or judge(claim, margin.bayesian) == verdict:
        return ""
    low, high = margin.bayesian.low, margin.bayesian.high
    return f"on {margin.k} studies; the Bayesian interval, {low:.2f} to {high:.2f}, leaves it open"


def _with(item: Evidence, verdict: str, caution: str = "") -> Evidence:
    reason = item.reason or caution
    if verdict == UNDECIDED and not reason:
        reason = "the interval lies partly inside and partly outside what is claimed"
    return Evidence(
        item.stratum, item.comparator, item.k, item.k_comparator, item.shared, item.interval,
        item.basis, verdict, reason,
    )  # fmt: skip


def _sentence(claim: Claim, evidence: Sequence[Evidence]) -> str:
    counted = [item for item in evidence if item.counted]
    if not counted:
        return f"no pooled study of {_wanted(claim)}"
    if len(counted) == 1:
        return counted[0].reason
    parts = []
    for verdict in (CONTRADICTED, SUPPORTED, UNDECIDED):
        places = dict.fromkeys(_place(item) for item in counted if item.verdict == verdict)
        if places:
            parts.append(f"{verdict}: {', '.join(places)}")
    return "; ".join(parts)


def _place(item: Evidence) -> str:
    parts = item.stratum.split("/")
    if len(parts) != 4:
        return item.stratum
    words = f"{label('site', parts[1]).lower()} {label('unit', parts[2])}"
    if item.comparator:
        words += f" against {test_name(item.comparator.split('/')[0])}"
    return words


def _wanted(claim: Claim) -> str:
    words = label("modality", claim.modality)
    if claim.comparator:
        words += f" and {label('modality', claim.comparator)}"
    if claim.site != ALL:
        words += f" of the {label('site', claim.site).lower()}"
    if claim.population != ANY:
        words += f" in the population {label('population', claim.population)!r}"
    if claim.form:
        words += " in the same site, unit and population"
    return words


#: Columns of the table of claims, in order.
COLUMNS: Final = (
    "claim_id", "statement", "quantity", "relation", "claimed_low", "claimed_high", "population",
    "verdict", "reason", "stratum", "comparator", "k", "k_comparator", "shared_studies", "basis",
    "value", "low", "high", "stratum_verdict", "stratum_reason",
)  # fmt: skip


def claim_rows(results: Iterable[ClaimResult]) -> list[dict[str, Cell]]:
    """Lay the results out as a table: a row for each claim and stratum compared with it."""
    rows: list[dict[str, Cell]] = []
    for result in results:
        claim = result.claim
        head: dict[str, Cell] = {
            "claim_id": claim.claim_id,
            "statement": claim.statement,
            "quantity": claim.quantity,
            "relation": claim.relation,
            "claimed_low": claim.low,
            "claimed_high": claim.high,
            "population": claim.population,
            "verdict": result.verdict,
            "reason": result.reason,
        }
        rows += [head | _cells(item) for item in result.evidence or (Evidence("", verdict=""),)]
    return rows


def _cells(item: Evidence) -> dict[str, Cell]:
    there = bool(item.stratum)
    return {
        "stratum": item.stratum,
        "comparator": item.comparator,
        "k": item.k if there else None,
        "k_comparator": item.k_comparator if item.comparator else None,
        "shared_studies": item.shared if item.comparator else None,
        "basis": item.basis if there else "",
        "value": item.interval.value,
        "low": item.interval.low,
        "high": item.interval.high,
        "stratum_verdict": item.verdict if item.counted else "shown, not counted" if there else "",
        "stratum_reason": item.reason,
    }
