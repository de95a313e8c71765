"""Write docs/validation.md: metadx beside other programs, data set by data set.

Run ``python docs/build_validation.py`` after a change of the models. The other programs' numbers
come from ``tests/reference``; only metadx's are computed here. Differences below what is asserted
in the tests are printed as such, so that the page does not change with the last digits.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from metadx.errors import MetadxWarning
from metadx.estimate import Estimate, NotApplicable
from metadx.inference.heterogeneity import i_squared
from metadx.models import BivariateModel, BivariateResults
from metadx.tables import StudyTable

HERE = Path(__file__).parent
REFERENCE = HERE.parent / "tests" / "reference"
PAGE = HERE / "validation.md"

#: Differences up to these are printed as "<": the tolerances of the tests.
LOGLIK, ESTIMATE = 2e-6, 1e-5
Z95 = 1.959963984540054
ABSENT = "–"
LADDER = ("edge_k2", "edge_k3", "edge_perfect_sens", "edge_perfect_spec")


@cache
def record(name: str) -> dict[str, Any]:
    """Return one file of reference values."""
    loaded: dict[str, Any] = json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def cases(name: str, **wanted: Any) -> list[dict[str, Any]]:
    """Return the cases of a file that have these values."""
    return [c for c in record(name)["cases"] if all(c.get(k) == v for k, v in wanted.items())]


@cache
def table(dataset: str) -> StudyTable:
    """Return a data set as a study table."""
    return StudyTable.from_frame(pd.read_csv(REFERENCE / "datasets" / f"{dataset}.csv"), dataset)


@cache
def fitted(dataset: str, method: str = "exact") -> BivariateResults:
    """Fit a data set, every row a study, as the other programs did."""
    return fit(table(dataset), method, independent_rows=True)


def fit(studies: StudyTable, method: str = "exact", **model: Any) -> BivariateResults:
    """Fit without printing the warnings; they are on the result."""
    zero_cell = "all" if method in ("reml", "ml") else "single"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetadxWarning)
        found = BivariateModel(studies, **model).fit(method=method, zero_cell=zero_cell)
    assert isinstance(found, BivariateResults)
    return found


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table in Markdown."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows)]


def difference(ours: float | None, theirs: float | None, resolved: float) -> str:
    """Write theirs minus ours, or that it is below what is resolved."""
    if ours is None or theirs is None:
        return ABSENT
    gap = theirs - ours
    if abs(gap) < resolved:
        return f"<{resolved:.0e}"
    return f"{gap:+.4f}" if abs(gap) >= 5e-4 else f"{gap:+.0e}"


def number(value: float | None, decimals: int = 4) -> str:
    """Write a number, or that there is none; no minus before a zero."""
    if value is None:
        return ABSENT
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


# Quantities, one name for all programs.

QUANTITIES = {
    "log-likelihood": LOGLIK,
    "sensitivity": ESTIMATE,
    "specificity": ESTIMATE,
    "tau sensitivity": ESTIMATE,
    "tau specificity": ESTIMATE,
    "correlation": ESTIMATE,
    "AUC": ESTIMATE,
}


def expit(x: float) -> float:
    """Return the probability of a logit."""
    return float(1.0 / (1.0 + np.exp(-x)))


def ours(found: BivariateResults) -> dict[str, float | None]:
    """Return metadx's values of a fit."""
    result: dict[str, float | None] = {
        "log-likelihood": found.llf if isinstance(found.llf, float) else None,
        "correlation": found.correlation if isinstance(found.correlation, float) else None,
        "AUC": found.auc.value if isinstance(found.auc, Estimate) else None,
    }
    for name, margin in found.margins.items():
        estimate = margin.estimate
        result[name] = estimate.value if isinstance(estimate, Estimate) else None
        zero = 0.0 if margin.heterogeneity == "zero" else None
        result[f"tau {name}"] = margin.tau.value if isinstance(margin.tau, Estimate) else zero
    return result


def of_means(mu: Sequence[float], sigma: Any, loglik: float | None) -> dict[str, float | None]:
    """Return another program's values from its means and covariance (logit specificity)."""
    sigma = np.asarray(sigma, dtype=float)
    tau = np.sqrt(np.diag(sigma))
    rho = float(sigma[0, 1] / (tau[0] * tau[1])) if tau.min() > 1e-6 else None
    return {
        "log-likelihood": loglik,
        "sensitivity": expit(mu[0]),
        "specificity": expit(mu[1]),
        "tau sensitivity": float(tau[0]),
        "tau specificity": float(tau[1]),
        "correlation": rho,
    }


