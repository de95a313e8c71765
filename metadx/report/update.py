"""What an update of the study tables did to the conclusions: the numbers, and their text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from metadx.report.claims import ClaimResult
from metadx.report.estimates import MARGINS, NOTHING, Interval, StratumRecord
from metadx.report.words import sentence, studies_word
from metadx.tables import stratum_label
from metadx.tables.changes import CAME, CHANGED, WENT, RowChange

#: Verbs by which a change is named as the cause of a shift.
VERBS: Final = {CAME: "which came", WENT: "which went", CHANGED: "which changed"}


@dataclass(frozen=True, slots=True)
class Step:
    """A stratum after some of its rows, for the cumulative figure.

    Attributes
    ----------
    label : str
        The study that was added, removed or changed at this step.
    kind : str
        ``"study"`` before the update, else the kind of the change.
    k : mapping of str to int
        Studies of each margin.
    estimates : mapping of str to Interval
        Of each margin: the pooled value, or that of the summed counts.
    pooled : mapping of str to bool
        Which of the two.
    """

    label: str
    kind: str
    k: Mapping[str, int]
    estimates: Mapping[str, Interval]
    pooled: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Effect:
    """What one change did to one margin of a stratum.

    Attributes
    ----------
    change : RowChange
    without : Interval
        The margin after the update with this change undone.
    shift : float or None
        After the update, minus `without`; None where one of them has no value.
    """

    change: RowChange
    without: Interval
    shift: float | None


@dataclass(frozen=True)
class StratumUpdate:
    """One stratum before and after.

    Attributes
    ----------
    stratum : str
    before, after : StratumRecord or None
        None where the stratum had or has no pooled row.
    changes : tuple of RowChange
        Those that its pooled numbers depend on.
    effects : mapping of str to tuple of Effect
        By margin, each change undone in turn; the largest shift first.
    steps : tuple of Step
        Cumulative: the studies before by year, then each change.
    """

    stratum: str
    before: StratumRecord | None
    after: StratumRecord | None
    changes: tuple[RowChange, ...]
    effects: Mapping[str, tuple[Effect, ...]] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()

    def driver(self, margin: str) -> Effect | None:
        """Return the change that moved a margin most; None where nothing moved it."""
        found = [effect for effect in self.effects.get(margin, ()) if effect.shift]
        return found[0] if found else None

    def interval(self, margin: str, when: str) -> Interval:
        """Return a margin ``"before"`` or ``"after"``: pooled, or summed counts, or nothing."""
        record = self.before if when == "before" else self.after
        return record.margin(margin).best if record else NOTHING

    def steps_frame(self) -> pd.DataFrame:
        """Return the steps as the figure of an update takes them, a row each."""
        rows = []
        for step in self.steps:
            row: dict[str, object] = {"label": step.label, "kind": step.kind}
            for margin in MARGINS:
                found = step.estimates[margin]
                row |= {
                    f"{margin}_k": step.k[margin],
                    margin: found.value,
                    f"{margin}_low": found.low,
                    f"{margin}_high": found.high,
                    f"{margin}_pooled": step.pooled[margin],
                }
            rows.append(row)
        frame = pd.DataFrame(rows)
        numbers = [f"{margin}{end}" for margin in MARGINS for end in ("", "_low", "_high")]
        return frame.astype(dict.fromkeys(numbers, "float64")) if len(frame) else frame

    def notes(self) -> list[str]:
        """Say what the figure's last row rests on: studies, people, level, model."""
        record = self.after or self.before
        if record is None:
            return []
        when = "After" if self.after else "Before"
        people = f"{record.n_diseased} with and {record.n_nondiseased} without the condition"
        model = sentence(record.model_sentence)
        head = (
            f"{when} the update: k = {record.k}, n = {people}; {100 * record.level:g}% intervals."
        )
        return [" ".join(filter(None, (head, model)))]


@dataclass(frozen=True, slots=True)
class ClaimUpdate:
    """The verdict on one claim before and after."""

    before: ClaimResult
    after: ClaimResult

    @property
    def turned(self) -> bool:
        """Whether the verdict is another one."""
        return self.before.verdict != self.after.verdict


