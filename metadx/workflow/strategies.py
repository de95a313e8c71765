"""The strategy files of a run: evaluated when they or what they rest on changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from metadx.decision.strategy import Strategy, find_inputs
from metadx.decision.strategy_results import StrategyResults
from metadx.errors import MetadxError
from metadx.report.strategies import StrategyRecord, strategy_record
from metadx.tables import StudyTable
from metadx.workflow.cache import Cache, Entry, sha256
from metadx.workflow.explaining import explain
from metadx.workflow.options import Options, cache_key

FOLDER: Final = Path("analyses") / "strategies"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One strategy file after its evaluation.

    Attributes
    ----------
    record : StrategyRecord
    name : str
        Under which the cache keeps it.
    files : dict of str to str
        SHA-256 of each figure file, by its path below the output folder.
    """

    record: StrategyRecord
    name: str
    files: Mapping[str, str]


def strategy_files(studies: Path) -> list[Path]:
    """Return the strategy files that belong to a folder of study tables.

    Parameters
    ----------
    studies : Path
        Folder of study tables; the files stand in ``analyses/strategies`` beside it.
    """
    return sorted((studies.parent / FOLDER).glob("*.toml")) if studies.is_dir() else []


def evaluate_strategies(
    studies: Path,
    table: StudyTable,
    out: Path,
    options: Options,
    force: bool,
    failures: list[tuple[str, str]],
) -> tuple[Evaluated, ...]:
    """Evaluate every strategy file.

    Parameters
    ----------
    studies : Path
        Folder of study tables.
    table : StudyTable
        All their rows.
    out : Path
        Output folder.
    options : Options
    force : bool
        Leave the cache aside.
    failures : list of (str, str)
        Takes what could not be evaluated; one file never takes the others down.

    Returns
    -------
    tuple of Evaluated
    """
    cache = Cache(out)
    found: list[Evaluated] = []
    for path in strategy_files(studies):
        name = f"strategy-{path.stem}"
        inputs = find_inputs(path, studies)
        digests = [sha256(path), sha256(inputs) if inputs else "", table.sha256]
        key = cache_key(name, digests, options=options)
        entry = None if force else cache.load(name, key)
        try:
            record = _known(entry.record) if entry else None
            if record is None:
                results = Strategy.from_file(path, table, inputs).evaluate(seed=options.seed)
                record = strategy_record(path.stem, results)
                files = _drawn(path.stem, results, out, options, digests)
                entry = Entry(key, record.to_dict(), files=files)
                cache.save(name, entry)
        except MetadxError as error:
            failures.append((path.as_posix(), explain(error)))
            continue
        assert entry is not None
        found.append(Evaluated(record, name, entry.files))
    return tuple(found)


def _drawn(
    name: str, results: StrategyResults, out: Path, options: Options, digests: list[str]
) -> dict[str, str]:
    # What draws nothing, as a diff, does not load what draws.
    from metadx.workflow.strategy_figures import draw_strategies

    return draw_strategies(name, results, out, options, digests)


def _known(data: Mapping[str, object] | None) -> StrategyRecord | None:
    try:
        return StrategyRecord.from_dict(data or {})
    except (TypeError, KeyError):
        return None
