"""``metadx posttest``: text, JSON, and what it asks for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from metadx.cli import app
from metadx.errors import OptionError
from metadx.report.posttest_record import PosttestRequest, posttest_record, posttest_result

STUDIES = Path(__file__).parents[2] / "studies"
TABLE = "study,tp,fp,fn,tn\nA,45,7,5,60\nB,30,4,9,52\nC,88,30,6,140\nD,15,1,4,22\n"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(TABLE, encoding="utf-8")
    return str(path)


def run(*arguments: str):
    return CliRunner().invoke(app, ["posttest", *arguments])


def test_it_prints_a_sentence_for_each_pretest_probability(table):
    done = run(table, "--pretest", "0.1", "--pretest", "0.39", "--pretest-interval", "0.2", "0.4")
    assert done.exit_code == 0
    assert "Of 1,000 patients like these 100 have the target condition" in done.output
    assert "these 390 have" in done.output
    assert "300 (200 to 400) have" in done.output
    assert "4 with sensitivity" in done.output


def test_json_is_one_record_and_the_seed_decides(table):
    options = (table, "--pretest", "0.39", "--json", "--level", "0.9")
    one, again = run(*options), run(*options)
    assert one.output == again.output
    record = json.loads(one.output)
    assert record["level"] == 0.9
    assert record["rows"][0]["positive"]["level"] == 0.9
    other = json.loads(run(*options, "--seed", "2").output)
    assert other["rows"][0]["positive"]["low"] != record["rows"][0]["positive"]["low"]
    assert other["rows"][0]["positive"]["value"] == record["rows"][0]["positive"]["value"]


def test_without_a_pretest_probability_the_known_ones_are_listed():
    request = PosttestRequest("ct/hip/patient/radiograph_negative", studies=STUDIES)
    with pytest.raises(OptionError) as error:
        posttest_result(request)
    text = str(error.value)
    assert text.startswith("give the pretest probability, --pretest 0.39")
    assert "known prevalences of the site hip" in text
    assert "0.39  PREV01" in text
    assert "10.1148/radiol.2020192167" in text


def test_a_table_without_a_site_is_only_asked(table):
    with pytest.raises(OptionError) as error:
        posttest_result(PosttestRequest(table, studies=STUDIES))
    assert str(error.value) == "give the pretest probability, --pretest 0.39"


def test_a_percentage_is_explained(table):
    with pytest.raises(OptionError, match=r"39% is 0\.39"):
        posttest_result(PosttestRequest(table, (39.0,)))


def test_benefit_and_harm_add_the_thresholds(table):
    options = (table, "--pretest", "0.39", "--benefit", "4", "--harm", "1", "--test-harm", "0.02")
    assert "Testing threshold" in run(*options).output
    record = json.loads(run(*options, "--json").output)["thresholds"]
    assert record["testing"]["value"] < record["untested"]["value"] == 0.2
    with pytest.raises(OptionError, match="both --benefit and --harm"):
        posttest_record(PosttestRequest(table, (0.39,), benefit=4.0))


def test_the_source_can_be_chosen(table):
    chosen = posttest_result(PosttestRequest(table, (0.39,), source="maximum likelihood"))
    assert chosen.source == "maximum likelihood"
    assert chosen.rows[0].positive_delta
