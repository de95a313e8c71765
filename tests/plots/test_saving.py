from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from drawn import fit_table, make_table
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from matplotlib import font_manager
from matplotlib.figure import Figure
from PIL import Image

from metadx import __version__
from metadx.errors import OptionError
from metadx.models import BivariateResults
from metadx.plots import (
    figure_record,
    forest_data,
    inline_svg,
    plot_forest,
    plot_sroc,
    save_figure,
)
from metadx.plots import fonts as plot_fonts
from metadx.plots.canvas import new_figure

Fits = dict[str, BivariateResults]


def figure_of(fit: BivariateResults) -> Figure:
    figure = plot_sroc(fit).get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure


def test_three_formats_and_the_numbers(fits: Fits, tmp_path: Path) -> None:
    fit = fits["regular"]
    figure = plot_forest(fit).get_figure(root=True)
    paths = save_figure(figure, tmp_path / "new" / "ct.hip", data=forest_data(fit))
    assert [path.name for path in paths] == ["ct.hip.svg", "ct.hip.pdf", "ct.hip.png", "ct.hip.csv"]
    # Nothing else: no temporary file is left.
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(
        path.name for path in paths
    )
    back = pd.read_csv(paths[3])
    assert len(back) == 8 and back["tp"].sum() == 300


def test_a_png_has_300_dots_per_inch(fits: Fits, tmp_path: Path) -> None:
    figure = plot_forest(fits["regular"]).get_figure(root=True)
    (path,) = save_figure(figure, tmp_path / "f", ["png"])
    with Image.open(path) as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert image.width == int(170 / 25.4 * 300)


def test_fonts_are_embedded_in_a_pdf(fits: Fits, tmp_path: Path) -> None:
    (path,) = save_figure(figure_of(fits["regular"]), tmp_path / "f", ["pdf"])
    data = path.read_bytes()
    assert data.startswith(b"%PDF") and b"/FontFile2" in data
    assert b"/Type3" not in data and b"/CIDFontType2" in data
    # Regular and bold, and none for ligatures.
    assert data.count(b"/FontFile2") == 2


def test_letters_of_an_svg_are_outlines(fits: Fits, tmp_path: Path) -> None:
    (path,) = save_figure(figure_of(fits["regular"]), tmp_path / "f", ["svg"])
    text = path.read_text(encoding="utf-8")
    assert "<text" not in text and "<!-- Sensitivity -->" in text


def test_inline_svg_keeps_its_text(fits: Fits) -> None:
    text = inline_svg(figure_of(fits["regular"]))
    assert text.startswith("<svg") and ">Sensitivity</text>" in text
    assert "<?xml" not in text and "dc:date" not in text


@pytest.mark.parametrize("draw", [plot_forest, plot_sroc])
def test_the_same_figure_has_the_same_bytes(fits: Fits, tmp_path: Path, draw) -> None:  # type: ignore[no-untyped-def]
    record = figure_record(fits["regular"])
    files = []
    for name in ("one", "two"):
        figure = draw(fits["regular"]).get_figure(root=True)
        files.append(save_figure(figure, tmp_path / name / "f", metadata=record))
    for one, two in zip(*files, strict=True):
        assert one.read_bytes() == two.read_bytes(), one.suffix
    for path in files[0]:
        assert not re.search(rb"CreationDate|dc:date|20\d\d-\d\d-\d\dT", path.read_bytes())


def test_each_format_says_what_it_was_made_from(fits: Fits, tmp_path: Path) -> None:
    fit = fits["regular"]
    svg, pdf, png = save_figure(figure_of(fit), tmp_path / "f", metadata=figure_record(fit))
    with Image.open(png) as image:
        record = json.loads(image.text["Description"])  # type: ignore[attr-defined]
        assert image.text["Software"] == f"metadx {__version__}"  # type: ignore[attr-defined]
    assert record["metadx"] == __version__
    assert record["tables"] == {"regular": fit.table.sha256}
    assert record["fits"]["regular"]["model_path"] == "bivariate"
    assert record["fits"]["regular"]["margins"]["sensitivity"]["k"] == 6
    for path in (svg, pdf):
        assert fit.table.sha256.encode() in path.read_bytes()


