"""What a run is asked to do, and what its results depend on besides the tables."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from metadx._version import __version__
from metadx.errors import OptionError

#: Libraries whose version may move a digit or a line of a figure.
LIBRARIES: Final = (
    "numpy", "scipy", "pandas", "numba", "statsmodels", "formulaic", "matplotlib", "pyarrow",
)  # fmt: skip
#: Rooms and files of this package that a stratum's numbers and figures come from.
ROOMS: Final = (
    "kernels", "models", "tables", "plots", "inference", "decision", "sroc.py", "estimate.py",
    "report/estimates.py", "report/calculator.py", "report/drawing.py", "report/fragments.py",
    "report/templates/appraisal", "workflow/strata.py",
)  # fmt: skip
#: Two processes use the two cores of a small machine; more gain little and cost memory each.
DEFAULT_JOBS: Final = 2
#: Fewer strata are computed here: starting processes would take longer.
MIN_TASKS_FOR_PROCESSES: Final = 5


@dataclass(frozen=True, slots=True)
class Options:
    """Options that change results; they stand in the manifest and in every cache key.

    Attributes
    ----------
    formats : tuple of str
        File formats of the figures.
    seed : int
        Seed of everything that draws.
    """

    formats: tuple[str, ...]
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the options as JSON-ready values."""
        return asdict(self)


def checked_options(formats: Sequence[str], seed: int) -> Options:
    """Make options of arguments.

    Raises
    ------
    OptionError
        If a format is unknown or the seed is negative.
    """
    # What draws nothing, as a diff, does not load what draws.
    from metadx.plots.saving import FORMATS

    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise OptionError(
            f"figure format {', '.join(map(repr, unknown))} is unknown; "
            f"there are {', '.join(FORMATS)}"
        )
    if seed < 0:
        raise OptionError(f"seed is {seed}; it is a whole number from 0 up")
    return Options(tuple(dict.fromkeys(formats)), seed)


def checked_jobs(jobs: int | None) -> int:
    """Return the number of processes.

    Parameters
    ----------
    jobs : int or None
        None takes `DEFAULT_JOBS`, or 1 on a machine with one core.

    Raises
    ------
    OptionError
        If it is less than 1.
    """
    if jobs is None:
        return min(DEFAULT_JOBS, os.cpu_count() or 1)
    if jobs < 1:
        raise OptionError(f"jobs is {jobs}; it is a number of processes from 1 up")
    return jobs


def run_date(given: str | None) -> str:
    """Return the date that results are signed with.

    Parameters
    ----------
    given : str or None
        Used as it is. Otherwise the day of the variable ``SOURCE_DATE_EPOCH`` where it is set
        (https://reproducible-builds.org/specs/source-date-epoch/), else today.

    Raises
    ------
    OptionError
        If ``SOURCE_DATE_EPOCH`` is not a number of seconds.
    """
    if given is not None:
        return given
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not epoch:
        return datetime.now(tz=UTC).date().isoformat()
    try:
        return datetime.fromtimestamp(int(epoch), tz=UTC).date().isoformat()
    except (ValueError, OverflowError, OSError) as error:
        raise OptionError(
            f"SOURCE_DATE_EPOCH is {epoch!r}; it is a number of seconds since 1970"
        ) from error


@lru_cache(maxsize=1)
def environment() -> dict[str, str]:
    """Return the versions of Python and of the libraries that results depend on."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


@lru_cache(maxsize=1)
def code_hash() -> str:
    """Hash of the code that computes strata: an edit to it makes the cache stale."""
    package = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for room in ROOMS:
        place = package / room
        for path in sorted(place.rglob("*.*") if place.is_dir() else [place]):
            if path.suffix in (".py", ".mplstyle"):
                digest.update(path.relative_to(package).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def cache_key(*parts: object, options: Options) -> str:
    """Return a key that changes with anything the result depends on.

    Parameters
    ----------
    *parts
        JSON-ready values: what is computed, and the hash of its input.
    options : Options
    """
    content = [__version__, code_hash(), environment(), options.to_dict(), *parts]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
