"""Figures of an analysis, for the page and as files."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from metadx.app.analysis import Analysis
from metadx.errors import ModelError, OptionError
from metadx.inference import Comparison
from metadx.plots import figure_record, inline_svg, plot_forest, plot_sroc, save_figure
from metadx.report.images import data_uri, small_svg

FORMATS: Final = {"svg": "image/svg+xml", "png": "image/png", "pdf": "application/pdf"}
_DRAWN: Final[dict[str, Callable[..., Any]]] = {"forest": plot_forest, "sroc": plot_sroc}
FIGURES: Final = tuple(_DRAWN)
#: Matplotlib keeps its settings for the whole program.
_DRAWING: Final = threading.Lock()


def image(analysis: Analysis, name: str) -> Markup:
    """Return a figure as the address of an image, which can neither run nor load anything.

    Parameters
    ----------
    analysis : Analysis
    name : str
        One of `FIGURES`.
    """
    with _DRAWING:
        return data_uri(small_svg(inline_svg(_figure(analysis, name))))


def figure_bytes(analysis: Analysis, name: str, suffix: str) -> bytes:
    """Return a figure as a file, with what it was made from inside.

    Parameters
    ----------
    analysis : Analysis
    name, suffix : str
        One of `FIGURES` and one of `FORMATS`.
    """
    with tempfile.TemporaryDirectory(prefix="metadx-") as folder, _DRAWING:
        shown = analysis.table if analysis.is_posterior else analysis.fit
        stem = Path(folder) / name
        record = figure_record(shown)
        (path,) = save_figure(_figure(analysis, name), stem, (suffix,), record)
        return path.read_bytes()


def _figure(analysis: Analysis, name: str) -> Any:
    if name not in _DRAWN:
        raise OptionError(f"there is no figure {name[:40]!r}; there are {', '.join(FIGURES)}")
    source = analysis.fit
    if isinstance(analysis.comparison, Comparison):
        source = analysis.comparison
    elif analysis.is_posterior:
        if name != "forest":
            raise ModelError("this figure is drawn of a maximum-likelihood fit, not a posterior")
        source = analysis.table
    options = {"level": analysis.fit.level} if name == "forest" else {}
    return _DRAWN[name](source, **options).get_figure(root=True)
