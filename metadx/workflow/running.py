"""The order of work of ``metadx run``."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from metadx._version import __version__
from metadx.errors import MetadxError, OptionError
from metadx.plots.saving import FORMATS
from metadx.report.claims import COLUMNS as CLAIM_COLUMNS
from metadx.report.claims import ClaimResult, check_claims, claim_rows
from metadx.report.claims_table import read_claims
from metadx.report.estimates import COLUMNS, Cell, StratumRecord, row_of, with_headlines
from metadx.report.html import PageData, page
from metadx.report.output import csv_text, parquet_bytes
from metadx.report.strategies import COLUMNS as STRATEGY_COLUMNS
from metadx.report.strategies import StrategyRecord, strategy_rows
from metadx.tables import StudyTable, headline_strata, read_studies
from metadx.tables.files import write_bytes, write_text
from metadx.workflow import manifest
from metadx.workflow.cache import Cache, sha256
from metadx.workflow.context import Context, read_context
from metadx.workflow.explaining import explain
from metadx.workflow.options import checked_jobs, checked_options, run_date
from metadx.workflow.overview import OVERVIEW, draw_overview
from metadx.workflow.scheduling import outcomes_of
from metadx.workflow.snapshot import save_snapshot
from metadx.workflow.strata import Outcome
from metadx.workflow.strategies import Evaluated, evaluate_strategies

CLAIMS_FILE = "claims.csv"


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did.

    Attributes
    ----------
    out : Path
        Output folder.
    records : tuple of StratumRecord
        Every stratum with pooled rows, sorted.
    claims : tuple of ClaimResult
    computed, cached : int
        Strata computed now, and taken from an earlier run.
    failures : tuple of (str, str)
        What failed, and why.
    notes : tuple of str
        Warnings for the person who runs it.
    seconds : float
    """

    out: Path
    records: tuple[StratumRecord, ...]
    claims: tuple[ClaimResult, ...]
    computed: int
    cached: int
    failures: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def exit_code(self) -> int:
        """0 where everything could be computed, else 1."""
        return 1 if self.failures else 0

    def summary(self) -> str:
        """Say what was done in a few lines."""
        lines = [f"failed: {what}: {why}" for what, why in self.failures]
        lines += [f"note: {text}" for text in self.notes]
        lines.append(
            f"{len(self.records)} strata ({self.computed} computed, {self.cached} unchanged), "
            f"{len(self.failures)} failed, {self.seconds:.1f} s"
        )
        lines.append(f"open {(self.out / 'report.html').as_posix()}")
        return "\n".join(lines)


def run(
    studies: str | Path = "studies",
    out: str | Path = ".",
    *,
    jobs: int | None = None,
    force: bool = False,
    seed: int = 0,
    formats: Sequence[str] = FORMATS,
    progress: bool | None = None,
    date: str | None = None,
) -> RunReport:
    """Pool every stratum of the study tables and write results, figures and the page.

    Writes ``results/estimates.csv`` and ``.parquet``, ``results/claims.csv``,
    ``results/strategies.csv``, ``results/manifest.json``, ``figures/`` and ``report.html`` into
    the output folder, and keeps the rows in ``results/snapshots`` for `metadx.workflow.diff`.
    Only what changed since the last run is computed again. A stratum that fails is reported and
    leaves the others alone.

    Parameters
    ----------
    studies : path
        Folder of study tables, or one table.
    out : path
        Output folder; made where it does not exist.
    jobs : int, optional
        Processes; two by default. The results do not depend on it.
    force : bool
        Compute everything again.
    seed : int
        Seed of everything that draws.
    formats : sequence of {"svg", "pdf", "png"}
        Figure files to write.
    progress : bool, optional
        Whether to show progress; by default where a terminal watches.
    date : str, optional
        Date in the page; by default ``SOURCE_DATE_EPOCH`` or today.

    Raises
    ------
    StudyTableError
        With all faults of the tables.
    OptionError
        If an option is not one of the allowed, or the tables hold no pooled row.
    """
    started = time.perf_counter()
    options, jobs, day = checked_options(formats, seed), checked_jobs(jobs), run_date(date)
    source, target = Path(studies), Path(out)
    table = read_studies(source)
    strata = {name: rows for name, rows in table.strata().items() if len(rows.pooled())}
    if not strata:
        raise OptionError(f"{source.as_posix()}: no row is to be pooled")
    _make_folder(target / "results")
    context = read_context(source)
    outcomes = outcomes_of(strata, target, options, jobs, force, progress, context)
    records = with_headlines([o.record for o in outcomes], headline_strata(table).values())
    failures = [failure for outcome in outcomes for failure in outcome.failures]
    claims = _claims(source, records, strata, failures)
    files = _write_tables(target, records, claims, table)
    kept = save_snapshot(target / "results", table, records, day).relative_to(target).as_posix()
    overview, drawn = draw_overview(target, files, options, force, failures)
    strategies = evaluate_strategies(source, table, target, options, force, failures)
    files |= _write_strategies(target, [one.record for one in strategies])
    text = page(
        _page_data(table, records, claims, outcomes, overview, failures, day, context, strategies)
    )
    write_text(target / "report.html", text)
    for made in (*(outcome.entry.files for outcome in outcomes), *(s.files for s in strategies)):
        drawn |= made
    manifest.remove_stale_figures(target, drawn)
    Cache(target).prune([*strata, *OVERVIEW, *(one.name for one in strategies)])
    seconds = time.perf_counter() - started
    manifest.write_manifest(
        target / "results" / "manifest.json",
        tables=manifest.table_hashes(source),
        content=table.sha256,
        options=options,
        outcomes=outcomes,
        files={**{name: sha256(target / name) for name in (*files, kept, "report.html")}, **drawn},
        failures=failures,
        seconds=seconds,
    )
    cached = sum(outcome.cached for outcome in outcomes)
    notes = dict.fromkeys(note for outcome in outcomes for note in outcome.entry.notes)
    return RunReport(
        target, tuple(records), claims, len(outcomes) - cached, cached, tuple(failures),
        tuple(notes), seconds,
    )  # fmt: skip


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(f"{path.as_posix()} cannot be made: {error.strerror}") from error


