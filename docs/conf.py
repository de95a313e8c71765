"""Settings of the documentation site; ``python docs/build.py`` builds it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from _tools import commands, gallery_page, python_reference  # noqa: E402
from _tools.kernel import prepare_kernel  # noqa: E402
from _tools.plain_math import add_plain_math  # noqa: E402

from metadx import __version__  # noqa: E402

project = "metadx"
author = "The metadx developers"
copyright = author
release = version = __version__

extensions = [
    "sphinx.ext.autodoc",
    "numpydoc",
    "myst_nb",
    "sphinx_design",
]
exclude_patterns = ["_build", "_tools", "gallery", "**/.ipynb_checkpoints"]
source_suffix = {".md": "myst-nb"}
needs_sphinx = "7.0"
smartquotes = False

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3
# A page that is new in how_to/ is in the list of contents before its line in the table is written.
suppress_warnings = ["toc.empty_glob"]
nb_execution_mode = "force"
nb_execution_show_tb = True
nb_execution_timeout = 300
nb_merge_streams = True
nb_ipywidgets_js = {}

autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = "metadx"
html_static_path = ["_static"]
html_css_files = ["metadx.css"]
html_math_renderer = "plain"
html_show_sourcelink = False
html_copy_source = False
html_context = {"default_mode": "auto"}
html_sidebars = {"tutorial": [], "index": []}
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "footer_start": ["copyright"],
    "footer_end": [],
}


def setup(app) -> None:
    """Write the generated pages, and make examples run where the studies are."""
    generated = HERE / "_generated"
    commands.write_page(generated / "commands.md")
    python_reference.write_pages(generated / "python")
    gallery_page.write_page(generated / "gallery.md")
    os.environ.update(prepare_kernel(generated / "kernel"))
    add_plain_math(app)
