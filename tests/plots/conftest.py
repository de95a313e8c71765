"""Fits that the figures show."""

from __future__ import annotations

import pytest
from drawn import REGULAR, TABLES, Row, fit_table, make_table

from metadx.models import BivariateResults


@pytest.fixture(scope="session")
def fits() -> dict[str, BivariateResults]:
    """A fit of every table."""
    return {name: fit_table(make_table(rows, name)) for name, rows in TABLES.items()}


@pytest.fixture(scope="session")
def one_site() -> dict[str, BivariateResults]:
    """Three tests by modality code; two studies did two of them."""
    both: list[Row] = [("Adams 2001", 47, 2, 3, 65), ("Brown 2003", 37, 3, 2, 53)]
    second: list[Row] = [("Green 2010", 28, 2, 1, 40), ("Hall 2012", 61, 5, 4, 70)]
    second.append(("Ito 2017", 33, 1, 3, 29))
    third: list[Row] = [("Green 2010", 24, 6, 5, 40), ("Hall 2012", 57, 15, 8, 70)]
    third.append(("Ito 2017", 29, 3, 7, 29))
    return {
        "xray": fit_table(make_table(REGULAR, "xray/hip")),
        "mri": fit_table(make_table([*both, *second], "mri/hip")),
        "ct": fit_table(make_table(third, "ct/hip")),
    }
