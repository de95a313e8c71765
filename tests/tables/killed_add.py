"""Kill an addition at one line of its code after the other and tell what is left each time.

Run as a program, so that the tests' own process is not forked: the argument is a folder of study
tables with ``record.json`` beside it. Prints, for each kill, the names of the files that differ
from those before, and whether the tables were as before or as after once somebody opened them.
The row is made once; what is killed is everything from the lock to its release.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from metadx.tables.add import Draft, draft_study
from metadx.tables.record import place_of, read_record
from metadx.tables.transaction import commit, finish_interrupted, locked

#: The modules that touch files; everything else computes.
TRACED = ("tables/transaction.py", "tables/files.py")


def visible(folder: Path) -> dict[str, bytes]:
    """The files that a person sees."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def kill_at(line: int) -> Any:
    """Make a trace function that kills the process when the n-th line is reached."""
    seen = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal seen
        if not frame.f_code.co_filename.endswith(TRACED):
            return None
        if event == "line":
            seen += 1
            if seen == line:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


def killed(pristine: Path, draft: Draft, line: int) -> tuple[Path, bool]:
    """Add to a copy of the tables in a process of its own; tell whether it was killed."""
    copy = pristine.parent / f"killed-{line}"
    shutil.copytree(pristine, copy)
    child = os.fork()
    if not child:
        sys.settrace(kill_at(line))
        with locked(copy):
            commit(copy, draft.changes)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return copy, os.WIFSIGNALED(status)


def main(pristine: Path) -> None:
    record = read_record(pristine.parent / "record.json")
    draft = draft_study(pristine, place_of("ct/hip"), record)
    before = visible(pristine)
    whole, _ = killed(pristine, draft, 0)
    after = visible(whole)
    outcomes = []
    line, went_on = 1, True
    while went_on:
        copy, went_on = killed(pristine, draft, line)
        left = visible(copy)
        changed = sorted(name for name in after if left.get(name) != before.get(name))
        finish_interrupted(copy)
        opened = visible(copy)
        state = "before" if opened == before else "after" if opened == after else "between"
        hidden = sorted(p.name for p in copy.rglob(".*") if p.name != ".metadx.lock")
        shutil.rmtree(copy)
        if went_on:
            outcomes.append([changed, state, hidden])
        line += 1
    print(json.dumps({"outcomes": outcomes, "last": state}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
