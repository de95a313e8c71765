"""Model families and what every fit returns."""

from metadx.models.exact import BivariateModel
from metadx.models.margins import Margin
from metadx.models.results import BivariateResults
from metadx.models.summary_point import HSROC, SummaryPoint

__all__ = ["HSROC", "BivariateModel", "BivariateResults", "Margin", "SummaryPoint"]
