"""The numbers of an evidence map: one stratum for each test and site."""

from __future__ import annotations

from typing import Final

import pandas as pd

from metadx.errors import OptionError
from metadx.tables import codes

#: Populations of the second block, where bone quality and not a fracture is the question.
BONE_QUALITY: Final = ("osteoporosis_screening", "fracture_discrimination")
NEEDED: Final = (
    "modality", "site", "unit", "population", "headline", "k", "k_complete", "n_diseased",
    "n_nondiseased", "sensitivity", "sensitivity_low", "sensitivity_high", "specificity",
    "specificity_low", "specificity_high",
)  # fmt: skip
#: Says whether a margin is a random-effects estimate; without these columns all count as such.
PATHS: Final = ("sensitivity_path", "specificity_path", "sensitivity_k", "specificity_k")


def evidence_map_data(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of an evidence map: the headline stratum of each test and site.

    Parameters
    ----------
    estimates : DataFrame
        One row a stratum, as in ``results/estimates.csv``.

    Returns
    -------
    DataFrame
        The needed columns, tests and sites in the order of the codebook, and ``block``:
        ``"Fractures"`` or ``"Bone quality"``. Where the headline stratum of a test and
        site belongs to the one block, strata of the other block have their own row.

    Raises
    ------
    OptionError
        If columns are missing or no row has a modality and site.
    """
    missing = [name for name in NEEDED if name not in estimates.columns]
    if missing:
        raise OptionError(f"the estimates lack the columns {', '.join(missing)}")
    kept = [*NEEDED, *(name for name in PATHS if name in estimates.columns)]
    data = estimates.loc[estimates["modality"].fillna("").ne("") & estimates["k"].gt(0), kept]
    if data.empty:
        raise OptionError("no stratum of these estimates has a modality, a site and a study")
    bone = data["population"].isin(BONE_QUALITY)
    data = data.assign(block=bone.map({True: "Bone quality", False: "Fractures"}))
    data["_headline"] = data["headline"].isin([True, "yes", "True", "true"])
    for name, known in (("modality", codes.MODALITY), ("site", codes.SITE)):
        order = {code.code: i for i, code in enumerate(known)}
        data[f"_{name}"] = data[name].map(order).fillna(len(order)).astype(int)
    by = ["block", "_modality", "modality", "_site", "site"]
    first = ["_headline", "k", "k_complete", "n_diseased"]
    data = data.sort_values([*by, *first], ascending=[False] + [True] * 4 + [False] * 4)
    data = data.groupby(["block", "modality", "site"], sort=False).head(1)
    return data[["block", *kept]].reset_index(drop=True)
