"""``metadx figure``: what it writes, and what it says where it cannot."""

from __future__ import annotations

import json
import shutil
import warnings
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from metadx.cli import main
from metadx.errors import MetadxWarning, OptionError
from metadx.plots.registry import FIGURES
from metadx.report.figures import FigureRequest, parsed_options, split, write_figure
from metadx.tables import StudyTable, read_studies
from metadx.tables.quadas import QUADAS_COLUMNS
from metadx.tables.quadas_domains import domain_set

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests" / "reference" / "datasets" / "auditc.csv"
STRATUM = "ct/hip/patient/radiograph_negative"


def request(name: str, out: Path | None, **others: object) -> FigureRequest:
    options = {"studies": ROOT / "studies", **others}
    return FigureRequest(name, str(DATA), out, **options)  # type: ignore[arg-type]


def test_a_figure_is_written_with_its_numbers_and_its_record(tmp_path: Path) -> None:
    written = write_figure(request("sroc", tmp_path / "one", formats=("svg", "png")))
    assert [path.name for path in written] == ["one.svg", "one.png", "one.csv"]
    with Image.open(tmp_path / "one.png") as png:
        record = json.loads(png.info["Description"])
    assert record["metadx"] and record["tables"]["auditc"] and record["fits"]["auditc"]["k"] == 14
    assert set(pd.read_csv(tmp_path / "one.csv")["part"]) >= {"study", "summary", "curve"}


def test_the_suffix_is_the_format_and_a_file_is_not_replaced_unasked(tmp_path: Path) -> None:
    out = tmp_path / "forest.pdf"
    assert [path.suffix for path in write_figure(request("forest", out))] == [".pdf", ".csv"]
    with pytest.raises(OptionError, match=r"forest.pdf, .*forest.csv exists already; --force"):
        write_figure(request("forest", out))
    assert write_figure(request("forest", out, force=True))
    with pytest.raises(OptionError, match=r"ends in .jpg; a figure is svg, pdf, png"):
        write_figure(request("forest", tmp_path / "forest.jpg"))


def test_pages_are_numbered_and_size_and_groups_are_taken(tmp_path: Path) -> None:
    options = {"size": "slide", "rows_per_page": 8}
    written = write_figure(
        request("forest_pages", tmp_path / "f", options=options, formats=("png",))
    )
    assert [path.name for path in written] == ["f_1.png", "f_1.csv", "f_2.png"]
    with Image.open(written[0]) as png:
        assert png.width == pytest.approx(13.333 * 300, abs=2)
    groups = FigureRequest(
        "sroc", "ct/hip", tmp_path / "g.svg", group="population", studies=ROOT / "studies"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        data = pd.read_csv(write_figure(groups)[1])
    assert {"radiograph_negative", "osteoporosis_screening"} & set(data["test"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"options": {"pretest": 0.4}}, "forest has no option pretest; it has title"),
        ({"options": {"size": "poster"}}, "size is 'poster'; it is one of one-column"),
        ({"formats": ("gif",)}, "format 'gif' is unknown; there are svg, pdf, png"),
        ({"group": "colour"}, "has no column 'colour'; its columns are"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        write_figure(request("forest", tmp_path / "x", **changes))
    assert not list(tmp_path.iterdir())


def test_results_and_strata_have_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"no .*estimates.csv; metadx run writes it"):
        write_figure(FigureRequest("evidence_map", results=tmp_path))
    with pytest.raises(OptionError, match="sroc needs a stratum, for example ct/hip"):
        write_figure(FigureRequest("sroc"))


def test_settings_are_read_as_json_or_as_text() -> None:
    found = parsed_options(["curve=major_axis", "labels=true", 'show=["curve"]', "level=0.9"])
    assert found == {"curve": "major_axis", "labels": True, "show": ["curve"], "level": 0.9}
    with pytest.raises(OptionError, match="--set takes NAME=VALUE"):
        parsed_options(["labels"])


def test_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["metadx", "figure", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        return int(stop.value.code or 0)

    monkeypatch.chdir(tmp_path)
    assert run("--list") == 0
    listed = capsys.readouterr().out
    assert all(
        line.split()[0] == one.name for line, one in zip(listed.splitlines(), FIGURES, strict=True)
    )
    assert run("crosshair", str(DATA), "--format", "svg", "--size", "one-column") == 0
    assert (tmp_path / "figures" / "auditc_crosshair.svg").is_file()
    assert run("crosshare", str(DATA)) == 1
    assert "did you mean 'crosshair'" in capsys.readouterr().err


def judged_studies(folder: Path) -> Path:
    """The tables of one site with judgements of the pooled rows of CT, the first at high risk."""
    (folder / "ct").mkdir(parents=True)
    for name in ("ct/hip.csv", "references.bib"):
        shutil.copy(ROOT / "studies" / name, folder / name)
    table = read_studies(ROOT / "studies" / "ct" / "hip.csv").strata()[STRATUM].pooled()
    items = domain_set("QUADAS-2").items
    rows = [
        [study, "ct", "hip", "QUADAS-2", "", domain, question, "low" if i else "high", "a test"]
        for i, study in enumerate(table.frame["study_id"])
        for question, domain in items
    ]
    pd.DataFrame(rows, columns=list(QUADAS_COLUMNS)).to_csv(folder / "quadas.csv", index=False)
    return folder


def test_judgements_beside_the_tables_reach_the_figures(tmp_path: Path) -> None:
    studies = judged_studies(tmp_path / "studies")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        for name in ("quadas", "robustness"):
            out = tmp_path / f"{name}.svg"
            write_figure(FigureRequest(name, "ct/hip", out, studies=studies))
    lights = pd.read_csv(tmp_path / "quadas.csv")
    # Rows that are not pooled are no evidence, so that they have no judgement to show.
    pooled = read_studies(studies).strata()[STRATUM].pooled()
    assert lights["study"].nunique() == len(pooled)
    rows = pd.read_csv(tmp_path / "robustness.csv").set_index("name")
    assert rows.loc["low_risk", "k"] == len(pooled) - 1
    assert pd.notna(rows.loc["low_risk", "sensitivity"])


def test_groups_have_the_names_that_stand_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "coded.csv"
    rows = [f"S{i},{20 + i},2,{i % 3},40,{('1', '2', '')[i % 3]}" for i in range(12)]
    file.write_text("study,tp,fp,fn,tn,reader\n" + "\n".join(rows) + "\n", encoding="utf-8")
    groups = split(read_studies(file), "reader")
    assert list(groups) == ["1", "2", "not stated"]
    assert [len(part) for part in groups.values()] == [4, 4, 4]
    words = split(StudyTable.from_frame(pd.read_csv(file).fillna({"reader": 0}), "t"), "reader")
    assert list(words) == ["0", "1", "2"]
    text = file.read_text(encoding="utf-8").replace(",1\n", ",one\n")
    file.write_text(text, encoding="utf-8")
    assert list(split(read_studies(file), "reader")) == ["2", "one", "not stated"]


def test_a_figure_of_strategies_carries_the_hashes_of_plan_inputs_and_studies(
    tmp_path: Path,
) -> None:
    out = tmp_path / "plan.png"
    write_figure(FigureRequest("strategy_comparison", "hip", out, studies=ROOT / "studies"))
    with Image.open(out) as png:
        tables = json.loads(png.info["Description"])["tables"]
    inputs = ROOT / "studies" / "strategy_inputs.csv"
    assert tables["strategy_inputs.csv"] == sha256(inputs.read_bytes()).hexdigest()
    assert "hip.toml" in tables
    assert len(tables) == 1 + len(list((ROOT / "studies").rglob("*.csv")))
