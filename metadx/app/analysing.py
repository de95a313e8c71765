"""Routes: parts of the page that follow the choices, each asked for on its own."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from metadx.app import drawing
from metadx.app.analysis import PROBABILITIES, Analysis, analysed, appraised
from metadx.app.choices import Choices, choices_from
from metadx.app.pages import render, session_of, version_in
from metadx.app.sessions import Session, StaleTable
from metadx.errors import MetadxError, ModelError, OptionError, StudyTableError
from metadx.estimate import NotApplicable
from metadx.inference import Comparison
from metadx.inference.appraisal import said

router = APIRouter(prefix="/s/{session}")
Open = Annotated[Session, Depends(session_of)]


def chosen(request: Request, session: Open) -> Choices:
    """Read the choices of a request that rests on the table as it is now."""
    query = request.query_params
    session.require(version_in(query))
    given = {name: query.getlist(name) for name in query}
    return choices_from(given, session.sheet.table)


@router.get("/results")
def results(request: Request, session: Open) -> HTMLResponse:
    """Fit and show the estimates; figures are asked for afterwards."""
    try:
        choices = chosen(request, session)
        analysis = analysed(session, choices)
    except (StaleTable, StudyTableError):
        raise
    except MetadxError as error:
        return render(request, "_none", reason=str(error))
    answer = render(
        request, "_results", session=session, version=session.version, analysis=analysis,
        choices=choices, figures=drawing.FIGURES, comparison=_compared(analysis),
        query=choices.query(version=session.version), probabilities=PROBABILITIES,
    )  # fmt: skip
    answer.headers["HX-Trigger-After-Settle"] = "analysed"
    return answer


@router.get("/figure/{name}")
def figure(request: Request, session: Open, name: str) -> HTMLResponse:
    """Draw a figure of the analysis."""
    try:
        analysis = analysed(session, chosen(request, session))
        address = drawing.image(analysis, name)
    except (StaleTable, StudyTableError):
        raise
    except MetadxError as error:
        return render(request, "_none", reason=str(error))
    query = analysis.choices.query(version=session.version)
    return render(
        request, "_figure", address=address, name=name, session=session, query=query,
        formats=tuple(drawing.FORMATS), analysis=analysis,
    )  # fmt: skip


@router.get("/posttest")
def posttest(request: Request, session: Open, pretest: str = "") -> HTMLResponse:
    """Show the probability of the condition after each result."""
    try:
        share = _share(pretest)
        analysis = analysed(session, chosen(request, session))
        found = _posttest(analysis, share)
    except (StaleTable, StudyTableError):
        raise
    except MetadxError as error:
        return render(request, "_none", reason=str(error))
    return render(request, "_posttest", found=found, row=found.rows[0], pretest=pretest)


@router.get("/robustness")
def robustness(request: Request, session: Open) -> HTMLResponse:
    """Show what would have to be wrong for the result to change."""
    try:
        found = appraised(session, chosen(request, session))
    except (StaleTable, StudyTableError):
        raise
    except MetadxError as error:
        return render(request, "_none", reason=str(error))
    parts = {
        "Robustness": said(found.robustness),
        "Influence of single studies": said(found.influence),
        "Differences between studies": said(found.heterogeneity),
        "Small-study effects: Deeks' test": said(found.deeks),
    }
    return render(request, "_robustness", table=_alternatives(found.robustness), parts=parts)


def _posttest(analysis: Analysis, share: float) -> Any:
    from metadx.decision.posttest import posttest as compute

    if analysis.choices.covariates:
        raise ModelError(
            "with covariates the test has another accuracy at each of their values; choose none to "
            "see the probabilities after the test"
        )
    return compute(analysis.fit, share)


def _share(text: str) -> float:
    """Read a percentage.

    Raises
    ------
    OptionError
        It is not between 0 and 100.
    """
    try:
        found = float(text) / 100
    except ValueError:
        found = -1.0
    if not 0.0 < found < 1.0:
        raise OptionError("the pretest probability is a number between 0 and 100 %")
    return found


def _compared(analysis: Analysis) -> dict[str, Any] | None:
    if not analysis.choices.group:
        return None
    comparison = analysis.comparison
    if not isinstance(comparison, Comparison):
        return {"reason": comparison.reason, "points": {}, "tests": [], "text": ""}
    points = {
        group: (comparison.k_groups[group], point.sensitivity, point.specificity)
        for group, point in comparison.points.items()
    }
    tests = [test for test in comparison.tests if test]
    return {"reason": "", "points": points, "tests": tests, "text": comparison.summary()}


def _alternatives(found: Any) -> list[dict[str, Any]]:
    """Rows of the table of alternatives; a missing number is None."""
    if isinstance(found, NotApplicable):
        return []
    frame = found.frame.astype(object)
    rows: list[dict[str, Any]] = frame.where(frame.notna(), None).to_dict("records")
    return rows
