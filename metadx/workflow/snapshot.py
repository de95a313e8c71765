"""Every run keeps the rows it pooled, so that a later run can say what changed."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from metadx._version import __version__
from metadx.errors import OptionError
from metadx.report.estimates import StratumRecord
from metadx.tables import COLUMNS, StudyTable
from metadx.tables.files import write_bytes
from metadx.workflow.options import Options, cache_key

FOLDER: Final = "snapshots"
_NAME: Final = re.compile(r"(\d{4,})_[0-9a-f]{12}\.parquet")


@dataclass(frozen=True)
class Snapshot:
    """The study tables of one run.

    Attributes
    ----------
    number : int
        Counted from 1; 0 for a file under another name.
    date : str
        Day of the run.
    version : str
        Of metadx.
    table : StudyTable
        All rows, pooled or not.
    records : mapping of str to StratumRecord
        What was computed from them; empty where other code or other versions of the libraries
        would compute them today.
    """

    number: int
    date: str
    version: str
    table: StudyTable
    records: Mapping[str, StratumRecord] = field(default_factory=dict)


def save_snapshot(
    results: Path, table: StudyTable, records: Sequence[StratumRecord], date: str
) -> Path:
    """Keep the rows of a run beside its results; the same rows are kept once.

    Parameters
    ----------
    results : Path
        Folder of results.
    table : StudyTable
        All rows.
    records : sequence of StratumRecord
        What was computed from them.
    date : str
        Day of the run.

    Returns
    -------
    Path
        ``snapshots/0001_<hash>.parquet``: the number says the order, the hash the content.
    """
    folder = results / FOLDER
    last = last_snapshot(results)
    number = number_of(last) if last else 0
    digest = table.sha256[:12]
    if last is None or last.stem.partition("_")[2] != digest:
        number += 1
    path = folder / f"{number:04d}_{digest}.parquet"
    data = _bytes(table, records, date)
    if not path.is_file() or _told(path) != _told(BytesIO(data)):
        write_bytes(path, data)
    return path


def last_snapshot(results: Path) -> Path | None:
    """Return the newest snapshot; None where there is none."""
    found = snapshots(results)
    return found[-1] if found else None


def snapshots(results: Path) -> list[Path]:
    """Return all snapshots, oldest first."""
    folder = results / FOLDER
    return sorted(path for path in folder.glob("*.parquet") if _NAME.fullmatch(path.name))


def number_of(path: Path) -> int:
    """Return the number in a snapshot's name; 0 where it has another name."""
    match = _NAME.fullmatch(path.name)
    return int(match.group(1)) if match else 0


def read_snapshot(path: Path) -> Snapshot:
    """Read a snapshot and compare it with its hash.

    Raises
    ------
    OptionError
        It is no snapshot, or it was damaged.
    """
    try:
        stored = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise OptionError(f"{path.as_posix()} is no snapshot of study tables") from error
    told = _metadata(stored.schema.metadata)
    if "content" not in told:
        raise OptionError(f"{path.as_posix()} is no snapshot of study tables")
    table = StudyTable.from_checked(_frame(stored.to_pandas(), stored), told["name"])
    if table.sha256 != told["content"]:
        raise OptionError(
            f"{path.as_posix()} is damaged: its rows are not those it was written with"
        )
    known = told["code"] == _code()
    records = _unpacked(told["records"]) if known else {}
    return Snapshot(number_of(path), told["date"], told["version"], table, records)


def _bytes(table: StudyTable, records: Sequence[StratumRecord], date: str) -> bytes:
    frame = pa.Table.from_pandas(table.frame, preserve_index=False)
    declared = {column.name: column for column in COLUMNS}
    fields = []
    for one in frame.schema:
        column = declared.get(one.name)
        told = {"title": column.title, "type": column.kind.name, "unit": column.unit,
                "description": column.description} if column else {}  # fmt: skip
        fields.append(one.with_metadata(told))
    metadata = {
        "version": __version__,
        "date": date,
        "name": table.name,
        "content": table.sha256,
        "code": _code(),
        "records": _packed(records),
    }
    told_all = {f"metadx.{key}": value for key, value in metadata.items()}
    schema = pa.schema(fields, metadata={**(frame.schema.metadata or {}), **told_all})
    stream = BytesIO()
    pq.write_table(frame.cast(schema), stream, compression="zstd")
    return stream.getvalue()


def _told(source: Path | BytesIO) -> dict[str, str]:
    """What a snapshot says of itself; the day of the run is no reason to write it again."""
    told = _metadata(pq.read_schema(source).metadata)
    return {key: value for key, value in told.items() if key != "date"}


def _metadata(found: Mapping[bytes, bytes] | None) -> dict[str, str]:
    return {
        key.decode().removeprefix("metadx."): value.decode()
        for key, value in (found or {}).items()
        if key.startswith(b"metadx.")
    }


def _frame(frame: pd.DataFrame, stored: pa.Table) -> pd.DataFrame:
    """Give text its own type back, whatever this version of pandas makes of it."""
    for one in stored.schema:
        if pa.types.is_string(one.type) or pa.types.is_large_string(one.type):
            frame[one.name] = frame[one.name].astype(object)
    return frame


def _code() -> str:
    return cache_key("snapshot", options=Options(formats=()))


def _packed(records: Sequence[StratumRecord]) -> str:
    text = json.dumps([record.to_dict() for record in records], sort_keys=True)
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode("ascii")


def _unpacked(text: str) -> dict[str, StratumRecord]:
    found: list[dict[str, Any]] = json.loads(zlib.decompress(base64.b64decode(text)))
    records = [StratumRecord.from_dict(record) for record in found]
    return {record.stratum: record for record in records}
