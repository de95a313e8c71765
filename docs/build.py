"""Build the documentation site: ``python docs/build.py``; open ``docs/_build/html/index.html``.

A warning is an error. At the end every page is searched for files that a reader's browser would
have to fetch from elsewhere: there must be none, so that the site is readable without a network.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = HERE / "_build" / "html"
#: What makes a browser fetch a file: not links that a reader may click.
FETCHED = re.compile(
    r"<(?:script|img|iframe|source|audio|video|embed)\b[^>]*\bsrc=[\"'](?:https?:)?//[^\"']+"
    r"|<link\b(?![^>]*rel=[\"'](?:canonical|alternate|search|next|prev))[^>]*"
    r"\bhref=[\"'](?:https?:)?//[^\"']+"
    r"|@import\s+(?:url\()?[\"']?https?://[^\"')]+|url\([\"']?https?://[^\"')]+",
    re.I,
)


def fetched(folder: Path) -> list[str]:
    """Return what the pages and styles of a site would load from elsewhere."""
    found = []
    for path in sorted([*folder.rglob("*.html"), *folder.rglob("*.css")]):
        for match in FETCHED.finditer(path.read_text(encoding="utf-8")):
            found.append(f"{path.relative_to(folder)}: {match.group()[:120]}")
    return found


def build(out: Path = OUT, jobs: int = 2, fresh: bool = False) -> int:
    """Build the site; return the exit code."""
    from sphinx.cmd.build import main

    arguments = ["-W", "--keep-going", "-q", "-b", "html", "-j", str(jobs)]
    doctrees = ["-d", str(out.parent / "doctrees")]
    started = time.perf_counter()
    code = main([*arguments, *(["-E", "-a"] if fresh else []), *doctrees, str(HERE), str(out)])
    if code == 0:
        for line in fetched(out):
            print(f"not readable without a network: {line}", file=sys.stderr)
            code = 1
    print(f"{out / 'index.html'} ({time.perf_counter() - started:.0f} s, exit code {code})")
    return int(code)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the site")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--fresh", action="store_true", help="build every page anew")
    given = parser.parse_args()
    sys.exit(build(given.out, given.jobs, given.fresh))