def test_a_record_names_every_table(one_site: Fits) -> None:
    record = figure_record({**one_site, "plain": make_table([("A", 1, 2, 3, 4)])})
    assert list(record["tables"]) == ["xray", "mri", "ct", "plain"]
    assert list(record["fits"]) == ["xray", "mri", "ct"]
    assert json.loads(json.dumps(record)) == record


def test_unknown_formats_are_named(fits: Fits, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="'gif' is unknown; there are svg, pdf, png"):
        save_figure(figure_of(fits["regular"]), tmp_path / "f", ["png", "gif"])
    assert not list(tmp_path.iterdir())


def test_a_failed_save_leaves_the_old_file(
    fits: Fits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = save_figure(figure_of(fits["regular"]), tmp_path / "f", ["png"])
    before = path.read_bytes()

    def half(self: Figure, stream, **_: object) -> None:  # type: ignore[no-untyped-def]
        stream.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Figure, "savefig", half)
    with pytest.raises(OSError, match="disk full"):
        save_figure(figure_of(fits["regular"]), tmp_path / "f", ["png"])
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["f.png"]


def test_a_user_style_changes_nothing(fits: Fits, tmp_path: Path) -> None:
    import matplotlib as mpl

    (plain,) = save_figure(figure_of(fits["regular"]), tmp_path / "plain", ["svg"])
    with mpl.rc_context({"font.size": 20, "lines.linewidth": 9, "axes.facecolor": "red"}):
        (other,) = save_figure(figure_of(fits["regular"]), tmp_path / "other", ["svg"])
    same = other.read_text(encoding="utf-8").replace("other", "plain")
    assert same == plain.read_text(encoding="utf-8")


def test_no_global_figure_is_made(fits: Fits) -> None:
    import sys

    figure_of(fits["regular"])
    assert "matplotlib.pyplot" not in sys.modules


@pytest.fixture
def postscript_font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An OpenType font with PostScript outlines and one Chinese character."""
    family = "Metadx Test CFF"
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder([".notdef", "space", "wang"])
    builder.setupCharacterMap({0x20: "space", 0x738B: "wang"})
    pen = T2CharStringPen(1000, {})
    pen.moveTo((100, 0))
    pen.lineTo((900, 0))
    pen.lineTo((900, 800))
    pen.closePath()
    filled, empty = pen.getCharString(), T2CharStringPen(1000, {}).getCharString()
    glyphs = {".notdef": empty, "space": empty, "wang": filled}
    builder.setupCFF(family.replace(" ", ""), {"FullName": family}, glyphs, {})
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, (1000, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    path = tmp_path / "font.otf"
    builder.save(path)
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [*font_manager.fontManager.ttflist])
    font_manager.fontManager.addfont(path)
    monkeypatch.setattr(plot_fonts, "FALLBACK_FAMILIES", (family,))
    return family


def test_postscript_outlines_are_embedded_as_type_3(postscript_font: str, tmp_path: Path) -> None:
    rows = [("王 2019", 45, 3, 5, 60), ("Brown 2003", 30, 4, 9, 52)]
    figure = plot_forest(fit_table(make_table(rows))).get_figure(root=True)
    labels = [text for text in figure.axes[0].texts if text.get_text() == "王 2019"]
    assert labels[0].get_fontfamily() == ["DejaVu Sans", postscript_font]
    (path,) = save_figure(figure, tmp_path / "f", ["pdf"])
    assert b"/Type3" in path.read_bytes()
    assert plot_fonts.has_cff_outlines(postscript_font)
    assert not plot_fonts.has_cff_outlines("DejaVu Sans")


def test_a_page_has_its_size_in_millimetres() -> None:
    assert new_figure(170, 100).get_size_inches() * 25.4 == pytest.approx(np.array([170, 100]))


def test_a_screen_shows_the_text_as_wide_as_the_print(fits: Fits, tmp_path: Path) -> None:
    """At 72 dpi, outside the house style, hinting would widen a caption by a tenth."""
    figure = plot_forest(fits["not pooled"]).figure
    widths = []
    for dpi in (72, 288):
        figure.savefig(tmp_path / "page.png", dpi=dpi)
        with Image.open(tmp_path / "page.png") as image:
            dark = np.asarray(image.convert("L")).min(axis=0) < 180
        widths.append(np.flatnonzero(dark).max() / dark.size)
    assert widths[0] == pytest.approx(widths[1], abs=0.008)
    assert widths[0] < 0.999
