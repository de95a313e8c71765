"""Mixtures of Student t distributions: density, quasi-random draws, fit to weighted draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, gammaln, ndtri
from scipy.stats import qmc

FloatArray = NDArray[np.float64]

#: Degrees of freedom of every component: heavier tails than any posterior here, in which they
#: are normal or exponential, and still close to normal in the middle.
DEGREES: Final = 6.0
#: The first proposal: the normal approximation at the mode, once widened a little for skewness
#: and once doubled in scale. Share and factor of the covariance.
FIRST_PROPOSAL: Final = ((0.6, 1.2), (0.4, 4.0))
EM_STEPS: Final = 8
#: Share and scale of a component with the overall mean and covariance that every mixture gets
#: besides the fitted ones (Hesterberg 1995, Technometrics, doi:10.1080/00401706.1995.10484303).
#: It costs a tenth of the effective draws, bounds the weights, and puts more draws where the
#: ends of the intervals lie: their error falls by a fifth.
DEFENCE: Final = (0.5, 1.4)
#: A component whose share falls below this is dropped.
LEAST_SHARE: Final = 0.01
#: Added to a component's covariance, as a share of the overall variances: keeps a component
#: that has collected few draws from collapsing on them.
RIDGE: Final = 0.02


@dataclass(frozen=True)
class Mixture:
    """A mixture of Student t distributions.

    Attributes
    ----------
    shares : ndarray of shape (m,)
        Weights of the components, with sum 1.
    centres : ndarray of shape (m, d)
        Locations.
    factors : ndarray of shape (m, d, d)
        Lower Cholesky factors of the scale matrices.
    """

    shares: FloatArray
    centres: FloatArray
    factors: FloatArray

    @property
    def dimension(self) -> int:
        """Number of parameters."""
        return int(self.centres.shape[1])

    def distances(self, x: FloatArray) -> FloatArray:
        """Squared Mahalanobis distance of each point from each component, shape (m, n)."""
        identity = np.eye(self.dimension)
        inverses = np.array([np.linalg.solve(factor, identity) for factor in self.factors])
        shifts = np.einsum("mij,mj->mi", inverses, self.centres)
        # Contiguous coordinates: five times as fast; and einsum, unlike a BLAS product, adds
        # in the same order whatever the number of threads.
        scaled = np.einsum("mij,jn->min", inverses, np.ascontiguousarray(x.T))
        return np.asarray(np.square(scaled - shifts[:, :, None]).sum(axis=1))

    def log_terms(self, distances: FloatArray) -> FloatArray:
        """Log density of each component times its share, from the distances, shape (m, n)."""
        d, nu = self.dimension, DEGREES
        constant = gammaln(0.5 * (nu + d)) - gammaln(0.5 * nu) - 0.5 * d * np.log(np.pi * nu)
        log_det = np.log(np.diagonal(self.factors, axis1=1, axis2=2)).sum(axis=1)
        heights = np.log(self.shares) - log_det + constant
        return np.asarray(heights[:, None] - 0.5 * (nu + d) * np.log1p(distances / nu))

    def log_density(self, x: FloatArray) -> FloatArray:
        """Log density at each point, shape (n,)."""
        return log_sum_exp(self.log_terms(self.distances(x)))

    def draw(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Draw points, shape (n, d); `n` is a power of 2, for which Sobol points are balanced."""
        d = self.dimension
        engine = qmc.Sobol(d + 2, scramble=True, seed=rng)
        uniform = np.clip(engine.random(n), 1e-12, 1.0 - 1e-12)
        component = np.searchsorted(np.cumsum(self.shares)[:-1], uniform[:, 0], side="right")
        radius = np.sqrt(DEGREES / (2.0 * gammaincinv(0.5 * DEGREES, uniform[:, -1])))
        normal = ndtri(uniform[:, 1:-1]) * radius[:, None]
        return np.asarray(
            self.centres[component] + np.einsum("nij,nj->ni", self.factors[component], normal)
        )


def log_sum_exp(terms: FloatArray) -> FloatArray:
    """Log of the sum of exponentials over the first axis."""
    top = terms.max(axis=0)
    return np.asarray(top + np.log(np.exp(terms - top).sum(axis=0)))


def around_mode(mode: FloatArray, covariance: FloatArray) -> Mixture:
    """Make the first proposal from a normal approximation."""
    factor = np.linalg.cholesky(covariance)
    return Mixture(
        np.array([share for share, _ in FIRST_PROPOSAL]),
        np.array([mode for _ in FIRST_PROPOSAL]),
        np.array([np.sqrt(wide) * factor for _, wide in FIRST_PROPOSAL]),
    )


def fit_mixture(
    x: FloatArray, weights: FloatArray, components: int, rng: np.random.Generator
) -> Mixture:
    """Fit a mixture to weighted draws by the EM algorithm, and add a wide component.

    Parameters
    ----------
    x : ndarray of shape (n, d)
        Draws.
    weights : ndarray of shape (n,)
        With sum 1.
    components : int
        Number of components to begin with; those that lose their draws are dropped.
    rng : Generator
        Chooses the first centres among the draws.
    """
    centre, spread = weighted_moments(x, weights)
    ridge = RIDGE * np.diag(np.diag(spread))
    first = rng.choice(len(x), components, p=weights) if components > 1 else None
    mixture = Mixture(
        np.full(components, 1.0 / components),
        centre[None] if first is None else x[first],
        np.repeat(np.linalg.cholesky(spread)[None], components, axis=0),
    )
    for _ in range(EM_STEPS):
        mixture = _em_step(x, weights, mixture, ridge)
    share, widening = DEFENCE
    return add_component(mixture, share, centre, widening**2 * spread)


def add_component(mixture: Mixture, share: float, centre: FloatArray, scale: FloatArray) -> Mixture:
    """Return the mixture with one more component, which takes `share` of the draws."""
    factor = np.linalg.cholesky(scale)
    return Mixture(
        np.append((1.0 - share) * mixture.shares, share),
        np.concatenate([mixture.centres, centre[None]]),
        np.concatenate([mixture.factors, factor[None]]),
    )


def _em_step(x: FloatArray, weights: FloatArray, mixture: Mixture, ridge: FloatArray) -> Mixture:
    distances = mixture.distances(x)
    terms = mixture.log_terms(distances)
    share = np.exp(terms - log_sum_exp(terms)) * weights
    totals = share.sum(axis=1)
    pull = share * (DEGREES + mixture.dimension) / (DEGREES + distances)
    shares, centres, factors = [], [], []
    for total, own in zip(totals, pull, strict=True):
        if total < LEAST_SHARE:
            continue
        centre, scatter = weighted_moments(x, own)
        shares.append(total)
        centres.append(centre)
        factors.append(np.linalg.cholesky(scatter * (own.sum() / total) + ridge))
    return Mixture(np.array(shares) / sum(shares), np.array(centres), np.array(factors))


def weighted_moments(x: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean, shape (d,), and covariance, shape (d, d), of draws of shape (n, d)."""
    columns, total = np.ascontiguousarray(x.T), weights.sum()
    centre = np.einsum("n,jn->j", weights, columns) / total
    away = columns - centre[:, None]
    return centre, np.einsum("in,jn->ij", away * weights, away) / total
