"""The terminal's side of guided adding: how a question looks, and the loop around it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from metadx.errors import StudyTableError
    from metadx.tables.interview import Interview, Question


def guide(studies: Path, place: tuple[str, str], citation: Path | None) -> str:
    """Ask for a new study, show it, and write it once that is confirmed.

    Parameters
    ----------
    studies : Path
        Folder of study tables.
    place : tuple of str
        Modality and site.
    citation : Path or None
        Answers the first question.

    Returns
    -------
    str
        What was done.
    """
    from metadx.errors import StudyTableError
    from metadx.tables.add import add_study, draft_study, inventory
    from metadx.tables.interview import COMMANDS, Interview, conduct

    console = Console(highlight=False)
    interview = Interview(place, inventory(studies)[0])
    for word, meaning in COMMANDS.items():
        console.print(f"[bold]{word}[/]: {meaning}")
    asked: list[str] = []
    if citation is not None and (wrong := interview.answer(str(citation))):
        console.print(escape(wrong))
    while True:
        if not conduct(interview, lambda question: _asked(console, question, asked), console.print):
            return "nothing was written"
        try:
            draft = draft_study(studies, place, interview.record(), interview.citation)
        except StudyTableError as error:
            console.print(escape(str(error)))
            interview.back(_first_wrong(error, interview))
            continue
        console.print(escape(draft.summary()))
        match _decided(console):
            case "yes":
                return add_study(studies, place, interview.record(), interview.citation).told()
            case "back":
                interview.back()
            case _:
                return "nothing was written"


def _asked(console: Console, question: Question, asked: list[str]) -> str:
    # Asked again after a wrong answer, the question is not explained again.
    if asked[-1:] != [question.name]:
        console.print(f"\n[bold]{escape(question.title)}[/]. {escape(question.explanation)}")
        for code, meaning in question.options:
            console.print(f"  [bold]{escape(code)}[/]: {escape(meaning)}")
    asked.append(question.name)
    shown = f" [{question.default}]" if question.default else ""
    return _read(console, f"{question.name}{shown}: ")


def _decided(console: Console) -> str:
    answer = ""
    while answer not in ("yes", "back", "quit"):
        answer = _read(console, "\nWrite this? (yes, back, quit): ").strip().lower()
    return answer


def _read(console: Console, prompt: str) -> str:
    try:
        return console.input(escape(prompt))
    except EOFError:
        # A script that has no more to say stops like a person who quits.
        console.print()
        return "quit"


def _first_wrong(error: StudyTableError, interview: Interview) -> str:
    columns = {name for fault in error.faults for name in fault.column.split("+")}
    return next((name for name in interview.answers if name in columns), "")
