"""Adaptive importance sampling from mixtures of Student t distributions.

Adaptive multiple importance sampling (Cornuet, Marin, Mira & Robert 2012, Scand J Stat,
doi:10.1111/j.1467-9469.2011.00756.x): each round fits a mixture to all weighted draws so far
(Cappé, Douc, Guillin, Marin & Robert 2008, Stat Comput, doi:10.1007/s11222-008-9059-x) and
draws from it; every draw is weighted against the mixture of all proposals, so that none of
the work is lost and the first, wide proposal keeps bounding the weights. The draws are
scrambled Sobol points, which makes the error of a posterior mean about a quarter of that of
as many independent draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metadx.models.mixture import (
    Mixture,
    add_component,
    fit_mixture,
    log_sum_exp,
    weighted_moments,
)
from metadx.models.pareto import effective_size, smooth_weights, tail_length

FloatArray = NDArray[np.float64]
#: From points of shape (n, d) to log densities of shape (n,), up to a constant.
LogDensity = Callable[[FloatArray], FloatArray]

#: Components of a fitted proposal: 3 reach 97 % of the effective draws of 6, 10 add 2 %.
COMPONENTS: Final = 6
#: A component may rest on no fewer effective draws than this: 20 a parameter.
DRAWS_A_COMPONENT: Final = 100
#: Weights that rest on fewer effective draws than the first number are flattened to their
#: square root before a fit, if need be several times, so that a proposal far off is drawn
#: towards the mass instead of collapsing on one draw.
FEWEST_DRAWS, MOST_FLATTENINGS = 50.0, 20
#: Share of the component that mends a tail, where diagnostics have failed.
PATCH: Final = 0.2


@dataclass(frozen=True)
class Plan:
    """How much work an importance sample may take.

    Attributes
    ----------
    draws_a_round : int
        Draws of each adapting round, a power of 2.
    draws : int
        Draws of the last round, a power of 2.
    most_draws : int
        The last round is repeated with twice the draws up to this, where diagnostics fail.
    least_effective : float
        Effective draws that count as enough.
    most_shape : float
        Largest Pareto k that counts as reliable.
    """

    draws_a_round: int
    draws: int
    most_draws: int
    least_effective: float
    most_shape: float


#: Adapting ends when the effective share of a round's draws has reached the first number, or
#: has reached the second and grew by less than the third, but not before this many refits and
#: at the latest after this many rounds.
GOOD_SHARE, FAIR_SHARE, GROWTH, FEWEST_REFITS, MOST_ROUNDS = 0.65, 0.2, 0.05, 1, 10


@dataclass(frozen=True)
class Sample:
    """Weighted draws of a density.

    Attributes
    ----------
    x : ndarray of shape (n, d)
        Draws of all rounds.
    weights : ndarray of shape (n,)
        Pareto-smoothed, with sum 1.
    pareto_k : float
        Shape of the tail of the weights.
    effective : float
        Kish's effective number of draws.
    rounds : int
        Proposals drawn from, the first around the mode.
    components : int
        Components of the last proposal.
    """

    x: FloatArray
    weights: FloatArray
    pareto_k: float
    effective: float
    rounds: int
    components: int


class _Sampler:
    """Draws, log densities and proposals of all rounds so far."""

    def __init__(self, log_density: LogDensity, rng: np.random.Generator, first: Mixture) -> None:
        self.log_density, self.rng = log_density, rng
        self.x = np.empty((0, first.dimension))
        self.target = np.empty(0)
        self.proposed = np.empty((0, 0))
        self.sizes: list[int] = []
        self.proposals: list[Mixture] = []
        self.next = first

    def draw(self, n: int) -> None:
        """Draw from the next proposal and weigh everything anew."""
        mixture, old = self.next, self.x
        new = mixture.draw(n, self.rng)
        self.proposals.append(mixture)
        self.sizes.append(n)
        self.x = np.concatenate([old, new])
        self.target = np.concatenate([self.target, self.log_density(new)])
        earlier = [proposal.log_density(new) for proposal in self.proposals[:-1]]
        above = np.concatenate([self.proposed, np.array(earlier).reshape(len(earlier), n)], axis=1)
        self.proposed = np.concatenate([above, mixture.log_density(self.x)[None]])
        part = np.array(self.sizes) / len(self.x)
        self.log_weights = self.target - log_sum_exp(self.proposed + np.log(part)[:, None])

    def refit(self) -> None:
        """Fit the next proposal to all draws so far."""
        weights = np.exp(self.log_weights - self.log_weights.max())
        weights /= weights.sum()
        enough = int(effective_size(weights) / DRAWS_A_COMPONENT)
        for _ in range(MOST_FLATTENINGS):
            if effective_size(weights) > FEWEST_DRAWS:
                break
            weights = np.sqrt(weights) / np.sqrt(weights).sum()
        self.next = fit_mixture(self.x, weights, int(np.clip(enough, 1, COMPONENTS)), self.rng)

    def patch(self) -> None:
        """Add to the next proposal a component on the draws of largest weight.

        They mark a tail that the proposals cover too thinly (Raftery & Bao 2010, Biometrics,
        doi:10.1111/j.1541-0420.2010.01399.x, who add one component at the largest).
        """
        length = tail_length(len(self.x))
        largest = np.argsort(self.log_weights, kind="stable")[-length:]
        centre, spread = weighted_moments(self.x[largest], np.ones(length))
        self.next = add_component(self.next, PATCH, centre, spread)

    def share(self) -> float:
        """Effective share of the last round's draws under their own proposal."""
        last = self.target[-self.sizes[-1] :] - self.proposed[-1, -self.sizes[-1] :]
        weights = np.exp(last - last.max())
        return effective_size(weights / weights.sum()) / self.sizes[-1]

    def sample(self) -> Sample:
        weights, shape = smooth_weights(self.log_weights)
        return Sample(
            self.x, weights, shape, effective_size(weights), len(self.proposals),
            int(self.proposals[-1].shares.size),
        )  # fmt: skip


def adaptive_sample(
    log_density: LogDensity, first: Mixture, plan: Plan, rng: np.random.Generator
) -> Sample:
    """Sample a density by adaptive multiple importance sampling.

    Parameters
    ----------
    log_density : callable
        Log density up to a constant; ``-inf`` where it is 0.
    first : Mixture
        The first proposal, from :func:`around_mode`.
    plan : Plan
        Numbers of draws and when to stop.
    rng : Generator
        The only source of randomness.

    Returns
    -------
    Sample
        The best that the plan allows; whether its diagnostics are good is for the caller.
    """
    sampler = _Sampler(log_density, rng, first)
    shares: list[float] = []
    while len(shares) < MOST_ROUNDS:
        sampler.draw(plan.draws_a_round)
        shares.append(sampler.share())
        sampler.refit()
        stalled = shares[-1] < (1.0 + GROWTH) * max(shares[:-1], default=0.0)
        settled = shares[-1] > GOOD_SHARE or (shares[-1] > FAIR_SHARE and stalled)
        if len(shares) > FEWEST_REFITS and settled:
            break
    draws = plan.draws
    while True:
        sampler.draw(draws)
        sample = sampler.sample()
        good = sample.pareto_k < plan.most_shape and sample.effective >= plan.least_effective
        draws *= 2
        if good or draws > plan.most_draws:
            return sample
        sampler.refit()
        sampler.patch()
