"""Progress for a person who watches, and nothing for a log file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def watched(total: int, shown: bool | None) -> Iterator[Callable[[str], None]]:
    """Show a bar while strata are computed.

    Parameters
    ----------
    total : int
        Steps.
    shown : bool or None
        None shows it where a terminal is watching.

    Yields
    ------
    callable
        Call it with the name of each finished step.
    """
    console = Console(stderr=True)
    if not total or not (console.is_terminal if shown is None else shown):
        yield lambda name: None
        return
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[name]}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("strata", total=total, name="")
        yield lambda name: bar.update(task, advance=1, name=name)
