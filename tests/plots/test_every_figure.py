"""Rules for all figures of the registry, whoever wrote them."""

from __future__ import annotations

import inspect
import warnings
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from drawn import assert_readable, fit_table, visible_texts
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import imread
from sources import source_for, with_years

from metadx.errors import MetadxError, OptionError
from metadx.models import BivariateResults
from metadx.plots import MissingFontWarning, figure_style
from metadx.plots.registry import FIGURES, NEEDS, Figurable, figurable, figures_text, keywords
from metadx.plots.style import SIZES
from metadx.report.figures import figures_of

Fits = dict[str, BivariateResults]

BY_NAME = {figure.name: figure for figure in FIGURES}
#: Of tables and studies; the others are drawn from results and do not know these tables.
OF_STUDIES = [one.name for one in FIGURES if one.needs in ("fit", "one fit", "table", "quadas")]
#: Figures that have something to show of any study.
ALWAYS = ("forest", "sroc", "crosshair", "roc_ellipses", "quadas")
NASTY = [
    "one study", "two studies", "eighty", "long names", "chinese names", "all perfect",
    "sensitivity only", "partial", "one huge study", "identical", "not pooled", "awkward names",
]  # fmt: skip


def draw(figure: Figurable, fit: BivariateResults, **options: object) -> list[Figure]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingFontWarning)
        return figures_of(figure.draw()(source_for(figure, fit), **options))


@pytest.fixture(scope="module")
def drawn() -> dict[tuple[str, str], list[Figure]]:
    """Every figure of a table without surprises, at every size."""
    fit = fit_table(with_years())
    return {
        (name, size): draw(figure, fit, size=size)
        for name, figure in BY_NAME.items()
        for size in SIZES
    }


@pytest.mark.parametrize("name", BY_NAME)
def test_the_table_of_figures_is_true(name: str) -> None:
    figure = BY_NAME[name]
    function = figure.draw()
    assert figure.needs in NEEDS and figure.size in SIZES
    assert figure.sentence and not figure.sentence.endswith(".")
    assert "size" in keywords(function), "every figure takes a size"
    first = next(iter(inspect.signature(function).parameters.values()))
    assert first.kind is first.POSITIONAL_OR_KEYWORD
    if figure.numbers:
        assert callable(figure.data())


def test_names_are_unique_and_found() -> None:
    assert len(BY_NAME) == len(FIGURES)
    assert figurable("sroc").path.endswith("plot_sroc")
    with pytest.raises(OptionError, match=r"no figure 'sroce' \(did you mean 'sroc'\?\); there"):
        figurable("sroce")
    assert len(figures_text().splitlines()) == len(FIGURES)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", BY_NAME)
def test_texts_are_readable_at_every_size(
    drawn: dict[tuple[str, str], list[Figure]], name: str, size: str
) -> None:
    least = 7.0 * SIZES[size].factor
    for figure in drawn[name, size]:
        assert_readable(figure)
        assert min(text.get_fontsize() for text in visible_texts(figure)) >= least - 1e-9
        width = SIZES[size].width * SIZES[size].factor
        assert figure.get_figwidth() * 25.4 <= width + 0.1


def pairs() -> list[Any]:
    """Every figure with every nasty table, sizes in rotation.

    A quarter of the pairs of figures that refit or draw samples is in the default run.
    """
    found = []
    for i, name in enumerate(OF_STUDIES):
        for j, table in enumerate(NASTY):
            late = name not in ALWAYS and ((i + j) % 4 != 0 or table == "eighty")
            marks = [pytest.mark.slow] if late else []
            size = list(SIZES)[(i + j) % len(SIZES)]
            found.append(pytest.param(name, table, size, marks=marks, id=f"{name}-{table}-{size}"))
    return found


@pytest.mark.parametrize(("name", "table", "size"), pairs())
def test_nasty_tables_are_drawn_or_refused_with_a_reason(
    fits: Fits, name: str, table: str, size: str
) -> None:
    try:
        figures = draw(BY_NAME[name], fits[table], size=size)
    except MetadxError as error:
        assert name not in ALWAYS and len(str(error)) > 20
        return
    for figure in figures:
        assert_readable(figure)


def image(figure: Figure, dpi: int) -> np.ndarray:
    stream = BytesIO()
    with figure_style():
        figure.savefig(stream, format="png", dpi=dpi)
    stream.seek(0)
    return imread(stream)


#: Figures whose marks cover all kinds that others use; the others are in the slow tier.
ENLARGED = ("forest", "sroc", "crosshair", "quadas", "likelihood_ratios", "funnel")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in ENLARGED else [pytest.mark.slow])
        for name in OF_STUDIES
        if "pages" not in name
    ],
)
def test_a_slide_is_a_figure_enlarged_and_nothing_else(fits: Fits, name: str) -> None:
    """Twice the size at half the resolution is the same image."""
    from metadx.plots.enlarging import enlarge

    table = "fifteen" if name == "funnel" else "partial"  # it refuses fewer than ten studies
    (plain,) = draw(BY_NAME[name], fits[table])
    (large,) = draw(BY_NAME[name], fits[table])
    enlarge(large, 2.0)
    first, second = image(plain, 100), image(large, 50)
    assert first.shape == second.shape
    # Antialiasing of a line that snaps to another half pixel.
    assert (np.abs(first - second) > 0.3).mean() < 0.005


def contrast(one: str, other: tuple[float, float, float]) -> float:
    """Return the contrast ratio of WCAG 2.2."""
    light, dark = sorted((luminance(to_rgb(one)), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(rgb: tuple[float, float, float]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("name", BY_NAME)
def test_texts_stand_out_from_their_ground(
    drawn: dict[tuple[str, str], list[Figure]], name: str
) -> None:
    """At least 4.5 to 1, as WCAG asks for small text."""
    for figure in drawn[name, "two-column"]:
        texts = visible_texts(figure)
        renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
        figure.draw_without_rendering()
        boxes = [text.get_window_extent(renderer) for text in texts]
        colors = [text.get_color() for text in texts]
        for text in texts:
            text.set_alpha(0.0)
        pixels = image(figure, 100)
        height = pixels.shape[0]
        for text, box, color in zip(texts, boxes, colors, strict=True):
            x0, x1 = max(int(box.x0), 0), int(np.ceil(box.x1))
            y0, y1 = height - int(np.ceil(box.y1)), height - int(box.y0)
            ground = np.median(pixels[max(y0, 0) : y1, x0:x1, :3].reshape(-1, 3), axis=0)
            assert contrast(color, tuple(ground)) >= 4.5, (text.get_text(), color, ground)