def theirs(program: str, dataset: str) -> dict[str, float | None]:
    """Return the values of another program for a data set."""
    if program == "mada":
        (case,) = cases("mada_reitsma", dataset=dataset, estimator="reml")
        mean = case["coefficients"]
        psi = np.array(case["Psi"], dtype=float) * np.array([[1, -1], [-1, 1]])
        result = of_means([mean["tsens"], -mean["tfpr"]], psi, None)
        area = case.get("AUC_exact_integral_RG")
    else:
        (case,) = cases(program, dataset=dataset)
        if case["logLik"] is None:  # the program ended with an error
            return dict.fromkeys(QUANTITIES)
        result = of_means(list(case["mu"].values()), case["Sigma"], case["logLik"])
        area = case.get("AUC_sroc_RG")
    known = area is not None and result["correlation"] is not None
    return result | {"AUC": area if known else None}


# Sections of the page.


def head() -> list[str]:
    """Say what the page is and how to read it."""
    return [
        "# Validation",
        "",
        "Written by `python docs/build_validation.py`; a test compares this file with what the "
        "command writes. The other programs' numbers and their versions are in "
        "`tests/reference/`, each with its call.",
        "",
        "*Differences are the other program minus metadx.* A difference below the tolerance of "
        "the tests is printed as `<`. The first comparison is with the same likelihood, "
        "maximised by an independent program: there nothing may differ. The second is with "
        "programs that approximate it: there the difference is what the approximation costs.",
        "",
    ]


def exact_section() -> list[str]:
    """Compare with the independent program for the exact maximum."""
    rows = []
    for case in cases("exact_ml"):
        name = case["dataset"]
        if name in LADDER:
            continue
        found = fitted(name)
        se = np.sqrt(np.diag(found.mean_logit_cov)) / np.sqrt(np.diag(np.array(case["vcov_mu"])))
        gaps = [
            np.abs(found.mean_logit - list(case["mu"].values())).max(),
            np.abs(found.between_study_cov - np.array(case["Sigma"])).max(),
        ]
        rho_only = found.at_boundary == ("rho",)
        rows.append(
            (
                name,
                str(found.k),
                number(found.llf),
                difference(found.llf, case["logLik"], LOGLIK),
                "<1e-05" if max(gaps) < 1e-5 else f"{max(gaps):.1e}",
                "see below" if rho_only else "<1e-03" if np.abs(se - 1).max() < 1e-3 else
                f"{np.abs(se - 1).max():.1e}",
                ", ".join(found.at_boundary) or ABSENT,
            )
        )  # fmt: skip
    header = ("data set", "k", "log-likelihood", "difference", "means and covariance",
              "standard errors, relative", "at the boundary")  # fmt: skip
    return [
        "## The same likelihood, another program",
        "",
        "An R program with its own adaptive Gauss-Hermite quadrature (31 nodes a dimension).",
        "",
        *markdown(header, rows),
        "",
        "At a correlation of -1 or 1 the reference's standard errors hold all of Sigma fixed; "
        "metadx fixes only the parameter at its bound, so that its standard errors are not "
        "smaller. The same block of metadx's information gives the reference's numbers "
        "(`tests/models/test_exact_reference.py`).",
        "",
        "Four more sets are answered by another model, on purpose:",
        "",
        *markdown(
            ("data set", "k", "model path", "sensitivity", "specificity", "reference"),
            [_ladder_row(name) for name in LADDER],
        ),
        "",
    ]


def _ladder_row(name: str) -> tuple[str, ...]:
    found = fitted(name)
    (case,) = cases("exact_ml", dataset=name)
    texts = [
        m.estimate.format(4) if isinstance(m.estimate, Estimate) else ABSENT
        for m in found.margins.values()
    ]
    reference = (
        f"correlation {case['rho']:.0f} from {case['k']} studies"
        if not name.startswith("edge_perfect")
        else f"a mean logit of {max(case['mu'].values()):.0f}: there is no maximum"
    )
    return name, str(found.k), found.model_path.replace("_", " "), *texts, reference


PROGRAMS = {
    "exact_ml": "exact, independent",
    "glmmtmb_laplace": "glmmTMB (Laplace)",
    "lme4_laplace": "lme4 (Laplace)",
    "mada": "mada REML (+0.5)",
}


