"""The gallery as a page of the site: each figure with its caption and the script that draws it."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType

from _tools.commands import write_if_changed

HERE = Path(__file__).resolve().parents[1]
PAGE = """# Gallery

Every figure that `metadx figure --list` names, drawn by the script below it from the shipped
tables or from a published data set. `metadx figure NAME STRATUM --out FILE` draws any of them for a
stratum or for your own CSV. The judgements in the figures of QUADAS are made up to show the figure.

{items}
"""
ITEM = """## {name}

{caption}

::::{{container}} wide
```{{image}} {path}
:alt: {alt}
:width: 100%
```
::::

:::{{dropdown}} Script
```{{literalinclude}} {script}
:language: python
```
:::
"""


def write_page(path: Path) -> None:
    """Draw the figures that are older than their script, and write the page."""
    gallery = _gallery()
    items = []
    for script in gallery.scripts():
        module = _draw(gallery, script, path.parent / "gallery")
        caption = " ".join((inspect.getdoc(module) or "").split())
        items.append(
            ITEM.format(
                name=script.stem,
                caption=caption,
                alt=caption,
                path=f"gallery/{script.stem}.svg",
                script=f"../gallery/{script.name}",
            )
        )
    write_if_changed(path, PAGE.format(items="\n".join(items)))


def _gallery() -> ModuleType:
    source = HERE / "gallery" / "build.py"
    spec = importlib.util.spec_from_file_location("gallery_build", source)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["gallery_build"] = module
    spec.loader.exec_module(module)
    return module


def _draw(gallery: ModuleType, script: Path, folder: Path) -> ModuleType:
    """Draw one figure unless it is newer than its script and than the tool."""
    from metadx.plots import save_figure
    from metadx.report.figures import figures_of

    module = gallery.load(script)
    target = folder / f"{script.stem}.svg"
    if not target.is_file() or target.stat().st_mtime < _newest(script):
        save_figure(figures_of(module.figure())[0], folder / script.stem, ("svg",))
    return module


def _newest(script: Path) -> float:
    """Return when the script, the tool or the tables last changed."""
    root = HERE.parent
    sources = [script, *root.glob("metadx/**/*.py"), *root.glob("studies/**/*.csv")]
    return max(source.stat().st_mtime for source in sources)
