"""Post-test probabilities as sentences and as text."""

from __future__ import annotations

from metadx.decision.frequencies import Frequencies
from metadx.decision.posttest import Posttest, PosttestResult
from metadx.decision.wording import Wording
from metadx.estimate import Estimate, NotApplicable


def share(estimate: Estimate) -> str:
    """Write a probability in per cent with its interval, ``"94% (89 to 97)"``.

    Below 1 % and above 99 % one decimal is shown, so that nothing possible reads as 0 or 100.
    """
    return f"{percent(estimate.value)}% ({percent(estimate.low)} to {percent(estimate.high)})"


def percent(probability: float) -> str:
    """Write a probability in per cent without the sign."""
    value = 100.0 * probability
    if 1.0 <= value <= 99.0 or value in (0.0, 100.0):
        return f"{value:.0f}"
    if value < 1.0:
        return f"{value:.1f}" if value >= 0.05 else "<0.1"
    return f"{value:.1f}" if value < 99.95 else ">99.9"


def frequencies_sentence(found: Frequencies, wording: Wording) -> str:
    """Say natural frequencies in one or two sentences."""
    counts, total = found.counts, found.total
    diseased, well = counts["diseased"], counts["nondiseased"]
    with_condition = _number(diseased)
    text = f"Of {total:,} {wording.units} like these {with_condition} have {wording.condition}; "
    hit, miss = counts["found"], counts["missed"]
    if isinstance(hit, NotApplicable):
        text += "how many of them the test finds is unknown, because no study reports sensitivity."
    else:
        text += f"{wording.test} finds {_number(hit)} and misses {_number(miss)}."
    alarms = counts["false_alarms"]
    if isinstance(alarms, NotApplicable):
        return f"{text} No study reports specificity: false alarms are unknown."
    return (
        f"{text} Of the {_number(well)} without it the test is "
        f"falsely positive in {_number(alarms)}."
    )


def _number(count: Estimate | NotApplicable) -> str:
    if isinstance(count, NotApplicable):
        return "an unknown number"
    if count.low == count.high:
        return f"{count.value:,.0f}"
    return f"{count.value:,.0f} ({count.low:,.0f} to {count.high:,.0f})"


def posttest_sentence(result: PosttestResult, row: Posttest) -> str:
    """Say one pretest probability in natural frequencies and post-test probabilities."""
    text = frequencies_sentence(row.frequencies, result.wording)
    positive, negative = row.positive, row.negative
    if isinstance(positive, NotApplicable) or isinstance(negative, NotApplicable):
        return text
    new_positive, new_negative = row.positive_new, row.negative_new
    assert isinstance(new_positive, Estimate)
    assert isinstance(new_negative, Estimate)
    return (
        f"{text} After a positive result the probability of {result.wording.condition} is "
        f"{share(positive)}, after a negative one {share(negative)}; in a new hospital it may be "
        f"{percent(new_positive.low)} to {percent(new_positive.high)}% and "
        f"{percent(new_negative.low)} to {percent(new_negative.high)}%."
    )


def posttest_text(result: PosttestResult) -> str:
    """Return the results as text, every number with its interval, its k and its model."""
    k = result.k
    out = [
        f"{result.stratum}: post-test probabilities",
        f"Studies: {k[0]} with sensitivity, {k[1]} with specificity",
        f"Draws: {result.source}, n = {len(result.draws):,}, seed {result.draws.seed}",
        f"Model: {result.model}",
        f"Intervals: {100 * result.level:g}%; of the mean, and for a new hospital",
        "",
    ]
    for name, words in (("lr_positive", "Positive LR"), ("lr_negative", "Negative LR")):
        mean = result.likelihood_ratios[name]
        new = result.likelihood_ratios[f"{name}_new"]
        out.append(f"{words:<26}{_ratio(mean)}{_new_ratio(new)}")
    for row in result.rows:
        out += ["", f"Pretest probability {row.pretest}" + _named(row)]
        out.append(f"{'  after a positive result':<26}{_of(row.positive)}{_new(row.positive_new)}")
        out.append(f"{'  after a negative result':<26}{_of(row.negative)}{_new(row.negative_new)}")
        out.append(f"  {result.sentence(row)}")
    if result.warnings:
        out += ["", *(f"Note: {text}" for text in result.warnings)]
    return "\n".join(out)


def _named(row: Posttest) -> str:
    plain = row.pretest.label in (str(row.pretest), "") or "around" in row.pretest.label
    return "" if plain else f" ({row.pretest.label})"


def ratio(value: float) -> str:
    """Write a likelihood ratio with two or three significant digits."""
    decimals = 0 if value >= 10.0 else 1 if value >= 1.0 else 2 if value >= 0.1 else 3
    return f"{value:,.{decimals}f}" if value >= 0.0005 else "<0.001"


def _ratio(value: Estimate | NotApplicable) -> str:
    if isinstance(value, NotApplicable):
        return str(value)
    return f"{ratio(value.value)} ({ratio(value.low)} to {ratio(value.high)})"


def _new_ratio(value: Estimate | NotApplicable) -> str:
    if isinstance(value, NotApplicable):
        return ""
    return f"   new hospital {ratio(value.low)} to {ratio(value.high)}"


def _of(value: Estimate | NotApplicable) -> str:
    return value.format(3) if isinstance(value, Estimate) else str(value)


def _new(value: Estimate | NotApplicable) -> str:
    if isinstance(value, NotApplicable):
        return ""
    return f"   new hospital {value.low:.3f} to {value.high:.3f}"
