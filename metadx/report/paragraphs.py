"""Methods and results paragraphs of a stratum, with their references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metadx.errors import OptionError
from metadx.models import BivariateResults
from metadx.report.documents import html, latex, word_bytes, word_document
from metadx.report.methods_paragraph import Said, methods_sentences
from metadx.report.methods_references import bibtex, cited, references
from metadx.report.results_paragraph import results_sentences
from metadx.tables import Reference, StudyTable, stratum_label


@dataclass(frozen=True)
class Paragraphs:
    """Two paragraphs, every sentence of which states what was done or found.

    Attributes
    ----------
    title : str
        The stratum in words.
    methods, results : tuple of Said
        Sentences with the keys that they cite.
    """

    title: str
    methods: tuple[Said, ...]
    results: tuple[Said, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the references, sorted, each once."""
        return tuple(sorted({key for one in (*self.methods, *self.results) for key in one.cites}))

    @property
    def references(self) -> dict[str, Reference]:
        """References by key."""
        return references(self.keys)

    def to_bibtex(self) -> str:
        """Return the references as BibTeX."""
        return bibtex(self.keys)

    def to_text(self) -> str:
        """Return both paragraphs and the references as text."""
        lines = [f"## Methods: {self.title}", "", _text(self.methods)]
        lines += ["", f"## Results: {self.title}", "", _text(self.results)]
        lines += ["", "## References", ""]
        return "\n".join([*lines, *(one.line() for one in self.references.values())]) + "\n"

    def to_html(self, fragment: bool = False) -> str:
        """Return a page, or the part of one (``fragment=True``)."""
        parts = (("Methods", _text(self.methods)), ("Results", _text(self.results)))
        lines = [one.line() for one in self.references.values()]
        return html(
            "paragraphs",
            f"Methods and results: {self.title}",
            fragment,
            parts=parts,
            lines=() if fragment else lines,
        )

    def to_latex(self) -> str:
        """Return both paragraphs in LaTeX, citing the keys of :meth:`to_bibtex`."""
        parts = []
        for name, said in (("Methods", self.methods), ("Results", self.results)):
            parts += [rf"\paragraph{{{name}}}", " ".join(_latex(one) for one in said)]
        return "\n".join(parts) + "\n"

    def to_docx(self) -> bytes:
        """Return a Word document."""
        document = word_document(f"Methods and results: {self.title}")
        for name, said in (("Methods", self.methods), ("Results", self.results)):
            document.add_heading(name, level=2)
            document.add_paragraph(_text(said))
        document.add_heading("References", level=2)
        for one in self.references.values():
            document.add_paragraph(one.line())
        return word_bytes(document)


def paragraphs(fit: BivariateResults, rows: StudyTable | None = None) -> Paragraphs:
    """Write the methods and results paragraphs of a fit.

    Parameters
    ----------
    fit : BivariateResults
        A fit without covariates.
    rows : StudyTable, optional
        All rows of the stratum, pooled or not, for the flow of studies; the pooled ones alone
        by default.

    Raises
    ------
    OptionError
        If the fit has covariates, or the rows do not hold those of the fit.
    """
    if not isinstance(fit, BivariateResults) or not fit.design.intercept_only:
        raise OptionError("paragraphs are written for a maximum-likelihood fit without covariates")
    every = fit.table if rows is None else rows
    ids = set(fit.table.stratum_ids())
    name = next(iter(ids)) if len(ids) == 1 else fit.table.name
    own = every.strata().get(name, every) if every.is_stratified else every
    if len(own.pooled()) < len(fit.table):
        raise OptionError(f"the rows do not hold the {len(fit.table)} that were pooled in {name}")
    return Paragraphs(
        stratum_label(name),
        tuple(methods_sentences(fit)),
        tuple(results_sentences(fit, own)),
    )


def _text(said: Sequence[Said]) -> str:
    return " ".join(f"{one.text[:-1]}{cited(one.cites)}." for one in said)


def _latex(said: Said) -> str:
    keys = rf"~\cite{{{','.join(said.cites)}}}" if said.cites else ""
    return f"{latex(said.text[:-1])}{keys}."
