from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reference_values import cases, table

from metadx.errors import ModelError, OptionError
from metadx.estimate import NotApplicable
from metadx.models.moses import moses_littenberg
from metadx.tables import StudyTable

# Least squares on both sides; the condition number of the worst set is below 1e4.
RTOL = 1e-9

#: Where metadx gives another answer than mada, and why.
EXCEPTIONS = {
    "edge_k2": "a line through two points has no residual; metadx refuses",
    "edge_no_diseased_study": "S4 has no diseased: mada counts 0.5 of 1, metadx leaves it out",
}
CASES = cases("mada_moses")


def logits(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    frame = table(name).frame
    cells = frame[["tp", "fn", "fp", "tn"]].to_numpy(dtype=float)
    if (cells == 0).any():
        cells = cells + 0.5
    tp, fn, fp, tn = cells.T
    sens, fpr = np.log(tp / fn), np.log(fp / tn)
    return sens - fpr, sens + fpr, (1 / cells).sum(axis=1)


@pytest.mark.parametrize(
    "case", [c for c in CASES if c["dataset"] not in EXCEPTIONS], ids=lambda c: c["dataset"]
)
def test_line_and_curve_are_those_of_mada(case):
    fit = moses_littenberg(table(case["dataset"]))
    a, b = fit.coefficients
    assert (a, b) == pytest.approx((case["A1"], case["B1"]), rel=RTOL, abs=1e-10)
    curve = fit.curve(np.array(case["fpr"]))
    if abs(b) < 1:
        np.testing.assert_allclose(curve, case["sens"], rtol=1e-8)
    else:
        assert isinstance(curve, NotApplicable)
        assert case["B2"] < 0  # mada draws a falling curve here


def test_every_reference_set_is_compared_or_explained():
    assert len(CASES) == 27
    assert set(EXCEPTIONS) < {case["dataset"] for case in CASES}


def test_two_studies_are_refused():
    with pytest.raises(ModelError, match=r"needs three studies.* there are 2"):
        moses_littenberg(table("edge_k2"))


def test_an_arm_of_nobody_is_left_out():
    fit = moses_littenberg(table("edge_no_diseased_study"))
    assert fit.k == 4
    # mada's slope above 1 is the work of the made-up half patient.
    (theirs,) = (c for c in CASES if c["dataset"] == "edge_no_diseased_study")
    assert theirs["B1"] > 1 > fit.coefficients[1]


@pytest.mark.parametrize("name", ["auditc", "anti_ccp", "dementia_mmse", "edge_tiny_n"])
@pytest.mark.parametrize("weighted", [False, True])
def test_against_the_textbook_formulas(name, weighted):
    """Weighted least squares written out, with the t interval of the slope."""
    from scipy.stats import t

    d, s, variance = logits(name)
    w = 1 / variance if weighted else np.ones_like(d)
    mean_s, mean_d = (w @ s) / w.sum(), (w @ d) / w.sum()
    spread = w @ (s - mean_s) ** 2
    b = w @ ((s - mean_s) * (d - mean_d)) / spread
    a = mean_d - b * mean_s
    se = np.sqrt((w @ (d - a - b * s) ** 2) / (d.size - 2) / spread)
    fit = moses_littenberg(table(name), weighted=weighted)
    assert fit.coefficients == pytest.approx((a, b), rel=1e-9)
    half = t.ppf(0.975, d.size - 2) * se
    assert (fit.slope.low, fit.slope.high) == pytest.approx((b - half, b + half), rel=1e-9)
    assert fit.slope.method == "wald_t"


def test_the_curve_meets_the_diagonal_at_q_star():
    fit = moses_littenberg(table("anti_ccp"))
    assert fit.curve(np.array([1 - fit.q_star]))[0] == pytest.approx(fit.q_star, rel=1e-12)
    np.testing.assert_array_equal(fit.curve(np.array([0.0, 1.0])), [0.0, 1.0])


def test_identical_studies_have_a_symmetric_curve_and_no_slope():
    fit = moses_littenberg(table("edge_identical"))
    assert isinstance(fit.slope, NotApplicable)
    assert fit.coefficients == pytest.approx((np.log(4 * 9), 0.0))


def test_partial_studies_are_left_out():
    frame = table("edge_k3").frame.astype({"tp": "Int64", "fn": "Int64"})
    more = pd.DataFrame({"study_id": ["only"], "tp": [9], "fn": [1], "fp": [pd.NA], "tn": [pd.NA]})
    joined = pd.concat([frame, more], ignore_index=True)
    fit = moses_littenberg(StudyTable.from_frame(joined))
    assert fit == moses_littenberg(table("edge_k3"))


def test_without_a_correction_zero_cells_are_refused():
    with pytest.raises(ModelError, match="continuity correction"):
        moses_littenberg(table("auditc"), zero_cell="none")
    with pytest.raises(OptionError, match="between 0 and 1"):
        moses_littenberg(table("auditc"), level=1.0)
