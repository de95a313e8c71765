"""Study tables: the schema, reading, checking, selection, flow and references."""

from metadx.tables.check import CheckReport, check
from metadx.tables.codebook import codebook, write_codebook
from metadx.tables.flow import flow, flow_text, headline_strata
from metadx.tables.load import read_studies, write_studies
from metadx.tables.references import Reference, read_references
from metadx.tables.schema import COLUMNS, Column, describe, label, stratum_label
from metadx.tables.table import Counts, StudyTable

__all__ = [
    "COLUMNS",
    "CheckReport",
    "Column",
    "Counts",
    "Reference",
    "StudyTable",
    "check",
    "codebook",
    "describe",
    "flow",
    "flow_text",
    "headline_strata",
    "label",
    "read_references",
    "read_studies",
    "stratum_label",
    "write_codebook",
    "write_studies",
]
