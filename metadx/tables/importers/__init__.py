"""Tables of other programs: mada, MetaDTA, metandi, metadta, midas, RevMan, Excel and R."""

from metadx.tables.importers.formats import FORMATS, Format
from metadx.tables.importers.keeping import keep, parsed_mapping
from metadx.tables.importers.report import Imported, ImportReport
from metadx.tables.importers.run import import_table

__all__ = [
    "FORMATS",
    "Format",
    "ImportReport",
    "Imported",
    "import_table",
    "keep",
    "parsed_mapping",
]
