"""Draw every figure of the registry from every stratum, and measure what a reader would see.

``python benchmarks/figures.py [--references FOLDER] [--only NAME ...] [--strata N]``

For each figure: how many were drawn, how many were refused with a reason, texts that overlap or
leave the page, warnings, and the longest time for drawing alone (fits are made before).
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

import metadx as mx
from metadx.plots.registry import FIGURES, Figurable
from metadx.report.figures import figures_of

ROOT = Path(__file__).parents[1]
#: What a figure may take (seconds).
BAR = 1.5
SETS = ("auditc", "anti_ccp", "scheidler_lymph", "smoking", "schuetz_ct_mri")


def tables(references: Path, most: int) -> Iterator[mx.StudyTable]:
    """Every shipped stratum with pooled rows, then the published sets that are there."""
    strata = mx.read_studies(ROOT / "studies").strata()
    found = [table.pooled() for table in strata.values() if len(table.pooled())]
    yield from found[:most]
    names = [*SETS, *sorted(path.stem for path in references.glob("edge_*.csv"))]
    for name in names:
        path = references / f"{name}.csv"
        if path.is_file():
            frame = pd.read_csv(path).drop(columns="study_id", errors="ignore")
            yield mx.StudyTable.from_frame(frame, name)


def sources(table: mx.StudyTable) -> dict[str, Any]:
    """Return a table and its fit, or fits of its tests where it has several."""
    warnings.simplefilter("ignore", mx.MetadxWarning)
    found: dict[str, Any] = {"table": table}
    tests = table.frame["test"].unique() if "test" in table.columns else []
    if len(tests) > 1:
        found["fit"] = {
            str(name): mx.BivariateModel(table.select(test=name)).fit() for name in tests
        }
        found["one fit"] = next(iter(found["fit"].values()))
        return found
    model = mx.BivariateModel(
        table, independent_rows=bool(table.frame["study_id"].duplicated().any())
    )
    found["fit"] = found["one fit"] = model.fit()
    return found


def texts_of(figure: Figure) -> list[Text]:
    found: list[Text] = [*figure.texts]
    for axes in [*figure.axes, *(child for one in figure.axes for child in one.child_axes)]:
        if not isinstance(axes, Axes):
            continue
        found += [*axes.texts, axes.title]
        if axes.axison:
            for axis in (axes.xaxis, axes.yaxis):
                low, high = sorted(axis.get_view_interval())
                ticks = [t for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
                found += [axis.label, *(label for t in ticks for label in (t.label1, t.label2))]
        if axes.get_legend() is not None:
            found += [*axes.get_legend().get_texts(), axes.get_legend().get_title()]
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def faults(figure: Figure) -> tuple[int, int]:
    """Count pairs of texts that overlap, and texts that leave the page."""
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    boxes = np.array([text.get_window_extent(renderer).extents for text in texts_of(figure)])
    low, high = boxes[:, None, :2] + 0.5, boxes[None, :, 2:]
    crossing = (low < high).all(axis=2)
    page = figure.bbox.extents
    out = (boxes[:, :2] < page[:2] - 0.5).any(axis=1) | (boxes[:, 2:] > page[2:] + 0.5).any(axis=1)
    return int(np.triu(crossing & crossing.T, 1).sum()), int(out.sum())


def measure(figure: Figurable, found: dict[str, Any], name: str, told: Counter[str]) -> float:
    """Draw one figure and count its faults; return the seconds it took."""
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            drawn = figures_of(figure.draw()(found[figure.needs], size=figure.size))
            for one in drawn:
                one.canvas.draw()
        except mx.MetadxError as error:
            told["refused"] += 1
            print(f"  refused {figure.name} {name}: {str(error)[:110]}")
            return 0.0
    seconds = time.perf_counter() - started
    told["drawn"] += 1
    told["warnings"] += len(caught)
    for item in caught:
        print(f"  warning {figure.name} {name}: {item.message}")
    for one in drawn:
        overlaps, clipped = faults(one)
        told["overlaps"] += overlaps
        told["clipped"] += clipped
        if overlaps or clipped:
            print(f"  fault {figure.name} {name}: {overlaps} overlaps, {clipped} clipped")
    told["slow"] += seconds > BAR
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--references", type=Path, default=ROOT / "tests/reference/datasets")
    parser.add_argument("--only", nargs="*", default=None)
    parser.add_argument("--strata", type=int, default=10**6)
    options = parser.parse_args()
    wanted = [
        figure
        for figure in FIGURES
        if figure.needs in ("fit", "one fit", "table")
        and (not options.only or figure.name in options.only)
    ]
    told = {figure.name: Counter[str]() for figure in wanted}
    times: dict[str, list[float]] = {figure.name: [] for figure in wanted}
    number = 0
    for table in tables(options.references, options.strata):
        number += 1
        found = sources(table)
        for figure in wanted:
            times[figure.name].append(measure(figure, found, table.name, told[figure.name]))
    print(f"{number} tables")
    print(f"{'figure':<18} drawn refused overlaps clipped warnings  slow   median  longest")
    for name, seconds in times.items():
        row = [told[name][key] for key in ("drawn", "refused", "overlaps", "clipped", "warnings")]
        drawn = [one for one in seconds if one] or [0.0]
        print(
            f"{name:<18} {row[0]:5d} {row[1]:7d} {row[2]:8d} {row[3]:7d} {row[4]:8d} "
            f"{told[name]['slow']:5d} {np.median(drawn):7.2f}s {max(drawn):7.2f}s"
        )


if __name__ == "__main__":
    main()
