"""Every figure has a page in the gallery, and every script of the gallery draws."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from drawn import assert_readable

from metadx.plots import MissingFontWarning
from metadx.plots.registry import FIGURES
from metadx.report.figures import figures_of

GALLERY = Path(__file__).parents[2] / "docs" / "gallery"
SCRIPTS = sorted(path for path in GALLERY.glob("*.py") if path.stem not in ("build", "data"))


@pytest.fixture(scope="module")
def gallery() -> Iterator[ModuleType]:
    """The builder; its folder holds the data that all scripts share."""
    spec = importlib.util.spec_from_file_location("gallery_build", GALLERY / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(GALLERY))
    sys.modules.pop("data", None)


def test_every_figure_has_a_script() -> None:
    names = {path.stem for path in SCRIPTS}
    assert {figure.name for figure in FIGURES} <= names


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_is_short_and_draws(gallery: ModuleType, path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 30
    module = gallery.load(path)
    assert module.__doc__ and module.__doc__.endswith(".")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingFontWarning)
        for figure in figures_of(module.figure()):
            assert_readable(figure)


def test_the_page_shows_a_thumbnail_of_each(
    gallery: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [path for path in SCRIPTS if path.stem in ("sroc", "quadas_bars")]
    monkeypatch.setattr(gallery, "scripts", lambda: few)
    page = gallery.build(tmp_path).read_text(encoding="utf-8")
    for path in few:
        assert (tmp_path / f"{path.stem}.svg").is_file()
        assert f'id="{path.stem}"' in page
    assert page.count("data:image/png;base64,") == len(few)
