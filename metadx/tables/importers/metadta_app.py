"""The column by which MetaDTA (web application) tells studies apart."""

from __future__ import annotations

from typing import Final

import pandas as pd

from metadx.tables.frames import cell_text
from metadx.tables.labels import study_labels

#: Where an export keeps a column ``author`` that is not unique.
GIVEN: Final = "author_given"


def unique_authors(frame: pd.DataFrame) -> tuple[list[str], bool]:
    """Name each row as MetaDTA asks: by its author, who has to be unique.

    Parameters
    ----------
    frame : DataFrame
        Under our names.

    Returns
    -------
    authors : list of str
        First authors where no two rows share one, else the labels of the studies, numbered
        where rows share one.
    are_authors : bool
        Which of the two it is.
    """
    if "first_author" in frame.columns:
        authors = [cell_text(author) for author in frame["first_author"]]
        if all(authors) and len(set(authors)) == len(authors):
            return authors, True
    labels = list(study_labels(frame))
    seen: dict[str, int] = {}
    unique = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        unique.append(f"{label} ({seen[label]})" if labels.count(label) > 1 else label)
    return unique, False


def without_made_columns(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Drop what an export to MetaDTA added: an author and a year that say nothing new.

    Parameters
    ----------
    frame : DataFrame
        A table of MetaDTA in which a column of its own names the study.

    Returns
    -------
    frame : DataFrame
    notes : tuple of str
        What was dropped.
    """
    plain, notes = frame, []
    if "year" in plain and "first_author" not in plain and plain["year"].isna().all():
        plain = plain.drop(columns="year")
        notes.append("the column year is empty and was left out")
    if "author" in plain:
        rest = plain.drop(columns="author")
        if unique_authors(rest)[0] == [cell_text(author) for author in plain["author"]]:
            plain = rest
            notes.append("the column author only repeats the study's name and was left out")
    if GIVEN in plain and "author" not in plain:
        plain = plain.rename(columns={GIVEN: "author"})
    return plain, tuple(notes)
