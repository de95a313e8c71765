"""What a person says about a new study: the cells they know, and what the paper prints."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from metadx.errors import Fault, OptionError, StudyTableError
from metadx.tables import codes, kinds
from metadx.tables.frames import cell_text, plain_cell
from metadx.tables.reconstruct import Reconstruction, reconstruction
from metadx.tables.reconstruct_printed import Printed, printed_text
from metadx.tables.schema import COLUMN_NAMES, COUNT_COLUMNS, column, did_you_mean

#: Keys of a record besides the columns of the schema.
PRINTED: Final = "printed"
SOLUTION: Final = "solution"
_KEYS: Final = (*COLUMN_NAMES, PRINTED, SOLUTION)
_FILLED_FROM_PRINT: Final = {
    "reported_sensitivity": "sensitivity",
    "reported_specificity": "specificity",
}


@dataclass(frozen=True)
class Record:
    """A new study before it is a row.

    Attributes
    ----------
    cells : mapping of str to str
        By column of the schema; what is not known is absent or empty.
    printed : mapping
        Arguments of `metadx.tables.reconstruct.reconstruction`: what the paper prints in place
        of counts.
    solution : int or None
        Which of several tables is meant, counted from 1.
    source : str
        What a message calls the record: its file, or ``"answers"``.
    """

    cells: Mapping[str, str]
    printed: Mapping[str, Any] = field(default_factory=dict)
    solution: int | None = None
    source: str = "answers"

    def fault(self, name: str, found: str, expected: str, rule: str = "record") -> Fault:
        """Make a fault of this record."""
        study = self.cells.get("study_id", "")
        return Fault(self.source, None, study, name, found, expected, rule)


def place_of(target: str) -> tuple[str, str]:
    """Split ``"ct/hip"`` into modality and site.

    Raises
    ------
    OptionError
        It is not a modality and a site of the code lists.
    """
    parts = target.strip("/").removesuffix(".csv").split("/")
    lists = [tuple(code.code for code in found) for found in (codes.MODALITY, codes.SITE)]
    if len(parts) != 2:
        raise OptionError(f"{target!r} is not MODALITY/SITE, such as ct/hip or mri/vertebra")
    for what, found, allowed in zip(("modality", "site"), parts, lists, strict=True):
        if found not in allowed:
            raise OptionError(
                f"there is no {what} {found!r}{did_you_mean(found, allowed)}; "
                f"there are {', '.join(allowed)}"
            )
    return parts[0], parts[1]


def read_record(path: str | Path) -> Record:
    """Read a record from a JSON or TOML file.

    Parameters
    ----------
    path : str or Path
        Keys are columns of the schema; ``printed`` holds what the paper prints in place of
        counts (``sensitivity``, ``n_diseased``, ``sensitivity_interval``, ...), and
        ``solution`` the number of the table that is meant where several fit.

    Raises
    ------
    StudyTableError
        With every key and value that is wrong.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
        if file.suffix.lower() == ".toml":
            found: Any = tomllib.loads(text, parse_float=str)
        else:
            # Digits are kept as they were typed: 93.0 says more than 93.
            found = json.loads(text, parse_float=str)
    except OSError as error:
        raise _unreadable(file, error.strerror or type(error).__name__) from error
    except (ValueError, UnicodeDecodeError) as error:
        raise _unreadable(file, str(error)) from error
    if not isinstance(found, dict):
        raise _unreadable(file, type(found).__name__)
    return record_from(found, file.as_posix())


def record_from(found: Mapping[str, Any], source: str) -> Record:
    """Make a record of keys and values.

    Parameters
    ----------
    found : mapping
        As `read_record` describes them.
    source : str
        What a message calls it.

    Raises
    ------
    StudyTableError
        With every key and value that is wrong.
    """
    study = str(found.get("study_id", ""))
    faults = list(_shape_faults(found, source, study))
    if faults:
        raise StudyTableError(faults)
    cells = {
        name: plain_cell(name, _text(value).strip(), True, True)
        for name, value in found.items()
        if name in COLUMN_NAMES
    }
    printed = dict(found.get(PRINTED, {}))
    if "level" in printed:
        printed["level"] = float(printed["level"])
    return Record(cells, printed, found.get(SOLUTION), source)


def counts_of(record: Record) -> tuple[dict[str, str], Reconstruction | None, list[Fault]]:
    """Return the counts of a record, as given or as they follow from what is printed.

    Parameters
    ----------
    record : Record

    Returns
    -------
    cells : dict of str to str
        Counts, printed percentages and origin, as far as they follow.
    found : Reconstruction or None
        Where the paper's figures were used.
    faults : list of Fault
        Nothing fits, several tables fit and none was chosen, or too little is printed.
    """
    if not record.printed:
        return {"derivation": derivation_of(record.cells)}, None, []
    given = [name for name in COUNT_COLUMNS if record.cells.get(name)]
    if given:
        expected = "either the counts or what the paper prints; a known count may stand in printed"
        both = f"{', '.join(given)} beside it"
        return {}, None, [record.fault(PRINTED, both, expected)]
    try:
        found = reconstruction(**record.printed)
    except (OptionError, TypeError) as error:
        return {}, None, [record.fault(PRINTED, str(error), "figures that can be read together")]
    fault = _choice_fault(record, found)
    if fault:
        return {}, found, [fault]
    return _reconstructed(record, found, record.solution or 1), found, []


