"""The page: well-formed, self-contained, equal to the results, and safe from what tables say."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from strata_records import margin, record

from metadx.report.claims import check_claims
from metadx.report.claims_table import read_claims
from metadx.report.estimates import StratumRecord, failed, row_of
from metadx.report.html import PageData, page
from metadx.report.images import data_uri, small_svg
from metadx.report.links import safe_link, slug, study_link
from metadx.report.output import plain
from metadx.tables import StudyTable, read_studies

STUDIES = Path(__file__).parents[2] / "studies"
CT_HIP = "ct/hip/patient/radiograph_negative"
VOID = {"meta", "img", "br", "link", "input", "hr", "wbr", "source", "col"}
SVG = (
    '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9pt"><metadata>m'
    '</metadata><defs><path id="used" d="M 0.12345 1"/></defs>\n <g id="unused">'
    "<text style=\"font-family: 'DejaVu Sans'; fill: #111\">a &amp; b 0.12345</text>"
    '<use href="#used"/></g></svg>'
)


@dataclass
class Page(HTMLParser):
    """What a page consists of."""

    open: list[str] = field(default_factory=list)
    tags: Counter[str] = field(default_factory=Counter)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    numbers: list[tuple[str, str, str]] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "data":
            found = dict(attrs)
            self.numbers.append((found.get("data-of") or "", found["value"] or "", ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif self.open and self.open[-1] == "data":
            origin, value, _ = self.numbers[-1]
            self.numbers[-1] = (origin, value, data)
        self.text.append(data)

    def values(self, name: str) -> list[str]:
        return [value for _, found, value in self.attributes if found == name]


def parsed(text: str) -> Page:
    found = Page()
    found.feed(text)
    found.close()
    assert not found.open
    return found


@pytest.fixture(scope="module")
def studies() -> StudyTable:
    return read_studies(STUDIES).select(site=["hip", "wrist"])


@pytest.fixture(scope="module")
def records(studies: StudyTable) -> list[StratumRecord]:
    found = []
    for i, (stratum, rows) in enumerate(studies.strata().items()):
        k = len(rows.pooled())
        state = "not_estimable" if i % 3 == 0 else "estimated"
        low = 0.5 + i / 1000
        if k:
            given = margin((low + 0.3, low, low + 0.4), k, state=state, bayesian=(0.9, low, 0.97),
                           prediction=(low / 3, 0.99))  # fmt: skip
            both = len(rows.pooled().complete)
            found.append(record(stratum, given, margin((0.9, 0.8, 0.95 + i / 1000), both)))
    found[-1] = failed(found[-1].stratum, studies.strata()[found[-1].stratum], "no maximum <b>")
    return found


@pytest.fixture(scope="module")
def data(studies: StudyTable, records: list[StratumRecord]) -> PageData:
    claims = check_claims(read_claims(STUDIES / "claims.csv"), records, {})
    failures = [(records[-1].stratum, "no maximum <b>")]
    figures = {CT_HIP: {"forest": SVG, "sroc": SVG}}
    return PageData(studies, records, claims, figures, {"claims": SVG}, failures, "2026-01-31")


@pytest.fixture(scope="module")
def text(data: PageData) -> str:
    return page(data)


@pytest.fixture(scope="module")
def found(text: str) -> Page:
    return parsed(text)


def test_the_page_is_well_formed_and_its_anchors_exist(found: Page) -> None:
    ids = found.values("id")
    assert len(set(ids)) == len(ids)
    inside = {value[1:] for value in found.values("href") if value.startswith("#")}
    assert inside <= set(ids)
    labels = set(found.values("aria-labelledby"))
    assert labels <= set(ids)


def test_nothing_is_fetched(found: Page, text: str) -> None:
    sources = found.values("src")
    assert sources
    assert all(value.startswith("data:image/svg+xml,") for value in sources)
    loading = ("href", "action", "srcset", "poster", "data")
    outside = {tag for tag, name, value in found.attributes if name in loading and "://" in value}
    assert outside == {"a"}
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert not re.search(r"fetch\(|XMLHttpRequest|import\(", "".join(found.scripts))
    assert found.tags["link"] == found.tags["iframe"] == found.tags["object"] == 0


def test_only_its_own_script_may_run(found: Page) -> None:
    policy = next(value for value in found.values("content") if "default-src" in value)
    digest = base64.b64encode(hashlib.sha256(found.scripts[1].encode()).digest()).decode()
    assert found.tags["script"] == len(found.scripts) == 2  # one of them data
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert not [name for _, name, _ in found.attributes if name.startswith("on")]


def test_numbers_are_those_of_the_table_of_estimates(
    found: Page, records: list[StratumRecord]
) -> None:
    rows = {record.stratum: row_of(record) for record in records}
    told = [item for item in found.numbers if item[0]]
    assert len(told) > 100
    for origin, value, shown in told:
        stratum, column = origin.split(" ")
        assert value == plain(rows[stratum][column])
        decimals = len(shown.partition(".")[2])
        assert shown == f"{float(value):.{decimals}f}"


def test_every_interval_in_the_text_is_marked_as_numbers(text: str) -> None:
    body = re.sub(r"<(style|script)\b[^>]*>.*?</\1>|src=\"[^\"]*\"", "", text, flags=re.S)
    body = re.sub(r"<data [^>]*>[^<]*</data>", "N", body)
    loose = re.findall(r"0\.\d\d \(0\.\d\d to", body)
    assert not loose


def test_every_stratum_has_a_section(found: Page, studies: StudyTable) -> None:
    ids = set(found.values("id"))
    assert {slug(stratum) for stratum in studies.strata()} <= ids


def test_the_page_answers_the_four_questions(text: str) -> None:
    hip = text[text.index('<section id="site-hip"') : text.index('<section id="site-wrist"')]
    for words in ("finds the most", "studies", "How sure", "What is missing"):
        assert words in hip


def test_failures_stand_on_top_and_at_their_place(text: str) -> None:
    assert text.index("Not everything could be computed") < text.index('id="answers"')
    assert re.search("This stratum could not be computed:.*</strong> no maximum &lt;b&gt;", text)


def test_images_are_described_and_lazy(found: Page) -> None:
    assert found.tags["img"] == len(found.values("alt")) == 3
    assert set(found.values("loading")) == {"lazy"}
    assert "lang" in {name for tag, name, _ in found.attributes if tag == "html"}


def test_the_page_signs_itself(text: str, studies: StudyTable) -> None:
    footer = text[text.index("<footer>") :]
    assert studies.sha256 in footer
    assert "2026-01-31" in footer


def test_the_same_data_give_the_same_page(text: str, data: PageData) -> None:
    assert page(data) == text


def test_what_a_table_says_cannot_become_markup() -> None:
    evil = "<script>alert(1)</script>"
    frame = read_studies(STUDIES / "ct" / "hip.csv").frame
    for name in ("title", "technique", "reference_standard", "notes", "first_author", "pool_note"):
        frame[name] = evil + '"\' onmouseover="x'
    frame["doi"], frame["pmid"], frame["source_url"] = "", "", "javascript:alert(1)"
    table = StudyTable.from_checked(frame, "ct/hip")
    made = PageData(table, [record(CT_HIP, margin((0.9, 0.8, 0.95), 8))], date=evil)
    found = parsed(page(made))
    assert found.tags["script"] == 2
    assert evil not in "".join(found.scripts)
    assert evil in "".join(found.text)
    assert not [value for value in found.values("href") if value.startswith("javascript")]
    assert not [name for _, name, _ in found.attributes if name.startswith("on")]


def test_a_table_without_strata_has_its_page() -> None:
    frame = pd.DataFrame({"study": ["a <b>", "b"], "tp": [9, 8], "fp": [1, 2], "fn": [1, 2],
                          "tn": [9, 8]})  # fmt: skip
    table = StudyTable.from_frame(frame, "mine & theirs")
    made = failed("mine & theirs", table, "")
    found = parsed(page(PageData(table, [made])))
    assert "mine & theirs" in "".join(found.text)
    assert slug("mine & theirs") in found.values("id")


def test_images_keep_what_is_seen() -> None:
    small = small_svg(SVG)
    assert "metadata" not in small
    assert "unused" not in small
    assert "id='used'" in small
    assert "M 0.12 1" in small
    assert "font-family: DejaVu Sans, Verdana, sans-serif" in small
    assert ">a &amp; b 0.12345<" in small
    address = data_uri(small)
    assert not set('"<>&#') & set(address)
    assert address.startswith("data:image/svg+xml,%3Csvg")


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://example.org/a?b=1", True),
        (" http://example.org/a ", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("ftp://example.org", False),
        ("//example.org", False),
        ("https://", False),
        ("http://[bad", False),
        ("", False),
    ],
)
def test_only_web_addresses_are_links(address: str, kept: bool) -> None:
    assert safe_link(address) == (address.strip() if kept else "")


def test_a_study_is_linked_by_the_best_address() -> None:
    row = {"doi": "10.1000/a(b)<c", "pmid": "123", "source_url": "https://example.org/x"}
    assert study_link(row) == "https://doi.org/10.1000/a(b)%3Cc"
    assert study_link(row | {"doi": ""}) == "https://pubmed.ncbi.nlm.nih.gov/123/"
    assert study_link(row | {"doi": "", "pmid": "1 2"}) == "https://example.org/x"
    assert study_link({}) == ""


def test_every_stratum_has_its_own_file_name() -> None:
    names = [
        "ct/hip/patient/all_suspected",
        "CT/hip/patient/all_suspected",
        "髋部",
        "腕部",
        "a/b",
        "a b",
    ]
    slugs = [slug(name) for name in names]
    assert slugs[0] == "ct_hip_patient_all_suspected"
    assert len(set(slugs)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", one) for one in slugs)
