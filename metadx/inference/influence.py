"""Influence: what each study does to every headline quantity, by leaving it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtri

from metadx.estimate import Estimate, NotApplicable
from metadx.inference.headline import (
    WORDS,
    Followed,
    cells,
    check_pretest,
    follow,
    headline,
    reason_of,
)
from metadx.inference.refits import refit, studies_of, why_not_refitted
from metadx.models import BivariateResults
from metadx.models.search import Likelihood

FloatArray = NDArray[np.float64]

#: A study is called influential where the summary point without it lies outside the region
#: that holds the true one with this probability, by the full fit. A common reading of Cook's
#: distance (Cook & Weisberg 1982); half is far beyond what any one of many studies should do.
INFLUENTIAL_SHARE: Final = 0.5


@dataclass(frozen=True)
class Influence:
    """Leave-one-out refits of a fit.

    Attributes
    ----------
    fit : BivariateResults
        The fit to all studies.
    studies : dict of str
        Labels of the studies by identifier, in the order of the table.
    refits : dict
        By identifier: the fit without that study, or the reason why there is none.
    full : dict
        Every headline quantity of the full fit, and the further ones that were followed.
    without : dict of dict
        The same by the identifier of the study left out.
    cook : dict of float or NotApplicable
        Cook's distance ``(mu - mu_(-i))' V^-1 (mu - mu_(-i))`` of the mean logits, V their
        covariance in the full fit.
    displacement : dict of float or NotApplicable
        Likelihood displacement ``2 (l(theta) - l(theta_(-i)))`` of the full log-likelihood.
    pretest : float or None
        Pretest probability behind the post-test probabilities.
    """

    fit: BivariateResults
    studies: dict[str, str]
    refits: dict[str, BivariateResults | NotApplicable]
    full: dict[str, Any]
    without: dict[str, dict[str, Any]]
    cook: dict[str, float | NotApplicable]
    displacement: dict[str, float | NotApplicable]
    pretest: float | None

    def __len__(self) -> int:
        return len(self.studies)

    @property
    def frame(self) -> pd.DataFrame:
        """One row for each study left out.

        Columns: ``study_id``, ``study``, ``k``, ``model_path``, each quantity with ``_low`` and
        ``_high`` (empty where it does not apply), ``cook``, ``displacement``, ``reason``.
        """
        rows = []
        for study, label in self.studies.items():
            found, values = self.refits[study], self.without[study]
            row: dict[str, Any] = {"study_id": study, "study": label}
            if isinstance(found, BivariateResults):
                row |= {"k": found.k, "model_path": found.model_path}
            else:
                row |= {"k": 0, "model_path": ""}
            row |= cells(values)
            for name, value in (
                ("cook", self.cook[study]),
                ("displacement", self.displacement[study]),
            ):
                row[name] = pd.NA if isinstance(value, NotApplicable) else value
            row["reason"] = reason_of(values)
            rows.append(row)
        return pd.DataFrame(rows)

    @property
    def cook_limit(self) -> float:
        """Cook's distance from which a study is called influential."""
        _, _, known = self.fit.margin_parameters()
        return float(chdtri(max(sum(known), 1), 1.0 - INFLUENTIAL_SHARE))

    @property
    def influential(self) -> tuple[str, ...]:
        """Labels of the studies beyond :attr:`cook_limit`, the most influential first."""
        far = {
            study: value
            for study, value in self.cook.items()
            if isinstance(value, float) and value > self.cook_limit
        }
        return tuple(self.studies[study] for study in sorted(far, key=lambda s: -far[s]))

    def extremes(self, name: str) -> tuple[tuple[str, Estimate], tuple[str, Estimate]] | None:
        """Return the label and estimate with the smallest and with the largest value.

        Parameters
        ----------
        name : str
            A headline quantity.

        Returns
        -------
        tuple or None
            None where no refit has the quantity.
        """
        found = [
            (self.studies[study], values[name])
            for study, values in self.without.items()
            if isinstance(values.get(name), Estimate)
        ]
        if not found:
            return None
        ordered = sorted(found, key=lambda pair: pair[1].value)
        return ordered[0], ordered[-1]

    def summary(self) -> str:
        """Return what leaving one study out does, as text."""
        out = [f"Leaving out one study at a time ({len(self)} studies)"]
        absent: dict[str, list[str]] = {}
        for name, value in self.full.items():
            words = WORDS.get(name, name)
            if isinstance(value, NotApplicable):
                absent.setdefault(value.reason, []).append(words)
            else:
                out.append(f"  {words} {self._range(name, value)}")
        out += [f"  {', '.join(names)}: {reason}" for reason, names in absent.items()]
        lost = {self.studies[s]: r.reason for s, r in self._lost().items()}
        out += [f"  without {label}: {reason}" for label, reason in lost.items()]
        out.append(self._said_of_cook())
        return "\n".join(out)

    def _range(self, name: str, value: object) -> str:
        if not isinstance(value, Estimate):
            return self._changes(name, value)
        ends = self.extremes(name)
        if ends is None:
            return f"{value.format(3)}: no refit has it"
        (low, least), (high, most) = ends
        if f"{least.value:.3f}" == f"{most.value:.3f}":
            return f"{value.format(3)}: {most.value:.3f} whichever study is left out"
        return (
            f"{value.format(3)}: from {least.value:.3f} without {low} to {most.value:.3f} "
            f"without {high}"
        )

    def _lost(self) -> dict[str, NotApplicable]:
        """Studies without which a margin has no pooled value although the full fit has it."""
        found: dict[str, NotApplicable] = {}
        for study, values in self.without.items():
            for name in ("sensitivity", "specificity"):
                value = values.get(name)
                if isinstance(self.full[name], Estimate) and isinstance(value, NotApplicable):
                    found.setdefault(study, value)
        return found

    def _changes(self, name: str, value: object) -> str:
        other: dict[object, list[str]] = {}
        for study, values in self.without.items():
            if values.get(name) != value:
                other.setdefault(values.get(name), []).append(self.studies[study])
        if not other:
            return f"'{value}', whichever study is left out"
        said = [f"'{now}' without {' or '.join(labels)}" for now, labels in other.items()]
        return f"'{value}'; {'; '.join(said)}"

    def _said_of_cook(self) -> str:
        known = [value for value in self.cook.values() if isinstance(value, float)]
        if not known:
            reason = next(iter(self.cook.values()))
            return f"Cook's distance {reason}"
        last = max(known)
        (who,) = [self.studies[study] for study, value in self.cook.items() if value == last][:1]
        said = f"Cook's distance: largest {last:.2f}, without {who}"
        if not self.influential:
            return f"{said}; no study moves the summary point by as much as {self.cook_limit:.2f}"
        return f"{said}; beyond {self.cook_limit:.2f}: {', '.join(self.influential)}"