def programs_section() -> list[str]:
    """Every data set, quantity and program."""
    rows = []
    for case in cases("exact_ml"):
        name = case["dataset"]
        if name in LADDER:
            continue
        known = ours(fitted(name))
        others = {program: theirs(program, name) for program in PROGRAMS}
        for quantity, resolved in QUANTITIES.items():
            if known[quantity] is None:
                continue
            gaps = [difference(known[quantity], o.get(quantity), resolved) for o in others.values()]
            rows.append((name, quantity, number(known[quantity]), *gaps))
    return [
        "## Data set, quantity, program",
        "",
        "Log-likelihoods include the binomial coefficients; mada's is of transformed data and not "
        "comparable. tau is a between-study standard deviation on the logit scale. mada adds 0.5 "
        "to all cells if any is zero, and approximates the binomial by a normal distribution.",
        "",
        *markdown(("data set", "quantity", "metadx", *PROGRAMS.values()), rows),
        "",
        *_costs(),
    ]


def _costs() -> list[str]:
    """Largest differences in sensitivity and specificity, in percentage points."""
    lines = []
    for program, title in PROGRAMS.items():
        worst = (0.0, "", "")
        for case in cases("exact_ml"):
            name = case["dataset"]
            if name in LADDER:
                continue
            known, other = ours(fitted(name)), theirs(program, name)
            for quantity in ("sensitivity", "specificity"):
                a, b = known[quantity], other[quantity]
                if a is not None and b is not None and abs(b - a) > abs(worst[0]):
                    worst = (b - a, quantity, name)
        size = 100 * worst[0]
        where = f" ({worst[1]} of {worst[2]})"
        text = f"{size:+.2f} percentage points{where}" if abs(size) > 1e-3 else "none"
        lines.append(f"* {title}: largest difference of a pooled proportion {text}")
    return [*lines, ""]


def groups_section() -> list[str]:
    """Groups as covariate: likelihoods of every step of the ladder."""
    columns = {"anti_ccp": "generation", "catheter_ivd": "type", "smoking": "type",
               "diabetes_hba1c_fpg": "test"}  # fmt: skip
    steps = {
        "exact_null": (False, False, False),
        "exact_sens_only": (True, False, False),
        "exact_spec_only": (False, True, False),
        "exact_common": (True, True, False),
        "exact_separate": (True, True, True),
    }
    rows = []
    for case in cases("compare"):
        name, column = case["dataset"], columns[case["dataset"]]
        for step, (sens, spec, separate) in steps.items():
            effect = f"~ C({column})"
            found = fit(
                table(name), sens=effect if sens else "~ 1", spec=effect if spec else "~ 1",
                independent_rows=not case["shared_random_effects_by_study"],
                covariate_column=column,
                **({"variances": "by_group", "group": column} if separate else {}),
            )  # fmt: skip
            rows.append(
                (
                    f"{name} by {column}",
                    step.removeprefix("exact_").replace("_", " "),
                    number(found.llf),
                    difference(found.llf, case[step]["logLik"], 5e-6),
                    difference(found.llf, case[step.replace("exact", "lme4")]["logLik"], 5e-6),
                )
            )
    header = ("comparison", "group effect on", "log-likelihood", "exact, independent",
              "lme4 (Laplace)")  # fmt: skip
    return [
        "## Groups as covariate",
        "",
        "*null*: no effect; *common*: on both margins, one covariance; *separate*: a covariance "
        "for each group. In `diabetes_hba1c_fpg` both tests were done in every study, and the two "
        "rows of a study share its effects (except in *separate*).",
        "",
        *markdown(header, rows),
        "",
    ]


def normal_section() -> list[str]:
    """The normal-normal model by REML."""
    rows = []
    for case in cases("normal_normal", estimator="reml"):
        name = case["dataset"]
        if name == "edge_no_diseased_study":  # mada adds 0.5 to the empty margin
            continue
        found = fitted(name, "reml")
        if isinstance(found.mean_logit, NotApplicable):
            continue
        (mada,) = cases("mada_reitsma", dataset=name, estimator="reml")
        mean = np.array([case["coef"]["tsens"], -case["coef"]["tfpr"]])
        peer = np.array([mada["coefficients"]["tsens"], -mada["coefficients"]["tfpr"]])
        rows.append(
            (
                name,
                number(found.llf),
                difference(found.llf, case["logLik_no_jacobian"], LOGLIK),
                _size(np.abs(mean - found.mean_logit).max(), 1e-5),
                _size(np.abs(peer - found.mean_logit).max(), 1e-5),
                _metafor(name, found),
            )
        )
    header = ("data set", "restricted log-likelihood", "difference", "means: precise optimum",
              "means: mada 0.5.12", "means: metafor 3.8.1")  # fmt: skip
    return [
        "## The approximate model of Reitsma et al., REML",
        "",
        "With mada's continuity correction (0.5 on all cells of all studies if any is zero), "
        "against the precise optimum of the same function and against what mada and metafor print.",
        "",
        *markdown(header, rows),
        "",
    ]


