"""The numbers behind the QUADAS figures."""

from __future__ import annotations

from typing import Final

import pandas as pd

from metadx.tables.quadas import Judged
from metadx.tables.quadas_domains import JUDGEMENTS

#: Name of the count of rows without a judgement.
NOT_JUDGED: Final = "not_judged"


def quadas_data(source: Judged) -> pd.DataFrame:
    """Return every judgement of a table, one a row.

    Returns
    -------
    DataFrame
        Columns study, version, question, domain and judgement (empty where nobody judged).
    """
    rows = [
        {
            "study": name,
            "version": source.version,
            "question": question,
            "domain": domain,
            "judgement": row[i],
        }
        for name, row in zip(source.table.labels, source.judgements.to_numpy(), strict=True)
        for i, (question, domain) in enumerate(source.domains.items)
    ]
    return pd.DataFrame(rows, columns=["study", "version", "question", "domain", "judgement"])


def quadas_bars_data(source: Judged) -> pd.DataFrame:
    """Count the judgements of each item.

    Returns
    -------
    DataFrame
        A row per (question, domain), in the order of the tool, with the number of rows judged
        low, unclear and high, the number not judged, and k, their sum.
    """
    rows = []
    for question, domain in source.domains.items:
        found = source.judgements[question, domain]
        counts = {word: int((found == word).sum()) for word in JUDGEMENTS}
        rows.append({
            "version": source.version,
            "question": question,
            "domain": domain,
            **counts,
            NOT_JUDGED: int((found == "").sum()),
            "k": len(found),
        })  # fmt: skip
    return pd.DataFrame(rows)
