"""The page on an update: one self-contained file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from metadx._version import __version__
from metadx.report.estimates import MARGINS
from metadx.report.images import data_uri, small_svg
from metadx.report.update import (
    StratumUpdate,
    Update,
    claims_line,
    heading,
    margin_lines,
    preference_lines,
    warning_lines,
)
from metadx.tables import stratum_label
from metadx.tables.schema import COUNT_COLUMNS


def update_page(update: Update, figures: Mapping[str, str] | None = None) -> str:
    """Write the page.

    Parameters
    ----------
    update : Update
    figures : mapping of str to str, optional
        SVG of each stratum's figure.

    Returns
    -------
    str
        HTML with styles and figures inside; it asks for nothing from a network.
    """
    images = {name: data_uri(small_svg(svg)) for name, svg in (figures or {}).items()}
    style = files("metadx.report").joinpath("templates", "report.css").read_text(encoding="utf-8")
    return (
        _environment()
        .get_template("update.html.j2")
        .render(
            update=update,
            head=heading(update) if update.changes else "nothing changed",
            counts=COUNT_COLUMNS,
            images=images,
            lines=_stratum_lines,
            claims_line=claims_line(update),
            turned=[claim for claim in update.claims if claim.turned],
            preferences=list(preference_lines(update)),
            version=__version__,
            style=Markup(style),
        )
    )


def _stratum_lines(one: StratumUpdate) -> list[str]:
    lines = [line.strip() for margin in MARGINS for line in margin_lines(one, margin)]
    return [*lines, *warning_lines(one)]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("metadx.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["stratum_label"] = stratum_label
    return environment
