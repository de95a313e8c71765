"""Opening, checking, editing and saving a table, in one tab and in two."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from app_visitor import PLAIN, Visitor

from metadx.app.folder import open_table, tables_in
from metadx.app.sessions import Session, SessionEnded, Sessions
from metadx.app.sheet import NEEDED, Sheet
from metadx.tables import check, read_studies
from metadx.tables.exporters import export_table

ROOT = Path(__file__).parents[2]
STUDY = {
    "study_id": "Newman2020", "first_author": "Newman", "year": "2020",
    "source_url": "https://example.org/newman", "title": "CT of the hip", "unit": "patient",
    "population": "radiograph_negative", "radiograph_negative": "yes", "osteoporotic": "yes",
    "reference_standard": "MRI", "design": "prospective", "evidence": "table 1",
    "tp": "38", "fp": "2", "fn": "4", "tn": "56",
}  # fmt: skip


def test_the_first_page_offers_every_table(visitor: Visitor) -> None:
    page = visitor.get("/").text
    for name in ("ct/hip", "ct/rib", "mri/sacrum"):
        assert f'value="{name}"' in page
    assert "up to 5 MB" in page
    assert set(tables_in(ROOT / "studies")) >= {"ct/hip", "removed", "xray/wrist"}
    assert not {"claims", "quadas", "strategy_inputs"} & set(tables_in(ROOT / "studies"))


def test_every_shipped_table_is_kept_to_the_byte() -> None:
    folder = ROOT / "studies"
    for name, file in tables_in(folder).items():
        session = open_table(folder, name)
        origin = session.origin
        text = session.sheet.text(origin.separator, origin.newline)
        assert text.encode(origin.encoding) == file.read_bytes(), name


def test_an_empty_folder_is_no_fault(visitor: Visitor) -> None:
    visitor.context.folder = visitor.context.folder / "nothing"
    assert "There are no study tables" in visitor.get("/").text


def test_a_table_of_the_folder_shows_its_studies(visitor: Visitor) -> None:
    session = visitor.open("ct/hip")
    page = visitor.get(f"/s/{session.id}").text
    assert "Hakkarinen2012" in page
    assert 'name="method"' in page
    assert "not saved" not in page


@pytest.mark.parametrize("suffix", [".xlsx", ".dta", ".rds", ".csv"])
def test_files_of_other_programs_are_read(visitor: Visitor, tmp_path: Path, suffix: str) -> None:
    plain = tmp_path / "plain.csv"
    plain.write_text(PLAIN, encoding="utf-8")
    table = read_studies(plain)
    path = tmp_path / f"theirs{suffix}"
    kind = {".xlsx": "excel", ".dta": "stata", ".rds": "mada", ".csv": "csv"}[suffix]
    export_table(table, kind, path)
    session = visitor.opened(visitor.upload(path.read_bytes(), path.name))
    assert len(session.sheet) == 6
    assert session.sheet.faults == ()
    assert session.sheet.table.arrays().positives.tolist() == table.arrays().positives.tolist()


def test_faults_stand_at_their_row_and_cell(visitor: Visitor) -> None:
    wrong = PLAIN.replace("25,2,5,31", "x,2,5,31").replace("Cruz 2005", "Ahn 2001")
    session = visitor.opened(visitor.upload(wrong))
    page = visitor.get(f"/s/{session.id}").text
    assert "found “x”" in page
    assert 'href="#row-1"' in page
    assert '<td class="num wrong">x</td>' in page
    assert 'name="method"' not in page
    answer = visitor.at(session, "results")
    assert answer.status_code == 422
    form = visitor.at(session, "study", row=1).text
    assert 'aria-invalid="true"' in form
    # A row can be put right although another one still has its fault.
    assert visitor.study(session, 1, tp="25").status_code == 200
    assert [fault.row for fault in session.sheet.faults] != [3]


def test_columns_can_be_named(visitor: Visitor) -> None:
    renamed = PLAIN.replace("tp,fp,fn,tn", "hits,alarms,missed,cleared")
    session = visitor.opened(visitor.upload(renamed))
    assert "Which column is which?" in visitor.get(f"/s/{session.id}").text
    names = dict(zip(NEEDED, ("study_id", "hits", "alarms", "missed", "cleared"), strict=True))
    data = {f"column.{ours}": theirs for ours, theirs in names.items()}
    doubled = {**data, "column.tn": "hits", "version": 1}
    assert "one meaning only" in visitor.post(f"/s/{session.id}/columns", doubled).text
    strange = {**data, "column.tn": "nothing", "version": 1}
    assert visitor.post(f"/s/{session.id}/columns", strange).status_code == 422
    assert session.version == 1
    answer = visitor.post(f"/s/{session.id}/columns", {**data, "version": 1})
    assert 'name="method"' in answer.text
    assert session.sheet.table.arrays().totals[0].tolist() == [20, 44]


def test_an_empty_table_is_filled_by_hand(visitor: Visitor) -> None:
    session = visitor.opened(visitor.post("/new", follow_redirects=False))
    assert "Add a study to see its results" in visitor.get(f"/s/{session.id}").text
    for line in PLAIN.splitlines()[1:]:
        study, tp, fp, fn, tn, _ = line.split(",")
        answer = visitor.study(session, study_id=study, tp=tp, fp=fp, fn=fn, tn=tn)
        assert answer.status_code == 200
    assert len(session.sheet) == 6
    assert "Sensitivity" in visitor.at(session, "results").text


def test_a_wrong_study_changes_nothing(visitor: Visitor) -> None:
    session = visitor.opened(visitor.upload(PLAIN))
    answer = visitor.study(session, study_id="New", tp="-1", fp="2", fn="3", tn="many")
    assert answer.status_code == 422
    assert answer.headers["hx-retarget"] == "#editor"
    assert answer.text.count('aria-invalid="true"') == 2
    assert 'value="many"' in answer.text
    assert (session.version, len(session.sheet)) == (1, 6)
    assert visitor.study(session, study_id="New", evil="1").status_code == 422


def test_counts_follow_from_what_a_paper_prints(visitor: Visitor) -> None:
    session = visitor.opened(visitor.upload(PLAIN))
    data = {"version": 1, "row": "", "cell.study_id": "Gold 2012", "cell.tp": "", "cell.fp": ""}
    printed = {"printed.sensitivity": "90.0", "printed.n_diseased": "40",
               "printed.specificity": "80.0", "printed.n_nondiseased": "50"}  # fmt: skip
    answer = visitor.post(f"/s/{session.id}/study", {**data, **printed})
    assert answer.status_code == 200
    assert session.sheet.cells(6)["tp"] == "36"
    assert session.sheet.cells(6)["tn"] == "40"
    contradiction = {**data, **printed, "printed.n_diseased": "7", "version": 2}
    assert visitor.post(f"/s/{session.id}/study", contradiction).status_code == 422


def test_a_study_is_changed_and_removed(visitor: Visitor) -> None:
    session = visitor.opened(visitor.upload(PLAIN))
    before = visitor.at(session, "results").text
    assert visitor.study(session, 0, tp="2", fn="18").status_code == 200
    assert session.sheet.cells(0)["scanner"] == "old"
    assert visitor.at(session, "results").text != before
    answer = visitor.post(f"/s/{session.id}/remove", {"version": 2, "row": 0})
    assert "Ahn 2001 was removed" in answer.text
    assert len(session.sheet) == 5
    assert visitor.post(f"/s/{session.id}/remove", {"version": 3, "row": 99}).status_code == 422
    assert visitor.post(f"/s/{session.id}/remove", {"version": 3}).status_code == 422


def test_two_tabs_do_not_corrupt_each_other(visitor: Visitor) -> None:
    session = visitor.opened(visitor.upload(PLAIN))
    other = visitor.opened(visitor.upload(PLAIN))
    assert visitor.study(session, 0, tp="17", version=1).status_code == 200
    # A second window on the same table still shows version 1.
    stale = visitor.study(session, 1, tp="1", version=1)
    assert stale.status_code == 409
    assert "changed in another tab" in stale.text
    assert stale.headers["hx-retarget"] == "#message"
    for path in ("remove", "columns", "save"):
        answer = visitor.post(f"/s/{session.id}/{path}", {"version": 1, "row": 0, "name": "a"})
        assert answer.status_code == 409
    for path in ("results", "figure/forest", "posttest", "robustness", "download/table.csv"):
        answer = visitor.get(f"/s/{session.id}/{path}", version=1, pretest=20)
        assert answer.status_code == 409
    assert session.sheet.cells(0)["tp"] == "17"
    assert session.sheet.cells(1)["tp"] == "25"
    assert (session.version, other.version) == (2, 1)
    assert other.sheet.cells(0)["tp"] == "18"


def test_a_table_that_is_no_longer_open_says_so(visitor: Visitor) -> None:
    answer = visitor.get("/s/unknown")
    assert answer.status_code == 410
    assert "no longer open" in answer.text
    assert visitor.post("/s/unknown/save", {"version": 1}).status_code == 410


def test_sessions_are_limited_in_number_and_size() -> None:
    sessions = Sessions(most=3, characters=100)
    kept = [sessions.add(Session(Sheet(str(i), "f"))) for i in range(3)]
    assert sessions.get(kept[0].id) is kept[0]
    sessions.add(Session(Sheet("new", "f")))
    with pytest.raises(SessionEnded):
        sessions.get(kept[1].id)
    assert sessions.get(kept[0].id) is kept[0]
    large = sessions.add(Session(Sheet("large", "f", rows=(("x" * 200,) * 5,))))
    assert len(sessions) == 1
    assert sessions.get(large.id) is large
    assert len({one.id for one in kept}) == 3
    assert all(len(one.id) >= 24 for one in kept)


def test_adding_to_the_folder_keeps_every_rule_of_it(visitor: Visitor, studies: Path) -> None:
    session = visitor.open("ct/hip")
    before = (studies / "ct/hip.csv").read_bytes()
    answer = visitor.study(session, **{**STUDY, "unit": "", "tn": "-1"})
    assert answer.status_code == 422
    assert answer.text.count('aria-invalid="true"') >= 2
    assert visitor.study(session, **STUDY).status_code == 200
    row = session.sheet.cells(len(session.sheet) - 1)
    assert (row["modality"], row["site"], row["audit"]) == ("ct", "hip", "extracted")
    assert row["citation_key"] == "Newman2020"
    assert "Newman2020" in session.entries
    # The same study a second time is what the rules of the whole folder forbid.
    assert visitor.study(session, **STUDY).status_code == 422
    assert (studies / "ct/hip.csv").read_bytes() == before


def test_changing_a_row_of_the_folder_keeps_every_rule_of_it(visitor: Visitor) -> None:
    session = visitor.open("ct/hip")
    assert visitor.study(session, 0, citation_key="Nobody1900").status_code == 422
    assert visitor.study(session, 0, pool="no").status_code == 422
    assert session.version == 1
    answer = visitor.study(session, 0, notes="a remark, with a comma")
    assert answer.status_code == 200
    assert session.sheet.cells(0)["notes"] == "a remark, with a comma"


def test_nothing_is_overwritten_unasked(visitor: Visitor, studies: Path) -> None:
    session = visitor.open("ct/hip")
    before = (studies / "ct/hip.csv").read_bytes()
    assert visitor.study(session, **STUDY).status_code == 200
    save = f"/s/{session.id}/save"
    for name in ("ct/hip", "ct/rib", "../ct/hip", "references", "a/b", "x" * 80, "", "ct"):
        answer = visitor.post(save, {"version": 2, "name": name})
        assert answer.status_code == 422, name
    assert (
        visitor.post(save, {"version": 2, "name": "ct/rib", "overwrite": "yes"}).status_code == 422
    )
    assert (studies / "ct/hip.csv").read_bytes() == before
    answer = visitor.post(save, {"version": 2, "name": "ct/hip", "overwrite": "yes"})
    assert answer.status_code == 200
    assert "Saved as" in answer.text
    after = (studies / "ct/hip.csv").read_bytes()
    assert after.startswith(before)
    assert b"Newman2020" in after[len(before) :]
    assert check(studies).ok
    assert "@misc{Newman2020" in (studies / "references.bib").read_text(encoding="utf-8")
    assert not session.changed


def test_a_file_that_changed_meanwhile_is_not_replaced(visitor: Visitor, studies: Path) -> None:
    session = visitor.open("ct/hip")
    assert visitor.study(session, 0, notes="mine").status_code == 200
    path = studies / "ct/hip.csv"
    theirs = path.read_bytes() + b"\n"
    path.write_bytes(theirs)
    answer = visitor.post(
        f"/s/{session.id}/save", {"version": 2, "name": "ct/hip", "overwrite": "yes"}
    )
    assert answer.status_code == 422
    assert "changed by another program" in answer.text
    assert path.read_bytes() == theirs
    assert session.changed


def test_an_upload_is_saved_under_a_new_name_only(visitor: Visitor, studies: Path) -> None:
    session = visitor.opened(visitor.upload(PLAIN))
    save = f"/s/{session.id}/save"
    answer = visitor.post(save, {"version": 1, "name": "own_review"})
    assert answer.status_code == 200
    path = studies / "own_review.csv"
    assert len(read_studies(path)) == 6
    assert "own_review" in tables_in(studies)
    second = visitor.opened(visitor.upload(PLAIN))
    answer = visitor.post(
        f"/s/{second.id}/save", {"version": 1, "name": "own_review", "overwrite": "yes"}
    )
    assert answer.status_code == 422
    assert "exists" in answer.text
    # The tab that saved it may replace its own file.
    assert visitor.study(session, 0, tp="17").status_code == 200
    again = visitor.post(save, {"version": 2, "name": "own_review", "overwrite": "yes"})
    assert again.status_code == 200
    assert ",17," in path.read_text(encoding="utf-8")


def test_a_table_with_the_whole_schema_gets_a_place(visitor: Visitor, studies: Path) -> None:
    hip = (studies / "ct/hip.csv").read_text(encoding="utf-8")
    (studies / "ct/hip.csv").unlink()
    session = visitor.opened(visitor.upload(hip, "hip.csv"))
    assert session.sheet.ours
    save = f"/s/{session.id}/save"
    # Its rows say CT and hip: elsewhere they would break a rule.
    for name in ("hip", "ct/knee", "mri/hip", "ct/hip.csv", "ct/nowhere"):
        assert visitor.post(save, {"version": 1, "name": name}).status_code == 422, name
    assert visitor.post(save, {"version": 1, "name": "ct/hip"}).status_code == 200
    assert (studies / "ct/hip.csv").read_text(encoding="utf-8") == hip


@pytest.mark.parametrize(
    "lines",
    [
        PLAIN + "Short 2012,1,2\n",
        PLAIN.replace("Bell 2003", '"Bell"x 2003'),
        PLAIN.replace("scanner", "tp"),
    ],
)
def test_a_file_of_which_something_would_be_lost_is_refused(visitor: Visitor, lines: str) -> None:
    answer = visitor.upload(lines)
    assert answer.status_code == 422
    assert "fault" in answer.text
    assert len(visitor.context.sessions) == 0


def test_a_table_with_faults_is_not_saved(visitor: Visitor, studies: Path) -> None:
    session = visitor.opened(visitor.upload(PLAIN.replace("25,2,5,31", "x,2,5,31")))
    answer = visitor.post(f"/s/{session.id}/save", {"version": 1, "name": "wrong"})
    assert answer.status_code == 422
    assert not (studies / "wrong.csv").exists()


def test_the_command_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import sys, importlib.util as u; real = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'uvicorn' else real(name, *a)\n"
        "sys.argv = ['metadx', 'app', '--no-browser']\n"
        "from metadx.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "metadx: the application needs uvicorn; install with: pip install 'metadx[app]'"
    )
