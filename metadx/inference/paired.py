"""Two tests in the same patients: the comparison that uses their joint counts.

Where studies cross-classify their patients by the results of both tests, the difference
between the tests rests on the patients in whom they disagree, and its interval is usually
shorter than that of :func:`metadx.inference.compare`, which takes the two results of a patient
as independent given the study. The model is that of :mod:`metadx.kernels.crossed`: study
effects shared by both tests, as there, and one odds ratio between the tests' results among the
diseased, one among the non-diseased.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc

from metadx.errors import BoundaryWarning, MetadxWarning, ModelError, SparseDataWarning
from metadx.estimate import Estimate, NotApplicable
from metadx.inference.comparison import LikelihoodRatioTest
from metadx.inference.contrasts import Contrast, contrast
from metadx.inference.dependence import WORDS, Dependence, dependence, draw_accuracy
from metadx.inference.one_study import paired_contrast
from metadx.inference.paired_text import studies, summary_text
from metadx.models import SummaryPoint, delta
from metadx.models.crossed import ODDS_RATIOS, CrossedMaximum, fit_crossed
from metadx.models.design import MARGINS
from metadx.models.exact import COMPLETE_FOR_CORRELATION, boundary_sentence
from metadx.tables.crossed import PARTS, CrossedTable

FloatArray = NDArray[np.float64]

_COMMON, _OWN = np.ones((2, 1)), np.eye(2)
_LADDER: Final = {
    "null": (_COMMON, _COMMON),
    "sensitivity": (_OWN, _COMMON),
    "specificity": (_COMMON, _OWN),
    "both": (_OWN, _OWN),
}


@dataclass(frozen=True)
class PairedComparison:
    """Test a compared with test b; ratios are a / b, differences a - b.

    Attributes
    ----------
    table : CrossedTable
        The studies.
    a, b : str
        The two tests.
    contrasts : dict of Contrast or NotApplicable
        ``"sensitivity"`` and ``"specificity"``, patients' dependence taken into account.
    independent_contrasts : dict of Contrast or NotApplicable
        The same under independence given the study, to see what the joint counts add.
    dependence : dict of Dependence
        ``"diseased"`` and ``"nondiseased"``.
    tests : tuple of LikelihoodRatioTest or NotApplicable
        Of equal sensitivity, equal specificity, both, and of independence given the study
        (hypothesis ``"dependence"``).
    fits : dict of CrossedMaximum
        ``"null"``, ``"sensitivity"``, ``"specificity"`` (an effect on that margin only),
        ``"both"`` and ``"independent"``.
    model_path : str
        ``"single_study"``, ``"independent_margins"`` or ``"bivariate"``.
    k : int
        Studies.
    k_paired : int
        Studies that measured both tests.
    k_crossed : dict of int
        Studies with a cross-table among the ``"diseased"`` and the ``"nondiseased"``.
    level : float
        Nominal coverage of the intervals.
    warnings : tuple of str
        What a reader has to know, one sentence each.
    """

    table: CrossedTable
    a: str
    b: str
    contrasts: dict[str, Contrast | NotApplicable]
    independent_contrasts: dict[str, Contrast | NotApplicable]
    dependence: dict[str, Dependence]
    tests: tuple[LikelihoodRatioTest | NotApplicable, ...]
    fits: dict[str, CrossedMaximum]
    model_path: str
    k: int
    k_paired: int
    k_crossed: dict[str, int]
    level: float
    warnings: tuple[str, ...]

    @property
    def at_boundary(self) -> tuple[str, ...]:
        """Parameters on their boundary, odds ratios included."""
        return self.fits["both"].record.at_boundary if self.fits else ()

    @property
    def llf(self) -> float | NotApplicable:
        """Maximised log-likelihood with the multinomial coefficients."""
        if not self.fits:
            return NotApplicable("no likelihood was maximised")
        return self.fits["both"].loglik

    def estimate(self, test: str, margin: str) -> Estimate | NotApplicable:
        """Return the pooled sensitivity or specificity of a test (probability).

        Parameters
        ----------
        test : str
            One of the two tests.
        margin : {"sensitivity", "specificity"}
        """
        if isinstance(self.contrasts[margin], NotApplicable):
            return self.contrasts[margin]  # type: ignore[return-value]
        if not self.fits:
            return NotApplicable("one study: see its own proportions")
        logits, cov = _logits(self.fits["both"])
        at = 2 * MARGINS.index(margin) + (self.a, self.b).index(test)
        q = delta.quantile(self.level)
        se = float(np.sqrt(cov[at, at]))
        return delta.on_scale(float(logits[at]), se, self.level, "wald", q, "logit")

    @property
    def points(self) -> dict[str, SummaryPoint] | NotApplicable:
        """Summary point of each test, where both margins are estimated."""
        for found in self.contrasts.values():
            if isinstance(found, NotApplicable):
                return found
        if not self.fits:
            return NotApplicable("one study: nothing is pooled")
        fit = self.fits["both"]
        made = {}
        for t, test in enumerate((self.a, self.b)):
            pick = fit.selector()[[t, 2 + t, 4, 5, 6]]
            psi, cov = pick @ fit.theta, pick @ fit.covariance() @ pick.T
            made[test] = SummaryPoint(psi, cov, self.k, self.level)
        return made

    def draws(
        self, n: int = 10_000, seed: int = 1, new_setting: bool = False
    ) -> pd.DataFrame | NotApplicable:
        """Draw both tests' accuracy with the covariance of their results.

        Parameters
        ----------
        n : int
            Draws.
        seed : int
            Same seed, same draws.
        new_setting : bool
            True adds the differences between studies, which both tests share: the accuracy
            in a new hospital. The odds ratios are taken to be the same in every study.

        Returns
        -------
        DataFrame or NotApplicable
            Columns ``sensitivity_a``, ``sensitivity_b``, ``specificity_a``,
            ``specificity_b`` (probability), ``covariance_diseased`` and
            ``covariance_nondiseased``, from the normal approximation of the estimates on
            their own scales. A part without a cross-table has covariance 0.
        """
        if not self.fits:
            return NotApplicable("one study, in which a test made no error or only errors")
        rng = np.random.default_rng(seed)
        return draw_accuracy(self.fits["both"], n, rng, new_setting)

    def summary(self) -> str:
        """Return the comparison as text."""
        return summary_text(self)

    def __str__(self) -> str:
        return self.summary()


def compare_paired(table: CrossedTable, level: float = 0.95) -> PairedComparison:
    """Compare two tests with the joint counts of cross-classified patients.

    Studies of which only the margins of the cross-table are known, and studies of one test,
    enter the same likelihood with what they have: the margins of the two tests as independent
    given the study, as in :func:`metadx.inference.compare`.

    Parameters
    ----------
    table : CrossedTable
        From :func:`metadx.tables.crossed.read_crossed` or :meth:`CrossedTable.from_frame`.
    level : float
        Nominal coverage.

    Returns
    -------
    PairedComparison
        Where a margin cannot be compared, a reason in its place.

    Raises
    ------
    ModelError
        If neither margin can be compared.

    Notes
    -----
    ``logit P(test t right) = mu_jt + u_ij`` for part j of study i, ``u_i ~ N(0, Sigma)``; the
    cells of a cross-table are multinomial with these margins and odds ratio ``psi_j``, in the
    integral over ``u_i`` by adaptive Gauss-Hermite quadrature. With one study there are no
    study effects, and the variance of the difference is that of McNemar's comparison,
    ``(b + c - (b - c)^2 / n) / n^2`` with b and c the numbers of discordant patients.

    References
    ----------
    Plackett 1965, J Am Stat Assoc, doi:10.1080/01621459.1965.10480807.
    Trikalinos et al. 2014, Res Synth Methods, doi:10.1002/jrsm.1115 (joint meta-analysis of
    tests in the same patients).
    """
    delta.quantile(level)
    problems = [_problem(table, j) for j in (0, 1)]
    if len(table) == 1 and any(problems):
        return _one_study(table, problems, level)
    if all(problems):
        raise ModelError(f"{table.name}: {problems[0]}; {problems[1]}")
    parts = (not problems[0], not problems[1])
    fits = {
        name: fit_crossed(table, columns, parts=parts)
        for name, columns in _LADDER.items()
        if all(parts) or name in ("null", "both")
    }
    fits["independent"] = fit_crossed(table, dependent=False, parts=parts)
    _, total = table.margins()
    known = total.any(axis=1)
    found = PairedComparison(
        table=table,
        a=table.a,
        b=table.b,
        contrasts=_contrasts(fits["both"], problems, level),
        independent_contrasts=_contrasts(fits["independent"], problems, level),
        dependence=dependence(table, fits["both"], problems, level),
        tests=_tests(fits, problems),
        fits=fits,
        model_path=_path(total),
        k=len(table),
        k_paired=int((known.sum(axis=1) == 2).sum()),
        k_crossed=_k_crossed(table),
        level=level,
        warnings=_warnings(table, fits["both"]),
    )
    _warn(found)
    return found


def _path(total: FloatArray) -> str:
    if total.shape[0] == 1:
        return "single_study"
    complete = int((total.sum(axis=2) > 0).all(axis=1).sum())
    return "bivariate" if complete >= COMPLETE_FOR_CORRELATION else "independent_margins"


def _k_crossed(table: CrossedTable) -> dict[str, int]:
    return dict(zip(PARTS, table.crossed.sum(axis=0).tolist(), strict=True))


def _problem(table: CrossedTable, j: int) -> str:
    """Why a margin cannot be compared by its likelihood, or an empty string."""
    right, total = (counts[:, j].sum(axis=0) for counts in table.margins())
    for t, test in enumerate((table.a, table.b)):
        if total[t] == 0:
            return f"no study reports the {MARGINS[j]} of {test}"
        if right[t] in (0.0, total[t]):
            share = "100%" if right[t] else "0%"
            return f"every study has {test} at a {MARGINS[j]} of {share}, so its mean is infinite"
    return ""


def _one_study(table: CrossedTable, problems: list[str], level: float) -> PairedComparison:
    """Compare within one study in which a test makes no error, or only errors."""
    contrasts: dict[str, Contrast | NotApplicable] = {}
    for j, margin in enumerate(MARGINS):
        both, a_alone, b_alone, _ = table.cells[0, j]
        if min(both + a_alone, both + b_alone) > 0:
            contrasts[margin] = paired_contrast(table.cells[0, j], level)
        else:
            contrasts[margin] = NotApplicable(problems[j] or "the study has no cross-table")
    if not any(contrasts.values()):
        raise ModelError(f"{table.name}: {problems[0]}; {problems[1]}")
    none = NotApplicable("one study, in which a test made no error or only errors")
    crossed = _k_crossed(table)
    return PairedComparison(
        table, table.a, table.b, contrasts, dict.fromkeys(MARGINS, none),
        {
            part: Dependence(part, none, none, none, crossed[part], int(table.cells[0, j].sum()))
            for j, part in enumerate(PARTS)
        },
        (none,), {}, "single_study", 1, 1, crossed, level,
        (f"one study: {next(problem for problem in problems if problem)}",),
    )  # fmt: skip


def _logits(fit: CrossedMaximum) -> tuple[FloatArray, FloatArray]:
    pick = fit.selector()[:4]
    return fit.logits(), pick @ fit.covariance() @ pick.T


def _contrasts(
    fit: CrossedMaximum, problems: list[str], level: float
) -> dict[str, Contrast | NotApplicable]:
    logits, cov = _logits(fit)
    made: dict[str, Contrast | NotApplicable] = {}
    for j, margin in enumerate(MARGINS):
        here = [2 * j, 2 * j + 1]
        made[margin] = (
            NotApplicable(problems[j])
            if problems[j]
            else contrast(logits[here], cov[np.ix_(here, here)], level)
        )
    return made


def _tests(
    fits: dict[str, CrossedMaximum], problems: list[str]
) -> tuple[LikelihoodRatioTest | NotApplicable, ...]:
    steps = (("sensitivity", "specificity"), ("specificity", "sensitivity"), ("both", "null"))
    made: list[LikelihoodRatioTest | NotApplicable] = []
    for hypothesis, smaller in steps:
        j = MARGINS.index(hypothesis) if hypothesis in MARGINS else None
        if not any(problems):
            made.append(_ratio_test(hypothesis, fits[smaller], fits["both"]))
        elif j is not None and not problems[j]:
            made.append(_ratio_test(hypothesis, fits["null"], fits["both"]))
        else:
            reason = problems[j] if j is not None else next(p for p in problems if p)
            made.append(NotApplicable(f"{hypothesis}: {reason}"))
    if fits["both"].n_model > fits["independent"].n_model:
        made.append(_ratio_test("dependence", fits["independent"], fits["both"]))
    else:
        made.append(NotApplicable("dependence: no study cross-classifies its patients"))
    return tuple(made)


def _ratio_test(name: str, small: CrossedMaximum, large: CrossedMaximum) -> LikelihoodRatioTest:
    chi2 = max(2.0 * (large.loglik - small.loglik), 0.0)
    df = large.n_model - small.n_model
    return LikelihoodRatioTest(name, chi2, df, float(chdtrc(df, chi2)), small.loglik, large.loglik)


def _warnings(table: CrossedTable, fit: CrossedMaximum) -> tuple[str, ...]:
    texts = []
    own = tuple(name for name in fit.record.at_boundary if name not in ODDS_RATIOS)
    if own:
        at = fit.slopes
        texts.append(boundary_sentence(own, fit.theta[: at + 3]))
    for j, part in enumerate(PARTS):
        if ODDS_RATIOS[j] in fit.record.at_boundary:
            texts.append(
                f"among the {WORDS[part]} a combination of results does not occur: the odds ratio "
                "between the tests is at its boundary, 0 or infinity"
            )
        margins_only = int((table.total[:, j] > 0).all(axis=1).sum())
        if margins_only:
            texts.append(
                f"both tests among the {WORDS[part]} without a cross-table in "
                f"{studies(margins_only)}: their results enter as independent given the study"
            )
    if fit.record.status != "converged":
        texts.append(f"the search ended with {fit.record.status!r}")
    return tuple(texts)


def _warn(found: PairedComparison) -> None:
    for text in found.warnings:
        kind: type[MetadxWarning] = BoundaryWarning if "boundary" in text else SparseDataWarning
        if "enter as independent" not in text:
            warnings.warn(text, kind, stacklevel=3)
