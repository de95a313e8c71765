"""Numbers of a strategy file: an input named by its identifier, or a stated assumption."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from metadx.decision import distributions
from metadx.decision.distributions import Distribution
from metadx.decision.inputs import Input
from metadx.decision.strategy_faults import Findings
from metadx.decision.strategy_nodes import Quantity
from metadx.errors import OptionError
from metadx.tables.schema import did_you_mean

#: Quantities and units of inputs that fit a place of the file.
FITS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "prevalence": (("prevalence",), ("percent",)),
    "share": (
        ("prevalence", "contraindication", "availability", "displacement", "mortality"),
        ("percent",),
    ),
    "cost": (("cost",), ("per_test", "per_patient_pathway", "per_fracture_hospital")),
    "dose": (("dose",), ("mSv",)),
    "hours": (("delay",), ("hours",)),
    "value": (("cost",), ("per_missed_fracture", "per_fracture_hospital")),
    "accuracy": ((), ()),
}
PROBABILITIES: Final = ("prevalence", "share", "accuracy")
KEYS: Final = ("value", "low", "high", "interval", "n", "family", "source", "currency", "year")


def read_quantity(
    found: Any, place: str, kind: str, inputs: Mapping[str, Input], findings: Findings
) -> Quantity | None:
    """Read one number of a strategy file.

    Parameters
    ----------
    found : object
        An identifier of an input, or a table with a value, perhaps its spread, and a source.
    place : str
        Where it stands, for messages; also the name of an assumption.
    kind : str
        Key of `FITS`.
    inputs : mapping
        Inputs by identifier.
    findings : Findings
        Where faults go.

    Returns
    -------
    Quantity or None
        None where there is a fault.
    """
    if isinstance(found, str):
        return _of_input(found, place, kind, inputs, findings)
    if not isinstance(found, dict):
        expected = "the identifier of an input, or a table with value and source"
        findings.add(place, found, expected, "bad_quantity")
        return None
    findings.keys(place, found, KEYS)
    source = findings.text(place, found, "source")
    if not source:
        expected = "where the number comes from, or source = 'assumption: ...'"
        findings.add(f"{place}.source", "", expected, "no_source")
    distribution, basis = _distribution(found, place, kind, findings)
    if distribution is None or not source:
        return None
    currency = findings.text(place, found, "currency")
    if kind in ("cost", "value") and not currency:
        findings.add(f"{place}.currency", "", "the currency of the cost", "currency")
        return None
    year = found.get("year")
    return Quantity(
        place, distribution, source, True, basis, currency, year if isinstance(year, int) else None
    )


def _of_input(
    name: str, place: str, kind: str, inputs: Mapping[str, Input], findings: Findings
) -> Quantity | None:
    one = inputs.get(name)
    quantities, units = FITS[kind]
    if one is None:
        hint = did_you_mean(name, list(inputs))
        findings.add(place, name, f"an input of strategy_inputs.csv{hint}", "unknown_input")
        return None
    if one.quantity not in quantities or one.unit not in units:
        expected = f"an input whose quantity is {' or '.join(quantities) or 'none of the table'}"
        expected += f" in {' or '.join(units)}" if units else ""
        findings.add(place, f"{name} ({one.quantity}, {one.unit})", expected, "wrong_input")
        return None
    if not one.use:
        expected = f"an input with use = yes; this one is kept for the record ({one.use_reason})"
        findings.add(place, name, expected, "unusable_input")
        return None
    basis = one.basis + ("" if not one.notes else f"; {one.notes}")
    return Quantity(name, one.distribution, one.source, False, basis, one.currency, one.year)


def _distribution(
    found: Mapping[str, Any], place: str, kind: str, findings: Findings
) -> tuple[Distribution | None, str]:
    numbers: dict[str, float] = {}
    for key in ("value", "low", "high", "n"):
        value = found.get(key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            findings.add(f"{place}.{key}", value, "a number", "bad_distribution")
            return None, ""
        numbers[key] = float(value)
    most = 1.0 if kind in PROBABILITIES else float("inf")
    value = numbers.get("value")
    if value is None or not 0.0 <= value <= most:
        expected = "a number from 0 to 1" if most == 1.0 else "a number from 0 up"
        findings.add(f"{place}.value", found.get("value", ""), expected, "bad_distribution")
        return None, ""
    family = found.get("family", "beta" if most == 1.0 else "gamma")
    try:
        return _made(numbers, str(family), str(found.get("interval", "95")))
    except OptionError as error:
        findings.add(place, dict(numbers), f"a distribution: {error}", "bad_distribution")
        return None, ""


def _made(numbers: Mapping[str, float], family: str, interval: str) -> tuple[Distribution, str]:
    value = numbers["value"]
    if "low" in numbers and "high" in numbers:
        found = distributions.from_interval(
            family, value, numbers["low"], numbers["high"], interval
        )
        return found, f"{family}, {numbers['low']:g} to {numbers['high']:g}"
    if "low" in numbers or "high" in numbers:
        raise OptionError("low and high stand together or not at all")
    if "n" in numbers:
        return distributions.from_share(value, numbers["n"]), f"beta from {numbers['n']:g} patients"
    return distributions.fixed(value), "fixed"
