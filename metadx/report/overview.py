"""Tables for a notebook: every stratum of a study table, its claims, and the colophon."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from metadx._version import __version__
from metadx.errors import MetadxError, MetadxWarning
from metadx.models import BivariateModel, BivariateResults
from metadx.report.claims import check_claims, claim_rows
from metadx.report.claims_table import read_claims
from metadx.report.estimates import StratumRecord, failed, record_of, row_of, with_headlines
from metadx.tables import StudyTable, headline_strata


def records(table: StudyTable) -> list[StratumRecord]:
    """Fit every stratum with pooled rows; one that fails keeps its message."""
    found = []
    for stratum, rows in table.pooled().strata().items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", MetadxWarning)
                fit = BivariateModel(rows).fit()
            assert isinstance(fit, BivariateResults)
            found.append(record_of(stratum, rows, fit))
        except MetadxError as error:
            found.append(failed(stratum, rows, str(error)))
    return with_headlines(found, headline_strata(table).values())


def estimates(table: StudyTable) -> pd.DataFrame:
    """Pool every stratum of a table.

    Parameters
    ----------
    table : StudyTable
        Studies of one or more strata; rows with ``pool`` = no are left out.

    Returns
    -------
    DataFrame
        One row a stratum with the columns of ``results/estimates.csv``; missing values where
        a quantity does not apply, with the reason in the column ``reason``.
    """
    return pd.DataFrame([row_of(record) for record in records(table)]).convert_dtypes()


def claims(table: StudyTable, path: str | Path) -> pd.DataFrame:
    """Confront the claims of a review with the pooled evidence.

    Parameters
    ----------
    table : StudyTable
        Study tables.
    path : str or Path
        The claims, a CSV like ``studies/claims.csv``.

    Returns
    -------
    DataFrame
        One row a claim and piece of evidence, with the verdict and its reason.
    """
    pooled = table.pooled()
    members = {
        stratum: frozenset(rows.frame["study_id"].astype(str))
        for stratum, rows in pooled.strata().items()
    }
    found = check_claims(read_claims(path), records(table), members)
    return pd.DataFrame(claim_rows(found)).convert_dtypes()


def colophon(table: StudyTable) -> str:
    """Return what a notebook ends with: version, hash of the study tables, date."""
    today = datetime.now(tz=UTC).date().isoformat()
    return f"metadx {__version__}; study tables {table.sha256[:16]} ({len(table)} rows); {today}"