def _claims(
    source: Path,
    records: Sequence[StratumRecord],
    strata: Mapping[str, StudyTable],
    failures: list[tuple[str, str]],
) -> tuple[ClaimResult, ...]:
    path = source / CLAIMS_FILE
    if not path.is_file():
        return ()
    studies = {
        name: frozenset(map(str, rows.pooled().frame["study_id"])) for name, rows in strata.items()
    }
    try:
        return check_claims(read_claims(path), records, studies)
    except MetadxError as error:
        failures.append((CLAIMS_FILE, explain(error)))
        return ()


def _write_tables(
    out: Path,
    records: Sequence[StratumRecord],
    claims: Sequence[ClaimResult],
    table: StudyTable,
) -> dict[str, list[dict[str, Cell]]]:
    """Write the tables of results and return their rows by path."""
    rows = [row_of(record) for record in records]
    told = claim_rows(claims)
    results = out / "results"
    write_text(results / "estimates.csv", csv_text(rows, COLUMNS))
    metadata = {"version": __version__, "tables": table.sha256}
    write_bytes(results / "estimates.parquet", parquet_bytes(rows, COLUMNS, metadata))
    files = {"results/estimates.csv": rows, "results/estimates.parquet": rows}
    if claims:
        write_text(results / CLAIMS_FILE, csv_text(told, CLAIM_COLUMNS))
        files["results/claims.csv"] = told
    else:
        (results / CLAIMS_FILE).unlink(missing_ok=True)
    return files


def _write_strategies(
    out: Path, strategies: Sequence[StrategyRecord]
) -> dict[str, list[dict[str, Cell]]]:
    path = out / "results" / "strategies.csv"
    if not strategies:
        path.unlink(missing_ok=True)
        return {}
    rows = strategy_rows(strategies)
    write_text(path, csv_text(rows, STRATEGY_COLUMNS))
    return {"results/strategies.csv": rows}


def _page_data(
    table: StudyTable,
    records: Sequence[StratumRecord],
    claims: Sequence[ClaimResult],
    outcomes: Sequence[Outcome],
    overview: Mapping[str, str],
    failures: Sequence[tuple[str, str]],
    date: str,
    context: Context,
    strategies: Sequence[Evaluated],
) -> PageData:
    images = {outcome.stratum: outcome.entry.images for outcome in outcomes}
    drawings = {outcome.stratum: outcome.entry.drawing for outcome in outcomes}
    fragments = {outcome.stratum: outcome.entry.fragments for outcome in outcomes}
    return PageData(
        table, records, claims, images, overview, failures, date, drawings, context.quadas,
        [one.record for one in strategies], fragments,
    )  # fmt: skip
