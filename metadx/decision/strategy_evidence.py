"""Which studies each test of a strategy rests on, and what they do not reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from metadx.decision.draws import AccuracyDraws
from metadx.decision.strategy_nodes import (
    MARGINS,
    Borrowed,
    IndexTest,
    ParallelNode,
    Plan,
    Quantity,
    SingleNode,
    Tree,
)

#: Fewer studies of a margin than this are called thin: the between-study variance, and with
#: it the next hospital, rests on the prior.
FEW: Final = 4
#: Populations whose patients had a negative radiograph before.
AFTER_RADIOGRAPH: Final = ("radiograph_negative",)
RADIOGRAPH: Final = "xray"


@dataclass(frozen=True, slots=True)
class Support:
    """What one margin of one test rests on.

    Attributes
    ----------
    test, margin : str
        Which.
    stratum : str
        Identifier of the stratum; empty for an assumption.
    k : int
        Studies that report the margin; 0 for an assumption.
    basis : str
        ``"studies"``, ``"borrowed"`` or ``"assumption"``.
    source : str
        Model of the draws, or the source of the assumption.
    """

    test: str
    margin: str
    stratum: str
    k: int
    basis: str
    source: str

    def __str__(self) -> str:
        if self.basis == "assumption":
            return f"{self.margin} ASSUMED ({self.source})"
        word = "study" if self.k == 1 else "studies"
        borrowed = f", BORROWED: {self.source}" if self.basis == "borrowed" else ""
        return f"{self.margin} {self.stratum}, {self.k} {word}{borrowed}"


def support_of(
    test: IndexTest, draws: AccuracyDraws | None, borrowed: dict[str, AccuracyDraws]
) -> tuple[Support, Support]:
    """Say what both margins of a test rest on."""
    found = []
    for column, margin in enumerate(MARGINS):
        if draws is not None and draws.k[column] > 0:
            found.append(
                Support(test.name, margin, draws.stratum, draws.k[column], "studies", draws.source)
            )
            continue
        stated = test.assumed[margin]
        if isinstance(stated, Borrowed):
            k = borrowed[stated.stratum].k[column]
            found.append(Support(test.name, margin, stated.stratum, k, "borrowed", stated.source))
        else:
            words = f"{stated.source}; {stated.basis}"
            found.append(Support(test.name, margin, "", 0, "assumption", words))
    return found[0], found[1]


def evidence_warnings(plan: Plan, supports: dict[str, tuple[Support, Support]]) -> list[str]:
    """Say of every test where its evidence is thin, indirect or assumed, a sentence each."""
    found: dict[str, None] = {}
    for name, both in supports.items():
        label = plan.tests[name].label
        for one in both:
            found.update(dict.fromkeys(_of_margin(plan, label, one)))
    return list(found)


def _of_margin(plan: Plan, label: str, one: Support) -> Iterator[str]:
    if one.basis == "assumption":
        yield f"{label}: {one.margin} is an assumption, not evidence ({one.source})."
        return
    if one.basis == "borrowed":
        yield f"{label}: {one.margin} is borrowed from {one.stratum} ({one.source})."
    if one.k < FEW:
        word = "study" if one.k == 1 else "studies"
        yield f"{label}: {one.margin} rests on {one.k} {word} ({one.stratum}); thin."
    if one.stratum.count("/") != 3:
        return
    _, site, unit, population = one.stratum.split("/")
    if site != plan.site:
        yield f"{label}: the studies are of the {site}, not of the {plan.site}; indirect."
    if unit != "patient":
        yield f"{label}: counted per {unit}, used per patient; indirect."
    if population not in ("all_suspected", "radiograph_negative"):
        words = population.replace("_", " ")
        yield f"{label}: the patients of the studies are '{words}', not suspected ones; indirect."


def unconditional_pairs(
    plan: Plan, tree: Tree, supports: dict[str, tuple[Support, Support]]
) -> list[tuple[str, str, str]]:
    """Find tests that follow another whose result their studies do not condition on.

    Returns
    -------
    list of tuple of str
        Node, test and the nearest earlier test that is not accounted for; tests that are read
        together count as a pair with an empty earlier test.
    """
    found: dict[tuple[str, str, str], None] = {}
    for name, before in tree.paths():
        node = tree.nodes[name]
        if isinstance(node, ParallelNode) and len(node.tests) == 2:
            found[name, " and ".join(node.tests), ""] = None
        if not isinstance(node, SingleNode):
            continue
        for earlier, result in reversed(before):
            if "+" in earlier or _accounted(plan, supports[node.test], earlier, result):
                continue
            found[name, node.test, earlier] = None
            break
    return list(found)


def _accounted(plan: Plan, both: tuple[Support, Support], earlier: str, result: str) -> bool:
    """Whether the studies enrolled patients with this result of the earlier test."""
    if plan.tests[earlier].modality != RADIOGRAPH or result != "negative":
        return False
    strata = [one.stratum for one in both if one.basis == "studies"]
    return bool(strata) and all(
        stratum.rpartition("/")[2] in AFTER_RADIOGRAPH for stratum in strata
    )


def path_warnings(
    plan: Plan, tree: Tree, supports: dict[str, tuple[Support, Support]]
) -> list[str]:
    """Say where a test's studies do not fit the place where the strategy uses it."""
    found: dict[str, None] = {}
    for _, test, earlier in unconditional_pairs(plan, tree, supports):
        if earlier:
            label, first = plan.tests[test].label, plan.tests[earlier].label
            found[
                f"{label} after {first}: its studies are unconditional, they do not say how it "
                f"does in patients with that result of {first}; see the analysis of dependence."
            ] = None
    for name, before in tree.paths():
        node = tree.nodes[name]
        tests = (node.test,) if isinstance(node, SingleNode) else getattr(node, "tests", ())
        for test in tests:
            found.update(dict.fromkeys(_misplaced(plan, test, supports[test], before)))
    return list(found)


