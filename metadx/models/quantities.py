"""Named quantities of a summary point as functions of its five parameters.

Each is written on the scale on which it varies freely, so that a profile or a bootstrap
works on that scale and the ends are carried back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.models.summary_point import (
    L11,
    L21,
    L22,
    MU1,
    MU2,
    curve_area,
    hsroc_parameters,
)

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity on its free scale, with the way back.

    Attributes
    ----------
    function : callable
        From the parameters of a summary point, shape (5,), to the free scale.
    back : callable
        From the free scale to the reported one.
    """

    function: Callable[[FloatArray], float]
    back: Callable[[float], float]


def _expit(x: float) -> float:
    return float(expit(x))


def _exp(x: float) -> float:
    return float(np.exp(x))


def _tanh(x: float) -> float:
    return float(np.tanh(x))


def log_lr_positive(v: FloatArray) -> float:
    """Log of sensitivity over one minus specificity."""
    return float(np.logaddexp(0.0, v[MU2]) - np.logaddexp(0.0, -v[MU1]))


def log_lr_negative(v: FloatArray) -> float:
    """Log of one minus sensitivity over specificity."""
    return float(np.logaddexp(0.0, -v[MU2]) - np.logaddexp(0.0, v[MU1]))


def log_dor(v: FloatArray) -> float:
    """Log diagnostic odds ratio."""
    return float(v[MU1] + v[MU2])


def _tau_sensitivity(v: FloatArray) -> float:
    return float(abs(v[L11]))


def _tau_specificity(v: FloatArray) -> float:
    return float(np.hypot(v[L21], v[L22]))


def fisher_z(v: FloatArray) -> float:
    """Inverse hyperbolic tangent of the between-study correlation."""
    return float(np.sign(v[L11] or 1.0) * np.arcsinh(v[L21] / max(abs(v[L22]), 1e-12)))


def _hsroc(i: int) -> Callable[[FloatArray], float]:
    return lambda v: hsroc_parameters(v)[i]


#: Quantities that need nothing but the parameters.
QUANTITIES: Final = {
    "sensitivity": Quantity(lambda v: float(v[MU1]), _expit),
    "specificity": Quantity(lambda v: float(v[MU2]), _expit),
    "lr_positive": Quantity(log_lr_positive, _exp),
    "lr_negative": Quantity(log_lr_negative, _exp),
    "dor": Quantity(log_dor, _exp),
    "tau_sensitivity": Quantity(_tau_sensitivity, float),
    "tau_specificity": Quantity(_tau_specificity, float),
    "correlation": Quantity(fisher_z, _tanh),
    "Lambda": Quantity(_hsroc(0), float),
    "Theta": Quantity(_hsroc(1), float),
    "beta": Quantity(_hsroc(2), float),
    "auc": Quantity(lambda v: float(logit(curve_area(v, 0.0, 1.0))), _expit),
}
#: Those that rest on the between-study variances being positive.
NEED_CURVE: Final = ("correlation", "Lambda", "Theta", "beta", "auc", "partial_auc")
#: Margins (0 sensitivity, 1 specificity) that a quantity rests on, where not on both.
ONE_MARGIN: Final = {
    "sensitivity": 0,
    "tau_sensitivity": 0,
    "specificity": 1,
    "tau_specificity": 1,
}


def quantity(
    name: str, observed_fpr: tuple[float, float] | NotApplicable
) -> Quantity | NotApplicable:
    """Return the quantity called `name`.

    Parameters
    ----------
    name : str
        A key of :data:`QUANTITIES`, or ``"partial_auc"``.
    observed_fpr : tuple of float or NotApplicable
        Smallest and largest false-positive rate of the studies, for the partial area.

    Raises
    ------
    OptionError
        If the name is unknown.
    """
    if name in QUANTITIES:
        return QUANTITIES[name]
    if name != "partial_auc":
        known = ", ".join([*QUANTITIES, "partial_auc"])
        raise OptionError(f"quantity is {name!r}; it is one of {known}")
    if isinstance(observed_fpr, NotApplicable):
        return observed_fpr
    low, high = observed_fpr
    if not high > low:
        return NotApplicable("the studies have one false-positive rate only")
    return Quantity(lambda v: float(logit(curve_area(v, low, high))), _expit)