def _size(gap: float, resolved: float) -> str:
    return f"<{resolved:.0e}" if gap < resolved else f"{gap:.0e}"


def _metafor(dataset: str, found: BivariateResults) -> str:
    known = cases("metafor", dataset=dataset, estimator="reml")
    if not known or known[0]["beta"] is None:
        return ABSENT
    mean = np.array([known[0]["beta"]["tsens"], -known[0]["beta"]["tfpr"]])
    return _size(float(np.abs(mean - found.mean_logit).max()), 1e-5)


PRINTED = {
    "logLik": "log-likelihood", "sensitivity": "sensitivity", "specificity": "specificity",
    "var_sens": "between-study variance of sensitivity",
    "var_spec": "between-study variance of specificity", "correlation": "correlation",
    "Lambda": "Lambda", "Theta": "Theta", "beta": "beta", "dor": "diagnostic odds ratio",
    "lr_positive": "positive likelihood ratio", "lr_negative": "negative likelihood ratio",
}  # fmt: skip


def printed_section() -> list[str]:
    """Figures that others printed, with the place."""
    rows = []
    for case in cases("published", kind="exact_ml"):
        subset = case.get("subset", {})
        studies = table(case["dataset"]).select(**subset)
        found = fit(studies, independent_rows=True)
        label = case["dataset"] + "".join(f", {value} only" for value in subset.values())
        for name, title in PRINTED.items():
            if name not in case["values"]:
                continue
            value, half_unit = (case["values"][name][key] for key in ("value", "half_unit"))
            digits = round(-np.log10(2 * half_unit))
            rows.append(
                (label, case["program"], title, f"{value:.{digits}f}",
                 f"{_printed_value(found, name):.{digits}f}")
            )  # fmt: skip
    places = {c["dataset"]: c["printed_in"] for c in cases("published", kind="exact_ml")}
    return [
        "## Printed analyses",
        "",
        *markdown(("data set", "program", "quantity", "printed", "metadx"), rows),
        "",
        *(f"* `{name}`: {place}" for name, place in places.items()),
        "",
        "metandi's log-likelihood for `dementia_csf` is 2.7e-4 below the maximum, because its "
        "quadrature had not converged; hence the other digits from the fourth on.",
        "",
    ]


def _printed_value(found: BivariateResults, name: str) -> float:
    plain = {"logLik": found.llf, "correlation": found.correlation}
    if name in plain:
        return float(plain[name])
    if name in ("var_sens", "var_spec"):
        return float(np.diag(found.between_study_cov)[int(name == "var_spec")])
    return float(getattr(found if hasattr(found, name) else found.hsroc, name).value)


def i_squared_section() -> list[str]:
    """The bivariate I-squared that mada prints, reproduced step by step."""
    (case,) = cases("mada_reitsma", dataset="auditc", estimator="reml")
    mean = np.array(list(case["coefficients"].values()))
    psi, vcov = np.array(case["Psi"]), np.array(case["vcov"])
    rho = psi[0, 1] / np.sqrt(psi[0, 0] * psi[1, 1])
    counts = pd.read_csv(REFERENCE / "datasets" / "auditc.csv")[["tp", "fp", "fn", "tn"]]
    tp, fp, fn, tn = (counts[name].to_numpy(dtype=float) for name in counts)
    routes = {
        "published": (np.diag(psi), tp + fn, fp + tn),
        "mada": (np.diag(vcov), tp + fp, tn + fn),
    }
    steps: dict[str, list[float]] = {}
    for route, (variances, first, second) in routes.items():
        within = [
            (np.exp(v / 2 + m) + np.exp(v / 2 - m) + 2) * np.mean(1 / n)
            for v, m, n in zip(variances, mean, (first, second), strict=True)
        ]
        root = np.sqrt((1 - rho**2) * variances[0] * variances[1])
        spread = np.sqrt(within[0] * within[1])
        steps[route] = [*variances, np.mean(1 / first), np.mean(1 / second), *within, root, spread,
                        root / (root + spread)]  # fmt: skip
    names = ("variance put in for sensitivity", "variance put in for specificity",
             "mean of 1/n put in for sensitivity", "mean of 1/n put in for specificity",
             "E sensitivity", "E specificity", "sqrt of the determinant", "sqrt(E E)",
             "**I-squared**")  # fmt: skip
    rows = [
        (name, f"{a:.5f}", f"{b:.5f}")
        for name, a, b in zip(names, steps["published"], steps["mada"], strict=True)
    ]
    metadx = i_squared(fitted("auditc", "reml"))
    exact = i_squared(fitted("auditc"))
    assert not isinstance(metadx, NotApplicable)
    assert not isinstance(exact, NotApplicable)
    return [
        "## Where a popular program is wrong",
        "",
        "### The bivariate I-squared of mada",
        "",
        "Zhou & Dendukuri (Stat Med 2014, doi:10.1002/sim.6115): "
        "`I2 = sqrt|Sigma| / (sqrt|Sigma| + sqrt(E_sens E_spec))`, "
        "`E = (exp(tau2/2 + mu) + exp(tau2/2 - mu) + 2) mean(1/n)`, with the between-study "
        "covariance Sigma and n the diseased (sensitivity) or the non-diseased (specificity). "
        "mada 0.5.12 puts in the squared standard errors of the means for the between-study "
        "variances (its correlation is the between-study one), and the test positives and test "
        "negatives for the diseased and non-diseased. `auditc`, mada's own REML fit:",
        "",
        *markdown(("step", "published formula", "what mada computes"), rows),
        "",
        f"mada prints {100 * case['I2_as_printed_by_mada']['Zhou']:.1f} %; the right-hand column "
        f"ends at {100 * steps['mada'][-1]:.1f} %. The published formula gives "
        f"{100 * steps['published'][-1]:.1f} % on the same fit, as metadx does on its own REML fit "
        f"({100 * metadx.bivariate:.1f} %); on the exact fit it is {100 * exact.bivariate:.1f} %.",
        "",
        *_metadta_lines(),
    ]


