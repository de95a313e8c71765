"""Residuals of the studies, and a test of each against what the others predict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from statsmodels.stats.multitest import multipletests

from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.inference.headline import counted, records
from metadx.inference.influence import Influence
from metadx.models import BivariateResults
from metadx.models.design import MARGINS
from metadx.models.measures import counts_of
from metadx.models.summary_point import L11, L21, L22

FloatArray = NDArray[np.float64]

#: Tables simulated for each study. The smallest p value is 1 / 5,000, so that Holm's
#: adjustment over a hundred studies can still fall below 0.05.
REPLICATES: Final = 4_999
#: Adjusted p value below which a study is called outlying.
OUTLYING: Final = 0.05
#: Studies that the text lists.
SHOWN: Final = 5
#: Added to both cells of a margin before its logit is taken, in every study and every
#: simulated table alike: the residual stays finite and its null distribution is simulated.
ADDED: Final = 0.5


@dataclass(frozen=True)
class Outliers:
    """Residuals and outlier tests of every study.

    Attributes
    ----------
    frame : DataFrame
        One row a study: ``study_id``, ``study``; for each margin ``marginal_`` (standardised
        by the spread of a study around the pooled mean), ``conditional_`` (around the
        study's own predicted value) and ``deleted_`` (around the mean of the other studies,
        the uncertainty of that mean included), empty where the study has no such margin;
        ``distance`` (squared, joint over the margins), ``margins`` (how many), ``p``,
        ``p_adjusted`` (Holm) and ``reason`` where there is no test.
    replicates : int
        Simulated tables behind each p value.
    seed : int
        Their seed.
    """

    frame: pd.DataFrame
    replicates: int
    seed: int

    @property
    def outlying(self) -> tuple[str, ...]:
        """Labels of the studies whose adjusted p value is below 0.05."""
        found = self.frame[self.frame["p_adjusted"] < OUTLYING].sort_values("p")
        return tuple(found["study"])

    def summary(self) -> str:
        """Return the tests as text, the most deviating studies first."""
        tested = self.frame.dropna(subset=["p"]).sort_values(["p", "distance"])
        out = [
            f"Studies against what the others predict ({self.replicates:,} simulated tables a "
            f"study, Holm's adjustment over {counted(len(tested))})"
        ]
        for row in records(tested.head(SHOWN)):
            parts = [
                f"{name} {row[f'deleted_{name}']:+.2f}"
                for name in MARGINS
                if pd.notna(row[f"deleted_{name}"])
            ]
            out.append(
                f"  {row['study']}: deleted residuals {', '.join(parts)}; p = {row['p']:.4f}, "
                f"adjusted {row['p_adjusted']:.4f}"
            )
        if len(tested) > SHOWN:
            out.append(f"  and {counted(len(tested) - SHOWN)} with less deviation")
        out.append(
            f"  outlying: {', '.join(self.outlying)}" if self.outlying else "  no study is outlying"
        )
        for reason, rows in self.frame[self.frame["p"].isna()].groupby("reason"):
            out.append(f"  not tested ({', '.join(rows['study'])}): {reason}")
        return "\n".join(out)


def outliers(
    influence: Influence, replicates: int = REPLICATES, seed: int = 1
) -> Outliers | NotApplicable:
    """Test each study against the fit to the others.

    Parameters
    ----------
    influence : Influence
        From :func:`metadx.inference.leave_one_out`.
    replicates : int
        Tables simulated for each study.
    seed : int
        Their seed.

    Returns
    -------
    Outliers or NotApplicable
        Not applicable where no margin is pooled by random effects.

    Raises
    ------
    OptionError
        If there is no replicate.

    Notes
    -----
    The deleted residual of study i is ``y_i - mu_(-i)`` with covariance
    ``W = S_i + Sigma_(-i) + V_(-i)``; the test's statistic is ``r' W^-1 r``. Its null
    distribution is simulated: logits from ``N(mu_(-i), Sigma_(-i) + V_(-i))``, counts from
    binomials of the study's own size, then the same statistic. Studentised deleted residuals
    are what Negeri & Beyene propose for the normal model; simulating the counts spares the
    normal approximation, which fails where proportions are near 100 %.

    References
    ----------
    Negeri & Beyene 2020, Stat Methods Med Res, doi:10.1177/0962280219852747.
    """
    if replicates < 1:
        raise OptionError(f"replicates is {replicates}; at least one is needed")
    if seed < 0:
        raise OptionError(f"seed is {seed}; it is a whole number from 0 up")
    fit = influence.fit
    psi, _, known = fit.margin_parameters()
    if not any(known):
        return NotApplicable("no margin is pooled by a random-effects model")
    ids = fit.table.frame["study_id"].astype(str).to_numpy()
    counts = counts_of(fit.table)
    effects = _effects(fit, known)
    rng = np.random.default_rng(seed)
    rows = []
    for i, (study, row) in enumerate(zip(ids, counts, strict=True)):
        seen = np.flatnonzero((row[1::2] > 0) & np.array(known))
        y, s2 = _logits(row)
        tau2 = np.diag(_sigma(psi))
        found: dict[str, object] = {"study_id": study, "study": fit.table.labels[i]}
        for j, name in enumerate(MARGINS):
            has = j in seen
            found[f"marginal_{name}"] = (
                (y[j] - psi[j]) / np.sqrt(s2[j] + tau2[j]) if has else np.nan
            )
            found[f"conditional_{name}"] = (
                (y[j] - psi[j] - effects[i, j]) / np.sqrt(s2[j]) if has else np.nan
            )
        found |= _deleted(influence.refits[study], row, seen, replicates, rng)
        rows.append(found)
    frame = pd.DataFrame(rows)
    tested = frame["p"].notna()
    frame["p_adjusted"] = np.nan
    if tested.any():
        frame.loc[tested, "p_adjusted"] = multipletests(frame.loc[tested, "p"], method="holm")[1]
    return Outliers(frame, replicates, seed)


def _logits(counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Empirical logits and their variances, shape (..., 2) each."""
    y, rest = counts[..., 0::2] + ADDED, counts[..., 1::2] - counts[..., 0::2] + ADDED
    return np.log(y / rest), 1.0 / y + 1.0 / rest