def _choice_fault(record: Record, found: Reconstruction) -> Fault | None:
    if not len(found):
        expected = "figures that agree with each other"
        return record.fault(PRINTED, found.sentence, expected, "contradiction")
    if not found.unique and record.solution is None:
        expected = f"solution = 1 to {len(found)}: {'; '.join(solutions_text(found))}"
        return record.fault(SOLUTION, "", expected, "solution")
    if record.solution is not None and not 1 <= record.solution <= len(found):
        expected = f"a number from 1 to {len(found)}"
        return record.fault(SOLUTION, str(record.solution), expected, "solution")
    return None


def derivation_of(cells: Mapping[str, str], reconstructed: bool = False) -> str:
    """Return the origin of counts that follows from which of them are there."""
    if cells.get("tp") and not (cells.get("fp") or cells.get("tn")):
        return "sensitivity_only"
    return "reconstructed" if reconstructed else "counts"


def solutions_text(found: Reconstruction, most: int = 20) -> Iterator[str]:
    """Write each table that fits on a line of its own: ``1: tp 42, fp 6, fn 3, tn 45``."""
    for number, row in enumerate(found.solutions.to_dict("records")[:most], start=1):
        yield f"{number}: " + ", ".join(
            f"{name} {cell_text(count)}" for name, count in row.items() if cell_text(count)
        )
    if len(found) > most:
        yield f"and {len(found) - most} more"


def problem(name: str, text: str) -> str:
    """Say what is wrong with one answer, empty where nothing is.

    Parameters
    ----------
    name : str
        Column of the schema.
    text : str
        The answer.
    """
    declared = column(name)
    plain = plain_cell(name, text.strip(), True, True)
    if not plain:
        return f"a value is needed: {declared.expected}" if declared.required else ""
    if declared.accepts(plain):
        return ""
    hint = did_you_mean(plain, declared.allowed) if declared.codes else ""
    return f"found {text!r}; expected {declared.expected}{hint}"


def _reconstructed(record: Record, found: Reconstruction, number: int) -> dict[str, str]:
    row = found.solutions.iloc[number - 1]
    cells = {name: cell_text(row[name]) for name in COUNT_COLUMNS}
    cells["derivation"] = derivation_of(cells, reconstructed=True)
    percent = record.printed.get("percent", True)
    for name, key in _FILLED_FROM_PRINT.items():
        if percent and record.printed.get(key) is not None:
            cells[name] = printed_text(record.printed[key])
    used = ", ".join(name.replace("_", " ") for name in found.used)
    taken = "" if found.unique else f" Table {number} of them is taken."
    said = (
        f"counts reconstructed from {used}: {found.sentence[0].lower()}{found.sentence[1:]}{taken}"
    )
    cells["notes"] = "; ".join(filter(None, (record.cells.get("notes", ""), said.rstrip("."))))
    return cells


def _shape_faults(found: Mapping[str, Any], source: str, study: str) -> Iterator[Fault]:
    def fault(name: str, value: str, expected: str) -> Fault:
        return Fault(source, None, study, name, value, expected, "record")

    for name, value in found.items():
        if name not in _KEYS:
            hint = did_you_mean(name, _KEYS)
            yield fault(name, name, f"a column of the codebook, {PRINTED} or {SOLUTION}{hint}")
        elif name == PRINTED:
            yield from _printed_faults(value, fault)
        elif name == SOLUTION:
            if not isinstance(value, int) or isinstance(value, bool):
                yield fault(name, str(value), "a whole number from 1 up")
        elif isinstance(value, Mapping | Sequence) and not isinstance(value, str):
            yield fault(name, str(value), "one value, not several")


def _printed_faults(value: Any, fault: Any) -> Iterator[Fault]:
    allowed = tuple(entry.name for entry in fields(Printed))
    if not isinstance(value, Mapping):
        yield fault(PRINTED, str(value), "a group of names and numbers")
        return
    for name in value:
        if name not in allowed:
            hint = did_you_mean(name, allowed)
            yield fault(f"{PRINTED}.{name}", name, f"one of {', '.join(allowed)}{hint}")
    level = str(value.get("level", "0.95"))
    if kinds.number(level) is None:
        yield fault(f"{PRINTED}.level", level, "a number between 0 and 1")


def _unreadable(file: Path, found: str) -> StudyTableError:
    expected = "a JSON or TOML file with one study, a key for each column"
    return StudyTableError([Fault(file.as_posix(), None, "", "", found, expected, "file")])


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
