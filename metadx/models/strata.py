"""Which stratum of a table is pooled when the table holds several."""

from __future__ import annotations

import re
from typing import cast

from metadx.tables import StudyTable

#: Columns that change what sensitivity and specificity mean.
STRATUM_COLUMNS = ("modality", "site", "unit", "population")


def with_counts(table: StudyTable) -> tuple[StudyTable, list[str]]:
    """Leave out rows that report neither margin, with a sentence that names them."""
    if table.arrays().totals.any(axis=1).all():
        return table, []
    usable = table.usable
    kept = set(usable.frame["study_id"])
    left = [label for study, label in zip(table.frame["study_id"], table.labels, strict=True)
            if study not in kept]  # fmt: skip
    return usable, [f"{table.name}: no counts are given for {', '.join(left)}; left out"]


def one_stratum(table: StudyTable, formulas: str) -> tuple[StudyTable, list[str]]:
    """Keep the largest stratum of a table; columns used in `formulas` may vary inside it.

    Parameters
    ----------
    table : StudyTable
        Pooled rows.
    formulas : str
        Formulas and group column of the model.

    Returns
    -------
    table : StudyTable
        Rows of one stratum; the table itself where it holds only one or knows no strata.
    notes : list of str
        One sentence if rows were left out.
    """
    if not table.is_stratified or not len(table):
        return table, []
    used = set(re.findall(r"\w+", formulas))
    fixed = [column for column in STRATUM_COLUMNS if column not in used]
    if len(set(zip(*map(table.texts, fixed), strict=True))) < 2:
        return table, []
    frame = table.frame
    frame["key"] = list(frame[fixed].astype(str).itertuples(index=False, name=None))
    frame["is_complete"] = frame[["tp", "fp"]].notna().all(axis=1)
    ranked: list[tuple[int, int, bool, tuple[str, ...]]] = []
    for name, group in frame.groupby("key", sort=True):
        key = tuple(str(part) for part in cast(tuple[object, ...], name))
        complete = int(group["is_complete"].sum())
        ranked.append((-group["study_id"].nunique(), -complete, "patient" not in key, key))
    ranked.sort()
    largest, *others = [("/".join(key), -size, key) for size, _, _, key in ranked]
    kept = table.select(**dict(zip(fixed, largest[2], strict=True)))
    left = ", ".join(f"{name} ({size})" for name, size, _ in others)
    note = (
        f"{table.name} holds several strata, in which sensitivity means different things; "
        f"pooled is {largest[0]} ({largest[1]} studies), left out are {left}"
    )
    return kept, [note]
