"""The page: one self-contained file with everything a reader needs."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from metadx._version import __version__
from metadx.errors import OptionError
from metadx.report import catalogue, certainty, claims, claims_words, numbers, words
from metadx.report.answers import answers
from metadx.report.claims import ClaimResult
from metadx.report.estimates import COLUMNS, MARGINS, StratumRecord, row_of
from metadx.report.evidence import SHADES, evidence_maps
from metadx.report.fragments import references_html
from metadx.report.images import data_uri, small_svg
from metadx.report.links import slug
from metadx.report.output import csv_text
from metadx.report.payload import FILTERS, as_script, payload
from metadx.report.prisma import prisma
from metadx.report.sections import sections
from metadx.report.strategies import PRETEST_PERCENT, StrategyRecord, strategies_for_page
from metadx.tables import StudyTable, flow
from metadx.tables.flow import TOTAL
from metadx.tables.frames import cell_text
from metadx.tables.quadas import QuadasTable, empty_quadas, with_quadas

#: Parts of a stratum that come as markup.
FRAGMENTS: Final = ("findings", "appraisal", "paragraphs")
#: Column of the overall judgement of a study's risk of bias.
OVERALL_COLUMN: Final = "rob_overall"
#: More strata than this stand folded under a claim.
SHOWN_AT_ONCE: Final = 4


@dataclass(frozen=True)
class PageData:
    """What the page is made of.

    Attributes
    ----------
    studies : StudyTable
        All rows, pooled or not.
    records : sequence of StratumRecord
        Every stratum with pooled rows.
    claims : sequence of ClaimResult
        Empty where there is no file of claims.
    figures : mapping of str to mapping of str to str
        SVG of each stratum's figures by name (``"forest"``, ``"sroc"``).
    overview : mapping of str to str
        SVG of the figures over all strata, by name (``"claims"``).
    failures : sequence of (str, str)
        What could not be done, and why.
    date : str
        Day of the run.
    drawings : mapping of str to mapping
        Lines of each stratum, from `metadx.report.drawing.drawing`.
    quadas : QuadasTable
        Judgements of the studies' quality.
    strategies : sequence of StrategyRecord
        Every strategy file that was evaluated.
    fragments : mapping of str to mapping
        Appraisal, findings and paragraphs of each stratum, from `metadx.report.fragments`.
    """

    studies: StudyTable
    records: Sequence[StratumRecord]
    claims: Sequence[ClaimResult] = ()
    figures: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    overview: Mapping[str, str] = field(default_factory=dict)
    failures: Sequence[tuple[str, str]] = ()
    date: str = ""
    drawings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    quadas: QuadasTable = field(default_factory=empty_quadas)
    strategies: Sequence[StrategyRecord] = ()
    fragments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def page(data: PageData) -> str:
    """Write the page.

    Parameters
    ----------
    data : PageData

    Returns
    -------
    str
        HTML with styles, script and figures inside; it asks for nothing from a network.
    """
    return _environment().get_template("report.html.j2").render(_context(data))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("metadx.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"slug": slug}
    environment.globals |= {
        "_": catalogue.say,
        "attribute": catalogue.attribute,
        "name_attribute": catalogue.name_attribute,
        "capital": str.capitalize,
        "coded": catalogue.coded,
        "stratum_words": catalogue.stratum_words,
        "best": numbers.best,
        "number": numbers.number,
        "quantity": numbers.quantity,
        "studies_word": words.counted_studies,
        "counted_words": claims_words.counted_words,
        "evidence_label": claims_words.evidence_label,
        "certainty": certainty.certainty,
    }
    return environment


def _context(data: PageData) -> dict[str, Any]:
    strata = data.studies.strata()
    with_rows = {record.stratum for record in data.records}
    images = {
        stratum: {name: data_uri(small_svg(svg)) for name, svg in found.items()}
        for stratum, found in data.figures.items()
    }
    script = _script()
    return {
        "version": __version__,
        "tables_hash": data.studies.sha256,
        "date": data.date,
        "style": Markup(_resource("report.css")),
        "script": Markup(script),
        "script_hash": _integrity(script),
        "totals": _totals(data),
        "failures": data.failures,
        "answers": answers(data.records),
        "glance": words.GLANCE,
        "populations_sentence": words.populations_sentence(_first_films(data.records)),
        "certainty_rule": certainty.rule(),
        "trauma_sites": words.TRAUMA_SITES,
        "maps": evidence_maps(data.records, [s for s in strata if s not in with_rows]),
        "shades": SHADES,
        "claims": data.claims,
        "claims_rule": claims.RULE,
        "shown_at_once": SHOWN_AT_ONCE,
        "verdicts": {name: _mark(name) for name in claims.VERDICTS},
        "overview": {name: data_uri(small_svg(svg)) for name, svg in data.overview.items()},
        "sections": sections(strata, data.records, images),
        "margins": MARGINS,
        "flow": _flow(data.studies),
        "fragments": {
            stratum: {name: Markup(parts[name]) for name in FRAGMENTS if parts.get(name)}
            for stratum, parts in data.fragments.items()
        },
        "references": Markup(references_html()),
        "checklist": Markup(prisma(data.studies).to_html(fragment=True)),
        "calculators": any(record.calculator for record in data.records),
        "strategies": data.strategies,
        "filters": _filters(),
        "payload": as_script(_payload(data, strata)),
    }


def _payload(data: PageData, strata: Mapping[str, StudyTable]) -> dict[str, Any]:
    found = payload(strata, data.records, data.drawings, _risk_of_bias(strata, data.quadas))
    found["strategies"] = strategies_for_page(data.strategies)
    found["pretest_percent"] = PRETEST_PERCENT
    found["estimates"] = csv_text([row_of(record) for record in data.records], COLUMNS)
    return found


def _risk_of_bias(
    strata: Mapping[str, StudyTable], quadas: QuadasTable
) -> dict[tuple[str, str, str], str]:
    """Overall judgement of every row that has one, by study, test and site."""
    found: dict[tuple[str, str, str], str] = {}
    for table in strata.values() if len(quadas) else ():
        try:
            frame = with_quadas(table, quadas).frame
        except OptionError:  # nobody judged a study of this stratum
            continue
        for row in frame.to_dict("records"):
            if judgement := cell_text(row[OVERALL_COLUMN]):
                study, test, site = (str(row[name]) for name in ("study_id", "modality", "site"))
                found[study, test, site] = judgement
    return found


def _filters() -> list[tuple[str, catalogue.Words]]:
    """Names of the explorer's filters with their words."""
    titles = ("Site", "Test", "Population", "Counted", "Pooled?", "Osteoporotic", "Risk of bias")
    return [(name, catalogue.say(text)) for name, text in zip(FILTERS, titles, strict=True)]


