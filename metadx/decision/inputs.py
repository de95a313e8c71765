"""The inputs of a strategy that are not accuracy, read from the table that cites them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

import pandas as pd

from metadx.decision import distributions
from metadx.decision.distributions import Distribution
from metadx.errors import Fault, OptionError, StudyTableError
from metadx.tables.input_columns import FILE_NAME, INPUT_COLUMNS
from metadx.tables.kinds import number, plain_number
from metadx.tables.reading import RawTable, read_raw
from metadx.tables.schema import did_you_mean

NUMBERS: Final = ("value", "lower", "upper", "sd")
_NAMES: Final = tuple(column.name for column in INPUT_COLUMNS)
#: Where a unit has an upper end, a value beyond it is a slip.
_LARGEST: Final = {"percent": 100, "utility": 1}


@dataclass(frozen=True, slots=True)
class Input:
    """One number with its source.

    Attributes
    ----------
    input_id, quantity, site, modality, unit : str
        As in the table.
    value, lower, upper : float or None
        Shares as probabilities, everything else in its unit.
    currency : str
        ISO code of a cost.
    year : int or None
        Year of the prices of a cost, or of publication where the source does not say.
    price_year_stated : bool
        Whether `year` is the stated year of the prices.
    distribution : Distribution
        What the interval, the number of patients or neither of them implies.
    basis : str
        What the distribution rests on, in words.
    source : str
        Title, year and DOI, PubMed number or address.
    use : bool
        Whether a strategy may use it.
    use_reason, notes, printed, population : str
        As in the table.
    """

    input_id: str
    quantity: str
    site: str
    modality: str
    unit: str
    value: float | None
    lower: float | None
    upper: float | None
    currency: str
    year: int | None
    price_year_stated: bool
    distribution: Distribution
    basis: str
    source: str
    use: bool
    use_reason: str
    notes: str
    printed: str
    population: str


def read_inputs(path: str | Path = "studies") -> dict[str, Input]:
    """Read the inputs of strategies.

    Parameters
    ----------
    path : str or Path
        The file, or the folder of study tables that holds ``strategy_inputs.csv``.

    Returns
    -------
    dict of str to Input
        By identifier, in the order of the file; rows that no strategy may use included.

    Raises
    ------
    StudyTableError
        With all faults of the file.
    """
    raw = read_raw(_file(path))
    faults = list(raw.faults) or list(_faults(raw))
    if faults:
        raise StudyTableError(faults)
    return {row["input_id"]: _input(row) for row in _rows(raw)}


def check_inputs(path: str | Path = "studies") -> tuple[Fault, ...]:
    """Return the faults of a file of inputs, sorted by row; none where it does not exist."""
    if not _file(path).exists():
        return ()
    try:
        read_inputs(path)
    except StudyTableError as error:
        return error.faults
    return ()


def inputs_frame(inputs: Mapping[str, Input]) -> pd.DataFrame:
    """Return inputs as a table to look at: value, distribution, its basis and its source."""
    rows = [
        {
            "input_id": one.input_id, "quantity": one.quantity, "site": one.site,
            "modality": one.modality, "printed": one.printed, "basis": one.basis,
            "use": "yes" if one.use else f"no: {one.use_reason}", "source": one.source,
        }
        for one in inputs.values()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _file(path: str | Path) -> Path:
    found = Path(path)
    return found / FILE_NAME if found.is_dir() else found


def _rows(raw: RawTable) -> Iterator[dict[str, str]]:
    for cells in raw.rows:
        row = dict(zip(raw.header, cells, strict=True))
        for column in INPUT_COLUMNS:
            if column.kind.numeric:
                row[column.name] = plain_number(row[column.name], raw.decimal_comma)
        yield row


def _faults(raw: RawTable) -> Iterator[Fault]:
    missing = [name for name in _NAMES if name not in raw.header]
    if missing:
        expected = f"the column; a file of inputs has {', '.join(_NAMES)}"
        for name in missing:
            yield Fault(raw.file, raw.header_line, "", name, "", expected, "missing_column")
        return
    seen: set[str] = set()
    for line, row in zip(raw.lines, _rows(raw), strict=True):
        name = row["input_id"]
        cells = list(_cell_faults(raw.file, line, row))
        yield from cells
        if name in seen:
            yield Fault(raw.file, line, name, "input_id", name, "each input once", "duplicate")
        seen.add(name)
        if cells:
            continue
        faults = list(_row_faults(raw.file, line, row))
        yield from faults or _distribution_faults(raw.file, line, row)


def _cell_faults(file: str, line: int, row: dict[str, str]) -> Iterator[Fault]:
    for column in INPUT_COLUMNS:
        cell, name = row[column.name], row["input_id"]
        if not cell:
            if column.required:
                yield Fault(file, line, name, column.name, "", "a value", "required")
            continue
        if column.codes and cell not in column.allowed:
            hint = did_you_mean(cell, column.allowed)
            expected = f"one of {', '.join(column.allowed)}{hint}"
            yield Fault(file, line, name, column.name, cell, expected, "code")
        elif not column.codes and not column.kind.accepts(cell):
            yield Fault(file, line, name, column.name, cell, column.kind.expected, "cell")


def _row_faults(file: str, line: int, row: dict[str, str]) -> Iterator[Fault]:
    def fault(column: str, expected: str, rule: str, found: str = "") -> Fault:
        return Fault(file, line, row["input_id"], column, found or row[column], expected, rule)

    value, low, high, _ = (number(row[name]) if row[name] else None for name in NUMBERS)
    used = row["use"] == "yes"
    if used == bool(row["use_reason"]):
        yield fault("use_reason", "a reason where use is no, and only there", "use_reason")
    if not (row["doi"] or row["pmid"] or row["source_url"]):
        yield fault("source_url", "a DOI, a PubMed number or an address", "source")
    if value is None and used:
        yield fault("value", "a number, or use = no", "value")
    if (low is None) != (high is None):
        yield fault("lower+upper", "both ends or none", "interval", "one end")
    elif bool(row["interval"]) != (low is not None):
        yield fault("interval", "what lower and upper are, where they stand", "interval")
    if None not in (value, low, high) and not low <= value <= high:  # type: ignore[operator]
        yield fault("value", f"a value between {row['lower']} and {row['upper']}", "interval")
    yield from _unit_faults(fault, row, (value, low, high))
    if row["events"] and (not row["n"] or int(row["events"]) > int(row["n"])):
        yield fault("events", "at most n", "events")


def _distribution_faults(file: str, line: int, row: dict[str, str]) -> Iterator[Fault]:
    try:
        _distribution(row)
    except OptionError as error:
        expected = f"a distribution that exists: {error}"
        yield Fault(file, line, row["input_id"], "family", row["family"], expected, "family")


def _unit_faults(
    fault: object, row: dict[str, str], values: tuple[Decimal | None, ...]
) -> Iterator[Fault]:
    assert callable(fault)
    largest = _LARGEST.get(row["unit"])
    for name, one in zip(NUMBERS, values, strict=False):
        if one is not None and (one < 0 or (largest is not None and one > largest)):
            upto = f" up to {largest}" if largest else ""
            yield fault(name, f"a number from 0{upto}", "unit")
    money = row["quantity"] == "cost"
    if money and row["use"] == "yes" and not row["currency"]:
        yield fault("currency", "the currency of a cost", "currency")
    if row["family"] == "beta" and row["unit"] not in _LARGEST:
        yield fault("family", "gamma or lognormal: beta is for percent and utility", "family")


def _number(text: str) -> float | None:
    return float(text) if text else None


def _distribution(row: dict[str, str]) -> tuple[Distribution, str]:
    """Distribution of a row and what it rests on."""
    value, low, high, sd = (_number(row[name]) for name in NUMBERS)
    n = _number(row["n"])
    if value is None:
        return distributions.fixed(float("nan")), "no value"
    scale = 100.0 if row["unit"] == "percent" else 1.0
    value /= scale
    family = row["family"]
    if family == "fixed":
        return distributions.fixed(value), "no interval stated: fixed"
    if low is not None and high is not None:
        words = {"95": "95% interval", "quartiles": "quartiles", "range": "range, as 95%"}
        found = distributions.from_interval(
            family, value, low / scale, high / scale, row["interval"]
        )
        return found, f"{family} from the {words[row['interval']]}"
    if family == "beta" and n:
        share = int(row["events"]) / n if row["events"] else value
        return distributions.from_share(share, n), f"beta from {n:.0f} patients"
    if family == "gamma" and sd and n:
        found = distributions.from_standard_deviation(value, sd, n)
        return found, f"gamma from the standard error of {n:.0f} patients"
    raise OptionError(f"{family} needs an interval, or n (beta), or sd and n (gamma)")


def _input(row: dict[str, str]) -> Input:
    distribution, basis = _distribution(row)
    scale = 100.0 if row["unit"] == "percent" else 1.0
    value, low, high = (
        None if (one := _number(row[name])) is None else one / scale for name in NUMBERS[:3]
    )
    year = row["price_year"] or row["year"]
    place = (row["doi"] and f"doi:{row['doi']}") or (row["pmid"] and f"PMID {row['pmid']}")
    dated = f"{row['source_title']} ({row['year'] or 'year not stated'})"
    return Input(
        row["input_id"], row["quantity"], row["site"], row["modality"], row["unit"],
        value, low, high, row["currency"], int(year) if year else None, bool(row["price_year"]),
        distribution, basis, f"{dated}, {place or row['source_url']}",
        row["use"] == "yes", row["use_reason"], row["notes"], row["printed"],
        row["population"],
    )  # fmt: skip
