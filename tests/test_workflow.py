"""``metadx run``: what it writes, what it computes again, and that a failure stays alone."""

from __future__ import annotations

import csv
import json
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pandas as pd
import pytest

from metadx.errors import OptionError, StudyTableError
from metadx.tables import StudyTable
from metadx.workflow import RunReport, run
from metadx.workflow import strata as strata_module
from metadx.workflow.options import checked_jobs, checked_options, run_date
from metadx.workflow.scheduling import in_order
from metadx.workflow.watching import watched

STUDIES = Path(__file__).parents[1] / "studies"
CT_HIP = "ct/hip/patient/radiograph_negative"
MRI_HIP = "mri/hip/patient/radiograph_negative"

Runner = Callable[..., RunReport]


DATE = "2026-01-31"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small tables with bibliography and claims, and what a first run made of them."""
    folder = tmp_path_factory.mktemp("finished")
    keys: set[str] = set()
    for name in ("ct/hip.csv", "mri/hip.csv", "claims.csv"):
        path = folder / "tables" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(STUDIES / name, path)
        keys |= set(pd.read_csv(path).get("citation_key", ()))
    entries = (STUDIES / "references.bib").read_text(encoding="utf-8").split("\n@")
    cited = [entry for entry in entries if re.split("[{,]", entry)[1] in keys]
    (folder / "tables" / "references.bib").write_text("@" + "\n@".join(cited), encoding="utf-8")
    report = run(folder / "tables", folder / "out", jobs=1, formats=("svg",), date=DATE)
    assert report.exit_code == 0
    assert (report.computed, report.cached) == (2, 0)
    return folder


@pytest.fixture
def tables(finished: Path, tmp_path: Path) -> Path:
    """The tables and the first run's output, for one test to change."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path / "tables"


