"""Formulas as text: a page must not load a script from elsewhere to be read."""

from __future__ import annotations

from docutils import nodes


def add_plain_math(app) -> None:
    """Register the renderer ``plain``."""
    app.add_html_math_renderer("plain", (_inline, None), (_block, None))


def _inline(translator, node: nodes.math) -> None:
    translator.body.append(f'<code class="math">{translator.encode(node.astext())}</code>')
    raise nodes.SkipNode


def _block(translator, node: nodes.math_block) -> None:
    translator.body.append(f'<pre class="math">{translator.encode(node.astext())}</pre>')
    raise nodes.SkipNode
