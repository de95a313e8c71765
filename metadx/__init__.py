"""metadx: meta-analysis of diagnostic test accuracy.

The public names, loaded when first used so that ``import metadx`` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from metadx._version import __version__
from metadx.errors import (
    BoundaryWarning,
    MetadxError,
    MetadxWarning,
    ModelError,
    OptionError,
    SparseDataWarning,
    StudyTableError,
    ThresholdEffectWarning,
)
from metadx.estimate import Estimate, NotApplicable

if TYPE_CHECKING:
    from metadx.decision import Strategy, posttest
    from metadx.inference import appraise, compare
    from metadx.models import BivariateModel, BivariateResults
    from metadx.plots import plot_forest, plot_sroc
    from metadx.sroc import confidence_region, prediction_region, sroc_curve
    from metadx.tables import StudyTable, read_studies, reconstruct_counts
    from metadx.tables.exporters import export_table
    from metadx.tables.importers import import_table

_HOMES = {
    "BivariateModel": "metadx.models",
    "BivariateResults": "metadx.models",
    "Strategy": "metadx.decision",
    "StudyTable": "metadx.tables",
    "appraise": "metadx.inference",
    "compare": "metadx.inference",
    "confidence_region": "metadx.sroc",
    "export_table": "metadx.tables.exporters",
    "import_table": "metadx.tables.importers",
    "plot_forest": "metadx.plots",
    "plot_sroc": "metadx.plots",
    "posttest": "metadx.decision",
    "prediction_region": "metadx.sroc",
    "read_studies": "metadx.tables",
    "reconstruct_counts": "metadx.tables",
    "sroc_curve": "metadx.sroc",
}

__all__ = [
    "BivariateModel",
    "BivariateResults",
    "BoundaryWarning",
    "Estimate",
    "MetadxError",
    "MetadxWarning",
    "ModelError",
    "NotApplicable",
    "OptionError",
    "SparseDataWarning",
    "Strategy",
    "StudyTable",
    "StudyTableError",
    "ThresholdEffectWarning",
    "__version__",
    "appraise",
    "compare",
    "confidence_region",
    "export_table",
    "import_table",
    "plot_forest",
    "plot_sroc",
    "posttest",
    "prediction_region",
    "read_studies",
    "reconstruct_counts",
    "sroc_curve",
]


_ROOMS = ("decision", "inference", "plots", "report", "tables")


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _ROOMS:
        return import_module(f"metadx.{name}")
    raise AttributeError(f"module 'metadx' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
