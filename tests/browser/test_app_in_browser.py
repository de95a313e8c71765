"""The application as a person has it: started by its command, clicked in a real browser."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import Opened
from playwright.sync_api import Page, expect

import metadx as mx

# What a fit warns of stands on its result.
pytestmark = pytest.mark.filterwarnings("ignore::metadx.errors.MetadxWarning")

ROOT = Path(__file__).parents[2]
WIDTHS = (360, 768, 1440)
ROWS = """study,tp,fp,fn,tn,scanner
Ahn 2001,18,4,2,40,old
Bell 2003,25,2,5,31,old
Cruz 2005,40,9,6,60,new
Diaz 2007,9,1,3,22,new
Eck 2009,30,6,4,48,new
Frei 2011,22,3,5,37,old
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("app") / "studies"
    for name in ("ct/hip.csv", "ct/rib.csv", "references.bib"):
        (found / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "studies" / name, found / name)
    return found


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Where ``metadx app`` says that it is, with its key."""
    command = [sys.executable, "-m", "metadx", "app", "--no-browser", "--studies", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        yield next(word for word in line.split() if word.startswith("http://127.0.0.1:"))
        server.terminate()


@pytest.fixture
def app(opened: Opened, address: str) -> Opened:
    opened.page.goto(address)
    return opened


def upload(page: Page, text: str = ROWS, name: str = "own.csv") -> None:
    file = {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    page.set_input_files("#file", files=[file])
    page.click("text=Read the file")
    page.wait_for_selector("#work")


def settled(page: Page) -> None:
    """Wait until estimates, both figures and the calculator are there."""
    for wanted in ("#results table", "figure.forest img", "figure.sroc img", "[data-result]"):
        page.wait_for_selector(wanted)
    expect(page.locator(".htmx-request")).to_have_count(0)


def sensitivity(page: Page) -> list[float]:
    row = page.locator("tr[data-quantity=sensitivity] td:nth-child(2) data")
    return [float(value) for value in row.evaluate_all("all => all.map(e => e.value)")]


def expected(text: str = ROWS, **options: object) -> mx.Estimate:
    table = mx.StudyTable.from_frame(pd.read_csv(io.StringIO(text)))
    found = mx.BivariateModel(table).fit(**options).sensitivity  # type: ignore[arg-type]
    assert isinstance(found, mx.Estimate)
    return found


def content(download: object) -> str:
    return Path(download.value.path()).read_text(encoding="utf-8")  # type: ignore[attr-defined]


def test_from_a_file_to_figures_and_code(app: Opened, address: str, folder: Path) -> None:
    page = app.page
    upload(page)
    settled(page)
    page.evaluate("window.here = 'the same page'")
    exact = expected()
    assert sensitivity(page) == [exact.value, exact.low, exact.high]
    with page.expect_response(lambda answer: "/results" in answer.url):
        page.select_option("#method", "reml")
    settled(page)
    reml = expected(method="reml")
    assert sensitivity(page) == [reml.value, reml.low, reml.high]
    with page.expect_response(lambda answer: "/results" in answer.url):
        page.select_option("#method", "exact")
    settled(page)
    page.locator("#pretest").fill("39")
    expect(page.locator("#posttest-results caption")).to_contain_text("39 %")
    fit = mx.BivariateModel(mx.StudyTable.from_frame(pd.read_csv(io.StringIO(ROWS)))).fit()
    shown = page.locator("[data-result=positive] data").first.get_attribute("value")
    assert float(shown or "nan") == pytest.approx(fit.posttest(0.39).positive.value, abs=1e-12)
    assert page.locator("#pretest-slider").input_value() == "39"
    page.click("text=Add a study")
    page.wait_for_selector("#editor-title")
    assert page.evaluate("document.activeElement.id") == "editor-title"
    for name, value in {"study-5f-id": "Gold 2012", "tp": "30", "fp": "3", "fn": "2",
                        "tn": "41", "scanner": "new"}.items():  # fmt: skip
        page.locator(f"#cell-{name}").fill(value)
    page.click("text=Add the study")
    page.wait_for_selector("#row-6")
    settled(page)
    expect(page.locator("#results p").first).to_contain_text("7 studies")
    longer = expected(ROWS + "Gold 2012,30,3,2,41,new\n")
    assert sensitivity(page) == [longer.value, longer.low, longer.high]
    with page.expect_download() as record:
        page.click("text=Estimates (JSON)")
    assert json.loads(content(record))["sensitivity"]["value"] == longer.value
    with page.expect_download() as program:
        page.click("text=Python code of this analysis")
    assert "Gold 2012" in content(program)
    with page.expect_download() as figure:
        page.click("figure.forest >> text=SVG")
    assert "<svg" in content(figure)
    page.fill("#save-name", "own_review")
    page.click("text=Save >> nth=-1")
    expect(page.locator("#told")).to_contain_text("Saved as")
    assert "Gold 2012" in (folder / "own_review.csv").read_text(encoding="utf-8")
    assert page.evaluate("window.here") == "the same page"
    assert app.errors == []
    own = address.partition("?")[0]
    assert all(url.startswith((own, "data:")) for url in app.requests)


def test_robustness_comes_on_request(app: Opened) -> None:
    upload(app.page)
    settled(app.page)
    app.page.click("text=Judge robustness")
    app.page.wait_for_selector("#robustness table")
    assert "leaving out" in (app.page.locator("#robustness").text_content() or "").lower()
    assert app.errors == []


def test_a_fault_is_put_right_where_it_stands(app: Opened) -> None:
    page = app.page
    upload(page, ROWS.replace("25,2,5,31", "x,2,5,31"))
    assert page.locator("td.wrong").inner_text() == "x"
    assert page.locator("#choices").count() == 0
    page.click("[aria-label='Edit Bell 2003']")
    field = page.locator("#cell-tp")
    assert field.get_attribute("aria-invalid") == "true"
    assert "expected" in page.locator("#why-tp").inner_text()
    field.fill("25")
    page.click("text=Keep the change")
    settled(page)
    assert page.locator(".fault").count() == 0
    assert sensitivity(page)[0] == expected().value
    assert app.errors == []


def test_a_stale_window_is_told_and_changes_nothing(app: Opened) -> None:
    page = app.page
    upload(page)
    settled(page)
    other = page.context.new_page()
    other.goto(page.url)
    settled(other)
    other.once("dialog", lambda dialog: dialog.accept())
    other.click("[aria-label='Remove Ahn 2001']")
    expect(other.locator(".studies tbody tr")).to_have_count(5)
    page.once("dialog", lambda dialog: dialog.accept())
    page.click("[aria-label='Remove Bell 2003']")
    page.wait_for_selector("#message p")
    assert "changed in another tab" in page.locator("#message").inner_text()
    page.reload()
    assert page.locator(".studies tbody tr").count() == 5


def test_cells_are_shown_and_never_run(app: Opened) -> None:
    page = app.page
    evil = '"<img src=x onerror=""document.title=1"">"'
    upload(page, ROWS.replace("Ahn 2001", evil))
    settled(page)
    assert "<img src=x" in page.locator("#row-0").inner_text()
    assert page.title() == "metadx: own"
    assert app.errors == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_runs_out_of_the_window(app: Opened, width: int) -> None:
    page = app.page
    page.set_viewport_size({"width": width, "height": 900})
    wide = "document.documentElement.scrollWidth"
    assert page.evaluate(wide) <= width
    page.select_option("#table", "ct/rib")
    page.click("text=Open the table")
    settled(page)
    assert page.evaluate(wide) <= width
    page.click("text=Add a study")
    page.wait_for_selector("#editor-title")
    for one in page.locator("details summary").all():
        one.click()
    assert page.evaluate(wide) <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_of_accessibility(app: Opened, scheme: str) -> None:
    page = app.page
    page.emulate_media(color_scheme=scheme)
    faults = serious(page)
    upload(page, ROWS.replace("25,2,5,31", "x,2,5,31"))
    page.click("[aria-label='Edit Bell 2003']")
    page.wait_for_selector("#editor-title")
    faults += serious(page)
    page.goto(page.url.partition("/s/")[0])
    page.select_option("#table", "ct/hip")
    page.click("text=Open the table")
    settled(page)
    page.click("text=Judge robustness")
    page.wait_for_selector("#robustness table")
    page.click("text=Add a study")
    page.wait_for_selector("#editor-title")
    faults += serious(page)
    assert faults == []


def serious(page: Page) -> list[tuple[str, str, list[str]]]:
    found = Axe().run(page).response["violations"]
    return [
        (one["id"], one["help"], [node["target"] for node in one["nodes"]][:3])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