def _misplaced(
    plan: Plan, test: str, both: tuple[Support, Support], before: tuple[tuple[str, str], ...]
) -> Iterator[str]:
    label = plan.tests[test].label
    entered = plan.population in AFTER_RADIOGRAPH
    negative = any(
        plan.tests[done].modality == RADIOGRAPH and result == "negative"
        for done, result in before
        if "+" not in done
    )
    populations = {one.stratum.rpartition("/")[2] for one in both if one.stratum}
    if entered and "all_suspected" in populations:
        yield (
            f"{label}: its studies are of everybody suspected, the patients here have a negative "
            "radiograph; unconditional."
        )
    if populations & set(AFTER_RADIOGRAPH) and not (entered or negative):
        yield (
            f"{label}: its studies are of patients with a negative radiograph, which the patients "
            "here do not all have; indirect."
        )


def quantity_warnings(plan: Plan) -> list[str]:
    """Name assumptions, fixed values, and costs of different years."""
    found = []
    quantities, names = plan.quantities(), plan.names()
    for one in quantities.values():
        words = names.get(one.name, one.name)
        source = "; ".join(filter(None, (one.source.removeprefix("assumption: "), one.basis)))
        if one.is_assumption and ".sensitivity" not in one.name and ".specificity" not in one.name:
            found.append(f"The {words} is an assumption, not evidence ({source}).")
        elif one.distribution.is_fixed and one.distribution.mean > 0.0 and not one.is_assumption:
            found.append(
                f"The {words}, input {one.name}, is used without uncertainty ({one.basis})."
            )
        elif words.startswith("share ") and not one.is_assumption:
            found.append(f"The {words}, input {one.name}: {one.source}; {one.basis}.")
    years = sorted({one.year for one in _money(plan, quantities) if one.year is not None})
    if len(years) > 1:
        found.append(
            f"The costs are of different years ({', '.join(map(str, years))}) and were not "
            "adjusted for it."
        )
    return found


def _money(plan: Plan, quantities: dict[str, Quantity]) -> list[Quantity]:
    money = [one for one in quantities.values() if one.currency]
    return [*money, plan.value_of_finding] if plan.value_of_finding else money


def decision_warnings(plan: Plan, threshold: float | None, willingness: float | None) -> list[str]:
    """Name the judgements that the ranking rests on, and where each comes from.

    Parameters
    ----------
    plan : Plan
        The strategy file.
    threshold, willingness : float or None
        What the caller asked for in place of the file's.
    """
    found = []
    for given, stated, words, unit in (
        (threshold, plan.threshold, "Treating is right from a probability of", ""),
        (willingness, plan.value_of_finding, "A found fracture is worth", f" {plan.currency}"),
    ):
        value = stated.distribution.mean if given is None and stated is not None else given
        if value is None:
            continue
        source = "as asked for" if given is not None or stated is None else stated.source
        source = source.removeprefix("assumption: ")
        found.append(f"{words} {value:g}{unit}: an assumption, not evidence ({source}).")
    return found
