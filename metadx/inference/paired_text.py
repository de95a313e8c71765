"""The comparison of two tests in the same patients as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metadx.estimate import Estimate, NotApplicable
from metadx.inference.dependence import WORDS
from metadx.models.design import MARGINS

if TYPE_CHECKING:
    from metadx.inference.paired import PairedComparison


def summary_text(found: PairedComparison) -> str:
    """Return the comparison as text, every number with its interval and its k."""
    crossed = ", ".join(f"{k} among the {WORDS[part]}" for part, k in found.k_crossed.items())
    out = [
        f"{found.a} against {found.b}: {studies(found.k)}, {found.k_paired} of both tests; "
        f"cross-tables: {crossed}",
        f"model: {found.model_path.replace('_', ' ')}, study effects shared by both tests",
    ]
    for margin in MARGINS:
        for test in (found.a, found.b):
            out.append(f"  {margin} of {test}: {_text(found.estimate(test, margin))}")
        made = found.contrasts[margin]
        if isinstance(made, NotApplicable):
            out.append(f"  {margin}: {made}")
            continue
        out.append(
            f"  {margin}: ratio {made.ratio.format(3)}, difference {made.difference.format(3)}, "
            f"p {made.p:.3g}"
        )
    for part, one in found.dependence.items():
        out.append(
            f"  among the {WORDS[part]} ({studies(one.k)}, {one.n} patients): odds ratio "
            f"{_text(one.odds_ratio)}, covariance {_text(one.covariance, 4)}"
        )
    for step in found.tests:
        out.append(
            f"  {step}"
            if isinstance(step, NotApplicable)
            else f"  {step.hypothesis:<12} chi2 {step.chi2:8.3f}  df {step.df}  p {step.p:.4g}"
        )
    return "\n".join([*out, *found.warnings])


def _text(value: Estimate | NotApplicable, decimals: int = 3) -> str:
    return str(value) if isinstance(value, NotApplicable) else value.format(decimals)


def studies(k: int) -> str:
    """Return ``1 study`` or ``5 studies``."""
    return "1 study" if k == 1 else f"{k} studies"
