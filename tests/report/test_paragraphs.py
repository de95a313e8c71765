"""The paragraphs of every shipped stratum are true, sentence by sentence.

Each sentence has to match one of the patterns below and pass its check against the fit and the
rows; a sentence that no pattern knows is a failure, and so is a fact that no sentence states.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import reference_values as rv
from docx import Document
from scipy.stats import norm
from scipy.stats import t as student
from study_tables import fit as fit_quietly
from study_tables import table_of

from metadx import __version__
from metadx.errors import MetadxWarning, OptionError
from metadx.estimate import Estimate, NotApplicable
from metadx.inference.small_study import deeks_test
from metadx.models import BivariateModel, BivariateResults
from metadx.report.findings import findings
from metadx.report.methods_paragraph import Said
from metadx.report.methods_references import bibtex, citation, references
from metadx.report.paragraphs import Paragraphs, paragraphs
from metadx.tables import StudyTable, label, read_studies

STUDIES = Path(__file__).parents[2] / "studies"
NUMBER = r"(-?\d[\d,]*(?:\.\d+)?)"
INTERVAL = rf"{NUMBER} \((\d+(?:\.\d+)?)% CI {NUMBER} to {NUMBER}\)"
BOTH = r"(sensitivity|specificity)"
NAMED = r"((?:the summed counts of )?\w+(?: and (?:the summed counts of )?\w+)?)"

Stratum = tuple[BivariateResults, StudyTable]
Check = Callable[[BivariateResults, StudyTable, re.Match[str]], None]
PATTERNS: list[tuple[str, re.Pattern[str], Check]] = []


def says(pattern: str) -> Callable[[Check], Check]:
    def add(check: Check) -> Check:
        PATTERNS.append((check.__name__, re.compile(pattern), check))
        return check

    return add


def near(text: str, value: float) -> None:
    """A printed number is the value, rounded to the digits that are printed."""
    digits = len(text.partition(".")[2])
    assert float(text.replace(",", "")) == pytest.approx(value, abs=0.5000001 * 10**-digits)


def is_estimate(groups: tuple[str, ...], value: Any) -> None:
    assert isinstance(value, Estimate)
    near(groups[0], value.value)
    assert float(groups[1]) == 100 * value.level
    near(groups[2], value.low)
    near(groups[3], value.high)


def counts(fit: BivariateResults, margin: str) -> pd.DataFrame:
    """Right answers and totals of a margin, straight from the table."""
    cells = ("tp", "fn") if margin == "sensitivity" else ("tn", "fp")
    frame = fit.table.frame[[*cells]].dropna().astype(int)
    frame = frame[frame.sum(axis=1) > 0]
    return pd.DataFrame({"y": frame[cells[0]], "n": frame.sum(axis=1)})


@says(r"The analysis concerns one stratum: (.+)\.")
def subject(fit, rows, found):
    parts = fit.table.stratum_id.split("/")
    words = [label(n, c) for n, c in zip(("modality", "site", "unit", "population"), parts,
                                         strict=True)]  # fmt: skip
    assert found[1].lower() == ", ".join(words).lower()


@says(
    r"Sensitivity and specificity were analysed together by a bivariate random-effects model with "
    r"exact binomial likelihood\."
)
def bivariate(fit, rows, found):
    assert fit.model_path == "bivariate" and fit.method == "exact"
    assert fit.joint is not None and len(fit.maxima) == 1


@says(
    rf"Sensitivity and specificity were analysed separately, because (?:only {NUMBER} "
    r"(?:study reports|studies report)|no study reports) both and a bivariate model needs four\."
)
def one_by_one(fit, rows, found):
    both = fit.table.frame[["tp", "fn", "fp", "tn"]].notna().all(axis=1).sum()
    assert int(found[1] or 0) == both < 4
    assert ("studies report both" in found[0]) == (both > 1)
    assert all(len(counts(fit, name)) >= 2 for name in fit.margins)


@says(
    r"(Sensitivity|Specificity) was analysed by a univariate random-effects logistic model with "
    r"exact binomial likelihood\."
)
def univariate(fit, rows, found):
    is_univariate(fit, found[1].lower())


def is_univariate(fit, name):
    own = counts(fit, name)
    assert fit.margins[name].path == "univariate" and len(own) >= 2
    assert 0 < own["y"].sum() < own["n"].sum()


@says(
    r"Each was analysed by a univariate random-effects logistic model with exact binomial "
    r"likelihood\."
)
def both_univariate(fit, rows, found):
    for name in fit.margins:
        is_univariate(fit, name)


@says(
    r"(Sensitivity|Specificity) was pooled by summing the counts, because every study found "
    r"(0|100)%; differences between studies are left out of account\."
)
def summed(fit, rows, found):
    own = counts(fit, found[1].lower())
    assert fit.margins[found[1].lower()].path == "fixed_effect"
    assert len(own) >= 2 and own["y"].sum() == int(found[2]) / 100 * own["n"].sum()


@says(r"(Sensitivity|Specificity) is that of the one study which reports it; nothing was pooled\.")
def single(fit, rows, found):
    assert len(counts(fit, found[1].lower())) == 1


@says(r"(Sensitivity|Specificity) was not analysed, because no study reports it\.")
def not_analysed(fit, rows, found):
    assert len(counts(fit, found[1].lower())) == 0


@says(
    r"The likelihood was maximised with adaptive Gauss-Hermite quadrature of (\d+)(?: to (\d+))? "
    r"nodes a dimension\."
)
def quadrature(fit, rows, found):
    nodes = {n for record in fit.optimizer for n in record.nodes}
    assert {int(one) for one in found.groups() if one} == {min(nodes), max(nodes)}


@says(r"The largest score at the maximum was (\S+)\.")
def score(fit, rows, found):
    assert fit.converged
    assert float(found[1]) == pytest.approx(fit.gradient_norm, rel=0.06)


@says(r"No continuity correction was used\.")
def no_correction(fit, rows, found):
    whole = [counts(fit, name).to_numpy() for name in fit.margins]
    modelled = fit.design.counts
    # The model's own arrays hold the whole numbers of the table.
    assert modelled.sum() == sum(part.sum() for part in whole)
    assert (modelled == np.round(modelled)).all()


@says(
    rf"Of the {NUMBER} (?:study|studies), {NUMBER} (?:reports|report) sensitivity or specificity "
    r"only and contributed to the one that (?:it reports|they report)\."
)
def partial(fit, rows, found):
    frame = fit.table.frame
    only = (frame["tp"].isna() | frame["tn"].isna()).sum()
    assert int(found[2]) == only > 0
    assert int(found[1]) == frame["study_id"].nunique()
    assert (" reports " in found[0]) == ("it reports" in found[0]) == (only == 1)


@says(
    r"The likelihood is largest at (no variance of sensitivity|no variance of specificity|a "
    r"correlation of -1 or 1) between studies, and this value was kept fixed\."
)
def boundary(fit, rows, found):
    psi, cov, _ = fit.margin_parameters()
    sigma = np.array([[psi[2], 0.0], [psi[3], psi[4]]])
    sigma = sigma @ sigma.T
    if "sensitivity" in found[1]:
        assert sigma[0, 0] == 0 and cov[2, 2] == 0
    elif "specificity" in found[1]:
        assert sigma[1, 1] == pytest.approx(0)
    else:
        assert abs(sigma[0, 1]) == pytest.approx(np.sqrt(sigma[0, 0] * sigma[1, 1]))


@says(
    rf"No maximum-likelihood estimate of {BOTH} is given, because {NUMBER} studies do not bound "
    rf"the heterogeneity of {BOTH} \(a between-study standard deviation of 5 logits fits almost as "
    r"well\)\."
)
def unbounded(fit, rows, found):
    assert found[1] == found[3]
    assert int(found[2]) == len(counts(fit, found[1]))
    assert isinstance(getattr(fit, found[1]), NotApplicable)


@says(
    rf"For pooled {NAMED} the (\S+)% confidence (?:interval is a Wald interval|intervals are Wald "
    r"intervals) on the logit scale with the quantile of the normal distribution\."
)
def wald(fit, rows, found):
    names = found[1].split(" and ")
    assert ("intervals are" in found[0]) == (len(names) > 1)
    given = [n for n in fit.margins if isinstance(getattr(fit, n), Estimate)
             and fit.margins[n].path in ("bivariate", "univariate")]  # fmt: skip
    assert names == given
    _, cov, _ = fit.margin_parameters()
    for name in names:
        value = getattr(fit, name)
        ends = [np.log(p / (1 - p)) for p in (value.value, value.low, value.high)]
        se = np.sqrt(cov[(0 if name == "sensitivity" else 1,) * 2])
        half = norm.ppf(0.5 + float(found[2]) / 200) * se
        # 1e-6: logits near 1 lose digits when they are taken back from probabilities.
        assert ends[2] - ends[0] == pytest.approx(half, rel=1e-6)
        assert ends[0] - ends[1] == pytest.approx(half, rel=1e-6)


@says(rf"For {NAMED} the (\S+)% confidence (?:interval is|intervals are) exact binomial\.")
def binomial(fit, rows, found):
    named = found[1].split(" and ")
    assert ("intervals are" in found[0]) == (len(named) > 1)
    for name, margin in fit.margins.items():
        if margin.k == 0:
            continue
        random = margin.path in ("bivariate", "univariate")
        if random and isinstance(margin.estimate, NotApplicable):
            assert f"the summed counts of {name}" in named
        else:
            assert (name in named) == (not random)
        if name in named:
            assert margin.estimate.method == "exact_binomial"
            assert margin.estimate.level == float(found[2]) / 100


@says(
    rf"For {NAMED} the (\S+)% prediction (?:interval rests|intervals rest) on Student's t with two "
    r"degrees of freedom fewer than studies\."
)
def prediction_method(fit, rows, found):
    psi, cov, _ = fit.margin_parameters()
    assert ("intervals rest" in found[0]) == (" and " in found[1])
    for name in found[1].split(" and "):
        j = ("sensitivity", "specificity").index(name)
        tau2 = psi[2] ** 2 if j == 0 else psi[3] ** 2 + psi[4] ** 2
        half = student.ppf(0.5 + float(found[2]) / 200, len(counts(fit, name)) - 2)
        half *= np.sqrt(tau2 + cov[j, j])
        value = getattr(fit, f"prediction_{name}")
        expected = [1 / (1 + np.exp(-(psi[j] + sign * half))) for sign in (-1, 1)]
        assert [value.low, value.high] == pytest.approx(expected, rel=1e-9)


@says(r"The summary ROC curve follows from the estimates of this model\.")
def curve(fit, rows, found):
    assert not isinstance(fit.hsroc, NotApplicable)


@says(
    r"Because sensitivity or specificity rests on two to nine studies, the posterior of the same "
    r"likelihood was computed as well, by importance sampling\."
)
def bayes(fit, rows, found):
    assert any(2 <= len(counts(fit, name)) <= 9 for name in fit.margins)
    assert not isinstance(fit.bayesian, NotApplicable)


@says(
    r"The prior was: mean logit ~ N\(0, sd 2\); between-study sd \(logit\) ~ half-N\(0, sd 1\)"
    r"(; correlation of the logits ~ U\(-1, 1\))?\."
)
def prior(fit, rows, found):
    chosen = fit.bayesian.prior
    assert (chosen.mu_mean, chosen.mu_sd) == ((0.0, 0.0), (2.0, 2.0))
    assert (chosen.tau_sd, chosen.rho_shape) == ((1.0, 1.0), (1.0, 1.0))
    assert bool(found[1]) == all(len(counts(fit, name)) for name in fit.margins)


@says(r"The numbers per 1,000 in the summary of findings come from this posterior\.")
def posterior_per_1000(fit, rows, found):
    shown = findings(fit, 0.3)
    for name, margin in fit.margins.items():
        if margin.k:
            own, drawn = getattr(fit.bayesian, name), shown.margins[name].estimate
            assert (own.value, own.low, own.high) == (drawn.value, drawn.low, drawn.high)
    assert any("(posterior" in note for note in shown.notes)


@says(
    rf"Small-study effects were not tested: {NUMBER} (?:study reports|studies report) both "
    r"sensitivity and specificity; the test needs 10\."
)
def small_not_tested(fit, rows, found):
    both = fit.table.frame[["tp", "fn", "fp", "tn"]].notna().all(axis=1).sum()
    assert int(found[1]) == both < 10
    assert ("study reports" in found[0]) == (both == 1)


@says(r"Small-study effects were tested by Deeks' regression\.")
def small_tested(fit, rows, found):
    assert not isinstance(deeks_test(fit.table), NotApplicable)


@says(
    r"All computations were made with metadx (\S+) from a table of pooled rows whose SHA-256 "
    r"begins with ([0-9a-f]{12})\."
)
def software(fit, rows, found):
    assert found[1] == __version__
    assert fit.table.sha256.startswith(found[2])


@says(
    rf"Of {NUMBER} rows extracted, (?:{NUMBER} (was|were) removed as double entries,? )?"
    rf"(?:{NUMBER} (was|were) kept but not pooled(?: \((.+)\))?,? )?and "
    rf"{NUMBER} (was|were) pooled\."
)
def flow(fit, rows, found):
    frame = rows.frame
    out = frame[frame["pool"] != "yes"]
    double = out["pool_reason"] == "double_entry"
    assert int(found[1]) == len(frame) > len(fit.table)
    assert int(found[2] or 0) == double.sum()
    assert int(found[4] or 0) == (~double).sum()
    assert int(found[7]) == (frame["pool"] == "yes").sum() == len(fit.table)
    named = out[~double]["pool_reason"].map(lambda code: label("pool_reason", code))
    said = dict(part.rsplit(" ", 1) for part in found[6].split(", ")) if found[6] else {}
    assert {name: int(n) for name, n in said.items()} == named.value_counts().to_dict()
    for verb, number in ((3, 2), (5, 4), (8, 7)):
        assert not found[number] or (found[verb] == "was") == (int(found[number]) == 1)


@says(rf"(?:All {NUMBER} rows extracted were|The one row extracted was) pooled\.")
def flow_of_all(fit, rows, found):
    assert len(rows.frame) == len(fit.table) == int(found[1] or 1)
    assert (found[1] is None) == (len(rows.frame) == 1)


@says(
    rf"The analysis rests on {NUMBER} (?:study|studies) \((.+)\) of {NUMBER} (.+) with and "
    rf"{NUMBER} without the condition\."
)
def evidence(fit, rows, found):
    frame = fit.table.frame
    sens = frame["tp"].notna()
    spec = frame["tn"].notna()
    assert int(found[1]) == frame["study_id"].nunique()
    kinds = {
        "with both sensitivity and specificity": int((sens & spec).sum()),
        "with sensitivity only": int((sens & ~spec).sum()),
        "with specificity only": int((spec & ~sens).sum()),
    }
    expected = {words: k for words, k in kinds.items() if k}
    parts = found[2].split(", ")
    if len(parts) == 1:
        assert expected == {parts[0]: int(found[1])}
    else:
        said = dict(reversed(part.split(" ", 1)) for part in parts)
        assert {words: int(k) for words, k in said.items()} == expected
    near(found[3], counts(fit, "sensitivity")["n"].sum())
    near(found[5], counts(fit, "specificity")["n"].sum())
    words = {"patient": "patient", "vertebra": "vertebra", "rib": "rib", "image": "image",
             "bone": "bone", "fracture": "fracture"}  # fmt: skip
    assert words[fit.table.stratum_id.split("/")[2]] in found[4]


@says(rf"No study reports {BOTH}\.")
def none(fit, rows, found):
    assert len(counts(fit, found[1])) == 0


@says(rf"The one study that reports {BOTH} found {INTERVAL}\.")
def found_by_one(fit, rows, found):
    own = counts(fit, found[1])
    assert len(own) == 1
    near(found[2], (own["y"] / own["n"]).item())
    is_estimate(found.groups()[1:], getattr(fit, found[1]))


@says(rf"All {NUMBER} studies with {BOTH} found {NUMBER}; their summed counts give {INTERVAL}\.")
def the_same(fit, rows, found):
    own = counts(fit, found[2])
    assert int(found[1]) == len(own)
    assert (own["y"] / own["n"] == float(found[3])).all()
    is_estimate(found.groups()[3:], getattr(fit, found[2]))


@says(
    rf"The {NUMBER} studies with {BOTH} range from {NUMBER} to {NUMBER}; their summed counts, "
    rf"which leave differences between studies out of account, give {INTERVAL}\."
)
def spread(fit, rows, found):
    own = counts(fit, found[2])
    assert int(found[1]) == len(own)
    near(found[3], (own["y"] / own["n"]).min())
    near(found[4], (own["y"] / own["n"]).max())
    near(found[5], own["y"].sum() / own["n"].sum())
    is_estimate(found.groups()[4:], fit.margins[found[2]].fixed_effect)
    assert isinstance(getattr(fit, found[2]), NotApplicable)


@says(rf"Pooled {BOTH} was {INTERVAL} \({NUMBER} studies\)\.")
def pooled(fit, rows, found):
    is_estimate(found.groups()[1:5], getattr(fit, found[1]))
    assert int(found[6]) == len(counts(fit, found[1])) >= 2


@says(
    rf"In a new study {BOTH} is expected between {NUMBER} and {NUMBER} \((\S+)% prediction "
    r"interval\)\."
)
def predicted(fit, rows, found):
    value = getattr(fit, f"prediction_{found[1]}")
    near(found[2], value.low)
    near(found[3], value.high)
    assert float(found[4]) == 100 * value.level


@says(rf"The between-study standard deviation of logit {BOTH} was {INTERVAL}\.")
def tau(fit, rows, found):
    is_estimate(found.groups()[1:], fit.margins[found[1]].tau)
    psi, _, _ = fit.margin_parameters()
    near(found[2], abs(psi[2]) if found[1] == "sensitivity" else np.hypot(psi[3], psi[4]))


@says(rf"The between-study standard deviation of logit {BOTH} was estimated as 0\.")
def tau_zero(fit, rows, found):
    psi, _, _ = fit.margin_parameters()
    assert (psi[2] if found[1] == "sensitivity" else np.hypot(psi[3], psi[4])) == 0


@says(rf"The between-study correlation of the logits was {NUMBER}\.")
def correlation(fit, rows, found):
    psi, _, _ = fit.margin_parameters()
    near(found[1], np.sign(psi[2]) * psi[3] / np.hypot(psi[3], psi[4]))


@says(rf"The positive likelihood ratio was {INTERVAL}\.")
def lr_positive(fit, rows, found):
    near(found[1], fit.sensitivity.value / (1 - fit.specificity.value))
    is_estimate(found.groups(), fit.lr_positive)


@says(rf"The negative likelihood ratio was {INTERVAL}\.")
def lr_negative(fit, rows, found):
    near(found[1], (1 - fit.sensitivity.value) / fit.specificity.value)
    is_estimate(found.groups(), fit.lr_negative)


@says(rf"The diagnostic odds ratio was {INTERVAL}\.")
def dor(fit, rows, found):
    sens, spec = fit.sensitivity.value, fit.specificity.value
    near(found[1], sens / (1 - sens) * spec / (1 - spec))
    is_estimate(found.groups(), fit.dor)


@says(rf"The area under the summary ROC curve was {INTERVAL}\.")
def auc(fit, rows, found):
    is_estimate(found.groups(), fit.auc)


@says(rf"Pooled by itself, {BOTH} would be {INTERVAL}\.")
def by_itself(fit, rows, found):
    assert fit.at_boundary and fit.model_path == "bivariate"
    is_estimate(found.groups()[1:], fit.independent[found[1]])


@says(
    rf"The posterior median of {BOTH} was {NUMBER} \((\S+)% credible interval {NUMBER} to "
    rf"{NUMBER}\)\."
)
def posterior(fit, rows, found):
    is_estimate(found.groups()[1:], getattr(fit.bayesian, found[1]))


@says(rf"Importance sampling was reliable \(Pareto k {NUMBER}, {NUMBER} effective draws\)\.")
def reliable(fit, rows, found):
    near(found[1], fit.bayesian.diagnostics.pareto_k)
    near(found[2], fit.bayesian.diagnostics.ess)
    assert float(found[1]) < 0.7


@says(
    rf"Deeks' test showed (no evidence of )?asymmetry of the funnel plot \(p = {NUMBER}, slope "
    rf"{NUMBER}, {NUMBER} studies, 0.5 added to the studies with a zero cell\)\."
)
def deeks(fit, rows, found):
    test = deeks_test(fit.table)
    near(found[2], test.p)
    near(found[3], test.slope.value)
    assert int(found[4]) == test.k
    assert (found[1] is None) == (test.p < 0.10)


@pytest.fixture(scope="module")
def strata() -> dict[str, tuple[BivariateResults, StudyTable, Paragraphs]]:
    """Fits and paragraphs of every stratum with pooled rows, made once."""
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        for name, rows in read_studies(STUDIES).strata().items():
            if len(rows.pooled()):
                fit = BivariateModel(rows).fit()
                found[name] = (fit, rows, paragraphs(fit, rows))
    return found


def checked(fit: BivariateResults, rows: StudyTable, made: Paragraphs) -> list[str]:
    """Check every sentence; return the names of the checks."""
    names = []
    for said in (*made.methods, *made.results):
        matches = [(name, check, match) for name, pattern, check in PATTERNS
                   if (match := pattern.fullmatch(said.text))]  # fmt: skip
        assert len(matches) == 1, said.text
        name, check, match = matches[0]
        check(fit, rows, match)
        names.append(name)
    return names


def test_every_sentence_of_every_stratum_is_true(strata):
    assert len(strata) >= 105
    seen: set[str] = set()
    for name, (fit, rows, made) in strata.items():
        try:
            told = checked(fit, rows, made)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
        seen |= set(told)
        # What a reader must find in every stratum.
        for fact in ("subject", "no_correction", "software", "evidence"):
            assert told.count(fact) == 1, (name, fact)
        assert told.count("flow") + told.count("flow_of_all") == 1, name
        tested = told.count("small_tested") + told.count("small_not_tested")
        assert tested == 1 and told.count("deeks") == told.count("small_tested")
        assert told.count("boundary") == len(fit.at_boundary)
        assert ("bayes" in told) == ("reliable" in told) == ("posterior_per_1000" in told)
    # No pattern is left without a sentence, so that none of them passes for want of use.
    unused = {name for name, _, _ in PATTERNS} - seen
    assert unused <= {"small_tested", "deeks"}


def test_every_margin_of_every_stratum_is_answered(strata):
    answers = {"none", "found_by_one", "the_same", "spread", "pooled"}
    for name, (fit, _, made) in strata.items():
        for margin in fit.margins.values():
            told = [
                check
                for said in made.results
                for check, pattern, _ in PATTERNS
                if check in answers
                and (match := pattern.fullmatch(said.text))
                and margin.name in match.groups()
            ]
            assert len(told) == 1, (name, margin.name)
            assert (told == ["none"]) == (margin.k == 0)


def test_a_warning_of_the_fit_is_said_in_the_paragraphs(strata):
    for fit, _, made in strata.values():
        text = made.to_text()
        for warning in fit.warnings:
            if "boundary" in warning:
                assert "The likelihood is largest at" in text
            else:
                assert warning.split(": ", 1)[1] in text or "100%" in warning or "0%" in warning


def test_published_data_sets_have_deeks_test_and_a_bivariate_model():
    frame = pd.read_csv(rv.FOLDER / "datasets" / "auditc.csv")
    fit = fit_quietly(StudyTable.from_frame(frame, "auditc"))
    made = paragraphs(fit)
    texts = [said.text for said in (*made.methods, *made.results)]
    assert "Small-study effects were tested by Deeks' regression." in texts
    (told,) = [text for text in texts if text.startswith("Deeks' test")]
    (pattern,) = [pattern for name, pattern, _ in PATTERNS if name == "deeks"]
    deeks(fit, fit.table, pattern.fullmatch(told))
    assert "deeks2005" in made.keys and "chu2006" in made.keys
    # 14 studies in each margin: no posterior stands beside.
    assert "vehtari2024" not in made.keys


@pytest.mark.filterwarnings("ignore::metadx.errors.MetadxWarning")
def test_other_methods_are_named_as_they_are():
    rows = [[45, 7, 5, 60], [30, 4, 9, 52], [88, 30, 6, 140], [15, 1, 4, 22], [70, 16, 22, 81]]
    model = BivariateModel(table_of(rows, "five"))
    laplace = [said.text for said in paragraphs(model.fit("laplace")).methods]
    assert "The likelihood was maximised with Laplace's approximation." in laplace
    reml = paragraphs(model.fit("reml")).methods
    assert any("normal approximation of the logits, REML" in said.text for said in reml)
    assert not any("continuity" in said.text for said in reml)


def test_citations_stand_where_they_belong(strata):
    fit, _, made = strata["ct/hip/patient/radiograph_negative"]
    text = made.to_text()
    assert "likelihood (Takwoingi et al. 2017)." in text
    assert all(citation(key) in text for key in made.keys)
    assert text.count("https://") == len(made.references)
    assert fit.model_path == "independent_margins"


def test_the_bibliography_is_complete_and_has_dois():
    known = references(
        ["chu2006", "clopper1934", "deeks2005", "harbord2007", "higgins2009", "mcinnes2018",
         "pinheiro1995", "reitsma2005", "takwoingi2017", "vehtari2024"]
    )  # fmt: skip
    assert all(one.doi or one.url for one in known.values())
    text = bibtex(["chu2006", "vehtari2024"])
    assert text.count("@article") == 2
    assert text.startswith("@article{chu2006,") and "reitsma" not in text
    assert citation("clopper1934") == "Clopper & Pearson 1934"


def test_formats(strata):
    _, _, made = strata["xray/rib/patient/all_suspected"]
    document = Document(io.BytesIO(made.to_docx()))
    words = [p.text for p in document.paragraphs]
    assert any(text.startswith("The analysis concerns") for text in words)
    latex = made.to_latex()
    assert r"\cite{pinheiro1995}" in latex and not re.search(r"(?<!\\)%", latex)
    part = made.to_html(fragment=True)
    assert part.startswith('<div class="paragraphs">') and "References" not in part
    assert "References" in made.to_html()


def test_the_fragments_of_all_strata_are_small(strata):
    total = sum(len(made.to_html(fragment=True).encode()) for _, _, made in strata.values())
    assert total < 220_000


def test_covariates_and_rows_of_something_else_are_refused(strata):
    fit, _, _ = strata["ct/hip/patient/radiograph_negative"]
    _, other, _ = strata["xray/rib/patient/all_suspected"]
    with pytest.raises(OptionError, match="do not hold the 8 that were pooled"):
        paragraphs(fit, other)
    with pytest.raises(OptionError, match="without covariates"):
        paragraphs(fit.bayesian)


@pytest.mark.parametrize(
    "name",
    [
        "ct/hip/patient/radiograph_negative",
        "xray/rib/patient/all_suspected",
        "ct_hu/spine/patient/osteoporosis_screening",
        "mri/hip/patient/radiograph_negative",
    ],
)
def test_a_false_number_is_caught(strata, name):
    """Every number of the results, changed in its last digit, fails its sentence's check."""
    fit, rows, made = strata[name]
    changed = 0
    for said in made.results:
        for found in re.finditer(r"\d+(?=[^\d.,]|[.,]\D|\.$)", said.text):
            digit = str((int(found[0][-1]) + 1) % 10)
            text = said.text[: found.end() - 1] + digit + said.text[found.end() :]
            with pytest.raises(AssertionError):
                checked(fit, rows, Paragraphs("", (), (Said(text),)))
            changed += 1
    assert changed > 20
