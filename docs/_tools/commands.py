"""The command-line reference, written from the commands themselves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_type_hints

#: What a reader is told of the type of an option.
KINDS = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "Path": "path",
    "tuple": "numbers",
}
PAGE = """# Commands

Written by the build from the commands themselves, so that it is what `metadx COMMAND --help`
says. `metadx --version` prints the version.

{contents}

{commands}
"""


def tree() -> dict[str, Any]:
    """Return the commands by name, in the order of the help page."""
    import typer

    from metadx.cli import app

    return dict(typer.main.get_command(app).commands)


def write_page(path: Path) -> None:
    """Write the page, unless it is there and the same."""
    found = tree()
    contents = "\n".join(
        f"* [metadx {name}](#metadx-{name}): {_first_line(one)}" for name, one in found.items()
    )
    text = PAGE.format(
        contents=contents, commands="\n\n".join(_section(*pair) for pair in found.items())
    )
    write_if_changed(path, text)


def write_if_changed(path: Path, text: str) -> None:
    """Write a generated page; one that did not change keeps its date."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _first_line(command: Any) -> str:
    return (command.help or "").strip().split("\n\n")[0].replace("\n", " ")


def _section(name: str, command: Any) -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    usage = " ".join(_usage(one) for one in arguments)
    parts = [
        f"## metadx {name}",
        (command.help or "").strip(),
        f"```text\nmetadx {name} {usage} [OPTIONS]\n```".replace("  ", " "),
    ]
    if arguments:
        rows = [f"| `{_name(one)}` | {_cell(one.help)} |" for one in arguments]
        parts.append("\n".join(["| argument | meaning |", "|---|---|", *rows]))
    if options:
        rows = [
            f"| `{', '.join(one.opts)}` | {_kind(command, one)} | {_cell(one.help)} "
            f"| {_default(one)} |"
            for one in options
            if one.name != "help"
        ]
        parts.append(
            "\n".join(["| option | takes | meaning | default |", "|---|---|---|---|", *rows])
        )
    return "\n\n".join(parts)


def _name(argument: Any) -> str:
    return argument.metavar or argument.name.upper()


def _usage(argument: Any) -> str:
    return _name(argument) if argument.required else f"[{_name(argument)}]"


def _kind(command: Any, option: Any) -> str:
    """Say what an option takes, from the annotation of the function behind the command."""
    if option.is_flag:
        return ""
    annotation = str(get_type_hints(command.callback)[option.name])
    found = re.search("|".join(KINDS), annotation)
    return option.metavar or (KINDS[found.group()] if found else "text")


def _default(option: Any) -> str:
    value = option.default
    if option.is_flag or value is None or callable(value) or value in ((), [], ""):
        return ""
    return f"`{value}`"


def _cell(text: str | None) -> str:
    return (text or "").replace("\n", " ").replace("|", "\\|")
