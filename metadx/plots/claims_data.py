"""The numbers of a claims figure: what is claimed, and what the strata say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from metadx.errors import OptionError
from metadx.plots.studies import records

#: Quantities of the two sections with an axis: its ends (per cent), its ticks and its name.
SCALES: Final[dict[str, tuple[tuple[float, float], tuple[int, ...], str]]] = {
    "value": ((0.0, 100.0), (0, 25, 50, 75, 100), "Sensitivity or specificity (%)"),
    "difference": (
        (-100.0, 100.0),
        (-100, -50, 0, 50, 100),
        "Difference of sensitivity or specificity (percentage points)",
    ),
    "none": ((0.0, 1.0), (), "Not a claim about one of these"),
}
NEEDED: Final = (
    "claim_id", "statement", "quantity", "relation", "claimed_low", "claimed_high", "verdict",
    "reason", "stratum", "comparator", "k", "basis", "value", "low", "high", "stratum_verdict",
)  # fmt: skip
COUNTED: Final = ("supported", "contradicted", "not enough evidence")


def claims_data(claims: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a claims figure.

    Parameters
    ----------
    claims : DataFrame
        One row for each claim and stratum compared with it, numbers as probabilities.

    Returns
    -------
    DataFrame
        The needed columns, numbers in per cent; strata that are shown but not counted are
        left out, and a claim without any keeps one row. ``scale`` is ``"value"``,
        ``"difference"`` or ``"none"``; ``band_low`` and ``band_high`` are what is claimed,
        cut to the scale.

    Raises
    ------
    OptionError
        If columns are missing or there is no claim.
    """
    missing = [name for name in NEEDED if name not in claims.columns]
    if missing:
        raise OptionError(f"the claims lack the columns {', '.join(missing)}")
    if claims.empty:
        raise OptionError("there is no claim to draw")
    data = claims[list(NEEDED)].copy()
    for name in ("claimed_low", "claimed_high", "value", "low", "high"):
        data[name] = 100.0 * pd.to_numeric(data[name])
    for name in ("statement", "reason", "stratum", "comparator", "basis", "stratum_verdict"):
        data[name] = data[name].fillna("").astype(str)
    counted = data["stratum_verdict"].isin(COUNTED)
    others = ~data["claim_id"].isin(data.loc[counted, "claim_id"])
    data = data[counted | (others & ~data["claim_id"].duplicated())].reset_index(drop=True)
    empty = ~data["stratum_verdict"].isin(COUNTED)
    data.loc[empty, ["stratum", "comparator", "basis"]] = ""
    data.loc[empty, ["k", "value", "low", "high"]] = None
    data["scale"] = [_scale(row) for row in records(data)]
    bands = [_band(row) for row in records(data)]
    data["band_low"], data["band_high"] = zip(*bands, strict=True)
    order = data["scale"].map({name: i for i, name in enumerate(SCALES)})
    return data.iloc[order.argsort(kind="stable")].reset_index(drop=True)


def _scale(row: Mapping[str, Any]) -> str:
    margin, _, form = str(row["quantity"]).partition(" ")
    if margin not in ("sensitivity", "specificity"):
        return "none"
    return "difference" if form else "value"


def _band(row: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Ends of what is claimed; the first rank is a difference above 0."""
    if row["scale"] == "none":
        return None, None
    least, most = SCALES[row["scale"]][0]
    if str(row["quantity"]).endswith("rank"):
        return 0.0, most
    low, high = row["claimed_low"], row["claimed_high"]
    if row["relation"] == "equals":
        return low, low
    return (least if pd.isna(low) else max(low, least), most if pd.isna(high) else min(high, most))
