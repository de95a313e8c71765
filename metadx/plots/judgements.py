"""Judgements of the risk of bias beside the studies of another figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import pandas as pd

from metadx.errors import OptionError
from metadx.tables import StudyTable
from metadx.tables.quadas import QUADAS_COLUMNS, Judged, QuadasTable, judged
from metadx.tables.quadas_domains import DOMAIN_SETS, JUDGEMENTS, RISK_OF_BIAS, DomainSet

#: Judgements as read from ``quadas.csv``, or a frame with study_id, domain and judgement.
JudgementSource: TypeAlias = QuadasTable | pd.DataFrame
NEEDED = ("study_id", "domain", "judgement")


@dataclass(frozen=True, slots=True)
class RiskOfBias:
    """The risk of bias of each row of a study table.

    Attributes
    ----------
    domains : DomainSet
        Domains of the tool's version.
    rows : tuple of tuple of str
        For each row the judgement of each domain, empty where nobody judged.
    """

    domains: DomainSet
    rows: tuple[tuple[str, ...], ...]


def risk_of_bias(table: StudyTable, source: JudgementSource) -> RiskOfBias:
    """Return the judgements of the risk of bias for the rows of a table.

    Parameters
    ----------
    table : StudyTable
        Studies; a study without judgements has empty ones.
    source : QuadasTable or DataFrame
        A frame without a version holds judgements of QUADAS-2.

    Raises
    ------
    OptionError
        If columns are missing, or a domain or judgement is none of the tool's.
    """
    found = judged_from(table, source)
    bias = found.judgements[RISK_OF_BIAS].to_numpy()
    return RiskOfBias(found.domains, tuple(tuple(map(str, row)) for row in bias))


def judged_from(table: StudyTable, source: JudgementSource) -> Judged:
    """Lay judgements of any form beside the rows of a table, as `plot_quadas` takes them.

    Parameters
    ----------
    table, source
        As for `risk_of_bias`.
    """
    quadas = source if isinstance(source, QuadasTable) else _as_quadas(source)
    version = quadas.main_version(table)
    return judged(table, quadas, version if isinstance(version, str) else "QUADAS-2")


def _as_quadas(frame: pd.DataFrame) -> QuadasTable:
    missing = [name for name in NEEDED if name not in frame.columns]
    if missing:
        raise OptionError(f"the judgements lack the columns {', '.join(missing)}")
    whole = frame.assign(**{name: "" for name in QUADAS_COLUMNS if name not in frame.columns})
    if "version" not in frame.columns:
        whole["version"] = "QUADAS-2"
    if "question" not in frame.columns:
        whole["question"] = RISK_OF_BIAS
    whole = whole[list(QUADAS_COLUMNS)].fillna("").astype(str)
    for row in cast(Any, whole).itertuples(index=False):
        known = DOMAIN_SETS.get(row.version)
        if known is None or row.domain not in known.codes:
            codes = ", ".join(known.codes) if known else ", ".join(DOMAIN_SETS)
            raise OptionError(
                f"study {row.study_id}: domain {row.domain!r} of {row.version!r} is unknown; "
                f"there are {codes}"
            )
        if row.judgement and row.judgement not in JUDGEMENTS:
            raise OptionError(
                f"study {row.study_id}, {row.domain}: judgement is {row.judgement!r}; "
                f"it is one of {', '.join(JUDGEMENTS)}"
            )
    return QuadasTable(whole)
