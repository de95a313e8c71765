"""Which strata have to be computed, and in which processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from pathlib import Path

from joblib import Parallel, delayed, parallel_config

from metadx.tables import StudyTable
from metadx.workflow.cache import Cache
from metadx.workflow.context import Context
from metadx.workflow.options import MIN_TASKS_FOR_PROCESSES, Options, cache_key
from metadx.workflow.strata import Outcome, Task, compute, from_cache, not_computed
from metadx.workflow.watching import watched


def outcomes_of(
    strata: Mapping[str, StudyTable],
    out: Path,
    options: Options,
    jobs: int,
    force: bool,
    progress: bool | None,
    context: Context,
) -> list[Outcome]:
    """Take every stratum from the cache or compute it; what is finished is kept at once.

    Parameters
    ----------
    strata : mapping of str to StudyTable
        All rows of each stratum that has pooled ones.
    out : Path
        Output folder.
    options : Options
    jobs : int
        Processes.
    force : bool
        Leave the cache aside.
    progress : bool or None
        See `metadx.workflow.watching.watched`.
    context : Context
        What stands beside the study tables.

    Returns
    -------
    list of Outcome
        In the order of `strata`.
    """
    cache = Cache(out)
    found: dict[str, Outcome] = {}
    tasks = []
    for name, rows in strata.items():
        key = cache_key(name, rows.sha256, rows.labels, context.digest, options=options)
        entry = None if force else cache.load(name, key)
        outcome = from_cache(name, entry) if entry else None
        if outcome:
            found[name] = outcome
        else:
            tasks.append(Task(name, rows, out, options, key, context))
    tasks = in_order(tasks)
    lost = ""
    with watched(len(tasks), progress) as step:
        try:
            for outcome in _computed(tasks, jobs):
                found[outcome.stratum] = outcome
                step(outcome.stratum)
        except BrokenExecutor:
            lost = "its process was killed, perhaps for want of memory; try --jobs 1"
    for task in tasks:
        if task.stratum not in found:
            found[task.stratum] = not_computed(task, lost)
    return [found[name] for name in strata]


def in_order(tasks: Sequence[Task]) -> list[Task]:
    """Order the work so that two processes do not compile the same kernels in a fresh copy.

    The largest stratum first: its process compiles and keeps what the others load later. In the
    meantime the others draw the strata of one study, which need no kernel. The rest goes from
    large to small, so that the last process to finish has little left to do.
    """
    by_size = sorted(tasks, key=lambda task: -len(task.table.pooled()))
    single = [task for task in by_size[1:] if len(task.table.pooled()) == 1]
    rest = [task for task in by_size[1:] if len(task.table.pooled()) > 1]
    return [*by_size[:1], *single, *rest]


def _computed(tasks: Sequence[Task], jobs: int) -> Iterator[Outcome]:
    if jobs == 1 or len(tasks) < MIN_TASKS_FOR_PROCESSES:
        yield from map(compute, tasks)
        return
    with parallel_config("loky", n_jobs=jobs, inner_max_num_threads=1):
        workers = Parallel(return_as="generator_unordered", batch_size=1)
        yield from workers(delayed(compute)(task) for task in tasks)
