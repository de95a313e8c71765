"""Writing a figure: three formats, the same bytes every time, and what it was made from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, Final, TypeAlias

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.text import Text

from metadx._version import __version__
from metadx.errors import OptionError
from metadx.models import BivariateResults
from metadx.plots.fonts import Typeface, has_cff_outlines
from metadx.plots.style import figure_style
from metadx.tables import StudyTable
from metadx.tables.files import write_bytes

FORMATS: Final = ("svg", "pdf", "png")
#: Resolution of a PNG (dots per inch).
DPI: Final = 300
#: Line art packs as tightly at level 3 as at the default 6, in a third of the time.
ENCODING: Final[dict[str, dict[str, Any]]] = {"png": {"pil_kwargs": {"compress_level": 3}}}
NO_LIGATURES: Final = ("-liga", "-clig")

#: What a figure shows: a fit or table, or several by name.
Shown: TypeAlias = BivariateResults | StudyTable | Mapping[str, BivariateResults | StudyTable]


def save_figure(
    figure: Figure,
    path_stem: str | Path,
    formats: Sequence[str] = FORMATS,
    metadata: Mapping[str, Any] | None = None,
    data: pd.DataFrame | None = None,
) -> list[Path]:
    """Write a figure in several formats, each file whole or not at all.

    Parameters
    ----------
    figure : Figure
        From ``axes.get_figure(root=True)`` of any plot function.
    path_stem : path
        Path without suffix; the folder is made where it does not exist.
    formats : sequence of {"svg", "pdf", "png"}
        What to write. PNG has 300 dots per inch; PDF has its fonts embedded.
    metadata : mapping, optional
        JSON-ready record, from `figure_record`. It stands in each file: as the
        description of an SVG or PNG, as the keywords of a PDF.
    data : DataFrame, optional
        The numbers behind the figure, written beside it as ``.csv``.

    Returns
    -------
    list of Path
        The files, in the order of `formats`, then the CSV.

    Raises
    ------
    OptionError
        If a format is unknown.

    Notes
    -----
    The same figure and record give the same bytes: no date is written, and the
    identifiers of an SVG are salted.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise OptionError(
            f"format {', '.join(map(repr, unknown))} is unknown; there are {', '.join(FORMATS)}"
        )
    stem = Path(path_stem)
    record = json.dumps({"metadx": __version__, **(metadata or {})}, sort_keys=True)
    texts = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    for text in texts:
        # A PDF needs a second font for ligatures, and no reader finds the word "specificity".
        text.set_fontfeatures(NO_LIGATURES)
    font_type = _pdf_font_type(texts)
    written = []
    # Matplotlib 3.11 cuts the fonts of a PDF into subsets by the setting for PostScript.
    with (
        figure_style(),
        mpl.rc_context({"pdf.fonttype": font_type, "ps.fonttype": font_type}),
        _plain_subsets(),
    ):
        for name in formats:
            stream = BytesIO()
            about = _file_metadata(name, stem.name, record)
            figure.savefig(stream, format=name, dpi=DPI, metadata=about, **ENCODING.get(name, {}))
            written.append(_write(stem, name, stream.getvalue()))
    if data is not None:
        csv = data.to_csv(index=False, lineterminator="\n")
        written.append(_write(stem, "csv", csv.encode()))
    return written


@contextmanager
def _plain_subsets() -> Iterator[None]:
    """Leave the layout tables out of the fonts that are embedded in a PDF.

    Every letter has its place already, so that nothing reads them, and cutting them to the
    letters of one figure is half of the time that a PDF takes. Matplotlib offers no setting
    for it; where fontTools' own name is gone, the files are only slower to make.
    """
    from fontTools import subset

    known = getattr(subset.Options, "_drop_tables_default", None)
    if known is None:
        yield
        return
    subset.Options._drop_tables_default = [*known, "GSUB", "GPOS", "GDEF"]
    try:
        yield
    finally:
        subset.Options._drop_tables_default = known


def inline_svg(figure: Figure) -> str:
    """Return a figure as an SVG element for a web page, its text as text.

    Parameters
    ----------
    figure : Figure
        From any plot function.

    Returns
    -------
    str
        ``<svg ...>...</svg>``, a fifth as large as the outlines that `save_figure`
        writes. The reader's own fonts show it.
    """
    stream = BytesIO()
    with figure_style(), mpl.rc_context({"svg.fonttype": "none"}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue().decode()
    return text[text.index("<svg") :]


def figure_record(shown: Shown) -> dict[str, Any]:
    """Return what a figure was made from, for its metadata.

    Parameters
    ----------
    shown : BivariateResults, StudyTable, or a dict of these
        What the figure shows.

    Returns
    -------
    dict
        ``tables``: hash of each table; ``fits``: the record of each fit.
    """
    if isinstance(shown, Mapping):
        named = dict(shown)
    else:
        table = shown.table if isinstance(shown, BivariateResults) else shown
        named = {table.name: shown}
    record: dict[str, Any] = {"tables": {}, "fits": {}}
    for name, item in named.items():
        if isinstance(item, BivariateResults):
            record["tables"][name] = item.table.sha256
            record["fits"][name] = _fit_record(item)
        else:
            record["tables"][name] = item.sha256
    return record


def _fit_record(fit: BivariateResults) -> dict[str, Any]:
    """The fit without its running time, which is another one in every run."""
    return {
        "model_path": fit.model_path,
        "formulas": list(fit.formulas),
        "method": fit.method,
        "at_boundary": list(fit.at_boundary),
        "converged": fit.converged,
        "interval": fit.interval,
        "level": fit.level,
        "k": fit.k,
        "k_complete": fit.k_complete,
        "margins": {name: margin.to_dict() for name, margin in fit.margins.items()},
    }


def _file_metadata(name: str, title: str, record: str) -> dict[str, Any]:
    creator = f"metadx {__version__}"
    if name == "pdf":
        return {"Title": title, "Keywords": record, "Creator": creator, "CreationDate": None}
    if name == "svg":
        return {"Title": title, "Description": record, "Creator": creator, "Date": None}
    return {"Title": title, "Description": record, "Software": creator}


def _pdf_font_type(texts: Sequence[Text]) -> int:
    """Return 42, or 3 where a text needs a PostScript-flavoured font.

    Matplotlib embeds such a font, Noto Sans CJK for one, as if it were TrueType, and viewers
    show nothing (https://github.com/matplotlib/matplotlib/issues/20870).
    """
    families = Typeface.covering(text.get_text() for text in texts).families
    return 3 if any(map(has_cff_outlines, families)) else 42


def _write(stem: Path, suffix: str, data: bytes) -> Path:
    path = stem.with_name(f"{stem.name}.{suffix}")
    write_bytes(path, data)
    return path
