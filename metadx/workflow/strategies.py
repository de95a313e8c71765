"""The strategy files of a run: evaluated when they or what they rest on changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from metadx.decision.strategy import Strategy, find_inputs
from metadx.errors import MetadxError
from metadx.report.strategies import StrategyRecord, strategy_record
from metadx.tables import StudyTable
from metadx.workflow.cache import Cache, Entry, sha256
from metadx.workflow.explaining import explain
from metadx.workflow.options import Options, cache_key

FOLDER: Final = Path("analyses") / "strategies"


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
) -> tuple[tuple[StrategyRecord, ...], list[str]]:
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
    records : tuple of StrategyRecord
    names : list of str
        Names under which the cache keeps them.
    """
    cache = Cache(out)
    found: list[StrategyRecord] = []
    names = []
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
                cache.save(name, Entry(key, record.to_dict()))
        except MetadxError as error:
            failures.append((path.as_posix(), explain(error)))
            continue
        found.append(record)
        names.append(name)
    return tuple(found), names


def _known(data: Mapping[str, object] | None) -> StrategyRecord | None:
    try:
        return StrategyRecord.from_dict(data or {})
    except (TypeError, KeyError):
        return None
