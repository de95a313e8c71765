"""The maximum and its boundary by trying everything, to judge the search by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metadx.models.design import Design
from metadx.models.search import climb

#: Values at which a parameter of the Cholesky factor is held or started.
L11 = (0.3, 1.5)
L21 = (-2.0, -0.7, -0.1, 0.1, 0.7, 2.0)
L22 = (0.0, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.5, 4.0, 6.0)
#: A boundary model that reaches the top to within this is the maximum; the same bound as
#: documented for the search. Tables whose gap lies near it decide nothing (see `is_clear`).
GAIN = 5e-6
#: From the smallest model up: name, what the fit reports.
FLAGS = {
    "both": ("tau_sens", "tau_spec"),
    "tau_spec": ("tau_spec",),
    "tau_sens": ("tau_sens",),
    "rho": ("rho",),
    "interior": (),
}


@dataclass(frozen=True)
class Profile:
    """Highest log-likelihood found in each model."""

    highest: dict[str, float]

    @property
    def top(self) -> float:
        return max(self.highest.values())

    @property
    def flag(self) -> tuple[str, ...]:
        for name, flag in FLAGS.items():
            if self.top - self.highest.get(name, -np.inf) < GAIN:
                return flag
        raise AssertionError("one model is always at the top")

    @property
    def is_clear(self) -> bool:
        gaps = [self.top - value for value in self.highest.values()]
        return not any(0.2 * GAIN < gap < 5 * GAIN for gap in gaps)


def profile(design: Design) -> Profile:
    """Climb from a grid of starts, with and without each parameter held at its bound."""
    highest: dict[str, float] = {}

    def see(name: str, theta: list[float], free: list[int]) -> None:
        found = climb(design, np.array(theta, dtype=float), np.array(free))
        if found.record.status != "a mean runs to infinity":
            highest[name] = max(highest.get(name, -np.inf), found.loglik)

    y, n = design.counts[:, 0::2].sum(axis=0), design.counts[:, 1::2].sum(axis=0)
    mu = np.log((y + 0.5) / (n - y + 0.5)).tolist()
    for l22 in L22:
        for l21 in L21:
            for l11 in L11:
                free = [0, 1, 2, 3, 4] if l22 > 0 else [0, 1, 2, 3]
                see("interior" if l22 > 0 else "rho", [*mu, l11, l21, l22], free)
    for tau in L22[1:]:
        see("tau_sens", [*mu, 0.0, 0.0, tau], [0, 1, 4])
        see("tau_spec", [*mu, tau, 0.0, 0.0], [0, 1, 2])
    see("both", [*mu, 0.0, 0.0, 0.0], [0, 1])
    return Profile(highest)