def leave_one_out(
    fit: BivariateResults,
    pretest: float | None = None,
    also: Mapping[str, Followed] | None = None,
) -> Influence | NotApplicable:
    """Refit without each study in turn and collect every headline quantity.

    Parameters
    ----------
    fit : BivariateResults
        Fit of the exact model without covariates.
    pretest : float, optional
        Pretest probability; with it the post-test probabilities are followed too.
    also : dict of callables, optional
        Further quantities by name; each is given a fit and returns an Estimate, a
        NotApplicable, a number or a word (the strategy that is preferred, for example).

    Returns
    -------
    Influence or NotApplicable
        Not applicable for other models, and for a single study.

    Notes
    -----
    A refit is what :class:`metadx.BivariateModel` gives for the remaining studies: where
    they no longer determine a margin, its quantities are absent there, with the reason.

    References
    ----------
    Cook's distance and likelihood displacement for this model: Negeri & Beyene 2020, Stat
    Methods Med Res, doi:10.1177/0962280219852747.
    """
    check_pretest(pretest)
    refused = why_not_refitted(fit)
    if refused is not None:
        return refused
    studies = studies_of(fit)
    if len(studies) < 2:
        return NotApplicable("one study; without it nothing is left")
    refits = {one: refit(fit, [s for s in studies if s != one]) for one in studies}
    without: dict[str, dict[str, Any]] = {}
    full: dict[str, Any] = {**headline(fit, pretest), **follow(fit, also)}
    for one, found in refits.items():
        if isinstance(found, NotApplicable):
            without[one] = dict.fromkeys(full, found)
        else:
            without[one] = {**headline(found, pretest), **follow(found, also)}
    return Influence(
        fit=fit,
        studies=studies,
        refits=refits,
        full=full,
        without=without,
        cook={one: _cook(fit, found) for one, found in refits.items()},
        displacement=_displacements(fit, refits),
        pretest=pretest,
    )


def _cook(
    fit: BivariateResults, without: BivariateResults | NotApplicable
) -> float | NotApplicable:
    if isinstance(without, NotApplicable):
        return without
    psi, cov, known = fit.margin_parameters()
    other, _, still = without.margin_parameters()
    margins = np.flatnonzero(known)
    if margins.size == 0:
        return NotApplicable("no margin is pooled by a random-effects model")
    if not all(still[j] for j in margins):
        return NotApplicable("without this study a margin is not pooled")
    shift = psi[margins] - other[margins]
    return float(shift @ np.linalg.solve(cov[np.ix_(margins, margins)], shift))


def _displacements(
    fit: BivariateResults, refits: Mapping[str, BivariateResults | NotApplicable]
) -> dict[str, float | NotApplicable]:
    """Likelihood displacement of each study, where there is one joint likelihood."""
    if fit.model_path != "bivariate" or fit.method != "exact":
        reason = NotApplicable("the margins have no joint likelihood")
        return dict.fromkeys(refits, reason)
    maximum = fit.maxima[0]
    likelihood = Likelihood(fit.design, maximum.levels)
    found: dict[str, float | NotApplicable] = {}
    for study, without in refits.items():
        if isinstance(without, NotApplicable) or without.joint is None:
            found[study] = NotApplicable("without this study there is no joint likelihood")
            continue
        value, _, _ = likelihood(without.joint.theta)
        found[study] = max(2.0 * (maximum.loglik - value), 0.0)
    return found
