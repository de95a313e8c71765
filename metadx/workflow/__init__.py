"""``metadx run``: every stratum, its figures, the tables of results and the page."""

from metadx.workflow.running import RunReport, run

__all__ = ["RunReport", "run"]
