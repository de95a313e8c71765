"""Earlier states of the study tables, as git keeps them."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from metadx.errors import OptionError, StudyTableError
from metadx.tables.load import read_studies
from metadx.tables.table import StudyTable

_FIELD: Final = "\x1f"
_RECORD: Final = "\x1e"


@dataclass(frozen=True, slots=True)
class Commit:
    """One recorded change.

    Attributes
    ----------
    sha : str
        Full identifier.
    parent : str
        The state before; empty for the first commit.
    date : str
        Day and time with zone, as the author's clock had it.
    author, subject : str
    files : tuple of str
        Changed tables, below the folder of study tables.
    """

    sha: str
    parent: str
    date: str
    author: str
    subject: str
    files: tuple[str, ...]


class Repository:
    """The git repository that a folder of study tables is in.

    Parameters
    ----------
    studies : Path
        The folder.

    Raises
    ------
    OptionError
        git is not installed, or the folder is in no repository.
    """

    def __init__(self, studies: Path) -> None:
        self.studies = studies
        if not studies.is_dir():
            raise OptionError(f"there is no folder {studies.as_posix()}")
        self._prefix = self._git("rev-parse", "--show-prefix").strip()

    def resolve(self, revision: str) -> str:
        """Return the full identifier of a commit, branch or tag.

        Raises
        ------
        OptionError
            There is no such revision.
        """
        command = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        try:
            return self._git(*command).strip()
        except OptionError as error:
            raise OptionError(
                f"{revision!r} is no revision of the git repository of {self.studies.as_posix()}"
            ) from error

    def files(self, revision: str) -> dict[str, bytes]:
        """Return every file of the folder at a revision, by path below the folder."""
        sha = self.resolve(revision)
        listed = self._git("ls-tree", "-r", "-z", "--name-only", sha, ".")
        return self.contents(sha, [name for name in listed.split("\0") if name])

    def contents(self, sha: str, names: Sequence[str]) -> dict[str, bytes]:
        """Return the named files at a commit; those that it does not have are left out."""
        wanted = "".join(f"{sha}:{self._prefix}{name}\n" for name in names)
        data = self._run(("cat-file", "--batch"), wanted.encode())
        found: dict[str, bytes] = {}
        start = 0
        for name in names:
            head, _, _ = data[start:].partition(b"\n")
            start += len(head) + 1
            if head.endswith(b"missing"):
                continue
            size = int(head.split()[-1])
            found[name] = data[start : start + size]
            start += size + 1
        return found

    def commits(self, mentioning: str) -> list[Commit]:
        """Return the commits that touch a line with this text in a table, oldest first.

        Parameters
        ----------
        mentioning : str
            Text as it stands in the tables.
        """
        shape = _RECORD + _FIELD.join(("%H", "%P", "%aI", "%aN", "%s")) + _FIELD
        out = self._git(
            "log", "--reverse", "--no-renames", "--name-only", "-z", f"--format={shape}",
            f"-G{mentioning}", "--", "*.csv",
        )  # fmt: skip
        found = []
        for record in out.split(_RECORD)[1:]:
            sha, parents, date, author, subject, names = record.split(_FIELD)
            files = [name.strip("\n") for name in names.split("\0") if name.strip("\n")]
            inside = tuple(
                n.removeprefix(self._prefix) for n in files if n.startswith(self._prefix)
            )
            found.append(Commit(sha, parents.partition(" ")[0], date, author, subject, inside))
        return found

    def table(self, revision: str) -> StudyTable:
        """Read the study tables as they were at a revision.

        Raises
        ------
        OptionError
            There is no such revision, or it holds no study tables.
        StudyTableError
            The tables of that time break a rule of today.
        """
        files = self.files(revision)
        if not files:
            raise OptionError(f"{revision} holds no folder {self.studies.as_posix()}")
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / self.studies.resolve().name
            write_files(folder, files)
            try:
                return read_studies(folder)
            except StudyTableError as error:
                start, name = folder.as_posix(), f"{revision}:{self.studies.as_posix()}"
                raise StudyTableError(
                    [
                        replace(
                            fault,
                            file=fault.file.replace(start, name),
                            expected=fault.expected.replace(start, name),
                        )
                        for fault in error.faults
                    ]
                ) from error

    def _git(self, *arguments: str) -> str:
        return self._run(arguments).decode("utf-8", "replace")

    def _run(self, arguments: Sequence[str], data: bytes = b"") -> bytes:
        environment = {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
        try:
            done = subprocess.run(
                ("git", *arguments), cwd=self.studies, input=data, capture_output=True,
                check=False, env=environment,
            )  # fmt: skip
        except OSError as error:
            raise OptionError(
                "git is not installed, so that nothing is known of earlier states of the tables; "
                "metadx run keeps snapshots all the same"
            ) from error
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")
            if "not a git repository" in said:
                said = (
                    "the folder is in no git repository, so that nobody recorded who changed "
                    "what; metadx run keeps snapshots all the same"
                )
            raise OptionError(f"{self.studies.as_posix()}: {said or 'git failed'}")
        return done.stdout


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder that is thrown away afterwards."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
