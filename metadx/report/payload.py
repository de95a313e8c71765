"""What the page's script knows: rows, strata and words as JSON, nothing that the page lacks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from markupsafe import Markup

from metadx.plots.studies import MARGINS, study_proportions
from metadx.plots.style import looks_of
from metadx.report.catalogue import Words, catalogue, coded, stratum_words
from metadx.report.estimates import Interval, StratumRecord
from metadx.report.links import slug
from metadx.report.sections import row_anchor
from metadx.report.words import MODALITIES, POPULATIONS, SITES, order
from metadx.tables import StudyTable, codes
from metadx.tables.frames import cell_text

#: Columns by which rows can be chosen; the script offers what occurs.
FILTERS: Final = (
    "site", "modality", "population", "unit", "pool", "osteoporotic", "risk_of_bias",
)  # fmt: skip
#: Codes of the columns that filters use, in the order in which they are offered.
ORDER: Final[dict[str, tuple[str, ...]]] = {
    "site": SITES,
    "modality": MODALITIES,
    "population": POPULATIONS,
    "unit": tuple(code.code for code in codes.UNIT),
    "pool": tuple(code.code for code in codes.POOL),
    "osteoporotic": tuple(code.code for code in codes.PRESENCE),
    "risk_of_bias": ("low", "high", "unclear", "not_judged"),
}
#: Studies of both margins from which a stratum may be the one that is shown first.
SEVERAL: Final = 4
#: Digits of a probability that a drawing needs; tables keep every digit.
DIGITS: Final = 6


def payload(
    strata: Mapping[str, StudyTable],
    records: Sequence[StratumRecord],
    drawings: Mapping[str, Mapping[str, Any]],
    risk_of_bias: Mapping[tuple[str, str, str], str],
) -> dict[str, Any]:
    """Gather what the script draws and calculates with.

    Parameters
    ----------
    strata : mapping of str to StudyTable
        All rows of each stratum.
    records : sequence of StratumRecord
    drawings : mapping of str to mapping
        Lines of each stratum, from `metadx.report.drawing.drawing`.
    risk_of_bias : mapping of (study_id, modality, site) to str
        Overall judgements; a study without one is "not_judged".

    Returns
    -------
    dict
        Ready for JSON. Proportions and their Wilson intervals have six digits, pooled numbers
        all of them.
    """
    known = {r.stratum: r for r in records if not r.failure}
    rows = [row for name, table in strata.items() for row in _rows(name, table, risk_of_bias)]
    tests = sorted({row["modality"] for row in rows})
    first = sorted(known.values(), key=_interest)
    with_ratios = [r.stratum for r in first if r.calculator]
    return {
        "words": {key: {"en": en, "zh": zh} for key, (en, zh) in catalogue()["script"].items()},
        "labels": {name: {code: _both(coded(name, code)) for code in ORDER[name]}
                   for name in FILTERS if name != "risk_of_bias"}
        | {"risk_of_bias": _judgements()},
        "order": ORDER,
        "colors": {t: look.color for t, look in zip(tests, looks_of(tests), strict=True)},
        "rows": rows,
        "strata": {name: _stratum(known[name], drawings.get(name, {})) for name in known},
        "first": first[0].stratum if first else "",
        "first_ratios": with_ratios[0] if with_ratios else "",
    }  # fmt: skip


def _interest(record: StratumRecord) -> tuple[Any, ...]:
    """Sort key of what is shown first: the site and population of the question, most studies."""
    k = min(record.sensitivity.k, record.specificity.k)
    places = order(record.site, SITES), order(record.population, POPULATIONS)
    return k < SEVERAL, *places, -k, record.stratum


def as_script(data: Mapping[str, Any]) -> Markup:
    """Write JSON so that it can stand in a page: nothing in it can end the element."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(sign, code)
    return Markup(text)


def _both(words: Words) -> dict[str, str]:
    return {"en": words.en.unescape(), "zh": words.zh.unescape()}


def _judgements() -> dict[str, dict[str, str]]:
    words = catalogue()["script"]
    return {
        code: dict(zip(("en", "zh"), words[f"risk_of_bias.{code}"], strict=True))
        for code in ORDER["risk_of_bias"]
    }


def _rows(
    stratum: str, table: StudyTable, risk_of_bias: Mapping[tuple[str, str, str], str]
) -> list[dict[str, Any]]:
    shares = study_proportions(table).to_dict("records")
    found = []
    for i, (cells, share) in enumerate(zip(table.frame.to_dict("records"), shares, strict=True)):
        row: dict[str, Any] = {
            name: cell_text(cells[name]) if name in cells else "" for name in FILTERS
        }
        row["pool"] = row["pool"] or "yes"
        key = (cell_text(cells["study_id"]), row["modality"], row["site"])
        row["risk_of_bias"] = risk_of_bias.get(key, "not_judged")
        found.append(
            row
            | {
                "stratum": stratum,
                "anchor": row_anchor(slug(stratum), i),
                "name": str(share["label"]),
                "pooled": row["pool"] == "yes",
                "counts": [_whole(share[name]) for name in ("tp", "fp", "fn", "tn")],
                "n": sum(_whole(share[n]) or 0 for n in ("n_diseased", "n_nondiseased")),
                **{margin: _share(share, margin) for margin in MARGINS},
            }
        )
    return found


def _whole(value: Any) -> int | None:
    text = cell_text(value)
    return int(text) if text else None


def _share(share: Mapping[Any, Any], margin: str) -> list[float] | None:
    if not share[f"{margin}_method"]:
        return None
    return [round(float(share[margin + end]), DIGITS) for end in ("", "_low", "_high")]


def _stratum(record: StratumRecord, drawn: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": _both(stratum_words(record.stratum)),
        "anchor": slug(record.stratum),
        **{name: getattr(record, name) for name in ("site", "modality", "population", "unit", "k")},
        "model": record.model_sentence,
        **{name: _margin(record, name) for name in MARGINS},
        "drawn": drawn,
        "ratios": _ratios(record),
    }


def _ratios(record: StratumRecord) -> dict[str, Any] | None:
    """Numbers of the calculator; None where a margin is missing."""
    found = record.calculator
    if not found:
        return None
    sides = {}
    for side in ("positive", "negative"):
        ratio, ends = found[f"lr_{side}"], found[f"lr_{side}_prediction"]
        sides[side] = asdict(ratio) | {"prediction": _ends(ends, 1)}
    shares = {name: _ends(found[name], 0) for name in MARGINS}
    return {**sides, **shares, "source": record.calculator_source}


def _margin(record: StratumRecord, name: str) -> dict[str, list[float | None] | None]:
    margin = record.margin(name)
    return {"pooled": _ends(margin.pooled, 0), "prediction": _ends(margin.prediction, 1)}


def _ends(interval: Interval, start: int) -> list[float | None] | None:
    if not interval:
        return None
    return [interval.value, interval.low, interval.high][start:]
