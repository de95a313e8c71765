"""Model families and what every fit returns."""

from metadx.models.margins import Margin
from metadx.models.model import METHODS, BivariateModel
from metadx.models.results import BivariateResults
from metadx.models.summary_point import HSROC, SummaryPoint

__all__ = ["HSROC", "METHODS", "BivariateModel", "BivariateResults", "Margin", "SummaryPoint"]
