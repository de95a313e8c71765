"""The Python reference: one page a room, from what the room exports."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

from _tools.commands import write_if_changed

#: The rooms a user meets, and what each is for.
ROOMS = {
    "metadx": "The front door: tables, the bivariate model, its results and its two main figures.",
    "metadx.models": "The model and what a fit returns.",
    "metadx.tables": "Study tables: reading, checking, counting, filling gaps.",
    "metadx.inference": "Comparison of tests, heterogeneity, influence, small-study effects.",
    "metadx.decision": "From accuracy to a decision: probabilities, thresholds, strategies.",
    "metadx.plots": "Figures: each function draws on axes and returns them.",
    "metadx.report": "Records, claims and the one-file report.",
}
#: Classes without a page entry of their own room but which a reader meets as a result.
ALSO = {"metadx.models": ("metadx.models.bayes_results.BayesianResults",)}


def write_pages(folder: Path) -> None:
    """Write a page for each room and an index."""
    for room, sentence in ROOMS.items():
        write_if_changed(folder / f"{room}.md", page(room, sentence))
    rooms = "\n".join(f"* [`{room}`]({room}.md): {ROOMS[room]}" for room in ROOMS)
    entries = "\n".join(ROOMS)
    write_if_changed(
        folder / "index.md",
        "# Python\n\nWritten by the build from the docstrings. Values are probabilities "
        "unless a name says logit; intervals\nare `Estimate` objects with `value`, `low`, `high`, "
        "`level` and `method`.\n\n"
        f"{rooms}\n\n```{{toctree}}\n:hidden:\n\n{entries}\n```\n",
    )


def names(room: str) -> list[str]:
    """Return the public names of a room that the room itself defines or offers."""
    module = import_module(room)
    found = [name for name in module.__all__ if not name.startswith("__")]
    if room == "metadx":
        return found
    front = {id(getattr(import_module("metadx"), name)) for name in names("metadx")}
    return [name for name in found if id(getattr(module, name)) not in front]


def page(room: str, sentence: str) -> str:
    """Return the page of a room: a list of what is in it, then each entry."""
    module = import_module(room)
    members = {f"{room}.{name}": getattr(module, name) for name in names(room)}
    for path in ALSO.get(room, ()):
        home, name = path.rsplit(".", 1)
        members[path] = getattr(import_module(home), name)
    listing = "\n".join(
        f"| {{py:obj}}`~{path}` | {_summary(found)} |" for path, found in members.items()
    )
    entries = "\n\n".join(_entry(path, found) for path, found in members.items())
    return (
        f"# {room}\n\n{sentence}\n\n| name | what it is |\n|---|---|\n{listing}\n\n"
        f"```{{eval-rst}}\n{entries}\n```\n"
    )


def _summary(found: Any) -> str:
    if not (inspect.isclass(found) or inspect.isfunction(found)):
        return "a constant"
    text = (inspect.getdoc(found) or "").split("\n\n")[0].replace("\n", " ")
    return text.replace("|", "\\|").replace("``", "`")


def _entry(path: str, found: Any) -> str:
    if inspect.isclass(found):
        options = "" if issubclass(found, Exception) else "\n   :members:"
        return f".. autoclass:: {path}{options}"
    if inspect.isfunction(found):
        return f".. autofunction:: {path}"
    return f".. autodata:: {path}\n   :no-value:"
