"""What `metadx posttest` prints: the fit of a stratum, and the probabilities after the test."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metadx.decision.posttest import PosttestResult, posttest
from metadx.decision.thresholds import Thresholds, thresholds
from metadx.errors import MetadxWarning, OptionError
from metadx.models import BivariateModel
from metadx.report.fit_record import find_table
from metadx.report.prevalences import known_inputs, site_prevalences
from metadx.tables import StudyTable


@dataclass(frozen=True, slots=True)
class PosttestRequest:
    """What was asked for on the command line.

    Attributes
    ----------
    target : str
        A stratum, or a file.
    pretest : tuple of float
        Pretest probabilities.
    interval : tuple of float or None
        Ends of a pretest probability that is given as an interval.
    level : float
        Nominal coverage.
    seed : int
        Seed of the draws.
    source : str or None
        Where the draws come from, see `metadx.decision.accuracy_draws`.
    studies : Path
        Folder of study tables.
    benefit, harm : float or None
        Of treating one person with the condition, and one without; both, for the thresholds.
    test_harm : float
        Of testing one person, in the same unit.
    """

    target: str
    pretest: tuple[float, ...] = ()
    interval: tuple[float, float] | None = None
    level: float = 0.95
    seed: int = 1
    source: str | None = None
    studies: Path = Path("studies")
    benefit: float | None = None
    harm: float | None = None
    test_harm: float = 0.0


def posttest_result(request: PosttestRequest) -> PosttestResult:
    """Fit the stratum and compute its post-test probabilities.

    Raises
    ------
    OptionError
        If no pretest probability was given; the message lists those that are known of the
        site, with their sources.
    """
    table = find_table(request.target, request.studies)
    given: list[Any] = list(request.pretest)
    if request.interval is not None:
        given.append(request.interval)
    if not given:
        raise OptionError(
            "\n".join(["give the pretest probability, --pretest 0.39", *_known(table, request)])
        )
    with warnings.catch_warnings():
        # What a fit warns of stands in the record and below the text.
        warnings.simplefilter("ignore", MetadxWarning)
        fit = BivariateModel(table).fit(level=request.level)
        return posttest(fit, given, seed=request.seed, source=request.source)


def posttest_record(request: PosttestRequest) -> dict[str, Any]:
    """Return the result as a JSON-ready dictionary."""
    result = posttest_result(request)
    found = _thresholds(request, result)
    return result.to_dict() | {"thresholds": found.to_dict() if found else None}


def posttest_report(request: PosttestRequest) -> str:
    """Return the result as text."""
    result = posttest_result(request)
    found = _thresholds(request, result)
    return result.summary() + (f"\n\n{found.summary()}" if found else "")


def _thresholds(request: PosttestRequest, result: PosttestResult) -> Thresholds | None:
    """Compute the thresholds where benefit and harm were given."""
    if request.benefit is None and request.harm is None:
        return None
    if request.benefit is None or request.harm is None:
        raise OptionError("thresholds need both --benefit and --harm, in one unit")
    return thresholds(result.draws, request.benefit, request.harm, request.test_harm)


def _known(table: StudyTable, request: PosttestRequest) -> list[str]:
    """List the prevalences of the table's site that the inputs of strategies hold."""
    found = site_prevalences(table, known_inputs(request.studies))
    if not found:
        return []
    return [
        f"known prevalences of the site {', '.join(sorted({one.site for one in found}))}:",
        *(f"  {one.value:.3g}  {one.input_id}: {one.source}" for one in found),
    ]
