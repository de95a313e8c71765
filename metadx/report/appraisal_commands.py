"""What the commands appraise, sof, paragraphs and prisma print or write."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from metadx.decision.preferred import preferred_strategy_hook
from metadx.decision.strategy import Strategy, find_strategy
from metadx.errors import MetadxWarning, OptionError
from metadx.inference.appraisal import Appraisal
from metadx.inference.appraisal import appraise as appraise_fit
from metadx.inference.headline import Followed
from metadx.models import BivariateModel, BivariateResults
from metadx.report.appraisal_record import appraisal_html, appraisal_record
from metadx.report.findings import Findings
from metadx.report.findings_output import judgements_of, table_of
from metadx.report.fit_record import find_table
from metadx.report.paragraphs import Paragraphs, paragraphs
from metadx.report.prevalences import known_inputs, site_findings
from metadx.report.prisma import PrismaChecklist, prisma
from metadx.tables import QuadasTable, StudyTable, read_quadas, read_studies
from metadx.tables.files import write_bytes
from metadx.tables.quadas import empty_quadas

#: Formats by the suffix of a file.
SUFFIXES: Final = {
    ".txt": "text", ".md": "text", ".html": "html", ".docx": "docx", ".tex": "latex",
    ".csv": "csv", ".json": "json",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Output:
    """Where a result goes.

    Attributes
    ----------
    format : str or None
        Name of a format; that of the file's suffix, or text, by default.
    file : Path or None
        Without, the result is printed.
    force : bool
        Whether an existing file may be replaced.
    """

    format: str | None = None
    file: Path | None = None
    force: bool = False

    def chosen(self, allowed: tuple[str, ...]) -> str:
        """Return the format.

        Raises
        ------
        OptionError
            If it is not one of those allowed, or a Word document has no file.
        """
        named = self.format
        if named is None:
            named = SUFFIXES.get(self.file.suffix.lower(), "text") if self.file else "text"
        if named not in allowed:
            raise OptionError(f"format is {named!r}; it is one of {', '.join(allowed)}")
        if named == "docx" and self.file is None:
            raise OptionError("a Word document needs a file, --out findings.docx")
        return named

    def deliver(self, makers: dict[str, Callable[[], str | bytes]]) -> str:
        """Make the result; write it, or return it to be printed.

        Raises
        ------
        OptionError
            If the file exists and may not be replaced.
        """
        make = makers[self.chosen(tuple(makers))]
        if self.file is not None and self.file.exists() and not self.force:
            raise OptionError(f"{self.file} exists already; --force replaces it")
        made = make()
        if self.file is None:
            return made if isinstance(made, str) else made.decode()
        write_bytes(self.file, made.encode() if isinstance(made, str) else made)
        return f"{self.file} written"


def appraisal_output(
    target: str,
    studies: Path,
    output: Output,
    pretest: float | None = None,
    seed: int = 1,
    strategy: tuple[str, Path] | None = None,
) -> str:
    """Appraise a stratum or a file.

    Parameters
    ----------
    target : str
        A stratum, or a file.
    studies : Path
        Folder of study tables.
    output : Output
        As text, JSON or HTML.
    pretest : float, optional
        Pretest probability of the post-test probabilities.
    seed : int
        Seed of everything that is simulated.
    strategy : tuple of str and Path, optional
        Name of a strategy file and the folder that holds ``strategies/``: the preferred
        strategy is followed when a study is left out.
    """
    with _quiet():
        fit = _fitted(target, studies)[0]
        also = _preferred(fit, studies, *strategy) if strategy else None
        appraisal: Appraisal = appraise_fit(fit, pretest, seed, _judgements(studies), also)
        return output.deliver({
            "text": appraisal.summary,
            "json": lambda: _json(appraisal_record(appraisal)),
            "html": lambda: appraisal_html(appraisal),
        })  # fmt: skip


def findings_output(
    target: str,
    studies: Path,
    output: Output,
    prevalences: tuple[float, ...] = (),
    seed: int = 1,
    source: str | None = None,
) -> str:
    """Make the summary of findings of a stratum or a file.

    Parameters
    ----------
    target, studies, output
        As for `appraisal_output`; as text, HTML, Word, LaTeX or CSV.
    prevalences : tuple of float
        One to three; without, those that are known of the site.
    seed, source
        See `metadx.report.findings.findings`.
    """
    with _quiet():
        fit = _fitted(target, studies)[0]
        found = site_findings(
            fit, known_inputs(studies), prevalences, _judgements(studies), seed, source
        )
        return output.deliver({
            "text": lambda: findings_text(found),
            "html": found.to_html,
            "docx": found.to_docx,
            "latex": found.to_latex,
            "csv": found.to_csv,
        })  # fmt: skip


def paragraphs_output(
    target: str, studies: Path, output: Output, bibliography: Path | None = None
) -> str:
    """Write methods and results paragraphs of a stratum or a file.

    Parameters
    ----------
    target, studies, output
        As for `appraisal_output`; as text, HTML, Word or LaTeX.
    bibliography : Path, optional
        BibTeX file of the references.
    """
    with _quiet():
        fit, rows = _fitted(target, studies)
        made: Paragraphs = paragraphs(fit, rows)
        told = output.deliver({
            "text": made.to_text,
            "html": made.to_html,
            "docx": made.to_docx,
            "latex": made.to_latex,
        })  # fmt: skip
        if bibliography is None:
            return told
        beside = Output("bibtex", bibliography, output.force)
        return f"{told}\n{beside.deliver({'bibtex': made.to_bibtex})}"


def prisma_output(target: str | None, studies: Path, output: Output) -> str:
    """Fill the PRISMA-DTA checklist of a stratum, a file, or all study tables.

    Parameters
    ----------
    target : str or None
        None for all tables.
    studies, output
        As for `appraisal_output`; as text, HTML, Word or CSV.
    """
    with _quiet():
        made: Paragraphs | None = None
        if target is None:
            rows = read_studies(studies)
        else:
            fit, rows = _fitted(target, studies)
            made = paragraphs(fit, rows)
        checklist: PrismaChecklist = prisma(rows, _judgements(studies), made)
        return output.deliver({
            "text": lambda: prisma_text(checklist),
            "html": checklist.to_html,
            "docx": checklist.to_docx,
            "csv": checklist.to_csv,
        })  # fmt: skip


def findings_text(found: Findings) -> str:
    """Write a summary of findings for the terminal."""
    lines = [f"Summary of findings: {found.title}", ""]
    lines += [f"{word}: {text}" for word, text in found.facts]
    header, rows = table_of(found)
    for row in rows:
        lines += ["", row[0]]
        lines += [f"  {name}: {cell}" for name, cell in zip(header[1:], row[1:], strict=True)
                  if cell]  # fmt: skip
    header, rows = judgements_of(found)
    for row in rows:
        lines += ["", row[0]]
        lines += [f"  {name}: {cell}" for name, cell in zip(header[1:], row[1:], strict=True)]
    return "\n".join([*lines, "", *found.notes])


def prisma_text(checklist: PrismaChecklist) -> str:
    """Write the checklist for the terminal."""
    lines = [f"PRISMA-DTA: {checklist.title}", ""]
    for number, section, topic, status, text in checklist.cells():
        lines.append(f"{number:>3}  {section}: {topic} [{status}]")
        lines += [f"     {text}"] if text else []
    return "\n".join([*lines, "", checklist.note])


def _fitted(target: str, studies: Path) -> tuple[BivariateResults, StudyTable]:
    """Fit a target; return all rows of its stratum beside the fit."""
    table = find_table(target, studies)
    fit = BivariateModel(table).fit()
    assert isinstance(fit, BivariateResults)
    ids = set(fit.table.stratum_ids())
    rows = table.strata().get(next(iter(ids)), table) if len(ids) == 1 else table
    return fit, rows


def _preferred(
    fit: BivariateResults, studies: Path, name: str, folder: Path
) -> dict[str, Followed]:
    """Follow the strategy that a file prefers with the fit's stratum."""
    if not fit.table.is_stratified:
        raise OptionError(f"{fit.table.name} has no stratum that a strategy could use")
    strategies = Strategy.from_file(find_strategy(name, folder), studies)
    return {
        f"preferred strategy of {name}": preferred_strategy_hook(strategies, fit.table.stratum_id)
    }


def _judgements(studies: Path) -> QuadasTable:
    return read_quadas(studies) if studies.is_dir() else empty_quadas()


def _json(record: object) -> str:
    return json.dumps(record, indent=2, allow_nan=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to the result what a fit warns of; the terminal does not repeat it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        yield
