"""Study tables for mada, MetaDTA, metandi, metadta, midas, RevMan, Excel and R."""

from metadx.tables.exporters.report import ExportReport
from metadx.tables.exporters.run import export_table
from metadx.tables.exporters.template import write_template

__all__ = ["ExportReport", "export_table", "write_template"]
