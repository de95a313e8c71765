"""Time metadx beside R programs in one run, and write benchmarks/results.md.

``python benchmarks/run.py`` takes about three minutes; ``--quick`` stops at 300 studies. Every
program gets the same simulated tables, one thread and a warm-up. R and its packages (Debian:
r-cran-lme4, r-cran-glmmtmb, r-cran-metafor) are optional; what is absent is named.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))

import numpy as np  # noqa: E402  the number of threads is read on import
import pandas as pd  # noqa: E402

import metadx  # noqa: E402
from metadx.inference import bootstrap  # noqa: E402
from metadx.models import BivariateModel  # noqa: E402
from metadx.models.design import build_design  # noqa: E402
from metadx.models.search import climb, search  # noqa: E402
from metadx.tables import StudyTable  # noqa: E402

HERE = Path(__file__).parent
RESULTS = HERE / "results.md"
SIZES = (10, 30, 100, 300, 1000, 3000, 10_000)
SEED = 20_260_000
PEERS = ("lme4", "glmmTMB", "metafor")
#: A program that took longer than this on one table is not asked for the next larger one.
PATIENCE = 40.0
#: rma.mv works with dense 2k x 2k matrices.
LARGEST = {"metafor": 300}


def simulate(k: int) -> pd.DataFrame:
    """Draw a table: logit sens 1.4 (sd 0.8), logit spec 2.0 (sd 0.9), rho -0.4, own seed."""
    rng = np.random.default_rng(SEED + k)
    n1 = np.exp(rng.uniform(np.log(20), np.log(200), k)).astype(int)
    n0 = np.exp(rng.uniform(np.log(30), np.log(300), k)).astype(int)
    factor = np.array([[0.8, 0.0], [-0.4 * 0.9, np.sqrt(1 - 0.16) * 0.9]])
    eta = np.array([1.4, 2.0]) + rng.standard_normal((k, 2)) @ factor.T
    p = 1.0 / (1.0 + np.exp(-eta))
    tp, tn = rng.binomial(n1, p[:, 0]), rng.binomial(n0, p[:, 1])
    return pd.DataFrame(
        {"study": [f"S{i}" for i in range(k)], "tp": tp, "fp": n0 - tn, "fn": n1 - tp, "tn": tn}
    )


def timed(function: Callable[[], object], budget: float = 1.0) -> float:
    """Return the median seconds of a call after a warm-up, repeated for about `budget`."""
    function()
    seconds: list[float] = []
    while len(seconds) < 3 or (sum(seconds) < budget and len(seconds) < 200):
        begun = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


@dataclass(frozen=True)
class Own:
    """Times of metadx on one table, in seconds, and what it reached."""

    search: float
    fit: float
    loglik: float
    gradient_norm: float


def time_own(frame: pd.DataFrame) -> Own:
    table = StudyTable.from_frame(frame)
    design = build_design(table)
    found = search(design)
    return Own(
        timed(lambda: search(design)),
        timed(lambda: BivariateModel(table).fit()),
        found.loglik,
        found.record.gradient_norm,
    )


@dataclass(frozen=True)
class Peer:
    """What one R program did with one table."""

    version: str
    seconds: float
    loglik: float


def time_peer(frame: pd.DataFrame, program: str) -> Peer | str:
    """Return the times of a program, or why there are none."""
    repeats = 5 if len(frame) <= 100 else 1
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.csv"
        frame.to_csv(file, index=False)
        command = ["Rscript", "--vanilla", str(HERE / "peers.R"), str(file), program, str(repeats)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return "failed: " + done.stderr.strip().splitlines()[-1]
    if done.stdout.strip() == "absent":
        return "not installed"
    version, seconds, loglik = done.stdout.split()
    return Peer(version, float(seconds), float(loglik))


def peers(tables: dict[int, pd.DataFrame]) -> dict[str, dict[int, Peer | str]]:
    found: dict[str, dict[int, Peer | str]] = {}
    for program in PEERS:
        results: dict[int, Peer | str] = {}
        stop = ""
        for k, frame in tables.items():
            if k > LARGEST.get(program, k):
                stop = stop or "not run: dense matrices"
            results[k] = stop or time_peer(frame, program)
            say(f"{program}, {k} studies: {results[k]}")
            one = results[k]
            if isinstance(one, str):
                stop = stop or one
            elif one.seconds > PATIENCE:
                stop = f"not run: the size before took {one.seconds:.0f} s"
        found[program] = results
    return found


FRESH = """
import time
begun = time.perf_counter()
import metadx
light = time.perf_counter() - begun
import pandas as pd
frame = pd.read_csv({file!r})
table = metadx.StudyTable.from_frame(frame)
model = metadx.BivariateModel(table)
ready = time.perf_counter() - begun
model.fit()
print(light, ready, time.perf_counter() - begun)
"""


def fresh(frame: pd.DataFrame, cache: str | None = None) -> list[float]:
    """Seconds to import metadx, to have a model, and to have its first fit, in a new process."""
    environment = os.environ | {"PYTHONPATH": str(Path(metadx.__file__).parents[1])}
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = cache
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.csv"
        frame.to_csv(file, index=False)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", FRESH.format(file=str(file))],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
    return [float(x) for x in done.stdout.split()]


def leave_one_out(frame: pd.DataFrame) -> float:
    """Seconds for the refits without each study, each started from the full maximum."""
    whole = search(build_design(StudyTable.from_frame(frame)))
    designs = [build_design(StudyTable.from_frame(frame.drop(index=i))) for i in frame.index]
    return timed(lambda: [climb(design, whole.theta, whole.free) for design in designs])


def resampling(frame: pd.DataFrame) -> list[str]:
    """Seconds for 2,000 bootstrap refits and for a posterior, on the one thread of this run."""
    model = BivariateModel(StudyTable.from_frame(frame))
    fit = model.fit()
    refits = timed(lambda: bootstrap(fit, 2000, seed=1))
    posterior = timed(lambda: model.fit(method="bayes", seed=1))
    rows = [
        ("leave-one-out, 30 refits", seconds(leave_one_out(frame))),
        ("parametric bootstrap, 2,000 refits", seconds(refits)),
        ("posterior (importance sampling)", seconds(posterior)),
    ]
    return ["## 30 studies, again and again", "", *markdown(("what", "time"), rows), ""]


def say(text: str) -> None:
    sys.stderr.write(text + "\n")


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows)]


def seconds(value: float) -> str:
    return f"{1000 * value:.2f} ms" if value < 0.1 else f"{value:.2f} s"


def own_section(own: dict[int, Own]) -> list[str]:
    rows = [
        (f"{k:,}", seconds(o.search), seconds(o.fit), f"{1e6 * o.search / k:.0f} µs",
         f"{o.gradient_norm:.0e}")
        for k, o in own.items()
    ]  # fmt: skip
    header = ("studies", "search for the maximum", "whole fit", "search, a study", "largest score")
    return ["## Growth", "", *markdown(header, rows), ""]


def peer_section(own: dict[int, Own], found: dict[str, dict[int, Peer | str]]) -> list[str]:
    rows, notes = [], []
    for k, mine in own.items():
        cells = [f"{k:,}", seconds(mine.fit)]
        for program in PEERS:
            one = found[program][k]
            if isinstance(one, Peer):
                cells.append(f"{seconds(one.seconds)} = {one.seconds / mine.fit:,.0f} x")
            else:
                cells.append("–")
        rows.append(cells)
    for program in PEERS:
        versions = {one.version for one in found[program].values() if isinstance(one, Peer)}
        gone = [f"{k:,}: {one}" for k, one in found[program].items() if isinstance(one, str)]
        text = f"* {program} {', '.join(sorted(versions))}".rstrip()
        notes.append(text + ("; " + gone[0] if gone else ""))
    return [
        "## Beside R",
        "",
        "Seconds of one fit and, behind the equals sign, how many times metadx's whole fit. lme4 "
        "and glmmTMB compute the Laplace approximation, metafor the normal-normal model by "
        "maximum likelihood; metadx the exact one to a score below 1e-6.",
        "",
        *markdown(("studies", "metadx, whole fit", *PEERS), rows),
        "",
        *notes,
        "",
    ]


def start_section(frame: pd.DataFrame, with_compilation: bool) -> list[str]:
    fresh(frame)  # fills the compile cache and the file system's
    runs = np.median([fresh(frame) for _ in range(3)], axis=0)
    rows = [
        ("`import metadx`", seconds(runs[0])),
        ("first model ready", seconds(runs[1])),
        ("first fit done, compile cache warm", seconds(runs[2])),
    ]
    if with_compilation:
        with tempfile.TemporaryDirectory() as cache:
            rows.append(("first fit done, nothing compiled", seconds(fresh(frame, cache)[2])))
    return ["## A fresh process", "", *markdown(("from the start until", "time"), rows), ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="stop at 300 studies")
    parser.add_argument("--no-peers", action="store_true", help="leave R out")
    options = parser.parse_args()
    sizes = [k for k in SIZES if not options.quick or k <= 300]
    tables = {k: simulate(k) for k in sizes}
    own = {}
    for k, frame in tables.items():
        own[k] = time_own(frame)
        say(f"metadx, {k} studies: {seconds(own[k].fit)}")
    lines = [
        "# Benchmarks",
        "",
        "Written by `python benchmarks/run.py`: one run, one thread, warm, medians; simulated "
        "tables with arms of 20 to 300, a seed for each size.",
        "",
        f"metadx {metadx.__version__}, Python {platform.python_version()}, "
        f"{platform.machine()}, {os.cpu_count()} cores (shared).",
        "",
        *own_section(own),
        *resampling(tables[30]),
    ]
    if options.no_peers:
        lines += ["R programs were left out (`--no-peers`).", ""]
    elif shutil.which("Rscript") is None:
        say("Rscript is not installed: the comparison with R programs is skipped")
        lines += ["Rscript is not installed: the comparison with R programs was skipped.", ""]
    else:
        lines += peer_section(own, peers(tables))
    lines += start_section(tables[30], with_compilation=not options.quick)
    temporary = RESULTS.with_suffix(".md.new")
    temporary.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    temporary.replace(RESULTS)
    say(f"{RESULTS.name} written")


if __name__ == "__main__":
    main()
