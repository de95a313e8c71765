"""The codebook, written from the schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from metadx.tables.codes import Code
from metadx.tables.files import write_text
from metadx.tables.input_columns import FILE_NAME, INPUT_COLUMNS
from metadx.tables.rulebook import RULES
from metadx.tables.schema import COLUMNS

_INTRODUCTION: Final = """\
# Codebook of the study tables

This page is written from the schema by `metadx codebook`; edit the schema, not the page.

* One file per imaging test and body site: `<modality>/<site>.csv`. One row per study, test, unit
  of counting, population and reader or threshold. Every column below stands in every file.
* UTF-8 with commas is what metadx writes. It also reads UTF-8 with a byte-order mark, UTF-16,
  GB18030 and Windows-1252, semicolons or tabs instead of commas, and decimal commas with those.
* What is not known stays empty. Nothing is guessed.
* A **stratum** is modality x site x unit x population. Only rows with `pool` = `yes` are pooled,
  only within their stratum: sensitivity has another meaning in another population or unit.
* A study that counted only people with the condition leaves `fp` and `tn` empty; it is evidence
  about sensitivity. One that counted only people without it leaves `tp` and `fn` empty.
* `removed.csv` keeps rows that repeat another row, with the same columns. `references.bib` holds
  the literature. `metadx check` applies every rule at the end of this page.
"""

_INPUTS: Final = (
    "What a strategy needs besides accuracy: prevalence, cost, dose, time, contraindication, harm.",
    "One row a number and source. A strategy names the rows that it uses; currencies are never",
    "converted, and costs of different years are named as such in every result. A row without an",
    "interval, without a number of patients and without a standard deviation is used without",
    "uncertainty, and the results say so.",
)


def codebook() -> str:
    """Return the codebook of the study tables as Markdown."""
    lines = [_INTRODUCTION, "## Columns", "", *_column_table(), "", "## Codes"]
    # Columns that share a code list share its table.
    for codes in dict.fromkeys(column.codes for column in COLUMNS if column.codes):
        lines += ["", *_code_table(codes)]
    lines += ["", "## Rules", "", *_table(("rule", "what it asks for"), RULES.items())]
    lines += ["", *_inputs()]
    return "\n".join(lines) + "\n"


def write_codebook(path: str | Path = "studies/CODEBOOK.md") -> bool:
    """Write the codebook where it differs from what is there.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    bool
        Whether it was written.
    """
    return write_text(Path(path), codebook())


def _column_table() -> Iterator[str]:
    head = ("column", "title", "type", "unit", "required", "description", "example")
    rows = (
        (
            f"`{column.name}`",
            column.title,
            column.kind.name,
            column.unit,
            "yes" if column.required else "",
            column.description,
            column.example,
        )
        for column in COLUMNS
    )
    return _table(head, rows)


def _code_table(codes: tuple[Code, ...]) -> Iterator[str]:
    names = [f"`{column.name}`" for column in COLUMNS if column.codes == codes]
    yield f"### {', '.join(names)}"
    yield ""
    rows = ((f"`{code.code}`", code.label, code.description) for code in codes)
    yield from _table(("code", "label", "meaning"), rows)


def _inputs() -> Iterator[str]:
    """Describe the inputs of strategies, which stand in one file of their own."""
    yield f"## Inputs of strategies: `{FILE_NAME}`"
    yield ""
    yield from _INPUTS
    yield ""
    head = ("column", "type", "required", "description")
    yield from _table(
        head,
        (
            (f"`{one.name}`", one.kind.name, "yes" if one.required else "", one.description)
            for one in INPUT_COLUMNS
        ),
    )
    for column in INPUT_COLUMNS:
        if column.codes:
            yield from ("", f"### `{FILE_NAME}`: `{column.name}`", "")
            rows = ((f"`{one.code}`", one.label, one.description) for one in column.codes)
            yield from _table(("code", "label", "meaning"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"