def _sigma(psi: FloatArray) -> FloatArray:
    factor = np.array([[psi[L11], 0.0], [psi[L21], psi[L22]]])
    return np.asarray(factor @ factor.T)


def _effects(fit: BivariateResults, known: tuple[bool, bool]) -> FloatArray:
    """Most probable study effects (logit scale) of each row of the table, shape (k, 2)."""
    effects = np.zeros((len(fit.table), 2))
    study = np.repeat(np.arange(fit.k), np.diff(fit.design.start))
    if fit.model_path == "bivariate":
        z, theta = fit.maxima[0].modes[study], fit.maxima[0].theta
        effects[fit.design.order, 0] = theta[L11] * z[:, 0]
        effects[fit.design.order, 1] = theta[L21] * z[:, 0] + theta[L22] * z[:, 1]
        return effects
    for j, name in enumerate(MARGINS):
        if known[j]:
            own = fit.own_maximum(name)
            rows = fit.design.order[fit.design.counts[:, 2 * j + 1] > 0]
            effects[rows, j] = own.theta[2] * own.modes[:, 0]
    return effects


def _deleted(
    without: BivariateResults | NotApplicable,
    row: FloatArray,
    seen: NDArray[np.int64],
    n: int,
    rng: np.random.Generator,
) -> dict[str, object]:
    """Residuals of one study around the other studies' mean, and their simulated p value."""
    found: dict[str, object] = {f"deleted_{name}": np.nan for name in MARGINS}
    found |= {"distance": np.nan, "margins": 0, "p": np.nan, "reason": ""}
    if isinstance(without, NotApplicable):
        return found | {"reason": without.reason}
    psi, cov, still = without.margin_parameters()
    use = np.array([j for j in seen if still[j]], dtype=np.int64)
    if use.size == 0:
        return found | {"reason": "the other studies do not pool its margins"}
    spread = (_sigma(psi) + cov[:2, :2])[np.ix_(use, use)]
    y, s2 = _logits(row)
    gap = y[use] - psi[use]
    distance = float(_distance(gap[None], s2[None, use], spread)[0])
    for j, e, v in zip(use, gap, np.diag(spread) + s2[use], strict=True):
        found[f"deleted_{MARGINS[j]}"] = e / np.sqrt(v)
    eta = rng.multivariate_normal(psi[use], spread, size=n, method="eigh")
    drawn = np.zeros((n, 4))
    drawn[:, 1::2] = row[1::2]
    for column, j in enumerate(use):
        drawn[:, 2 * j] = rng.binomial(int(row[2 * j + 1]), expit(eta[:, column]))
    y, s2 = _logits(drawn)
    simulated = _distance(y[:, use] - psi[use], s2[:, use], spread)
    # A simulated table equal to the study's own counts as one as extreme.
    more = int((simulated >= distance * (1.0 - 1e-9)).sum())
    return found | {"distance": distance, "margins": use.size, "p": (1 + more) / (1 + n)}


def _distance(gap: FloatArray, s2: FloatArray, spread: FloatArray) -> FloatArray:
    """Squared distances ``gap' (spread + diag(s2))^-1 gap``, shape (n,)."""
    if gap.shape[1] == 1:
        return np.asarray(gap[:, 0] ** 2 / (spread[0, 0] + s2[:, 0]))
    a, d, b = spread[0, 0] + s2[:, 0], spread[1, 1] + s2[:, 1], spread[0, 1]
    top = d * gap[:, 0] ** 2 - 2.0 * b * gap[:, 0] * gap[:, 1] + a * gap[:, 1] ** 2
    return np.asarray(top / (a * d - b * b))
