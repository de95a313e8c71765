"""What an update did: rows, pooled numbers, their drivers, claims; as text, page and figure."""

from __future__ import annotations

import shutil
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from metadx.errors import MetadxWarning, OptionError
from metadx.models import BivariateModel
from metadx.report.claims import SUPPORTED, UNDECIDED
from metadx.report.update import Update, plain
from metadx.report.update_page import update_page
from metadx.tables import StudyTable, read_studies
from metadx.tables.add import add_study
from metadx.tables.record import record_from
from metadx.workflow import diff as diff_module
from metadx.workflow.diff import State, diff
from metadx.workflow.snapshot import last_snapshot, read_snapshot, save_snapshot, snapshots
from metadx.workflow.update_files import write_files

STUDIES = Path(__file__).parents[1] / "studies"
CT_HIP = "ct/hip/patient/radiograph_negative"
MRI_HIP = "mri/hip/patient/radiograph_negative"
NEW = {
    "first_author": "Nowak", "year": 2026, "title": "CT of hips", "unit": "patient",
    "source_url": "https://example.org/nowak", "population": "radiograph_negative",
    "radiograph_negative": "yes", "osteoporotic": "unclear", "design": "prospective",
}  # fmt: skip


def add(folder: Path, tp: int, fn: int, fp: int = 1, tn: int = 80, **more: str) -> None:
    counts = {"tp": tp, "fn": fn, "fp": fp, "tn": tn}
    add_study(folder, ("ct", "hip"), record_from({**NEW, **counts, **more}, "test"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "studies"
    keys: set[str] = set()
    for name in ("ct/hip.csv", "mri/hip.csv", "claims.csv"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(STUDIES / name, root / name)
        keys |= set(pd.read_csv(root / name).get("citation_key", ()))
    entries = "\n".join(f"@misc{{{key}, title = {{x}}}}" for key in sorted(keys))
    (root / "references.bib").write_text(entries + "\n", encoding="utf-8")
    return root


@pytest.fixture
def results(folder: Path, tmp_path: Path) -> Path:
    """A snapshot of the tables, with its records, as a run keeps it."""
    state = State("now", read_studies(folder))
    records = [state.record(name) for name in state.strata]
    save_snapshot(tmp_path / "results", state.table, records, "2026-01-31")
    return tmp_path / "results"


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The strata whose record was computed."""
    done: list[str] = []
    record = diff_module._record

    def counted(stratum: str, rows: StudyTable):
        done.append(stratum)
        return record(stratum, rows)

    monkeypatch.setattr(diff_module, "_record", counted)
    return done


def update_of(
    folder: Path, results: Path, old: str | None = None, new: str | None = None
) -> Update:
    return diff(old, new, folder, results)


def pooled(folder: Path, stratum: str):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        return BivariateModel(read_studies(folder).strata()[stratum].pooled()).fit()


def test_nothing_changed(folder: Path, results: Path, fitted: list[str]) -> None:
    update = update_of(folder, results)
    assert update.text() == (
        "from snapshot 1 of 2026-01-31 to the tables as they are\nno row came, went or changed"
    )
    assert fitted == []


def test_one_added_study_names_the_shift_of_the_sensitivity(
    folder: Path, results: Path, fitted: list[str]
) -> None:
    before = pooled(folder, CT_HIP)
    add(folder, 60, 15)
    after = pooled(folder, CT_HIP)
    started = time.process_time()
    update = update_of(folder, results)
    seconds = time.process_time() - started
    # The bar is 5 seconds on an idle machine; another program may share this one.
    assert seconds < 5.0
    (one,) = update.strata
    assert one.stratum == CT_HIP
    assert fitted == [CT_HIP]
    assert one.before is not None
    assert one.after is not None
    assert one.before.sensitivity.pooled.value == before.sensitivity.value
    assert one.after.sensitivity.pooled.value == after.sensitivity.value
    driver = one.driver("sensitivity")
    assert driver is not None
    assert driver.change.study == "Nowak2026"
    # Two fits of the same rows, of which one went through text and back.
    assert driver.shift == pytest.approx(
        after.sensitivity.value - before.sensitivity.value, abs=1e-6
    )
    text = update.text()
    assert "1 row came" in text
    assert "Nowak2026 (ct/hip) came: tp 60, fp 1, fn 15, tn 80" in text
    was, now = plain(one.before.sensitivity.pooled), plain(one.after.sensitivity.pooled)
    assert f"sensitivity: {was}, 8 studies → {now}, 9 studies" in text
    shift = 100 * (after.sensitivity.value - before.sensitivity.value)
    assert f"by Nowak2026, which came: −{-shift:.1f} percentage points" in text


def test_the_driver_is_the_change_without_which_the_shift_is_smallest(
    folder: Path, results: Path
) -> None:
    add(folder, 40, 3)
    add(folder, 30, 45, study_id="Okada2026", first_author="Okada")
    update = update_of(folder, results)
    (one,) = update.strata
    driver = one.driver("sensitivity")
    assert driver is not None
    assert driver.change.study == "Okada2026"
    # Leave-new-out, refitted here from the files.
    table = folder / "ct" / "hip.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text("".join(line for line in text.splitlines(True) if "Okada2026" not in line),
                     encoding="utf-8")  # fmt: skip
    assert driver.without.value == pytest.approx(pooled(folder, CT_HIP).sensitivity.value, abs=1e-6)
    assert "driven by Okada2026, which came" in update.text()
    assert f"without that change: {plain(driver.without)}" in update.text()
    shifts = [abs(effect.shift or 0) for effect in one.effects["sensitivity"]]
    assert shifts == sorted(shifts, reverse=True)


def test_a_corrected_cell_and_a_removed_row(folder: Path, results: Path) -> None:
    table = folder / "ct" / "hip.csv"
    lines = table.read_text(encoding="utf-8").splitlines(True)
    lines = [line for line in lines if "Mandell2018" not in line]
    lines = [line.replace(",50,,12,", ",50,,10,") for line in lines]
    table.write_text("".join(lines), encoding="utf-8")
    update = update_of(folder, results)
    assert [change.kind for change in update.changes] == ["went", "changed"]
    assert "1 row went, 1 changed" in update.text()
    assert "fn: 12 → 10" in update.text()
    (one,) = update.strata
    assert {effect.change.study for effect in one.effects["sensitivity"]} == {
        "Mandell2018", "Davidson2021",
    }  # fmt: skip
    last = one.steps[-1]
    assert last.estimates["sensitivity"].value == pytest.approx(
        pooled(folder, CT_HIP).sensitivity.value, abs=1e-6
    )
    assert [step.kind for step in one.steps].count("study") == 8
    assert {step.kind for step in one.steps} == {"study", "went", "changed"}


def test_a_remark_moves_no_number(folder: Path, results: Path, fitted: list[str]) -> None:
    table = folder / "ct" / "hip.csv"
    table.write_text(
        table.read_text("utf-8").replace("MDCT,consultant", "MDCT,Consultant"), "utf-8"
    )
    update = update_of(folder, results)
    assert len(update.changes) == 1
    assert "no pooled number depends on these cells" in update.text()
    assert fitted == []


def test_a_stratum_that_appears_and_one_that_is_gone(folder: Path, results: Path) -> None:
    new = "ct/hip/fracture/all_suspected"
    add(folder, 20, 2, unit="fracture", population="all_suspected")
    (folder / "mri" / "hip.csv").unlink()
    update = update_of(folder, results)
    found = {one.stratum: one for one in update.strata}
    assert set(found) == {new, MRI_HIP}
    assert found[new].before is None
    assert found[MRI_HIP].after is None
    text = update.text()
    assert "sensitivity: no study → 0.909" in text
    assert "no study is pooled any more" in text


def test_verdicts_are_judged_again(folder: Path, results: Path) -> None:
    # A claim put so that the eight studies bear it out and one more leaves it open.
    claims = folder / "claims.csv"
    text = claims.read_text(encoding="utf-8")
    claims.write_text(text.replace(",between,70,85,", ",at least,80,,"), encoding="utf-8")
    add(folder, 30, 45)
    update = update_of(folder, results)
    ids = {claim.after.claim.claim_id for claim in update.claims}
    assert "C03" in ids
    (ct_overall,) = [claim for claim in update.claims if claim.after.claim.claim_id == "C03"]
    assert (ct_overall.before.verdict, ct_overall.after.verdict) == (SUPPORTED, UNDECIDED)
    assert ct_overall.turned
    assert f"{ct_overall.before.verdict} → {ct_overall.after.verdict}" in update.text()


def test_preferred_strategies_are_compared_where_there_are_some(
    folder: Path, results: Path
) -> None:
    add(folder, 60, 15)

    def preferences(studies: Path, table: StudyTable, touched: Sequence[str]) -> dict[str, str]:
        assert (studies, list(touched)) == (folder, [CT_HIP])
        return {"hip": "CT" if len(table) < 17 else "MRI", "rib": "film"}

    update = diff(None, None, folder, results, preferences)
    assert update.preferences == (("hip", "CT", "MRI"), ("rib", "film", "film"))
    assert "hip: the preferred strategy was (CT), is now (MRI)" in update.text()
    assert "rib: the preferred strategy stays (film)" in update.text()


PLAN = """
title = "CT or nothing"
site = "hip"
population = "radiograph_negative"
[prevalence]
value = 0.3
source = "an example"
[threshold]
value = 0.1
source = "an example"
[tests.ct]
label = "CT"
stratum = "ct/hip/patient/radiograph_negative"
[strategies.nothing]
label = "Nothing"
start = "discharge"
[strategies.ct]
label = "CT"
start = "ct"
[strategies.ct.nodes.ct]
test = "ct"
positive = "treat"
negative = "discharge"
"""


def test_strategy_files_beside_the_tables_are_evaluated_before_and_after(
    folder: Path, results: Path
) -> None:
    path = folder.parent / "analyses" / "strategies" / "hip.toml"
    path.parent.mkdir(parents=True)
    path.write_text(PLAN, encoding="utf-8")
    add(folder, 60, 15)
    update = update_of(folder, results)
    assert update.preferences_reason == ""
    ((question, before, after),) = update.preferences
    assert question == "CT or nothing"
    assert before == after
    assert before.endswith("CT")
    path.write_text(PLAN.replace("stratum", "strata"), encoding="utf-8")
    assert "hip.toml" in update_of(folder, results).preferences_reason


def test_strategies_of_other_strata_are_left_alone(folder: Path, results: Path) -> None:
    add(folder, 60, 15)
    assert update_of(folder, results).preferences_reason == "no strategy uses these strata"


def test_any_two_states_can_be_compared(folder: Path, results: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    add(folder, 60, 15)
    save_snapshot(results, read_studies(folder), [], "2026-02-28")
    expected = update_of(folder, results).changes
    assert expected == ()
    for old, new in (("1", None), ("1", "2"), (str(copy), str(folder)), (str(copy), "2"),
                     (str(snapshots(results)[0]), None)):  # fmt: skip
        update = update_of(folder, results, old, new)
        assert [change.study for change in update.changes] == ["Nowak2026"], (old, new)
    backwards = update_of(folder, results, "2", "1")
    assert [change.kind for change in backwards.changes] == ["went"]


def test_a_state_that_does_not_exist(folder: Path, results: Path, tmp_path: Path,
                                     monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", tmp_path.as_posix())
    with pytest.raises(OptionError, match=r"no snapshot number 7 \(there are: 1\)"):
        update_of(folder, results, "7")
    with pytest.raises(OptionError, match=r"no snapshot .*which metadx run keeps"):
        update_of(folder, tmp_path / "empty")
    with pytest.raises(OptionError, match="there is no snapshot"):
        update_of(folder, results, "none.parquet")
    with pytest.raises(OptionError, match="git repository"):
        update_of(folder, results, "HEAD~3")


def test_a_snapshot_keeps_every_cell_and_says_what_it_is(folder: Path, results: Path) -> None:
    path = last_snapshot(results)
    assert path is not None
    table = read_studies(folder)
    found = read_snapshot(path)
    assert found.table == table
    assert found.table.frame.dtypes.equals(table.frame.dtypes)
    assert set(found.records) == {CT_HIP, MRI_HIP}
    assert (found.number, found.date) == (1, "2026-01-31")
    schema = pq.read_schema(path)
    assert schema.field("tp").metadata[b"title"] == b"True positives"
    assert schema.metadata[b"metadx.content"].decode() == table.sha256


def test_the_same_rows_are_kept_once_and_others_get_the_next_number(
    folder: Path, results: Path
) -> None:
    path = last_snapshot(results)
    assert path is not None
    before = path.read_bytes()
    state = State("now", read_studies(folder))
    records = [state.record(name) for name in state.strata]
    assert save_snapshot(results, state.table, records, "2026-12-31") == path
    assert path.read_bytes() == before
    add(folder, 60, 15)
    second = save_snapshot(results, read_studies(folder), [], "2026-12-31")
    assert second.name.startswith("0002_")
    assert [p.name[:4] for p in snapshots(results)] == ["0001", "0002"]


def test_a_damaged_snapshot_is_refused(results: Path, tmp_path: Path) -> None:
    path = last_snapshot(results)
    assert path is not None
    stored = pq.read_table(path)
    frame = stored.to_pandas()
    frame.loc[0, "tp"] = 99
    import pyarrow as pa

    damaged = pa.Table.from_pandas(frame, preserve_index=False).cast(stored.schema)
    pq.write_table(damaged.replace_schema_metadata(stored.schema.metadata), path)
    with pytest.raises(OptionError, match="is damaged"):
        read_snapshot(path)
    path.write_bytes(b"PAR1")
    with pytest.raises(OptionError, match="no snapshot of study tables"):
        read_snapshot(path)
    pd.DataFrame({"a": [1]}).to_parquet(path)
    with pytest.raises(OptionError, match="no snapshot of study tables"):
        read_snapshot(path)


def test_records_of_other_code_are_not_believed(
    folder: Path, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = last_snapshot(results)
    assert path is not None
    monkeypatch.setattr("metadx.workflow.snapshot._code", lambda: "another")
    assert read_snapshot(path).records == {}


def test_page_and_figures(folder: Path, results: Path, tmp_path: Path) -> None:
    add(folder, 60, 15, notes="<script>alert(1)</script>")
    update = update_of(folder, results)
    page, figure = tmp_path / "update.html", tmp_path / "update.png"
    assert [path.name for path in write_files(update, page, figure)] == [
        "update.html", "update.png", "update.csv",
    ]  # fmt: skip
    text = page.read_text(encoding="utf-8")
    assert "Nowak2026" in text
    assert text.count("<img") == 1
    assert "<script>" not in text
    assert "http" not in text.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert pd.read_csv(tmp_path / "update.csv")["label"].tolist()[-1] == "Nowak 2026"
    with pytest.raises(OptionError, match="ends with svg, pdf, png"):
        write_files(update, None, tmp_path / "update.jpg")
    nothing = update_of(folder, results, str(folder))
    with pytest.raises(OptionError, match="no figure"):
        write_files(nothing, None, figure)
    assert "No row came, went or changed" in update_page(nothing)


def test_a_figure_for_each_stratum_that_moved(folder: Path, results: Path, tmp_path: Path) -> None:
    add(folder, 60, 15)
    add(folder, 20, 2, unit="fracture", population="all_suspected", study_id="Other")
    written = write_files(update_of(folder, results), None, tmp_path / "update.svg")
    assert [path.suffix for path in written] == [".svg", ".csv"] * 2
    assert len({path.stem for path in written}) == 2


def test_a_table_from_elsewhere_can_be_compared(tmp_path: Path) -> None:
    for name, tn in (("one", 40), ("two", 44)):
        text = f"study,tp,fp,fn,tn\nA,20,2,3,40\nB,22,3,4,{tn}\nC,18,1,5,50\n"
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    update = diff(str(tmp_path / "one.csv"), str(tmp_path / "two.csv"), tmp_path, tmp_path)
    assert "B changed: tn: 40 → 44" in update.text()
