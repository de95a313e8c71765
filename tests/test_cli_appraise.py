"""metadx appraise, sof, paragraphs and prisma: text, files, and one clear message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from metadx.cli import app
from metadx.errors import OptionError
from metadx.report.appraisal_commands import Output
from metadx.report.prevalences import known_inputs, known_prevalences, site_prevalences
from metadx.tables import read_studies

STUDIES = Path(__file__).parents[1] / "studies"
ROWS = """study,tp,fp,fn,tn
Adams 2001,45,7,5,60
Brown 2003,30,4,9,52
Clark 2005,88,30,6,140
Davis 2008,15,1,4,22
Evans 2011,70,16,22,81
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "five.csv"
    path.write_text(ROWS, encoding="utf-8")
    return str(path)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_sof_prints_numbers_that_add_up(file):
    text = run("sof", file, "--prevalence", "0.2")
    counts = [
        int(text.split(f"{name} (")[1].split("Per 1,000 at 20%: ")[1].split(" ")[0])
        for name in ("True positives", "False negatives", "True negatives", "False positives")
    ]
    assert sum(counts) == 1000 and counts[0] + counts[1] == 200
    assert "Certainty: to be judged" in text
    assert "Inconclusive results\n  Studies, n: not reported" in text


@pytest.mark.parametrize("suffix", ["html", "docx", "tex", "csv"])
def test_sof_writes_what_the_suffix_says(file, tmp_path, suffix):
    out = tmp_path / f"sof.{suffix}"
    assert run("sof", file, "--prevalence", "0.2", "--out", str(out)) == f"{out} written\n"
    start = {"html": b"<!doctype", "docx": b"PK", "tex": rb"\begin{table}", "csv": b"outcome,"}
    assert out.read_bytes().startswith(start[suffix])


def test_a_file_is_not_replaced_unasked(file, tmp_path):
    out = tmp_path / "sof.csv"
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(OptionError, match=r"exists already; --force replaces it"):
        run("sof", file, "--prevalence", "0.2", "--out", str(out))
    assert out.read_text(encoding="utf-8") == "mine"
    run("sof", file, "--prevalence", "0.2", "--out", str(out), "--force")
    assert out.read_text(encoding="utf-8").startswith("outcome,")


def test_without_a_prevalence_one_is_asked_for_or_known_ones_are_taken(file):
    with pytest.raises(OptionError, match="give one to three prevalences"):
        run("sof", file)
    table = read_studies(STUDIES / "ct" / "hip.csv")
    inputs = known_inputs(STUDIES)
    found = known_prevalences(table, inputs)
    usable = site_prevalences(table, inputs)
    values = list(found.values.values())
    assert values[0] == usable[0].value and values[-1] == usable[-1].value
    assert known_inputs(Path(file).parent) == {}
    assert len(values) == 3 and all(one.site == "hip" for one in usable)
    for label in found.values:
        key = label.split("(")[1].rstrip(")")
        assert any(note.startswith(f"{key}: ") for note in found.notes)


def test_formats_are_checked(file):
    with pytest.raises(OptionError, match="format is 'pdf'; it is one of text, html, docx, latex"):
        run("sof", file, "--prevalence", "0.2", "--format", "pdf")
    with pytest.raises(OptionError, match="needs a file"):
        Output("docx").chosen(("text", "docx"))


def test_appraise_prints_text_json_and_a_page(file, tmp_path):
    text = run("appraise", file)
    for heading in ("Differences between studies", "Influence of single studies", "Robustness"):
        assert f"\n{heading}\n{'-' * len(heading)}\n" in text
    record = json.loads(run("appraise", file, "--json", "--pretest", "0.3"))
    assert record["k"] == 5 and record["pretest"] == 0.3
    influence = record["parts"]["influence"]
    assert len(influence["rows"]) == 5
    assert "posttest_positive" in influence["rows"][0]
    assert "5 studies" in record["parts"]["deeks"]["not_applicable"]
    page = tmp_path / "appraisal.html"
    run("appraise", file, "--html", str(page))
    assert "<h1>Appraisal of five</h1>" in page.read_text(encoding="utf-8")


def test_paragraphs_come_with_their_references(file, tmp_path):
    bib = tmp_path / "methods.bib"
    out = tmp_path / "text.tex"
    run("paragraphs", file, "--out", str(out), "--bib", str(bib))
    cited = {key for part in out.read_text(encoding="utf-8").split(r"\cite{")[1:]
             for key in part.split("}")[0].split(",")}  # fmt: skip
    entries = {line.split("{")[1].rstrip(",\n") for line in bib.read_text("utf-8").splitlines()
               if line.startswith("@")}  # fmt: skip
    assert cited == entries and "chu2006" in cited
    assert "All 5 rows extracted were pooled" in run("paragraphs", file)


def test_prisma_of_a_file_and_of_all_tables(file, tmp_path):
    text = run("prisma", file)
    assert "D2  Methods: Statistical methods of the meta-analysis [filled]" in text
    out = tmp_path / "prisma.docx"
    run("prisma", "--studies", str(Path(file).parent), "--out", str(out))
    assert out.read_bytes().startswith(b"PK")
