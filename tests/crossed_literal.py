"""The likelihood of two tests in the same patients, by loops and a dense sum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq
from scipy.stats import binom, multinomial, norm


def expit(x: float) -> float:
    return 1.0 / (1.0 + np.exp(-x))


def cell_probabilities(p: float, q: float, omega: float) -> list[float]:
    """Solve ``p11 p00 = exp(omega) p10 p01`` for the table with margins p and q."""

    def gap(p11: float) -> float:
        return p11 * (1.0 - p - q + p11) - np.exp(omega) * (p - p11) * (q - p11)

    p11 = brentq(gap, max(0.0, p + q - 1.0), min(p, q), xtol=1e-16, rtol=1e-15)
    return [p11, p - p11, q - p11, 1.0 - p - q + p11]


def part_likelihood(
    cells: Sequence[float], right: Sequence[float], total: Sequence[float],
    logits: Sequence[float], omega: float,
) -> float:  # fmt: skip
    p, q = expit(logits[0]), expit(logits[1])
    value = 1.0
    if sum(cells):
        shares = cell_probabilities(p, q, omega)
        value *= float(multinomial.pmf(np.array(cells, dtype=int), int(sum(cells)), shares))
    for y, n, share in zip(right, total, (p, q), strict=True):
        if n:
            value *= float(binom.pmf(y, n, share))
    return value


def loglik(table, logits, sigma, omegas, points: int = 61, width: float = 6.0) -> float:
    """`logits`: (2, 2) by part and test; `sigma`: (2, 2); a rectangle rule over the effects."""
    root = np.linalg.cholesky(sigma)
    grid = np.linspace(-width, width, points)
    step = grid[1] - grid[0]
    total = 0.0
    for i in range(len(table)):
        study = 0.0
        for z1 in grid:
            u1 = root[0, 0] * z1
            first = part_likelihood(
                table.cells[i, 0], table.right[i, 0], table.total[i, 0],
                [logits[0][0] + u1, logits[0][1] + u1], omegas[0],
            )  # fmt: skip
            for z2 in grid:
                u2 = root[1, 0] * z1 + root[1, 1] * z2
                second = part_likelihood(
                    table.cells[i, 1], table.right[i, 1], table.total[i, 1],
                    [logits[1][0] + u2, logits[1][1] + u2], omegas[1],
                )  # fmt: skip
                study += first * second * norm.pdf(z1) * norm.pdf(z2) * step * step
        total += float(np.log(study))
    return total


def simulate(rng, k, logits, factor, omegas, patients=(30, 200)):
    """Draw cross-tables; returns an array of cells, shape (k, 2, 4)."""
    cells = np.zeros((k, 2, 4))
    for i in range(k):
        z = rng.standard_normal(2)
        shift = (factor[0] * z[0], factor[1] * z[0] + factor[2] * z[1])
        for j in (0, 1):
            p, q = (expit(logits[j][t] + shift[j]) for t in (0, 1))
            shares = np.clip(cell_probabilities(p, q, omegas[j]), 0.0, 1.0)
            cells[i, j] = rng.multinomial(rng.integers(*patients), shares / shares.sum())
    return cells
