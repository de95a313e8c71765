"""QUADAS judgements: reading with all faults at once, joining, restriction, regression."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import reference_values as rv
from study_tables import fit

from metadx.errors import ModelError, OptionError, StudyTableError
from metadx.estimate import NotApplicable
from metadx.tables import StudyTable, read_studies
from metadx.tables.quadas import QUADAS_COLUMNS, low_risk_only, with_quadas
from metadx.tables.quadas_domains import DOMAIN_SETS, domain_set
from metadx.tables.quadas_reading import QuadasTable, quadas_from_columns, read_quadas

ROOT = Path(__file__).parents[2]
HEADER = ",".join(QUADAS_COLUMNS)
#: Columns of the example set of MetaDTA; its README: 1 low, 2 high, 3 unclear.
ITEMS = {
    "rob_PS": ("risk_of_bias", "patient_selection"),
    "rob_IT": ("risk_of_bias", "index_test"),
    "rob_RS": ("risk_of_bias", "reference_standard"),
    "rob_FT": ("risk_of_bias", "flow_and_timing"),
    "ac_PS": ("applicability", "patient_selection"),
    "ac_IT": ("applicability", "index_test"),
    "ac_RS": ("applicability", "reference_standard"),
}
CODES = {"1": "low", "2": "high", "3": "unclear"}


@pytest.fixture(scope="module")
def published() -> tuple[StudyTable, QuadasTable]:
    frame = pd.read_csv(rv.FOLDER / "datasets" / "iqcode_metadta.csv")
    quadas = quadas_from_columns(frame, ITEMS, CODES, "QUADAS-2", "MetaDTA, QA_Cov.csv")
    return StudyTable.from_frame(frame, "iqcode"), quadas


def write(folder: Path, *rows: str) -> Path:
    path = folder / "quadas.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return path


def row(
    study: str = "A1",
    modality: str = "",
    site: str = "",
    version: str = "QUADAS-2",
    other: str = "",
    domain: str = "index_test",
    question: str = "risk_of_bias",
    judgement: str = "low",
) -> str:
    return ",".join([study, modality, site, version, other, domain, question, judgement, "us"])


def table(**columns: list[str]) -> StudyTable:
    n = len(next(iter(columns.values())))
    frame = pd.DataFrame({"study": list("ABCDEFGH"[:n]), **columns})
    for i, name in enumerate(("tp", "fp", "fn", "tn")):
        frame[name] = [20 + 3 * i + j for j in range(n)]
    return StudyTable.from_frame(frame)


def test_a_tool_has_the_domains_that_its_authors_gave_it():
    assert domain_set("QUADAS-2").codes == domain_set("QUADAS-C").codes
    assert [len(one.items) for one in DOMAIN_SETS.values()] == [7, 4, 7]
    assert domain_set("QUADAS-3").label("target_condition") == "Target condition"
    assert domain_set("QUADAS-3").judgement_label("unclear") == "insufficient information"
    with pytest.raises(OptionError, match="did you mean 'QUADAS-2'"):
        domain_set("quadas2")


def test_the_shipped_file_is_right_and_nothing_in_it_is_invented():
    quadas = read_quadas(ROOT / "studies", read_studies(ROOT / "studies"))
    assert tuple(quadas.frame.columns) == QUADAS_COLUMNS
    assert quadas.frame["source"].ne("").all()


def test_a_folder_without_the_file_has_no_judgements(tmp_path):
    assert len(read_quadas(tmp_path)) == 0
    with pytest.raises(StudyTableError, match=r"no\.csv"):
        read_quadas(tmp_path / "no.csv")


def test_all_faults_are_told_at_once_with_their_place(tmp_path):
    path = write(
        tmp_path,
        row(),
        row(),
        row(version="QUADAS2"),
        row(domain="participants"),
        row(domain="flow_and_timing", question="applicability"),
        row(judgement="moderate", modality="kt"),
        row(version="QUADAS-C", question="risk_of_bias"),
        row(other="mri", site="hip"),
        ",,,QUADAS-3,,analysis,bias,,",
    )
    with pytest.raises(StudyTableError) as caught:
        read_quadas(path)
    found = [(fault.row, fault.column, fault.rule) for fault in caught.value.faults]
    assert found == [
        (3, "study_id+modality+site+version+compared_with+domain+question", "duplicate_judgement"),
        (4, "version", "code"),
        (5, "domain", "code"),
        (6, "question", "no_such_item"),
        (7, "judgement", "code"),
        (7, "modality", "code"),
        (8, "compared_with", "required"),
        (9, "compared_with", "no_comparison"),
        (10, "question", "code"),
        (10, "source", "required"),
        (10, "study_id", "required"),
    ]
    text = str(caught.value)
    assert "row 4 (A1), column version: found 'QUADAS2'" in text
    assert "did you mean 'QUADAS-2'?" in text
    assert "(the first is in row 2)" in text


def test_missing_columns_are_named_and_a_header_alone_is_right(tmp_path):
    path = tmp_path / "quadas.csv"
    path.write_text("study_id,domain,judgement\nA,index_test,low\n", encoding="utf-8")
    with pytest.raises(StudyTableError) as caught:
        read_quadas(path)
    names = {fault.column for fault in caught.value.faults}
    assert names == {"modality", "site", "version", "compared_with", "question", "source"}
    assert len(read_quadas(write(tmp_path))) == 0


def test_a_judgement_of_a_study_that_is_not_there_is_a_fault(tmp_path):
    studies = table(modality=["ct", "ct"], site=["hip", "rib"])
    path = write(tmp_path, row("A", "ct", "hip"), row("AA"), row("B", "mri", "hip"))
    with pytest.raises(StudyTableError) as caught:
        read_quadas(path, studies)
    found = [(fault.study, fault.column) for fault in caught.value.faults]
    assert found == [("AA", "study_id"), ("B", "modality"), ("B", "site")]
    assert "empty or one of this study's own: ct" in str(caught.value)


def test_the_more_particular_judgement_holds(tmp_path):
    studies = table(modality=["ct", "mri", "ct"], site=["hip", "hip", "rib"])
    frame = studies.frame.assign(study_id=["A", "A", "A"])
    same = StudyTable.from_checked(frame, "t")
    quadas = read_quadas(
        write(
            tmp_path,
            row("A", judgement="high"),
            row("A", "ct", judgement="unclear"),
            row("A", "", "hip", judgement="high"),
            row("A", "ct", "rib", judgement="low"),
        )
    )
    found = quadas.judgements(same, "QUADAS-2")["risk_of_bias", "index_test"]
    assert list(found) == ["unclear", "high", "low"]


def test_comparisons_are_kept_apart(tmp_path):
    studies = table(modality=["ct"], site=["hip"])
    rows = [row("A", "ct", version="QUADAS-C", other=test) for test in ("mri", "xray")]
    quadas = read_quadas(write(tmp_path, *rows))
    with pytest.raises(OptionError, match=r"several comparisons \(mri, xray\)"):
        quadas.judgements(studies, "QUADAS-C")
    one = quadas.select(compared_with="mri")
    assert one.judgements(studies, "QUADAS-C")["risk_of_bias", "index_test"].item() == "low"
    assert isinstance(quadas.main_version(studies), NotApplicable)
    with pytest.raises(OptionError, match="no column test"):
        quadas.select(test="mri")


@pytest.mark.parametrize(
    "words, expected",
    [
        (["low"] * 4, "low"),
        (["low", "low", "unclear", "low"], "unclear"),
        (["low", "", "unclear", "low"], ""),
        (["high", "", "low", "low"], "high"),
        ([""] * 4, ""),
    ],
)
def test_one_word_follows_from_the_domains(tmp_path, words, expected):
    domains = domain_set("QUADAS-2").codes
    rows = [row("A", domain=d, judgement=w) for d, w in zip(domains, words, strict=True)]
    # A second study makes sure that the version is chosen for the table as a whole.
    rows.append(row("B"))
    joined = with_quadas(table(site=["hip", "hip"]), read_quadas(write(tmp_path, *rows)))
    assert joined.frame["rob_overall"][0] == expected


def test_published_judgements_are_joined_as_they_stand(published):
    studies, quadas = published
    joined = with_quadas(studies, quadas)
    frame = joined.frame
    for column, (question, domain) in ITEMS.items():
        name = f"{'rob' if question == 'risk_of_bias' else question}_{domain}"
        assert list(frame[name]) == [CODES[str(value)] for value in frame[column]]
    assert joined.labels == studies.labels
    assert "rob_overall" not in studies.columns


def test_restriction_to_low_risk_says_when_nothing_is_left(published):
    studies, quadas = published
    # Counted by hand in the file: no row has 1 in all four columns rob_*.
    found = low_risk_only(studies, quadas)
    assert isinstance(found, NotApplicable)
    assert "none of the 13 rows judged with QUADAS-2" in found.reason
    frame = studies.frame.assign(rob_PS=1, rob_RS=1, rob_FT=1)
    tamed = quadas_from_columns(frame, ITEMS, CODES, "QUADAS-2", "test")
    low = low_risk_only(studies, tamed)
    assert isinstance(low, StudyTable)
    assert low.labels == ["Garcia 2002", "Goncalves 2011"]


def test_nothing_judged_is_said(tmp_path):
    studies = table(site=["hip", "hip"])
    empty = read_quadas(tmp_path)
    assert isinstance(low_risk_only(studies, empty), NotApplicable)
    with pytest.raises(OptionError, match="has QUADAS judgements"):
        with_quadas(studies, empty)


def test_judgements_are_covariates(published):
    studies, quadas = published
    joined = with_quadas(studies, quadas)
    result = fit(joined, sens="~ rob_flow_and_timing", spec="~ rob_flow_and_timing")
    names = set(result.params.index)
    assert "sensitivity:rob_flow_and_timing[T.low]" in names
    assert result.converged
    gap = quadas_from_columns(
        studies.frame.assign(rob_FT=[None, *studies.frame["rob_FT"][1:]]),
        ITEMS,
        CODES,
        "QUADAS-2",
        "test",
    )
    with pytest.raises(ModelError, match="rob_flow_and_timing' is empty for Flicker 1997"):
        fit(with_quadas(studies, gap), sens="~ rob_flow_and_timing")


def test_words_that_nobody_explained_are_refused(published):
    studies, _ = published
    with pytest.raises(StudyTableError) as caught:
        quadas_from_columns(studies.frame, ITEMS, {"1": "low", "2": "high"}, "QUADAS-2", "x")
    wanted = int((studies.frame[list(ITEMS)] == 3).to_numpy().sum())
    assert len(caught.value.faults) == wanted > 10
    with pytest.raises(OptionError, match="no column rob_XX"):
        quadas_from_columns(studies.frame, {"rob_XX": ITEMS["rob_PS"]}, CODES, "QUADAS-2", "x")
    with pytest.raises(OptionError, match="QUADAS-C has no item"):
        quadas_from_columns(studies.frame, ITEMS, CODES, "QUADAS-C", "x")
