"""The pages of the site: their commands, links and calls are real. The build runs the cells."""

from __future__ import annotations

import ast
import re
import shlex
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))

from _tools import commands, python_reference  # noqa: E402
from build import fetched  # noqa: E402

PAGES = sorted(
    page
    for page in DOCS.rglob("*.md")
    if not {"_build", "_generated", "_tools"} & set(page.relative_to(DOCS).parts)
)
COMING_FROM = [page for page in PAGES if page.parent.name == "coming_from"]
FENCE = re.compile(r"^```(\{code-cell\} )?(\w*)[^\n]*\n(.*?)^```$", re.S | re.M)
OPTIONS_OF_CELL = re.compile(r"\A(?:---\n.*?^---\n|(?::\w+:.*\n)+\n?)", re.S | re.M)
#: Written by the build into docs/_generated; the Python pages are one a room.
GENERATED = {"commands.md", "gallery.md", "python/index.md"}


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def named(pages: list[Path]) -> Any:
    return pytest.mark.parametrize("page", pages, ids=lambda page: str(page.relative_to(DOCS)))


def blocks(page: Path) -> list[tuple[bool, str, str, str]]:
    """Return (runs, language, options, source) of each block of code."""
    found = []
    for cell, language, body in FENCE.findall(text_of(page)):
        options = OPTIONS_OF_CELL.match(body) if cell else None
        head = options.group() if options else ""
        found.append((bool(cell), language, head, body[len(head) :].strip()))
    return found


def spoken_commands(page: Path) -> list[str]:
    """Return each metadx command of a page: in blocks, in cells and in the text."""
    lines = []
    for _, language, _, source in blocks(page):
        if language in ("", "sh", "bash", "python"):
            joined = source.replace("\\\n", " ")
            lines += [line for line in joined.splitlines() if line.strip().startswith("metadx ")]
    spans = re.findall(r"`(metadx [a-z][^`]*)`", FENCE.sub("", text_of(page)))
    return [*lines, *spans]


def test_there_are_pages() -> None:
    assert len(PAGES) >= 35
    assert len(COMING_FROM) == 5


@named(PAGES)
def test_commands_and_their_options_are_known(page: Path) -> None:
    known = commands.tree()
    for line in spoken_commands(page):
        words = shlex.split(line, comments=True)
        if words[1].startswith("-"):
            assert words[1] in ("--version", "--help"), line
            continue
        assert words[1] in known, line
        options = {opt for one in known[words[1]].params for opt in getattr(one, "opts", ())}
        for word in words[2:]:
            if word.startswith("--"):
                assert word.partition("=")[0] in options, f"{line}: {word}"


@named(PAGES)
def test_internal_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", FENCE.sub("", text_of(page))):
        path, _, anchor = target.partition("#")
        where = (page.parent / path).resolve() if path else page
        if where.is_relative_to(DOCS / "_generated"):
            assert str(where.relative_to(DOCS / "_generated")) in GENERATED, target
            continue
        assert where.is_file(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text_of(where)), re.M)
            assert anchor in {slug(heading) for heading in headings}, target


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


@named(PAGES)
def test_code_parses_and_its_imports_exist(page: Path) -> None:
    for _, language, _, source in blocks(page):
        if language != "python" or source.startswith(("metadx ", "%%")):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("metadx"):
                module = import_module(str(node.module))
                for alias in node.names:
                    assert hasattr(module, alias.name), f"{page.name}: {node.module}.{alias.name}"


@named(PAGES)
def test_every_picture_has_words_for_those_who_do_not_see_it(page: Path) -> None:
    drawing = re.compile(r"(\.figure|^figure|^SVG\(.*\)|^(two_levels|thresholds|prior_\w+)\(.*\))$")
    for runs, _, options, source in blocks(page):
        if runs and source and drawing.search(source.splitlines()[-1]):
            assert "alt: " in options, f"{page.name}: {source.splitlines()[-1]}"


def test_the_contents_hold_every_page() -> None:
    reached, waiting = set(), [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or not page.is_file():
            continue
        reached.add(page)
        for contents in re.findall(r"^```\{toctree\}\n(.*?)^```$", text_of(page), re.S | re.M):
            for line in contents.splitlines():
                if line.strip() and not line.startswith(":"):
                    path = line.partition("<")[2].rstrip("> ") or line.strip()
                    entry = (page.parent / f"{path}.md").resolve()
                    waiting += sorted(entry.parent.glob(entry.name))
    assert sorted(set(PAGES) - reached) == []


@pytest.mark.filterwarnings("ignore::metadx.MetadxWarning")
@named([page for page in COMING_FROM if page.name != "index.md"])
def test_every_call_beside_another_programs_is_one_of_ours(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    space: dict[str, Any] = {}
    for runs, language, _, source in blocks(page):
        if language == "python" and not runs:
            exec(source, space)
    calls = 0
    for row in re.findall(r"^\|.*\|$", text_of(page), re.M):
        ours = re.split(r"(?<!\\)\|", row)[2]
        for span in re.findall(r"`([^`]+)`", ours):
            if re.match(
                r"(fit|mx|plots|inference|table|plot_\w+|accuracy_draws|decision_curve)\b", span
            ):
                assert eval(span, space) is not None
                calls += 1
    assert calls >= 8


def test_the_reference_has_every_command_and_option(tmp_path: Path) -> None:
    page = tmp_path / "commands.md"
    commands.write_page(page)
    text = page.read_text(encoding="utf-8")
    for name, command in commands.tree().items():
        section = text.split(f"## metadx {name}\n")[1].split("\n## ")[0]
        for one in command.params:
            for opt in getattr(one, "opts", ()):
                if opt.startswith("--") and opt != "--help":
                    assert f"`{opt}" in section or f", {opt}" in section, (name, opt)


def test_a_page_that_did_not_change_keeps_its_date(tmp_path: Path) -> None:
    page = tmp_path / "commands.md"
    commands.write_page(page)
    before = page.stat().st_mtime_ns
    commands.write_page(page)
    assert page.stat().st_mtime_ns == before


@pytest.mark.parametrize("room", list(python_reference.ROOMS))
def test_the_reference_has_every_public_name(room: str) -> None:
    text = python_reference.page(room, "What for.")
    for name in python_reference.names(room):
        assert f":: {room}.{name}\n" in f"{text}\n", name
    assert "\n.. auto" in text


@pytest.mark.parametrize(
    ("page", "count"),
    [
        ('<script src="https://cdn.example/mathjax.js"></script>', 1),
        ('<link rel="stylesheet" href="//fonts.example/a.css">', 1),
        ("<style>@import url(https://fonts.example/a.css)</style>", 1),
        ('<img src="_images/a.svg"><a href="https://doi.org/10.1/x">a link to click</a>', 0),
    ],
)
def test_what_a_browser_would_fetch_is_found(tmp_path: Path, page: str, count: int) -> None:
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    assert len(fetched(tmp_path)) == count
