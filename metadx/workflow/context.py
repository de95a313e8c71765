"""What a stratum's results rest on besides its own rows: inputs and judgements."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from metadx.decision.inputs import Input
from metadx.report.prevalences import known_inputs
from metadx.tables import QuadasTable, read_quadas
from metadx.tables.input_columns import FILE_NAME
from metadx.tables.quadas import empty_quadas

QUADAS_FILE = "quadas.csv"


@dataclass(frozen=True, slots=True)
class Context:
    """Tables beside the studies.

    Attributes
    ----------
    inputs : dict of str to Input
        Prevalences, costs and the like; empty where there is no such file.
    quadas : QuadasTable
        Judgements of the studies' quality.
    digest : str
        Hash of both files.
    """

    inputs: Mapping[str, Input] = field(default_factory=dict)
    quadas: QuadasTable = field(default_factory=empty_quadas)
    digest: str = ""


def read_context(studies: Path) -> Context:
    """Read what stands beside the study tables.

    Parameters
    ----------
    studies : Path
        Folder of study tables; a single table has nothing beside it.

    Raises
    ------
    StudyTableError
        With all faults of these files.
    """
    if not studies.is_dir():
        return Context()
    digest = hashlib.sha256()
    for name in (FILE_NAME, QUADAS_FILE):
        path = studies / name
        digest.update(path.read_bytes() if path.is_file() else b"none")
    return Context(known_inputs(studies), read_quadas(studies), digest.hexdigest())
