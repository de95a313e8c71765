"""The manifest of a run: what went in, what came out, and how long it took."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from metadx._version import __version__
from metadx.tables.files import write_text
from metadx.workflow.cache import sha256
from metadx.workflow.options import Options, environment
from metadx.workflow.strata import Outcome


def table_hashes(studies: Path) -> dict[str, str]:
    """Hash every file that a run reads.

    Parameters
    ----------
    studies : Path
        A table, or a folder of tables with its bibliography.

    Returns
    -------
    dict of str to str
        SHA-256 by path below the folder.
    """
    if studies.is_file():
        return {studies.name: sha256(studies)}
    found = [path for path in studies.rglob("*") if path.suffix in (".csv", ".tsv", ".bib")]
    return {path.relative_to(studies).as_posix(): sha256(path) for path in sorted(found)}


def write_manifest(
    path: Path,
    *,
    tables: Mapping[str, str],
    content: str,
    options: Options,
    outcomes: Sequence[Outcome],
    files: Mapping[str, str],
    failures: Iterable[tuple[str, str]],
    seconds: float,
) -> None:
    """Write ``manifest.json``; only the times in it differ between equal runs.

    Parameters
    ----------
    path : Path
    tables : mapping of str to str
        From `table_hashes`.
    content : str
        Hash of the rows of all tables together.
    options : Options
    outcomes : sequence of Outcome
    files : mapping of str to str
        SHA-256 of every file written, by path below the output folder.
    failures : iterable of (str, str)
    seconds : float
        Time of the whole run.
    """
    manifest = {
        "metadx": __version__,
        "environment": environment(),
        "options": options.to_dict(),
        "seed": options.seed,
        "tables": dict(tables),
        "tables_content": content,
        "strata": {
            outcome.stratum: {
                "seconds": round(outcome.entry.seconds, 3),
                "cached": outcome.cached,
                "failed": bool(outcome.failures),
            }
            for outcome in sorted(outcomes, key=lambda outcome: outcome.stratum)
        },
        "files": dict(sorted(files.items())),
        "failures": [{"what": what, "why": why} for what, why in failures],
        "seconds": round(seconds, 3),
    }
    write_text(path, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


def remove_stale_figures(out: Path, written: Iterable[str]) -> None:
    """Remove figures that an earlier run wrote and this one did not.

    Parameters
    ----------
    out : Path
        Output folder; its manifest of the earlier run says which files were written.
    written : iterable of str
        Files of this run, by path below `out`. What no manifest names is left alone.
    """
    for path in _figures_of_last_run(out) - set(written):
        (out / path).unlink(missing_ok=True)


def _figures_of_last_run(out: Path) -> set[str]:
    try:
        manifest: Any = json.loads((out / "results" / "manifest.json").read_text(encoding="utf-8"))
        names = [str(name) for name in manifest["files"]]
    except (OSError, ValueError, TypeError, KeyError):
        return set()
    return {name for name in names if Path(name).parts[:-1] == ("figures",)}
