"""The best strategy as a function of the pretest probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metadx.decision import economics
from metadx.estimate import Estimate, NotApplicable

if TYPE_CHECKING:
    from metadx.decision.strategy_results import StrategyResults

FloatArray = NDArray[np.float64]

GRID: Final[FloatArray] = np.linspace(0.01, 0.99, 99)


@dataclass(frozen=True)
class BestByPretest:
    """The best strategy along the pretest probability.

    Attributes
    ----------
    criterion : str
        What is compared.
    names : tuple of str
        Strategies that could be compared.
    grid : ndarray of shape (g,)
        BestByPretest probabilities.
    expected : ndarray of shape (g, s)
        Expected utility, more being better.
    probability : ndarray of shape (g, s)
        Probability of being the best.
    switches : tuple of Switch
        Where another strategy becomes the best, with intervals.
    level : float
        Of these intervals.
    """

    criterion: str
    names: tuple[str, ...]
    grid: FloatArray
    expected: FloatArray
    probability: FloatArray
    switches: tuple[economics.Switch, ...]
    level: float

    def best_at(self, pretest: float) -> tuple[str, float]:
        """Return the strategy with the highest expected utility, and its probability of it.

        Parameters
        ----------
        pretest : float
            Probability; the nearest one of the grid is taken.
        """
        row = int(np.argmin(np.abs(self.grid - pretest)))
        best = int(np.argmax(self.expected[row]))
        return self.names[best], float(self.probability[row, best])

    def table(self) -> pd.DataFrame:
        """One row a pretest probability and strategy."""
        size = len(self.names)
        return pd.DataFrame(
            {
                "pretest": np.repeat(self.grid, size),
                "strategy": list(self.names) * self.grid.size,
                "criterion": self.criterion,
                "expected": self.expected.ravel(),
                "probability_best": self.probability.ravel(),
            }
        )

    def switching_points(self) -> pd.DataFrame:
        """One row a pretest probability at which the best strategy changes."""
        rows = [
            {
                "below": self.names[one.below], "above": self.names[one.above],
                "value": one.value, "low": one.low, "high": one.high,
                "share_inside": one.share_inside,
            }
            for one in self.switches
        ]  # fmt: skip
        columns = ["below", "above", "value", "low", "high", "share_inside"]
        return pd.DataFrame(rows, columns=columns)

    def estimates(self) -> list[Estimate]:
        """Return the switching points as estimates."""
        return [
            Estimate(one.value, one.low, one.high, self.level, "simulation")
            for one in self.switches
        ]


def by_pretest(
    results: StrategyResults, criterion: str = "found", grid: FloatArray = GRID
) -> BestByPretest | NotApplicable:
    """Compare the strategies along the pretest probability.

    Parameters
    ----------
    results : StrategyResults
        From ``Strategy.evaluate``; its own pretest probability plays no part.
    criterion : str
        One of ``metadx.decision.strategy_results.CRITERIA``.
    grid : ndarray
        BestByPretest probabilities.
    """
    found = results.utility(criterion)
    if isinstance(found, NotApplicable):
        return found
    fracture, none, names = found
    # Of strategies that are equal somewhere, the one with fewer examinations comes first.
    order = results.cheapest_first(names)
    fracture, none = fracture[:, order], none[:, order]
    expected, probability = [], []
    for share in grid:
        utility = share * fracture + (1.0 - share) * none
        expected.append(utility.mean(axis=0))
        probability.append(economics.probability_best(utility))
    points = economics.switches(fracture, none, results.level)
    ordered = tuple(names[i] for i in order)
    return BestByPretest(
        criterion, ordered, grid, np.array(expected), np.array(probability), tuple(points),
        results.level,
    )  # fmt: skip
