"""What all rooms share: the tiers of the suite, and the one place that calls the kernel."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from metadx.kernels.likelihood import loglik
from metadx.kernels.quadrature import level_for
from metadx.models.design import Design

# The same examples in every run, and no file left behind.
settings.register_profile(
    "metadx",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("metadx")


BROWSER = Path(__file__).parent / "browser"
#: Tiers outside the default run.
TIERS = ("slow", "browser")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import the browser's tests only where they are asked for: they need an extra."""
    wanted = "browser" in config.option.markexpr
    return True if collection_path == BROWSER and not wanted else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the other tiers out unless asked for, by ``-m`` or by naming a test."""
    for item in items:
        if BROWSER in item.path.parents:
            item.add_marker("browser")
    if config.option.markexpr or any("::" in argument for argument in config.args):
        return
    outside = [item for item in items if any(map(item.get_closest_marker, TIERS))]
    if outside:
        config.hook.pytest_deselected(items=outside)
        items[:] = [item for item in items if item not in outside]


class Evaluation(NamedTuple):
    """Log-likelihood with binomial coefficients, its score (p,) and Hessian (p, p)."""

    value: float
    score: np.ndarray
    hessian: np.ndarray


class Kernel:
    """The compiled log-likelihood at a fixed number of nodes, as a function of its parameters.

    Everything the tests know about the kernel's arguments stands in ``__call__``.
    """

    def __call__(
        self, design: Design, theta: np.ndarray, nodes: int = 60, derivatives: bool = True
    ) -> Evaluation:
        theta = np.ascontiguousarray(theta, dtype=float)
        studies = design.start.size - 1
        levels = np.full(studies, level_for(nodes), dtype=np.int64)
        modes = np.zeros((studies, 2))
        score, hessian = np.zeros(theta.size), np.zeros((theta.size, theta.size))
        value = loglik(
            theta, design.counts, design.start, design.group, *design.columns, levels, modes,
            derivatives, score, hessian,
        )  # fmt: skip
        return Evaluation(float(value) + design.log_binomial_coefficients(), score, hessian)


@pytest.fixture(scope="session")
def kernel() -> Kernel:
    return Kernel()
