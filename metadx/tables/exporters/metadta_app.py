"""MetaDTA (web application): author, year, TP, FN, FP, TN, then seven columns of QUADAS-2.

The author has to be unique and the rows sorted by author; QUADAS-2 judgements are 1, 2 and
3 for low, high and unclear. Everything after the 13th column is a covariate to MetaDTA.
"""

from __future__ import annotations

import pandas as pd

from metadx.tables.exporters.sheet import Sheet, incomplete_rows, ordered
from metadx.tables.frames import cell_text
from metadx.tables.importers.columns import METADTA_ITEMS
from metadx.tables.importers.metadta_app import GIVEN, unique_authors

_COUNTS = {"tp": "TP", "fn": "FN", "fp": "FP", "tn": "TN"}


def metadta_app(frame: pd.DataFrame) -> Sheet:
    """Put the columns into the places where MetaDTA looks for them."""
    plain = frame.copy()
    notes = incomplete_rows(frame, "MetaDTA")
    own = [cell_text(author) for author in plain["author"]] if "author" in plain else []
    columns = dict(_COUNTS)
    if not own or len(set(own)) < len(own):
        if own:
            plain = plain.rename(columns={"author": GIVEN})
            columns["author"] = GIVEN
        authors, are_authors = unique_authors(frame)
        plain["author"] = authors
        if not are_authors:
            notes = (*notes, "the author has to be unique; the column holds the study's label")
    if "year" not in plain:
        plain["year"] = ""
        notes = (*notes, "the table has no years; the column year is empty")
    items = METADTA_ITEMS if set(METADTA_ITEMS) <= set(plain.columns) else ()
    first = {name: _COUNTS.get(name, name) for name in ("author", "year", *_COUNTS, *items)}
    made = ordered(plain, first).frame
    by_author = made.sort_values("author", kind="stable", key=lambda s: s.map(cell_text))
    if not by_author.index.equals(made.index):
        notes = (*notes, "the rows were sorted by author, as MetaDTA asks")
    return Sheet(by_author.reset_index(drop=True), columns, notes)
