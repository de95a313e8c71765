"""Strategy files: read, checked against the study tables and the inputs, all faults at once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from metadx.decision.inputs import Input
from metadx.decision.strategy_faults import Findings, StrategyError
from metadx.decision.strategy_nodes import (
    MARGINS,
    PRICES,
    Action,
    Borrowed,
    IndexTest,
    Plan,
    Quantity,
)
from metadx.decision.strategy_quantities import read_quantity
from metadx.decision.strategy_trees import read_trees
from metadx.tables import StudyTable
from metadx.tables.codes import MODALITY, POPULATION, SITE
from metadx.tables.schema import did_you_mean

TOP: Final = (
    "title", "note", "site", "population", "prevalence", "threshold", "value_of_finding", "tests",
    "actions", "strategies",
)  # fmt: skip
TEST_KEYS: Final = ("label", "modality", "stratum", *MARGINS, *PRICES)
ACTION_KEYS: Final = ("label", "calls", "cost", "hours")
#: Actions that need no entry in a file.
ACTIONS: Final = {
    "treat": Action("treat", "treated as a fracture", True),
    "discharge": Action("discharge", "sent home as having none", False),
}
ACTION_PRICES: Final[tuple[str, ...]] = ("cost", "hours")
CALLS: Final = ("fracture", "no fracture")


def read_plan(
    path: str | Path, strata: Mapping[str, StudyTable], inputs: Mapping[str, Input]
) -> Plan:
    """Read a strategy file.

    Parameters
    ----------
    path : str or Path
        A TOML file.
    strata : mapping
        Pooled rows of the study tables by stratum.
    inputs : mapping
        Inputs that are not accuracy, by identifier.

    Raises
    ------
    StrategyError
        With all faults of the file.
    """
    place = Path(path)
    findings = Findings(place.as_posix())
    try:
        content = tomllib.loads(place.read_text(encoding="utf-8"))
    except OSError as error:
        findings.add("", error.strerror or "", "a file that can be read", "file")
        raise StrategyError(findings.faults) from error
    except UnicodeDecodeError as error:
        findings.add("", "bytes that are not UTF-8", "a text file in UTF-8", "encoding")
        raise StrategyError(findings.faults) from error
    except tomllib.TOMLDecodeError as error:
        findings.add("", str(error), "a file in the TOML format", "toml")
        raise StrategyError(findings.faults) from error
    return plan_of(content, place.stem, strata, inputs, findings)


def plan_of(
    content: Mapping[str, Any],
    name: str,
    strata: Mapping[str, StudyTable],
    inputs: Mapping[str, Input],
    findings: Findings | None = None,
) -> Plan:
    """Check the content of a strategy file and return it as data.

    Parameters
    ----------
    content : mapping
        As `tomllib` reads it.
    name : str
        What the plan is called.
    strata, inputs : mapping
        As for :func:`read_plan`.
    findings : Findings, optional
        Where faults go.

    Raises
    ------
    StrategyError
        With all faults.
    """
    found = findings or Findings("<strategy>")
    found.keys("", content, TOP)
    title = found.text("", content, "title") or name
    site, population = content.get("site"), content.get("population")
    found.one_of("site", site, (code.code for code in SITE), "site")
    found.one_of("population", population, (code.code for code in POPULATION), "population")
    prevalence = None
    if "prevalence" not in content:
        expected = "the pretest probability: an input, or a table with value and source"
        found.add("prevalence", "", expected, "no_prevalence")
    else:
        prevalence = read_quantity(content["prevalence"], "prevalence", "prevalence", inputs, found)
    threshold, value = (
        read_quantity(content[key], key, kind, inputs, found) if key in content else None
        for key, kind in (("threshold", "share"), ("value_of_finding", "value"))
    )
    tests = _tests(content, strata, inputs, found)
    actions = _actions(content, inputs, found)
    trees = read_trees(content, tests, actions, inputs, found)
    if not found.faults:
        assert prevalence is not None
        plan = Plan(
            name, title, str(site), str(population), prevalence, tests, actions, trees, threshold,
            value, found.text("", content, "note"),
        )  # fmt: skip
        _currencies(plan, found)
    if found.faults:
        raise StrategyError(found.faults)
    return plan


def _tests(
    content: Mapping[str, Any],
    strata: Mapping[str, StudyTable],
    inputs: Mapping[str, Input],
    found: Findings,
) -> dict[str, IndexTest]:
    tests: dict[str, IndexTest] = {}
    for name, table in found.table("tests", content.get("tests")).items():
        place = f"tests.{name}"
        row = found.table(place, table)
        found.keys(place, row, TEST_KEYS)
        stratum = found.text(place, row, "stratum")
        modality = found.text(place, row, "modality") or stratum.partition("/")[0]
        known = not stratum or _known_stratum(f"{place}.stratum", stratum, strata, found)
        if not stratum or "modality" in row:
            found.one_of(f"{place}.modality", modality, (c.code for c in MODALITY), "modality")
        assumed = {
            margin: one
            for margin in MARGINS
            if margin in row
            and (one := _margin(row[margin], f"{place}.{margin}", strata, inputs, found))
        }
        if known:
            _margins_known(place, stratum, row, strata, found)
        prices = {
            price: one
            for price in PRICES
            if price in row
            and (one := read_quantity(row[price], f"{place}.{price}", price, inputs, found))
        }
        label = found.text(place, row, "label") or name
        tests[name] = IndexTest(name, label, modality, stratum, assumed, prices)
    return tests


def _known_stratum(
    place: str, stratum: str, strata: Mapping[str, StudyTable], found: Findings
) -> bool:
    if stratum in strata:
        return True
    hint = did_you_mean(stratum, list(strata))
    expected = f"a stratum of the study tables with pooled rows{hint}"
    found.add(place, stratum, expected, "unknown_stratum")
    return False


def _margin(
    entry: Any,
    place: str,
    strata: Mapping[str, StudyTable],
    inputs: Mapping[str, Input],
    found: Findings,
) -> Quantity | Borrowed | None:
    if isinstance(entry, dict) and "stratum" in entry:
        found.keys(place, entry, ("stratum", "source"))
        stratum, source = (found.text(place, entry, key) for key in ("stratum", "source"))
        if not source:
            found.add(f"{place}.source", "", "why this stratum may stand in", "no_source")
        known = _known_stratum(f"{place}.stratum", stratum, strata, found)
        if known and not _reports(strata[stratum], place.rpartition(".")[2]):
            expected = f"a stratum that reports {place.rpartition('.')[2]}"
            found.add(f"{place}.stratum", stratum, expected, "missing_margin")
        return Borrowed(stratum, source)
    return read_quantity(entry, place, "accuracy", inputs, found)


def _reports(table: StudyTable, margin: str) -> bool:
    return bool((table.arrays().totals[:, MARGINS.index(margin)] > 0).any())


def _margins_known(
    place: str,
    stratum: str,
    row: Mapping[str, Any],
    strata: Mapping[str, StudyTable],
    found: Findings,
) -> None:
    for margin in MARGINS:
        if margin in row or (stratum and _reports(strata[stratum], margin)):
            continue
        if stratum:
            found_words = f"no study of {stratum} reports {margin}"
            expected = f"{margin} = {{ value, low, high, source }}, a stated assumption"
        else:
            found_words = ""
            expected = f"a stratum, or {margin} with a value and a source"
        found.add(f"{place}.{margin}", found_words, expected, "missing_margin")


def _actions(
    content: Mapping[str, Any], inputs: Mapping[str, Input], found: Findings
) -> dict[str, Action]:
    actions = dict(ACTIONS)
    for name, table in found.table("actions", content.get("actions")).items():
        place = f"actions.{name}"
        row = found.table(place, table)
        found.keys(place, row, ACTION_KEYS)
        default = ACTIONS.get(name)
        calls = row.get("calls", CALLS[not default.calls_fracture] if default else None)
        found.one_of(f"{place}.calls", calls, CALLS, "action")
        prices = {
            key: one
            for key in ACTION_PRICES
            if key in row and (one := read_quantity(row[key], f"{place}.{key}", key, inputs, found))
        }
        label = found.text(place, row, "label") or (default.label if default else name)
        actions[name] = Action(name, label, calls == CALLS[0], prices)
    return actions


def _currencies(plan: Plan, found: Findings) -> None:
    """Note costs in several currencies; nothing is ever converted."""
    money = [one for one in plan.quantities().values() if one.currency]
    if plan.value_of_finding is not None:
        money.append(plan.value_of_finding)
    by_currency: dict[str, list[str]] = {}
    for one in money:
        by_currency.setdefault(one.currency, []).append(one.name)
    if len(by_currency) > 1:
        words = "; ".join(f"{key}: {', '.join(names)}" for key, names in by_currency.items())
        found.add("", words, "costs in one currency; metadx converts none", "currency")
