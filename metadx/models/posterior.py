"""The posterior density of the plain bivariate model, in coordinates made for sampling.

The sampler works in coordinates in which the posterior is close to normal:

* each between-study standard deviation as ``tau = S b log(1 + exp(v / b))``, S being its
  prior's scale: a smooth bend from a logarithmic scale near 0 to a linear one. With few studies
  the density of tau does not vanish at 0, and on the plain log scale its long left tail costs
  two thirds of the draws;
* the correlation as ``rho = tanh(z)``;
* each mean logit as ``mu = m(tau) + s(tau) e``, where m and s are mean and standard deviation
  of mu for that tau when the study logits are taken as normal: with two to five studies the
  spread of mu grows with tau like a funnel, and this straightens it.

All three are exact changes of variable whose Jacobians enter the density; how good the normal
approximation behind m and s is decides the efficiency only.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_expit

from metadx.kernels.batch import logliks
from metadx.kernels.newton import predict_levels
from metadx.kernels.quadrature import SIZES
from metadx.models.design import Design
from metadx.models.prior import Prior

FloatArray = NDArray[np.float64]

#: Width b of the bend in tau; 0.25 to 0.5 serve all reference data sets.
BEND: Final = 0.25
#: Prior standard deviations beyond which a draw has density 0: half-normal mass below 1e-30.
FARTHEST: Final = 12.0
#: |z| beyond which rho rounds to -1 or 1.
FARTHEST_Z: Final = 18.0
#: Quadrature error allowed a study at the mode. On the reference data sets a hundred times as
#: much moves no posterior mean or quantile by 1e-3.
QUADRATURE_ERROR: Final = 1e-4
#: Points at which m and s are tabulated.
GRID: Final = 200

PARAMETERS: Final = ("mu_sens", "mu_spec", "tau_sens", "tau_spec", "rho")


class Target:
    """Log posterior density in the sampler's coordinates.

    With both margins a point is (e_1, e_2, v_1, v_2, z); with one it is (e, v).

    Parameters
    ----------
    design : Design
        Intercepts only, one row a study.
    prior : Prior
        The prior.

    Attributes
    ----------
    margins : tuple of int
        Margins that at least one study reports.
    names : tuple of str
        Names of the natural parameters.
    evaluations : int
        Parameter vectors evaluated so far.
    """

    def __init__(self, design: Design, prior: Prior) -> None:
        self.design, self.prior = design, prior
        self.margins = tuple(j for j in (0, 1) if (design.counts[:, 2 * j + 1] > 0).any())
        both = len(self.margins) == 2
        shown = range(5) if both else (self.margins[0], self.margins[0] + 2)
        self.names = tuple(PARAMETERS[i] for i in shown)
        self.evaluations = 0
        n = design.counts.shape[0]
        self.levels = np.full(n, 2, dtype=np.int64)
        self.modes = np.zeros((n, 2))
        self._tables = {j: self._conditional(j) for j in self.margins}

    @property
    def start(self) -> FloatArray:
        """A point well inside: tau at half its prior scale, no correlation."""
        size = len(self.margins)
        v = [BEND * np.log(np.expm1(0.5 / BEND))] * size
        return np.array([0.0] * size + v + [0.0] * (size == 2))

    def _conditional(self, j: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Tabulate mean and sd of mu given tau, with study logits taken as normal."""
        scale = self.prior.array("tau_sd")[j]
        tau = np.concatenate([[0.0], scale * np.geomspace(1e-3, FARTHEST, GRID)])
        y, n = self.design.counts[:, 2 * j], self.design.counts[:, 2 * j + 1]
        y, n = y[n > 0] + 0.5, n[n > 0] + 1.0
        logit, variance = np.log(y / (n - y)), 1.0 / y + 1.0 / (n - y)
        mean, sd = self.prior.array("mu_mean")[j], self.prior.array("mu_sd")[j]
        centre, spread = np.empty_like(tau), np.empty_like(tau)
        for i, t in enumerate(tau):
            weight = 1.0 / (variance + t * t)
            precision = weight.sum() + 1.0 / sd**2
            centre[i] = (weight @ logit + mean / sd**2) / precision
            spread[i] = 1.0 / np.sqrt(precision)
        return tau, centre, spread

    def natural(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Carry points over to the natural parameters.

        Parameters
        ----------
        x : ndarray of shape (n, d)
            Points.

        Returns
        -------
        natural : ndarray of shape (n, d)
            Mean logits, standard deviations and correlation, as far as there are two margins.
        log_jacobian : ndarray of shape (n,)
            Log determinant of the change, without that of rho, which the prior of z holds.
        """
        size = len(self.margins)
        scale = self.prior.array("tau_sd")
        result, log_jacobian = np.empty_like(x), np.zeros(len(x))
        for i, j in enumerate(self.margins):
            v = x[:, size + i] / BEND
            tau = BEND * scale[j] * np.logaddexp(0.0, v)
            grid, centre, spread = self._tables[j]
            sd = np.interp(tau, grid, spread)
            result[:, i] = np.interp(tau, grid, centre) + sd * x[:, i]
            result[:, size + i] = tau
            log_jacobian += log_expit(v) + np.log(sd)
        if size == 2:
            result[:, 4] = np.tanh(x[:, 4])
        return result, log_jacobian

    def log_prior(self, natural: FloatArray, z: FloatArray | None) -> FloatArray:
        """Log prior density of natural parameters, of z = atanh(rho) instead of rho."""
        size = len(self.margins)
        value = np.zeros(len(natural))
        for i, j in enumerate(self.margins):
            value += self.prior.log_mu(natural[:, i], j)
            value += self.prior.log_tau(natural[:, size + i], j)
        return value if z is None else value + self.prior.log_fisher_z(z)

    def kernel_parameters(self, natural: FloatArray, z: FloatArray | None) -> FloatArray:
        """Arrange natural parameters as the kernel takes them, shape (5, n)."""
        theta = np.zeros((5, len(natural)))
        if z is None:
            (j,) = self.margins
            theta[j], theta[(2, 4)[j]] = natural.T
            return theta
        theta[:3] = natural[:, :3].T
        theta[3] = natural[:, 3] * natural[:, 4]
        theta[4] = natural[:, 3] / np.cosh(z)
        return theta

    def __call__(self, x: FloatArray) -> FloatArray:
        """Log posterior density at points of shape (n, d), up to a constant, shape (n,)."""
        z = x[:, 4] if len(self.margins) == 2 else None
        natural, log_jacobian = self.natural(x)
        inside = self._inside(natural, z)
        natural, kept = natural[inside], None if z is None else z[inside]
        values = np.empty(len(natural))
        logliks(
            self.kernel_parameters(natural, kept), self.design.counts, self.levels, self.modes,
            values,
        )  # fmt: skip
        self.evaluations += len(values)
        result = np.full(len(x), -np.inf)
        result[inside] = values + self.log_prior(natural, kept) + log_jacobian[inside]
        return np.where(np.isfinite(result), result, -np.inf)

    def _inside(self, natural: FloatArray, z: FloatArray | None) -> NDArray[np.bool_]:
        inside = np.ones(len(natural), dtype=bool)
        size = len(self.margins)
        mean, sd, scale = (self.prior.array(n) for n in ("mu_mean", "mu_sd", "tau_sd"))
        for i, j in enumerate(self.margins):
            inside &= np.abs(natural[:, i] - mean[j]) < FARTHEST * sd[j]
            inside &= natural[:, size + i] < FARTHEST * scale[j]
        return inside if z is None else inside & (np.abs(z) < FARTHEST_Z)

    def settle(self, x: FloatArray) -> None:
        """Choose each study's quadrature level, and start its mode, at the point `x`."""
        natural, _ = self.natural(x[None])
        z = x[None, 4] if len(self.margins) == 2 else None
        theta = np.ascontiguousarray(self.kernel_parameters(natural, z)[:, 0])
        design = self.design
        predict_levels(
            theta, design.counts, design.start, design.group, *design.columns, self.modes,
            SIZES, QUADRATURE_ERROR, self.levels,
        )  # fmt: skip
