"""The prior of the Bayesian mode: stated, changeable, printed with every result."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

from metadx.errors import OptionError
from metadx.models.design import MARGINS

FloatArray = NDArray[np.float64]
#: One number for both margins, or (sensitivity, specificity).
Pair = float | tuple[float, float]


@dataclass(frozen=True)
class Prior:
    """Independent priors of the five parameters of the bivariate model.

    One number stands for both margins and is stored as a pair.

    Attributes
    ----------
    mu_mean, mu_sd : tuple of float
        Normal prior of the mean logit sensitivity and the mean logit specificity. The default
        N(0, sd 2) puts 95 % of a pooled proportion between 0.02 and 0.98.
    tau_sd : tuple of float
        Scale of the half-normal prior of each between-study standard deviation (logit scale).
        The default 1 puts 95 % below 1.96, where the central 95 % of studies range from, say,
        0.16 to 0.998.
    rho_shape : tuple of float
        ``(rho + 1) / 2 ~ Beta(a, b)`` for the between-study correlation of the logits. (1, 1),
        the default, is uniform on -1 to 1; one number eta, that is (eta, eta), is the LKJ(eta)
        prior of a 2 x 2 correlation matrix; (1.5, 2.5) leans towards the negative correlations
        that different thresholds cause.

    Raises
    ------
    OptionError
        If a value is not finite, or a scale or shape is not positive; all faults at once.

    Examples
    --------
    >>> Prior(mu_sd=3.0)
    Prior(mu_mean=(0.0, 0.0), mu_sd=(3.0, 3.0), tau_sd=(1.0, 1.0), rho_shape=(1.0, 1.0))
    """

    mu_mean: Pair = 0.0
    mu_sd: Pair = 2.0
    tau_sd: Pair = 1.0
    rho_shape: Pair = 1.0

    def __post_init__(self) -> None:
        faults = []
        for name in ("mu_mean", "mu_sd", "tau_sd", "rho_shape"):
            given = getattr(self, name)
            try:
                values = np.broadcast_to(np.asarray(given, dtype=float), (2,))
            except (TypeError, ValueError):
                faults.append(f"{name} is {given!r}; it is one number or a pair of numbers")
                continue
            if not np.isfinite(values).all():
                faults.append(f"{name} is {given!r}; it has to be finite")
            elif name != "mu_mean" and not (values > 0).all():
                faults.append(f"{name} is {given!r}; it has to be positive")
            object.__setattr__(self, name, (float(values[0]), float(values[1])))
        if faults:
            raise OptionError("; ".join(faults))

    def array(self, name: str) -> FloatArray:
        """Return a field as an array of shape (2,)."""
        return np.asarray(getattr(self, name), dtype=float)

    def log_mu(self, mu: FloatArray, j: int) -> FloatArray:
        """Log density of the mean logit of margin `j`, any shape."""
        mean, sd = self.array("mu_mean")[j], self.array("mu_sd")[j]
        return np.asarray(-0.5 * ((mu - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2.0 * np.pi))

    def log_tau(self, tau: FloatArray, j: int) -> FloatArray:
        """Log density of the between-study standard deviation of margin `j`, any shape."""
        sd = self.array("tau_sd")[j]
        return np.asarray(-0.5 * (tau / sd) ** 2 - np.log(sd) + 0.5 * np.log(2.0 / np.pi))

    def log_fisher_z(self, z: FloatArray) -> FloatArray:
        """Log density of ``z = atanh(rho)``, any shape, stable where rho rounds to -1 or 1."""
        a, b = self.array("rho_shape")
        tails = a * np.logaddexp(0.0, -2.0 * z) + b * np.logaddexp(0.0, 2.0 * z)
        return np.asarray(np.log(2.0) - betaln(a, b) - tails)

    def scaled(self, mu: float = 1.0, tau: float = 1.0) -> Prior:
        """Return the prior with the standard deviations multiplied by factors."""
        return replace(
            self,
            mu_sd=tuple((mu * self.array("mu_sd")).tolist()),
            tau_sd=tuple((tau * self.array("tau_sd")).tolist()),
        )

    def sentences(self, margins: tuple[int, ...] = (0, 1)) -> list[str]:
        """Say the prior in words, one line a parameter or for both margins where they agree."""
        lines = []
        normal = [
            f"N({mean:g}, sd {sd:g})"
            for mean, sd in zip(self.array("mu_mean"), self.array("mu_sd"), strict=True)
        ]
        half = [f"half-N(0, sd {sd:g})" for sd in self.array("tau_sd")]
        for what, said in (("mean logit", normal), ("between-study sd (logit)", half)):
            used = {said[j] for j in margins}
            if len(used) == 1:
                lines.append(f"{what} ~ {used.pop()}")
            else:
                lines += [f"{what} of {MARGINS[j]} ~ {said[j]}" for j in margins]
        if len(margins) == 2:
            lines.append(f"correlation of the logits ~ {self._rho_words()}")
        return lines

    def _rho_words(self) -> str:
        a, b = self.array("rho_shape")
        if a == b == 1.0:
            return "U(-1, 1)"
        return f"LKJ({a:g})" if a == b else f"Beta({a:g}, {b:g}) stretched to -1 to 1"

    def __str__(self) -> str:
        return "; ".join(self.sentences())

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a JSON-ready dictionary, with the prior in words."""
        return {name: list(pair) for name, pair in asdict(self).items()} | {"text": str(self)}
