"""The questions of ``metadx add``, derived from the schema; no terminal is needed to ask them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from metadx.errors import OptionError, StudyTableError
from metadx.tables import kinds
from metadx.tables.citations import Citation, one_citation
from metadx.tables.draft import DEFAULTS, Known, completed
from metadx.tables.reconstruct import Reconstruction, reconstruction
from metadx.tables.reconstruct_printed import printed_text
from metadx.tables.record import Record, problem, solutions_text
from metadx.tables.schema import COLUMNS, COUNT_COLUMNS, column

BACK: Final = "back"
SKIP: Final = "skip"
QUIT: Final = "quit"
COMMANDS: Final = {
    BACK: "go to the question before",
    SKIP: "leave the cell empty",
    QUIT: "stop; nothing is written",
}
#: Steps that are no columns.
CITATION: Final = "citation"
FIGURES: Final = "figures"
SOLUTION: Final = "solution"
_COUNTS: Final = "counts"
_PRINTED: Final = "printed"
#: What a paper may print in place of counts, and how the question is put.
PRINTED_STEPS: Final = {
    "sensitivity": "Sensitivity as printed, in percent",
    "specificity": "Specificity as printed, in percent",
    "ppv": "Positive predictive value as printed, in percent",
    "npv": "Negative predictive value as printed, in percent",
    "accuracy": "Accuracy as printed, in percent",
    "n": "Number examined",
    "n_diseased": "Number with the condition",
    "n_nondiseased": "Number without the condition",
    "sensitivity_interval": "Interval of the sensitivity, two numbers in percent",
    "specificity_interval": "Interval of the specificity, two numbers in percent",
}
_FIRST: Final = ("doi", "pmid", "first_author", "year", "title", "study_id", "source_url")
_DERIVED: Final = ("citation_key", "site", "modality", "derivation")
_REPORTED: Final = ("reported_sensitivity", "reported_specificity")
_ONLY_IF_NOT_POOLED: Final = ("pool_reason", "pool_note")


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes
    ----------
    name : str
        Column, or name of the step.
    title, explanation : str
        What is asked, and what it means.
    options : tuple of (str, str)
        Allowed answers with their meaning; empty where any text will do.
    default : str
        Taken for an empty answer; shown.
    required : bool
    """

    name: str
    title: str
    explanation: str
    options: tuple[tuple[str, str], ...] = ()
    default: str = ""
    required: bool = False


