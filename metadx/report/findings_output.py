"""The summary of findings as HTML, LaTeX, CSV and a Word document."""

from __future__ import annotations

from collections.abc import Sequence

from metadx.estimate import Estimate, NotApplicable
from metadx.report.documents import html, latex, word_bytes, word_document, word_table
from metadx.report.estimates import Cell
from metadx.report.findings import Findings, Outcome
from metadx.report.judgements import GRADE_DOMAINS, OPEN, studies
from metadx.report.output import csv_text

CSV_COLUMNS = (
    "outcome", "prevalence", "total", "count", "low", "high", "new_low", "new_high", "margin",
    "margin_value", "margin_low", "margin_high", "k", "n",
    *(code for code, _ in GRADE_DOMAINS), *(f"{code}_decision" for code, _ in GRADE_DOMAINS),
    "certainty", "source", "model", "reason",
)  # fmt: skip


def table_of(found: Findings) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the table of numbers, as text."""
    header = ["Outcome"]
    header += [f"Per {found.total:,} at {one}" for one in found.prevalences]
    header += ["Studies, n", "Certainty"]
    rows = []
    for outcome in found.outcomes:
        margin = found.margins[outcome.margin]
        counted = f"{studies(margin.k)}, n = {margin.n:,}" if margin.k else "no study"
        rows.append([f"{outcome.label} ({outcome.margin})", *_counts(outcome), counted, OPEN])
    empty = [""] * len(found.prevalences)
    rows.append(["Inconclusive results", *empty, found.inconclusive, ""])
    return header, rows


def judgements_of(found: Findings) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the table of domains, as text."""
    header = ["", *(words for _, words in GRADE_DOMAINS), "Certainty"]
    rows = []
    for name, domains in found.domains.items():
        margin = found.margins[name]
        head = name.capitalize()
        if isinstance(margin.estimate, Estimate):
            kind = "posterior median" if found.source == "posterior" else found.source
            head += f" {margin.estimate.format(2)}, {kind}"
        cells = [f"{one.evidence} Judgement: {one.decision}." for one in domains]
        rows.append([head, *cells, f"{OPEN.capitalize()}."])
    return header, rows


def _counts(outcome: Outcome) -> list[str]:
    pairs = zip(outcome.counts, outcome.new_setting, strict=True)
    return [_count(count, new) for count, new in pairs]


def _count(count: Estimate | NotApplicable, new: Estimate | NotApplicable) -> str:
    """Write ``"94 (89 to 97); new 80 to 99"``, or why there is no number."""
    if isinstance(count, NotApplicable):
        return f"not estimable: {count.reason}"
    text = f"{count.value:,.0f} ({count.low:,.0f} to {count.high:,.0f})"
    if isinstance(new, Estimate):
        text += f"; new {new.low:,.0f} to {new.high:,.0f}"
    return text


def findings_html(found: Findings, fragment: bool) -> str:
    """Write the tables as HTML."""
    header, rows = table_of(found)
    judgement_header, judgement_rows = judgements_of(found)
    return html(
        "findings",
        f"Summary of findings: {found.title}",
        fragment,
        found=found,
        header=header,
        rows=rows,
        judgement_header=judgement_header,
        judgement_rows=judgement_rows,
    )


def findings_docx(found: Findings) -> bytes:
    """Write the tables as a Word document."""
    document = word_document(f"Summary of findings: {found.title}", landscape=True)
    document.add_paragraph(" ".join(f"{word}: {text.rstrip('.')}." for word, text in found.facts))
    for table in (table_of(found), judgements_of(found)):
        word_table(document, *table)
        document.add_paragraph()
    for text in found.notes:
        document.add_paragraph(text)
    return word_bytes(document)


def findings_latex(found: Findings) -> str:
    """Write the tables in LaTeX; they need the package booktabs."""
    parts = [
        _latex_table(f"Summary of findings: {found.title}", *table_of(found)),
        _latex_table("What the data say, for people to judge", *judgements_of(found)),
    ]
    facts = " ".join(f"{word}: {text.rstrip('.')}." for word, text in found.facts)
    notes = [r"\par\footnotesize " + latex(text) for text in (facts, *found.notes)]
    return "\n\n".join([*parts, "\n".join(notes)]) + "\n"


def _latex_table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    share = 0.96 / len(header)
    columns = rf"*{{{len(header)}}}{{p{{{share:.3f}\linewidth}}}}"
    lines = [" & ".join(latex(cell) for cell in row) + r" \\" for row in rows]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{latex(caption)}}}",
            rf"\footnotesize\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            " & ".join(rf"\textbf{{{latex(cell)}}}" for cell in header) + r" \\",
            r"\midrule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )


def findings_csv(found: Findings) -> str:
    """Write one row for each outcome and prevalence."""
    rows: list[dict[str, Cell]] = []
    for outcome in found.outcomes:
        for prevalence, count, new in zip(
            found.prevalences, outcome.counts, outcome.new_setting, strict=True
        ):
            rows.append(_csv_row(found, outcome, prevalence, count, new))
    blank: dict[str, Cell] = dict.fromkeys(CSV_COLUMNS)
    rows.append(blank | {"outcome": "Inconclusive results", "reason": found.inconclusive})
    return csv_text(rows, CSV_COLUMNS)


def _csv_row(
    found: Findings,
    outcome: Outcome,
    prevalence: str,
    count: Estimate | NotApplicable,
    new: Estimate | NotApplicable,
) -> dict[str, Cell]:
    row: dict[str, Cell] = dict.fromkeys(CSV_COLUMNS)
    margin = found.margins[outcome.margin]
    row |= {
        "outcome": outcome.label,
        "prevalence": prevalence,
        "total": found.total,
        "margin": outcome.margin,
        "k": margin.k,
        "n": margin.n,
        "certainty": OPEN,
        "source": found.source,
        "model": found.model,
    }
    if isinstance(count, Estimate):
        row |= {"count": round(count.value), "low": round(count.low), "high": round(count.high)}
    else:
        row["reason"] = f"not estimable: {count.reason}"
    if isinstance(new, Estimate):
        row |= {"new_low": round(new.low), "new_high": round(new.high)}
    if isinstance(margin.estimate, Estimate):
        own = margin.estimate
        row |= {"margin_value": own.value, "margin_low": own.low, "margin_high": own.high}
    for one in found.domains[outcome.margin]:
        row |= {one.domain: one.evidence, f"{one.domain}_decision": one.decision}
    return row
