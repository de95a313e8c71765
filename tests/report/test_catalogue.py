"""The catalogue: every text of the page in both languages, with the same places, none unused."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest
from markupsafe import Markup

from metadx.report import catalogue, certainty, claims
from metadx.report.evidence import SHADES
from metadx.report.payload import FILTERS, ORDER
from metadx.tables import codes

REPORT = Path(catalogue.__file__).parent
QUOTED = r'"((?:[^"\\]|\\.)*)"'


def texts_of_code() -> set[str]:
    """First arguments of say(), and texts that reach it by another name."""
    found: set[str] = set()
    for path in REPORT.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def texts_of_templates() -> set[str]:
    text = "".join(p.read_text(encoding="utf-8") for p in (REPORT / "templates").glob("*.j2"))
    return set(re.findall(QUOTED, text))


def asked_in_templates() -> set[str]:
    text = "".join(p.read_text(encoding="utf-8") for p in (REPORT / "templates").glob("*.j2"))
    return set(re.findall(rf"\b_\({QUOTED}", text))


def places(text: str) -> list[str]:
    named = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    return sorted(name for name in named if name and not name.isdigit()) + [
        "place" for name in named if not name or name.isdigit()
    ]


def test_no_text_is_missing() -> None:
    page = catalogue.catalogue()["page"]
    shades = {words for _, words in SHADES}
    others = {*certainty.LEVELS, *claims.VERDICTS, *claims.RULE, *shades}
    assert asked_in_templates() | others <= set(page)


def test_no_text_is_left_over() -> None:
    used = texts_of_code() | texts_of_templates() | set(claims.RULE)
    parts = {f"{a} of {{}}; its numbers stand in the list above and the table below."
             for a in ("Forest plot", "Studies in ROC space")}  # fmt: skip
    used |= parts | {text.capitalize() for text in ("sensitivity", "specificity")}
    assert set(catalogue.catalogue()["page"]) - used == set()


@pytest.mark.parametrize("part", ["page", "script"])
def test_both_languages_have_the_same_places(part: str) -> None:
    texts = catalogue.catalogue()[part]
    pairs = texts.items() if part == "page" else texts.values()
    for english, chinese in pairs:
        assert chinese
        assert places(english) == places(chinese), english


def test_chinese_is_chinese() -> None:
    same = {"{} ({}; {})", "{}, {}", "{} {} ({}; {})", "{} {} in {}", "{} of {} of {}"}
    for english, chinese in catalogue.catalogue()["page"].items():
        assert english in same or re.search("[\u4e00-\u9fff]", chinese), english


def test_every_code_has_its_words() -> None:
    known = catalogue.catalogue()["codes"]
    for column, name in (("modality", "MODALITY"), ("site", "SITE"), ("unit", "UNIT"),
                         ("population", "POPULATION"), ("pool", "POOL"),
                         ("pool_reason", "POOL_REASON"), ("osteoporotic", "PRESENCE")):  # fmt: skip
        assert set(known[column]) == {code.code for code in getattr(codes, name)}, column
    assert set(FILTERS) == set(ORDER)


def test_every_word_of_the_script_is_there_and_used() -> None:
    script = "".join(
        path.read_text(encoding="utf-8") for path in (REPORT / "templates" / "script").iterdir()
    )
    known = set(catalogue.catalogue()["script"])
    asked = set(re.findall(r'say\(\s*"([\w.]+)"', script))
    assert {key for key in asked if not key.endswith(".")} <= known
    started = {"source.", "risk_of_bias.", "calculator.positive", "calculator.negative"}
    unused = {key for key in known if f'"{key}"' not in script}
    assert {key for key in unused if not key.startswith(tuple(started))} == set()


def test_values_are_escaped_and_words_keep_their_language() -> None:
    found = catalogue.say("<strong>{}</strong> finds the most", "<b>")
    assert "&lt;b&gt;" in found.en
    nested = catalogue.say("Then {}.", catalogue.coded("modality", "bone_scan"))
    assert (nested.en, nested.zh) == ("Then Bone scan.", "其次为骨扫描。")
    assert Markup("{}").format(nested) == (
        '<span class="en" lang="en">Then Bone scan.</span>'
        '<span class="zh" lang="zh">其次为骨扫描。</span>'
    )


def test_an_unknown_text_is_an_error() -> None:
    with pytest.raises(KeyError):
        catalogue.say("nobody wrote this")
