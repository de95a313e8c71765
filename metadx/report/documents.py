"""What the generated documents share: a template environment, LaTeX text, Word tables."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from metadx._version import __version__

if TYPE_CHECKING:
    from docx.document import Document

_LATEX: Final = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}
#: Font size of tables in Word (points).
TABLE_SIZE: Final = 8.0


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the environment of the templates for documents."""
    made = Environment(
        loader=PackageLoader("metadx.report", "templates/appraisal"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["version"] = __version__
    return made


def html(template: str, title: str, fragment: bool, **values: Any) -> str:
    """Fill a template, as the part of a page or as a page of its own.

    Parameters
    ----------
    template : str
        Name without suffix.
    title : str
        Title of the page.
    fragment : bool
        Whether only the part is wanted.
    **values
        What the template needs.
    """
    part = environment().get_template(f"{template}.html.j2").render(**values)
    if fragment:
        return part
    return environment().get_template("page.html.j2").render(title=title, part=part)


def latex(text: str) -> str:
    """Write a text so that LaTeX prints it as it stands."""
    return "".join(_LATEX.get(char, char) for char in text)


def word_document(title: str, landscape: bool = False) -> Document:
    """Start a Word document of A4 pages with a title.

    Parameters
    ----------
    title : str
        Heading, and title of the file.
    landscape : bool
        Whether the pages lie on their side.
    """
    import docx
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm

    document = docx.Document()
    section = document.sections[0]
    sides = (Mm(297), Mm(210)) if landscape else (Mm(210), Mm(297))
    section.page_width, section.page_height = sides
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.left_margin = section.right_margin = Mm(18)
    document.core_properties.title = title
    document.core_properties.author = f"metadx {__version__}"
    document.add_heading(title, level=1)
    return document


def word_table(document: Document, header: Sequence[str], body: Sequence[Sequence[str]]) -> None:
    """Add a table whose header repeats on every page."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt

    table = document.add_table(rows=1, cols=len(header), style="Table Grid")
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(repeat)
    for line in (header, *body):
        cells = table.rows[0].cells if line is header else table.add_row().cells
        for cell, text in zip(cells, line, strict=True):
            run = cell.paragraphs[0].add_run(text)
            run.font.size = Pt(TABLE_SIZE)
            run.bold = line is header


def word_bytes(document: Document) -> bytes:
    """Return the file of a document, the same bytes for the same content."""
    from datetime import UTC, datetime

    # A date of today would make two runs on the same tables differ.
    document.core_properties.created = document.core_properties.modified = datetime(
        2000, 1, 1, tzinfo=UTC
    )
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()
