"""The figures over all strata: the evidence map and the claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from metadx.plots import claims_data, evidence_map_data, plot_claims, plot_evidence_map
from metadx.report.estimates import Cell
from metadx.workflow.cache import Cache, Entry, sha256
from metadx.workflow.explaining import explain
from metadx.workflow.options import Options, cache_key
from metadx.workflow.strata import save

#: Figures over all strata: the table of results behind each, how it is drawn, its numbers.
OVERVIEW: dict[
    str,
    tuple[str, Callable[[pd.DataFrame], Axes], Callable[[pd.DataFrame], pd.DataFrame]],
] = {
    "evidence_map": ("results/estimates.csv", plot_evidence_map, evidence_map_data),
    "claims": ("results/claims.csv", plot_claims, claims_data),
}


def draw_overview(
    out: Path,
    tables: Mapping[str, list[dict[str, Cell]]],
    options: Options,
    force: bool,
    failures: list[tuple[str, str]],
) -> tuple[dict[str, str], dict[str, str]]:
    """Draw the figures over all strata.

    Parameters
    ----------
    out : Path
        Output folder.
    tables : mapping of str to list of dict
        Rows of the tables of results, by path below `out`.
    options : Options
    force : bool
        Leave the cache aside.
    failures : list of (str, str)
        Takes what could not be drawn.

    Returns
    -------
    images : dict of str to str
        SVG by name, for the page.
    files : dict of str to str
        SHA-256 of each file written, by path below `out`.
    """
    cache = Cache(out)
    images: dict[str, str] = {}
    files: dict[str, str] = {}
    for name, (source, draw, numbers) in OVERVIEW.items():
        if source not in tables or not any(row.get("modality", "x") for row in tables[source]):
            continue
        digest = sha256(out / source)
        key = cache_key(name, digest, options=options)
        entry = None if force else cache.load(name, key)
        if entry is None:
            frame = pd.DataFrame(tables[source])
            try:
                svg, written = save(
                    draw(frame), out, name, options, {"source": digest}, numbers(frame)
                )
            except Exception as error:  # the tables stand without their figure
                failures.append((f"{name} figure", explain(error)))
                continue
            entry = Entry(key, None, {name: svg}, files=written)
            cache.save(name, entry)
        images |= entry.images
        files |= entry.files
    return images, files