@dataclass(frozen=True)
class Update:
    """Everything that an update of the tables changed.

    Attributes
    ----------
    old, new : str
        Names of the two states.
    changes : tuple of RowChange
        Every row that came, went or changed.
    strata : tuple of StratumUpdate
        Those whose pooled numbers may differ.
    claims : tuple of ClaimUpdate
        Those that the strata concern.
    preferences : tuple of (str, str, str)
        Question, preferred strategy before, and after.
    preferences_reason : str
        Why no preferred strategy is compared, empty where they are.
    level : float
        Of the intervals.
    """

    old: str
    new: str
    changes: tuple[RowChange, ...]
    strata: tuple[StratumUpdate, ...] = ()
    claims: tuple[ClaimUpdate, ...] = ()
    preferences: tuple[tuple[str, str, str], ...] = ()
    preferences_reason: str = ""
    level: float = 0.95

    def text(self) -> str:
        """Write the update for the terminal."""
        return "\n".join(_lines(self))


def _lines(update: Update) -> Iterator[str]:
    yield f"from {update.old} to {update.new}"
    if not update.changes:
        yield "no row came, went or changed"
        return
    yield heading(update)
    yield from (f"  {change}" for change in update.changes)
    if not update.strata:
        yield "no pooled number depends on these cells"
        return
    for one in update.strata:
        yield ""
        yield stratum_label(one.stratum)
        for margin in MARGINS:
            yield from (f"  {line}" for line in margin_lines(one, margin))
        yield from (f"  {line}" for line in warning_lines(one))
    yield ""
    yield claims_line(update)
    for claim in update.claims:
        if claim.turned:
            yield f"  {claim.after.claim.claim_id} {claim.after.claim.statement}"
            yield f"    {claim.before.verdict} → {claim.after.verdict}: {claim.after.reason}"
    yield from preference_lines(update)


def heading(update: Update) -> str:
    """Count the rows by what became of them: ``"1 row came, 2 changed"``."""
    kinds = [change.kind for change in update.changes]
    counted = [(kinds.count(kind), kind) for kind in (CAME, WENT, CHANGED)]
    parts = [f"{n} {kind}" for n, kind in counted if n]
    first, _, rest = parts[0].partition(" ")
    return ", ".join([f"{first} row{'' if first == '1' else 's'} {rest}", *parts[1:]])


def margin_lines(one: StratumUpdate, margin: str) -> Iterator[str]:
    """Say what became of a margin, and which change drove it."""
    before, after = (one.interval(margin, when) for when in ("before", "after"))
    if before == after and not one.driver(margin):
        if before:
            yield f"{margin}: {_said(one, margin, 'after')}, as before"
        return
    yield f"{margin}: {_said(one, margin, 'before')} → {_said(one, margin, 'after')}"
    driver = one.driver(margin)
    if driver is None:
        return
    several = len(one.changes) > 1
    said = f"{driver.change.study}, {VERBS[driver.change.kind]}"
    moved = f"{100 * (driver.shift or 0.0):+.1f} percentage points".replace("-", "−")
    yield f"  {'driven by' if several else 'by'} {said}: {moved}"
    if several and driver.without:
        yield f"  without that change: {plain(driver.without)}"


def warning_lines(one: StratumUpdate) -> Iterator[str]:
    """Say which warnings of the fit are new, and which are gone."""
    before = set(one.before.warnings) if one.before else set()
    after = one.after.warnings if one.after else ()
    yield from (f"new warning: {text}" for text in after if text not in before)
    if one.after and one.after.failure:
        yield f"could not be computed: {one.after.failure}"
    if one.after is None:
        yield "no study is pooled any more"


def claims_line(update: Update) -> str:
    """Say how many claims were looked at again and how many verdicts turned."""
    looked, turned = len(update.claims), sum(claim.turned for claim in update.claims)
    if not looked:
        return "no claim is about these strata"
    return (
        f"{looked} claim{'' if looked == 1 else 's'} looked at again, "
        f"{turned or 'no'} verdict{'' if turned == 1 else 's'} turned"
    )


def preference_lines(update: Update) -> Iterator[str]:
    """Say which preferred strategies changed."""
    if update.preferences_reason:
        yield f"preferred strategies are not compared: {update.preferences_reason}"
    for question, before, after in update.preferences:
        if before == after:
            yield f"{question}: the preferred strategy stays ({after})"
        else:
            yield f"{question}: the preferred strategy was ({before}), is now ({after})"


def plain(interval: Interval) -> str:
    """Write ``0.94 (0.89 to 0.97)``; three decimals, so that a small shift shows."""
    if interval.value is None or interval.low is None or interval.high is None:
        return "nothing pooled"
    return f"{interval.value:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def _said(one: StratumUpdate, margin: str, when: str) -> str:
    record = one.before if when == "before" else one.after
    if record is None or record.margin(margin).k == 0:
        return "no study"
    found = record.margin(margin)
    basis = "" if found.pooled else ", summed counts"
    return f"{plain(found.best)}, {studies_word(found.k)}{basis}"