def _metadta_lines() -> list[str]:
    (case,) = cases("published", kind="heterogeneity")
    found = i_squared(fitted("dementia_csf"))
    assert not isinstance(found, NotApplicable)
    names = ("i2_bivariate", "i2_sens", "i2_spec")
    printed = [100 * case["values"][name]["value"] for name in names]
    values = [100 * value for value in (found.bivariate, found.sensitivity, found.specificity)]
    return [
        "metadta uses the published formula. `dementia_csf`, bivariate, sensitivity, specificity: "
        f"metadta {', '.join(f'{x:.2f} %' for x in printed)}; metadx "
        f"{', '.join(f'{x:.2f} %' for x in values)}.",
        "",
    ]


def other_errors() -> list[str]:
    """Show two more answers that look like results and are none."""
    (perfect,) = cases("lme4_laplace", dataset="edge_perfect_spec")
    found = fitted("edge_perfect_spec")
    specificity = found.specificity
    assert isinstance(specificity, Estimate)
    lines = [
        "### A mean logit of 37",
        "",
        f"`edge_perfect_spec` has no false positive. lme4 returns a mean logit of specificity of "
        f"{perfect['mu']['logit_spec']:.1f} with a standard error of "
        f"{np.sqrt(perfect['vcov_mu'][1][1]):.0f} and the message "
        f"*{perfect['messages'][0].strip()}*: the likelihood has no maximum. metadx pools that "
        f"margin by its sums: {specificity.format(4)}, exact binomial, "
        "and says that heterogeneity cannot show.",
        "",
        "### A Laplace fit is not maximum likelihood",
        "",
        "lme4 and glmmTMB integrate with one node. Their log-likelihood is low by this much a "
        "study:",
        "",
    ]
    rows = []
    for case in cases("lme4_laplace"):
        name = case["dataset"]
        if case["logLik"] is None or name in LADDER or fitted(name).at_boundary:
            continue
        (tmb,) = cases("glmmtmb_laplace", dataset=name)
        llf = fitted(name).llf
        assert isinstance(llf, float)
        rows.append(
            (name, str(case["k"]), f"{(llf - tmb['logLik']) / case['k']:.4f}",
             f"{(llf - case['logLik']) / case['k']:.4f}")
        )  # fmt: skip
    return [*lines, *markdown(("data set", "k", "glmmTMB", "lme4"), rows), ""]


def page() -> str:
    """Return the whole page."""
    sections = (head, exact_section, programs_section, groups_section, normal_section,
                printed_section, i_squared_section, other_errors)  # fmt: skip
    return "\n".join(line for section in sections for line in section()).rstrip() + "\n"


if __name__ == "__main__":
    temporary = PAGE.with_suffix(".md.new")
    temporary.write_text(page(), encoding="utf-8")
    temporary.replace(PAGE)
    sys.stdout.write(f"{PAGE.name} written\n")
