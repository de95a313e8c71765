"""What would have to be wrong for the conclusion to change: one table, one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from metadx.estimate import Estimate, NotApplicable
from metadx.inference.alternatives import (
    Alternative,
    absent,
    from_fit,
    normal,
    summed,
    univariate_classic,
    univariate_exact,
)
from metadx.inference.influence import Influence, leave_one_out
from metadx.inference.refits import refit, why_not_refitted
from metadx.inference.robust import RobustFit, robust_fit
from metadx.models import BivariateResults
from metadx.models.design import MARGINS

#: A change that no printed digit shows (probability).
UNMOVED: Final = 5e-4
#: What is varied, in the order of the table, and how the table calls it.
GROUPS: Final = {
    "headline": "Headline",
    "studies": "One study left out",
    "tails": "Deviating studies",
    "risk of bias": "Risk of bias",
    "model": "Model",
    "correction": "Zero cells and the normal approximation",
    "prior": "Bayesian",
}


@dataclass(frozen=True)
class Robustness:
    """The headline beside what it would be under other choices.

    Attributes
    ----------
    fit : BivariateResults
        The headline.
    rows : tuple of (str, Alternative)
        What is varied (a key of :data:`GROUPS`) and the result.
    """

    fit: BivariateResults
    rows: tuple[tuple[str, Alternative], ...]

    @property
    def headline(self) -> Alternative:
        """The first row."""
        return self.rows[0][1]

    @property
    def frame(self) -> pd.DataFrame:
        """One row a choice.

        Columns: ``group``, ``name``, ``words``, ``k``, each margin with ``_low``, ``_high``
        and ``_difference`` from the headline (probability), ``note`` where a cell is empty.
        """
        return pd.DataFrame([{"group": g, **one.row(self.headline)} for g, one in self.rows])

    def largest(self, name: str) -> tuple[Alternative, float] | None:
        """Return the choice that moves a margin most, and by how much; None without any."""
        own = self.headline.value(name)
        if own is None:
            return None
        found = [
            (one, value - own) for _, one in self.rows[1:] if (value := one.value(name)) is not None
        ]
        return max(found, key=lambda pair: abs(pair[1])) if found else None

    @property
    def sentences(self) -> tuple[str, ...]:
        """What would have to be wrong, one sentence a margin."""
        out = []
        for name in MARGINS:
            own, found = getattr(self.headline, name), self.largest(name)
            if found is None or not isinstance(own, Estimate):
                reason = own.reason if isinstance(own, NotApplicable) else "nothing to compare"
                out.append(f"{name.capitalize()} has no pooled value to change: {reason}.")
                continue
            one, gap = found
            if abs(gap) < UNMOVED:
                out.append(f"{name.capitalize()} of {100 * own.value:.1f}% is moved by no choice.")
                continue
            moved = f"{100 * abs(gap):.1f} percentage points {'up' if gap > 0 else 'down'}"
            outside = [
                other.words
                for _, other in self.rows[1:]
                if (value := other.value(name)) is not None and not own.low <= value <= own.high
            ]
            text = f"{name.capitalize()} of {100 * own.value:.1f}% moves most, {moved}, with: "
            text += f"{one.words}."
            if outside:
                text += f" It leaves the headline's interval with: {'; '.join(outside)}."
            else:
                text += " No choice takes it out of the headline's interval."
            out.append(text)
        return tuple(out)

    def summary(self) -> str:
        """Return the table and its sentences as text."""
        out, last = ["What would have to be wrong for the conclusion to change"], ""
        for group, one in self.rows:
            if group != last:
                out.append(f"  {GROUPS[group]}")
                last = group
            values = {name: getattr(one, name) for name in MARGINS}
            reasons = {v.reason for v in values.values() if isinstance(v, NotApplicable)}
            if len(reasons) == 1 and not any(one.value(name) is not None for name in MARGINS):
                said = f"not applicable: {reasons.pop()}"
            else:
                said = "; ".join(f"{name} {one.said(name)}" for name in MARGINS)
            out.append(f"    {one.words} (k = {one.k}): {said}")
        return "\n".join([*out, *(f"  {text}" for text in self.sentences)])


def robustness(
    fit: BivariateResults,
    risk_of_bias: Mapping[str, str] | None = None,
    influence: Influence | NotApplicable | None = None,
    robust: RobustFit | NotApplicable | None = None,
    bayesian: bool = True,
) -> Robustness | NotApplicable:
    """Gather the headline under every other defensible choice.

    Parameters
    ----------
    fit : BivariateResults
        Fit of the exact model without covariates.
    risk_of_bias : dict of str, optional
        ``"low"``, ``"high"`` or ``"unclear"`` by study identifier.
    influence, robust : optional
        Where they have been computed already.
    bayesian : bool
        Whether the posterior under the default prior has a row.

    Returns
    -------
    Robustness or NotApplicable
        Not applicable for another model, and for a single study.
    """
    refused = why_not_refitted(fit)
    if refused is not None:
        return refused
    if fit.k < 2:
        return NotApplicable("one study; there is no choice to make")
    found = leave_one_out(fit) if influence is None else influence
    heavy = robust_fit(fit) if robust is None else robust
    rows = [("headline", from_fit("headline", _headline_words(fit), fit))]
    rows += [("studies", one) for one in _extremes(fit, found)]
    rows.append(("tails", _heavy(fit, heavy)))
    rows += [("risk of bias", one) for one in _restricted(fit, risk_of_bias or {})]
    rows += [("model", one) for one in (univariate_exact(fit), univariate_classic(fit))]
    rows += [("model", summed(fit)), ("model", normal(fit, "fixed", "single"))]
    rows += [
        ("correction", normal(fit, method, policy))
        for method, policy in (
            ("reml", "single"), ("reml", "all"), ("reml", "none"), ("ml", "single"),
        )
    ]  # fmt: skip
    if bayesian:
        rows.append(("prior", _posterior(fit)))
    return Robustness(fit, tuple(rows))


def _headline_words(fit: BivariateResults) -> str:
    return f"all studies, {fit.model_sentence}"


def _extremes(fit: BivariateResults, influence: Influence | NotApplicable) -> list[Alternative]:
    """The refits in which a margin is smallest and largest, each study once."""
    if isinstance(influence, NotApplicable):
        return [absent("without", "one study left out", influence.reason, fit.k)]
    said: dict[str, list[str]] = {}
    for name in MARGINS:
        values = {
            study: found[name].value
            for study, found in influence.without.items()
            if isinstance(found[name], Estimate)
        }
        if not values or max(values.values()) - min(values.values()) < UNMOVED:
            continue
        ordered = sorted(values, key=values.__getitem__)
        for word, study in (("lowest", ordered[0]), ("highest", ordered[-1])):
            said.setdefault(study, []).append(f"{word} {name}")
    if not said:
        reason = "no study moves a pooled value by itself"
        return [absent("without", "one study left out", reason, fit.k - 1)]
    rows = []
    for study, what in said.items():
        found = influence.refits[study]
        assert isinstance(found, BivariateResults)
        words = f"without {influence.studies[study]} ({' and '.join(what)})"
        rows.append(from_fit(f"without_{study}", words, found))
    return rows


def _heavy(fit: BivariateResults, found: RobustFit | NotApplicable) -> Alternative:
    words = "study effects with heavy tails (t, 4 degrees of freedom)"
    if isinstance(found, NotApplicable):
        return absent("robust", words, found.reason, fit.k)
    words = words.replace("4 degrees", f"{found.degrees:g} degrees")
    return Alternative("robust", words, found.sensitivity, found.specificity, found.dor, fit.k)


def _restricted(fit: BivariateResults, judged: Mapping[str, str]) -> list[Alternative]:
    """Refits to the studies at low risk of bias, and without those at high risk."""
    ids = list(dict.fromkeys(fit.table.frame["study_id"].astype(str)))
    known = {study: judged[study] for study in ids if judged.get(study)}
    rows = []
    for name, words, allowed in (
        ("low_risk", "studies at low risk of bias only", ("low",)),
        ("not_high_risk", "without the studies at high risk of bias", ("low", "unclear", "")),
    ):
        if not known:
            rows.append(absent(name, words, "the risk of bias of no study was judged"))
            continue
        keep = [study for study in ids if known.get(study, "") in allowed]
        if len(keep) == len(ids):
            rows.append(absent(name, words, "these are all studies", len(ids)))
            continue
        found = refit(fit, keep)
        if isinstance(found, NotApplicable):
            rows.append(absent(name, words, found.reason, len(keep)))
            continue
        unjudged = len([study for study in keep if study not in known])
        more = f" ({unjudged} not judged)" if unjudged else ""
        rows.append(replace(from_fit(name, words, found), words=words + more))
    return rows


def _posterior(fit: BivariateResults) -> Alternative:
    words = "posterior median under the default prior"
    found = fit.bayesian
    if isinstance(found, NotApplicable):
        return absent("bayesian", words, found.reason, fit.k)
    return Alternative("bayesian", words, found.sensitivity, found.specificity, found.dor, fit.k)