@pytest.fixture
def go(tables: Path, tmp_path: Path) -> Runner:
    """Run again in this process, into the folder of the first run."""

    def runner(**options: object) -> RunReport:
        given = {"jobs": 1, "formats": ("svg",), "date": DATE, **options}
        return run(tables, tmp_path / "out", **given)  # type: ignore[arg-type]

    return runner


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The strata that were fitted."""
    done: list[str] = []
    compute = strata_module.compute

    def counted(task: strata_module.Task) -> strata_module.Outcome:
        done.append(task.stratum)
        return compute(task)

    monkeypatch.setattr("metadx.workflow.scheduling.compute", counted)
    return done


def bytes_of(out: Path, *names: str) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in names}


def test_a_run_writes_everything_and_says_so(go: Runner, tmp_path: Path) -> None:
    report = go()
    out = tmp_path / "out"
    assert [record.stratum for record in report.records] == [CT_HIP, MRI_HIP]
    assert "2 strata (0 computed, 2 unchanged), 0 failed" in report.summary()
    for name in ("estimates.csv", "estimates.parquet", "claims.csv", "manifest.json"):
        assert (out / "results" / name).is_file()
    figures = {path.name for path in (out / "figures").iterdir()}
    stem = CT_HIP.replace("/", "_")
    names = (f"{stem}_forest", f"{stem}_sroc", "evidence_map", "claims")
    assert {f"{name}.{end}" for name in names for end in ("svg", "csv")} <= figures
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("<img") == 5
    with (out / "results" / "estimates.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["stratum"] for row in rows] == [CT_HIP, MRI_HIP]
    assert rows[0]["headline"] == "yes"
    assert float(rows[0]["sensitivity"]) == report.records[0].sensitivity.pooled.value
    frame = pd.read_parquet(out / "results" / "estimates.parquet")
    assert frame["sensitivity"][0] == report.records[0].sensitivity.pooled.value


def test_the_manifest_names_what_went_in_and_no_machine(go: Runner, tmp_path: Path) -> None:
    go()
    out = tmp_path / "out"
    manifest = json.loads((out / "results" / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["tables"]) == {"ct/hip.csv", "mri/hip.csv", "references.bib", "claims.csv"}
    assert manifest["seed"] == 0
    assert manifest["options"]["formats"] == ["svg"]
    assert manifest["environment"]["python"] == platform.python_version()
    assert set(manifest["strata"]) == {CT_HIP, MRI_HIP}
    assert all(item["seconds"] > 0 for item in manifest["strata"].values())
    written = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    cache = {name for name in written if "/.cache/" in name}
    assert set(manifest["files"]) == written - cache - {"results/manifest.json"}
    for name in written:
        text = (out / name).read_bytes()
        assert str(tmp_path).encode() not in text, name
        assert platform.node().encode() not in text or not platform.node(), name


def test_a_second_run_fits_nothing_and_changes_nothing(
    go: Runner, fits: list[str], tmp_path: Path
) -> None:
    names = ("results/estimates.csv", "results/estimates.parquet", "results/claims.csv",
             "report.html", "figures/claims.svg")  # fmt: skip
    before = bytes_of(tmp_path / "out", *names)
    report = go()
    assert fits == []
    assert (report.computed, report.cached) == (0, 2)
    assert bytes_of(tmp_path / "out", *names) == before


def test_force_computes_everything_again_with_the_same_numbers(
    go: Runner, fits: list[str], tmp_path: Path
) -> None:
    before = bytes_of(tmp_path / "out", "results/estimates.csv", "report.html")
    go(force=True)
    assert sorted(fits) == [CT_HIP, MRI_HIP]
    assert bytes_of(tmp_path / "out", "results/estimates.csv", "report.html") == before


def test_only_the_stratum_that_changed_is_computed_again(
    go: Runner, fits: list[str], tables: Path
) -> None:
    path = tables / "mri" / "hip.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",46,,1,,", ",45,,2,,"), "utf-8")
    report = go()
    assert fits == [MRI_HIP]
    assert (report.computed, report.cached) == (1, 1)


def test_other_options_and_other_code_are_another_key(
    go: Runner, fits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    go(seed=1)
    monkeypatch.setattr("metadx.workflow.options.code_hash", lambda: "edited")
    go(seed=1)
    assert len(fits) == 4


@pytest.mark.parametrize("damage", ["", "{", '{"key": 1}', "null", "[]"])
def test_a_damaged_cache_is_computed_again(
    go: Runner, fits: list[str], tmp_path: Path, damage: str
) -> None:
    folder = tmp_path / "out" / "results" / ".cache"
    (folder / f"{CT_HIP.replace('/', '_')}.json").write_text(damage, encoding="utf-8")
    assert go().exit_code == 0
    assert fits == [CT_HIP]


def test_a_cache_with_a_damaged_record_is_computed_again(
    go: Runner, fits: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "out" / "results" / ".cache" / f"{CT_HIP.replace('/', '_')}.json"
    entry = json.loads(path.read_text(encoding="utf-8"))
    del entry["record"]["sensitivity"]["pooled"]
    path.write_text(json.dumps(entry), encoding="utf-8")
    go()
    assert fits == [CT_HIP]


def test_a_figure_that_was_lost_or_edited_is_drawn_again(
    go: Runner, fits: list[str], tmp_path: Path
) -> None:
    figures = tmp_path / "out" / "figures"
    lost = figures / f"{CT_HIP.replace('/', '_')}_forest.svg"
    edited = figures / f"{MRI_HIP.replace('/', '_')}_sroc.csv"
    lost.unlink()
    edited.write_text("mine", encoding="utf-8")
    go()
    assert sorted(fits) == [CT_HIP, MRI_HIP]
    assert lost.is_file()
    assert edited.read_text(encoding="utf-8") != "mine"


def test_figures_of_strata_that_are_gone_are_removed_and_others_left(
    go: Runner, tables: Path, tmp_path: Path
) -> None:
    figures = tmp_path / "out" / "figures"
    (figures / "mine.svg").write_text("mine", encoding="utf-8")
    (tables / "mri" / "hip.csv").unlink()
    go()
    names = {path.name for path in figures.iterdir()}
    assert not [name for name in names if name.startswith("mri_hip")]
    assert "mine.svg" in names
    cache = tmp_path / "out" / "results" / ".cache"
    assert not list(cache.glob("mri_hip*"))


class Broken(strata_module.BivariateModel):
    """A model that fails for one stratum, as a bug would."""

    def __init__(self, table) -> None:  # type: ignore[no-untyped-def]
        if table.frame["modality"].eq("mri").any():
            raise ZeroDivisionError("division by zero")
        super().__init__(table)


def test_a_failing_stratum_never_takes_the_others_down(
    go: Runner, fits: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = go().records[0]
    with monkeypatch.context() as patch:
        patch.setattr("metadx.workflow.strata.BivariateModel", Broken)
        report = go(force=True)
    message = "ZeroDivisionError: division by zero"
    assert report.exit_code == 1
    assert report.failures == ((MRI_HIP, message),)
    assert f"failed: {MRI_HIP}: {message}" in report.summary()
    assert report.records[0] == whole
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count(message) == 3  # on top, at its place, and in the table to download
    with (tmp_path / "out" / "results" / "estimates.csv").open(encoding="utf-8") as stream:
        row = list(csv.DictReader(stream))[1]
    assert (row["stratum"], row["sensitivity"]) == (MRI_HIP, "")
    assert row["reason"] == f"not computed: {message}"
    manifest = json.loads((tmp_path / "out" / "results" / "manifest.json").read_text("utf-8"))
    assert manifest["failures"] == [{"what": MRI_HIP, "why": message}]
    assert manifest["strata"][MRI_HIP]["failed"]


def test_a_failing_figure_leaves_the_numbers_and_is_tried_again(
    go: Runner, fits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(fit: object) -> object:
        raise ValueError("no room\n for this")

    with monkeypatch.context() as patch:
        patch.setattr("metadx.workflow.strata.plot_sroc", broken)
        report = go(force=True)
    assert report.exit_code == 1
    assert report.failures[0] == (f"{CT_HIP}, sroc figure", "ValueError: no room for this")
    assert len(report.failures) == 2
    assert report.records[0].sensitivity.pooled.value is not None
    fits.clear()
    assert go().exit_code == 0
    assert sorted(fits) == [CT_HIP, MRI_HIP]


def test_a_broken_file_of_claims_is_reported_and_the_rest_done(
    go: Runner, tables: Path, tmp_path: Path
) -> None:
    (tables / "claims.csv").write_text("claim_id,subject\nC1,x\n", encoding="utf-8")
    report = go()
    assert report.exit_code == 1
    assert [what for what, _ in report.failures] == ["claims.csv"]
    assert len(report.records) == 2
    assert not (tmp_path / "out" / "results" / "claims.csv").exists()
    (tables / "claims.csv").unlink()
    assert go().exit_code == 0


def test_an_interrupted_run_keeps_what_is_finished(
    go: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    compute = strata_module.compute

    def interrupted(task: strata_module.Task) -> strata_module.Outcome:
        if task.stratum == MRI_HIP:
            raise KeyboardInterrupt
        return compute(task)

    with monkeypatch.context() as patch:
        patch.setattr("metadx.workflow.scheduling.compute", interrupted)
        shutil.rmtree(tmp_path / "out")
        with pytest.raises(KeyboardInterrupt):
            go()
    report = go()
    assert (report.computed, report.cached) == (1, 1)


def test_a_killed_process_fails_what_it_had_left(
    go: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(tasks: list[strata_module.Task], jobs: int) -> Iterator[strata_module.Outcome]:
        yield strata_module.compute(tasks[0])
        raise BrokenProcessPool

    monkeypatch.setattr("metadx.workflow.scheduling._computed", killed)
    report = go(force=True)
    assert report.exit_code == 1
    assert [what for what, _ in report.failures] == [MRI_HIP]
    assert "killed" in report.failures[0][1]
    assert len(report.records) == 2


def test_results_do_not_depend_on_the_number_of_processes(
    go: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = ("results/estimates.csv", "results/estimates.parquet", "report.html",
             f"figures/{CT_HIP.replace('/', '_')}_sroc.svg")  # fmt: skip
    before = bytes_of(tmp_path / "out", *names)
    monkeypatch.setattr("metadx.workflow.scheduling.MIN_TASKS_FOR_PROCESSES", 2)
    assert go(jobs=2, force=True).computed == 2
    assert bytes_of(tmp_path / "out", *names) == before


def test_anybodys_table_can_be_run(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("Study;TP;FP;FN;TN\nA;9;1;1;9\nB;8;2;2;8\nC;7;0;1;9\n", encoding="utf-8")
    report = run(path, tmp_path / "out", jobs=1, formats=("png",))
    assert report.exit_code == 0
    assert [record.stratum for record in report.records] == ["mine"]
    manifest = json.loads((tmp_path / "out" / "results" / "manifest.json").read_text("utf-8"))
    assert set(manifest["tables"]) == {"mine.csv"}
    assert len(list((tmp_path / "out" / "figures").glob("*.png"))) == 2


def test_wrong_options_and_tables_are_refused_before_any_work(
    go: Runner, tables: Path, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match="cannot be made"):
        run(tables, tables / "claims.csv", jobs=1)
    for wrong in ({"formats": ("gif",)}, {"seed": -1}, {"jobs": 0}):
        with pytest.raises(OptionError):
            go(**wrong)
    path = tables / "ct" / "hip.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",109,,2,,", ",-109,,2,,"), "utf-8")
    with pytest.raises(StudyTableError, match="-109"):
        go()
    frame = pd.read_csv(STUDIES / "ct" / "hip.csv", dtype=str, keep_default_na=False)
    frame[frame["pool"] == "no"].to_csv(path, index=False)
    (tables / "mri" / "hip.csv").unlink()
    shutil.rmtree(tmp_path / "out")
    with pytest.raises(OptionError, match="no row is to be pooled"):
        go()
    assert not (tmp_path / "out").exists()


def test_the_date_is_given_or_reproducible(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_date("2020-02-02") == "2020-02-02"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert run_date(None) == "1970-01-02"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    with pytest.raises(OptionError, match="soon"):
        run_date(None)


def test_two_processes_by_default() -> None:
    assert 1 <= checked_jobs(None) <= 2
    assert checked_jobs(3) == 3


def test_the_largest_stratum_is_first_and_single_studies_next(tmp_path: Path) -> None:
    sizes = [1, 3, 0, 8, 1, 2]
    frame = pd.DataFrame({"study": list("abcdefgh"), "tp": 9, "fp": 1, "fn": 1, "tn": 9})
    tasks = [
        strata_module.Task(
            str(size), StudyTable.from_frame(frame[:size]), tmp_path, checked_options((), 0), ""
        )
        for size in sizes
        if size
    ]
    assert [task.stratum for task in in_order(tasks)] == ["8", "1", "1", "3", "2"]
    assert in_order([]) == []


@pytest.mark.parametrize(("shown", "expected"), [(True, True), (False, False), (None, False)])
def test_progress_is_for_a_person(
    capfd: pytest.CaptureFixture[str], shown: bool | None, expected: bool
) -> None:
    with watched(2, shown) as step:
        step("ct/hip")
    assert bool(capfd.readouterr().err) == expected
