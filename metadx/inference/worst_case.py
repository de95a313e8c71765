"""How far unpublished studies could have moved the pooled values: bounds without a model.

Exploratory. Nobody knows how many studies stayed unpublished or which; the bound says what the
worst selection could have done if a given share of all studies is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.inference.headline import WORDS, records
from metadx.inference.refits import why_not_refitted
from metadx.models import BivariateResults

FloatArray = NDArray[np.float64]

#: Shares of all studies that may have stayed unpublished.
MISSING: Final = (0.1, 0.2, 0.3, 0.4, 0.5)
QUANTITIES: Final = ("sensitivity", "specificity", "dor")


@dataclass(frozen=True)
class WorstCase:
    """Bounds of publication bias; exploratory.

    Attributes
    ----------
    fit : BivariateResults
        The fit whose values are bounded.
    frame : DataFrame
        One row a share: ``missing`` (share of all studies that is unpublished), ``studies``
        (how many that would be), and ``sensitivity``, ``specificity`` (probability) and
        ``dor``: the value that would remain if the selection had been the worst one for that
        quantity; empty where it is not pooled.
    """

    fit: BivariateResults
    frame: pd.DataFrame

    def summary(self) -> str:
        """Return the bounds as text."""
        out = ["Exploratory: pooled values left by the worst selection of published studies"]
        for row in records(self.frame):
            parts = [f"{WORDS[name]} {row[name]:.3f}" for name in QUANTITIES if pd.notna(row[name])]
            out.append(
                f"  {100 * row['missing']:.0f}% unpublished ({row['studies']:.1f} studies): "
                f"{', '.join(parts)}"
            )
        return "\n".join(out)


def worst_case(
    fit: BivariateResults, missing: Sequence[float] = MISSING
) -> WorstCase | NotApplicable:
    """Bound the bias from selective publication.

    Parameters
    ----------
    fit : BivariateResults
        Fit of the exact model without covariates.
    missing : sequence of float
        Shares of all studies that may be unpublished, between 0 and 1.

    Returns
    -------
    WorstCase or NotApplicable
        Not applicable where no margin is pooled by random effects.

    Raises
    ------
    OptionError
        If a share is not between 0 and 1.

    Notes
    -----
    The pooled logits are close to ``mu = A sum V_i^-1 y_i`` with ``A = (sum V_i^-1)^-1`` and
    ``V_i = Sigma + S_i``. In a quantity ``c' mu`` study i has the weight vector
    ``a_i = V_i^-1 A c``. If a share p of the studies of its kind is published, the mean of
    ``a_i' y_i`` among those is above the mean of all by at most
    ``sqrt(a_i' V_i a_i) phi(Phi^-1(p)) / p``, reached where the largest are published; the bound
    is the sum over studies. It is the argument of Copas & Jackson in two dimensions. ``S_i`` is
    the binomial variance at the study's fitted mean, ``1 / (n p (1 - p))``.

    References
    ----------
    Copas & Jackson 2004, Biometrics, doi:10.1111/j.0006-341X.2004.00161.x.
    """
    for share in missing:
        if not 0.0 < share < 1.0:
            raise OptionError(f"the share of missing studies is {share}; it lies between 0 and 1")
    refused = why_not_refitted(fit)
    if refused is not None:
        return refused
    psi, _, known = fit.margin_parameters()
    margins = np.flatnonzero(known)
    if margins.size == 0:
        return NotApplicable("no margin is pooled by a random-effects model")
    leverage = _leverage(fit, psi, margins)
    rows = []
    for share in missing:
        published = 1.0 - share
        z = float(ndtri(published))
        height = float(np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)) / published
        row = {"missing": share, "studies": fit.k * share / published}
        for name in QUANTITIES:
            if name not in leverage:
                row[name] = np.nan
                continue
            c = np.array({"sensitivity": [1, 0], "specificity": [0, 1], "dor": [1, 1]}[name])
            centre = float(c @ psi[:2]) - height * leverage[name]
            row[name] = float(np.exp(centre) if name == "dor" else expit(centre))
        rows.append(row)
    return WorstCase(fit, pd.DataFrame(rows))


def _leverage(
    fit: BivariateResults, psi: FloatArray, margins: NDArray[np.int64]
) -> dict[str, float]:
    """Sum over studies of the standard deviation of their share in each quantity."""
    factor = np.array([[psi[2], 0.0], [psi[3], psi[4]]])
    sigma, p = factor @ factor.T, expit(psi[:2])
    precisions = []
    for row in fit.design.counts:
        n = row[1::2]
        use = np.array([j for j in margins if n[j] > 0], dtype=np.int64)
        if use.size == 0:
            continue
        v = sigma[np.ix_(use, use)] + np.diag(1.0 / (n[use] * p[use] * (1.0 - p[use])))
        pick = np.eye(2)[use]
        precisions.append(pick.T @ np.linalg.inv(v) @ pick)
    total = np.sum(precisions, axis=0)
    inverse = np.zeros((2, 2))
    inverse[np.ix_(margins, margins)] = np.linalg.inv(total[np.ix_(margins, margins)])
    wanted = {"sensitivity": (0,), "specificity": (1,), "dor": (0, 1)}
    found = {}
    for name, needed in wanted.items():
        if not set(needed) <= set(margins.tolist()):
            continue
        c = np.zeros(2)
        c[list(needed)] = 1.0
        along = inverse @ c
        found[name] = float(sum(np.sqrt(along @ one @ along) for one in precisions))
    return found