@dataclass
class Interview:
    """The state of the questions: what was answered, and what comes next.

    Attributes
    ----------
    place : tuple of str
        Modality and site.
    known : Known
        What the tables hold.
    answers : dict of str to str
        By step, in the order in which they were given.
    citation : Citation or None
    """

    place: tuple[str, str]
    known: Known
    answers: dict[str, str] = field(default_factory=dict)
    citation: Citation | None = None

    def question(self) -> Question | None:
        """Return what is to be asked next; None where everything was asked."""
        name = next((n for n in _steps() if n not in self.answers and self._applies(n)), None)
        return None if name is None else self._question(name)

    def answer(self, text: str) -> str:
        """Take an answer to the question at hand.

        Parameters
        ----------
        text : str
            As typed; empty takes the default.

        Returns
        -------
        str
            What is wrong with it; empty where it was taken.
        """
        asked = self.question()
        if asked is None:
            return ""
        given = " ".join(text.split())
        if given == SKIP:
            given = ""
            if asked.required:
                return f"this cell cannot be empty; {asked.explanation}"
        elif not given:
            given = asked.default
        if given[:1] == given[-1:] == '"' and given.strip('"') in COMMANDS:
            given = given.strip('"')
        wrong = self._problem(asked, given)
        if not wrong:
            self.answers[asked.name] = given
            wrong = self._look_back(asked.name)
        return wrong

    def back(self, to: str = "") -> None:
        """Forget the last answer, or everything from a step on.

        Parameters
        ----------
        to : str
            A step that was answered.
        """
        names = list(self.answers)
        start = names.index(to) if to in names else len(names) - 1
        for name in names[max(start, 0) :]:
            del self.answers[name]
            if name == CITATION:
                self.citation = None

    def record(self) -> Record:
        """Return everything that was answered as a record."""
        cells = {name: text for name, text in self.answers.items() if name not in _NOT_CELLS}
        solution = self.answers.get(SOLUTION)
        return Record(cells, self.printed(), int(solution) if solution else None)

    def printed(self) -> dict[str, Any]:
        """Return what the paper prints, as the reconstruction takes it."""
        found: dict[str, Any] = {}
        for name in PRINTED_STEPS:
            text = self.answers.get(f"{_PRINTED}.{name}", "")
            if text:
                found[name] = tuple(_two(text)) if name.endswith("_interval") else text
        return found

    def found(self) -> Reconstruction | None:
        """Return the tables that fit what was printed; None where counts were typed."""
        printed = self.printed()
        return reconstruction(**printed) if printed else None

    def _applies(self, name: str) -> bool:
        printed = self.answers.get(FIGURES) == _PRINTED
        if name.startswith(f"{_PRINTED}."):
            return printed
        if name == SOLUTION:
            found = self.found() if printed else None
            return found is not None and len(found) > 1
        if name in (*COUNT_COLUMNS, *_REPORTED):
            return not printed
        if name in _ONLY_IF_NOT_POOLED:
            return self.answers.get("pool") == "no"
        return True

    def _question(self, name: str) -> Question:
        if name == CITATION:
            return Question(
                name, "Citation file",
                "a RIS, BibTeX or PubMed (NBIB) file of this study; Enter to type the citation",
            )  # fmt: skip
        if name == FIGURES:
            ways = (
                (_COUNTS, "the paper prints the counts, or they can be counted"),
                (_PRINTED, "the paper prints percentages and group sizes"),
            )
            return Question(name, "What is printed", "how the counts are known", ways, _COUNTS)
        if name == SOLUTION:
            found = self.found()
            listed = list(solutions_text(found)) if found else []
            options = tuple((text.partition(": ")[0], text.partition(": ")[2]) for text in listed)
            said = found.sentence if found else ""
            return Question(name, "Which of these tables", said, options, required=True)
        if name.startswith(f"{_PRINTED}."):
            title = PRINTED_STEPS[name.removeprefix(f"{_PRINTED}.")]
            return Question(name, title, "Enter where the paper does not print it")
        declared = column(name)
        explanation = declared.description
        if not declared.codes:
            explanation += f" Expected: {declared.expected}, such as {declared.example}."
        required = declared.required or name in _ONLY_IF_NOT_POOLED
        options = tuple((code.code, code.description) for code in declared.codes)
        return Question(name, declared.title, explanation, options, self._default(name), required)

    def _default(self, name: str) -> str:
        stated = {key: text for key, text in self.answers.items() if key not in _NOT_CELLS}
        if name in _FIRST:
            row = completed(stated, self.place, self.citation, self.known)
            if name == "source_url" and not row[name] and row["doi"]:
                return f"https://doi.org/{row['doi']}"
            return row[name]
        return DEFAULTS.get(name, "")

    def _problem(self, asked: Question, given: str) -> str:
        if asked.name == CITATION:
            return self._read_citation(given)
        if asked.name == SOLUTION:
            most, number = len(self.found() or ()), kinds.whole(given)
            right = number is not None and 1 <= number <= most
            return "" if right else f"found {given!r}; expected a number from 1 to {most}"
        if asked.name == FIGURES:
            allowed = [code for code, _ in asked.options]
            return "" if given in allowed else f"found {given!r}; expected {' or '.join(allowed)}"
        if asked.name.startswith(f"{_PRINTED}."):
            return _number_problem(asked.name, given)
        if asked.required and not given:
            return f"a value is needed; {asked.explanation}"
        return problem(asked.name, given)

    def _read_citation(self, given: str) -> str:
        self.citation = None
        if not given:
            return ""
        try:
            self.citation = one_citation(Path(given.strip("'\"")).expanduser())
        except StudyTableError as error:
            return "; ".join(str(fault) for fault in error.faults)
        return ""

    def _look_back(self, name: str) -> str:
        """Say what only shows after the last figure, and ask the figures again."""
        if name == f"{_PRINTED}.{list(PRINTED_STEPS)[-1]}":
            try:
                found = self.found()
                wrong = "nothing was printed" if found is None else found.contradiction
            except OptionError as error:
                wrong = str(error)
            if wrong:
                self.back(FIGURES)
            return wrong
        if name == COUNT_COLUMNS[-1]:
            cells = {key: self.answers.get(key, "") for key in COUNT_COLUMNS}
            halves = [
                a for a, b in (("tp", "fn"), ("tn", "fp")) if bool(cells[a]) != bool(cells[b])
            ]
            if halves or not any(cells.values()):
                self.back(COUNT_COLUMNS[0])
                return "tp stands with fn, and tn with fp; at least one of the pairs is needed"
        return ""


def _steps() -> tuple[str, ...]:
    printed = tuple(f"{_PRINTED}.{name}" for name in PRINTED_STEPS)
    others = [one.name for one in COLUMNS if one.name not in (*_FIRST, *_DERIVED)]
    before = others[: others.index(COUNT_COLUMNS[0])]
    after = [name for name in others if name not in (*before, *COUNT_COLUMNS)]
    return (CITATION, *_FIRST, *before, FIGURES, *COUNT_COLUMNS, *printed, SOLUTION, *after)


def _number_problem(name: str, given: str) -> str:
    if not given:
        return ""
    wanted = 2 if name.endswith("_interval") else 1
    texts = _two(given) if wanted == 2 else [given]
    if len(texts) != wanted or any(kinds.number(printed_text(text)) is None for text in texts):
        return f"found {given!r}; expected {'two numbers' if wanted == 2 else 'a number'}"
    return ""


def _two(text: str) -> list[str]:
    for word in ("to", "-", "–", ";"):
        text = text.replace(word, " ")
    return text.split()


_NOT_CELLS: Final = frozenset(
    (CITATION, FIGURES, SOLUTION, *(f"{_PRINTED}.{name}" for name in PRINTED_STEPS))
)
_Ask = Callable[[Question], str]


def conduct(interview: Interview, ask: _Ask, say: Callable[[str], None]) -> bool:
    """Put every question until all are answered or the person stops.

    Parameters
    ----------
    interview : Interview
    ask : callable
        Puts a question and returns what was typed.
    say : callable
        Prints a line.

    Returns
    -------
    bool
        Whether everything was answered.
    """
    while asked := interview.question():
        text = ask(asked).strip()
        if text == QUIT:
            return False
        if text == BACK:
            interview.back()
        elif wrong := interview.answer(text):
            say(wrong)
    return True
