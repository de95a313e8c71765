"""Where every extracted row went: removed, excluded and why, or pooled."""

from __future__ import annotations

from collections import Counter
from typing import Final

import pandas as pd

from metadx.tables.schema import label, stratum_label
from metadx.tables.table import StudyTable

#: Name of the last row of a flow: the sum over all strata.
TOTAL: Final = "total"
_DOUBLE: Final = "double_entry"
_UNSTATED: Final = "unstated"
_COUNTED: Final = (
    "extracted",
    "removed",
    "excluded",
    "pooled",
    "complete",
    "sens_only",
    "spec_only",
)


def flow(table: StudyTable) -> pd.DataFrame:
    """Count the rows of a table by what became of them.

    Parameters
    ----------
    table : StudyTable
        As read; a table without the column pool is pooled whole.

    Returns
    -------
    DataFrame
        A row per stratum, sorted, and a last one ``"total"``. Columns: stratum;
        headline (True for the main stratum of its modality and site); extracted
        = removed (double entries) + excluded + pooled; one column
        ``excluded_<reason>`` for each reason that occurs; pooled = complete +
        sens_only + spec_only.
    """
    headlines = set(headline_strata(table).values())
    records = []
    for name, stratum in table.strata().items():
        records.append({"stratum": name, "headline": name in headlines, **_tally(stratum)})
    reasons = sorted({key for record in records for key in record if key.startswith("excluded_")})
    columns = ["stratum", "headline", *_COUNTED[:3], *reasons, *_COUNTED[3:]]
    frame = pd.DataFrame(records, columns=columns)
    counted = [*_COUNTED, *reasons]
    frame[counted] = frame[counted].fillna(0).astype("int64")
    total = {"stratum": TOTAL, "headline": False, **frame[counted].sum().to_dict()}
    return pd.concat([frame, pd.DataFrame([total])[columns]], ignore_index=True)


def _tally(stratum: StudyTable) -> dict[str, int]:
    pooled = stratum.pooled()
    frame = stratum.frame
    excluded: Counter[str] = Counter()
    if "pool" in stratum.columns:
        left_out = frame[frame["pool"].ne("yes")]
        reasons = left_out["pool_reason"] if "pool_reason" in left_out else [""] * len(left_out)
        excluded.update(str(reason) or _UNSTATED for reason in reasons)
    removed = excluded.pop(_DOUBLE, 0)
    return {
        "extracted": len(stratum),
        "removed": removed,
        "excluded": excluded.total(),
        **{f"excluded_{reason}": count for reason, count in excluded.items()},
        "pooled": len(pooled),
        "complete": len(pooled.complete),
        "sens_only": len(pooled.sens_only),
        "spec_only": len(pooled.spec_only),
    }


def headline_strata(table: StudyTable) -> dict[str, str]:
    """Choose the main stratum of each modality and site.

    It is the one with the most pooled studies; among equals the one with more
    complete studies, then with more people, then the one per patient, then the first
    by name.

    Parameters
    ----------
    table : StudyTable

    Returns
    -------
    dict of str to str
        Stratum identifier by ``"modality/site"``, only where something is pooled. A
        table without strata is its own headline.
    """
    best: dict[str, tuple[tuple[int, int, int, bool], str]] = {}
    for name, stratum in table.strata().items():
        pooled = stratum.pooled()
        if not len(pooled):
            continue
        parts = name.split("/") if table.is_stratified else [name]
        rank = (
            len(pooled),
            len(pooled.complete),
            int(pooled.arrays().totals.sum()),
            parts[2:3] == ["patient"],
        )
        place = "/".join(parts[:2])
        if place not in best or rank > best[place][0]:
            best[place] = (rank, name)
    return {place: name for place, (_, name) in best.items()}


def flow_text(table: StudyTable) -> str:
    """Write the flow of rows for the terminal: the sum first, then every stratum."""
    frame = flow(table)
    total = frame.iloc[-1]
    lines = [_line("rows extracted", total["extracted"])]
    lines.append(_line("  removed, double entry", total["removed"]))
    lines.append(_line("  excluded", total["excluded"]))
    reasons = [str(name) for name in frame.columns if str(name).startswith("excluded_")]
    for name in sorted(reasons, key=lambda name: -int(total[name])):
        lines.append(_line(f"    {_reason(name)}", total[name]))
    lines.append(_line("  pooled", total["pooled"]))
    words = {
        "complete": "complete",
        "sens_only": "sensitivity only",
        "spec_only": "specificity only",
    }
    lines += [_line(f"    {text}", total[name]) for name, text in words.items()]
    lines += ["", "by stratum (* = headline of its test and site)"]
    for row in frame.iloc[:-1].to_dict("records"):
        mark = "*" if row["headline"] else " "
        lines.append(f"{mark} {row['stratum']}: {stratum_label(row['stratum'])}")
        parts = [f"{row['extracted']} extracted"]
        parts += [f"{row['removed']} removed"] if row["removed"] else []
        parts += [f"{row[name]} excluded ({_reason(name)})" for name in reasons if row[name]]
        kinds = ", ".join(f"{row[name]} {text}" for name, text in words.items() if row[name])
        parts.append(f"{row['pooled']} pooled" + (f" ({kinds})" if kinds else ""))
        lines.append(f"    {', '.join(parts)}")
    return "\n".join(lines) + "\n"


def _line(words: str, count: int) -> str:
    return f"{words:<32}{count:>6}"


def _reason(name: str) -> str:
    return label("pool_reason", name.removeprefix("excluded_"))
