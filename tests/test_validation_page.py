"""docs/validation.md is what its command writes."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+\.?\d*(?:e[-+]\d+)?(?!\w)")


@pytest.fixture(scope="module")
def pages():
    spec = importlib.util.spec_from_file_location("build_validation", DOCS / "build_validation.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return (DOCS / "validation.md").read_text(encoding="utf-8"), module.page()


def unit(text: str) -> float:
    """One unit of the last digit of a printed number."""
    mantissa, _, exponent = text.partition("e")
    decimals = len(mantissa.partition(".")[2])
    return 10.0 ** (int(exponent or 0) - decimals)


def test_the_words_are_the_same(pages):
    shipped, written = (NUMBER.sub("#", page) for page in pages)
    assert shipped.splitlines() == written.splitlines()


def test_the_numbers_are_the_same_to_one_unit_of_the_last_digit(pages):
    shipped, written = (NUMBER.findall(page) for page in pages)
    assert len(shipped) == len(written) > 1000
    for one, other in zip(shipped, written, strict=True):
        assert float(one) == pytest.approx(float(other), abs=1.01 * unit(one))


def test_the_page_shows_the_arithmetic_of_the_wrong_i_squared(pages):
    shipped, _ = pages
    assert "mada prints 40.4 %; the right-hand column ends at 40.4 %" in shipped
    assert "gives 84.1 %" in shipped


def test_nothing_differs_from_the_same_likelihood(pages):
    """In the column of the independent exact program every cell is below the tolerance."""
    shipped, _ = pages
    section = shipped.split("## Data set, quantity, program")[1].split("\n## ")[0]
    cells = [line.split("|")[4].strip() for line in section.splitlines() if line.startswith("| ")]
    assert len(cells) > 150
    assert set(cells[1:]) == {"<2e-06", "<1e-05"}
