"""What a study is called in a figure."""

from __future__ import annotations

import pandas as pd

from metadx.tables.frames import cell_text

AUTHOR_NOT_STATED = "author not stated"


def author_year(author: str, year: str) -> str:
    """Join author and year as a citation has them, saying which of them is not known.

    Parameters
    ----------
    author : str
        Family name, or what stands for it; may be empty.
    year : str
        Four digits; may be empty.
    """
    if author and year:
        return f"{author} {year}"
    if author:
        return f"{author}, year not stated"
    return f"{AUTHOR_NOT_STATED}, {year}" if year else AUTHOR_NOT_STATED


def study_labels(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return a label for each row.

    Parameters
    ----------
    frame : DataFrame
        With ``first_author``, or else ``study`` or ``study_id``, and perhaps ``year``.

    Returns
    -------
    tuple of str
        Different studies that would share a label get the letters a, b, ... in the
        order of the rows; rows of one study share theirs.
    """
    if "first_author" in frame.columns:
        years = frame["year"] if "year" in frame.columns else [""] * len(frame)
        pairs = zip(frame["first_author"], years, strict=True)
        plain = [author_year(cell_text(author), cell_text(year)) for author, year in pairs]
    else:
        name = "study" if "study" in frame.columns else "study_id"
        plain = [cell_text(value) for value in frame[name]]
        return tuple(plain)
    studies = [cell_text(value) for value in frame["study_id"]]
    sharing: dict[str, list[str]] = {}
    for text, study in zip(plain, studies, strict=True):
        known = sharing.setdefault(text, [])
        if study not in known:
            known.append(study)
    return tuple(
        _lettered(text, sharing[text].index(study)) if len(sharing[text]) > 1 else text
        for text, study in zip(plain, studies, strict=True)
    )


def _lettered(text: str, position: int) -> str:
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return f"{text}{letters}" if text[-1].isdigit() else f"{text} ({letters})"
