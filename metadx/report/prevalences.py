"""Prevalences that studies report for a body site, for tables that are asked for without one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from metadx.decision.inputs import Input, read_inputs
from metadx.errors import OptionError
from metadx.report.findings import Findings, findings
from metadx.report.judgements import Fit
from metadx.tables import QuadasTable, StudyTable
from metadx.tables.input_columns import FILE_NAME

#: Columns of a summary of findings: the lowest, the middle and the highest.
SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class KnownPrevalences:
    """Prevalences with their sources.

    Attributes
    ----------
    values : dict of str to float
        Probability by label, ``"39% (PREV01)"``.
    notes : tuple of str
        Where each was reported.
    """

    values: dict[str, float]
    notes: tuple[str, ...]


def known_inputs(studies: str | Path) -> dict[str, Input]:
    """Read the inputs of strategies beside the study tables; none where there is no such file."""
    return read_inputs(studies) if (Path(studies) / FILE_NAME).is_file() else {}


def site_prevalences(table: StudyTable, inputs: Mapping[str, Input]) -> tuple[Input, ...]:
    """Return the usable prevalences of the table's site, lowest first.

    Parameters
    ----------
    table : StudyTable
        Rows of one site.
    inputs : mapping of str to Input
        From `known_inputs`.
    """
    if "site" not in table.columns:
        return ()
    sites = {str(site) for site in table.frame["site"]}
    found = [
        one
        for one in inputs.values()
        if one.use
        and one.quantity == "prevalence"
        and one.site in sites
        and one.value is not None
        and 0.0 < one.value < 1.0
    ]
    return tuple(sorted(found, key=lambda one: (one.value or 0.0, one.input_id)))


def known_prevalences(table: StudyTable, inputs: Mapping[str, Input]) -> KnownPrevalences:
    """Choose the lowest, the middle and the highest known prevalence of a site.

    Parameters
    ----------
    table : StudyTable
        Rows of one site.
    inputs : mapping of str to Input
        From `known_inputs`.

    Raises
    ------
    OptionError
        If none is known; the message asks for one.
    """
    found = site_prevalences(table, inputs)
    if not found:
        raise OptionError(
            "give one to three prevalences, --prevalence 0.1 --prevalence 0.4; none is known for "
            f"the site of {table.name}"
        )
    places = sorted({0, (len(found) - 1) // 2, len(found) - 1})
    chosen = [found[place] for place in places][:SHOWN]
    values = {f"{100 * (one.value or 0.0):.3g}% ({one.input_id})": one.value for one in chosen}
    notes = tuple(
        f"{one.input_id}: {f'{one.population}; ' if one.population else ''}{one.source}."
        for one in chosen
    )
    warning = (
        f"The prevalences are those of {len(found)} reports about this site, lowest, middle and "
        "highest; they may be of other people than those of this table."
    )
    return KnownPrevalences({k: v for k, v in values.items() if v is not None}, (warning, *notes))


def site_findings(
    fit: Fit,
    inputs: Mapping[str, Input],
    prevalences: tuple[float, ...] = (),
    quadas: QuadasTable | None = None,
    seed: int = 1,
    source: str | None = None,
) -> Findings:
    """Make a summary of findings at given prevalences, or at those known of the site.

    Parameters
    ----------
    fit : BivariateResults or BayesianResults
        What was pooled.
    inputs : mapping of str to Input
        From `known_inputs`; used where no prevalence is given.
    prevalences : tuple of float
        One to three.
    quadas, seed, source
        See `metadx.report.findings.findings`.

    Raises
    ------
    OptionError
        If no prevalence is given and none is known.
    """
    if prevalences:
        return findings(fit, list(prevalences), quadas=quadas, seed=seed, source=source)
    known = known_prevalences(fit.table, inputs)
    found = findings(fit, known.values, quadas=quadas, seed=seed, source=source)
    return replace(found, notes=(*found.notes, *known.notes))
