"""Two tests in the same patient: independent, or dependent within the possible bounds.

Among patients with the fracture, ``P(both positive) = s1 s2 + cov``; among those without,
``P(both negative) = c1 c2 + cov``, with s sensitivities and c specificities (Dendukuri &
Joseph 2001, doi:10.1111/j.0006-341x.2001.00158.x). A covariance is given in absolute terms, or
as a share of the bound on its side, which is possible for every draw of the accuracies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from metadx.errors import OptionError
from metadx.estimate import NotApplicable

if TYPE_CHECKING:
    from metadx.inference.paired import PairedComparison

FloatArray = NDArray[np.float64]
Number: TypeAlias = float | FloatArray

RULES: Final = ("any", "all")
#: Margin whose covariance the patients of each part of a cross-table give. Among those without
#: the fracture the covariance of two positive results is that of two negative ones.
PARTS: Final = {"sensitivity": "diseased", "specificity": "nondiseased"}
#: Rounding beyond which a covariance is outside its bounds.
_SLACK: Final = 1e-12


def covariance_bounds(p: Number, q: Number) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest covariance of two results with probabilities `p` and `q`.

    ``max(-(1 - p)(1 - q), -p q) <= cov <= min(p, q) - p q``.
    """
    p, q = np.asarray(p, dtype=float), np.asarray(q, dtype=float)
    return np.maximum(-(1.0 - p) * (1.0 - q), -p * q), np.minimum(p, q) - p * q


@dataclass(frozen=True)
class Dependence:
    """How far two tests err in the same patients.

    Attributes
    ----------
    share : float
        Covariance as a share of its bound, for both margins: 1 is the largest possible
        positive covariance, 0 conditional independence, -1 the most negative one.
    sensitivity, specificity : float or ndarray or None
        Absolute covariances of the positive results among patients with the fracture and of
        the negative results among those without; they replace the share where given. Draws
        have one value for each draw of the accuracies.
    source : str
        Where it comes from.
    shares : mapping or None
        Shares of the bound for ``"sensitivity"`` and ``"specificity"`` where they differ,
        numbers or draws; they replace `share`.
    cut : bool
        Whether an absolute covariance that is impossible at the means is cut to its bounds
        instead of refused, as where a sensitivity analysis moves the accuracies.
    """

    share: float = 0.0
    sensitivity: Number | None = None
    specificity: Number | None = None
    source: str = "conditional independence"
    shares: Mapping[str, Number] | None = None
    cut: bool = False

    def __post_init__(self) -> None:
        for one in (self.share, *(self.shares or {}).values()):
            outside = np.atleast_1d(one)[~(np.abs(np.atleast_1d(one)) <= 1.0)]
            if outside.size:
                raise OptionError(
                    f"a share of the covariance bound lies between -1 and 1; found {outside[0]:g}"
                )

    @classmethod
    def from_paired(
        cls, comparison: PairedComparison, n: int = 10_000, seed: int = 1
    ) -> Dependence:
        """Take the dependence that cross-classified studies show.

        Parameters
        ----------
        comparison : PairedComparison
            From :func:`metadx.inference.compare_paired`.
        n, seed : int
            Number and seed of the draws.

        Returns
        -------
        Dependence
            Draws of the covariance as a share of its bound, at the accuracies that the same
            studies show: a share is possible at the accuracies of other patients as well. A
            part that no study cross-classifies is taken as independent, and the source says so.

        Raises
        ------
        OptionError
            If the comparison has no draws, or no study cross-classifies patients of any kind.
        """
        drawn = comparison.draws(n, seed)
        if isinstance(drawn, NotApplicable):
            raise OptionError(f"no dependence can be taken from the studies: {drawn.reason}")
        words: list[str] = []
        shares: dict[str, Number] = {}
        for margin, part in PARTS.items():
            one = comparison.dependence[part]
            if isinstance(one.covariance, NotApplicable):
                words.append(f"{margin} independent, as {one.covariance.reason}")
                continue
            p, q, cov = (
                drawn[name].to_numpy()
                for name in (f"{margin}_a", f"{margin}_b", f"covariance_{part}")
            )
            shares[margin] = _share_of_bound(p, q, cov)
            patients = part.replace("nond", "non-d")
            word = "study" if one.k == 1 else "studies"
            words.append(f"{margin} from {one.k} {word} that cross-classify {one.n} {patients}")
        if not shares:
            raise OptionError(f"no dependence can be taken from the studies: {'; '.join(words)}")
        source = f"estimated for {comparison.a} and {comparison.b}: {'; '.join(words)}"
        return cls(source=source, shares=shares)

    @property
    def is_independence(self) -> bool:
        """Whether nothing departs from conditional independence."""
        if self.sensitivity is not None or self.specificity is not None:
            return False
        shares = (self.share,) if self.shares is None else tuple(self.shares.values())
        return not any(np.any(one) for one in shares)

    def for_analysis(self, average: bool) -> Dependence:
        """Return the dependence for a sensitivity analysis that moves the accuracies.

        Parameters
        ----------
        average : bool
            Whether draws are replaced by their means, as everything else is.
        """

        def middle(one: Number | None) -> Number | None:
            return float(np.mean(one)) if average and one is not None else one

        shares = self.shares
        if shares is not None and average:
            shares = {margin: float(np.mean(one)) for margin, one in shares.items()}
        return replace(
            self, sensitivity=middle(self.sensitivity), specificity=middle(self.specificity),
            shares=shares, cut=True,
        )  # fmt: skip

    def covariance(self, margin: str, p: Number, q: Number) -> FloatArray:
        """Covariance of one margin for these accuracies.

        Parameters
        ----------
        margin : {"sensitivity", "specificity"}
            Which.
        p, q : float or ndarray
            Sensitivities, or specificities, of the two tests.

        Raises
        ------
        OptionError
            If an absolute covariance is impossible at the means of `p` and `q`. In single
            draws it is cut to the bounds, as the covariance cannot exceed them.
        """
        low, high = covariance_bounds(p, q)
        given = self.sensitivity if margin == "sensitivity" else self.specificity
        if given is None:
            share = self.share if self.shares is None else self.shares.get(margin, 0.0)
            return np.asarray(np.where(np.asarray(share) >= 0.0, share * high, -share * low))
        if self.cut:
            return np.asarray(np.clip(np.asarray(given, dtype=float), low, high))
        least, most = covariance_bounds(float(np.mean(p)), float(np.mean(q)))
        middle = float(np.mean(given))
        if not least - _SLACK <= middle <= most + _SLACK:
            raise OptionError(
                f"a covariance of {middle:g} is impossible for a {margin} of {np.mean(p):.3g} and "
                f"{np.mean(q):.3g}; it lies between {float(least):.3g} and {float(most):.3g}"
            )
        return np.asarray(np.clip(np.asarray(given, dtype=float), low, high))


