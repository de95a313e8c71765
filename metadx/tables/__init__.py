"""Study tables: the schema, reading, checking, selection, flow and references."""

from metadx.tables.check import CheckReport, check
from metadx.tables.codebook import codebook, write_codebook
from metadx.tables.crossed import CrossedTable, read_crossed
from metadx.tables.flow import flow, flow_text, headline_strata
from metadx.tables.load import read_studies, write_studies
from metadx.tables.quadas import Judged, QuadasTable, judged, low_risk_only, with_quadas
from metadx.tables.quadas_reading import quadas_from_columns, read_quadas
from metadx.tables.reconstruct import Reconstruction, reconstruct_counts, reconstruction
from metadx.tables.references import Reference, read_references
from metadx.tables.schema import COLUMNS, Column, describe, label, stratum_label
from metadx.tables.table import Counts, StudyTable

__all__ = [
    "COLUMNS",
    "CheckReport",
    "Column",
    "Counts",
    "CrossedTable",
    "Judged",
    "QuadasTable",
    "Reconstruction",
    "Reference",
    "StudyTable",
    "check",
    "codebook",
    "describe",
    "flow",
    "flow_text",
    "headline_strata",
    "judged",
    "label",
    "low_risk_only",
    "quadas_from_columns",
    "read_crossed",
    "read_quadas",
    "read_references",
    "read_studies",
    "reconstruct_counts",
    "reconstruction",
    "stratum_label",
    "with_quadas",
    "write_codebook",
    "write_studies",
]