def _first_films(records: Sequence[StratumRecord]) -> float | None:
    """Sensitivity of hip radiographs in everybody suspected, the example of the page."""
    wanted = ("xray", "hip", "all_suspected")
    found = [r for r in records if (r.modality, r.site, r.population) == wanted]
    return max(found, key=lambda r: r.k).sensitivity.pooled.value if found else None


def _resource(name: str) -> str:
    return files("metadx.report").joinpath("templates", name).read_text(encoding="utf-8")


def _script() -> str:
    """The parts of the page's script, in the order of their names, in a scope of their own."""
    folder = files("metadx.report").joinpath("templates", "script")
    parts = sorted((part for part in folder.iterdir()), key=lambda part: part.name)
    text = "\n".join(part.read_text(encoding="utf-8") for part in parts)
    return f'"use strict";\n(() => {{\n{text}}})();\n'


def _integrity(script: str) -> str:
    """Hash by which the page's own rules let its script run, and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _mark(verdict: str) -> tuple[str, str]:
    """Style and sign of a verdict; the sign is the cue for those who do not see the colour."""
    return {
        claims.SUPPORTED: ("yes", "✓"),
        claims.CONTRADICTED: ("no", "✗"),
        claims.UNDECIDED: ("open", "?"),
    }.get(verdict, ("other", "–"))


def _totals(data: PageData) -> dict[str, int]:
    frame = data.studies.frame
    pooled = data.studies.pooled().frame
    return {
        "rows": len(frame),
        "studies": int(frame["study_id"].nunique()),
        "pooled_rows": len(pooled),
        "pooled_studies": int(pooled["study_id"].nunique()),
        "strata": len(data.records),
        "several": sum(record.k > 1 for record in data.records),
        "tests": len({record.modality or record.stratum for record in data.records}),
        "sites": len({record.site for record in data.records}),
    }


def _flow(studies: StudyTable) -> dict[str, Any]:
    """Counts of the flow: the sum, the reasons, and a row per stratum."""
    rows = flow(studies).to_dict("records")
    total = next(row for row in rows if row["stratum"] == TOTAL)
    reasons = [str(name) for name in total if str(name).startswith("excluded_")]
    reasons.sort(key=lambda name: -int(total[name]))
    return {
        "total": total,
        "reasons": [(name.removeprefix("excluded_"), total[name]) for name in reasons],
        "rows": [row for row in rows if row["stratum"] != TOTAL],
    }
