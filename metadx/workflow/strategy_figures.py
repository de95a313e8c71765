"""The figures of evaluated strategies."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from metadx.decision.strategy_results import StrategyResults
from metadx.errors import MetadxError
from metadx.plots.registry import figurable
from metadx.workflow.options import Options
from metadx.workflow.strata import save

#: Figures that every run draws of a strategy file; those of money only where costs are known.
FIGURES: Final = ("strategy_comparison", "strategy_pretest", "strategy_tornado")


def draw_strategies(
    name: str, results: StrategyResults, out: Path, options: Options, digests: list[str]
) -> dict[str, str]:
    """Draw what can be drawn of a strategy file.

    Parameters
    ----------
    name : str
        Name of the file without its ending.
    results : StrategyResults
    out : Path
        Output folder.
    options : Options
    digests : list of str
        Hashes of the strategy file, the inputs and the tables, for the figures' metadata.

    Returns
    -------
    dict of str to str
        SHA-256 of each file written, by path below `out`.
    """
    files: dict[str, str] = {}
    for figure in FIGURES:
        entry = figurable(figure)
        numbers = entry.data()
        assert numbers is not None
        try:
            axes, data = entry.draw()(results), numbers(results)
        except MetadxError:  # the answer on one page says what is missing
            continue
        source = dict(zip(("strategy", "inputs", "tables"), digests, strict=True))
        _, written = save(axes, out, f"{name}_{figure}", options, source, data)
        files |= written
    return files
