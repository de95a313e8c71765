"""metandi, metadta and midas (Stata): studyid, tp, fp, fn, tn.

metadta does not take variable names with underscores; Stata takes letters and digits, 32 at
most, a letter first.
"""

from __future__ import annotations

import re
from typing import Final

import pandas as pd

from metadx.tables.exporters.sheet import Sheet, incomplete_rows, ordered
from metadx.tables.importers.columns import known_name

_LONGEST: Final = 32


def stata(frame: pd.DataFrame) -> Sheet:
    """Name the columns so that all three programs of Stata take them."""
    taken: set[str] = set()
    names: dict[str, str] = {}
    for name in ("study_id", "tp", "fp", "fn", "tn", *frame.columns):
        if name not in names:
            names[name] = _variable(name, taken)
    sheet = ordered(frame, {**{n: names[n] for n in ("study_id", "tp", "fp", "fn", "tn")}, **names})
    changed = [f"{ours} as {new}" for ours, new in names.items()
               if ours != new and known_name(new) != ours]  # fmt: skip
    notes = incomplete_rows(frame, "metandi")
    if changed:
        notes = (*notes, f"names that Stata does not take were changed: {', '.join(changed)}")
    return Sheet(sheet.frame, sheet.columns, notes)


def _variable(name: str, taken: set[str]) -> str:
    plain = re.sub(r"[^A-Za-z0-9]", "", name) or "column"
    plain = (plain if plain[0].isalpha() else f"v{plain}")[:_LONGEST]
    unique, number = plain, 1
    while unique in taken:
        number += 1
        unique = f"{plain[: _LONGEST - len(str(number))]}{number}"
    taken.add(unique)
    return unique
