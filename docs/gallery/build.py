"""Build the gallery, one figure a script: ``python docs/gallery/build.py``.

Each script beside this file defines ``figure()``; its docstring is the caption. The page with
thumbnails and the SVG files go into ``docs/gallery/_build``.
"""

from __future__ import annotations

import base64
import html
import importlib.util
import inspect
import sys
import time
from io import BytesIO
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
OUT = HERE / "_build"
#: Resolution of a thumbnail (dots per inch).
THUMBNAIL = 50
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>metadx: gallery of figures</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1.5rem }}
figure {{ margin: 0; border: 1px solid #ccc; border-radius: 4px; padding: .75rem }}
figure img {{ width: 100%; height: 16rem; object-fit: contain; object-position: top }}
figcaption {{ font-size: .9rem }} pre {{ overflow: auto; background: #f6f6f6; padding: .5rem }}
</style></head><body><h1>Gallery of figures</h1>
<p>Every figure that <code>metadx figure --list</code> names. Click for the whole figure.</p>
<main>{items}</main></body></html>
"""
ITEM = """<figure id="{name}"><a href="{name}.svg"><img alt="{caption}" src="{image}"></a>
<figcaption><b>{name}</b><br>{caption}
<details><summary>Script</summary><pre>{script}</pre></details></figcaption></figure>
"""


def scripts() -> list[Path]:
    """Return the scripts of the gallery, sorted by name."""
    return sorted(path for path in HERE.glob("*.py") if path.stem not in ("build", "data"))


def load(path: Path) -> ModuleType:
    """Import a script by its path."""
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    spec = importlib.util.spec_from_file_location(f"gallery_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build(out: Path = OUT) -> Path:
    """Draw every figure and write the page; return its path."""
    from metadx.plots import figure_style, save_figure
    from metadx.report.figures import figures_of

    items = []
    for path in scripts():
        started = time.perf_counter()
        module = load(path)
        first = figures_of(module.figure())[0]
        save_figure(first, out / path.stem, ("svg",))
        thumbnail = BytesIO()
        with figure_style():
            first.savefig(thumbnail, format="png", dpi=THUMBNAIL)
        image = base64.b64encode(thumbnail.getvalue()).decode()
        items.append(
            ITEM.format(
                name=path.stem,
                caption=html.escape(inspect.getdoc(module) or ""),
                image=f"data:image/png;base64,{image}",
                script=html.escape(path.read_text(encoding="utf-8")),
            )
        )
        print(f"{path.stem:<20} {time.perf_counter() - started:5.1f} s")
    page = out / "index.html"
    page.write_text(PAGE.format(items="".join(items)), encoding="utf-8")
    return page


if __name__ == "__main__":
    print(build())