INDEPENDENT: Final = Dependence()


def _share_of_bound(p: FloatArray, q: FloatArray, cov: FloatArray) -> FloatArray:
    """Covariances as shares of the bounds on their side; 0 where only 0 is possible."""
    low, high = covariance_bounds(p, q)
    bound = np.where(cov >= 0.0, high, -low)
    share = np.divide(cov, bound, out=np.zeros_like(cov), where=bound > 0.0)
    return np.asarray(np.clip(share, -1.0, 1.0))


def second_result(first: Number, second: Number, cov: Number, agrees: bool) -> FloatArray:
    """Probability of the second test's result, given the first one's.

    Parameters
    ----------
    first, second : float or ndarray
        Probabilities of the result in question for each test alone: sensitivities among the
        diseased, specificities among the others.
    cov : float or ndarray
        Covariance of these results.
    agrees : bool
        Whether the first test had the result in question (positive among the diseased,
        negative among the others), or the other one.

    Notes
    -----
    ``P(2 | 1) = s2 + cov / s1`` and ``P(2 | not 1) = s2 - cov / (1 - s1)``. Where the
    condition has probability 0 the covariance is 0 as well, and the result is s2.
    """
    first, cov = np.asarray(first, dtype=float), np.asarray(cov, dtype=float)
    given = first if agrees else 1.0 - first
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(given > 0.0, cov / given, 0.0)
    return np.clip(second + (shift if agrees else -shift), 0.0, 1.0)


def combined(
    sensitivities: Sequence[Number],
    specificities: Sequence[Number],
    rule: str,
    dependence: Dependence = INDEPENDENT,
) -> tuple[FloatArray, FloatArray]:
    """Sensitivity and specificity of tests that everybody has, read together.

    Parameters
    ----------
    sensitivities, specificities : sequence of float or ndarray
        One for each test (probability).
    rule : {"any", "all"}
        Positive if any test is positive, or only if all are.
    dependence : Dependence
        Between two tests; more than two are taken as conditionally independent.

    Raises
    ------
    OptionError
        If the rule is unknown, or more than two tests are dependent.

    Notes
    -----
    Two tests, rule ``any``: ``s = s1 + s2 - (s1 s2 + cov_s)``, ``c = c1 c2 + cov_c``; rule
    ``all``: ``s = s1 s2 + cov_s``, ``c = c1 + c2 - (c1 c2 + cov_c)``. The same formulas hold
    for tests in series where the second follows a negative, or a positive, first result.
    """
    if rule not in RULES:
        raise OptionError(f"rule is {rule!r}; it is one of {', '.join(RULES)}")
    if len(sensitivities) > 2 and not dependence.is_independence:
        raise OptionError("a dependence is between two tests; here are more")
    # The covariance of two results is that of the two opposite results.
    cov_sens = _covariance(dependence, "sensitivity", sensitivities)
    cov_spec = _covariance(dependence, "specificity", specificities)
    if rule == "all":
        alarms = _product([1.0 - np.asarray(c) for c in specificities]) + cov_spec
        return _product(sensitivities) + cov_sens, 1.0 - alarms
    misses = _product([1.0 - np.asarray(s) for s in sensitivities]) + cov_sens
    return 1.0 - misses, _product(specificities) + cov_spec


def _product(values: Sequence[Number]) -> FloatArray:
    found = np.asarray(values[0], dtype=float)
    for value in values[1:]:
        found = found * value
    return found


def _covariance(dependence: Dependence, margin: str, values: Sequence[Number]) -> FloatArray:
    if len(values) != 2:
        return np.zeros(())
    return dependence.covariance(margin, values[0], values[1])
